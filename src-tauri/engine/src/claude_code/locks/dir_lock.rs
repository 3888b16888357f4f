//! One lock of the sign-in's owner: a folder. Whoever makes it has the lock, touches it while it holds it, and removes it.
//! One that was not touched for a while was left by a dead program.

use super::process;
use crate::platform::fs::rename_if_free;
use crate::platform::random;
use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Which folder stands there, and when it was touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LockStamp {
    #[cfg(unix)]
    folder: (u64, u64),
    touched: SystemTime,
    /// When it was made, where the file system keeps that.
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

    /// When it was made, in milliseconds since 1970, to the last digit as Claude Code reckons it.
    pub(super) fn born_ms(&self) -> Option<f64> {
        let born = self.born?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(born.as_secs() as f64 * 1000.0 + f64::from(born.subsec_nanos()) / 1e6)
    }

    /// How long ago it was touched; zero if that lies ahead.
    pub(super) fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.touched).unwrap_or_default()
    }
}

/// What stands there; `None` is nothing.
pub(super) fn look(path: &Path) -> io::Result<Option<LockStamp>> {
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

/// Held until dropped, unless it was taken away.
#[derive(Debug)]
pub(crate) struct FolderLock {
    path: PathBuf,
    /// Kept open, so that no other folder is given its number.
    #[cfg(unix)]
    folder: File,
    sight: LockStamp,
}

impl FolderLock {
    /// It is made beside its place and then moved there, so that what is opened is what we made: between the making and the
    /// opening of a folder, another may have put its own under the name. `placing` is told of it just before.
    ///
    /// # Errors
    /// It cannot be made, or what stands there is no folder.
    pub(super) fn attempt(path: &Path, mut placing: impl FnMut(&LockStamp)) -> io::Result<Attempt> {
        for _ in 0..3 {
            if let Some(sight) = look(path)? {
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
                    // This file system cannot, as some of other computers' cannot: made in its place, with that moment.
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

    /// The lock that a new folder will be.
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

    /// Whether it is still there, and nobody else made or touched it.
    pub(super) fn is_ours(&self) -> bool {
        look(&self.path).is_ok_and(|seen| seen == Some(self.sight))
    }

    pub(super) fn sight(&self) -> &LockStamp {
        &self.sight
    }

    pub(super) fn age(&self) -> Duration {
        self.sight.age()
    }

    /// Says that its holder lives. Answers whether it still is its holder.
    pub(super) fn touch(&mut self) -> bool {
        if !self.is_ours() {
            return false;
        }
        #[cfg(unix)]
        let touched = touch(&self.folder);
        #[cfg(not(unix))]
        let touched = open(&self.path).and_then(|folder| touch(&folder));
        // A touch that failed leaves it as it was: it is held until it is stale.
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

/// A folder is only opened with `FILE_FLAG_BACKUP_SEMANTICS`, and its times set with `FILE_WRITE_ATTRIBUTES`.
#[cfg(windows)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;
    File::options().access_mode(0x0180).custom_flags(0x0200_0000).open(path)
}

/// Removes the lock of a dead program, so that it can be taken. Answers whether it is gone.
///
/// Two programs may come to that at once, and one of them have the lock by the time that the other removes it. So it is
/// first moved away: what was moved is looked at again, and put back if it is not what was found dead.
pub(super) fn clear(path: &Path, dead: LockStamp) -> io::Result<bool> {
    if look(path)? != Some(dead) {
        return Ok(false);
    }
    let aside = beside(path, "dead");
    match fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    if look(&aside)? == Some(dead) {
        fs::remove_dir(&aside)?;
        return Ok(true);
    }
    put_back(&aside, path);
    Ok(false)
}

/// What programs that are gone left beside its place, on their way to it or away from it.
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

/// If its place is taken by now, its holder has lost it, and finds that out as we would.
fn put_back(aside: &Path, path: &Path) {
    if rename_if_free(aside, path).is_err() {
        let _ = fs::remove_dir(aside);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
