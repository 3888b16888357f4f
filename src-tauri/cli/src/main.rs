//! The command `holdoff`: reads the state on disk, or becomes the tray app next to it.
#![allow(clippy::print_stdout, reason = "printing is what a command does")]

/// Errors are sanitized like normal output: a path can contain an escape sequence.
macro_rules! eprintln {
    ($($said:tt)*) => { std::eprintln!("{}", holdoff_core::text::terminal(&format!($($said)*))) };
}

mod app_client;
mod args;
mod doctor;
mod guard;
mod history;
mod launch_tray;
mod ledger;
mod man;
mod refresh;
mod saved_state;
mod status;
mod statusline;
mod style;

use args::{Args, Command, Setup};
use holdoff_core::text;
use holdoff_engine::platform::environment::{Environment, StartError};
use holdoff_engine::platform::private_files;
use status::Form;
use std::io::Write;
use std::process::ExitCode;

/// Exit codes from sysexits(3).
pub(crate) const USAGE: u8 = 64;
pub(crate) const UNAVAILABLE: u8 = 69;
pub(crate) const TEMPORARY: u8 = 75;

fn main() -> ExitCode {
    private_files::begin();
    let args = match Args::read() {
        Ok(args) => args,
        Err(said) => return help_or_error(&said),
    };
    let Some(command) = args.command else {
        return launch_tray::become_it(match (args.panel, args.settings) {
            (true, _) => &["--panel"],
            (_, true) => &["--settings"],
            _ => &[],
        });
    };
    match command {
        Command::Panel => launch_tray::become_it(&["--panel"]),
        Command::Settings => launch_tray::become_it(&["--settings"]),
        Command::Completions { shell } => man::completions(shell),
        Command::Man { out: Some(folder), .. } => man::pages(&folder),
        Command::Man { command, out: None } => man::man(command.as_deref()),
        Command::Status { json, format, account, window, watch } => {
            let (format, window) = (format.as_ref(), window.as_deref());
            with(|environment| status::run(environment, Form { json, format, account: account.name(), window }, watch))
        }
        Command::Refresh { account } => with(|environment| refresh::run(environment, account.name())),
        Command::Ledger { since, json, account } => {
            with(|environment| ledger::run(environment, since, json, account.name()))
        }
        Command::History(args) => with(|environment| history::run(environment, &args)),
        Command::Guard(args) => with(|environment| guard::run(environment, &args)),
        Command::Doctor => with(doctor::run),
        Command::Statusline { setup: None } => with(statusline::run),
        Command::Statusline { setup: Some(Setup::Install(args)) } => {
            with(|environment| statusline::install::install(environment, &args))
        }
        Command::Statusline { setup: Some(Setup::Uninstall(args)) } => {
            with(|environment| statusline::install::uninstall(environment, &args))
        }
    }
}

fn with(run: impl FnOnce(&Environment) -> ExitCode) -> ExitCode {
    match Environment::from_process() {
        Ok(environment) => run(&environment),
        Err(error) => fail(&error),
    }
}

/// Help exits with success, an invalid argument with a usage error.
fn help_or_error(said: &clap::Error) -> ExitCode {
    let _nobody_reads_it = said.print();
    if said.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

fn fail(error: &StartError) -> ExitCode {
    eprintln!("holdoff: {error}");
    ExitCode::from(error.exit_code())
}

/// Prints the text without colors and without terminal control sequences.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    printed(out.write_all(text::terminal(text).as_bytes()).and_then(|()| out.flush()))
}

/// Treats a closed pipe as the end, not as an error.
pub(crate) fn printed(result: std::io::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("holdoff: cannot print: {error}");
            ExitCode::FAILURE
        }
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}
