//! Held locks: keeps them touched, checks them and releases them.

use super::LockTimeouts;
use super::record::OwnRecord;
use crate::claude_code::locks::dir_lock::FolderLock;
use crate::platform::file_lock::FileLock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

/// The held locks. Released in Claude Code's order: the record, the folders in reverse order, then Holdoff's own lock.
#[derive(Debug)]
pub(super) struct Held {
    pub record: Option<OwnRecord>,
    pub folders: Vec<FolderLock>,
    /// At least one was taken over from a dead program.
    was_dead: bool,
    /// They were untouched for so long that another program may consider them dead and be about to take them over.
    doubtful: bool,
    _own: Option<FileLock>,
}

impl Held {
    /// For a renewal: initially only Holdoff's own lock.
    pub(super) fn renewing(own: FileLock, record: OwnRecord, was_dead: bool) -> Self {
        Self { record: Some(record), folders: Vec::new(), was_dead, doubtful: false, _own: Some(own) }
    }

    /// For a write: the write lock.
    pub(super) fn writing(lock: FolderLock, was_dead: bool) -> Self {
        Self { record: None, folders: vec![lock], was_dead, doubtful: false, _own: None }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.record.take());
        while let Some(folder) = self.folders.pop() {
            drop(folder);
        }
    }
}

/// Locks that are touched while held. Dropping releases them, but blocks; prefer [`Locks::release`].
#[derive(Debug)]
pub(in super::super) struct Locks {
    held: Arc<Mutex<Option<Held>>>,
    touching: JoinHandle<()>,
    good_for: Duration,
}

impl Locks {
    pub(super) fn keep(held: Held, timeouts: LockTimeouts) -> Self {
        let held = Arc::new(Mutex::new(Some(held)));
        // After twice this time, another program may consider them dead.
        let good_for = timeouts.dead_after / 2;
        let touching = tokio::spawn(keep_touching(Arc::downgrade(&held), timeouts.touch_every, good_for));
        Self { held, touching, good_for }
    }

    /// Waits and checks again if a lock was taken over from a dead program, because another program may have done the same.
    pub(super) async fn settled(held: Held, timeouts: LockTimeouts) -> Option<Self> {
        let was_dead = held.was_dead;
        let locks = Self::keep(held, timeouts);
        if was_dead {
            sleep(timeouts.settle).await;
            if !locks.are_held().await {
                locks.release().await;
                return None;
            }
        }
        Some(locks)
    }

    /// Whether all locks are still ours and were never untouched for too long, as after sleep. Touches them.
    pub async fn are_held(&self) -> bool {
        let (held, good_for) = (Arc::clone(&self.held), self.good_for);
        spawn_blocking(move || touch(&held, good_for)).await.unwrap_or(false)
    }

    /// Like [`Locks::are_held`], on the calling thread. Blocks briefly.
    pub fn are_held_now(&self) -> bool {
        touch(&self.held, self.good_for)
    }

    /// Releases the locks, except those that others have taken over.
    pub async fn release(&self) {
        self.touching.abort();
        let held = Arc::clone(&self.held);
        let _ = spawn_blocking(move || drop(locked(&held).take())).await;
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        self.touching.abort();
        drop(locked(&self.held).take());
    }
}

async fn keep_touching(held: Weak<Mutex<Option<Held>>>, every: Duration, good_for: Duration) {
    loop {
        sleep(every).await;
        let Some(held) = held.upgrade() else {
            return;
        };
        if !spawn_blocking(move || touch(&held, good_for)).await.unwrap_or(false) {
            return;
        }
    }
}

fn touch(held: &Mutex<Option<Held>>, good_for: Duration) -> bool {
    let mut held = locked(held);
    let Some(held) = held.as_mut() else {
        return false;
    };
    held.doubtful |= held.folders.iter().any(|lock| lock.age() > good_for);
    // Touches all of them even if one is lost, since the others are still held.
    let lost = held.folders.iter_mut().filter_map(|lock| (!lock.touch()).then_some(())).count();
    lost == 0 && !held.doubtful
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
