//! An earlier version of the file is migrated with all of its records; a later version is left unchanged.

use super::*;

/// As version 1 left it: three readings, two entries of the ledger and an episode.
const VERSION_1: &[u8] = include_bytes!("version-1.sqlite3");
/// In which folder, and after how many steps of SQLite, [`a_migration_that_is_killed`] ends.
const KILLED: [&str; 2] = ["HISTORY_TEST_DIR", "HISTORY_TEST_STEPS"];

fn of_version_1() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(NAME), VERSION_1).unwrap();
    dir
}

fn version(dir: &Path) -> usize {
    schema::version(&rusqlite::Connection::open(dir.join(NAME)).unwrap()).unwrap()
}

#[track_caller]
fn check_holds_what_version_1_left(dir: &Path) {
    let limited = LedgerEvent::Completed {
        outcome: OutcomeKind::RateLimited,
        detail: Some("rate limited, asked to wait 1 h".into()),
    };
    assert_eq!(requests(dir), [sent(NOON), request(after(1), limited)]);
    let used: Vec<_> = windows(dir).into_iter().map(|record| (record.window, record.at, record.used_percent)).collect();
    let expect = [("five_hour", NOON, 41.5), ("five_hour", after(60), 42.0), ("seven_day", after(60), 26.0)];
    assert_eq!(used, expect.map(|(window, at, used)| (window.to_owned(), at, Some(used))));
    let mut episodes = Vec::new();
    let mut each = |record| {
        episodes.push(record);
        ControlFlow::Continue(())
    };
    reader(dir).episodes(NOON, &mut each).unwrap();
    assert_eq!(episodes, [episode(None)]);
}

#[test]
fn migration_from_version_1_keeps_every_record() {
    let dir = of_version_1();
    let opened = open_in(dir.path());
    assert_eq!((opened.findings, opened.recent.len()), (vec![], 2));
    check_holds_what_version_1_left(dir.path());
    assert_eq!((version(dir.path()), money(dir.path())), (schema::VERSION, vec![]));
    opened.store.unwrap().write(&paid([spent(after(90), 1234)])).unwrap();
    assert_eq!(money(dir.path()), [spent(after(90), 1234)]);
    check_holds_what_version_1_left(dir.path());
}

/// The command is newer than the app that still runs.
#[test]
fn history_of_version_1_is_readable_without_migration() {
    let dir = of_version_1();
    check_holds_what_version_1_left(dir.path());
    assert_eq!((version(dir.path()), money(dir.path())), (1, vec![]));
    let mut out = Vec::new();
    json(&reader(dir.path()), Wall(0), &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap()["money"], serde_json::json!([]));
    assert!(std::fs::read(dir.path().join(NAME)).unwrap() == VERSION_1, "reading changes nothing");
}

#[test]
fn history_of_a_newer_version_is_left_unchanged_and_reported() {
    let dir = with(&paid([spent(NOON, 1234)]));
    let later = rusqlite::Connection::open(dir.path().join(NAME)).unwrap();
    later.execute_batch("CREATE TABLE dream (at INTEGER) STRICT; PRAGMA user_version = 99").unwrap();
    drop(later);
    let before = std::fs::read(dir.path().join(NAME)).unwrap();
    let told = Reader::open(dir.path()).unwrap_err().to_string();
    assert_eq!(told, "it has version 99, and this Holdoff supports up to version 2; use a newer Holdoff to read it");
    let opened = open_in(dir.path());
    assert!(opened.store.is_none() && opened.findings[0].contains(&told), "{:?}", opened.findings);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [NAME], "none is begun beside it");
    assert!(std::fs::read(dir.path().join(NAME)).unwrap() == before, "it is as it was");
}

/// Wherever the process is cut off, the file is of the one version or the other, and nothing is lost.
#[cfg(unix)]
#[test]
fn migration_killed_midway_loses_nothing() {
    use std::os::unix::process::ExitStatusExt;
    let mut kills = 0;
    for steps in (1..).step_by(9) {
        let dir = of_version_1();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "storage::history::tests::migration::a_migration_that_is_killed",
            "--ignored",
            "--nocapture",
        ]);
        child.env(KILLED[0], dir.path()).env(KILLED[1], steps.to_string());
        let ended = child.output().unwrap();
        let killed = ended.status.signal().is_some();
        assert_eq!(killed, !ended.status.success(), "{ended:?}");
        let left = version(dir.path());
        assert!(left == 1 && killed || left == schema::VERSION, "{left} after {steps} steps");
        check_holds_what_version_1_left(dir.path());
        let opened = open_in(dir.path());
        assert_eq!((opened.findings, opened.recent.len(), version(dir.path())), (vec![], 2, schema::VERSION));
        check_holds_what_version_1_left(dir.path());
        if !killed {
            break;
        }
        kills += 1;
    }
    assert!(kills > 5, "{kills}");
}

#[test]
#[ignore = "a process that the test above starts"]
fn a_migration_that_is_killed() {
    let [Some(dir), Some(steps)] = KILLED.map(std::env::var_os) else { return };
    let mut connection = rusqlite::Connection::open(Path::new(&dir).join(NAME)).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    let steps = steps.to_str().unwrap().parse().unwrap();
    connection.progress_handler(steps, Some(|| std::process::abort())).unwrap();
    schema::migrate(&mut connection).unwrap();
}
