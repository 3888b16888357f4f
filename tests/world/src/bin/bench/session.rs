//! The measurements, their order, and their limits.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "it tells a person what it measures, or why it cannot")]

mod command;
mod footprint;
mod pixels;
mod report;
mod shared_memory;
mod threads;
mod tray_app;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdoff_world::{Desktop, Home};

use report::Report;
use tray_app::Program;

const HELP: &str = "\
Measures Holdoff beside an empty Tauri tray app, and its quick commands beside an empty C program.

Usage: holdoff-bench --footprint
       holdoff-bench [--runs N] [--idle-seconds N] [--command-runs N] [--commands-only] [--ccusage FILE] [--json FILE]

  --runs N           how often each tray app is started (default: 5)
  --idle-seconds N   how long each is watched doing nothing (default: 60)
  --command-runs N   how often each command is run (default: 60)
  --commands-only    leaves the tray apps out
  --footprint        the resident program's memory, file and libraries alone, which a busy machine does not change
  --ccusage FILE     times this program's status line too
  --json FILE        writes every figure there as well

The programs (holdoff, holdoff-tray, holdoff-floor) are taken from HOLDOFF_BIN_DIR, or from the folder of this one.
What has to be there is looked for before anything is measured. Each figure is printed as it is had, and all that were
had are printed, and written, where a later one cannot be had.

It ends with 1 when a figure is beyond its bound or cannot be had, and with 2 when it cannot begin.
";

/// The programs; those of `--commands-only` come first.
const TESTED: [&str; 4] = ["holdoff", "holdoff-tray", "holdoff-window", "holdoff-floor"];

/// The command-line options.
struct Options {
    runs: usize,
    idle: Duration,
    command_runs: usize,
    commands_only: bool,
    ccusage: Option<PathBuf>,
    json: Option<PathBuf>,
}

pub fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if std::env::args().skip(1).eq(["--footprint"]) {
        let (text, holds) = runtime.block_on(footprint::report());
        print!("{text}");
        std::process::exit(i32::from(!holds));
    }
    let Some(options) = options() else {
        print!("{HELP}");
        return;
    };
    let home = Home::new();
    if let Err(why) = runtime.block_on(check(&options, &home)) {
        eprintln!("Nothing is measured: {why}");
        std::process::exit(2);
    }
    let report = Arc::new(Mutex::new(Report::new(options.runs, options.idle)));
    tell_when_it_breaks_off(&report, options.json.clone());
    let ended = runtime.block_on(measure(&options, &home, &report));
    let report = report.lock().unwrap_or_else(PoisonError::into_inner);
    tell(&report, options.json.as_deref());
    if let Err(why) = &ended {
        eprintln!("Not all figures could be had: {why}");
    }
    if ended.is_err() || !report.holds() {
        std::process::exit(1);
    }
}

/// Checks that everything needed is available.
async fn check(options: &Options, home: &Home) -> Result<(), String> {
    let needed: &[&str] = if options.commands_only { &TESTED[..2] } else { &TESTED };
    if let Some(missing) = needed.iter().map(|name| command::programs().join(name)).find(|path| !path.is_file()) {
        return Err(format!("{} is not there. HOLDOFF_BIN_DIR says where it is.", missing.display()));
    }
    if let Some(path) = &options.json {
        let file = std::fs::File::options().append(true).create(true).open(path);
        file.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    match &options.ccusage {
        Some(rival) => command::check_rival(home, rival).await,
        None => Ok(()),
    }
}

/// Prints the figures so far on a panic, so that they are not lost.
fn tell_when_it_breaks_off(report: &Arc<Mutex<Report>>, json: Option<PathBuf>) {
    let (report, before) = (report.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |why| {
        before(why);
        if let Ok(report) = report.try_lock() {
            tell(&report, json.as_deref());
        }
    }));
}

fn tell(report: &Report, json: Option<&Path>) {
    print!("{}", report.text());
    if let Some(path) = json
        && let Err(error) = std::fs::write(path, format!("{:#}\n", report.json()))
    {
        eprintln!("{} could not be written: {error}", path.display());
    }
}

fn options() -> Option<Options> {
    let mut options = Options {
        runs: 5,
        idle: Duration::from_secs(60),
        command_runs: 60,
        commands_only: false,
        ccusage: None,
        json: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => options.runs = number(arguments.next())?,
            "--idle-seconds" => options.idle = Duration::from_secs(number(arguments.next())? as u64),
            "--command-runs" => options.command_runs = number(arguments.next())?,
            "--commands-only" => options.commands_only = true,
            "--ccusage" => options.ccusage = Some(arguments.next()?.into()),
            "--json" => options.json = Some(arguments.next()?.into()),
            _ => return None,
        }
    }
    Some(options)
}

fn number(text: Option<String>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}

async fn measure(options: &Options, home: &Home, report: &Mutex<Report>) -> Result<(), String> {
    let report = || report.lock().unwrap_or_else(PoisonError::into_inner);
    let desktop = Desktop::builder().start().await;
    let runs = if options.commands_only { 0 } else { options.runs };
    for run in 1..=runs {
        for program in [Program::Floor, Program::Holdoff] {
            println!("Run {run} of {}: {}", options.runs, program.name());
            let sample = tray_app::measure(&desktop, program, options.idle).await;
            println!("{}", sample.json());
            report().add(program, sample);
        }
    }
    if runs > 0 {
        println!("One account, then {}", footprint::ACCOUNTS);
        let (one, many) = (footprint::measure(1).await, footprint::measure(footprint::ACCOUNTS).await);
        report().accounts(one, many);
    }
    println!("The command, {} times each", options.command_runs);
    let (commands, ended) = command::measure(&desktop, home, options.command_runs, options.ccusage.as_deref()).await;
    report().command(commands);
    ended
}
