//! `holdoff statusline`: records the limits that Claude Code reports, and prints a line or runs the user's own command.

mod chain;
pub mod install;

use crate::{app_client, print};
use holdoff_core::messages;
use holdoff_core::messages::Paint;
use holdoff_core::providers::Provider;
use holdoff_core::providers::anthropic::status_line;
use holdoff_core::{Reading, Session, State, Wall};
use holdoff_engine::claude_code::CredentialStore;
use holdoff_engine::claude_code::locations;
use holdoff_engine::claude_code::status_line::StatusLineSettings;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::local_time::local_time;
use holdoff_engine::platform::private_files;
use holdoff_engine::storage::state_file::Slots;
use holdoff_engine::storage::{reading_spool, settings_file};
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

/// Set for the user's own command: if that calls Holdoff, Holdoff must not call it again.
const INSIDE: &str = "HOLDOFF_STATUSLINE";
/// The input normally has some kilobytes; longer input is passed on unparsed.
const INPUT_MAX: u64 = 1024 * 1024;

/// The input from stdin.
pub struct Input {
    pub bytes: Vec<u8>,
    /// More may follow.
    pub cut: bool,
}

pub fn run(environment: &Environment) -> ExitCode {
    if std::io::stdin().is_terminal() {
        eprintln!(
            "holdoff: Claude Code runs this command with JSON on stdin. To set that up: holdoff statusline install"
        );
        return ExitCode::from(crate::USAGE);
    }
    let input = read_input();
    let source = locations::own(environment);
    let told = taken(environment, &input);
    if let Some((reading, session)) = &told {
        note(environment, &source, reading, session);
    }
    let reading = told.map(|(reading, _)| reading);
    let inside = std::env::var_os(INSIDE).is_some();
    let place = StatusLineSettings::new(source.config_dir(), &environment.data_dir);
    match place.earlier().filter(|_| !inside) {
        Some(command) => private_files::as_the_session_does(|| chain::run(&command, input)),
        None => {
            for (path, doubt) in place.doubtful() {
                eprintln!("holdoff: {} is not used: {doubt}. {}", path.display(), doubt.advice(&path));
            }
            print(&line(environment, &source, reading))
        }
    }
}

/// A broken pipe counts as end of input.
fn read_input() -> Input {
    let mut bytes = Vec::with_capacity(16 * 1024);
    let _ends = std::io::stdin().take(INPUT_MAX).read_to_end(&mut bytes);
    let cut = bytes.len() as u64 == INPUT_MAX;
    Input { bytes, cut }
}

/// The input's reading, dated by the session's last line, and the session, which gives the app more detail.
fn taken(environment: &Environment, input: &Input) -> Option<(Reading, Session)> {
    let told = status_line::read(&input.bytes).filter(|_| !input.cut)?;
    let now = environment.clock.now().wall;
    let written = told.session.transcript.as_ref().and_then(|path| std::fs::metadata(path).ok()?.modified().ok());
    let at = written.map_or(now, |written| environment.clock.wall_of(written).min(now));
    let session = told.session.clone();
    Some((told.reading(at)?, session))
}

fn note(environment: &Environment, source: &CredentialStore, reading: &Reading, session: &Session) {
    let address = app_client::address(environment);
    let config_dir = environment.variables(Provider::Anthropic).config_dir.map(PathBuf::from);
    let handover = reading_spool::Handover {
        data_dir: &environment.data_dir,
        address: &address,
        config_dir: config_dir.as_deref(),
        place: &source.real_place(),
    };
    reading_spool::hand_over(handover, reading, session);
}

/// Formats the session's reading; windows that it lacks come from the saved state.
fn line(environment: &Environment, source: &CredentialStore, told: Option<Reading>) -> String {
    let now = environment.clock.now();
    let state = Slots::read(&environment.data_dir).state;
    let known = state.and_then(|state| saved_reading(&state, environment, source));
    let told = told.map(|told| told.prepared(now.wall));
    let reading = match (known, told) {
        // The session belongs to another account: use only its own reading.
        (Some(known), Some(told)) if known.is_contradicted_by(&told, now.wall) => told,
        (Some(mut known), Some(told)) => {
            known.merge(told, now.wall);
            known
        }
        (Some(reading), None) | (None, Some(reading)) => reading,
        (None, None) => return String::new(),
    };
    ended(&reading, environment, now.wall)
}

/// The saved reading of the account in this folder, under any of the folder's names.
fn saved_reading(state: &State, environment: &Environment, source: &CredentialStore) -> Option<Reading> {
    let accounts: Vec<_> = state.active.iter().filter_map(|id| state.accounts.get(id)).collect();
    let at = |place: &str| accounts.iter().find(|account| account.sign_in.place == place);
    let account = at(&source.place()).or_else(|| {
        let settings = settings_file::read(&environment.data_dir).settings;
        at(&locations::in_force(environment, &locations::all(environment, &settings)))
    });
    account?.reading.clone()
}

fn ended(reading: &Reading, environment: &Environment, now: Wall) -> String {
    let settings = settings_file::read(&environment.data_dir).settings;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let paint = if plain { Paint::Plain } else { Paint::Ansi };
    let line = messages::status_line(reading, settings.percent, now, &local_time(&settings), paint);
    if line.is_empty() { line } else { line + "\n" }
}
