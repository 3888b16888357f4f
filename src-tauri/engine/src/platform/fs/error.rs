//! Read errors, with messages for the user.

use crate::platform::private_files::Doubt;
use std::path::Path;
use std::{fs, io};

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a link to a missing file")]
    LinkToNothing,
    #[error("its parent folder is a file")]
    FileAround,
    #[error("permission denied")]
    Forbidden,
    #[error("it is a folder")]
    Folder,
    /// Only where links are not followed.
    #[error("it is a link")]
    Link,
    #[error("it is a pipe, a socket or a device, not a file")]
    NoFile,
    /// The limit in bytes.
    #[error("it is larger than {}, the limit for this file", size_in_words(.0))]
    TooLarge(u64),
    #[error("{0}")]
    Doubtful(Doubt),
    #[error("system error: {0}")]
    System(io::Error),
}

impl ReadError {
    /// Classifies a system error for the file at `path`.
    pub(crate) fn of(error: io::Error, path: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) => {
                Self::LinkToNothing
            }
            // Windows reports only `NotFound` here.
            io::ErrorKind::NotFound if cfg!(windows) && path.parent().is_some_and(Path::is_file) => Self::FileAround,
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::NotADirectory => Self::FileAround,
            _ => Self::System(error),
        }
    }

    /// Whether the file is missing, which is not a fault.
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
