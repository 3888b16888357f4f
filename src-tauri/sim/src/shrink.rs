//! Reduces a failing world to the smallest one that still fails, and prints it.

use crate::batch::one;
use crate::laws::Broken;
use crate::observation::{MINUTE, Millis};
use crate::schedule::Plan;
use crate::stats::Stats;
use crate::trace::clock;
use crate::updates::{self, RunResult};
use crate::world::{Outcome, World};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The time limit for the search.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the smallest plan found in which the same law still breaks.
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

/// Tries to start the world later: events long before the failure may be irrelevant.
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

/// Drops everything after the failure.
fn cut(plan: &mut Plan, at: Millis) {
    plan.happenings.retain(|planned| planned.at <= at);
    plan.length = plan.length.min(at + MINUTE);
}

/// A table of a failing world for people: times and observations, the last `lines` of them.
pub fn render(plan: &Plan, lines: usize) -> String {
    let mut outcome = World::run(plan.clone(), true);
    if outcome.broken.is_none() {
        let RunResult { broken, trace, .. } = updates::live(plan.seed, plan.length);
        outcome = broken.map_or(outcome, |broken| Outcome { stats: Stats::default(), broken: Some(broken), trace });
    }
    let mut text = format!("seed {}, climate \"{}\", {:?}\n", plan.seed, plan.climate, plan.user_settings);
    // What happened long before the failure is of little interest.
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
