//! This version opens the data folder of each released version, and does not touch that of a later one.
//!
//! `versions/` has a folder for each version: the data of a user with one account, 42 % of whose 5-hour window is
//! used, in a cooldown of 20 minutes after the second request, with settings of every kind. `holdoff-demo` creates
//! such a folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::settings::VERSION;
use holdoff_core::{AccountId, Boot, Endpoint, Moment, State, Wall};
use holdoff_engine::storage::history;
use holdoff_engine::storage::history::Reader;
use holdoff_engine::storage::newer_data;
use holdoff_engine::storage::newer_data::NewerData;
use holdoff_engine::storage::settings_file;
use holdoff_engine::storage::state_file::{NAMES, PlainFiles, Slots, TwoSlots};
use holdoff_engine::tasks::start;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first request of the recorded day.
const BEGAN: Wall = Wall(1_795_981_729_362);
/// When its cooldown ends.
const OPENS: Wall = Wall(1_795_983_251_934);

fn released() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions");
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// A copy of the data of a version.
fn copy(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    // An SQLite reader creates these beside the database; they contain none of its data.
    let ours =
        paths.filter(|path| !path.to_string_lossy().ends_with("-shm") && !path.to_string_lossy().ends_with("-wal"));
    ours.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn ann() -> AccountId {
    AccountId("anthropic:0b0c7f5e-0000-4000-8000-000000000001".into())
}

#[test]
fn state_of_every_released_version_is_read_with_its_cooldown() {
    for version in released() {
        let dir = copy(&version);
        let now = Moment { wall: Wall(OPENS.0 - 600_000), boot: Boot(1_000) };
        let loaded = start::load(dir.path(), "another boot", now).restored;
        assert_eq!(loaded.findings, Vec::<String>::new(), "{}", version.display());
        let account = &loaded.state.accounts[&ann()];
        let used =
            account.reading.as_ref().unwrap().windows.iter().map(|window| (window.id.as_str(), window.used_percent));
        let expected = [("five_hour", Some(42.0)), ("seven_day", Some(26.0)), ("weekly_scoped:fable", Some(82.0))];
        assert_eq!(used.collect::<Vec<_>>(), expected);
        let opens = account.gates[Endpoint::Usage].opens(now).unwrap();
        assert!((opens.wall.0 - OPENS.0).abs() < 1000, "{opens:?}");
        // After a save by this version, it is unchanged.
        let mut slots = TwoSlots::new(dir.path().to_owned(), PlainFiles, loaded.generation);
        slots.save(&loaded.state).unwrap();
        assert_eq!(Slots::read(dir.path()).state, Some(loaded.state));
    }
}

#[test]
fn settings_of_every_released_version_are_read_and_survive_a_change() {
    for version in released() {
        let dir = copy(&version);
        let loaded = settings_file::load(dir.path(), "t");
        assert_eq!(loaded.problems, Vec::<String>::new(), "{}", version.display());
        let settings = &loaded.settings;
        assert_eq!((settings.polling_interval, settings.history_days), (Duration::from_secs(600), 30));
        assert_eq!((settings.label(&ann()).map(|label| label.0), settings.may_renew(&ann())), (Some("Work"), true));
        assert!(settings.metrics.is_some() && !settings.notify_recovery && settings.quiet_hours.is_some());
        let before = std::fs::read(dir.path().join(settings_file::NAME)).unwrap();
        let change = Map::from_iter([("theme".to_owned(), json!("light"))]);
        settings_file::change(dir.path(), &loaded, change, &mut PlainFiles).unwrap();
        let after = std::fs::read(dir.path().join(settings_file::NAME)).unwrap();
        let mut expected: Map<_, _> = serde_json::from_slice(&before).unwrap();
        expected["theme"] = json!("light");
        assert_eq!(serde_json::from_slice::<Map<_, _>>(&after).unwrap(), expected);
    }
}

#[test]
fn history_of_every_released_version_is_read_completely() {
    for version in released() {
        let dir = copy(&version);
        let opened = history::open(dir.path(), "t", Duration::from_secs(86_400));
        assert_eq!((opened.findings, opened.recent.len()), (vec![], 5), "{}", version.display());
        let (reader, mut windows, mut episodes) = (Reader::open(dir.path()).unwrap().unwrap(), 0, 0);
        let count = |count: &mut usize| {
            *count += 1;
            ControlFlow::Continue(())
        };
        reader.windows(BEGAN, &mut |_| count(&mut windows)).unwrap();
        reader.episodes(BEGAN, &mut |_| count(&mut episodes)).unwrap();
        assert_eq!((windows, episodes), (3, 1));
    }
}

/// The data of the last released version, with one file changed to a later version.
#[track_caller]
fn check_later(make: impl FnOnce(&Path), file: &str, found: u64) -> tempfile::TempDir {
    let dir = copy(released().last().unwrap());
    assert_eq!(newer_data::find(dir.path()), None);
    make(dir.path());
    let before = contents(dir.path());
    let NewerData { file: named, found: version, known } = newer_data::find(dir.path()).unwrap();
    assert_eq!((named.as_str(), version), (file, found));
    assert!(known < found);
    assert_eq!(contents(dir.path()), before, "looking changes nothing");
    dir
}

#[test]
fn state_of_a_newer_version_is_reported_and_left_unchanged() {
    let dir = check_later(
        |dir| {
            let state = State { version: 7, ..Slots::read(dir).state.unwrap() };
            TwoSlots::new(dir.to_owned(), PlainFiles, 100).save(&state).unwrap();
        },
        NAMES[0],
        7,
    );
    let before = contents(dir.path());
    let now = Moment { wall: OPENS, boot: Boot(1_000) };
    assert!(
        start::load(dir.path(), "boot", now).restored.state.loss.is_some(),
        "what it says of cooldowns is not known"
    );
    assert_eq!(contents(dir.path()), before, "not even a start moves it away");
}

#[test]
fn settings_of_a_newer_version_are_reported_and_read_only() {
    let version = |dir: &Path| {
        let path = dir.join(settings_file::NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
    };
    let dir = check_later(version, settings_file::NAME, VERSION + 1);
    let before = contents(dir.path());
    let loaded = settings_file::load(dir.path(), "t");
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    let change = Map::from_iter([("theme".to_owned(), json!("light"))]);
    let said = settings_file::change(dir.path(), &loaded, change, &mut PlainFiles).unwrap_err();
    assert!(said.contains("newer version"), "{said}");
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn history_of_a_newer_version_is_reported_and_left_unchanged() {
    let make = |dir: &Path| {
        let connection = rusqlite::Connection::open(dir.join(history::NAME)).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(())).unwrap();
    };
    let dir = check_later(make, history::NAME, 99);
    let before = contents(dir.path());
    let opened = history::open(dir.path(), "t", Duration::ZERO);
    assert!(opened.store.is_none() && opened.findings.len() == 1, "{:?}", opened.findings);
    assert_eq!(contents(dir.path()), before);
}
