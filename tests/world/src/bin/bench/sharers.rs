//! Who else has the libraries in memory: what is shared counts for less in PSS, so both apps must be measured with the
//! same neighbours.

use std::fs;
use std::time::Duration;

use holdoff_world::{App, process, soon};

/// The largest library of a Tauri app by far.
const ENGINE: &str = "libwebkit2gtk";
/// What the desktop's panel shares with it.
const TOOLKIT: &str = "libgtk-3";
/// How long to wait for others to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until no process but the app's own has the web engine in memory. Gives back how many still have, and how many
/// others have the toolkit.
pub async fn alone(app: &App) -> (usize, usize) {
    let engine = async || match others(app, ENGINE) {
        0 => Ok(()),
        some => Err(some),
    };
    let left = soon(PATIENCE, engine).await.err().unwrap_or(0);
    (left, others(app, TOOLKIT))
}

fn others(app: &App, library: &str) -> usize {
    let mut family = process::descendants(app.pid());
    family.push(app.pid());
    let entries = fs::read_dir("/proc").expect("/proc is there");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let has = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.contains(library));
    pids.filter(|pid| !family.contains(pid)).filter(has).count()
}
