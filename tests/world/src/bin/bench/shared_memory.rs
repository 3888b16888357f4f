//! Other processes with the same libraries in memory: shared pages count less in PSS, so both apps must be measured
//! with the same neighbours.

use std::fs;
use std::time::Duration;

use holdoff_world::{App, process, soon};

/// By far the largest library of a Tauri app.
const ENGINE: &str = "libwebkit2gtk";
/// The library that it shares with the desktop's panel.
const TOOLKIT: &str = "libgtk-3";
/// How long to wait for other processes to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until only the app's own processes have the web engine in memory. Returns how many others still have it, and
/// how many have the toolkit.
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
