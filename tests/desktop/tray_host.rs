//! The tray watcher as it behaves at login and after a crash: late, refusing, silent, and temporarily gone.

use crate::scene::{SOON, Scene};
use holdoff_world::desktop::Registering;
use holdoff_world::{App, Browser, Desktop, Notifications};
use std::time::Duration;

async fn without_panel() -> Scene {
    Scene::on(Desktop::builder().panel(false).notifications(Notifications::Recorder), 1.0).await
}

/// How long a panel is waited for.
const GRACE: Duration = Duration::from_secs(15);

#[track_caller]
fn no_window_opened(app: &App) {
    assert!(app.started().elapsed() < GRACE, "this test has no time to be so slow");
    assert!(app.children().is_empty(), "{:?}", app.children());
}

#[tokio::test(flavor = "multi_thread")]
async fn tray_host_late_and_refusing_at_first_gets_the_icon_without_a_window() {
    let scene = without_panel().await;
    let app = scene.start();
    scene.wait_until_up().await;
    // How late the host is. Nothing is expected to happen meanwhile.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let watcher = scene.desktop.start_watcher(Registering::Refuses).await;
    watcher.wait_until_asked(3, SOON).await;
    no_window_opened(&app);
    watcher.set(Registering::Takes);
    let tray = scene.tray(&app).await;
    no_window_opened(&app);
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tray_host_restart_registers_the_icon_again() {
    let scene = without_panel().await;
    let watcher = scene.desktop.start_watcher(Registering::Takes).await;
    let app = scene.start();
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    watcher.stop().await;
    let watcher = scene.desktop.start_watcher(Registering::Refuses).await;
    watcher.wait_until_asked(2, SOON).await;
    watcher.set(Registering::Takes);
    scene.tray(&app).await;
    watcher.stop().await;
    let watcher = scene.desktop.start_watcher(Registering::IsSilent).await;
    watcher.wait_until_asked(2, SOON).await;
    watcher.stop().await;
    let _watcher = scene.desktop.start_watcher(Registering::Takes).await;
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    assert!(app.children().is_empty(), "it was never away for long");
    tray.click("Quit Holdoff").await;
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

/// Like a panel that crashed and is not restarted.
#[tokio::test(flavor = "multi_thread")]
async fn tray_host_gone_for_good_opens_the_panel_window() {
    let scene = without_panel().await;
    let watcher = scene.desktop.start_watcher(Registering::Takes).await;
    let app = scene.start();
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    watcher.stop().await;
    let panel = Browser::attach(&scene.inspector, 2 * SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
}
