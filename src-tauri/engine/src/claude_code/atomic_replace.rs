//! Replaces another program's file atomically and durably. Keeps its mode and owner, and never makes it more readable than it
//! was.

use crate::platform::fs;
use std::fs::{Metadata, canonicalize, remove_file, symlink_metadata};
use std::io;
use std::path::{Path, PathBuf};

/// The new file, synced, beside the one it will replace. Dropping it before the replacement deletes it, unless it existed
/// before.
#[derive(Debug)]
pub(super) struct Next {
    next: fs::Next,
    target: PathBuf,
}

/// Uses a fixed name, so that a file left by a crash, which contains tokens, is found again. Whoever writes it holds the locks,
/// so there is only one.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".holdoff-new");
    target.with_file_name(name)
}

/// Whether a crash left a file beside the one that `path` resolves to.
pub(super) fn is_left(path: &Path) -> bool {
    canonicalize(path).is_ok_and(|target| symlink_metadata(beside(&target)).is_ok())
}

/// Reads a file left by a crash if it is safe to use: a regular file of at most `max` bytes, with the same owner as the target
/// and no additional permissions.
pub(super) fn left(target: &Path, max: u64) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let (left, like) = (beside(target), symlink_metadata(target).ok()?);
    let kept_safe = symlink_metadata(&left).is_ok_and(|left| left.is_file() && as_guarded(&left, &like));
    if kept_safe { fs::read(&left, max).ok() } else { None }
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

/// Removes the file left by a crash.
pub(super) fn clear(path: &Path) {
    if let Ok(target) = canonicalize(path) {
        let _ = remove_file(beside(&target));
    }
}

impl Next {
    /// # Errors
    /// Fails with a sentence for the user if the file cannot be created. `target` is unchanged.
    pub(super) fn beside(target: &Path, bytes: &[u8]) -> Result<Self, String> {
        let like = symlink_metadata(target).map_err(|error| words(&error))?;
        ours_to_write(&like)?;
        let path = beside(target);
        // A crash may have left the only copy of these bytes here. Keep it until it is in its final place.
        let kept = left(target, bytes.len() as u64).is_some_and(|left| *left == bytes);
        let next = if kept { fs::Next::found(path) } else { fs::Next::written(path, Some(&like), bytes) };
        Ok(Self { next: next.map_err(|error| words(&error))?, target: target.to_owned() })
    }

    /// # Errors
    /// Fails with a sentence for the user. If the file was already replaced, it may not be durable; try again.
    pub(super) fn replace(self) -> Result<(), String> {
        self.next.place(&self.target).map_err(|error| words(&error))
    }
}

/// A rename needs no permission on the file itself, but a write-protected file is not meant to be replaced.
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

/// Describes the system error for the user.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "its folder is not writable".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "it is on a read-only file system".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no space left on the disk".to_owned(),
        _ => format!("system error: {error}"),
    }
}
