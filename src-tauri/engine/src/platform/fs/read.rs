//! Reads a file that may be anything: bounded, and told apart when it fails.

use super::open::{open, open_unlinked};
use crate::platform::private_files::{self, Doubt};
use crate::platform::wiped;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use zeroize::Zeroizing;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a link to a file that is not there")]
    LinkToNothing,
    #[error("what should be the folder around it is a file")]
    FileAround,
    #[error("permission denied")]
    Forbidden,
    #[error("it is a folder")]
    Folder,
    /// Where none is followed.
    #[error("it is a link")]
    Link,
    #[error("it is a pipe, a socket or a device, and not a file")]
    NoFile,
    /// Than so many bytes.
    #[error("it is larger than {}, which no such file is", size_in_words(.0))]
    TooLarge(u64),
    #[error("{0}")]
    Doubtful(Doubt),
    #[error("the system says: {0}")]
    System(io::Error),
}

impl ReadError {
    /// What the system says of the file at `path`.
    pub(crate) fn of(error: io::Error, path: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) => {
                Self::LinkToNothing
            }
            // Windows says no more of that.
            io::ErrorKind::NotFound if cfg!(windows) && path.parent().is_some_and(Path::is_file) => Self::FileAround,
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::NotADirectory => Self::FileAround,
            _ => Self::System(error),
        }
    }

    /// Whether there is nothing to be read, and nothing wrong with that.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::LinkToNothing)
    }
}

fn size_in_words(bytes: &u64) -> String {
    match *bytes {
        0x10_0000.. => format!("{} MiB", bytes >> 20),
        0x400.. => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

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
