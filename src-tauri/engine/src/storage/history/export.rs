//! Exports the history for other programs, streaming as it is read.

use super::{HistoryError, Reader, rows};
use crate::platform::fs;
use holdoff_core::Wall;
use holdoff_core::messages::rfc3339;
use holdoff_core::quota::Amount;
use holdoff_core::record::history::{EpisodeRecord, MoneyRecord, WindowRecord};
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent};
use holdoff_core::text::{self, csv_cell};
use serde::{Deserialize, Serialize};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// The exported tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The changes of each window.
    Windows,
    /// The changes of spending outside the plan.
    Money,
    /// The ledger.
    Requests,
    Episodes,
}

/// The export format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A file for each table.
    Csv,
    Json,
}

/// Exports the whole history of `dir` to new private files in `folder`. Returns their names.
///
/// # Errors
/// Fails if reading or writing fails; the unfinished file is then removed.
pub fn to_folder(dir: &Path, folder: &Path, stamp: &str, format: Format) -> Result<Vec<String>, HistoryError> {
    let Some(reader) = Reader::open(dir)? else {
        return Ok(Vec::new());
    };
    let since = Wall(i64::MIN);
    let mut names = Vec::new();
    let mut write = |name: String, fill: &dyn Fn(&mut dyn Write) -> Result<(), HistoryError>| {
        let path = folder.join(&name);
        let mut out = BufWriter::new(fs::create_new(&path)?);
        let written = fill(&mut out).and_then(|()| Ok(out.flush()?));
        if written.is_err() {
            let _ = std::fs::remove_file(path);
        } else {
            names.push(name);
        }
        written
    };
    match format {
        Format::Json => write(format!("holdoff-history-{stamp}.json"), &|out| json(&reader, since, out))?,
        Format::Csv => {
            let tables = [
                ("windows", Table::Windows),
                ("money", Table::Money),
                ("requests", Table::Requests),
                ("episodes", Table::Episodes),
            ];
            for (name, table) in tables {
                write(format!("holdoff-{name}-{stamp}.csv"), &|out| csv(&reader, table, since, out))?;
            }
        }
    }
    Ok(names)
}

/// Writes one table as CSV (RFC 4180) with a header line. Times are RFC 3339 in UTC.
///
/// # Errors
/// Fails if reading or writing fails.
pub fn csv(reader: &Reader, table: Table, since: Wall, out: impl Write) -> Result<(), HistoryError> {
    let mut out = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    let mut failed = None;
    let mut write = |record: csv::Result<()>| match record {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    };
    match table {
        Table::Windows => {
            let names = ["account", "window", "label", "used_percent", "resets_at", "at", "source"];
            let _ = write(out.write_record(names));
            reader.windows(since, &mut |record| write(out.serialize(WindowLine::of(&record, csv_cell))))?;
        }
        Table::Money => {
            let names = [
                "account",
                "money",
                "label",
                "used",
                "used_currency",
                "limit",
                "limit_currency",
                "used_percent",
                "note",
                "at",
                "source",
            ];
            let _ = write(out.write_record(names));
            reader.money(since, &mut |record| write(out.serialize(MoneyLine::of(&record, csv_cell))))?;
        }
        Table::Requests => {
            let names = ["at", "account", "endpoint", "event", "why", "outcome", "detail", "next_at"];
            let _ = write(out.write_record(names));
            reader.requests(since, &mut |entry| write(out.serialize(RequestLine::of(&entry, csv_cell))))?;
        }
        Table::Episodes => {
            let _ = write(out.write_record(["account", "kind", "began", "ended", "told"]));
            reader.episodes(since, &mut |record| write(out.serialize(EpisodeLine::of(&record, csv_cell))))?;
        }
    }
    match failed {
        Some(error) => Err(io::Error::other(error).into()),
        None => Ok(out.flush()?),
    }
}

/// Writes everything as one JSON object with the fields of the CSV; a field that does not apply is null.
///
/// # Errors
/// Fails if reading or writing fails.
pub fn json(reader: &Reader, since: Wall, mut out: impl Write) -> Result<(), HistoryError> {
    write!(out, "{{\"version\":1,\"windows\":")?;
    let mut list = List::begin(&mut out)?;
    reader.windows(since, &mut |record| list.add(&WindowLine::of(&record, as_it_is)))?;
    list.end()?;
    write!(out, ",\"money\":")?;
    let mut list = List::begin(&mut out)?;
    reader.money(since, &mut |record| list.add(&MoneyLine::of(&record, as_it_is)))?;
    list.end()?;
    write!(out, ",\"requests\":")?;
    let mut list = List::begin(&mut out)?;
    reader.requests(since, &mut |entry| list.add(&RequestLine::of(&entry, as_it_is)))?;
    list.end()?;
    write!(out, ",\"episodes\":")?;
    let mut list = List::begin(&mut out)?;
    reader.episodes(since, &mut |record| list.add(&EpisodeLine::of(&record, as_it_is)))?;
    list.end()?;
    writeln!(out, "}}")?;
    Ok(out.flush()?)
}

