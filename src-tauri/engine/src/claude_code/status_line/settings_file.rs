//! Claude Code's `settings.json` on disk: resolves its real path, and replaces it only if it is unchanged since it was read.

use super::SettingsError;
use crate::platform::fs;
use crate::platform::fs::ReadError;
use std::fs::metadata;
use std::io;
use std::path::{Path, PathBuf};

pub const NAME: &str = "settings.json";
/// A few kilobytes are usual.
pub(super) const SIZE_MAX: u64 = 4 * 1024 * 1024;

/// The settings as they were read.
#[derive(Debug, Clone)]
pub struct SettingsContents {
    /// The file itself, with links resolved.
    pub path: PathBuf,
    /// `None` if the file does not exist yet.
    pub bytes: Option<Vec<u8>>,
}

/// The file's real path, or where it would be created. Also resolves a dangling link.
pub fn real(settings: &Path) -> PathBuf {
    if let Ok(real) = settings.canonicalize() {
        return real;
    }
    let folder = settings.parent().and_then(|folder| folder.canonicalize().ok());
    folder.map_or_else(|| settings.to_owned(), |folder| folder.join(NAME))
}

pub fn find(settings: &Path) -> Result<SettingsContents, SettingsError> {
    let folder = settings.parent().unwrap_or(settings);
    if !folder.is_dir() {
        return Err(SettingsError::NoFolder { folder: folder.to_owned() });
    }
    let path = real(settings);
    let bytes = match fs::read(&path, SIZE_MAX) {
        Ok(bytes) => Some(bytes.to_vec()),
        Err(ReadError::Missing) => None,
        Err(error) => return Err(SettingsError::Unreadable { path: settings.to_owned(), why: error.to_string() }),
    };
    Ok(SettingsContents { path, bytes })
}

impl SettingsContents {
    /// A read-only file is not replaced by a writable one, although the folder's permissions would allow it.
    pub fn writable(self) -> Result<Self, SettingsError> {
        if self.bytes.is_some() {
            check_writable(&self.path)?;
        }
        Ok(self)
    }
}

fn check_writable(path: &Path) -> Result<(), SettingsError> {
    let unreadable = |error: io::Error| SettingsError::Unreadable { path: path.to_owned(), why: error.to_string() };
    let metadata = metadata(path).map_err(unreadable)?;
    if metadata.permissions().readonly() {
        return Err(SettingsError::ReadOnly { path: path.to_owned() });
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&metadata) != rustix::process::geteuid().as_raw() {
        return Err(SettingsError::Foreign { path: path.to_owned() });
    }
    Ok(())
}

/// Durably replaces the file with `after`, unless it has changed since it was read. `None` removes the file.
pub fn replace(found: &SettingsContents, after: Option<&[u8]>) -> Result<(), SettingsError> {
    let path = &found.path;
    let failed = |error: io::Error| SettingsError::Write { path: path.clone(), why: error.to_string() };
    let changed = || SettingsError::Changed { path: path.clone() };
    if !is_as_found(found).map_err(failed)? {
        return Err(changed());
    }
    let Some(after) = after else {
        std::fs::remove_file(path).map_err(failed)?;
        return fs::sync_folder(path).map_err(failed);
    };
    let next = path.with_file_name(format!(".{NAME}.holdoff-{}", std::process::id()));
    let next = fs::Next::written(next, metadata(path).ok().as_ref(), after);
    let swapped = next.and_then(|next| swap(next, found));
    if swapped.map_err(failed)? { Ok(()) } else { Err(changed()) }
}

fn is_as_found(found: &SettingsContents) -> io::Result<bool> {
    Ok(in_file(&found.path).map_err(io::Error::other)? == found.bytes)
}

fn in_file(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match fs::read(path, SIZE_MAX) {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Exchanges the two names atomically and then checks the replaced content: if another program wrote at the last moment,
/// exchanges them back.
#[cfg(target_os = "linux")]
fn swap(next: fs::Next, found: &SettingsContents) -> io::Result<bool> {
    let (new, path) = (next.path(), &found.path);
    let swapped = match &found.bytes {
        Some(_) => fs::exchange(new, path),
        None => fs::rename_if_free(new, path),
    };
    match swapped {
        Ok(()) if found.bytes.is_none() => return fs::sync_folder(path).map(|()| true),
        Ok(()) => {}
        Err(error) => match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => return Ok(false),
            io::ErrorKind::Unsupported => return rename(next, found),
            _ => return Err(error),
        },
    }
    let same = in_file(new).is_ok_and(|bytes| bytes == found.bytes);
    if !same {
        fs::exchange(new, path)?;
    }
    drop(next);
    fs::sync_folder(path).map(|()| same)
}

#[cfg(not(target_os = "linux"))]
fn swap(next: fs::Next, found: &SettingsContents) -> io::Result<bool> {
    rename(next, found)
}

/// For systems that cannot exchange names: checks, then renames immediately.
fn rename(next: fs::Next, found: &SettingsContents) -> io::Result<bool> {
    let same = is_as_found(found)?;
    if same {
        next.place(&found.path)?;
    }
    Ok(same)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// Simulates a write between the last check and the exchange of the names.
    #[test]
    fn settings_replace_restores_a_concurrent_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join(NAME);
        for meanwhile in ["{\"theirs\":1}", ""] {
            std::fs::write(&path, "{}").unwrap();
            let found = find(&path).unwrap();
            let next = fs::Next::written(path.with_extension("next"), None, b"{\"ours\":1}").unwrap();
            std::fs::write(&path, meanwhile).unwrap();
            assert!(!swap(next, &found).unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), meanwhile);
        }
        std::fs::remove_file(&path).unwrap();
        let found = find(&path).unwrap();
        let next = fs::Next::written(path.with_extension("next"), None, b"{\"ours\":1}").unwrap();
        std::fs::write(&path, "{}").unwrap();
        assert!(!swap(next, &found).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
