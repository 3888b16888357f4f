//! Makes a failing world as small as it goes, and tells it.

use crate::batch::one;
use crate::laws::Broken;
use crate::observation::{MINUTE, Millis};
use crate::schedule::Plan;
use crate::stats::Stats;
use crate::trace::clock;
use crate::updates::{self, Lived};
use crate::world::{Outcome, World};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// So long is tried at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// The smallest plan that was found in which the same law still breaks.
pub fn shrink(mut plan: Plan, law: u8) -> Plan {
    let begin = Instant::now();
    let mut fails = |plan: &Plan| {
        if begin.elapsed() > PATIENCE {
            return None;
        }
        one(plan.clone()).1.filter(|(_, broken)| broken.law == law).map(|(at, _)| at)
    };
    if let Some(at) = fails(&plan) {
        cut(&mut plan, at);
    }
    later(&mut plan, &mut fails);
    let mut part = plan.happenings.len().div_ceil(2).max(1);
    loop {
        let mut smaller = false;
        let mut from = 0;
        while from < plan.happenings.len() {
            let mut without = plan.clone();
            let to = (from + part).min(plan.happenings.len());
            without.happenings.drain(from..to);
            match fails(&without) {
                Some(at) => {
                    plan = without;
                    cut(&mut plan, at);
                    smaller = true;
                }
                None => from = to,
            }
        }
        match (part, smaller) {
            (1, false) => return plan,
            (1, true) => {}
            _ => part = part.div_ceil(2),
        }
    }
}

/// What comes long before it may have no part in it either: the world begins later.
fn later(plan: &mut Plan, fails: &mut impl FnMut(&Plan) -> Option<Millis>) {
    for tenths in [9, 8, 6, 4, 2] {
        let by = plan.length * tenths / 10;
        let mut shorter = plan.clone();
        shorter.happenings.retain(|planned| planned.at >= by);
        shorter.happenings.iter_mut().for_each(|planned| planned.at -= by);
        shorter.length -= by;
        if let Some(at) = fails(&shorter) {
            *plan = shorter;
            cut(plan, at);
            return later(plan, fails);
        }
    }
}

/// What comes after the failure has no part in it.
fn cut(plan: &mut Plan, at: Millis) {
    plan.happenings.retain(|planned| planned.at <= at);
    plan.length = plan.length.min(at + MINUTE);
}

/// What happened in a failing world, as a table for people: the time, and what was seen; the last `lines` of it.
pub fn tell(plan: &Plan, lines: usize) -> String {
    let mut outcome = World::run(plan.clone(), true);
    if outcome.broken.is_none() {
        let Lived { broken, trace, .. } = updates::live(plan.seed, plan.length);
        outcome = broken.map_or(outcome, |broken| Outcome { stats: Stats::default(), broken: Some(broken), trace });
    }
    let mut text = format!("seed {}, climate \"{}\", {:?}\n", plan.seed, plan.climate, plan.wishes);
    // A long life before the end is of little interest.
    let skipped = outcome.trace.len().saturating_sub(lines);
    if skipped > 0 {
        let _ = writeln!(text, "({skipped} lines before this are left out)");
    }
    for (at, what) in outcome.trace.iter().skip(skipped) {
        let _ = writeln!(text, "{}  {what}", clock(*at));
    }
    match &outcome.broken {
        Some((at, Broken { law, why })) => {
            let _ = writeln!(text, "{}  LAW {law} IS BROKEN: {why}", clock(*at));
        }
        None => text.push_str("no law is broken\n"),
    }
    text
}
