//! Converts rows to and from the tables. Names are those of `status --json`.

use super::Row;
use holdoff_core::quota::{Amount, Spend};
use holdoff_core::record::history::{EpisodeRecord, HistoryRecord, MoneyRecord, WindowRecord};
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent};
use holdoff_core::text::{LONG_NAME_MAX, clean};
use holdoff_core::{AccountId, Source, Wall};
use rusqlite::{Connection, OptionalExtension, Row as Columns, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub const REQUESTS: &str = "SELECT request.at, account.name, endpoint, event, what, detail, next_at
    FROM request JOIN account ON account.id = request.account";
/// Iterates over the few windows, each in the order in which its readings are stored.
pub const READINGS: &str = "SELECT account.name, quota.key, quota.label, quota.duration_s, used, resets_at, at, source
    FROM quota JOIN account ON account.id = quota.account CROSS JOIN reading ON reading.quota = quota.id";
pub const MONEY: &str = "SELECT account.name, key, label, used_minor, used_currency, used_exponent, limit_minor,
    limit_currency, limit_exponent, used_percent, note, at, source
    FROM money JOIN account ON account.id = money.account";
pub const EPISODES: &str = "SELECT account.name, kind, began, ended, told
    FROM episode JOIN account ON account.id = episode.account";

/// Writes one row within the current transaction.
///
/// # Errors
/// Fails on an SQLite error.
pub fn write(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    match row {
        Row::Request(entry) => write_request(connection, entry),
        Row::Record(HistoryRecord::Window(record)) => write_window(connection, record),
        Row::Record(HistoryRecord::Money(record)) => write_money(connection, record),
        Row::Record(HistoryRecord::Episode(record)) => write_episode(connection, record),
        Row::Renamed { from, into } => rename(connection, from, into),
    }
}

/// If the new name already has rows, both stay.
fn rename(connection: &Connection, from: &AccountId, into: &AccountId) -> rusqlite::Result<()> {
    let sql = "UPDATE OR IGNORE account SET name = ? WHERE name = ?";
    connection.prepare_cached(sql)?.execute(params![into.0, from.0])?;
    Ok(())
}

fn write_request(connection: &Connection, entry: &LedgerEntry) -> rusqlite::Result<()> {
    let (event, what, detail) = match &entry.event {
        LedgerEvent::Sent { why } => ("sent", text(why), None),
        LedgerEvent::Completed { outcome, detail } => ("came", text(outcome), detail.clone()),
        LedgerEvent::Withheld { why, because } => ("withheld", text(why), Some(because.clone().into())),
    };
    let account = account(connection, &entry.account)?;
    let sql = "INSERT INTO request (at, account, endpoint, event, what, detail, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let next_at = entry.next_at.map(|at| at.0);
    connection.prepare_cached(sql)?.execute(params![
        entry.at.0,
        account,
        text(&entry.endpoint),
        event,
        what,
        detail,
        next_at
    ])?;
    Ok(())
}

/// A second reading of the same moment replaces the first.
fn write_window(connection: &Connection, record: &WindowRecord) -> rusqlite::Result<()> {
    let quota = quota(connection, record)?;
    let sql = "INSERT INTO reading (quota, at, used, resets_at, source) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET used = excluded.used, resets_at = excluded.resets_at, source = excluded.source";
    let resets_at = record.resets_at.map(|at| at.0);
    let source = source_number(record.source);
    connection.prepare_cached(sql)?.execute(params![quota, record.at.0, record.used_percent, resets_at, source])?;
    Ok(())
}

fn write_money(connection: &Connection, record: &MoneyRecord) -> rusqlite::Result<()> {
    let account = account(connection, &record.account.0)?;
    let sql = "INSERT OR REPLACE INTO money (account, key, at, label, used_minor, used_currency, used_exponent,
        limit_minor, limit_currency, limit_exponent, used_percent, note, source)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (money, at, source) = (&record.money, record.at.0, source_number(record.source));
    let [used, limit] = [&money.used, &money.limit].map(Option::as_ref);
    connection.prepare_cached(sql)?.execute(params![
        account,
        money.id,
        at,
        money.label,
        used.map(|amount| amount.minor),
        used.map(|amount| &amount.currency),
        used.map(|amount| amount.exponent),
        limit.map(|amount| amount.minor),
        limit.map(|amount| &amount.currency),
        limit.map(|amount| amount.exponent),
        money.used_percent,
        money.note,
        source
    ])?;
    Ok(())
}

fn write_episode(connection: &Connection, record: &EpisodeRecord) -> rusqlite::Result<()> {
    let account = account(connection, &record.account.0)?;
    let sql = "INSERT INTO episode (account, kind, began, ended, told) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET ended = excluded.ended, told = excluded.told";
    let ended = record.ended.map(|at| at.0);
    connection.prepare_cached(sql)?.execute(params![
        account,
        text(&record.kind),
        record.began.0,
        ended,
        text(&record.announced)
    ])?;
    Ok(())
}

