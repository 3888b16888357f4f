//! A few worlds of every climate, and their figures. `cargo xtask test` lives through fifty years beside this.

use holdoff_sim::observation::{DAY, MINUTE, Millis};
use holdoff_sim::schedule::{Hours, Plan};
use holdoff_sim::{batch, shrink, steady_state, updates};
use std::collections::BTreeSet;

const WORLDS: u64 = 40;
const LENGTH: Millis = 8 * DAY;

#[test]
fn laws_hold_in_seeded_simulations_of_every_profile() {
    let climates: BTreeSet<_> = (1..=WORLDS).map(|seed| Plan::of(seed, LENGTH).climate).collect();
    assert_eq!(climates.len(), 10, "{climates:?}");
    let (stats, failures) = batch::run(1..1 + WORLDS, LENGTH, false, &|_, _| {});
    if let Some(failure) = failures.first() {
        let plan = shrink::shrink(Plan::of(failure.seed, LENGTH), failure.broken.law);
        panic!("{}", shrink::render(&plan, 60));
    }
    assert!(stats.notices <= stats.episodes, "{} notices in {} episodes", stats.notices, stats.episodes);
    // One cap of law 3 with its jitter, and one interval at most.
    assert!(stats.longest <= 126 * MINUTE, "{} min", stats.longest / MINUTE);
    // A world in which nothing happens shows nothing.
    assert!(stats.limited > 100 && stats.crashes > 100 && stats.renewed > 20 && stats.setup_tokens > 10, "{stats:?}");
}

/// Law 10: what the cap allows, and no more.
#[test]
fn permanent_429_limited_to_hourly_usage_and_four_renewals_a_day() {
    assert!(steady_state::under_usage_429(10) <= 25.5);
    assert!(steady_state::under_token_429(10) <= 4.6);
}

/// Law 18, over eight years: about half of the days somebody wants it, and the server often asks for a longer wait.
#[test]
fn update_checks_run_at_most_daily_and_do_not_stop() {
    const DAYS: Millis = 365;
    const SEEDS: u64 = 8;
    let mut requests = 0;
    for seed in 1..=SEEDS {
        let lived = updates::live(seed, DAYS * DAY);
        if let Some((at, broken)) = lived.broken {
            let lines: Vec<String> = lived.trace.iter().rev().take(40).rev().map(|line| format!("{line:?}")).collect();
            panic!("seed {seed}, day {}: {broken}\n{}", at / DAY, lines.join("\n"));
        }
        requests += lived.requests;
    }
    let a_day = f64::from(requests) / (SEEDS as f64 * DAYS as f64);
    assert!((0.2..=0.7).contains(&a_day), "{a_day} requests a day");
}

#[test]
fn simulation_is_deterministic_per_seed() {
    let lived = |seed| batch::one(Plan::of(seed, 3 * DAY)).0;
    assert_eq!(lived(3), lived(3));
    assert_ne!(lived(3), lived(4));
}

/// Law 17: one answer of fifty is odd, and what there is to say of a day is little.
#[test]
fn notifications_are_few_in_a_day_of_ordinary_use() {
    let notices = |hours| {
        let stats = steady_state::ordinary_use(50, hours).unwrap();
        stats.a_day(stats.of_windows)
    };
    let (always, office) = (notices(Hours::DayAndNight), notices(Hours::Office));
    assert!((0.1..=4.0).contains(&always), "{always} a day");
    assert!((0.05..=always).contains(&office), "{office} a day");
}
