//! `holdoff statusline install` and `uninstall`.

use crate::args::SetupArgs;
use crate::{TEMPORARY, USAGE, style};
use holdoff_core::messages;
use holdoff_core::providers::Provider;
use holdoff_engine::claude_code::CredentialStore;
use holdoff_engine::claude_code::locations;
use holdoff_engine::claude_code::status_line::{
    Change, Kind, Line, Plan, SettingsError, Status, StatusLineSettings, command, remove_copies,
};
use holdoff_engine::platform::environment::Environment;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const PROVIDER: Provider = Provider::Anthropic;

pub fn install(environment: &Environment, args: &SetupArgs) -> ExitCode {
    report_copies(environment);
    let place = place(environment, args);
    let plan = place.plan_install(&command::own(&program(), &environment.data_dir));
    finish(environment, args, plan, &messages::status_line_there(PROVIDER), || {
        let earlier = match place.status() {
            Ok(Status::Installed { earlier, .. }) => earlier,
            Ok(Status::Nothing | Status::Other(_)) | Err(_) => None,
        };
        messages::status_line_installed(PROVIDER, earlier.as_deref())
    })
}

pub fn uninstall(environment: &Environment, args: &SetupArgs) -> ExitCode {
    report_copies(environment);
    let place = place(environment, args);
    let plan = place.plan_uninstall();
    finish(environment, args, plan, &messages::status_line_not_there(PROVIDER), || {
        let earlier = match place.status() {
            Ok(Status::Other(earlier)) => earlier,
            Ok(Status::Nothing | Status::Installed { .. }) | Err(_) => None,
        };
        messages::status_line_removed(PROVIDER, earlier.as_deref())
    })
}

fn place(environment: &Environment, args: &SetupArgs) -> StatusLineSettings {
    let named = args.config_dir.as_ref().map(|dir| CredentialStore::in_dir(dir));
    let source = named.unwrap_or_else(|| locations::own(environment));
    StatusLineSettings::new(source.config_dir(), &environment.data_dir)
}

fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_else(|_| "holdoff".into());
    command::lasting(&program, std::env::var_os("PATH").as_deref())
}

fn finish(
    environment: &Environment,
    args: &SetupArgs,
    plan: Result<Plan, SettingsError>,
    nothing: &str,
    done: impl FnOnce() -> String,
) -> ExitCode {
    let change = match plan {
        Ok(Plan::Change(change)) => change,
        Ok(Plan::Nothing) => return crate::print(&format!("{nothing}\n")),
        Err(error) => return refused(&error),
    };
    show(&change);
    if change.forgotten() {
        eprintln!("holdoff: {}", messages::status_line_forgotten(PROVIDER));
    }
    if !args.yes {
        match agreed(change.path()) {
            Ok(true) => {}
            Ok(false) => {
                eprintln!("holdoff: nothing was changed.");
                return ExitCode::FAILURE;
            }
            Err(code) => return code,
        }
    }
    if let Err(error) = environment.prepare_data_dir() {
        return crate::fail(&error);
    }
    match change.apply() {
        Ok(()) => crate::print(&format!("{}\n", done())),
        Err(error) => refused(&error),
    }
}

/// Removes settings copies left by an earlier version; what is needed to undo a change moves to its record.
fn report_copies(environment: &Environment) {
    match remove_copies(&environment.data_dir) {
        Ok(0) => {}
        Ok(_) => eprintln!("holdoff: {}", messages::status_line_copies_removed(PROVIDER)),
        Err(error) => eprintln!("holdoff: could not remove old copies of Claude Code's settings: {error}"),
    }
}

fn refused(error: &SettingsError) -> ExitCode {
    eprintln!("holdoff: {error}");
    match error {
        SettingsError::Changed { .. } | SettingsError::Busy { .. } => ExitCode::from(TEMPORARY),
        _ => ExitCode::FAILURE,
    }
}

fn show(change: &Change) {
    let mut text = format!("{}\n", change.path().display());
    for line in change.diff() {
        text.push_str(&shown(&line));
        text.push('\n');
    }
    style::print(&text);
}

fn shown(line: &Line) -> String {
    match line.kind {
        Kind::Removed => style::red(&format!("- {}", line.text)),
        Kind::Added => style::green(&format!("+ {}", line.text)),
    }
}

/// Asks for confirmation. Without a terminal, nothing is changed.
fn agreed(path: &Path) -> Result<bool, ExitCode> {
    if !std::io::stdin().is_terminal() {
        eprintln!("holdoff: this needs your confirmation. Run it in a terminal, or with --yes.");
        return Err(ExitCode::from(USAGE));
    }
    let mut out = std::io::stdout().lock();
    let _shown = write!(out, "Change {}? [y/N] ", path.display()).and_then(|()| out.flush());
    let mut answer = String::new();
    let _none_is_no = std::io::stdin().lock().read_line(&mut answer);
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
