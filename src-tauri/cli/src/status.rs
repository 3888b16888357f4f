//! `holdoff status`: prints the current usage from the saved state.

mod watch;

use crate::saved_state::SavedState;
use crate::{UNAVAILABLE, app_client, style};
use holdoff_core::account::label;
use holdoff_core::credential::sign_in_flow::SignInFlow;
use holdoff_core::quota::Level;
use holdoff_core::status::format::FormatInput;
use holdoff_core::status::template::Format;
use holdoff_core::{AccountId, AccountState, AccountStatus, LocalTime, Report, messages};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::user_dir;
use holdoff_engine::platform::user_dir::UserDir;
use std::fmt::Write;
use std::process::ExitCode;

/// The output options.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    pub json: bool,
    pub format: Option<&'a Format>,
    pub account: Option<&'a str>,
    pub window: Option<&'a str>,
}

pub fn run(environment: &Environment, form: Form<'_>, watch: bool) -> ExitCode {
    if watch {
        return watch::run(environment, form);
    }
    match read(environment, form.account) {
        Ok(saved) => {
            saved.print_problems();
            match render(environment, &saved, form, Lines::Many) {
                Ok(text) => style::print(&text),
                Err(code) => code,
            }
        }
        Err(code) => code,
    }
}

fn read(environment: &Environment, account: Option<&str>) -> Result<SavedState, ExitCode> {
    let mut saved = SavedState::read(environment);
    match account.map(|name| saved.only(name)) {
        None | Some(Ok(())) => Ok(saved.shown()),
        Some(Err(why)) => {
            eprintln!("holdoff: {why}");
            Err(ExitCode::from(UNAVAILABLE))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

fn render(environment: &Environment, saved: &SavedState, form: Form<'_>, lines: Lines) -> Result<String, ExitCode> {
    if let Some(format) = form.format {
        return bar_line(saved, format, form.window);
    }
    if form.json {
        let report = Report::of(&saved.state, saved.now, &saved.settings);
        let text = match lines {
            Lines::One => serde_json::to_string(&report),
            Lines::Many => serde_json::to_string_pretty(&report),
        };
        return Ok(holdoff_core::text::json(&text.unwrap_or_default()) + "\n");
    }
    let mut text = text(saved);
    if saved.state.accounts.is_empty() {
        let others = UserDir::of(environment).other_data_dirs();
        user_dir::about_others(&environment.data_dir, &others).iter().for_each(|about| text += &format!("{about}\n"));
    }
    if !app_client::is_running(environment) {
        text.push_str("The tray app is not running, so usage is not checked. Start it with: holdoff\n");
    }
    Ok(text)
}

/// The line of `--format`.
fn bar_line(saved: &SavedState, format: &Format, window: Option<&str>) -> Result<String, ExitCode> {
    let zone = saved.local_time();
    let input = FormatInput { state: &saved.state, settings: &saved.settings, now: saved.now, zone: &zone, window };
    match format.line(&input) {
        Ok(line) => Ok(line + "\n"),
        Err(none) => {
            eprintln!("holdoff: {}", messages::no_such_window(&none.known));
            Err(ExitCode::from(UNAVAILABLE))
        }
    }
}

fn text(saved: &SavedState) -> String {
    let zone = saved.local_time();
    let accounts = saved.state.active.iter().filter_map(|id| saved.state.accounts.get_key_value(id));
    let accounts: Vec<String> = accounts.map(|(id, account)| account_text(id, account, saved, &zone)).collect();
    let off = switched_off(saved);
    match (accounts.is_empty(), off.is_empty()) {
        (true, true) => format!("{}\n", messages::NO_READINGS),
        (true, false) => off,
        (false, true) => accounts.join("\n"),
        (false, false) => format!("{}\n{off}", accounts.join("\n")),
    }
}

/// Lists the accounts that the user switched off.
fn switched_off(saved: &SavedState) -> String {
    let mut names: Vec<String> = Vec::new();
    for place in &saved.state.places {
        let Some(id) = place.account.as_ref().filter(|id| !saved.settings.is_enabled(id)) else { continue };
        let name = label::label_of(id, &place.sign_in, &saved.state, &saved.settings);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { String::new() } else { format!("Switched off in the settings: {}.\n", names.join(", ")) }
}

fn account_text(id: &AccountId, account: &AccountState, saved: &SavedState, zone: &LocalTime) -> String {
    let status = saved.status(account);
    let mut out = style::bold(&saved.label(id));
    if let Some(plan) = &account.sign_in.plan {
        let _ = write!(out, " ({plan})");
    }
    out.push('\n');
    write_reading(&mut out, &status, saved, zone);
    for line in messages::status(&status, zone) {
        let _ = writeln!(out, "  {line}");
    }
    if matches!(status.sign_in_flow, SignInFlow::SignIn(_)) {
        let sign_in = messages::sign_in(&status, zone);
        let how = messages::how_to_sign_in(account);
        let _ = writeln!(out, "  {}: {} {how}", sign_in.title, sign_in.text);
    }
    out
}

fn write_reading(out: &mut String, status: &AccountStatus<'_>, saved: &SavedState, zone: &LocalTime) {
    let account = status.account;
    let (now, settings) = (saved.now.wall, &saved.settings);
    let Some(reading) = &account.reading else {
        return;
    };
    for window in &reading.windows {
        let line = messages::window_line(window, settings.percent, now, zone);
        let line = match window.level(now) {
            Level::Used(used) => style::by_level(&line, used),
            Level::Reset | Level::Unknown => line,
        };
        let binding = if window.binding { " (limits now)" } else { "" };
        let own_age = messages::own_age(reading, window, account.provider, now);
        let own_age = own_age.map(|age| style::dim(&format!(", read {age}"))).unwrap_or_default();
        let _ = writeln!(out, "  {line}{binding}{own_age}");
    }
    for money in &reading.money {
        let _ = writeln!(out, "  {}", messages::money_line(money));
    }
    let age = messages::format_duration(now.since(reading.at));
    let old = if status.is_stale { " (stale)" } else { "" };
    let source = messages::source(reading.source, account.provider);
    let _ = writeln!(out, "  Read {age} ago from {source}{old}.");
}
