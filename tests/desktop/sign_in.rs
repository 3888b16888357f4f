//! Sign-ins that stop working, and the detection of new ones.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Browser, Credential};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn unauthorized_three_times_pauses_until_a_new_sign_in() {
    let scene = Scene::new(300.0).await;
    let old = scene.credential.access_token.clone();
    scene.fake.always(Answer::decide(move |request| {
        if request.bearer() == Some(old.as_str()) { Answer::unauthorized() } else { Answer::ok() }
    }));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let account = scene.wait_for_account("a pause", |account| gate(account) == "paused").await;
    assert_eq!(account["sign_in"]["state"], "paused");
    assert_eq!(account["sign_in"]["reason"], "rejected");
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Sign-in needed");
    scene.pass(minutes(120)).await;
    assert_eq!(scene.fake.usage_requests().len(), 3, "a pause asks nothing");

    // A click on the notification opens the settings, which detect the new sign-in by themselves.
    scene.desktop.recorder().invoke(said[0].id, "default").await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    let text = settings.wait_for_text(SOON, |text| text.contains("notices the new sign-in by itself")).await;
    assert!(text.contains("claude auth login"), "{text}");
    scene.sign_in_again();
    settings.wait_for_text(SOON, |text| text.contains("Signed in as ann@example.com")).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    let said = scene.desktop.recorder().wait_for(2, SOON).await;
    assert_eq!(said[1].summary, "Readings are back");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_scope_pauses_after_one_request_and_is_named() {
    let scene = Scene::new(300.0).await;
    scene.fake.always(Answer::missing_scope("user:profile"));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let account = scene.wait_for_account("a pause", |account| gate(account) == "paused").await;
    assert_eq!(account["sign_in"]["reason"], "missing_scope user:profile");
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].body.contains("user:profile"), "{said:?}");
    tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label.starts_with("Paused"))).await;
    scene.pass(minutes(120)).await;
    assert_eq!(scene.fake.usage_requests().len(), 1);
    assert!(scene.fake.token_requests().is_empty());
}

/// The tokens left in the config folder may be of the same family: renewing them would end the other sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn secure_storage_dir_credential_is_used_over_the_config_dirs() {
    let scene = Scene::new(1.0).await;
    let kept = Credential::fresh(scene.fake.clock().now() + Duration::from_secs(400 * 3600));
    scene.home.credentials_at("kept", &kept);
    let folder = scene.home.path().join("kept").display().to_string();
    let launch = scene.launch.clone().env("CLAUDE_SECURESTORAGE_CONFIG_DIR", folder);
    let app = launch.start();
    scene.wait_for_account_in(&launch, "a reading", |account| account["reading"].is_object()).await;
    let asked: Vec<_> = scene.fake.requests().into_iter().map(|request| request.bearer().map(str::to_owned)).collect();
    assert_eq!(asked, [Some(kept.access_token)]);
    let doctor = launch.cli(&["doctor"]).await.stdout;
    assert!(doctor.contains("Sign-in ~/kept/.credentials.json"), "{doctor}");
    assert!(
        !doctor.contains("Sign-in ~/.claude/") && doctor.contains("CLAUDE_SECURESTORAGE_CONFIG_DIR (value not"),
        "{doctor}"
    );
    assert!(app.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_token_is_not_sent_and_its_renewal_is_detected() {
    let scene = Scene::new(300.0).await;
    let past = scene.fake.clock().now() - Duration::from_secs(60);
    scene.home.credentials(&Credential::fresh(past));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("expired", |account| account["sign_in"]["state"] == "expired").await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("expired")).await;
    scene.pass(minutes(60)).await;
    assert!(scene.fake.requests().is_empty());
    assert!(scene.desktop.recorder().all().is_empty(), "an expired sign-in bothers nobody");
    scene.sign_in_again();
    scene.fake.wait_for_usage(1, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_after_startup_is_detected() {
    let scene = Scene::new(1.0).await;
    scene.home.remove_credentials();
    std::fs::remove_dir_all(scene.home.claude_dir()).unwrap();
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("no sign-in", |account| account["sign_in"]["state"] == "absent").await;
    assert!(scene.fake.requests().is_empty());
    scene.sign_in_again();
    scene.fake.wait_for_usage(1, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn config_dir_replaced_is_detected() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::missing_scope("user:profile"));
    let _app = scene.start();
    scene.wait_for_account("a pause", |account| gate(account) == "paused").await;
    scene.home.replace_config_folder();
    scene.wait_for_account("signed out", |account| account["sign_in"]["state"] == "absent").await;
    scene.sign_in_again();
    let account = scene.wait_for_account("a new sign-in", |account| account["sign_in"]["state"] == "ok").await;
    assert_eq!(gate(&account), "open", "another credential ends the pause");
    assert!(account["next_request_at"].is_string());
}
