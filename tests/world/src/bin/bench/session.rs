//! What is measured, in which order, and what it must come to.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "it tells a person what it measures, or why it cannot")]

mod command;
mod footprint;
mod pixels;
mod report;
mod sharers;
mod threads;
mod tray_app;

use std::path::PathBuf;
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
It ends with 1 when a figure is beyond its bound.
";

/// What a person may choose.
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
    let report = runtime.block_on(measure(&options));
    print!("{}", report.text());
    if let Some(path) = &options.json {
        std::fs::write(path, format!("{:#}\n", report.json())).expect("a file for the figures");
    }
    if !report.holds() {
        std::process::exit(1);
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

async fn measure(options: &Options) -> Report {
    let desktop = Desktop::builder().start().await;
    let mut report = Report::new(options.runs, options.idle);
    let home = Home::new();
    let runs = if options.commands_only { 0 } else { options.runs };
    for run in 1..=runs {
        for program in [Program::Floor, Program::Holdoff] {
            println!("Run {run} of {}: {}", options.runs, program.name());
            report.add(program, tray_app::measure(&desktop, program, options.idle).await);
        }
    }
    println!("The command, {} times each", options.command_runs);
    report.command(command::measure(&desktop, &home, options.command_runs, options.ccusage.as_deref()).await);
    report
}
