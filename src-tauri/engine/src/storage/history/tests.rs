mod durability;
mod export;
mod foreign_file;
mod migration;
mod retention;

use super::*;
use crate::platform::clock::Clock;
use holdoff_core::notification::Announced;
use holdoff_core::quota::{Amount, Spend};
use holdoff_core::record::history::{EpisodeKind, EpisodeRecord, MoneyRecord, WindowRecord};
use holdoff_core::record::ledger::{LedgerEvent, OutcomeKind, Trigger};
use holdoff_core::{AccountId, Endpoint, Source, Wall};
use std::ops::ControlFlow;
use std::path::Path;
use tempfile::TempDir;

const NOON: Wall = Wall(1_789_387_200_000);
const DAY: Duration = Duration::from_secs(86_400);
const LIMITS: Limits = Limits { age: Duration::from_secs(365 * 86_400), size: 64 * 1024 * 1024 };

fn after(secs: u64) -> Wall {
    NOON.plus(Duration::from_secs(secs))
}

fn request(at: Wall, event: LedgerEvent) -> LedgerEntry {
    let account = "anthropic:ann".into();
    LedgerEntry {
        at,
        account,
        endpoint: Endpoint::Usage.into(),
        event,
        next_at: Some(at.plus(Duration::from_secs(300))),
    }
}

fn sent(at: Wall) -> LedgerEntry {
    request(at, LedgerEvent::Sent { why: Trigger::Poll })
}

fn window(key: &str, at: Wall, used: f64) -> WindowRecord {
    WindowRecord {
        account: AccountId("anthropic:ann".into()),
        window: key.into(),
        label: "5-hour".into(),
        duration_s: Some(18_000),
        used_percent: Some(used),
        resets_at: Some(after(18_000)),
        at,
        source: Source::StatusLine,
    }
}

fn episode(ended: Option<Wall>) -> EpisodeRecord {
    let account = AccountId("anthropic:ann".into());
    EpisodeRecord { account, kind: EpisodeKind::UsageLimit, began: NOON, ended, announced: Announced::Shown }
}

/// Extra usage: so many cents of a hundred dollars.
fn spent(at: Wall, minor: i64) -> MoneyRecord {
    let amount = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
    let money = Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used: amount(minor),
        limit: amount(10_000),
        used_percent: Some(minor as f64 / 100.0),
        note: None,
    };
    MoneyRecord { account: AccountId("anthropic:ann".into()), money, at, source: Source::UsageEndpoint }
}

fn paid(records: impl IntoIterator<Item = MoneyRecord>) -> Vec<Row> {
    records.into_iter().map(|record| Row::Record(HistoryRecord::Money(record))).collect()
}

fn rows(records: impl IntoIterator<Item = WindowRecord>) -> Vec<Row> {
    records.into_iter().map(|record| Row::Record(HistoryRecord::Window(record))).collect()
}

fn open_in(dir: &Path) -> Opened {
    open(dir, "t", DAY)
}

/// A folder whose history holds these.
fn with(rows: &[Row]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    open_in(dir.path()).store.unwrap().write(rows).unwrap();
    dir
}

fn reader(dir: &Path) -> Reader {
    Reader::open(dir).unwrap().expect("a history")
}

fn requests(dir: &Path) -> Vec<LedgerEntry> {
    let mut found = Vec::new();
    let mut each = |entry| {
        found.push(entry);
        ControlFlow::Continue(())
    };
    reader(dir).requests(Wall(0), &mut each).unwrap();
    found
}

fn windows(dir: &Path) -> Vec<WindowRecord> {
    let mut found = Vec::new();
    let mut each = |record| {
        found.push(record);
        ControlFlow::Continue(())
    };
    reader(dir).windows(Wall(0), &mut each).unwrap();
    found
}

fn money(dir: &Path) -> Vec<MoneyRecord> {
    let mut found = Vec::new();
    let mut each = |record| {
        found.push(record);
        ControlFlow::Continue(())
    };
    reader(dir).money(Wall(0), &mut each).unwrap();
    found
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
