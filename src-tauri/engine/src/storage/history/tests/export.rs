//! The exported history.

use super::*;
use holdoff_core::record::ledger::WithheldReason;
use serde_json::Value;

fn some() -> TempDir {
    let mut all = rows([window("five_hour", NOON, 41.5), window("five_hour", after(60), 42.0)]);
    all.extend(paid([spent(NOON, 1200), spent(after(60), 1234)]));
    all.push(Row::Request(sent(NOON)));
    let detail = Some("rate limited, asked to wait 1 h".into());
    all.push(Row::Request(request(after(1), LedgerEvent::Completed { outcome: OutcomeKind::RateLimited, detail })));
    all.push(Row::Request(request(
        after(2),
        LedgerEvent::Withheld { why: Trigger::Poll, because: WithheldReason::FreshReading },
    )));
    all.push(Row::Record(HistoryRecord::Episode(episode(None))));
    with(&all)
}

fn csv_of(dir: &Path, table: Table, since: Wall) -> String {
    let mut out = Vec::new();
    csv(&reader(dir), table, since, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn export_csv_has_every_table() {
    let dir = some();
    assert_eq!(
        csv_of(dir.path(), Table::Windows, after(1)),
        "account,window,label,used_percent,resets_at,at,source\n\
         anthropic:ann,five_hour,5-hour,42.0,2026-09-14T17:00:00Z,2026-09-14T12:01:00Z,status_line\n"
    );
    assert_eq!(
        csv_of(dir.path(), Table::Money, after(1)),
        "account,money,label,used,used_currency,limit,limit_currency,used_percent,note,at,source\n\
         anthropic:ann,extra_usage,Extra usage,12.34,USD,100.0,USD,12.34,,2026-09-14T12:01:00Z,usage_endpoint\n"
    );
    assert_eq!(
        csv_of(dir.path(), Table::Requests, NOON),
        "at,account,endpoint,event,why,outcome,detail,next_at\n\
         2026-09-14T12:00:00Z,anthropic:ann,usage,sent,poll,,,2026-09-14T12:05:00Z\n\
         2026-09-14T12:00:01Z,anthropic:ann,usage,came,,rate_limited,\"rate limited, asked to wait 1 h\",2026-09-14T12:05:01Z\n\
         2026-09-14T12:00:02Z,anthropic:ann,usage,withheld,poll,,fresh_reading,2026-09-14T12:05:02Z\n"
    );
    assert_eq!(
        csv_of(dir.path(), Table::Episodes, NOON),
        "account,kind,began,ended,told\nanthropic:ann,usage_limit,2026-09-14T12:00:00Z,,shown\n"
    );
}

#[test]
fn export_json_has_every_table() {
    let dir = some();
    let mut out = Vec::new();
    json(&reader(dir.path()), NOON, &mut out).unwrap();
    let whole: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(whole["version"], 1);
    assert_eq!(whole["windows"][1]["used_percent"], 42.0);
    assert_eq!((&whole["money"][1]["used"], &whole["money"][1]["note"]), (&12.34.into(), &Value::Null));
    assert_eq!(whole["requests"][0]["outcome"], Value::Null);
    assert_eq!(whole["requests"].as_array().unwrap().len(), 3);
    assert_eq!(whole["episodes"][0]["ended"], Value::Null);
    let empty = with(&[]);
    let mut out = Vec::new();
    json(&reader(empty.path()), NOON, &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["windows"], serde_json::json!([]));
}

#[test]
fn export_to_a_folder_writes_each_format() {
    let (dir, folder) = (some(), tempfile::tempdir().unwrap());
    let write = |format| to_folder(dir.path(), folder.path(), "t", format);
    assert_eq!(write(Format::Json).unwrap(), ["holdoff-history-t.json"]);
    assert_eq!(write(Format::Csv).unwrap().len(), 4);
    let text = std::fs::read_to_string(folder.path().join("holdoff-requests-t.csv")).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(write(Format::Json).is_err(), "nothing is written over");
    assert!(to_folder(dir.path(), &folder.path().join("missing"), "t", Format::Csv).is_err());
    assert_eq!(to_folder(folder.path(), folder.path(), "u", Format::Csv).unwrap(), Vec::<String>::new());
}

/// A provider names its windows; a spreadsheet computes what looks like a formula.
#[test]
fn export_csv_escapes_spreadsheet_formulas() {
    let record = WindowRecord { label: "=cmd|' /C calc'!A0".into(), ..window("@sum", NOON, 1.0) };
    let dir = with(&rows([record]));
    let text = csv_of(dir.path(), Table::Windows, NOON);
    assert!(text.contains(",'@sum,'=cmd|' /C calc'!A0,"), "{text}");
    // Where a list is written with semicolons, and with what a spreadsheet passes over or takes for the same sign.
    let record = WindowRecord { label: "a;=cmd|' /C calc'!A0".into(), ..window("\u{feff}＝1", NOON, 1.0) };
    let text = csv_of(with(&rows([record])).path(), Table::Windows, NOON);
    assert!(text.contains(",'＝1,a;'=cmd|' /C calc'!A0,"), "{text}");
}

/// Written down by an earlier version as it came.
#[test]
fn export_strips_control_characters_from_names() {
    let record = WindowRecord { label: "O\u{202e}pu\u{1b}]0;x\u{7}s".into(), ..window("a\u{9b}b", NOON, 1.0) };
    let dir = with(&rows([record]));
    let mut out = Vec::new();
    json(&reader(dir.path()), NOON, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap() + &csv_of(dir.path(), Table::Windows, NOON);
    assert!(text.contains("Opu]0;xs") && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
}

#[test]
fn export_to_a_closed_pipe_is_an_error() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let dir = with(&rows((0..5000).map(|n| window("five_hour", after(n), n as f64 / 50.0))));
    assert!(json(&reader(dir.path()), NOON, Full(10_000)).is_err());
    assert!(csv(&reader(dir.path()), Table::Windows, NOON, Full(10_000)).is_err());
}

#[tokio::test]
async fn history_deletion_removes_all_files_and_copies() {
    let dir = some();
    std::fs::write(dir.path().join("history.sqlite3.unreadable-old"), "readings").unwrap();
    std::fs::write(dir.path().join("state.a.json"), "{}").unwrap();
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    assert_eq!(history.delete_all().await, Ok(()));
    assert_eq!((requests(dir.path()), windows(dir.path()), money(dir.path())), (vec![], vec![], vec![]));
    history.record(sent(after(9))).await;
    assert_eq!(requests(dir.path()), [sent(after(9))]);
    history.close().await;
    // SQLite's own files stay where the look at a start has it open a moment longer.
    let mut left = names(dir.path());
    left.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    assert_eq!(left, [NAME, "state.a.json"]);
}

#[test]
fn reader_without_history_is_none_and_of_another_file_fails() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Reader::open(dir.path()).unwrap().is_none());
    std::fs::write(dir.path().join(NAME), "no database ".repeat(500)).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(HistoryError::Damaged(_))));
}

#[test]
fn backtest_compares_forecasts_with_actual_usage() {
    let steady = (1..=199).map(|minute| window("five_hour", after(minute * 60), minute as f64 / 2.0));
    let dir = with(&rows(steady));
    let verdicts = reader(dir.path()).backtest(NOON).unwrap();
    assert_eq!((verdicts.len(), verdicts[0].1.cycles, verdicts[0].1.lasted.wrong), (1, 1, 0));
}
