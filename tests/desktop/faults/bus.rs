//! A session bus that goes away and comes back: the tray icon, the notifications and their clicks depend on it,
//! polling does not.

use super::{Watched, scene};
use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Browser, Desktop, Notifications};

impl Scene {
    /// The bus is back, with the desktop's services.
    async fn bus_comes_back(&self) {
        self.desktop.start_bus().await;
        self.desktop.start_notifications(Notifications::Recorder).await;
        self.desktop.start_panel().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_bus_lost_polling_continues_and_notifications_wait() {
    let scene = scene(60.0).await;
    let app = scene.start();
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    scene.desktop.kill_bus().await;
    scene.fake.always(Answer::rate_limited(Some("7200")));
    let limited = |account: &serde_json::Value| gate(account) == "cooling_down";
    scene.wait_for_account("a shut gate", limited).await;
    let watched = Watched::new(&app);
    scene.pass(minutes(10)).await;
    watched.was_idle(&app, "without a bus");
    assert!(app.is_running());
    assert_eq!(scene.fake.usage_requests().len(), 2, "one at its time, and none in the cooldown");
    assert!(scene.desktop.recorder().all().is_empty());

    scene.bus_comes_back().await;
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| {
        tooltip.contains("42 %") && tooltip.contains("rate limiting usage checks (HTTP 429")
    })
    .await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].summary.starts_with("Rate limited: next check at "), "{said:?}");

    scene.desktop.kill_bus().await;
    scene.bus_comes_back().await;
    let tray = scene.tray(&app).await;
    tray.wait_for_menu(SOON, |menu| menu.iter().any(|entry| entry.contains("rate limiting usage checks (HTTP 429")))
        .await;
    scene.pass(minutes(10)).await;
    assert_eq!(scene.desktop.recorder().all().len(), 1, "told once, whatever became of the bus");
    assert_eq!(scene.fake.usage_requests().len(), 2);
    tray.click("Quit Holdoff").await;
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_click_works_after_session_bus_restart() {
    let scene = scene(60.0).await;
    scene.fake.always(Answer::missing_scope("user:profile"));
    let app = scene.start();
    scene.desktop.recorder().wait_for(1, SOON).await;
    scene.desktop.kill_bus().await;
    scene.bus_comes_back().await;
    scene.tray(&app).await;
    // It recovers and stops again; the notification appears on the new bus.
    scene.fake.always(Answer::ok());
    scene.sign_in_again();
    scene.desktop.recorder().wait_for(2, SOON).await;
    scene.fake.always(Answer::missing_scope("user:profile"));
    let said = scene.desktop.recorder().wait_for(3, SOON).await;
    assert_eq!((&*said[1].summary, &*said[2].summary), ("Readings are back", "Sign-in needed"));
    scene.desktop.recorder().invoke(said[2].id, "open").await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Sign in again with Claude Code.")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_bus_missing_at_startup_is_connected_when_it_appears() {
    let builder = Desktop::builder().panel(false).notifications(Notifications::None);
    let scene = Scene::on(builder, 1.0).await;
    scene.desktop.kill_bus().await;
    let app = scene.start();
    // There is no place for an icon, so the window opens instead.
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    scene.bus_comes_back().await;
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn window_stays_open_and_updates_after_session_bus_is_lost() {
    let scene = scene(1.0).await;
    let app = scene.launch.clone().argument("--settings").start();
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Percent left")).await;
    scene.desktop.kill_bus().await;
    scene.home.remove_credentials();
    settings.wait_for_text(SOON, |text| text.contains("No sign-in found")).await;
    assert!(app.is_running());
}
