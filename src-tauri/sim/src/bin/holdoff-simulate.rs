//! `cargo xtask simulate`: runs worlds and reports the results.
#![allow(clippy::print_stdout, reason = "telling a person what came of it is this program's work")]

use holdoff_sim::batch;
use holdoff_sim::batch::Failure;
use holdoff_sim::observation::{DAY, MINUTE, Millis};
use holdoff_sim::schedule::{Hours, Plan};
use holdoff_sim::shrink;
use holdoff_sim::stats::Stats;
use holdoff_sim::steady_state;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

struct Options {
    seeds: u64,
    first: u64,
    years: f64,
    /// Continue after a failure, and count the failures.
    all: bool,
    /// How many lines of a failing world are printed.
    lines: usize,
    /// Days of ordinary use in the report.
    ordinary: Millis,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}; `cargo xtask simulate --help` says what is possible.");
            return ExitCode::from(64);
        }
    };
    let length = (options.years * 365.25 * DAY as f64) as Millis;
    let begin = Instant::now();
    let said = AtomicU64::new(0);
    let progress = |stats: &Stats, failure: Option<&Failure>| {
        // Printed at once: a run of an hour may be interrupted.
        if let Some(Failure { seed, at, broken }) = failure {
            println!("seed {seed:>6}, {:>6.1} days: {broken}", *at as f64 / DAY as f64);
        }
        let minutes = begin.elapsed().as_secs() / 60;
        if said.fetch_max(minutes, Ordering::Relaxed) < minutes {
            println!("{minutes} min: {} worlds, {:.0} account-years", stats.worlds, stats.years());
        }
    };
    let (stats, failures) = batch::run(options.first..options.first + options.seeds, length, options.all, &progress);
    report(&stats, begin.elapsed().as_secs_f64());
    let Some(first) = failures.first() else {
        for (hours, name) in [(Hours::DayAndNight, "day and night"), (Hours::Office, "from nine to five on weekdays")] {
            match steady_state::ordinary_use(options.ordinary, hours) {
                Ok(stats) => of_ordinary_use(&stats, name),
                Err(Failure { seed, at, broken }) => {
                    let days = at as f64 / DAY as f64;
                    println!("ordinary use {name}, seed {seed}, broke {broken} after {days:.1} days");
                    return ExitCode::FAILURE;
                }
            }
        }
        println!("No law was broken.");
        return ExitCode::SUCCESS;
    };
    if options.all {
        summary(&failures);
    }
    print_failure(first, length, options.lines);
    ExitCode::FAILURE
}

/// How often each law was broken, and the world in which it broke earliest.
fn summary(failures: &[Failure]) {
    let mut laws: Vec<u8> = failures.iter().map(|failure| failure.broken.law).collect();
    laws.sort_unstable();
    laws.dedup();
    for law in laws {
        let broke = failures.iter().filter(|failure| failure.broken.law == law);
        if let Some(soonest) = broke.clone().min_by_key(|failure| failure.at) {
            println!("{} worlds broke {}; the soonest is that of seed {}", broke.count(), soonest.broken, soonest.seed);
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options { seeds: 400, first: 1, years: 0.25, all: false, lines: 60, ordinary: 500 };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().ok_or_else(|| format!("`{arg}` needs a number after it"))?;
            value.parse::<f64>().map_err(|_| format!("`{value}` is not a number"))
        };
        match arg.as_str() {
            "--seeds" => options.seeds = number()? as u64,
            "--seed" => (options.first, options.seeds) = (number()? as u64, 1),
            "--first" => options.first = number()? as u64,
            "--years" => options.years = number()?,
            "--lines" => options.lines = number()? as usize,
            "--ordinary" => options.ordinary = number()? as Millis,
            "--all" => options.all = true,
            _ => return Err(format!("`{arg}` means nothing here")),
        }
    }
    Ok(options)
}

fn report(stats: &Stats, seconds: f64) {
    let minutes = |millis: Millis| millis as f64 / MINUTE as f64;
    println!(
        "{:.1} account-years in {} worlds, {:.1} s: {:.1} account-years a second",
        stats.years(),
        stats.worlds,
        seconds,
        stats.years() / seconds
    );
    println!(
        "requests: {} for usage ({} readings, {} refusals for frequency), {} to renew ({} renewed)",
        stats.usage, stats.readings, stats.limited, stats.token, stats.renewed
    );
    println!("processes: {} started, {} died; {} saves", stats.starts, stats.crashes, stats.saves);
    println!(
        "sign-ins ended by a spent refresh token, by whomever it was shown: {}; stored without the scope of usage: {}",
        stats.reuses, stats.setup_tokens
    );
    println!(
        "notices per episode of refusals: {:.3} ({} of {}), ends told: {}",
        stats.notices as f64 / stats.episodes.max(1) as f64,
        stats.notices,
        stats.episodes,
        stats.ends
    );
    println!(
        "longest time to come back once all is well: {:.1} min; after a Retry-After of more than an hour: {:.1} min",
        minutes(stats.longest),
        minutes(stats.longest_of_all)
    );
    let days = 30;
    let (usage, token) = (steady_state::under_usage_429(days), steady_state::under_token_429(days));
    println!("requests a day under unbroken 429: {usage:.1} for usage, {token:.1} to renew");
}

fn of_ordinary_use(stats: &Stats, hours: &str) {
    println!(
        "notices a day in {:.0} days of ordinary use {hours}: {:.2} of windows ({:.2} thresholds, {:.2} forecasts, {:.2} resets), {:.2} of a \
         429, {:.2} that it is over, {:.2} of the sign-in",
        stats.lived as f64 / DAY as f64,
        stats.a_day(stats.of_windows),
        stats.a_day(stats.thresholds),
        stats.a_day(stats.forecasts),
        stats.a_day(stats.resets),
        stats.a_day(stats.notices),
        stats.a_day(stats.ends),
        stats.a_day(stats.of_sign_ins)
    );
}

fn print_failure(failure: &Failure, length: Millis, lines: usize) {
    println!("\nseed {} broke {} after {:.1} days", failure.seed, failure.broken, failure.at as f64 / DAY as f64);
    if lines == 0 {
        return;
    }
    println!("making it smaller …");
    let plan = shrink::shrink(Plan::of(failure.seed, length), failure.broken.law);
    for planned in &plan.happenings {
        println!("  planned at {:>8.1} min: {:?}", planned.at as f64 / MINUTE as f64, planned.what);
    }
    println!("\n{}", shrink::render(&plan, lines));
    println!("again: cargo xtask simulate --seed {}", failure.seed);
}
