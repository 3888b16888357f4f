//! Where the panel opens, and how large it is.

use crate::scene::{SOON, Scene};
use holdoff_world::{Wayland, eventually};

/// Until the page has measured its content.
const FIRST_HEIGHT: u32 = 560;

#[tokio::test(flavor = "multi_thread")]
async fn panel_opens_beside_the_clicked_icon_as_high_as_its_content() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    let (x, y) = scene.desktop.tray_position().await;
    tray.activate(x, y).await;
    let panel = scene.desktop.wait_for_window(app.pid(), SOON, |window| window.height != FIRST_HEIGHT).await;
    let (width, height) = scene.desktop.size();
    let (right, bottom) = (panel.x + panel.width as i32, panel.y + panel.height as i32);
    assert!(panel.x >= 0 && right <= width as i32 && bottom <= height as i32, "{panel:?} is on the screen");
    assert!((panel.x..right).contains(&x), "{panel:?} is where the icon is: {x}");
    assert!((y..y + 60).contains(&panel.y), "{panel:?} is right below the icon: {y}");
    assert!(panel.height >= 200, "{panel:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn panel_of_an_unknown_icon_opens_in_a_corner_of_the_screen() {
    let scene = Scene::new(1.0).await;
    let app = scene.launch.clone().argument("--panel").start();
    let panel = scene.desktop.wait_for_window(app.pid(), SOON, |window| window.height != FIRST_HEIGHT).await;
    let (width, height) = scene.desktop.size();
    let (right, bottom) = (panel.x + panel.width as i32, panel.y + panel.height as i32);
    let near = |distance: i32| (0..60).contains(&distance);
    assert!(near(width as i32 - right) && (near(panel.y) || near(height as i32 - bottom)), "{panel:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn panel_floats_where_the_compositor_tiles_windows() {
    let scene = Scene::in_session(Wayland::start().await, 1.0).await;
    let app = scene.launch.clone().argument("--panel").start();
    let size = eventually(SOON, "the panel floats, as high as its content", async || {
        let windows = app.children().into_iter().map(|(pid, _)| pid);
        for pid in windows {
            let floating = scene.desktop.floating(pid).await;
            if let Some(size) = floating.into_iter().find(|(_, height)| *height != u64::from(FIRST_HEIGHT)) {
                return Some(size);
            }
        }
        None
    });
    let (width, height) = size.await;
    assert!((360..=370).contains(&width) && (200..=800).contains(&height), "{width} x {height}");
}
