//! What is written can be read again, whatever happens to the file.

use super::*;
use holdoff_core::record::ledger::WithheldReason;
use std::io::{Seek, SeekFrom, Write};

#[test]
fn history_round_trip_returns_every_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open_in(dir.path()).store.unwrap();
    let entries = [
        sent(NOON),
        request(
            after(1),
            LedgerEvent::Completed { outcome: OutcomeKind::RateLimited, detail: Some("rate limited".into()) },
        ),
        request(after(2), LedgerEvent::Withheld { why: Trigger::Person, because: WithheldReason::CoolingDown }),
        LedgerEntry { endpoint: Endpoint::Token.into(), next_at: None, account: "other".into(), ..sent(after(3)) },
    ];
    let unsaid = WindowRecord { used_percent: None, resets_at: None, duration_s: None, ..window("x", after(9), 0.0) };
    let records = [window("five_hour", after(5), 41.5), unsaid];
    store.write(&entries.clone().map(Row::Request)).unwrap();
    store.write(&rows(records.clone())).unwrap();
    let unsaid = Spend { used: None, limit: None, used_percent: None, ..spent(after(9), 0).money };
    let off = Spend { id: "balance".into(), note: Some("out of credits".into()), ..unsaid };
    let spent = [MoneyRecord { money: off, ..spent(after(9), 0) }, spent(after(5), 1234), spent(after(7), 1300)];
    store.write(&paid(spent.clone())).unwrap();
    store.write(&[Row::Record(HistoryRecord::Episode(episode(None)))]).unwrap();
    store.write(&[Row::Record(HistoryRecord::Episode(episode(Some(after(60)))))]).unwrap();
    // While it is open for writing, and when it is not.
    assert_eq!((requests(dir.path()), windows(dir.path())), (entries.to_vec(), records.to_vec()));
    assert_eq!((money(dir.path()), store.recent(DAY).unwrap()), (spent.to_vec(), entries.to_vec()));
    drop(store);
    assert_eq!(names(dir.path()), [NAME], "nothing is left beside it");
    assert_eq!((requests(dir.path()), windows(dir.path())), (entries.to_vec(), records.to_vec()));
    let mut episodes = Vec::new();
    let mut each = |record| {
        episodes.push(record);
        ControlFlow::Continue(())
    };
    reader(dir.path()).episodes(NOON, &mut each).unwrap();
    assert_eq!(episodes, [episode(Some(after(60)))], "one episode is one row");
}

#[test]
fn window_records_of_the_same_time_are_one_row() {
    let dir = with(&rows([window("five_hour", NOON, 40.0), window("five_hour", NOON, 41.0), window("x", NOON, 1.0)]));
    let figures: Vec<_> = windows(dir.path()).iter().map(|record| record.used_percent).collect();
    assert_eq!(figures, [Some(41.0), Some(1.0)]);
}

#[test]
fn recent_ledger_span_is_measured_from_the_last_entry() {
    let hours = [1, 2, 3, 4].map(|hour| Row::Request(sent(after(hour * 3600))));
    let dir = with(&hours);
    let recent = |span| open(dir.path(), "t", span).recent.len();
    assert_eq!([DAY, DAY / 12, Duration::ZERO].map(recent), [4, 3, 1]);
}

/// Law 12: which of two entries is the newer is told by their order, since the clock may have been set between them.
#[test]
fn recent_ledger_is_a_contiguous_tail_despite_clock_changes() {
    let hours = |hours: &[u64]| hours.iter().map(|hour| sent(after(hour * 3600))).collect::<Vec<_>>();
    let recent = |entries: &[LedgerEntry]| {
        let rows: Vec<_> = entries.iter().cloned().map(Row::Request).collect();
        open_in(with(&rows).path()).recent
    };
    for (written, expect) in [
        (&[0, 900, 901, 1, 2][..], &[0, 900, 901, 1, 2][..]),
        (&[900, 0, 1, 901, 902], &[901, 902]),
        (&[0, 900, 1, 910, 911], &[910, 911]),
        (&[5, 5, 4], &[5, 5, 4]),
        (&[], &[]),
    ] {
        assert_eq!(recent(&hours(written)), hours(expect), "{written:?}");
    }
}

#[test]
fn recent_ledger_is_bounded_in_length() {
    let entries: Vec<_> = (0..20_005).map(|n| Row::Request(sent(Wall(NOON.0 - n)))).collect();
    let dir = with(&entries);
    let recent = open_in(dir.path()).recent;
    assert_eq!((recent.len(), recent[0].at), (20_000, Wall(NOON.0 - 5)));
}

#[test]
fn spend_records_of_the_same_time_are_one_row() {
    let dir = with(&paid([spent(NOON, 5), spent(NOON, 7), spent(after(1), 9)]));
    assert_eq!(money(dir.path()), [spent(NOON, 7), spent(after(1), 9)]);
}

#[cfg(unix)]
#[test]
fn history_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mut store = open_in(dir.path()).store.unwrap();
    store.write(&[Row::Request(sent(NOON))]).unwrap();
    for name in names(dir.path()) {
        let mode = std::fs::metadata(dir.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[track_caller]
fn check_damage(what: &str, damage: impl FnOnce(&Path)) {
    let dir = with(&[Row::Request(sent(NOON))]);
    damage(&dir.path().join(NAME));
    let opened = open_in(dir.path());
    assert_eq!(opened.recent, [], "{what}");
    assert!(opened.findings.len() == 1 && opened.findings[0].contains("history.sqlite3.unreadable-t"), "{what}");
    opened.store.unwrap().write(&[Row::Request(sent(after(9)))]).unwrap();
    assert_eq!(requests(dir.path()), [sent(after(9))], "{what}");
    assert!(names(dir.path()).contains(&"history.sqlite3.unreadable-t".to_owned()), "{what}");
}

#[test]
fn history_damaged_is_set_aside_and_recreated() {
    check_damage("text", |path| {
        std::fs::write(path, "this is no database, but long enough for one".repeat(99)).unwrap()
    });
    check_damage("a torn file", |path| {
        std::fs::File::options().write(true).open(path).unwrap().set_len(5000).unwrap();
    });
    check_damage("tables that are gone", |path| {
        rusqlite::Connection::open(path).unwrap().execute_batch("DROP TABLE request").unwrap();
    });
}

#[test]
fn history_empty_file_is_initialized() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(NAME), "").unwrap();
    assert!(Reader::open(dir.path()).unwrap().is_none());
    let opened = open_in(dir.path());
    assert!(opened.store.is_some() && opened.findings.is_empty());
}

