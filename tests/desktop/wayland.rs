//! A Wayland desktop without an X server: the tray in its bar, the window, and the end of a session in the middle of a
//! renewal.

use crate::faults::renewal::{Renewing, renewing_in};
use crate::scene::{SOON, Scene, minutes};
use holdoff_world::{Browser, Wayland, eventually, process};

async fn scene() -> Scene<Wayland> {
    Scene::in_session(Wayland::start().await, 1.0).await
}

/// A program whose refresh token has just reached the provider.
async fn renewing() -> Renewing<Wayland> {
    renewing_in(scene().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wayland_bar_shows_the_tray_icon_and_the_panel_window_opens() {
    let scene = scene().await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    tray.activate(0, 0).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    let shown = eventually(SOON, "a window of the app on the desktop", async || {
        let windows = scene.desktop.windows().await;
        windows.into_iter().find(|(pid, _)| app.children().iter().any(|(child, _)| child == pid))
    });
    let (pid, title) = shown.await;
    assert_eq!((process::name(pid).as_deref(), title.as_str()), (Some("holdoff-window"), "Holdoff"));
    assert_eq!(scene.desktop.recorder().all().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn compositor_lost_with_a_window_open_keeps_the_app_running() {
    let scene = scene().await;
    let app = scene.launch.clone().argument("--panel").start();
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    scene.desktop.kill_compositor().await;
    eventually(SOON, "the windows' processes end", async || app.children().is_empty().then_some(())).await;
    assert!(app.is_running(), "{}", app.stderr());
    app.terminate();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_completes_when_the_compositor_is_lost_and_app_continues() {
    let renewing = renewing().await;
    renewing.scene.desktop.kill_compositor().await;
    assert!(renewing.is_under_way());
    renewing.comes_to_its_end().await;
    assert!(renewing.app.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_completes_when_the_session_ends_and_then_app_exits() {
    let renewing = renewing().await;
    renewing.scene.desktop.kill_compositor().await;
    renewing.scene.desktop.kill_bus().await;
    assert!(renewing.is_under_way());
    renewing.comes_to_its_end().await;
    assert_eq!(renewing.app.wait_exit(minutes(1)).await.code(), Some(0));
}
