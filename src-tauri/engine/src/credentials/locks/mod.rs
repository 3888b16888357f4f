//! The locks under which a sign-in is renewed: Holdoff's own, and those that its owner takes for the same. In that order,
//! all or none.

mod folder;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use super::Source;
use crate::lock::FileLock;
use folder::{Attempt, FolderLock, Sight};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

/// Where Claude Code has its lock, in its config folder; the older one is named after that folder and beside it.
const IN_FOLDER: &str = ".oauth_refresh.lock";
const BESIDE_FOLDER: &str = ".lock";
/// How often a lock that is held is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const ANOTHER: &str = "another program is renewing it";
const ANOTHER_HOLDOFF: &str = "another Holdoff is renewing it";
const FAILED_ITSELF: &str = "locking failed in Holdoff itself";

/// The times of locking. All in real time: other programs share the locks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long a lock that is held is waited for. Short: whoever renews is done within seconds, and asking again later is
    /// cheap.
    pub wait: Duration,
    /// A lock that was not touched for so long is dead, as its owner has it.
    pub dead_after: Duration,
    /// And for so long before our eyes, awake: after a sleep of the machine or a step of the clock, living locks look dead
    /// until they are touched again.
    pub watch: Duration,
    /// How often a lock is touched by its holder.
    pub touch_every: Duration,
    /// How long to make sure of a lock that was taken from a dead program: another may have found it dead as well.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(1),
            dead_after: Duration::from_secs(60),
            watch: Duration::from_secs(7),
            touch_every: Duration::from_secs(5),
            settle: Duration::from_millis(250),
        }
    }
}

/// Takes the locks of one sign-in.
#[derive(Debug, Clone)]
pub(super) struct Locker {
    credential: PathBuf,
    own: PathBuf,
    folders: Vec<PathBuf>,
    patience: Patience,
    /// In the order of the folders.
    seen: Arc<Mutex<Vec<Seen>>>,
    hurried: Arc<AtomicBool>,
}

/// A lock of another as it was seen, and since when.
type Seen = Option<(Sight, Instant)>;

enum Tried {
    Taken(Held),
    /// By whom, and whether it looks dead.
    Held(&'static str, bool),
}

impl Locker {
    /// `locks` is the folder of Holdoff's own.
    pub fn new(source: &Source, locks: &Path, patience: Patience) -> Self {
        let beside = source.config_dir.file_name().map(|name| {
            let mut name = name.to_owned();
            name.push(BESIDE_FOLDER);
            source.config_dir.with_file_name(name)
        });
        let folders: Vec<PathBuf> = [source.config_dir.join(IN_FOLDER)].into_iter().chain(beside).collect();
        let seen = Arc::new(Mutex::new(vec![None; folders.len()]));
        Self {
            credential: source.credential_path(),
            own: locks.to_owned(),
            folders,
            patience,
            seen,
            hurried: Arc::default(),
        }
    }

    /// From now on nothing is waited for.
    pub fn hurry(&self) {
        self.hurried.store(true, Ordering::Relaxed);
    }

