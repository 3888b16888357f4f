//! A version that is older than the data says so and changes nothing.

use crate::scene::{SOON, Scene};
use holdoff_core::State;
use holdoff_engine::storage::state_file::{PlainFiles, TwoSlots};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    // The app's lock file is created by any start and is empty; the files that an SQLite reader creates beside the
    // database hold no data.
    let beside = |path: &PathBuf| [".lock", "-shm", "-wal"].iter().any(|end| path.to_string_lossy().ends_with(end));
    let files = paths.filter(|path| path.is_file() && !beside(path));
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

async fn check(make: impl FnOnce(&Scene)) {
    let scene = Scene::new(1.0).await;
    make(&scene);
    let before = contents(&scene.home.data_dir());
    let app = scene.start();
    let status = app.wait_exit(SOON).await;
    assert_eq!(status.code(), Some(65), "{}", app.stderr());
    assert!(app.stderr().contains("newer version of Holdoff"), "{}", app.stderr());
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff cannot start");
    assert_eq!(contents(&scene.home.data_dir()), before);
    assert!(scene.fake.usage_requests().is_empty(), "what the data says of cooldowns is not known");
    let doctor = scene.launch.cli(&["doctor"]).await;
    assert!(doctor.stdout.contains("newer version of Holdoff"), "{}", doctor.stdout);
    assert_eq!(contents(&scene.home.data_dir()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn state_of_a_newer_version_is_reported_and_left_unchanged() {
    check(|scene| {
        let state = State { version: 2, ..State::new("boot".into()) };
        TwoSlots::new(scene.home.data_dir(), PlainFiles, 0).save(&state).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_newer_version_are_reported_and_left_unchanged() {
    check(|scene| scene.home.settings(&json!({"version": 2, "polling_interval_s": 300}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_a_newer_version_is_reported_and_left_unchanged() {
    check(|scene| {
        let later = include_bytes!("../../src-tauri/engine/tests/versions/0.1.0/history.sqlite3");
        let mut later = later.to_vec();
        // Where SQLite keeps `user_version`: https://www.sqlite.org/fileformat.html#the_database_header
        later[60..64].copy_from_slice(&99_u32.to_be_bytes());
        std::fs::write(scene.home.data_dir().join("history.sqlite3"), later).unwrap();
    })
    .await;
}
