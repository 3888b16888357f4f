//! The owner record: past the locks of a program that was killed, and of nobody else.

use super::*;
use serde_json::{Value, json};
use std::process::{Child, Command};

impl Home {
    fn record(&self) -> Option<Value> {
        let text = fs::read(self.dir.path().join(".claude/.oauth_refresh.lock.owner")).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// Both locks, as another program leaves them that is killed; and its record, but for the changes.
    fn leave(&self, pid: u32, start: Option<&str>, change: impl FnOnce(&mut Value)) {
        fs::create_dir(self.inner()).unwrap();
        fs::create_dir(self.beside()).unwrap();
        let here = process::here().unwrap();
        let mut record = json!({"pid": pid, "pidDomain": here.domain, "pidSpace": here.space,
            "lockBirthtimeMs": born(&self.inner()), "legacyLockBirthtimeMs": born(&self.beside())});
        if let Some(start) = start {
            record["procStart"] = start.into();
        }
        change(&mut record);
        fs::write(self.dir.path().join(".claude/.oauth_refresh.lock.owner"), record.to_string()).unwrap();
    }
}

fn born(path: &Path) -> f64 {
    dir_lock::inspect(path).unwrap().unwrap().born_ms().unwrap()
}

fn sleeper() -> Child {
    Command::new("sleep").arg("1000").spawn().unwrap()
}

/// A process that has ended, and nobody's number.
fn gone() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

/// In Claude Code's own form: it gets past a killed Holdoff by it.
#[tokio::test]
async fn lock_owner_record_has_claude_codes_format() {
    let home = Home::new();
    let locks = home.take().await.unwrap();
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let start = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap().display().to_string();
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let expected = json!({"pid": std::process::id(), "procStart": start,
        "pidDomain": format!("linux:{}:{namespace}", machine.trim()), "pidSpace": format!("{}#{namespace}", host.trim()),
        "lockBirthtimeMs": born(&home.inner()), "legacyLockBirthtimeMs": born(&home.beside())});
    assert_eq!(home.record().unwrap(), expected);
    locks.release().await;
    assert_eq!(home.record(), None);
}

#[tokio::test]
async fn locks_of_a_killed_process_are_taken_over_before_staleness() {
    let home = Home::new();
    home.leave(gone(), None, |_| ());
    let began = Instant::now();
    let locks = home.take().await.unwrap();
    let took = began.elapsed();
    assert!(took >= QUICK.watch && took < QUICK.dead_after / 2, "{took:?}");
    assert!(locks.are_held().await);
    assert_eq!(home.record().unwrap()["pid"], std::process::id(), "whoever comes next is told of us");
    locks.release().await;
    assert_eq!(home.there(), Vec::<String>::new());
}

/// Its parent has not waited for it yet.
#[tokio::test]
async fn lock_owner_that_is_a_zombie_counts_as_dead() {
    let home = Home::new();
    let mut child = sleeper();
    home.leave(child.id(), None, |_| ());
    child.kill().unwrap();
    let taken = home.take().await;
    child.wait().unwrap();
    assert!(taken.is_ok(), "{taken:?}");
}

#[tokio::test]
async fn lock_owner_with_a_reused_pid_counts_as_dead() {
    let home = Home::new();
    let mut child = sleeper();
    home.leave(child.id(), Some("1"), |_| ());
    let taken = home.take().await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(taken.is_ok(), "{taken:?}");
}

/// What it is, which process is named, since when, and what is changed in the record.
type Case<'a> = (&'a str, u32, Option<&'a str>, fn(&mut Value));

#[tokio::test]
async fn locks_are_kept_where_their_owner_may_be_alive() {
    let mut child = sleeper();
    let start = process::started(child.id()).unwrap();
    let (pid, dead) = (child.id(), gone());
    let cases: [Case<'_>; 7] = [
        ("it lives", pid, Some(&start), |_| ()),
        ("it lives, and does not say since when", pid, None, |_| ()),
        ("another machine", dead, None, |record| record["pidDomain"] = "linux:other:pid:[1]".into()),
        ("another namespace", dead, None, |record| record["pidSpace"] = "other#pid:[1]".into()),
        ("of earlier locks", dead, None, |record| record["lockBirthtimeMs"] = 1.0.into()),
        ("the older one is another's", dead, None, |record| record["legacyLockBirthtimeMs"] = 1.0.into()),
        ("no number of a process", 0, None, |_| ()),
    ];
    for (what, pid, start, change) in cases {
        let home = Home::new();
        home.leave(pid, start, change);
        let record = home.record();
        let began = Instant::now();
        while began.elapsed() < QUICK.watch * 2 {
            assert_eq!(home.take().await.unwrap_err(), ANOTHER, "{what}");
        }
        assert_eq!((home.there().len(), home.record()), (3, record), "{what}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn lock_owner_record_unreadable_is_ignored() {
    for text in ["", "{", "[]", "{\"pid\":7}", &"x".repeat(10_000)] {
        let home = Home::new();
        home.leave(gone(), None, |_| ());
        fs::write(home.dir.path().join(".claude/.oauth_refresh.lock.owner"), text).unwrap();
        assert_eq!(home.take().await.unwrap_err(), ANOTHER, "{text}");
    }
}

/// A file that somebody put in its place is not written through, nor removed by us when it is theirs.
#[tokio::test]
async fn lock_owner_record_that_is_a_symlink_is_not_followed() {
    let home = Home::new();
    let (other, record) = (home.dir.path().join("other"), home.dir.path().join(".claude/.oauth_refresh.lock.owner"));
    fs::write(&other, "theirs").unwrap();
    std::os::unix::fs::symlink(&other, &record).unwrap();
    let locks = home.take().await.unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    fs::write(&record, "{}").unwrap();
    locks.release().await;
    assert_eq!(fs::read_to_string(&record).unwrap(), "{}");
}

/// Claude Code names the older lock after the real path.
#[tokio::test]
async fn legacy_lock_of_a_symlinked_folder_is_beside_its_target() {
    let home = Home::new();
    let real = home.dir.path().join("elsewhere/dotfiles");
    fs::create_dir_all(real.parent().unwrap()).unwrap();
    fs::rename(home.dir.path().join(".claude"), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.dir.path().join(".claude")).unwrap();
    let older = real.with_file_name("dotfiles.lock");
    let locks = home.take().await.unwrap();
    assert!(older.is_dir() && !home.beside().exists());
    locks.release().await;
    assert!(!older.exists());
    fs::create_dir(&older).unwrap();
    assert_eq!(home.take().await.unwrap_err(), ANOTHER);
}
