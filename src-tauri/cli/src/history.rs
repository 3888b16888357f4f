//! `holdoff history`: prints the usage of each window and spending, as text or for other programs.

use crate::args::{History, Table};
use crate::saved_state::SavedState;
use crate::{UNAVAILABLE, style};
use holdoff_core::record::history::WindowRecord;
use holdoff_core::{AccountId, LocalTime, Wall, messages};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::history;
use holdoff_engine::storage::history::{HistoryError, Reader};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

/// The default time span.
const SINCE: Duration = Duration::from_secs(86_400);

pub fn run(environment: &Environment, args: &History) -> ExitCode {
    let now = environment.clock.now().wall;
    let since = |time: Duration| Wall(now.0.saturating_sub(holdoff_core::time::millis(time)));
    let told = match Reader::open(&environment.data_dir) {
        Ok(Some(reader)) if args.backtest => backtest(environment, &reader, args.since.map_or(Wall(i64::MIN), since)),
        Ok(Some(reader)) => print_history(environment, &reader, args, since(args.since.unwrap_or(SINCE))),
        Ok(None) => {
            eprintln!("holdoff: there is no history yet. It begins with the app's first reading.");
            return ExitCode::from(UNAVAILABLE);
        }
        Err(error) => Err(error),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdoff: could not print the whole history: {error}");
            ExitCode::from(UNAVAILABLE)
        }
    }
}

fn print_history(environment: &Environment, reader: &Reader, args: &History, since: Wall) -> Result<(), HistoryError> {
    let mut out = Ending { inner: BufWriter::new(std::io::stdout().lock()), closed: false };
    if args.json {
        return history::json(reader, since, &mut out);
    }
    if let Some(table) = args.csv {
        let table = match table {
            Table::Windows => history::Table::Windows,
            Table::Money => history::Table::Money,
            Table::Requests => history::Table::Requests,
            Table::Episodes => history::Table::Episodes,
        };
        return history::csv(reader, table, since, &mut out);
    }
    drop(out);
    lines(environment, reader, args, since)
}

/// Prints the backtest of each window's forecasts.
fn backtest(environment: &Environment, reader: &Reader, since: Wall) -> Result<(), HistoryError> {
    let saved = SavedState::read(environment).shown();
    let results = reader.backtest(since)?;
    let judged = results.iter().filter(|(_, result)| result.cycles > 0);
    let told: Vec<String> =
        judged.map(|(account, result)| format!("{}: {}", saved.label(account), messages::backtest(result))).collect();
    if told.is_empty() {
        crate::print("Not enough history for a backtest: no window was read twice between two resets.\n");
    } else {
        crate::print(&format!("{}\n", told.join("\n\n")));
    }
    Ok(())
}

/// Prints the changes of each window in turn, then spending.
fn lines(environment: &Environment, reader: &Reader, args: &History, since: Wall) -> Result<(), HistoryError> {
    let saved = SavedState::read(environment).shown();
    let mut printer = HistoryPrinter { zone: saved.local_time(), saved, heading: None, closed: false };
    reader.windows(since, &mut |record| {
        let line = level(&record, &printer.zone);
        printer.print(&record.account, (&record.window, &record.label), record.at, &line)
    })?;
    if !printer.closed {
        reader.money(since, &mut |record| {
            let money = &record.money;
            printer.print(&record.account, (&money.id, &money.label), record.at, &messages::money_level(money))
        })?;
    }
    if printer.heading.is_none() {
        crate::print(&format!("No readings in the last {}.\n", messages::format_duration(args.since.unwrap_or(SINCE))));
    }
    Ok(())
}

fn level(record: &WindowRecord, zone: &LocalTime) -> String {
    let used = record.used_percent.map_or_else(|| "—".to_owned(), messages::percent);
    let used = style::by_level(&format!("{used:>6}"), record.used_percent.unwrap_or_default());
    let resets = record.resets_at.map(|resets| format!("  resets {}", messages::resets(resets, record.at, zone)));
    format!("{used}{}", resets.unwrap_or_default())
}

/// Groups the lines of each window or spending item under a heading.
struct HistoryPrinter {
    saved: SavedState,
    zone: LocalTime,
    /// The current heading.
    heading: Option<(AccountId, String)>,
    /// The reader has closed the pipe.
    closed: bool,
}

impl HistoryPrinter {
    fn print(&mut self, account: &AccountId, (id, label): (&str, &str), at: Wall, line: &str) -> ControlFlow<()> {
        let mut text = String::new();
        if !self.heading.as_ref().is_some_and(|(before, of)| before == account && of == id) {
            let gap = if self.heading.is_some() { "\n" } else { "" };
            text = format!("{gap}{}\n", style::bold(&format!("{}: {label}", self.saved.label(account))));
            self.heading = Some((account.clone(), id.to_owned()));
        }
        text += &format!("  {}  {line}\n", style::dim(&messages::date_and_minute(at, &self.zone)));
        self.closed = style::try_print(&text).is_err();
        if self.closed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Treats a closed pipe as the end, not as an error.
struct Ending<W: Write> {
    inner: W,
    closed: bool,
}

impl<W: Write> Ending<W> {
    fn settle<T>(&mut self, result: std::io::Result<T>, done: T) -> std::io::Result<T> {
        match result {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(done)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for Ending<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.settle(written, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.inner.flush();
        self.settle(flushed, ())
    }
}
