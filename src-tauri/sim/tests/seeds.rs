//! The laws in worlds of every climate: at least fifty years of an account in each test run.

use holdoff_sim::observation::{DAY, MINUTE, Millis};
use holdoff_sim::plan::Plan;
use holdoff_sim::{seeds, shrink, steady};

const WORLDS: u64 = 220;
const LENGTH: Millis = 92 * DAY;

#[test]
fn no_law_breaks_in_fifty_years() {
    let (stats, failures) = seeds::run(1..1 + WORLDS, LENGTH, false, &|_| {});
    if let Some(failure) = failures.first() {
        let plan = shrink::shrink(Plan::of(failure.seed, LENGTH), failure.broken.law);
        panic!("{}", shrink::tell(&plan, 60));
    }
    assert!(stats.years() >= 50.0, "{}", stats.years());
    assert!(stats.notices <= stats.episodes, "{} notices in {} episodes", stats.notices, stats.episodes);
    // One cap of law 3 with its jitter, and one interval at most.
    assert!(stats.longest <= 126 * MINUTE, "{} min", stats.longest / MINUTE);
    // A world in which nothing happens shows nothing.
    assert!(stats.limited > 1000 && stats.crashes > 1000 && stats.renewed > 1000, "{stats:?}");
}

/// Law 10: what the cap allows, and no more.
#[test]
fn unbroken_429_costs_a_request_an_hour_and_four_renewals_a_day() {
    assert!(steady::under_usage_429(30) <= 24.5);
    assert!(steady::under_token_429(30) <= 4.4);
}

#[test]
fn the_same_seed_is_the_same_world() {
    let lived = |seed| seeds::one(Plan::of(seed, 10 * DAY)).0;
    assert_eq!(lived(3), lived(3));
    assert_ne!(lived(3), lived(4));
}
