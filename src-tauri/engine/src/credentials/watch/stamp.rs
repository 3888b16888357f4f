//! Detects that a file was changed or replaced.

use crate::platform::data_dir::FileId;
use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

/// Modification time, size and identity. `None` means no file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Option<(Option<SystemTime>, u64, Option<FileId>)>);

impl Stamp {
    pub(crate) fn of(path: &Path) -> Self {
        let stamp = |found: Metadata| (found.modified().ok(), found.len(), FileId::at(path));
        Self(std::fs::metadata(path).ok().map(stamp))
    }
}
