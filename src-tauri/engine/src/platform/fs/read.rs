//! Reads a file that may be anything: bounded, and told apart when it fails.

use super::error::ReadError;
use super::open::{open, open_unlinked};
use crate::platform::private_files;
use crate::platform::wiped;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use zeroize::Zeroizing;

/// All of an ordinary file of at most `most` bytes, whoever's it is. It may hold a token, and is wiped when it is dropped.
///
/// # Errors
/// Why it is not read.
pub fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    whole(open(path)?, path, most)
}

/// The same of what Holdoff keeps: nothing that another user put there is believed.
///
/// # Errors
/// Why it is not read.
pub(crate) fn read_own(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    read_trusted(path, most, false)
}

/// The same of a record with a command in it: nor what others may write.
///
/// # Errors
/// Why it is not read.
pub(crate) fn read_command(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    read_trusted(path, most, true)
}

fn read_trusted(path: &Path, most: u64, command: bool) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let file = open(path)?;
    let doubt = private_files::doubt(&file, command).map_err(|error| ReadError::of(error, path))?;
    doubt.map_or_else(|| whole(file, path, most), |doubt| Err(ReadError::Doubtful(doubt)))
}

/// All of an ordinary file, unless a link stands in its place.
///
/// # Errors
/// Why it is not read.
pub(crate) fn read_unlinked(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    whole(open_unlinked(path)?, path, most)
}

/// How long an ordinary file is.
///
/// # Errors
/// Why it is not to be read.
pub(crate) fn size(path: &Path) -> Result<u64, ReadError> {
    open(path)?.metadata().map(|file| file.len()).map_err(|error| ReadError::of(error, path))
}

/// So many bytes of an ordinary file, from there; fewer at its end.
///
/// # Errors
/// Why it is not read.
pub(crate) fn read_part(path: &Path, from: u64, most: u64) -> Result<Vec<u8>, ReadError> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| ReadError::of(error, path))
}

fn whole(file: File, path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // A hint, which saves many small reads: it may not be true.
    let about = file.metadata().map_or(0, |file| file.len()).min(most);
    let read = bounded(file, usize::try_from(about).unwrap_or(0), most);
    read.map_err(|error| ReadError::of(error, path))?.ok_or(ReadError::TooLarge(most))
}

/// `None` is more than `most` bytes. The size that a file claims to have is not relied on: it may grow, or not be true.
pub(super) fn bounded(from: impl Read, about: usize, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let bytes = wiped::read_to_end(from.take(most + 1), about)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
