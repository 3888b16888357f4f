//! `holdoff ledger`: lists requests sent and withheld, and why.

use crate::saved_state::SavedState;
use crate::{UNAVAILABLE, style};
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::{AccountId, LocalTime, Wall, messages, text};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::history::{self, HistoryError};
use std::process::ExitCode;
use std::time::Duration;

pub fn run(environment: &Environment, since: Duration, json: bool, account: Option<&str>) -> ExitCode {
    let saved = SavedState::read(environment);
    let only = match account.map(|name| saved.account(Some(name))) {
        None => None,
        Some(Ok((id, _))) => Some(id.0.clone()),
        Some(Err(why)) => {
            eprintln!("holdoff: {why}");
            return ExitCode::from(UNAVAILABLE);
        }
    };
    let saved = saved.shown();
    let now = saved.now.wall;
    let from = Wall(now.0.saturating_sub(holdoff_core::time::millis(since)));
    let mut entries = match history::ledger(&environment.data_dir, from) {
        Ok(entries) => entries,
        Err(error) => {
            let then = match error {
                HistoryError::Damaged(_) => "The app sets it aside when it starts.",
                HistoryError::Newer { .. } | HistoryError::OutOfReach(_) => "Holdoff leaves it unchanged.",
            };
            eprintln!("holdoff: cannot read the history: {error}. {then}");
            return ExitCode::from(UNAVAILABLE);
        }
    };
    entries.retain(|entry| only.as_ref().is_none_or(|only| *only == entry.account));
    if json {
        let lines = entries.iter().filter_map(|entry| serde_json::to_string(entry).ok());
        return crate::print(&text::json(&lines.map(|line| line + "\n").collect::<String>()));
    }
    if entries.is_empty() {
        return crate::print(&format!(
            "No requests sent or withheld in the last {}.\n",
            messages::format_duration(since)
        ));
    }
    let zone = saved.local_time();
    let several = entries.iter().any(|entry| entry.account != entries[0].account);
    style::print(&entries.iter().map(|entry| line(entry, &saved, several, &zone)).collect::<String>())
}

fn line(entry: &LedgerEntry, saved: &SavedState, several: bool, zone: &LocalTime) -> String {
    let at = style::dim(&messages::date_and_time(entry.at, zone));
    let told = messages::ledger_line(entry, zone);
    if !several {
        return format!("{at}  {told}\n");
    }
    format!("{at}  {}  {told}\n", style::bold(&saved.label(&AccountId(entry.account.clone()))))
}
