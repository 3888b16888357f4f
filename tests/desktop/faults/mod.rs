//! The whole app while its world breaks, and it itself: its bus, its disk, its server, its network, its machine.

mod bus;
mod folder;
mod kills;
pub mod renewal;
mod script;
mod server;
mod sleep;

use crate::scene::Scene;
use holdoff_world::App;
use serde_json::json;
use std::time::{Duration, Instant};

/// A scene in which what is told is of limits and sign-ins alone.
async fn scene(speed: f64) -> Scene {
    let scene = Scene::new(speed).await;
    scene.settings_with(&[("notify_reset", json!(false))]);
    scene
}

/// How much a program does between two looks at it.
#[derive(Debug)]
struct Watched {
    cpu_ticks: u64,
    since: Instant,
}

impl Watched {
    fn new(app: &App) -> Self {
        Self { cpu_ticks: app.cpu_ticks(), since: Instant::now() }
    }

    /// Fails if the program spun meanwhile: a loop that is never let go of takes all of a processor. What it does for a
    /// reason, and because a test keeps looking into its folder, is far from that; the rest of its start may fall into a
    /// short look.
    #[track_caller]
    fn was_idle(&self, app: &App, what: &str) {
        let real = self.since.elapsed();
        let cpu = Duration::from_millis((app.cpu_ticks() - self.cpu_ticks) * 10);
        assert!(cpu < real / 5 + Duration::from_millis(500), "{what}: {cpu:?} of processor time in {real:?}");
    }
}
