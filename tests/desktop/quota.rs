//! Quota is read and shown consistently everywhere.

use crate::scene::{SOON, Scene};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Browser, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn quota_is_read_and_shown_in_all_places() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let account = scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    let windows = account["reading"]["windows"].as_array().unwrap();
    let percent = |id: &str| windows.iter().find(|window| window["id"] == id).map(|window| &window["used_percent"]);
    assert_eq!(percent("five_hour").unwrap(), 42.0);
    assert_eq!(percent("seven_day").unwrap(), 26.0);
    assert_eq!(account["reading"]["source"], "usage_endpoint");
    assert_eq!(account["label"], "ann@example.com");
    assert_eq!(account["plan"], "max");
    assert_eq!(account["sign_in"]["state"], "ok");

    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 42 %, resets ")).await;
    assert!(tooltip.contains("weekly 26 %, resets ") && tooltip.contains("Fable 82 %"), "{tooltip}");
    let menu = tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label.starts_with("5-hour 42 %"))).await;
    assert!(menu.iter().any(|label| label.starts_with("weekly 26 %")), "{menu:?}");

    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    let text = panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    for part in ["5-hour", "Weekly", "Fable", "82 %", "Anthropic's usage endpoint", "ann@example.com"] {
        assert!(text.contains(part), "the panel lacks {part}: {text}");
    }
    let text = scene.launch.cli(&["status"]).await.stdout;
    assert!(text.contains("5-hour 42 %, resets ") && text.contains("Fable 82 %"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_identify_holdoff_and_go_only_to_the_usage_endpoint() {
    let scene = Scene::new(300.0).await;
    let _app = scene.start();
    for request in scene.fake.wait_for_usage(3, SOON).await {
        assert_eq!(request.bearer(), Some(scene.credential.access_token.as_str()));
        assert_eq!(request.header("user-agent"), Some(concat!("holdoff/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(request.header("anthropic-beta"), Some("oauth-2025-04-20"));
        assert_eq!(request.header("accept"), Some("application/json"));
    }
    assert!(scene.fake.token_requests().is_empty() && scene.fake.stray_requests().is_empty());
    let gaps = holdoff_world::fake::gaps(&scene.fake.usage_requests(), scene.fake.clock());
    assert!(gaps.iter().all(|gap| gap.as_secs() >= 300), "{gaps:?}");
}

/// Closing the windows frees the web engine's memory.
#[tokio::test(flavor = "multi_thread")]
async fn web_engine_exits_when_the_last_window_is_closed() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    assert_eq!(app.children(), [], "nothing but the tray app runs before a window is opened");
    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    assert!(!app.children().is_empty());
    // The window closes before the driver has its reply.
    let close = panel.find(Locator::Css("[data-testid=close]")).await.unwrap();
    let _ = close.click().await;
    eventually(SOON, "the windows' processes end", async || app.children().is_empty().then_some(())).await;
    assert!(app.is_running());
}
