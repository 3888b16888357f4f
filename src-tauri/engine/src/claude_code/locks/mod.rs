//! The locks for a renewal: Holdoff's own, and Claude Code's renewal locks in its order, all or none. Also the lock for writing
//! the credential.

mod beside;
mod dir_lock;
mod held;
mod process;
mod record;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use super::CredentialStore;
use crate::platform::file_lock::FileLock;
use dir_lock::{Attempt, FolderLock, LockStamp};
use held::{Held, locked};
use record::{OwnRecord, OwnerRecord};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

pub(crate) use beside::{Busy, take_beside};
pub(super) use held::Locks;

/// Claude Code's renewal lock in its config folder. The older lock is beside the folder and named after the folder's real path.
const IN_FOLDER: &str = ".oauth_refresh.lock";
const BESIDE_FOLDER: &str = ".lock";
/// The index of the older lock.
const OLDER: usize = 1;
/// Claude Code holds this lock for every read-modify-write of its credentials.
const WRITING: &str = ".storage-write.lock";
/// How often to retry a lock that is held.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The waits for the write lock, the same ten as Claude Code's.
const WRITING_WAITS_MS: [u64; 10] = [100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000];
/// The number of those waits during shutdown.
const HURRIED_WAITS: usize = 3;

const ANOTHER: &str = "another program is renewing it";
const ANOTHER_HOLDOFF: &str = "another copy of Holdoff is renewing it";
const ANOTHER_WRITES: &str = "another program is writing the file";
const FAILED_ITSELF: &str = "internal error while locking";

/// Lock timing. All in real time, because the locks are shared with other programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockTimeouts {
    /// How long to wait for a held lock. Short, because a renewal takes seconds and retrying later is cheap.
    pub wait: Duration,
    /// An untouched lock is dead after this time, as in Claude Code.
    pub dead_after: Duration,
    /// How long we must also observe the lock untouched while awake: after sleep or a clock change, live locks look dead until
    /// they are touched again. If the lock's process has ended, this time alone is enough.
    pub watch: Duration,
    /// How often the holder touches a lock.
    pub touch_every: Duration,
    /// How long to wait and check again after a takeover, because another program may have taken over the same dead lock.
    pub settle: Duration,
}

impl LockTimeouts {
    /// For the renewal locks, which Claude Code touches every 5 s.
    pub const RENEWING: Self = Self {
        wait: Duration::from_secs(1),
        dead_after: Duration::from_secs(60),
        watch: Duration::from_secs(7),
        touch_every: Duration::from_secs(5),
        settle: Duration::from_millis(250),
    };
    /// For the write lock, which Claude Code touches every 7.5 s.
    pub const WRITING: Self =
        Self { dead_after: Duration::from_secs(15), watch: Duration::from_secs(8), ..Self::RENEWING };
}

/// Takes the locks of one sign-in.
#[derive(Debug, Clone)]
pub(super) struct Locker {
    /// The folder of the credential.
    folder: PathBuf,
    credential: PathBuf,
    own: PathBuf,
    renewing: LockTimeouts,
    writing: LockTimeouts,
    /// The newer lock, the older lock and the write lock.
    seen: Arc<Mutex<[Seen; 3]>>,
    hurried: Arc<AtomicBool>,
}

/// Another program's lock as last seen, and since when.
type Seen = Option<(LockStamp, Instant)>;

enum Tried {
    Taken(Box<Held>),
    /// Who holds it, and whether it looks dead.
    Held(&'static str, bool),
}

impl Locker {
    /// `locks` is the folder for Holdoff's own locks.
    pub fn new(source: &CredentialStore, locks: &Path, renewing: LockTimeouts, writing: LockTimeouts) -> Self {
        Self {
            folder: source.storage_dir().to_owned(),
            credential: source.credential_path(),
            own: locks.to_owned(),
            renewing,
            writing,
            seen: Arc::default(),
            hurried: Arc::default(),
        }
    }

    /// Stops waiting for locks, except briefly for the write lock.
    pub fn stop_waiting(&self) {
        self.hurried.store(true, Ordering::Relaxed);
    }

