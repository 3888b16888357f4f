//! Real-world desktops: a second copy, no place for a tray icon, an unavailable notification service.

use crate::scene::{SOON, Scene};
use holdoff_world::{Answer, Browser, Desktop, Notifications, Tray};

#[tokio::test(flavor = "multi_thread")]
async fn second_instance_opens_the_first_ones_panel_and_exits_zero() {
    let scene = Scene::new(1.0).await;
    let first = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    let second = scene.start();
    assert_eq!(second.wait_exit(SOON).await.code(), Some(0));
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    assert!(first.is_running());
    assert_eq!(Tray::registered(&scene.desktop).await.len(), 1, "one tray item");
    assert_eq!(scene.fake.usage_requests().len(), 1, "one poller");
}

#[tokio::test(flavor = "multi_thread")]
async fn tray_host_missing_opens_the_panel_and_icon_appears_later() {
    let builder = Desktop::builder().panel(false).notifications(Notifications::Recorder);
    let scene = Scene::on(builder, 1.0).await;
    let app = scene.start();
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    scene.desktop.start_panel().await;
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_is_delivered_once_the_service_is_available() {
    let scene = Scene::on(Desktop::builder().panel(true).notifications(Notifications::None), 1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    scene.wait_for_account("a shut gate", |account| account["gates"]["usage"]["strikes"] == 1).await;
    app.kill9().await;
    let app = app.start_again();
    scene.wait_until_up().await;
    scene.desktop.start_notifications(Notifications::Recorder).await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].summary.starts_with("Rate limited: next check at "), "{said:?}");
    scene.desktop.stop_notifications().await;
    scene.desktop.start_notifications(Notifications::Recorder).await;
    app.terminate();
    app.wait_exit(SOON).await;
    let _app = app.start_again();
    scene.wait_until_up().await;
    assert_eq!(scene.desktop.recorder().all().len(), 1, "what was said is not said again");
}

/// Like a web engine that cannot start: its process ends before it has a window.
#[tokio::test(flavor = "multi_thread")]
async fn window_launch_failure_is_notified_and_the_next_window_opens() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    tray.click("Settings…").await;
    let windows =
        holdoff_world::eventually(SOON, "the windows' process", async || app.children().first().map(|(pid, _)| *pid));
    assert!(std::process::Command::new("kill").args(["-KILL", &windows.await.to_string()]).status().unwrap().success());
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff's window does not open");
    assert!(said[0].body.contains("signal: 9") && said[0].body.contains("holdoff status"), "{said:?}");
    tray.click("Settings…").await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Percent left")).await;
    assert_eq!(scene.desktop.recorder().all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_is_shown_by_dunst() {
    let scene = Scene::on(Desktop::builder().panel(true).notifications(Notifications::Dunst), 1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let _app = scene.start();
    scene.desktop.wait_for_popups(1, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn display_unset_exits_with_an_error() {
    let scene = Scene::new(1.0).await;
    let app = scene.launch.clone().without("DISPLAY").start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(69));
    assert!(app.stderr().contains("there is no display"), "{}", app.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn quit_from_tray_menu_exits_cleanly_and_keeps_the_state() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    tray.click("Quit Holdoff").await;
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
    let account = scene.launch.status().await["accounts"][0].clone();
    assert_eq!(account["gates"]["usage"]["state"], "open", "an orderly end leaves no open question");
    let again = scene.start();
    let tray = scene.tray(&again).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    assert_eq!(scene.fake.usage_requests().len(), 1, "the reading is kept, and the next poll is not due");
}
