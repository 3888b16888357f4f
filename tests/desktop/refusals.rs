//! The messages of a refusal: what would help, and what would not.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Browser, Credential};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn blanked_credential_is_notified_once_and_never_sent() {
    let scene = Scene::new(60.0).await;
    let mut app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    let blank = json!({"claudeAiOauth": {"accessToken": "", "refreshToken": "", "expiresAt": 0,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}});
    scene.home.raw_credentials(blank.to_string().as_bytes());
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].summary == "Sign-in needed" && said[0].body.contains("sign-in has ended"), "{said:?}");
    let asked = scene.fake.usage_requests().len();
    app.kill9().await;
    app = app.start_again();
    scene.wait_until_up().await;
    scene.pass(minutes(30)).await;
    assert_eq!((scene.desktop.recorder().all().len(), scene.fake.usage_requests().len()), (1, asked));
    let text = scene.launch.cli(&["status"]).await.stdout;
    assert!(text.contains("Sign-in has ended") && text.contains("claude auth login"), "{text}");
    scene.sign_in_again();
    let said = scene.desktop.recorder().wait_for(2, SOON).await;
    assert_eq!(said[1].summary, "Readings are back");
    drop(app);
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_token_in_credentials_is_not_sent_and_missing_scope_is_named() {
    let scene = Scene::new(60.0).await;
    let scopes = vec!["user:inference".to_owned()];
    scene.home.credentials(&Credential { scopes, ..scene.credential.clone() });
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("without the scope user:profile")).await;
    let refused = scene.launch.cli(&["refresh"]).await;
    assert!(refused.code() == 75 && refused.stderr.contains("user:profile"), "{refused:?}");
    scene.pass(minutes(30)).await;
    assert!(!scene.fake.was_reached());
    scene.home.credentials(&scene.credential);
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn organization_not_allowed_403_is_named_and_offers_no_sign_in() {
    let scene = Scene::new(60.0).await;
    scene.fake.always(Answer::organization_not_allowed(403));
    let app = scene.launch.clone().argument("--panel").start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("the organization Ann's Organization (HTTP 403)")).await;
    let said = &scene.desktop.recorder().wait_for(1, SOON).await[0];
    assert!(!said.summary.contains("Sign-in") && !said.body.contains("sign in again."), "{said:?}");
    let panel = Browser::attach(&scene.inspector, SOON).await;
    let text = panel.wait_for_text(SOON, |text| text.contains("Free readings…")).await;
    assert!(text.contains("Ann's Organization") && !text.contains("Sign in again"), "{text}");
    let status = scene.launch.cli(&["status"]).await.stdout;
    assert!(!status.contains("claude auth login"), "{status}");
    scene.pass(minutes(60)).await;
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_refusal_is_not_shown_as_a_user_limit_and_retried_in_six_hours() {
    let scene = Scene::new(600.0).await;
    scene.fake.always(Answer::refused_at_edge(Some("0")));
    let mut app = scene.start();
    scene.fake.wait_for_usage(6, 3 * SOON).await;
    let turned_away = |account: &serde_json::Value| account["gates"]["usage"]["cause"] == "turned_away";
    scene.wait_for_account("a sixth refusal", turned_away).await;
    app.kill9().await;
    scene.fake.always(Answer::ok());
    app = app.start_again();
    let tray = scene.tray(&app).await;
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("is refusing Holdoff itself")).await;
    assert!(tooltip.contains("Your own limit is not the cause.") && tooltip.contains("Free readings"), "{tooltip}");
    let status = scene.launch.cli(&["refresh"]).await;
    assert!(status.code() == 75 && status.stderr.contains("your own limit is not the cause"), "{status:?}");
    let requests = scene.fake.wait_for_usage(7, 4 * SOON).await;
    let gaps = holdoff_world::fake::gaps(&requests, scene.fake.clock());
    assert!((minutes(360)..minutes(420)).contains(&gaps[5]), "{gaps:?}");
    let account = scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(gate(&account), "open", "it comes back by itself");
    drop(app);
}
