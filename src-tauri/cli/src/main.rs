//! The command `holdoff`: answers from the state on disk, or becomes the tray app that lies beside it.
#![allow(clippy::print_stdout, reason = "printing is what a command does")]

mod refresh;
mod status;
mod tray;

use holdoff_engine::environment::{Environment, StartError};
use lexopt::prelude::*;
use std::process::ExitCode;

/// From sysexits(3).
pub(crate) const USAGE: u8 = 64;
pub(crate) const UNAVAILABLE: u8 = 69;
pub(crate) const TEMPORARY: u8 = 75;

const HELP: &str = "\
Shows how much of your AI subscription is left, and never asks a provider again before it may.

Usage:
  holdoff                   start the tray app (a second start opens its panel)
  holdoff panel             start it, or open its panel
  holdoff settings          start it, or open its settings
  holdoff status [--json]   what is known now, from what is saved; asks nobody
  holdoff refresh           have the running app ask for a reading, if it may
  holdoff --help | --version

Exit codes:
  0   done          69  refresh: the app is not running
  64  wrong usage   75  refresh: not permitted yet; it says until when and why
  73, 77, 78  no place for state, another user's state, a wrong environment variable
";

enum Command {
    Tray(Vec<&'static str>),
    Status { json: bool },
    Refresh,
    Help,
    Version,
}

fn main() -> ExitCode {
    let command = match parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("holdoff: {error}. See holdoff --help.");
            return ExitCode::from(USAGE);
        }
    };
    match command {
        Command::Help => print(HELP),
        Command::Version => print(concat!("holdoff ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Tray(args) => tray::become_it(&args),
        Command::Status { json } => with_environment(|environment| status::run(environment, json)),
        Command::Refresh => with_environment(refresh::run),
    }
}

fn parse() -> Result<Command, lexopt::Error> {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next()? {
        None => Command::Tray(vec![]),
        Some(Long("help") | Short('h')) => Command::Help,
        Some(Long("version") | Short('V')) => Command::Version,
        Some(Long("panel")) => Command::Tray(vec!["--panel"]),
        Some(Long("settings")) => Command::Tray(vec!["--settings"]),
        Some(Value(word)) => match word.to_str() {
            Some("panel") => Command::Tray(vec!["--panel"]),
            Some("settings") => Command::Tray(vec!["--settings"]),
            Some("status") => return status_args(&mut args),
            Some("refresh") => Command::Refresh,
            Some("help") => Command::Help,
            _ => return Err(Value(word).unexpected()),
        },
        Some(other) => return Err(other.unexpected()),
    };
    match args.next()? {
        None => Ok(command),
        Some(extra) => Err(extra.unexpected()),
    }
}

fn status_args(args: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut json = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Status { json })
}

fn with_environment(run: impl FnOnce(&Environment) -> ExitCode) -> ExitCode {
    match Environment::from_process() {
        Ok(environment) => run(&environment),
        Err(error) => fail(&error),
    }
}

fn fail(error: &StartError) -> ExitCode {
    eprintln!("holdoff: {error}");
    ExitCode::from(error.exit_code())
}

/// Prints, and takes a closed pipe for an end and not for an error.
pub(crate) fn print(text: &str) -> ExitCode {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("holdoff: cannot print: {error}");
            ExitCode::FAILURE
        }
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}
