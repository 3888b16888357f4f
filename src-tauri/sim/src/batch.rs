//! Simulates many worlds, on all cores.

use crate::laws::Broken;
use crate::observation::Millis;
use crate::schedule::Plan;
use crate::stats::Stats;
use crate::updates;
use crate::world::World;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A seed whose world broke a law.
#[derive(Debug, Clone)]
pub struct Failure {
    pub seed: u64,
    pub at: Millis,
    pub broken: Broken,
}

/// Runs the worlds of all seeds, each for `length`, until the first failure, or all of them if `all` is set. After
/// each world, `progress` gets the total so far, and the failure if there was one.
pub fn run(
    seeds: Range<u64>,
    length: Millis,
    all: bool,
    progress: &(dyn Fn(&Stats, Option<&Failure>) + Sync),
) -> (Stats, Vec<Failure>) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let total = Mutex::new((Stats::default(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.load(Ordering::Relaxed) {
                        return;
                    }
                    let (stats, failure) = one(Plan::of(seed, length));
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    total.0 += &stats;
                    let failure = failure.map(|(at, broken)| Failure { seed, at, broken });
                    progress(&total.0, failure.as_ref());
                    if let Some(failure) = failure {
                        failed.store(!all, Ordering::Relaxed);
                        total.1.push(failure);
                    }
                }
            });
        }
    });
    let (stats, mut failures) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|failure| failure.seed);
    (stats, failures)
}

/// Runs one world, and the world of updates beside it. A panic of the core also counts as a broken law: all its
/// functions are total.
pub fn one(plan: Plan) -> (Stats, Option<(Millis, Broken)>) {
    let (seed, length) = (plan.seed, plan.length);
    let lived = catch_unwind(AssertUnwindSafe(|| (World::run(plan, false), updates::live(seed, length))));
    match lived {
        Ok((outcome, updates)) => (outcome.stats, outcome.broken.or(updates.broken)),
        Err(panic) => {
            let why =
                panic.downcast_ref::<String>().cloned().or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
            (Stats::default(), Some((0, Broken { law: 0, why: format!("a panic: {}", why.unwrap_or_default()) })))
        }
    }
}
