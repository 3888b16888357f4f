//! One lock of the sign-in's owner: a folder. Whoever makes it has the lock, touches it while it holds it, and removes it.
//! One that was not touched for a while was left by a dead program.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Which folder stands there, and when it was touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    #[cfg(unix)]
    folder: (u64, u64),
    touched: SystemTime,
}

impl Sight {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            folder: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino())
            },
            touched: metadata.modified()?,
        })
    }

    /// How long ago it was touched; zero if that lies ahead.
    pub(super) fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.touched).unwrap_or_default()
    }
}

/// What stands there; `None` is nothing.
fn look(path: &Path) -> io::Result<Option<Sight>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Sight::of(&metadata).map(Some),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Debug)]
pub(super) enum Attempt {
    Taken(FolderLock),
    Held(Sight),
}

/// Held until dropped, unless it was taken away.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    /// Kept open, so that no other folder is given its number.
    #[cfg(unix)]
    folder: File,
    sight: Sight,
}

impl FolderLock {
    /// # Errors
    /// It cannot be made, or what stands there is no folder.
    pub(super) fn attempt(path: &Path) -> io::Result<Attempt> {
        for _ in 0..3 {
            match fs::create_dir(path) {
                Ok(()) => match Self::made(path)? {
                    Some(lock) => return Ok(Attempt::Taken(lock)),
                    None => continue,
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if let Some(sight) = look(path)? {
                return Ok(Attempt::Held(sight));
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// `None` if it was taken away in that moment.
    fn made(path: &Path) -> io::Result<Option<Self>> {
        let folder = match open(path) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let touched = touch(&folder).inspect_err(|_| drop(fs::remove_dir(path)))?;
        let lock = Self {
            path: path.to_owned(),
            #[cfg(unix)]
            folder,
            sight: touched,
        };
        Ok(lock.is_ours().then_some(lock))
    }

    /// Whether it is still there, and nobody else made or touched it.
    pub(super) fn is_ours(&self) -> bool {
        look(&self.path).is_ok_and(|seen| seen == Some(self.sight))
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

fn touch(folder: &File) -> io::Result<Sight> {
    folder.set_times(FileTimes::new().set_modified(SystemTime::now()))?;
    Sight::of(&folder.metadata()?)
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
pub(super) fn clear(path: &Path, dead: Sight) -> io::Result<bool> {
    if look(path)? != Some(dead) {
        return Ok(false);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".dead-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    let aside = path.with_file_name(name);
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

/// If its place is taken by now, its holder has lost it, and finds that out as we would.
fn put_back(aside: &Path, path: &Path) {
    if rename_if_free(aside, path).is_err() {
        let _ = fs::remove_dir(aside);
    }
}

/// A plain rename would put it over the new lock, which is an empty folder.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Here a rename never replaces a folder.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