fn account(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let known = connection
        .prepare_cached("SELECT id FROM account WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => connection
            .prepare_cached("INSERT INTO account (name) VALUES (?) RETURNING id")?
            .query_row([name], |row| row.get(0)),
    }
}

fn quota(connection: &Connection, record: &WindowRecord) -> rusqlite::Result<i64> {
    let account = account(connection, &record.account.0)?;
    let duration = record.duration_s.and_then(|secs| i64::try_from(secs).ok());
    let known: Option<(i64, String, Option<i64>)> = connection
        .prepare_cached("SELECT id, label, duration_s FROM quota WHERE account = ? AND key = ?")?
        .query_row(params![account, record.window], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match known {
        Some((id, label, known)) if label == record.label && known == duration => Ok(id),
        Some(_) | None => connection
            .prepare_cached(
                "INSERT INTO quota (account, key, label, duration_s) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET label = excluded.label, duration_s = excluded.duration_s RETURNING id",
            )?
            .query_row(params![account, record.window, record.label, duration], |row| row.get(0)),
    }
}

/// `None` if another version wrote the row with values that this one does not know.
///
/// # Errors
/// Fails on an SQLite error.
pub fn request(row: &Columns<'_>) -> rusqlite::Result<Option<LedgerEntry>> {
    let (event, what): (String, String) = (row.get(3)?, row.get(4)?);
    let detail: Option<String> = row.get(5)?;
    let event = match event.as_str() {
        "sent" => parse(&what).map(|why| LedgerEvent::Sent { why }),
        "came" => parse(&what).map(|outcome| LedgerEvent::Completed { outcome, detail }),
        "withheld" => parse(&what).map(|why| LedgerEvent::Withheld { why, because: detail.unwrap_or_default().into() }),
        _ => None,
    };
    let endpoint = parse(&row.get::<_, String>(2)?);
    let (at, account) = (Wall(row.get(0)?), row.get(1)?);
    let next_at = row.get::<_, Option<i64>>(6)?.map(Wall);
    Ok(event.zip(endpoint).map(|(event, endpoint)| LedgerEntry { at, account, endpoint, event, next_at }))
}

/// # Errors
/// Fails on an SQLite error.
pub fn window(row: &Columns<'_>) -> rusqlite::Result<Option<WindowRecord>> {
    let Some(source) = source(row.get(7)?) else {
        return Ok(None);
    };
    Ok(Some(WindowRecord {
        account: AccountId(row.get(0)?),
        window: name(row, 1)?,
        label: name(row, 2)?,
        duration_s: row.get::<_, Option<i64>>(3)?.and_then(|secs| u64::try_from(secs).ok()),
        used_percent: row.get(4)?,
        resets_at: row.get::<_, Option<i64>>(5)?.map(Wall),
        at: Wall(row.get(6)?),
        source,
    }))
}

/// # Errors
/// Fails on an SQLite error.
pub fn money(row: &Columns<'_>) -> rusqlite::Result<Option<MoneyRecord>> {
    let Some(source) = source(row.get(12)?) else {
        return Ok(None);
    };
    let money = Spend {
        id: name(row, 1)?,
        label: name(row, 2)?,
        used: amount(row, 3)?,
        limit: amount(row, 6)?,
        used_percent: row.get(9)?,
        note: row.get::<_, Option<String>>(10)?.map(|note| clean(&note, LONG_NAME_MAX)),
    };
    Ok(Some(MoneyRecord { account: AccountId(row.get(0)?), money, at: Wall(row.get(11)?), source }))
}

/// An earlier version may have stored the name without cleaning it.
fn name(row: &Columns<'_>, column: usize) -> rusqlite::Result<String> {
    row.get::<_, String>(column).map(|name| clean(&name, LONG_NAME_MAX))
}

/// The amount in three columns from `first`.
fn amount(row: &Columns<'_>, first: usize) -> rusqlite::Result<Option<Amount>> {
    let Some(minor) = row.get(first)? else {
        return Ok(None);
    };
    Ok(Some(Amount { minor, currency: name(row, first + 1)?, exponent: row.get(first + 2)? }))
}

/// # Errors
/// Fails on an SQLite error.
pub fn episode(row: &Columns<'_>) -> rusqlite::Result<Option<EpisodeRecord>> {
    let (kind, announced) = (parse(&row.get::<_, String>(1)?), parse(&row.get::<_, String>(4)?));
    let (account, began) = (AccountId(row.get(0)?), Wall(row.get(2)?));
    let ended = row.get::<_, Option<i64>>(3)?.map(Wall);
    Ok(kind.zip(announced).map(|(kind, announced)| EpisodeRecord { account, kind, began, ended, announced }))
}

/// Stored as a number, because there may be a million of them.
fn source_number(source: Source) -> u8 {
    match source {
        Source::UsageEndpoint => 0,
        Source::StatusLine => 1,
        Source::OwnerCache => 2,
    }
}

fn source(number: u8) -> Option<Source> {
    [Source::UsageEndpoint, Source::StatusLine, Source::OwnerCache].get(usize::from(number)).copied()
}

/// The name of a unit variant, as in `status --json`.
pub fn text(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(_) | Err(_) => String::new(),
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}
