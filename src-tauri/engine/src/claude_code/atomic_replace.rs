//! Replaces a file that belongs to another program: whole or not at all, durably, with its mode and its owner, and never
//! readable to more than it was.

use crate::platform::fs;
use std::fs::{Metadata, canonicalize, remove_file, symlink_metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What is to take the place of a file: beside it, synced. Gone when dropped before it did, unless it was there before.
#[derive(Debug)]
pub(super) struct Next {
    next: fs::Next,
    target: PathBuf,
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
    canonicalize(path).is_ok_and(|target| symlink_metadata(beside(&target)).is_ok())
}

/// What is left there, if it is whole enough to be looked into: a file as large as one of these, nobody else's, and
/// readable to no more than what it was to replace.
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

/// Removes it.
pub(super) fn clear(path: &Path) {
    if let Ok(target) = canonicalize(path) {
        let _ = remove_file(beside(&target));
    }
}

impl Next {
    /// # Errors
    /// A sentence about what is in the way. `target` is as it was.
    pub(super) fn beside(target: &Path, bytes: &[u8]) -> Result<Self, String> {
        let like = symlink_metadata(target).map_err(|error| words(&error))?;
        ours_to_write(&like)?;
        let path = beside(target);
        // A crash may have left these very bytes there, and in no other place: they stay until they are where they belong.
        let kept = left(target, bytes.len() as u64).is_some_and(|left| *left == bytes);
        let next = if kept { fs::Next::found(path) } else { fs::Next::written(path, Some(&like), bytes) };
        Ok(Self { next: next.map_err(|error| words(&error))?, target: target.to_owned() })
    }

    /// # Errors
    /// A sentence about what is in the way. What was replaced may then not be durable; try again.
    pub(super) fn replace(self) -> Result<(), String> {
        self.next.place(&self.target).map_err(|error| words(&error))
    }
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

/// What the system says, for people.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "its folder is not writable".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "it is on a read-only file system".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no space left on the disk".to_owned(),
        _ => format!("system error: {error}"),
    }
}
