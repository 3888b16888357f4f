//! The pictures, in the order in which they are taken.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "it tells a person what it takes, or why it cannot")]

mod compose;
mod hero;
mod icons;
mod stage;

use std::path::{Path, PathBuf};
use std::time::Instant;

use holdoff_world::{Answer, Browser, Shade};

use compose::{Area, Composer};
use stage::{PATIENCE, Stage};

/// The margin around the subject, in pixels.
const MARGIN: u32 = 16;

const HELP: &str = "\
Takes the pictures in the documentation: icons, menu, tooltip, notification, panel and settings, light and dark.

Usage: holdoff-shots [--out DIR] [NAME…]

  --out DIR   where the pictures go (default: docs/images)
  NAME        only these: icons, hero, light, dark

The programs are taken from HOLDOFF_BIN_DIR, or from the folder of this one.
";

pub fn main() {
    let Some((out, only)) = arguments() else {
        print!("{HELP}");
        return;
    };
    std::fs::create_dir_all(&out).expect("a folder for the pictures");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(take(&out, &only));
}

fn arguments() -> Option<(PathBuf, Vec<String>)> {
    let (mut out, mut only) = (PathBuf::from("docs/images"), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => out = arguments.next()?.into(),
            "icons" | "hero" | "light" | "dark" => only.push(argument),
            _ => return None,
        }
    }
    Some((std::path::absolute(out).ok()?, only))
}

async fn take(out: &Path, only: &[String]) {
    let began = Instant::now();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    if wanted("icons") {
        icons::take(out).await;
    }
    for (name, shade) in [("light", Shade::Light), ("dark", Shade::Dark)] {
        if wanted(name) {
            Gallery::new(out, name, shade).await.take().await;
        }
    }
    if wanted("hero") {
        hero::take(out).await;
    }
    println!("Taken in {} s.", began.elapsed().as_secs());
}

/// The pictures of one shade.
struct Gallery {
    stage: Stage,
    composer: Composer,
    shade: &'static str,
}

impl Gallery {
    async fn new(out: &Path, name: &'static str, shade: Shade) -> Self {
        Self { stage: Stage::new(shade, (1280, 800)).await, composer: Composer::new(out), shade: name }
    }

    async fn take(mut self) {
        self.stage.move_in();
        self.stage.first_reading().await;
        self.tray().await;
        self.panel("panel", 4, "42 %").await;
        self.settings("settings", 4, "Signed in").await;
        self.sections().await;
        self.rate_limit().await;
        self.stage.move_in();
        self.running_out().await;
        self.stage.move_in();
        self.paused().await;
    }

    /// Tooltip and menu, four minutes after a reading.
    async fn tray(&self) {
        let app = self.stage.start_at(4, &[]);
        self.stage.tooltip(&app, "42 %").await;
        let tooltip = self.stage.desktop.hover_tray().await;
        self.print("tooltip", Area::hanging_from_panel(&tooltip, self.stage.desktop.size(), MARGIN)).await;
        let menu = self.stage.desktop.open_tray_menu().await;
        self.stage.desktop.point(menu.x - 40, menu.y + 200).await;
        self.print("menu", Area::hanging_from_panel(&menu, self.stage.desktop.size(), MARGIN)).await;
        self.stage.desktop.key("Escape").await;
    }

    /// The panel at `minute`, once it says `text`.
    async fn panel(&self, name: &str, minute: u64, text: &str) {
        let app = self.stage.start_at(minute, &[]);
        let tray = self.stage.tooltip(&app, text).await;
        tray.activate(1200, 10).await;
        self.window(&app, name, text).await;
    }

    async fn settings(&self, name: &str, minute: u64, text: &str) {
        let app = self.stage.start_at(minute, &["--settings"]);
        self.window(&app, name, text).await;
    }

    /// The lower sections of the settings, with the preview of the status line change.
    async fn sections(&self) {
        let app = self.stage.start_at(4, &["--settings"]);
        let browser = Browser::attach(&self.stage.inspector, PATIENCE).await;
        browser.wait_for_text(PATIENCE, |shown| shown.contains("not call Holdoff")).await;
        browser.press("Install…").await;
        browser.wait_for_text(PATIENCE, |shown| shown.contains("Apply this change")).await;
        for (name, first) in [
            ("settings-status-line", "section:has([data-testid=status-line])"),
            ("settings-notifications", "section:has([data-testid=quiet-hours])"),
            ("settings-history", "section:has([data-testid=history-days])"),
        ] {
            browser.scroll_to(first).await;
            self.picture(&app, name).await;
        }
    }

    /// A user whose pace uses up the 5-hour window before its reset.
    async fn running_out(&self) {
        for (minute, used) in [(0, 42.0), (20, 53.0), (40, 65.0)] {
            self.stage.fake.always(stage::quota(used));
            let app = self.stage.start_at(minute, &[]);
            self.stage.wait_until_answered(&app, minute, "reading").await;
            stage::end(app).await;
        }
        self.panel("panel-running-out", 44, "65 %").await;
    }

    async fn window(&self, app: &holdoff_world::App, name: &str, text: &str) {
        let browser = Browser::attach(&self.stage.inspector, PATIENCE).await;
        browser.wait_for_text(PATIENCE, |shown| shown.contains(text)).await;
        drop(browser);
        self.picture(app, name).await;
    }

    async fn picture(&self, app: &holdoff_world::App, name: &str) {
        self.stage.desktop.point_away().await;
        // A notification would not belong in the picture.
        self.stage.desktop.close_popups().await;
        let window = self.stage.desktop.wait_for_window(app.pid(), PATIENCE, |_| true).await;
        self.print(name, Area::of(&window)).await;
    }

    /// The notification of a 429 six minutes after the reading, and the panel.
    async fn rate_limit(&self) {
        self.stage.fake.always(Answer::rate_limited(Some("3600")));
        let app = self.stage.start_at(6, &[]);
        self.stage.tooltip(&app, "is rate limiting").await;
        self.stage.desktop.wait_for_popups(1, PATIENCE).await;
        let popup = self.stage.popup().await;
        self.print("notification", popup.with_margin(MARGIN, self.stage.desktop.size())).await;
        self.stage.desktop.close_popups().await;
        drop(app);
        self.panel("panel-cooling", 6, "is rate limiting").await;
    }

    /// Three polls with the same token get 401, some minutes apart.
    async fn paused(&self) {
        self.stage.first_reading().await;
        self.stage.fake.always(Answer::unauthorized());
        for minute in [6, 12] {
            let app = self.stage.start_at(minute, &[]);
            self.stage.wait_until_answered(&app, minute, "401").await;
            stage::end(app).await;
        }
        let app = self.stage.start_at(26, &[]);
        self.stage.tooltip(&app, "Paused").await;
        self.stage.desktop.wait_for_popups(1, PATIENCE).await;
        self.stage.desktop.close_popups().await;
        drop(app);
        self.settings("settings-paused", 26, "notices the new sign-in by itself").await;
    }

    async fn print(&self, name: &str, area: Area) {
        let picture = format!("{name}-{}", self.shade);
        self.stage.still().await;
        self.composer.print(&self.stage, &picture, area).await;
    }
}
