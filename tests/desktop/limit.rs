//! A 429: announced once, shown everywhere, and kept under all circumstances.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn first_429_is_notified_once_and_shown_everywhere() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let account = scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    assert_eq!(account["gates"]["usage"]["cause"], "rate_limited");
    assert_eq!(account["gates"]["usage"]["strikes"], 1);
    assert!(account["gates"]["usage"]["until"].is_string() && account["next_request_at"].is_string());
    assert_eq!(account["gates"]["token"]["state"], "open");

    let said = &scene.desktop.recorder().wait_for(1, SOON).await[0];
    assert!(said.summary.starts_with("Rate limited: next check at "), "{said:?}");
    let limits = |text: &str| text.contains("Anthropic is rate limiting usage checks");
    let tooltip = tray.wait_for_tooltip(SOON, limits).await;
    assert!(tooltip.contains("Next check at "), "{tooltip}");
    let menu = tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| limits(label))).await;
    assert!(menu.iter().any(|label| label.starts_with("Refresh (available at ")), "{menu:?}");

    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    let text = panel.wait_for_text(SOON, limits).await;
    assert!(text.contains("Available at "), "{text}");

    let refused = scene.launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    assert!(refused.stderr.contains("Refresh available at ") && refused.stderr.contains("429"), "{}", refused.stderr);
    assert_eq!(scene.fake.usage_requests().len(), 1);
    assert_eq!(scene.desktop.recorder().all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cooldown_survives_eight_kills_without_request_or_notification() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let mut app = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    scene.desktop.recorder().wait_for(1, SOON).await;
    let until = scene.launch.status().await["accounts"][0]["gates"]["usage"]["until"].clone();
    for _ in 0..8 {
        app.kill9().await;
        app = app.start_again();
        scene.wait_until_up().await;
        let account = scene.launch.status().await["accounts"][0].clone();
        assert_eq!(gate(&account), "cooling_down");
        assert_eq!(account["gates"]["usage"]["until"], until, "the cooldown keeps its end");
    }
    assert_eq!(scene.fake.usage_requests().len(), 1);
    assert_eq!(scene.desktop.recorder().all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cooldown_end_resumes_polling_and_notifies_recovery() {
    let scene = Scene::new(120.0).await;
    scene.fake.then(Answer::rate_limited(None));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let said = scene.desktop.recorder().wait_for(2, SOON).await;
    assert!(said[1].summary.contains("Readings are back"), "{said:?}");
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    let gaps = holdoff_world::fake::gaps(&scene.fake.usage_requests(), scene.fake.clock());
    assert!(gaps[0] >= minutes(5), "{gaps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_too_soon_is_refused_with_the_next_time() {
    let scene = Scene::new(1.0).await;
    let _app = scene.start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    let refused = scene.launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    assert!(
        refused.stderr.contains("Refresh available at ") && refused.stderr.contains("3 minutes"),
        "{}",
        refused.stderr
    );
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_after_three_minutes_sends_a_request() {
    let scene = Scene::new(60.0).await;
    scene.home.settings(&serde_json::json!({"version": 1, "polling_interval_s": 3600}));
    let _app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    holdoff_world::eventually(SOON, "a wish is followed", async || {
        (scene.launch.cli(&["refresh"]).await.code() == 0).then_some(())
    })
    .await;
    let requests = scene.fake.wait_for_usage(2, SOON).await;
    let gap = holdoff_world::fake::gaps(&requests, scene.fake.clock())[0];
    assert!((minutes(3)..minutes(50)).contains(&gap), "{gap:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cli_without_the_app_running_sends_no_request() {
    let scene = Scene::new(1.0).await;
    let output = scene.launch.cli(&["refresh"]).await;
    assert_eq!(output.code(), 69);
    assert!(output.stderr.contains("not running"), "{}", output.stderr);
    let output = scene.launch.cli(&["status"]).await;
    assert_eq!(output.code(), 0);
    assert!(output.stdout.contains("No readings yet") && output.stdout.contains("not running"), "{output:?}");
    assert_eq!(scene.launch.status().await["accounts"], serde_json::json!([]));
    assert!(scene.fake.requests().is_empty());
}
