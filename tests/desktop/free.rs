//! Law 16: free readings only. No connection is opened, whatever the user does.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Browser, eventually};
use serde_json::{Value, json};

const FREE: (&str, &str) = ("readings", "free_only");

async fn click(window: &Browser, test_id: &str) {
    let selector = format!("[data-testid={test_id}]");
    window.find(Locator::Css(&selector)).await.unwrap().click().await.unwrap();
}

/// A session's report as of now, for a window that ends in a day.
fn session(scene: &Scene, used: f64) -> Vec<u8> {
    let now = scene.fake.clock().now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let window = json!({"used_percentage": used, "resets_at": now + 4 * 3600});
    json!({"session_id": "s", "rate_limits": {"five_hour": window}}).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn free_readings_only_never_opens_a_connection() {
    let scene = Scene::new(1200.0).await;
    scene.settings_with(&[(FREE.0, json!(FREE.1)), ("renewal", json!(true)), ("polling_interval_s", json!(180))]);
    scene.home.sign_in(scene.fake.clock().now() + minutes(60));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("Holdoff sends no requests")).await;
    assert!(tooltip.contains("status line call Holdoff"), "{tooltip}");
    let menu = tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label.contains("Free readings only"))).await;
    assert!(menu.iter().any(|label| label == "Refresh (free readings only)"), "{menu:?}");
    refused(&scene).await;

    let line = scene.launch.cli_told(&["statusline"], &session(&scene, 33.0)).await;
    assert!(line.stdout.starts_with("5h 33%"), "{line:?}");
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 33 %")).await;
    assert!(
        tooltip.contains("(read ") && tooltip.contains("run a prompt in Claude Code"),
        "its age is said: {tooltip}"
    );

    // The sign-in expires and is replaced; the program is killed and restarted.
    scene.pass(minutes(90)).await;
    scene.sign_in_again();
    scene.pass(minutes(30)).await;
    app.kill9().await;
    let app = app.start_again();
    scene.wait_until_up().await;
    refused(&scene).await;
    scene.pass(minutes(8 * 60)).await;
    let account = scene.wait_for_account("what is known", |account| account["readings"] == "free_only").await;
    assert_eq!((&account["next_request_at"], &account["reading"]["source"]), (&Value::Null, &json!("status_line")));
    assert_eq!(account["reading"]["stale"], true);
    let text = scene.launch.cli(&["status"]).await.stdout;
    assert!(text.contains("Claude Code's status line (stale).") && text.contains("run a prompt"), "{text}");
    assert!(!scene.fake.was_reached(), "{:?}", scene.fake.requests());
    assert_eq!(scene.desktop.recorder().all().len(), 0);
    drop(app);
}

async fn refused(scene: &Scene) {
    let refused = scene.launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75, "{refused:?}");
    assert!(refused.stderr.contains("Free readings only: Holdoff sends no requests."), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn free_readings_only_is_switched_on_and_off_in_settings() {
    let scene = Scene::new(60.0).await;
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    scene.fake.wait_for_usage(1, SOON).await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings
        .wait_for_text(SOON, |text| text.contains("Nothing is chosen yet, so Holdoff checks with Anthropic."))
        .await;
    click(&settings, "readings-free_only").await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("Holdoff sends no requests")).await;
    assert_eq!(scene.home.read_settings().unwrap()["readings"], "free_only");
    let connected = scene.fake.connections().len();
    scene.pass(minutes(20)).await;
    assert_eq!(scene.fake.connections().len(), connected);
    click(&settings, "readings-ask").await;
    scene.fake.wait_for_usage(connected + 1, SOON).await;
}

/// A lost or unreadable file does not change the choice.
#[tokio::test(flavor = "multi_thread")]
async fn free_readings_only_survives_a_lost_or_broken_settings_file() {
    let scene = Scene::new(600.0).await;
    scene.settings_with(&[(FREE.0, json!(FREE.1))]);
    let mut app = scene.start();
    scene.wait_for_account("the choice", |account| account["readings"] == "free_only").await;
    let path = scene.home.data_dir().join("settings.json");
    for broken in [Some("{\"readings\": \"fr"), Some(r#"{"version": 1, "readings": "free"}"#), None] {
        app.kill9().await;
        match broken {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        app = app.start_again();
        scene.wait_until_up().await;
        scene.pass(minutes(60)).await;
    }
    assert!(!scene.fake.was_reached(), "{:?}", scene.fake.requests());
    // The choice for this one account takes precedence.
    let id = scene.launch.status().await["accounts"][0]["id"].as_str().unwrap().to_owned();
    app.kill9().await;
    scene.settings_with(&[(FREE.0, json!(FREE.1)), ("accounts", json!({id: {"readings": "ask"}}))]);
    let _app = app.start_again();
    scene.fake.wait_for_usage(1, SOON).await;
    eventually(SOON, "it is asked for", async || {
        (scene.launch.status().await["accounts"][0]["readings"] == "ask").then_some(())
    })
    .await;
}
