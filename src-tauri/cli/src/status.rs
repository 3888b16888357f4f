//! `holdoff status`: what is known now, from the state on disk.

use crate::{print, refresh};
use holdoff_core::{AccountId, AccountState, Moment, Report, Settings, State, report, words};
use holdoff_engine::environment::Environment;
use holdoff_engine::settings_file;
use holdoff_engine::slots::Slots;
use jiff::tz::TimeZone;
use std::fmt::Write;
use std::process::ExitCode;

pub fn run(environment: &Environment, json: bool) -> ExitCode {
    let slots = Slots::read(&environment.data_dir);
    for (path, why) in &slots.damaged {
        eprintln!("holdoff: {} cannot be used: {why}. The app keeps it aside when it starts.", path.display());
    }
    let settings = settings_file::read(&environment.data_dir);
    for problem in &settings.problems {
        eprintln!("holdoff: {problem}");
    }
    let clock = &environment.clock;
    let now = clock.now();
    let mut state = slots.state.unwrap_or_else(|| State::new(clock.boot_id()));
    state.carry_to(&clock.boot_id(), now);
    let settings = settings.settings;
    if json {
        let report = Report::of(&state, now, &settings);
        return match serde_json::to_string_pretty(&report) {
            Ok(text) => print(&(text + "\n")),
            Err(error) => {
                eprintln!("holdoff: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut text = text(&state, &settings, now);
    if refresh::connect(environment).is_none() {
        text.push_str("The tray app is not running, so nothing is asked. Start it with: holdoff\n");
    }
    print(&text)
}

fn text(state: &State, settings: &Settings, now: Moment) -> String {
    let zone = TimeZone::system();
    let accounts: Vec<String> = state
        .active
        .iter()
        .filter_map(|id| Some(account_text(id, state.accounts.get(id)?, settings, now, &zone)))
        .collect();
    if accounts.is_empty() {
        return "Nothing is known yet: Holdoff has not read anything on this computer.\n".to_owned();
    }
    accounts.join("\n")
}

fn account_text(id: &AccountId, account: &AccountState, settings: &Settings, now: Moment, zone: &TimeZone) -> String {
    let mut out = report::label(id, account, settings);
    if let Some(plan) = &account.sign_in.plan {
        let _ = write!(out, " ({plan})");
    }
    out.push('\n');
    if let Some(reading) = &account.reading {
        for window in &reading.windows {
            let line = words::window_line(window, settings.percent, now.wall, zone);
            let binding = if window.binding { " (limits now)" } else { "" };
            let own_age = words::own_age(reading, window, account.provider, now.wall);
            let own_age = own_age.map(|age| format!(", read {age}")).unwrap_or_default();
            let _ = writeln!(out, "  {line}{binding}{own_age}");
        }
        for money in &reading.money {
            let _ = writeln!(out, "  {}", words::money_line(money));
        }
        let age = words::span(now.wall.since(reading.at));
        let old =
            if report::is_stale(reading.at, now.wall, settings.polling_interval) { ", an old reading" } else { "" };
        let source = words::source(reading.source, account.provider);
        let _ = writeln!(out, "  Read {age} ago from {source}{old}.");
    }
    let _ = writeln!(out, "  {}", words::status(account, now, zone));
    let sign_in = words::sign_in(account, now.wall);
    if let Some(command) = sign_in.command {
        let _ = writeln!(out, "  {}: {} Sign in with: {command}", sign_in.title, sign_in.text);
    }
    out
}