    pub fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Relaxed)
    }

    /// # Errors
    /// Fails if another program holds one of the locks, or one cannot be created.
    pub async fn take(&self) -> Result<Locks, String> {
        let began = Instant::now();
        loop {
            let locker = self.clone();
            let tried = spawn_blocking(move || locker.attempt()).await.map_err(|_| FAILED_ITSELF)?;
            let (by, dying) = match tried? {
                Tried::Taken(held) => match Locks::settled(*held, self.renewing).await {
                    Some(locks) => return Ok(locks),
                    None => (ANOTHER, false),
                },
                Tried::Held(by, dying) => (by, dying),
            };
            let watch = if dying { self.renewing.watch } else { Duration::ZERO };
            if began.elapsed() >= self.renewing.wait + watch || self.is_hurried() {
                return Err(by.to_owned());
            }
            sleep(LOOK_EVERY.min(self.renewing.wait)).await;
        }
    }

    /// Takes the write lock. Hold it from before the last read of the file until after its rename: a write without it restores
    /// stale data, such as a spent token or another program's old value.
    ///
    /// # Errors
    /// Fails if another program holds the lock, or it cannot be created.
    pub async fn take_for_writing(&self) -> Result<Locks, String> {
        let mut waits = WRITING_WAITS_MS.into_iter().enumerate();
        loop {
            let locker = self.clone();
            let tried = spawn_blocking(move || locker.attempt_for_writing()).await.map_err(|_| FAILED_ITSELF)?;
            if let Tried::Taken(held) = tried?
                && let Some(locks) = Locks::settled(*held, self.writing).await
            {
                return Ok(locks);
            }
            match waits.next().filter(|(waited, _)| *waited < HURRIED_WAITS || !self.is_hurried()) {
                Some((_, millis)) => sleep(Duration::from_millis(millis)).await,
                None => return Err(ANOTHER_WRITES.to_owned()),
            }
        }
    }

    /// Takes only Holdoff's own lock, if it is free. Blocks briefly.
    pub fn take_own(&self) -> Option<FileLock> {
        FileLock::take(&self.own.join(own_name(&self.credential))).ok().flatten()
    }

    /// Empty folders that were, or were about to become, the lock of a process that was killed.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let [newer, older] = self.renewing_locks();
        let locks = [newer, older, self.folder.join(WRITING)];
        locks.iter().flat_map(|lock| dir_lock::leftovers(lock)).collect()
    }

    /// The newer lock and the older one. Resolved each time, because a link to the config folder may have changed.
    fn renewing_locks(&self) -> [PathBuf; 2] {
        let real = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let mut older = real.into_os_string();
        older.push(BESIDE_FOLDER);
        [self.folder.join(IN_FOLDER), older.into()]
    }

    /// Blocks briefly.
    fn attempt(&self) -> Result<Tried, String> {
        let own = FileLock::take(&self.own.join(own_name(&self.credential)))
            .map_err(|error| format!("cannot take Holdoff's own lock: {error}"))?;
        let Some(own) = own else {
            return Ok(Tried::Held(ANOTHER_HOLDOFF, false));
        };
        let (paths, record) = (self.renewing_locks(), self.folder.join(record::NAME));
        let dead = OwnerRecord::read(&record).filter(OwnerRecord::holder_is_gone);
        let gone = |index, lock: &LockStamp| dead.as_ref().is_some_and(|dead| dead.is_of(index == OLDER, lock));
        let was_dead = match clear_dead(&paths, &mut locked(&self.seen)[..2], self.renewing, gone)? {
            Cleared::Free { was_dead } => was_dead,
            Cleared::Held { dying } => return Ok(Tried::Held(ANOTHER, dying)),
        };
        let mut held = Held::renewing(own, OwnRecord::new(record), was_dead);
        for (index, path) in paths.iter().enumerate() {
            // Recorded before the rename, so that the record covers the lock even if the process is killed right after it.
            let placing = |lock: &LockStamp| {
                if index == OLDER
                    && let Some(record) = &mut held.record
                {
                    record.older(lock);
                }
            };
            let Attempt::Taken(lock) = FolderLock::attempt(path, placing).map_err(|error| words(path, &error))? else {
                return Ok(Tried::Held(ANOTHER, false));
            };
            if index != OLDER
                && let Some(record) = &mut held.record
            {
                record.newer(lock.sight());
            }
            held.folders.push(lock);
        }
        Ok(Tried::Taken(Box::new(held)))
    }

    /// Blocks briefly.
    fn attempt_for_writing(&self) -> Result<Tried, String> {
        let path = [self.folder.join(WRITING)];
        let was_dead = match clear_dead(&path, &mut locked(&self.seen)[2..], self.writing, |_, _| false)? {
            Cleared::Free { was_dead } => was_dead,
            Cleared::Held { dying } => return Ok(Tried::Held(ANOTHER_WRITES, dying)),
        };
        let [path] = path;
        Ok(match FolderLock::attempt(&path, |_| ()).map_err(|error| words(&path, &error))? {
            Attempt::Taken(lock) => Tried::Taken(Box::new(Held::writing(lock, was_dead))),
            Attempt::Held(_) => Tried::Held(ANOTHER_WRITES, false),
        })
    }
}

