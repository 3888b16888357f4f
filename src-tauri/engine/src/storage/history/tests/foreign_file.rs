//! A foreign file in place of the history is set aside unchanged, and a new history started.

use super::*;
use rusqlite::Connection;

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

fn sqlite(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A new history is begun, and `why` is said of what was there.
#[track_caller]
fn begun_anew(dir: &Path, why: &str) {
    let mut opened = open_in(dir);
    let store = opened.store.as_mut().expect("a history");
    store.write(&[Row::Request(sent(NOON))]).unwrap();
    assert!(opened.findings.concat().contains(why), "{:?}", opened.findings);
    assert_eq!(requests(dir), [sent(NOON)]);
    assert!(names(dir).iter().any(|name| name.starts_with("history.sqlite3.unreadable-")), "{:?}", names(dir));
}

/// Hangs where a pipe is waited for.
#[cfg(unix)]
#[test]
fn history_path_that_is_no_file_is_set_aside_without_blocking() {
    let pipe = |path: &Path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let device = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    for put in [&pipe as &dyn Fn(&Path), &device] {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join(NAME));
        begun_anew(dir.path(), "it is a pipe");
    }
}

#[cfg(unix)]
#[test]
fn history_linked_to_another_programs_database_is_not_written() {
    // A history of the first version would be brought to the present one.
    for version in [0, 1, 2] {
        let dir = tempfile::tempdir().unwrap();
        let theirs = tempfile::tempdir().unwrap();
        let places = theirs.path().join("places.sqlite");
        sqlite(&places, &format!("CREATE TABLE place (url TEXT); PRAGMA user_version = {version}"));
        std::os::unix::fs::symlink(&places, dir.path().join(NAME)).unwrap();
        begun_anew(dir.path(), if version == 0 { "another program's database" } else { "no such table" });
        assert_eq!(
            (schema(&places), names(theirs.path())),
            (vec!["place".to_owned()], vec!["places.sqlite".to_owned()])
        );
    }
}

/// Hangs where it is run.
#[test]
fn history_triggers_and_views_in_the_file_are_not_run() {
    let dir = with(&[Row::Request(sent(NOON))]);
    let path = dir.path().join(NAME);
    sqlite(&path, &format!("CREATE TRIGGER t AFTER INSERT ON request BEGIN SELECT count(*) FROM ({ENDLESS}); END"));
    let mut store = open_in(dir.path()).store.unwrap();
    store.write(&[Row::Request(sent(after(1)))]).unwrap();
    assert_eq!(requests(dir.path()).len(), 2, "a trigger is left out");
    drop(store);

    sqlite(&path, "DROP TRIGGER t; ALTER TABLE request RENAME TO kept; CREATE VIEW request AS SELECT * FROM kept");
    let mut each = |_| ControlFlow::Continue(());
    let read = reader(dir.path()).requests(Wall(0), &mut each).unwrap_err().to_string();
    assert!(read.contains("access to view"), "{read}");
    begun_anew(dir.path(), "access to view");
}
