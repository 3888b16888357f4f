//! Claude Code's managed settings, with which an administrator configures it on a computer.

use std::path::{Path, PathBuf};

#[cfg(target_os = "macos")]
const FOLDER: &str = "/Library/Application Support/ClaudeCode";
#[cfg(windows)]
const FOLDER: &str = r"C:\Program Files\ClaudeCode";
#[cfg(not(any(target_os = "macos", windows)))]
const FOLDER: &str = "/etc/claude-code";

/// The files, highest precedence first.
pub(crate) fn managed_settings() -> Vec<PathBuf> {
    within(Path::new(FOLDER))
}

pub(crate) fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("managed-settings.d")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.reverse();
    files.push(folder.join("managed-settings.json"));
    files
}
