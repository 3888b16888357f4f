//! Turns screenshots into small files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holdoff_world::desktop::Window;
use holdoff_world::spawn::{Spawned, tool};

use super::stage::Stage;

const TOOL: Duration = Duration::from_secs(60);

/// A part of the screen, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Area {
    pub fn of(window: &Window) -> Self {
        let (x, y) = (window.x.max(0).unsigned_abs(), window.y.max(0).unsigned_abs());
        Self { x, y, width: window.width, height: window.height }
    }

    /// Adds this margin on each side, as far as the screen allows.
    pub fn with_margin(self, margin: u32, (width, height): (u32, u32)) -> Self {
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        let right = (self.x + self.width + margin).min(width);
        let bottom = (self.y + self.height + margin).min(height);
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// A popup of the panel in the right corner, with that end of the panel.
    pub fn hanging_from_panel(window: &Window, (width, height): (u32, u32), margin: u32) -> Self {
        let area = Self::of(window).with_margin(margin, (width, height));
        Self { x: area.x, y: 0, width: width - area.x, height: area.y + area.height }
    }
}

/// Writes the pictures.
pub struct Composer {
    out: PathBuf,
}

impl Composer {
    pub fn new(out: &Path) -> Self {
        Self { out: out.to_owned() }
    }

    /// Writes the screen's content in `area`.
    pub async fn print(&self, stage: &Stage, name: &str, area: Area) {
        let crop = format!("{}x{}+{}+{}", area.width, area.height, area.x, area.y);
        let mut command = stage.command("import", "imagemagick");
        command.args(["-window", "root", "-crop", &crop, "+repage"]);
        self.finish(name, command).await;
    }

    /// Writes what ImageMagick draws with these arguments.
    pub async fn draw(&self, name: &str, arguments: &[String]) {
        let mut command = Command::new(tool("convert", "imagemagick"));
        command.args(arguments);
        self.finish(name, command).await;
    }

    async fn finish(&self, name: &str, mut command: Command) {
        let path = self.out.join(format!("{name}.png"));
        // Without dates and program names, equal pictures are equal files.
        command.args([
            "-depth",
            "8",
            "-strip",
            "-define",
            "png:compression-level=9",
            "-define",
            "png:exclude-chunk=all",
        ]);
        command.args(["-define", "png:include-chunk=PLTE,tRNS"]).arg(&path);
        let done = Spawned::start("imagemagick", &mut command).finished(TOOL).await;
        assert!(done.status.success(), "no picture {name}: {}{}", done.stdout, done.stderr);
        let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
        println!("{} ({} KiB)", path.display(), bytes.div_ceil(1024));
    }
}
