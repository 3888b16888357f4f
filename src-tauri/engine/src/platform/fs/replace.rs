//! Replaces a file by another one: whole or not at all, and durably where that is asked for.

use super::create::{create_new, make_folder};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is to take the place of a file: beside it, for this user only. Gone when dropped before it did.
#[derive(Debug)]
pub(crate) struct Next {
    path: PathBuf,
    file: File,
    /// It took its place, or is to stay for another reason.
    stays: bool,
}

impl Next {
    /// An empty one. What stands there by that name was left by a crash, and goes.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let _there_is_none_as_a_rule = fs::remove_file(&path);
        Ok(Self { file: create_new(&path)?, path, stays: false })
    }

    /// A whole and durable one, which only those can read who can read `like`, where there is such a file.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn written(path: PathBuf, like: Option<&Metadata>, bytes: &[u8]) -> io::Result<Self> {
        let mut next = Self::create(path)?;
        if let Some(like) = like {
            next.liken(like)?;
        }
        next.write(bytes)?;
        next.file.sync_all()?;
        Ok(next)
    }

    /// One that is there and whole, made durable. It stays where it is if it does not take its place.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn found(path: PathBuf) -> io::Result<Self> {
        let file = writable(&path)?;
        file.sync_all()?;
        Ok(Self { file, path, stays: true })
    }

    /// # Errors
    /// What the system says.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the mode and the owner of another file. Before there is anything in it.
    #[cfg(unix)]
    fn liken(&self, like: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let made = self.file.metadata()?;
        let mut mode = like.mode() & 0o777;
        if made.uid() != like.uid() {
            fchown(&self.file, Some(like.uid()), None)?;
        }
        if made.gid() != like.gid() && fchown(&self.file, None, Some(like.gid())).is_err() {
            // What that group was allowed is not for another one.
            mode &= !0o070;
        }
        self.file.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn liken(&self, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Takes the place of `target`, durably.
    ///
    /// # Errors
    /// What the system says. What was replaced may then not be durable; try again.
    pub(crate) fn place(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.stays = true;
        sync_folder(target)
    }

    /// The same, as quickly as can be and not durably. By exchanging the names, where that can be done: when one file is
    /// renamed over another, some file systems write it out at once.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn place_unsynced(mut self, target: &Path) -> io::Result<()> {
        // What was there has the name of this one then, and goes with it.
        if exchange(&self.path, target).is_err() {
            fs::rename(&self.path, target)?;
            self.stays = true;
        }
        Ok(())
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if !self.stays {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Puts a file with these bytes, for this user only, in place of what is there, durably; and makes the folder where there is
/// none. `next` is its name until then, in the same folder.
///
/// # Errors
/// What the system says. What was there stays, or may not be durably replaced.
pub fn replace(path: &Path, next: PathBuf, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    Next::written(next, None, bytes)?.place(path)
}

/// Puts a file that somebody else wrote in place of another, durably.
///
/// # Errors
/// What the system says. What was there stays, or may not be durably replaced.
pub(crate) fn put(next: &Path, path: &Path) -> io::Result<()> {
    writable(next)?.sync_all()?;
    fs::rename(next, path)?;
    sync_folder(path)
}

/// Syncs a file and the folder that names it.
///
/// # Errors
/// What the system says: it is not durable.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    writable(path)?.sync_all()?;
    sync_folder(path)
}

/// Windows syncs a file only for who may write it.
fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Syncs the folder that names a file.
///
/// # Errors
/// What the system says: what it names may be another one after a crash of the machine.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()) {
        // Some file systems have no such thing.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Exchanges two names in one step.
///
/// # Errors
/// `Unsupported` where that cannot be done here; else what the system says.
#[cfg(target_os = "linux")]
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    rename_by(one, other, rustix::fs::RenameFlags::EXCHANGE)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames a folder, or a file, where there is nothing by the other name. (A plain rename puts a folder over an empty one.)
///
/// # Errors
/// `AlreadyExists`; `Unsupported` where that cannot be done here; else what the system says.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    rename_by(from, to, rustix::fs::RenameFlags::NOREPLACE)
}

/// Folders only. Here a rename never replaces one.
///
/// # Errors
/// What the system says.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_by(from: &Path, to: &Path, flags: rustix::fs::RenameFlags) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, flags) {
        // Kernels and file systems that know no such flag, as some of other computers'.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        renamed => Ok(renamed?),
    }
}
