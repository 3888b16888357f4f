//! The file list of an installed archive, used to remove files that a newer archive no longer has.

use super::FILES_MAX;
use crate::platform::fs::read;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Relative to the prefix; one path per line, relative to the prefix.
pub(super) const LIST: &str = "share/holdoff/files";
const LIST_MAX: u64 = 256 * 1024;

/// The files of the earlier archive that are not among `new`. Only files inside the prefix: a link may lead to files of
/// others.
pub(super) fn only_earlier(prefix: &Path, new: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(list) = read(&prefix.join(LIST), LIST_MAX) else { return Vec::new() };
    let Ok(list) = str::from_utf8(&list) else { return Vec::new() };
    let Ok(within) = prefix.canonicalize() else { return Vec::new() };
    let lines = list.lines().take(FILES_MAX).map(Path::new).filter(|line| leads_down(line));
    let mut gone: Vec<PathBuf> = lines.map(|line| prefix.join(line)).filter(|file| !new.contains(file)).collect();
    // If a folder is a link, a new file may have two names.
    let new: Vec<PathBuf> = new.iter().filter_map(|file| file.canonicalize().ok()).collect();
    gone.retain(|file| {
        let is_file = fs::symlink_metadata(file).is_ok_and(|found| found.is_file());
        is_file && file.canonicalize().is_ok_and(|real| real.starts_with(&within) && !new.contains(&real))
    });
    gone.sort_unstable();
    gone.dedup();
    gone
}

fn leads_down(line: &Path) -> bool {
    line.file_name().is_some() && line.components().all(|part| matches!(part, Component::Normal(_)))
}
