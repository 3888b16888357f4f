//! File access: reading, creating and replacing files. Callers decide what a failure means.
//!
//! A path may lead to anything: a huge file, a pipe, a link, another user's file. So each file is checked before and after it
//! is opened, and reads are bounded. Files that Holdoff creates are private to its user, and replacement is atomic.

mod create;
mod error;
mod open;
mod read;
mod replace;
#[cfg(test)]
#[cfg(unix)]
mod tests;

pub(crate) use create::{create, create_new, private};
pub use create::{make_folder, make_folder_again};
pub use error::ReadError;
pub(crate) use open::open;
pub use read::read;
pub(crate) use read::{read_command, read_own, read_part, read_unlinked, size};
#[cfg(target_os = "linux")]
pub(crate) use replace::exchange;
pub use replace::replace;
pub(crate) use replace::{Next, put, rename_if_free, sync, sync_folder};

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A short name for something with a long one, such as a path: the same each time, and in no way to be read.
pub(crate) fn short_name(of: &[u8]) -> String {
    hex::encode(&Sha256::digest(of)[..8])
}

/// Renames an unreadable file to `*.unreadable-<time>`; `None` if even that fails.
pub fn set_aside(path: &Path, stamp: &str) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let mut kept = path.with_file_name(format!("{name}.unreadable-{stamp}"));
    let mut count = 1;
    while kept.exists() {
        count += 1;
        kept = path.with_file_name(format!("{name}.unreadable-{stamp}-{count}"));
    }
    std::fs::rename(path, &kept).ok()?;
    Some(kept)
}