    pub fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Relaxed)
    }

    /// # Errors
    /// Who holds one of them, or why they cannot be had.
    pub async fn take(&self) -> Result<Locks, String> {
        let began = Instant::now();
        loop {
            let locker = self.clone();
            let tried = spawn_blocking(move || locker.attempt()).await.map_err(|_| FAILED_ITSELF)?;
            let (by, dying) = match tried? {
                Tried::Taken(held) => match self.settled(held).await {
                    Some(locks) => return Ok(locks),
                    None => (ANOTHER, false),
                },
                Tried::Held(by, dying) => (by, dying),
            };
            let watch = if dying { self.patience.watch } else { Duration::ZERO };
            if began.elapsed() >= self.patience.wait + watch || self.is_hurried() {
                return Err(by.to_owned());
            }
            sleep(LOOK_EVERY.min(self.patience.wait)).await;
        }
    }

    async fn settled(&self, held: Held) -> Option<Locks> {
        let was_dead = held.was_dead;
        let locks = Locks::keep(held, self.patience);
        if was_dead {
            sleep(self.patience.settle).await;
            if !locks.are_held().await {
                locks.release().await;
                return None;
            }
        }
        Some(locks)
    }

    /// Holdoff's own lock alone, if nobody has it. Blocks for a disk's moment.
    pub fn take_own(&self) -> Option<FileLock> {
        FileLock::take(&self.own.join(own_name(&self.credential))).ok().flatten()
    }

    /// Blocks for a disk's moment.
    fn attempt(&self) -> Result<Tried, String> {
        let own = FileLock::take(&self.own.join(own_name(&self.credential)))
            .map_err(|error| format!("Holdoff's own lock cannot be had: {error}"))?;
        let Some(own) = own else {
            return Ok(Tried::Held(ANOTHER_HOLDOFF, false));
        };
        let mut held = Held { folders: Vec::new(), was_dead: false, doubtful: false, _own: own };
        for (path, seen) in self.folders.iter().zip(locked(&self.seen).iter_mut()) {
            let failed = |error: io::Error| words(path, &error);
            match FolderLock::attempt(path).map_err(failed)? {
                Attempt::Taken(lock) => {
                    *seen = None;
                    held.folders.push(lock);
                }
                Attempt::Held(sight) => match self.verdict(sight, seen) {
                    Verdict::Dead if folder::clear(path, sight).map_err(failed)? => {
                        let Attempt::Taken(lock) = FolderLock::attempt(path).map_err(failed)? else {
                            return Ok(Tried::Held(ANOTHER, false));
                        };
                        tracing::info!(lock = %path.display(), "the lock of a program that is gone was taken over");
                        held.was_dead = true;
                        held.folders.push(lock);
                    }
                    Verdict::Dying => return Ok(Tried::Held(ANOTHER, true)),
                    Verdict::Dead | Verdict::Alive => return Ok(Tried::Held(ANOTHER, false)),
                },
            }
        }
        Ok(Tried::Taken(held))
    }

    /// A touch that lies ahead never comes to be long ago: whoever is not seen to touch it for as long is dead as well.
    fn verdict(&self, sight: Sight, seen: &mut Seen) -> Verdict {
        let watched = match seen {
            Some((same, since)) if *same == sight => since.elapsed(),
            Some(_) | None => {
                *seen = Some((sight, Instant::now()));
                Duration::ZERO
            }
        };
        let old = sight.age() >= self.patience.dead_after;
        if watched >= self.patience.dead_after || old && watched >= self.patience.watch {
            Verdict::Dead
        } else if old {
            Verdict::Dying
        } else {
            Verdict::Alive
        }
    }
}

enum Verdict {
    Alive,
    /// It looks dead, and is not watched for long enough.
    Dying,
    Dead,
}

/// One for each credential file, by whichever way it is found.
fn own_name(credential: &Path) -> String {
    let file = credential.canonicalize().unwrap_or_else(|_| credential.to_owned());
    let digest = Sha256::digest(file.as_os_str().as_encoded_bytes());
    let hex: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("renewal-{hex}.lock")
}

fn words(path: &Path, error: &io::Error) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotADirectory => format!("what stands in the place of its lock {name} is no lock"),
        io::ErrorKind::PermissionDenied => format!("its lock {name} cannot be made there: permission denied"),
        _ => format!("its lock {name} cannot be had: {error}"),
    }
}

/// What is held. The folders are given back before Holdoff's own.
#[derive(Debug)]
struct Held {
    folders: Vec<FolderLock>,
    /// One of them was taken from a dead program.
    was_dead: bool,
    /// They were untouched for so long that another may have found them dead, and be about to take them.
    doubtful: bool,
    _own: FileLock,
}

/// The locks of one sign-in, touched as long as they are held. Given back when dropped; better by [`Locks::release`],
/// which does not block.
#[derive(Debug)]
pub(super) struct Locks {
    held: Arc<Mutex<Option<Held>>>,
    touching: JoinHandle<()>,
    good_for: Duration,
}

impl Locks {
    fn keep(held: Held, patience: Patience) -> Self {
        let held = Arc::new(Mutex::new(Some(held)));
        // After twice as long, whoever comes next may find them dead.
        let good_for = patience.dead_after / 2;
        let touching = tokio::spawn(keep_touching(Arc::downgrade(&held), patience.touch_every, good_for));
        Self { held, touching, good_for }
    }

    /// Whether all of them still are ours, and never were untouched for long, as after a sleep of the machine. Touches them.
    pub async fn are_held(&self) -> bool {
        let (held, good_for) = (Arc::clone(&self.held), self.good_for);
        spawn_blocking(move || touch(&held, good_for)).await.unwrap_or(false)
    }

    /// Gives them back, but for what others took over.
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
    // Each of them, even if one is lost: the others are still held.
    let lost = held.folders.iter_mut().filter_map(|lock| (!lock.touch()).then_some(())).count();
    lost == 0 && !held.doubtful
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
