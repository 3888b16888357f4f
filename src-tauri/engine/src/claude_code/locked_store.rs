//! The owner's credential store as a renewal uses it: lock, write, unlock.
//!
//! The steps of a renewal: take Holdoff's own lock and the owner's lock folders, in the owner's order, all or none; rehearse
//! the write, so that no token is spent if the result could not be written; read the credential again; save the intent; open
//! the connection; check the locks and the user's setting once more, and only then send the refresh token; write the new pair
//! by compare-and-swap; release the locks. A failed write is retried until the program ends, and once more then.

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

/// How long to wait for a lock before recovered tokens can be written. A dead program's lock stays valid for a minute.
const RESCUE: Duration = Duration::from_secs(75);
const TRY_AGAIN: Duration = Duration::from_secs(1);
const FAILED_ITSELF: &str = "internal error while writing it";

/// One sign-in's store, with its locks while they are held. Clones share the locks.
#[derive(Debug, Clone)]
pub struct LockedStore {
    source: CredentialStore,
    locker: Locker,
    locks: Arc<Mutex<Option<Arc<Locks>>>>,
}

impl LockedStore {
    /// `own_locks` is the folder for Holdoff's own locks.
    pub fn new(source: CredentialStore, own_locks: &Path) -> Self {
        let locker = Locker::new(&source, own_locks, LockTimeouts::RENEWING, LockTimeouts::WRITING);
        Self { source, locker, locks: Arc::default() }
    }

    /// Takes the locks for a renewal and holds them until [`LockedStore::unlock`].
    ///
    /// # Errors
    /// Fails if another program holds a lock, a lock cannot be created, or the rehearsed write fails.
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

    /// Stops waiting for locks held by others.
    pub fn stop_waiting(&self) {
        self.locker.stop_waiting();
    }

    /// Whether the locks were taken and not released; they may have been lost since.
    pub fn was_locked(&self) -> bool {
        self.locks().is_some()
    }

    /// Whether the locks are certainly still held.
    pub async fn is_locked(&self) -> bool {
        let locks = self.locks().clone();
        match locks {
            Some(locks) => locks.are_held().await,
            None => false,
        }
    }

    /// Writes new tokens under the renewal locks and the write lock. Retakes locks that were lost, for example in sleep.
    pub async fn store(&self, successor: RenewedTokens) -> WriteBack {
        if !self.is_locked().await {
            self.unlock().await;
            if let Err(why) = self.take_locks().await {
                return WriteBack::Failed(why);
            }
        }
        self.write(successor).await
    }

    /// Writes new tokens with or without the locks, as a last resort before they are lost. It is still a compare-and-swap.
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

    /// Releases the locks, if held.
    pub async fn unlock(&self) {
        let locks = self.locks().take();
        if let Some(locks) = locks {
            locks.release().await;
        }
    }

    fn locks(&self) -> MutexGuard<'_, Option<Arc<Locks>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cleans up after a Holdoff that crashed while writing: its leftovers contain tokens. Tokens that were issued for the
    /// refresh token `cut_off` exist nowhere else, so they are written to the credential; this waits for a lock longer than a
    /// dead program's stays valid. Everything else is removed.
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