#[test]
fn history_path_that_is_a_folder_is_unavailable_without_failing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(NAME)).unwrap();
    let opened = open_in(dir.path());
    assert!(opened.store.is_none() && opened.recent.is_empty());
}

/// A page in the middle that nothing touches at the start: only a look at all of it finds that.
fn with_a_damaged_page() -> TempDir {
    let mut many = rows((0..20_000).map(|n| window("five_hour", after(n), n as f64 / 200.0)));
    many.push(Row::Request(sent(NOON)));
    let dir = with(&many);
    let mut file = std::fs::File::options().write(true).open(dir.path().join(NAME)).unwrap();
    file.seek(SeekFrom::Start(60 * 4096)).unwrap();
    file.write_all(&[0xAA; 4096]).unwrap();
    dir
}

#[test]
fn integrity_check_is_bounded_in_time() {
    let dir = with_a_damaged_page();
    assert!(matches!(integrity::check(dir.path()), integrity::Health::Damaged(_)));
    assert!(matches!(integrity::inspect(dir.path(), Duration::ZERO).unwrap(), integrity::Health::Unknown(_)));
    let whole = with(&[Row::Request(sent(NOON))]);
    assert_eq!(integrity::check(whole.path()), integrity::Health::Whole);
}

#[tokio::test]
async fn integrity_check_damage_sets_history_aside_and_copies_the_ledger() {
    let dir = with_a_damaged_page();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    let mut news = history.news();
    let found = tokio::time::timeout(Duration::from_secs(30), news.wait_for(|news| !news.findings.is_empty()));
    let found = found.await.unwrap().unwrap().findings.clone();
    assert!(found[0].contains("history.sqlite3.unreadable-"), "{found:?}");
    history.record(sent(after(60))).await;
    assert_eq!(requests(dir.path()), [sent(NOON), sent(after(60))]);
    assert_eq!(windows(dir.path()), []);
}

/// SQLite would go on with the deleted file, and say nothing. (On Windows it has the file so that nobody can delete it.)
#[cfg(unix)]
#[tokio::test]
async fn history_deleted_while_open_is_recreated_with_the_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    history.record(sent(NOON)).await;
    for name in names(dir.path()) {
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    history.record(sent(after(60))).await;
    assert_eq!(requests(dir.path()), [sent(NOON), sent(after(60))]);
}

#[tokio::test]
async fn ledger_entry_is_on_disk_once_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    for n in 0..20 {
        history.record(sent(after(n))).await;
        assert_eq!(requests(dir.path()).len() as u64, n + 1);
    }
    history.remember(HistoryRecord::Window(window("five_hour", NOON, 4.0)));
    history.close().await;
    assert_eq!(windows(dir.path()).len(), 1);
}

#[tokio::test]
async fn history_write_failure_is_queued_without_blocking() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    let mut news = history.news();
    let other = rusqlite::Connection::open(dir.path().join(NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = std::time::Instant::now();
    history.record(sent(NOON)).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let troubled = tokio::time::timeout(Duration::from_secs(30), news.wait_for(|news| news.trouble.is_some())).await;
    assert!(troubled.unwrap().unwrap().trouble.as_ref().unwrap().contains("checks continue"));
    history.record(sent(after(1))).await;
    other.execute_batch("ROLLBACK").unwrap();
    history.flush().await;
    assert_eq!(requests(dir.path()), [sent(NOON), sent(after(1))]);
    assert_eq!(history.news().borrow().trouble, None);
}

#[tokio::test]
async fn history_writes_resume_after_the_folder_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(NAME)).unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    history.record(sent(NOON)).await;
    assert!(history.news().borrow().trouble.is_some());
    std::fs::remove_dir(dir.path().join(NAME)).unwrap();
    history.flush().await;
    assert_eq!(requests(dir.path()), [sent(NOON)]);
    assert_eq!(history.news().borrow().trouble, None);
}

/// Law 13, found by the simulation (seed 2508): the state was saved after it, and both were lost but the ledger.
#[tokio::test]
async fn ledger_entry_awaited_flushes_the_queue_at_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(NAME)).unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    history.record(sent(NOON)).await;
    std::fs::remove_dir(dir.path().join(NAME)).unwrap();
    history.record(sent(after(1))).await;
    assert_eq!(requests(dir.path()), [sent(NOON), sent(after(1))]);
}

#[tokio::test]
async fn history_is_readable_while_being_written() {
    let dir = with(&[Row::Request(sent(NOON))]);
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    let path = dir.path().to_owned();
    let reads = tokio::task::spawn_blocking(move || (0..40).map(|_| requests(&path).len()).collect::<Vec<_>>());
    for n in 1..60 {
        history.record(sent(after(n))).await;
    }
    let reads = reads.await.unwrap();
    assert!(reads.is_sorted() && reads[0] >= 1, "{reads:?}");
    assert_eq!(requests(dir.path()).len(), 60);
}
