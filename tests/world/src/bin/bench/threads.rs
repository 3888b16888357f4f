//! The activity of each thread of a process: a sum over all threads would shrink when one of them ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Context switches and CPU nanoseconds of each thread so far.
pub struct Threads(BTreeMap<String, (u64, u64)>);

impl Threads {
    pub fn of(pid: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the app runs");
        let one = |task: fs::DirEntry| Some((task.file_name().into_string().ok()?, read(&task.path())?));
        Self(tasks.filter_map(|task| one(task.ok()?)).collect())
    }

    /// Context switches and CPU milliseconds since `before`, of the threads that still exist.
    pub fn since(&self, before: &Self) -> (u64, f64) {
        let of = |thread, (switches, ns): (u64, u64)| {
            let (had, ran) = before.0.get(thread).copied().unwrap_or_default();
            (switches.saturating_sub(had), ns.saturating_sub(ran))
        };
        let all = self.0.iter().map(|(thread, now)| of(thread, *now));
        let (switches, ns) = all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (switches, ns as f64 / 1e6)
    }
}

fn read(task: &Path) -> Option<(u64, u64)> {
    let status = fs::read_to_string(task.join("status")).ok()?;
    let switches = status.lines().filter_map(|line| line.split_once("voluntary_ctxt_switches:"));
    let switches = switches.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum();
    let ran = fs::read_to_string(task.join("schedstat")).ok()?;
    Some((switches, ran.split_whitespace().next()?.parse().ok()?))
}
