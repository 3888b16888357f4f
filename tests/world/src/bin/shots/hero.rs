//! The picture at the top of the README: a desktop with the tray menu open and the panel beside it.

use std::path::Path;

use holdoff_world::desktop::Window;
use holdoff_world::spawn::Spawned;
use holdoff_world::{Browser, Shade};

use super::compose::{Area, Composer};
use super::stage::{PATIENCE, Stage};

const SIZE: (u32, u32) = (720, 660);
/// A gradient from the upper left corner to the lower right one.
const SKY: &str = "gradient:#3a4a68-#16202f";
/// The space between Holdoff's panel, the menu and the desktop's panel.
const GAP: u32 = 28;

pub async fn take(out: &Path) {
    let stage = Stage::new(Shade::Dark, SIZE).await;
    paint(&stage).await;
    stage.first_reading().await;
    let app = stage.start_at(4, &[]);
    let tray = stage.tooltip(&app, "42 %").await;
    let menu = stage.desktop.open_tray_menu().await;
    stage.desktop.key("Escape").await;
    tray.activate(700, 10).await;
    let browser = Browser::attach(&stage.inspector, PATIENCE).await;
    browser.wait_for_text(PATIENCE, |text| text.contains("42 %")).await;
    drop(browser);
    let panel = stage.desktop.wait_for_window(app.pid(), PATIENCE, |_| true).await;
    let x = menu.x - (GAP + panel.width) as i32;
    let y = menu.y + GAP as i32;
    stage.move_window(&panel, x, y).await;
    // A window notification would not belong in the picture.
    stage.desktop.close_popups().await;
    stage.still().await;
    let composer = Composer::new(out);
    let path = |name: &str| out.join(format!("{name}.png")).display().to_string();
    composer.print(&stage, "hero-panel", Area::of(&Window { x, y, ..panel.clone() })).await;
    // The panel closes when the menu opens, so each is captured separately.
    stage.desktop.open_tray_menu().await;
    stage.still().await;
    let (width, height) = SIZE;
    composer.print(&stage, "hero-menu", Area { x: 0, y: 0, width, height }).await;
    let place = format!("+{x}+{y}");
    let (menu, panel) = (path("hero-menu"), path("hero-panel"));
    let arguments = [menu.clone(), panel.clone(), "-geometry".to_owned(), place, "-composite".to_owned()];
    composer.draw("hero", &arguments).await;
    for part in [menu, panel] {
        std::fs::remove_file(&part).unwrap_or_else(|error| panic!("{part} stays: {error}"));
    }
}

async fn paint(stage: &Stage) {
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let before = stage.desktop.fingerprint().await;
    let mut command = stage.command("display", "imagemagick");
    command.args(["-size", &size, "-window", "root", "-define", "gradient:angle=160", SKY]);
    // It exits with 1 even on success.
    let _painted = Spawned::start("display", &mut command).finished(PATIENCE).await;
    stage.desktop.wait_for_change(&before, PATIENCE).await;
}
