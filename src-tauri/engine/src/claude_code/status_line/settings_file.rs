//! Claude Code's `settings.json` on disk: found where it really lies, and replaced only as it was read.

use super::SettingsError;
use crate::credentials::bounded_read;
use crate::storage::state_file::read_bounded;
use holdoff_core::credential::CredentialMissing;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub const NAME: &str = "settings.json";
/// Some kilobytes are usual.
pub(super) const SIZE_MAX: u64 = 4 * 1024 * 1024;

/// The settings as they were read.
#[derive(Debug, Clone)]
pub struct Found {
    /// The file itself, behind whatever links lead to it.
    pub path: PathBuf,
    /// `None`: there is no such file yet.
    pub bytes: Option<Vec<u8>>,
}

/// The file itself, or where it would be. A link to nowhere is an answer too.
pub fn real(settings: &Path) -> PathBuf {
    if let Ok(real) = settings.canonicalize() {
        return real;
    }
    let folder = settings.parent().and_then(|folder| folder.canonicalize().ok());
    folder.map_or_else(|| settings.to_owned(), |folder| folder.join(NAME))
}

pub fn find(settings: &Path) -> Result<Found, SettingsError> {
    let folder = settings.parent().unwrap_or(settings);
    if !folder.is_dir() {
        return Err(SettingsError::NoFolder { folder: folder.to_owned() });
    }
    let path = real(settings);
    let unreadable = |why: String| SettingsError::Unreadable { path: settings.to_owned(), why };
    let bytes = match bounded_read::read(&path, SIZE_MAX) {
        Ok(bytes) => Some(bytes.to_vec()),
        Err(CredentialMissing::NoFile) => None,
        Err(CredentialMissing::Forbidden(why) | CredentialMissing::Unreadable(why)) => return Err(unreadable(why)),
        Err(_) => return Err(unreadable("it is not a file".to_owned())),
    };
    Ok(Found { path, bytes })
}

impl Found {
    /// A file that may not be written is not replaced by one that may, although its folder would let us.
    pub fn writable(self) -> Result<Self, SettingsError> {
        if self.bytes.is_some() {
            check_writable(&self.path)?;
        }
        Ok(self)
    }
}

fn check_writable(path: &Path) -> Result<(), SettingsError> {
    let unreadable = |error: io::Error| SettingsError::Unreadable { path: path.to_owned(), why: error.to_string() };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.permissions().readonly() {
        return Err(SettingsError::ReadOnly { path: path.to_owned() });
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&metadata) != rustix::process::geteuid().as_raw() {
        return Err(SettingsError::Foreign { path: path.to_owned() });
    }
    Ok(())
}

/// Puts `after` in place of what was found, durably, unless that has changed since. `None` removes the file.
pub fn replace(found: &Found, after: Option<&[u8]>) -> Result<(), SettingsError> {
    let path = &found.path;
    let failed = |error: io::Error| SettingsError::Write { path: path.clone(), why: error.to_string() };
    let changed = || SettingsError::Changed { path: path.clone() };
    if !is_as_found(found).map_err(failed)? {
        return Err(changed());
    }
    let Some(after) = after else {
        fs::remove_file(path).map_err(failed)?;
        return sync_folder(path).map_err(failed);
    };
    let next = path.with_file_name(format!(".{NAME}.holdoff-{}", std::process::id()));
    let swapped = write_next(&next, path, after).and_then(|()| swap(&next, found));
    let swapped = swapped.inspect_err(|_| drop(fs::remove_file(&next))).map_err(failed)?;
    if !swapped {
        return Err(changed());
    }
    sync_folder(path).map_err(failed)
}

fn is_as_found(found: &Found) -> io::Result<bool> {
    Ok(read_bounded(&found.path, SIZE_MAX)? == found.bytes)
}

fn write_next(next: &Path, like: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(next)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(like) {
        file.set_permissions(metadata.permissions())?;
    }
    file.sync_all()
}

/// Exchanges the two names in one step and looks at what came out: if somebody wrote at the last moment, it is
/// exchanged back.
#[cfg(target_os = "linux")]
fn swap(next: &Path, found: &Found) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    let path = &found.path;
    let flags = if found.bytes.is_some() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    match renameat_with(CWD, next, CWD, path, flags) {
        Ok(()) if found.bytes.is_none() => return Ok(true),
        Ok(()) => {}
        Err(Errno::EXIST | Errno::NOENT) => {
            let _of_no_use = fs::remove_file(next);
            return Ok(false);
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => return rename(next, found),
        Err(error) => return Err(error.into()),
    }
    let same = read_bounded(next, SIZE_MAX).is_ok_and(|bytes| bytes == found.bytes);
    if !same {
        renameat_with(CWD, next, CWD, path, RenameFlags::EXCHANGE)?;
    }
    fs::remove_file(next)?;
    Ok(same)
}

#[cfg(not(target_os = "linux"))]
fn swap(next: &Path, found: &Found) -> io::Result<bool> {
    rename(next, found)
}

/// Where names cannot be exchanged: looks, and renames at once.
fn rename(next: &Path, found: &Found) -> io::Result<bool> {
    if is_as_found(found)? {
        fs::rename(next, &found.path)?;
        return Ok(true);
    }
    fs::remove_file(next)?;
    Ok(false)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
