//! Opens a path that may lead to anything, without blocking on a pipe and without side effects on a device.

use super::error::ReadError;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Opens a regular file for reading.
///
/// # Errors
/// Fails if it cannot be opened or is not a regular file.
pub(crate) fn open(path: &Path) -> Result<File, ReadError> {
    open_by(path, fs::metadata(path), 0)
}

/// Same, but fails if the path is a link.
pub(super) fn open_unlinked(path: &Path) -> Result<File, ReadError> {
    #[cfg(unix)]
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    #[cfg(not(unix))]
    let no_link = 0;
    open_by(path, fs::symlink_metadata(path), no_link)
}

fn open_by(path: &Path, seen: io::Result<Metadata>, flags: i32) -> Result<File, ReadError> {
    let refused = |error| ReadError::of(error, path);
    // Checked before opening: opening a pipe would unblock its writer, and opening a device may have side effects.
    check(&seen.map_err(refused)?)?;
    let file = open_at_once(path, flags).map_err(refused)?;
    check(&file.metadata().map_err(refused)?)?;
    Ok(file)
}

pub(super) fn check(metadata: &Metadata) -> Result<(), ReadError> {
    match metadata.file_type() {
        kind if kind.is_file() => Ok(()),
        kind if kind.is_dir() => Err(ReadError::Folder),
        kind if kind.is_symlink() => Err(ReadError::Link),
        _ => Err(ReadError::NoFile),
    }
}

/// A pipe may have replaced the file since the check, so opening must not block either.
#[cfg(unix)]
pub(super) fn open_at_once(path: &Path, flags: i32) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let at_once = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    File::options().read(true).custom_flags(at_once | flags).open(path)
}

#[cfg(not(unix))]
pub(super) fn open_at_once(path: &Path, _: i32) -> io::Result<File> {
    File::open(path)
}
