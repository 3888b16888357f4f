//! Removes copies of the settings that earlier versions of Holdoff kept, because they may contain private data.

use super::record::{self, FOLDER, SIZE_MAX, VERSION_WITH_COPY};
use crate::platform::fs;
use holdoff_core::messages;
use holdoff_core::providers::Provider;
use std::io;
use std::path::{Path, PathBuf};

/// Removes the copies at the start of the app. Returns a sentence for the user if there were any.
pub fn clean_copies(data_dir: &Path) -> Option<String> {
    match remove_copies(data_dir) {
        Ok(0) => None,
        Ok(_) => Some(messages::status_line_copies_removed(Provider::Anthropic)),
        Err(error) => {
            tracing::warn!(%error, "could not remove old copies of Claude Code's settings");
            None
        }
    }
}

/// Removes all copies and returns their number. First saves what is needed to undo a change in its record.
///
/// # Errors
/// Fails if one cannot be replaced or removed; the next call tries again.
pub fn remove_copies(data_dir: &Path) -> io::Result<usize> {
    let folder = data_dir.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    let (copies, records): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|file| is_copy(file));
    for path in records {
        let Some(record) = record::read(path).filter(|record| record.version == VERSION_WITH_COPY) else { continue };
        let whole = |file: &Path| fs::read(file, SIZE_MAX).ok();
        let copy = record.copy.as_ref().and_then(|name| whole(&folder.join(Path::new(name).file_name()?)));
        let now = whole(Path::new(&record.settings)).unwrap_or_default();
        record::write(path, &record.without_copy(copy.as_ref().map(|copy| copy.as_slice()), &now))?;
    }
    for copy in &copies {
        std::fs::remove_file(copy)?;
    }
    Ok(copies.len())
}

fn is_copy(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("copy-") || name.starts_with("settings-")
}
