//! The owner's store, as a renewal uses it: locked, written, unlocked.
//!
//! A renewal: Holdoff's own lock and the owner's lock folders, in the owner's order, all or none; a rehearsal of the write, so that
//! no token is spent for what could not be written; the sign-in is read again; the intent is saved; locks and the person's choice are
//! checked once more when there is a connection, and only then the refresh token leaves; the new pair is written by compare-and-swap;
//! the locks are given back. A pair that cannot be written is tried again until the program ends, and once more then.

use super::CredentialStore;
use super::locks::{LockTimeouts, Locker, Locks};
use crate::claude_code::atomic_replace;
use holdoff_core::credential::token::Fingerprint;
use holdoff_core::credential::{RenewedTokens, WriteBack};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How long a lock may stand between tokens that a crash left behind and their place: a dead program's is respected for
/// a minute.
const RESCUE: Duration = Duration::from_secs(75);
const TRY_AGAIN: Duration = Duration::from_secs(1);
const FAILED_ITSELF: &str = "internal error while writing it";

/// One sign-in's store, with its locks while they are held. Its copies are the same one.
#[derive(Debug, Clone)]
pub struct LockedStore {
    source: CredentialStore,
    locker: Locker,
    locks: Arc<Mutex<Option<Arc<Locks>>>>,
}

impl LockedStore {
    /// `own_locks` is the folder of Holdoff's own locks.
    pub fn new(source: CredentialStore, own_locks: &Path) -> Self {
        let locker = Locker::new(&source, own_locks, LockTimeouts::RENEWING, LockTimeouts::WRITING);
        Self { source, locker, locks: Arc::default() }
    }

    /// Takes the locks for a renewal, and keeps them until [`LockedStore::unlock`].
    ///
    /// # Errors
    /// Who has them, why they cannot be had, or why what is renewed could not be written.
    pub async fn lock(&self) -> Result<(), String> {
        self.take_locks().await?;
        let source = self.source.clone();
        let writable = spawn_blocking(move || source.rehearse_store()).await;
        let writable = writable.unwrap_or_else(|_| Err(FAILED_ITSELF.to_owned()));
        if writable.is_err() {
            self.unlock().await;
        }
        writable.map_err(|why| format!("cannot write a renewed sign-in: {why}"))
    }

    async fn take_locks(&self) -> Result<(), String> {
        let locks = self.locker.take().await?;
        *self.locks() = Some(Arc::new(locks));
        Ok(())
    }

    /// From now on a lock that another holds is not waited for.
    pub fn stop_waiting(&self) {
        self.locker.stop_waiting();
    }

    /// Whether the locks were taken and not given back; they may have been lost since.
    pub fn was_locked(&self) -> bool {
        self.locks().is_some()
    }

    /// Whether the locks are ours without a doubt.
    pub async fn is_locked(&self) -> bool {
        let locks = self.locks().clone();
        match locks {
            Some(locks) => locks.are_held().await,
            None => false,
        }
    }

    /// Writes new tokens under the locks, and the one on writing. If they were lost meanwhile, as in a sleep of the machine, they are taken anew.
    pub async fn store(&self, successor: RenewedTokens) -> WriteBack {
        if !self.is_locked().await {
            self.unlock().await;
            if let Err(why) = self.take_locks().await {
                return WriteBack::Failed(why);
            }
        }
        self.write(successor).await
    }

    /// Writes new tokens with the locks or without: for the last moment, after which they are lost. It still is a
    /// compare-and-swap.
    pub async fn store_at_last(&self, successor: RenewedTokens) -> WriteBack {
        match self.store(successor.clone()).await {
            WriteBack::Failed(_) => {
                let writing = self.locker.take_for_writing().await.ok();
                self.write_under(successor, writing).await
            }
            stored => stored,
        }
    }

    async fn write(&self, successor: RenewedTokens) -> WriteBack {
        match self.locker.take_for_writing().await {
            Ok(writing) => self.write_under(successor, Some(writing)).await,
            Err(why) => WriteBack::Failed(why),
        }
    }

    async fn write_under(&self, successor: RenewedTokens, writing: Option<Locks>) -> WriteBack {
        let (source, writing) = (self.source.clone(), writing.map(Arc::new));
        let lock = writing.clone();
        let may = move || lock.as_ref().is_none_or(|lock| lock.are_held_now());
        let stored = spawn_blocking(move || source.store(&successor, may)).await;
        if let Some(writing) = writing {
            writing.release().await;
        }
        stored.unwrap_or_else(|_| WriteBack::Failed(FAILED_ITSELF.to_owned()))
    }

    /// Gives the locks back, if they are held.
    pub async fn unlock(&self) {
        let locks = self.locks().take();
        if let Some(locks) = locks {
            locks.release().await;
        }
    }

    fn locks(&self) -> MutexGuard<'_, Option<Arc<Locks>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to what a Holdoff that died in the middle of writing left behind: there are tokens in it. Those that were got
    /// for the refresh token `interrupted_renewal` are in no other place: they are written to where they belong, and a lock is waited
    /// for longer than a dead program's is respected. All else is removed.
    pub async fn settle_leftovers(&self, cut_off: Option<&Fingerprint>) {
        let began = Instant::now();
        if let Some(successor) = self.recover_pending(cut_off).await {
            while let Err(why) = self.rescue(&successor).await {
                if began.elapsed() > RESCUE || self.locker.is_hurried() {
                    tracing::warn!(
                        why,
                        "cannot write a renewed sign-in that was left by a crash; it stays where it is"
                    );
                    return;
                }
                sleep(TRY_AGAIN).await;
            }
        }
        self.clear_leftovers().await;
    }

    async fn recover_pending(&self, cut_off: Option<&Fingerprint>) -> Option<RenewedTokens> {
        let (source, spent) = (self.source.clone(), cut_off?.clone());
        spawn_blocking(move || source.recover_pending(&spent)).await.ok().flatten()
    }

    async fn rescue(&self, successor: &RenewedTokens) -> Result<(), String> {
        let stored = self.store(successor.clone()).await;
        self.unlock().await;
        match stored {
            WriteBack::Failed(why) => return Err(why),
            WriteBack::Written => tracing::info!("wrote a renewed sign-in that was left by a crash"),
            WriteBack::Changed => {}
        }
        Ok(())
    }

    async fn clear_leftovers(&self) {
        let (path, locker) = (self.source.credential_path(), self.locker.clone());
        let cleared = spawn_blocking(move || {
            let folders = locker.leftovers();
            if (atomic_replace::is_left(&path) || !folders.is_empty())
                && let Some(_own) = locker.take_own()
            {
                atomic_replace::clear(&path);
                folders.iter().for_each(|folder| drop(std::fs::remove_dir(folder)));
            }
        });
        let _ = cleared.await;
    }
}