enum Cleared {
    /// None of the locks exists any more. `was_dead`: a dead program's lock was removed.
    Free {
        was_dead: bool,
    },
    Held {
        dying: bool,
    },
}

/// Removes a dead program's locks. Checks all of them first, so that they are taken over together, and removes them in reverse
/// order, as Claude Code does.
fn clear_dead(
    paths: &[PathBuf],
    seen: &mut [Seen],
    timeouts: LockTimeouts,
    gone: impl Fn(usize, &LockStamp) -> bool,
) -> Result<Cleared, String> {
    let (mut dead, mut dying) = (Vec::new(), false);
    for (index, (path, seen)) in paths.iter().zip(seen).enumerate() {
        let Some(sight) = dir_lock::inspect(path).map_err(|error| words(path, &error))? else {
            *seen = None;
            continue;
        };
        match verdict(sight, seen, gone(index, &sight), timeouts) {
            Verdict::Alive => return Ok(Cleared::Held { dying: false }),
            Verdict::Dying => dying = true,
            Verdict::Dead => dead.push((path, sight)),
        }
    }
    if dying {
        return Ok(Cleared::Held { dying });
    }
    for (path, sight) in dead.iter().rev() {
        if !dir_lock::clear(path, *sight).map_err(|error| words(path, &error))? {
            return Ok(Cleared::Held { dying: false });
        }
        tracing::info!(lock = %path.display(), "removed the lock of a program that has ended");
    }
    Ok(Cleared::Free { was_dead: !dead.is_empty() })
}

enum Verdict {
    Alive,
    /// It looks dead, but has not been observed for long enough.
    Dying,
    Dead,
}

/// A timestamp in the future never becomes old, so a lock that we observe untouched for `dead_after` is dead too. `gone` means
/// that its process has ended.
fn verdict(sight: LockStamp, seen: &mut Seen, gone: bool, timeouts: LockTimeouts) -> Verdict {
    let watched = match seen {
        Some((same, since)) if *same == sight => since.elapsed(),
        Some(_) | None => {
            *seen = Some((sight, Instant::now()));
            Duration::ZERO
        }
    };
    let dying = gone || sight.age() >= timeouts.dead_after;
    if watched >= timeouts.dead_after || dying && watched >= timeouts.watch {
        Verdict::Dead
    } else if dying {
        Verdict::Dying
    } else {
        Verdict::Alive
    }
}

/// One name per credential file, whatever path leads to it.
fn own_name(credential: &Path) -> String {
    let file = credential.canonicalize().unwrap_or_else(|_| credential.to_owned());
    let digest = Sha256::digest(file.as_os_str().as_encoded_bytes());
    format!("renewal-{}.lock", hex::encode(&digest[..6]))
}

fn words(path: &Path, error: &io::Error) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotADirectory => format!("the file at the path of its lock {name} is not a lock"),
        io::ErrorKind::PermissionDenied => format!("cannot create its lock {name}: permission denied"),
        _ => format!("cannot take its lock {name}: {error}"),
    }
}
