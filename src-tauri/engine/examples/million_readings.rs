//! What a history of a million readings costs: `cargo run --release -p holdoff-engine --example million_readings`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement ends where it fails")]

use holdoff_core::record::history::{HistoryRecord, WindowRecord};
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent, Trigger};
use holdoff_core::time::millis;
use holdoff_core::{AccountId, Endpoint, Source, Wall};
use holdoff_engine::platform::clock::Clock;
use holdoff_engine::storage::history;
use holdoff_engine::storage::history::{History, Limits, Reader, Retention, Row, Table};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

const WINDOWS: [(&str, u64); 4] =
    [("five_hour", 18_000), ("seven_day", 604_800), ("weekly_scoped:fable", 604_800), ("weekly_scoped:opus", 604_800)];
const READINGS: usize = 1_000_000;
const REQUESTS: usize = 100_000;
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);

fn main() {
    let dir = tempfile::tempdir_in(std::env::var_os("HOLDOFF_BENCH_DIR").unwrap_or_else(|| "/tmp".into())).unwrap();
    let now = Clock::real().now().wall;
    fill(dir.path(), now);
    start(dir.path());
    query(dir.path(), now);
    retain(dir.path(), now);
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    println!("{what:<58} {:>9.1} ms", begun.elapsed().as_secs_f64() * 1000.0);
    result
}

fn ago(now: Wall, time: Duration) -> Wall {
    Wall(now.0 - millis(time))
}

/// A year of readings that each changed something, and the requests beside them.
fn fill(dir: &Path, now: Wall) {
    let mut store = history::open(dir, "bench", DAY).store.unwrap();
    let step = millis(YEAR) / i64::try_from(READINGS / WINDOWS.len()).unwrap();
    let rows = (0..READINGS).map(|n| {
        let (key, length) = WINDOWS[n % WINDOWS.len()];
        let at = ago(now, YEAR).0 + i64::try_from(n / WINDOWS.len()).unwrap() * step;
        let cycle = i64::try_from(length).unwrap() * 1000;
        let used = (at % cycle) as f64 / cycle as f64 * 100.0;
        Row::Record(HistoryRecord::Window(WindowRecord {
            account: AccountId("anthropic:3f2c0d6e-1111-2222-3333-444455556666".into()),
            window: key.into(),
            label: key.into(),
            duration_s: Some(length),
            used_percent: Some((used * 10.0).round() / 10.0),
            resets_at: Some(Wall((at / cycle + 1) * cycle)),
            at: Wall(at),
            source: Source::StatusLine,
        }))
    });
    let rows: Vec<Row> = rows.collect();
    timed("1,000,000 readings written, 10,000 a transaction", || {
        rows.chunks(10_000).for_each(|chunk| store.write(chunk).unwrap());
    });
    let step = millis(YEAR) / i64::try_from(REQUESTS).unwrap();
    let requests = (0..REQUESTS).map(|n| Row::Request(sent(Wall(ago(now, YEAR).0 + i64::try_from(n).unwrap() * step))));
    let requests: Vec<Row> = requests.collect();
    timed("100,000 entries of the ledger", || requests.chunks(10_000).for_each(|chunk| store.write(chunk).unwrap()));
    drop(store);
    say_size(dir);
}

fn sent(at: Wall) -> LedgerEntry {
    LedgerEntry {
        at,
        account: "anthropic:3f2c0d6e-1111-2222-3333-444455556666".into(),
        endpoint: Endpoint::Usage.into(),
        event: LedgerEvent::Sent { why: Trigger::Poll },
        next_at: Some(at.plus(Duration::from_secs(300))),
    }
}

fn say_size(dir: &Path) {
    let size = std::fs::metadata(dir.join(history::NAME)).unwrap().len();
    println!("{:<58} {:>9.1} MiB", "size of the file", size as f64 / 1024.0 / 1024.0);
}

fn start(dir: &Path) {
    for n in 1..=3 {
        let opened =
            timed(&format!("opened, with the ledger's last day read ({n})"), || history::open(dir, "bench", DAY));
        println!("  {} entries of the ledger", opened.recent.len());
    }
    let health = timed("looked at whole (beside the start, bounded to 3 s)", || history::check(dir));
    println!("  {health:?}");
}

fn query(dir: &Path, now: Wall) {
    let reader = timed("opened for reading", || Reader::open(dir).unwrap().unwrap());
    for (what, time) in [("7 days", DAY * 7), ("30 days", DAY * 30), ("everything", YEAR * 2)] {
        let mut count = 0;
        timed(&format!("windows of {what}, window by window"), || {
            let mut each = |_| {
                count += 1;
                ControlFlow::Continue(())
            };
            reader.windows(ago(now, time), &mut each).unwrap();
        });
        println!("  {count} readings");
    }
    timed("forecasts of 30 days held against what came", || reader.backtest(ago(now, DAY * 30)).unwrap());
    timed("everything as CSV", || history::csv(&reader, Table::Windows, Wall(0), std::io::sink()).unwrap());
    timed("everything as JSON", || history::json(&reader, Wall(0), std::io::sink()).unwrap());
}

/// The first night with a shorter time to keep, and an ordinary one after it; then one while requests go on.
fn retain(dir: &Path, now: Wall) {
    for (what, days) in [("half a year goes", 182), ("a day goes", 181)] {
        let mut store = history::open(dir, "bench", DAY).store.unwrap();
        let mut retention = Retention::new(Limits { age: DAY * days, size: 64 << 20 }, now);
        let (mut steps, mut longest) = (0, Duration::ZERO);
        timed(&format!("nightly retention: {what}"), || {
            loop {
                let begun = Instant::now();
                let more = retention.step(&mut store).unwrap();
                (steps, longest) = (steps + 1, longest.max(begun.elapsed()));
                if !more {
                    return;
                }
            }
        });
        println!("  {steps} steps, the longest {:.1} ms", longest.as_secs_f64() * 1000.0);
        drop(store);
        say_size(dir);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut waits = runtime.block_on(record_meanwhile(dir, now));
    waits.sort();
    println!(
        "another 3 months go while {} requests are recorded, each in {:.1} ms (median), {:.1} ms (longest)",
        waits.len(),
        waits[waits.len() / 2].as_secs_f64() * 1000.0,
        waits[waits.len() - 1].as_secs_f64() * 1000.0
    );
}

async fn record_meanwhile(dir: &Path, now: Wall) -> Vec<Duration> {
    let limits = Limits { age: DAY * 91, size: 64 << 20 };
    let history = History::start(dir.to_owned(), history::open(dir, "bench", DAY), limits, Clock::real());
    let mut waits = Vec::new();
    while has_older(dir, ago(now, limits.age)) {
        let begun = Instant::now();
        history.record(sent(now)).await;
        waits.push(begun.elapsed());
    }
    history.close().await;
    waits
}

fn has_older(dir: &Path, than: Wall) -> bool {
    let mut found = false;
    let mut first = |entry: LedgerEntry| {
        found = entry.at < than;
        ControlFlow::Break(())
    };
    Reader::open(dir).unwrap().unwrap().requests(Wall(0), &mut first).unwrap();
    found
}
