//! Replaces a file atomically, and durably where requested.

use super::create::{create_new, make_folder};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A temporary file in the same folder that will replace another one, private to this user. Deleted on drop unless it did.
#[derive(Debug)]
pub(crate) struct Next {
    path: PathBuf,
    file: File,
    /// It replaced its target, or is to stay for another reason.
    stays: bool,
}

impl Next {
    /// Creates an empty one. A file with that name is left over from a crash and is deleted.
    ///
    /// # Errors
    /// Fails on an I/O error.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let _there_is_none_as_a_rule = fs::remove_file(&path);
        Ok(Self { file: create_new(&path)?, path, stays: false })
    }

    /// Writes and syncs one. If `like` is given, the new file gets its access rights.
    ///
    /// # Errors
    /// Fails on an I/O error.
    pub(crate) fn written(path: PathBuf, like: Option<&Metadata>, bytes: &[u8]) -> io::Result<Self> {
        let mut next = Self::create(path)?;
        if let Some(like) = like {
            next.liken(like)?;
        }
        next.write(bytes)?;
        next.file.sync_all()?;
        Ok(next)
    }

    /// Syncs an existing complete file. It is not deleted if it does not replace its target.
    ///
    /// # Errors
    /// Fails on an I/O error.
    pub(crate) fn found(path: PathBuf) -> io::Result<Self> {
        let file = writable(&path)?;
        file.sync_all()?;
        Ok(Self { file, path, stays: true })
    }

    /// # Errors
    /// Fails on an I/O error.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies mode and owner from another file. Called before anything is written.
    #[cfg(unix)]
    fn liken(&self, like: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let made = self.file.metadata()?;
        let mut mode = like.mode() & 0o777;
        if made.uid() != like.uid() {
            fchown(&self.file, Some(like.uid()), None)?;
        }
        if made.gid() != like.gid() && fchown(&self.file, None, Some(like.gid())).is_err() {
            // The group differs, so it does not get that group's access.
            mode &= !0o070;
        }
        self.file.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn liken(&self, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Replaces `target` durably.
    ///
    /// # Errors
    /// Fails on an I/O error. The replacement may then not be durable; try again.
    pub(crate) fn place(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.stays = true;
        sync_folder(target)
    }

    /// Replaces `target` quickly, without syncing. Swaps the two names where possible, because some file systems flush a file
    /// at once when it is renamed over another.
    ///
    /// # Errors
    /// Fails on an I/O error.
    pub(crate) fn place_unsynced(mut self, target: &Path) -> io::Result<()> {
        // After a swap, the old file has this one's name and is deleted with it.
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

/// Durably replaces `path` with a private file of these bytes, and creates the folder if it is missing. `next` is the
/// temporary name, in the same folder.
///
/// # Errors
/// Fails on an I/O error. The old file remains, or the replacement may not be durable.
pub fn replace(path: &Path, next: PathBuf, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    Next::written(next, None, bytes)?.place(path)
}

/// Durably replaces `path` with `next`, a file that another component wrote.
///
/// # Errors
/// Fails on an I/O error. The old file remains, or the replacement may not be durable.
pub(crate) fn put(next: &Path, path: &Path) -> io::Result<()> {
    writable(next)?.sync_all()?;
    fs::rename(next, path)?;
    sync_folder(path)
}

/// Syncs a file and its folder.
///
/// # Errors
/// Fails on an I/O error; the file is then not durable.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    writable(path)?.sync_all()?;
    sync_folder(path)
}

/// Windows syncs a file only through a writable handle.
fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Syncs the folder of a file.
///
/// # Errors
/// Fails on an I/O error. After a crash of the machine, the name may then lead to the earlier file.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()) {
        // Some file systems cannot sync a folder.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Swaps two names atomically.
///
/// # Errors
/// Fails with `Unsupported` if the system or file system cannot do it, or on an I/O error.
#[cfg(target_os = "linux")]
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    rename_by(one, other, rustix::fs::RenameFlags::EXCHANGE)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames a file or folder only if the target does not exist. (A plain rename replaces an empty folder.)
///
/// # Errors
/// Fails with `AlreadyExists`, with `Unsupported` if this is not possible here, or on an I/O error.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    rename_by(from, to, rustix::fs::RenameFlags::NOREPLACE)
}

/// Folders only. On this platform a rename never replaces a folder.
///
/// # Errors
/// Fails on an I/O error.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_by(from: &Path, to: &Path, flags: rustix::fs::RenameFlags) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, flags) {
        // Kernels and file systems without this flag, such as some network file systems.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        renamed => Ok(renamed?),
    }
}
