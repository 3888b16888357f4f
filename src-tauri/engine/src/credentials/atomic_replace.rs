//! Replaces a file that belongs to another program: whole or not at all, durably, with its mode and its owner, and never
//! readable to more than it was.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is to take the place of a file: beside it, synced. Gone when dropped before it did, unless it was there before.
#[derive(Debug)]
pub(super) struct Next {
    path: PathBuf,
    target: PathBuf,
    /// These very bytes were there before, left by a crash, and may be in no other place.
    kept: bool,
    placed: bool,
}

/// One name, always the same: what a crash leaves behind holds tokens, and is found again. Whoever writes it holds the
/// locks, so there is no second one.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".holdoff-new");
    target.with_file_name(name)
}

/// Whether a crash left something behind beside the file that `path` leads to.
pub(super) fn is_left(path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|target| fs::symlink_metadata(beside(&target)).is_ok())
}

/// What is left there, if it is whole enough to be looked into: a file as large as one of these, nobody else's, and
/// readable to no more than what it was to replace.
pub(super) fn left(target: &Path, max: u64) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let (left, like) = (beside(target), fs::symlink_metadata(target).ok()?);
    let kept_safe = fs::symlink_metadata(&left).is_ok_and(|left| left.is_file() && as_guarded(&left, &like));
    if kept_safe { crate::credentials::bounded_read::read(&left, max).ok() } else { None }
}

#[cfg(unix)]
fn as_guarded(left: &Metadata, like: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    left.uid() == like.uid() && left.mode() & 0o777 & !like.mode() == 0
}

#[cfg(not(unix))]
fn as_guarded(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Removes it.
pub(super) fn clear(path: &Path) {
    if let Ok(target) = fs::canonicalize(path) {
        let _ = fs::remove_file(beside(&target));
    }
}

impl Next {
    /// # Errors
    /// A sentence about what is in the way. `target` is as it was.
    pub(super) fn beside(target: &Path, bytes: &[u8]) -> Result<Self, String> {
        let like = fs::symlink_metadata(target).map_err(|error| words(&error))?;
        ours_to_write(&like)?;
        let path = beside(target);
        // A crash may have left these very bytes there, and in no other place: they stay until they are where they belong.
        let kept = left(target, bytes.len() as u64).is_some_and(|left| *left == bytes);
        if !kept {
            let _ = fs::remove_file(&path);
        }
        let mut file = if kept { open(&path) } else { create(&path) }.map_err(|error| words(&error))?;
        let next = Self { path, target: target.to_owned(), kept, placed: false };
        let written = if kept { Ok(()) } else { liken(&file, &like).and_then(|()| file.write_all(bytes)) };
        written.and_then(|()| file.sync_all()).map_err(|error| words(&error))?;
        Ok(next)
    }

    /// # Errors
    /// A sentence about what is in the way. What was replaced may then not be durable; try again.
    pub(super) fn replace(mut self) -> Result<(), String> {
        fs::rename(&self.path, &self.target).map_err(|error| words(&error))?;
        self.placed = true;
        sync_folder(&self.target).map_err(|error| words(&error))
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if !self.placed && !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Syncs a file and the folder that names it.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    open(path)?.sync_all()?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()) {
        // Some file systems have no such thing.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A rename needs no permission of the file itself: whoever took that away did not mean it to be replaced.
#[cfg(unix)]
fn ours_to_write(like: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid();
    if like.uid() != me.as_raw() && !me.is_root() {
        return Err("it belongs to another user".to_owned());
    }
    if like.mode() & 0o200 == 0 {
        return Err("it is write-protected".to_owned());
    }
    Ok(())
}

#[cfg(not(unix))]
fn ours_to_write(like: &Metadata) -> Result<(), String> {
    if like.permissions().readonly() { Err("it is write-protected".to_owned()) } else { Ok(()) }
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// To be synced, which Windows does only for who may write.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Before there is anything in it.
#[cfg(unix)]
fn liken(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let made = file.metadata()?;
    let mut mode = like.mode() & 0o777;
    if made.uid() != like.uid() {
        fchown(file, Some(like.uid()), None)?;
    }
    if made.gid() != like.gid() && fchown(file, None, Some(like.gid())).is_err() {
        // What that group was allowed is not for another one.
        mode &= !0o070;
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn liken(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// What the system says, for people.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "its folder may not be written to".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "it is on a read-only file system".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no space left for it".to_owned(),
        _ => format!("the system says: {error}"),
    }
}
