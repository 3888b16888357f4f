//! Bounded reads of a path that may lead to anything, with classified errors.

use super::error::ReadError;
use super::open::{open, open_unlinked};
use crate::platform::private_files;
use crate::platform::wiped;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use zeroize::Zeroizing;

/// Reads a regular file of at most `most` bytes, whoever owns it. It may hold a token, so the buffer is wiped when dropped.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    whole(open(path)?, path, most)
}

/// Same for Holdoff's own files: a file that another user owns is refused.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn read_own(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    read_trusted(path, most, false)
}

/// Same for a record with a command: a file that others can write is refused too.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn read_command(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    read_trusted(path, most, true)
}

fn read_trusted(path: &Path, most: u64, command: bool) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let file = open(path)?;
    let doubt = private_files::doubt(&file, command).map_err(|error| ReadError::of(error, path))?;
    doubt.map_or_else(|| whole(file, path, most), |doubt| Err(ReadError::Doubtful(doubt)))
}

/// Reads a regular file, but fails if the path is a link.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn read_unlinked(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    whole(open_unlinked(path)?, path, most)
}

/// The size of a regular file.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn size(path: &Path) -> Result<u64, ReadError> {
    open(path)?.metadata().map(|file| file.len()).map_err(|error| ReadError::of(error, path))
}

/// Reads up to `most` bytes of a regular file, starting at `from`.
///
/// # Errors
/// Fails if the file cannot be read.
pub(crate) fn read_part(path: &Path, from: u64, most: u64) -> Result<Vec<u8>, ReadError> {
    let mut file = open(path)?;
    let rest = file.metadata().map_or(0, |file| file.len().saturating_sub(from)).min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(rest).unwrap_or(0) + 32);
    let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| ReadError::of(error, path))
}

fn whole(file: File, path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // Only a size hint, to avoid many small reads. It may be wrong.
    let about = file.metadata().map_or(0, |file| file.len()).min(most);
    let read = bounded(file, usize::try_from(about).unwrap_or(0), most);
    read.map_err(|error| ReadError::of(error, path))?.ok_or(ReadError::TooLarge(most))
}

/// `None` if there are more than `most` bytes. The reported file size is not trusted: the file may grow.
pub(super) fn bounded(from: impl Read, about: usize, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let bytes = wiped::read_to_end(from.take(most + 1), about)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
