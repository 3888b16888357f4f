//! A rate limit of the token endpoint is distinguished from an expired sign-in everywhere.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Browser};
use serde_json::{Value, json};

const LIMIT: &str = "Anthropic is rate limiting sign-in renewal; next try at ";

/// Renewal is on, the sign-in expires in four minutes, and renewals are rate limited for an hour.
async fn limited(speed: f64) -> Scene {
    let scene = Scene::new(speed).await;
    scene.home.settings(&json!({"version": 1, "renewal": true}));
    scene.home.sign_in(scene.fake.clock().now() + minutes(4));
    scene.fake.token_always(Answer::rate_limited(Some("3600")));
    scene
}

fn token(account: &Value) -> &str {
    account["gates"]["token"]["state"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_rate_limited_with_valid_token_is_shown_and_polling_continues() {
    let scene = limited(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let account = scene
        .wait_for_account("a limit and a reading", |account| {
            token(account) == "cooling_down" && account["reading"].is_object()
        })
        .await;
    assert_eq!((gate(&account), &account["sign_in"]["state"]), ("open", &json!("ok")));
    assert_eq!(account["sign_in"]["renewed_by"], "holdoff");
    assert_eq!(account["gates"]["token"]["cause"], "rate_limited");
    assert!(account["gates"]["token"]["until"].is_string() && account["next_request_at"].is_string());

    let both = |text: &str| text.contains(LIMIT) && text.contains("The current sign-in still works until ");
    tray.wait_for_tooltip(SOON, |tooltip| both(tooltip) && tooltip.contains("42 %")).await;
    let menu = tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| both(label))).await;
    assert!(menu.iter().any(|label| label.starts_with("Next check at ")), "{menu:?}");
    let status = scene.launch.cli(&["status"]).await;
    assert!(both(&status.stdout), "{}", status.stdout);

    // The user's sign-in is not the problem, so the notification leads to the panel.
    let said = &scene.desktop.recorder().wait_for(1, SOON).await[0];
    assert!(said.summary.starts_with("Renewal rate limited: next try at "), "{said:?}");
    assert!(said.body.contains("The current sign-in still works until "), "{said:?}");
    assert!(said.actions.iter().all(|(_, label)| !label.contains("Sign in")), "{said:?}");
    scene.desktop.recorder().invoke(said.id, "default").await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    let text = panel.wait_for_text(SOON, both).await;
    // "Up to date" beside a refusal would contradict it.
    assert!(text.contains("42 %") && !text.contains("expired") && !text.contains("Up to date"), "{text}");
    assert_eq!(scene.fake.token_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_rate_limited_with_expired_token_shows_both() {
    let scene = limited(60.0).await;
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    let account = scene
        .wait_for_account("expired and limited", |account| {
            account["sign_in"]["state"] == "expired" && token(account) == "cooling_down"
        })
        .await;
    assert!(account["next_request_at"].is_null(), "nothing is asked with an expired token");
    let both = format!("The sign-in has expired. {LIMIT}");
    let both = |text: &str| text.contains(&both);
    tray.wait_for_tooltip(SOON, both).await;
    tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| both(label))).await;
    assert!(both(&scene.launch.cli(&["status"]).await.stdout));
    let settings = Browser::attach(&scene.inspector, SOON).await;
    let text = settings.wait_for_text(SOON, both).await;
    assert!(text.contains("when Holdoff tries to renew it") && !text.contains("never writes"), "{text}");
    let (usage, token) = (scene.fake.usage_requests().len(), scene.fake.token_requests().len());
    scene.pass(minutes(30)).await;
    assert_eq!((scene.fake.usage_requests().len(), scene.fake.token_requests().len()), (usage, token));
    let said = scene.desktop.recorder().all();
    let of_renewal =
        said.iter().filter(|said| ["Renewal", "Sign-in"].iter().any(|start| said.summary.starts_with(start)));
    assert_eq!(of_renewal.count(), 1, "{said:?}");
}

/// Without a refusal the sign-in is not called rate limited, and the program that renews it is named correctly.
#[tokio::test(flavor = "multi_thread")]
async fn expired_sign_in_without_rate_limit_is_left_to_claude_code() {
    let scene = Scene::new(1.0).await;
    scene.home.sign_in(scene.fake.clock().now() - minutes(1));
    let _app = scene.launch.clone().argument("--settings").start();
    let settings = Browser::attach(&scene.inspector, SOON).await;
    let text = settings.wait_for_text(SOON, |text| text.contains("Sign-in expired")).await;
    assert!(text.contains("Claude Code renews it the next time you use it") && !text.contains(LIMIT), "{text}");
    let account = scene.wait_for_account("expired", |account| account["sign_in"]["state"] == "expired").await;
    assert_eq!((token(&account), &account["sign_in"]["renewed_by"]), ("open", &json!("owner")));
    assert!(scene.fake.requests().is_empty());
}
