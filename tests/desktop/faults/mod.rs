//! The whole app while its environment fails: bus, disk, server, network, machine, and the app itself.

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

/// A scene with notifications only about limits and sign-ins.
async fn scene(speed: f64) -> Scene {
    let scene = Scene::new(speed).await;
    scene.settings_with(&[("notify_reset", json!(false))]);
    scene
}

/// The work of a program between two measurements.
#[derive(Debug)]
struct Watched {
    cpu_ticks: u64,
    since: Instant,
}

impl Watched {
    fn new(app: &App) -> Self {
        Self { cpu_ticks: app.cpu_ticks(), since: Instant::now() }
    }

    /// Fails if the program was in a busy loop: that takes a whole processor. Its regular work, including what a
    /// test's polling causes, is far below that. A short measurement may include the rest of the start.
    #[track_caller]
    fn was_idle(&self, app: &App, what: &str) {
        let real = self.since.elapsed();
        let cpu = Duration::from_millis((app.cpu_ticks() - self.cpu_ticks) * 10);
        assert!(cpu < real / 5 + Duration::from_millis(500), "{what}: {cpu:?} of processor time in {real:?}");
    }
}
