//! Opens a file that may be anything: without waiting for what is not a file, and without doing anything to it.

use super::error::ReadError;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// An ordinary file, to be read.
///
/// # Errors
/// Why there is none.
pub(crate) fn open(path: &Path) -> Result<File, ReadError> {
    open_by(path, fs::metadata(path), 0)
}

/// The same, unless a link stands there.
pub(super) fn open_unlinked(path: &Path) -> Result<File, ReadError> {
    #[cfg(unix)]
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    #[cfg(not(unix))]
    let no_link = 0;
    open_by(path, fs::symlink_metadata(path), no_link)
}

fn open_by(path: &Path, seen: io::Result<Metadata>, flags: i32) -> Result<File, ReadError> {
    let refused = |error| ReadError::of(error, path);
    // Before it is opened: opening a pipe would set free a program that waits for its reader, and a device may do anything.
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

/// Between the look at it and this, a pipe may have taken its place: opening that must not wait either.
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
