//! A command that is older than the data says so and changes nothing.

use super::scene::*;
use holdoff_core::State;
use holdoff_engine::storage::history;
use holdoff_engine::storage::state_file::{PlainFiles, TwoSlots};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The files with data; an SQLite reader creates two beside the database that hold none.
fn contents(scene: &Scene) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(scene.data()).unwrap().map(|entry| entry.unwrap().path());
    let beside = |path: &PathBuf| ["-shm", "-wal"].iter().any(|end| path.to_string_lossy().ends_with(end));
    let files = paths.filter(|path| path.is_file() && !beside(path));
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

const ALL: [&[&str]; 7] = [
    &["status"],
    &["status", "--json"],
    &["guard", "--at-least", "1"],
    &["ledger"],
    &["history"],
    &["refresh"],
    &["doctor"],
];

/// Runs every command on data that `make` makes newer. Those in `tell` say so.
fn check(tell: &[&str], make: impl FnOnce(&Scene)) {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    make(&scene);
    let before = contents(&scene);
    for args in ALL {
        let output = scene.run(args, b"");
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(
            !tell.contains(&args[0]) || said.contains("newer") || said.contains("supports up to"),
            "{args:?}: {said}"
        );
        assert!(!said.contains("sets it aside"), "{args:?}: {said}");
        assert_eq!(contents(&scene), before, "{args:?}");
    }
}

#[test]
fn state_of_a_newer_version_is_reported_by_commands_and_left_unchanged() {
    check(&["status", "guard", "doctor"], |scene| {
        let state = State { version: 2, ..State::new("boot".into()) };
        TwoSlots::new(scene.data(), PlainFiles, 2).save(&state).unwrap();
    });
}

#[test]
fn settings_of_a_newer_version_are_reported_by_commands_and_left_unchanged() {
    check(&["status", "guard", "doctor"], |scene| {
        std::fs::write(scene.data().join("settings.json"), "{\"version\": 2}\n").unwrap();
    });
}

#[test]
fn history_of_a_newer_version_is_reported_by_commands_and_left_unchanged() {
    check(&["ledger", "history", "doctor"], |scene| {
        let path = scene.data().join(history::NAME);
        drop(history::open(&scene.data(), "t", Duration::ZERO));
        let mut later = std::fs::read(&path).unwrap();
        // Where SQLite keeps `user_version`: https://www.sqlite.org/fileformat.html#the_database_header
        later[60..64].copy_from_slice(&99_u32.to_be_bytes());
        std::fs::write(path, later).unwrap();
    });
}
