//! A lock of Claude Code: a folder. Its creator holds the lock, touches it while holding it, and removes it to release it. A
//! lock that has not been touched for a while is stale: its program has died.

use super::process;
use crate::platform::fs::rename_if_free;
use crate::platform::random;
use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The identity of a lock folder and when it was last touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LockStamp {
    #[cfg(unix)]
    folder: (u64, u64),
    touched: SystemTime,
    /// The creation time, if the file system records it.
    born: Option<SystemTime>,
}

impl LockStamp {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            folder: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino())
            },
            touched: metadata.modified()?,
            born: metadata.created().ok(),
        })
    }

    /// The creation time in milliseconds since 1970, computed exactly as Claude Code does.
    pub(super) fn born_ms(&self) -> Option<f64> {
        let born = self.born?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(born.as_secs() as f64 * 1000.0 + f64::from(born.subsec_nanos()) / 1e6)
    }

    /// The time since it was last touched; zero if that is in the future.
    pub(super) fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.touched).unwrap_or_default()
    }
}

/// Reads the lock at `path`; `None` if there is none.
pub(super) fn inspect(path: &Path) -> io::Result<Option<LockStamp>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => LockStamp::of(&metadata).map(Some),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Debug)]
pub(super) enum Attempt {
    Taken(FolderLock),
    Held(LockStamp),
}

/// A lock that is held until dropped, unless another program took it over.
#[derive(Debug)]
pub(crate) struct FolderLock {
    path: PathBuf,
    /// Kept open so that no other folder gets its inode number.
    #[cfg(unix)]
    folder: File,
    sight: LockStamp,
}

impl FolderLock {
    /// Creates the folder under a temporary name and then renames it, so that the folder we open is certainly ours: between
    /// creating and opening it at its final name, another program could replace it. Calls `placing` just before the rename.
    ///
    /// # Errors
    /// Fails if the folder cannot be created, or the path is not a folder.
    pub(super) fn attempt(path: &Path, mut placing: impl FnMut(&LockStamp)) -> io::Result<Attempt> {
        for _ in 0..3 {
            if let Some(sight) = inspect(path)? {
                return Ok(Attempt::Held(sight));
            }
            let aside = beside(path, "new");
            fs::create_dir(&aside)?;
            let moved = Self::made(&aside, path).and_then(|lock| {
                placing(&lock.sight);
                rename_if_free(&aside, path).map(|()| lock)
            });
            let moved = moved.or_else(|error| {
                let _ = fs::remove_dir(&aside);
                match error.kind() {
                    // Some file systems, such as network ones, cannot rename this way. Create it in place despite the race.
                    io::ErrorKind::Unsupported => {
                        let made = fs::create_dir(path).and_then(|()| Self::made(path, path));
                        made.inspect(|lock| placing(&lock.sight))
                    }
                    _ => Err(error),
                }
            });
            match moved {
                Ok(lock) if lock.is_ours() => return Ok(Attempt::Taken(lock)),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The lock for a newly created folder.
    fn made(aside: &Path, path: &Path) -> io::Result<Self> {
        let folder = open(aside)?;
        let sight = touch(&folder)?;
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            folder,
            sight,
        })
    }

    /// Whether the lock still exists, and nobody else created or touched it.
    pub(super) fn is_ours(&self) -> bool {
        inspect(&self.path).is_ok_and(|seen| seen == Some(self.sight))
    }

    pub(super) fn sight(&self) -> &LockStamp {
        &self.sight
    }

    pub(super) fn age(&self) -> Duration {
        self.sight.age()
    }

    /// Refreshes the lock. Returns `false` if it is no longer ours.
    pub(super) fn touch(&mut self) -> bool {
        if !self.is_ours() {
            return false;
        }
        #[cfg(unix)]
        let touched = touch(&self.folder);
        #[cfg(not(unix))]
        let touched = open(&self.path).and_then(|folder| touch(&folder));
        // If the touch failed, the lock is still held until it becomes stale.
        self.sight = touched.unwrap_or(self.sight);
        true
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn touch(folder: &File) -> io::Result<LockStamp> {
    folder.set_times(FileTimes::new().set_modified(SystemTime::now()))?;
    LockStamp::of(&folder.metadata()?)
}

#[cfg(not(windows))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opening a folder requires `FILE_FLAG_BACKUP_SEMANTICS`; setting its times requires `FILE_WRITE_ATTRIBUTES`.
#[cfg(windows)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;
    File::options().access_mode(0x0180).custom_flags(0x0200_0000).open(path)
}

/// Removes a dead program's lock. Returns whether it was removed.
///
/// Two programs may do this at once, and one may already hold the lock when the other removes it. So the folder is renamed
/// first, then checked again, and put back if it is not the lock that was found dead.
pub(super) fn clear(path: &Path, dead: LockStamp) -> io::Result<bool> {
    if inspect(path)? != Some(dead) {
        return Ok(false);
    }
    let aside = beside(path, "dead");
    match fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    if inspect(&aside)? == Some(dead) {
        fs::remove_dir(&aside)?;
        return Ok(true);
    }
    put_back(&aside, path);
    Ok(false)
}

/// Temporary folders that dead programs left beside the lock while taking or removing it.
pub(super) fn leftovers(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_one = |file: &str| {
        let rest = file.strip_prefix(&name)?;
        let rest = rest.strip_prefix(".new-").or_else(|| rest.strip_prefix(".dead-"))?;
        process::is_gone(rest.split('-').next()?.parse().ok()?, None).then_some(())
    };
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let left = entries.filter(|entry| is_one(&entry.file_name().to_string_lossy()).is_some());
    left.map(|entry| entry.path()).collect()
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}-{}-{:016x}", std::process::id(), random::number()));
    path.with_file_name(name)
}

/// If the name has been taken meanwhile, the holder has lost its lock and notices that as we would.
fn put_back(aside: &Path, path: &Path) {
    if rename_if_free(aside, path).is_err() {
        let _ = fs::remove_dir(aside);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
