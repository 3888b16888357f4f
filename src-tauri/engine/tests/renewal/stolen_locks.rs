//! Locks that another program takes over in the middle of a renewal, as after a suspend of the machine.

use crate::scene::{HOUR, Scene};
use holdoff_engine::storage::state_file::{PlainFiles, SlotWriter};
use holdoff_world::Answer;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A program that considers the locks stale: removes them and takes them.
fn steal(locks: &[PathBuf; 2]) {
    for lock in locks {
        fs::remove_dir(lock).unwrap();
        fs::create_dir(lock).unwrap();
    }
}

/// Runs a function at the moment when the intent to spend a refresh token becomes durable.
pub struct AtIntent<F>(pub Option<F>);

impl<F: FnOnce() + Send + 'static> SlotWriter for AtIntent<F> {
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
        let accounts = object["state"]["accounts"].as_object().unwrap();
        if accounts.values().any(|account| !account["token"]["spending"].is_null())
            && let Some(act) = self.0.take()
        {
            act();
        }
        PlainFiles.write(path, object)
    }
}

#[tokio::test]
async fn renewal_with_locks_lost_before_sending_spends_nothing() {
    let scene = Scene::due().await;
    let locks = scene.lock_folders();
    let stolen = Arc::new(AtomicBool::new(false));
    let thief = Arc::clone(&stolen);
    let writer = AtIntent(Some(move || {
        steal(&locks);
        thief.store(true, Ordering::SeqCst);
    }));
    let old = scene.pair();
    let mut holdoff = scene.holdoff_writing(writer).await;
    holdoff.until("a reading with the sign-in that still lives", |state| state.reading.is_some()).await;
    assert!(stolen.load(Ordering::SeqCst));
    assert!(scene.fake.token_requests().is_empty(), "{:?}", scene.grants);
    assert!(scene.lock_folders().iter().all(|lock| lock.exists()), "they are another's");
    assert_eq!((scene.working_pair(), holdoff.told.len()), (old, 0));
}

/// No other copy of the pair exists, but it is still not written without the locks.
#[tokio::test]
async fn renewal_with_locks_lost_before_writing_retakes_them_first() {
    let scene = Scene::due().await;
    let (locks, grants) = (scene.lock_folders(), scene.grants.clone());
    let before = scene.pair();
    let book = grants.clone();
    scene.fake.token_always(Answer::decide(move |request| {
        steal(&locks);
        book.answer(request)
    }));
    let mut holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, crate::scene::LONG).await;
    // Longer than the wait for the lock: the first attempt to write fails.
    holdoff.live(Duration::from_millis(1500)).await;
    assert_eq!(scene.pair(), before);
    for lock in scene.lock_folders() {
        fs::remove_dir(lock).unwrap();
    }
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    assert_ne!(scene.working_pair(), before);
    assert_eq!(scene.fake.token_requests().len(), 1);
    holdoff.end().await;
    scene.assert_tidy();
}

/// At shutdown the alternative is losing the sign-in, so it is written without the locks, by compare-and-swap.
#[tokio::test]
async fn shutdown_writes_the_pair_even_without_the_locks() {
    let scene = Scene::new(1.0, Duration::from_secs(60), 8 * HOUR).await;
    let (locks, book) = (scene.lock_folders(), scene.grants.clone());
    scene.fake.token_always(Answer::decide(move |request| {
        steal(&locks);
        book.answer(request)
    }));
    let before = scene.pair();
    let mut holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, crate::scene::LONG).await;
    holdoff.live(Duration::from_millis(1500)).await;
    assert_eq!(scene.pair(), before);
    holdoff.end().await;
    assert_ne!(scene.working_pair(), before);
    assert!(scene.lock_folders().iter().all(|lock| lock.exists()), "they are another's");
}