/// A JSON list with one item per line.
struct List<'a, W: Write> {
    out: &'a mut W,
    first: bool,
    failed: Option<io::Error>,
}

impl<'a, W: Write> List<'a, W> {
    fn begin(out: &'a mut W) -> io::Result<Self> {
        write!(out, "[")?;
        Ok(Self { out, first: true, failed: None })
    }

    fn add(&mut self, item: &impl Serialize) -> ControlFlow<()> {
        match self.try_add(item) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn try_add(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if std::mem::take(&mut self.first) { b"\n" } else { b",\n" })?;
        let json = serde_json::to_string(item)?;
        self.out.write_all(text::json(&json).as_bytes())
    }

    fn end(self) -> io::Result<()> {
        match self.failed {
            Some(error) => Err(error),
            None => self.out.write_all(b"\n]"),
        }
    }
}

#[derive(Serialize)]
struct WindowLine {
    account: String,
    window: String,
    label: String,
    used_percent: Option<f64>,
    resets_at: Option<String>,
    at: String,
    source: String,
}

/// Amounts are in whole units of their currency (ISO 4217).
#[derive(Serialize)]
struct MoneyLine {
    account: String,
    money: String,
    label: String,
    used: Option<f64>,
    used_currency: Option<String>,
    limit: Option<f64>,
    limit_currency: Option<String>,
    used_percent: Option<f64>,
    note: Option<String>,
    at: String,
    source: String,
}

#[derive(Serialize)]
struct RequestLine {
    at: String,
    account: String,
    endpoint: String,
    /// `sent`, `came` or `withheld`.
    event: &'static str,
    why: Option<String>,
    outcome: Option<String>,
    detail: Option<String>,
    next_at: Option<String>,
}

#[derive(Serialize)]
struct EpisodeLine {
    account: String,
    kind: String,
    began: String,
    ended: Option<String>,
    told: String,
}

impl WindowLine {
    fn of(record: &WindowRecord, text: fn(&str) -> String) -> Self {
        Self {
            account: text(&record.account.0),
            window: text(&record.window),
            label: text(&record.label),
            used_percent: record.used_percent,
            resets_at: record.resets_at.map(rfc3339),
            at: rfc3339(record.at),
            source: rows::text(&record.source),
        }
    }
}

impl MoneyLine {
    fn of(record: &MoneyRecord, text: fn(&str) -> String) -> Self {
        let MoneyRecord { account, money, at, source } = record;
        let currency = |amount: &Option<Amount>| amount.as_ref().map(|amount| text(&amount.currency));
        Self {
            account: text(&account.0),
            money: text(&money.id),
            label: text(&money.label),
            used: money.used.as_ref().map(Amount::in_units),
            used_currency: currency(&money.used),
            limit: money.limit.as_ref().map(Amount::in_units),
            limit_currency: currency(&money.limit),
            used_percent: money.used_percent,
            note: money.note.as_deref().map(text),
            at: rfc3339(*at),
            source: rows::text(source),
        }
    }
}

impl RequestLine {
    fn of(entry: &LedgerEntry, text: fn(&str) -> String) -> Self {
        let (event, why, outcome, detail) = match entry.event.clone() {
            LedgerEvent::Sent { why } => ("sent", Some(rows::text(&why)), None, None),
            LedgerEvent::Completed { outcome, detail } => ("came", None, Some(rows::text(&outcome)), detail),
            LedgerEvent::Withheld { why, because } => ("withheld", Some(rows::text(&why)), None, Some(because.into())),
        };
        Self {
            at: rfc3339(entry.at),
            account: text(&entry.account),
            endpoint: rows::text(&entry.endpoint),
            event,
            why,
            outcome,
            detail: detail.as_deref().map(text),
            next_at: entry.next_at.map(rfc3339),
        }
    }
}

impl EpisodeLine {
    fn of(record: &EpisodeRecord, text: fn(&str) -> String) -> Self {
        Self {
            account: text(&record.account.0),
            kind: rows::text(&record.kind),
            began: rfc3339(record.began),
            ended: record.ended.map(rfc3339),
            told: rows::text(&record.announced),
        }
    }
}

fn as_it_is(text: &str) -> String {
    text.to_owned()
}
