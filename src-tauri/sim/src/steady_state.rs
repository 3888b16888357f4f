//! Worlds in which nothing changes, to compare their figures with what the laws promise.

use crate::batch::Failure;
use crate::observation::{DAY, HOUR, Millis, SECOND};
use crate::schedule::{Hours, Plan, Planned, RetryAfter, Start, Token, Usage, WorldEvent};
use crate::stats::Stats;
use crate::world::World;

fn plan(renewal: bool, days: Millis, what: WorldEvent) -> Plan {
    let user_settings = Start {
        names_itself: true,
        hours: Hours::DayAndNight,
        interval: 300 * SECOND,
        renewal,
        watched: true,
        re_arms: false,
        jumpy: false,
        windows: false,
        odd: 0,
        budget: 1000,
    };
    let work = WorldEvent::Work(2 * days * DAY);
    let mut happenings = vec![Planned { at: HOUR, what }];
    // Somebody has to renew the sign-in.
    if !renewal {
        happenings.insert(0, Planned { at: 1, what: work });
    }
    Plan { seed: 7, climate: "steady", length: days * DAY + HOUR, user_settings, happenings }
}

/// Usage requests per day while each is answered with a 429 without a `Retry-After`.
pub fn under_usage_429(days: Millis) -> f64 {
    let mood = Usage::Limited { asks: RetryAfter::Absent, hidden: false };
    let stats = World::run(plan(false, days, WorldEvent::Usage(mood, 2 * days * DAY)), false).stats;
    stats.limited as f64 / days as f64
}

/// The same for renewals at the token endpoint.
pub fn under_token_429(days: Millis) -> f64 {
    let mood = Token::Limited(RetryAfter::Absent);
    let stats = World::run(plan(true, days, WorldEvent::Token(mood, 2 * days * DAY)), false).stats;
    stats.token as f64 / days as f64
}

/// The notifications in at least this many days of ordinary use, for a user who has all of them turned on.
///
/// # Errors
/// Fails if a law is broken in one of these worlds.
pub fn ordinary_use(days: Millis, hours: Hours) -> Result<Stats, Failure> {
    const LENGTH: Millis = 25;
    let mut stats = Stats::default();
    for seed in 0..(days + LENGTH - 1) / LENGTH {
        let seed = seed.unsigned_abs();
        let outcome = World::run(Plan::ordinary(seed, LENGTH * DAY, hours), false);
        if let Some((at, broken)) = outcome.broken {
            return Err(Failure { seed, at, broken });
        }
        stats += &outcome.stats;
    }
    Ok(stats)
}
