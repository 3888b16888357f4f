//! `holdoff history`: how each window was used, for people and for other programs.

use crate::args::{History, Table};
use crate::known::Known;
use crate::{UNAVAILABLE, paint};
use holdoff_core::history::WindowRecord;
use holdoff_core::{Wall, words};
use holdoff_engine::environment::Environment;
use holdoff_engine::history::{self, HistoryError, Reader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

/// How far back is told of, if nobody says otherwise.
const SINCE: Duration = Duration::from_secs(86_400);

pub fn run(environment: &Environment, args: &History) -> ExitCode {
    let now = environment.clock.now().wall;
    let since = |time: Duration| Wall(now.0.saturating_sub(holdoff_core::time::millis(time)));
    let told = match Reader::open(&environment.data_dir) {
        Ok(Some(reader)) if args.backtest => backtest(environment, &reader, args.since.map_or(Wall(i64::MIN), since)),
        Ok(Some(reader)) => tell(environment, &reader, args, since(args.since.unwrap_or(SINCE))),
        Ok(None) => {
            eprintln!("holdoff: there is no history yet. It begins with the app's first reading.");
            return ExitCode::from(UNAVAILABLE);
        }
        Err(error) => Err(error),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdoff: the history could not be told to the end: {error}");
            ExitCode::from(UNAVAILABLE)
        }
    }
}

fn tell(environment: &Environment, reader: &Reader, args: &History, since: Wall) -> Result<(), HistoryError> {
    let mut out = Ending { inner: BufWriter::new(std::io::stdout().lock()), closed: false };
    if args.json {
        return history::json(reader, since, &mut out);
    }
    if let Some(table) = args.csv {
        let table = match table {
            Table::Windows => history::Table::Windows,
            Table::Requests => history::Table::Requests,
            Table::Episodes => history::Table::Episodes,
        };
        return history::csv(reader, table, since, &mut out);
    }
    drop(out);
    lines(environment, reader, args, since)
}

/// How good the forecasts for each window would have been.
fn backtest(environment: &Environment, reader: &Reader, since: Wall) -> Result<(), HistoryError> {
    let known = Known::read(environment);
    let verdicts = reader.backtest(since)?;
    let judged = verdicts.iter().filter(|(_, verdict)| verdict.cycles > 0);
    let told: Vec<String> =
        judged.map(|(account, verdict)| format!("{}: {}", known.label(account), words::backtest(verdict))).collect();
    if told.is_empty() {
        crate::print("There is nothing to hold forecasts against yet: no window was read twice between two resets.\n");
    } else {
        crate::print(&format!("{}\n", told.join("\n\n")));
    }
    Ok(())
}

/// One window after the other, each with its course.
fn lines(environment: &Environment, reader: &Reader, args: &History, since: Wall) -> Result<(), HistoryError> {
    let known = Known::read(environment);
    let zone = TimeZone::system();
    let mut before: Option<(String, String)> = None;
    let mut closed = false;
    reader.windows(since, &mut |record| {
        let heading = (record.account.0.clone(), record.window.clone());
        let mut text = String::new();
        if before.as_ref() != Some(&heading) {
            let gap = if before.is_some() { "\n" } else { "" };
            let account = known.label(&record.account);
            text = format!("{gap}{}\n", paint::bold(&format!("{account}: {}", record.label)));
            before = Some(heading);
        }
        text += &line(&record, &zone);
        closed = paint::try_print(&text).is_err();
        if closed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if before.is_none() && !closed {
        crate::print(&format!("Nothing was read in the last {}.\n", words::span(args.since.unwrap_or(SINCE))));
    }
    Ok(())
}

fn line(record: &WindowRecord, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(record.at.0).unwrap_or_default().to_zoned(zone.clone());
    let at = paint::dim(&at.strftime("%Y-%m-%d %H:%M").to_string());
    let used = record.used_percent.map_or_else(|| "—".to_owned(), words::percent);
    let used = paint::by_level(&format!("{used:>6}"), record.used_percent.unwrap_or_default());
    let resets = record.resets_at.map(|resets| format!("  resets {}", words::clock(resets, record.at, zone)));
    format!("  {at}  {used}{}\n", resets.unwrap_or_default())
}

/// Takes a closed pipe for an end and not for an error.
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
