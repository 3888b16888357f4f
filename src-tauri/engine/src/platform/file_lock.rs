//! File locks for one poller per account and one app per user. The system releases them when a process dies.

use crate::platform::data_dir::FileId;
use crate::platform::fs;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How often the lock file may be replaced during locking. After that, the lock counts as held by another process.
const TRIES: u32 = 3;

/// Held until dropped.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
    path: PathBuf,
    id: FileId,
}

impl FileLock {
    /// Takes the lock, or `None` if another process has it.
    ///
    /// # Errors
    /// Fails if the lock file cannot be opened or the file system does not support locks.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            fs::make_folder(folder)?;
        }
        for _ in 0..TRIES {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if let Some(lock) = Self::of(file, path)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Wraps a locked file. `None` if the file was replaced between opening and locking, since other processes would lock the
    /// new one.
    fn of(file: File, path: &Path) -> io::Result<Option<Self>> {
        let lock = Self { id: FileId::of(&file)?, _file: file, path: path.to_owned() };
        Ok(lock.is_current().then_some(lock))
    }

    /// Whether this lock still excludes other processes. If its file was deleted or replaced, they would lock another file
    /// under the same name.
    pub fn is_current(&self) -> bool {
        FileId::at(&self.path) == Some(self.id)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = fs::private();
    options.create(true).truncate(false);
    // FILE_SHARE_READ and FILE_SHARE_WRITE: others may open the file, but not delete or move it.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0x3);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_lock_is_exclusive_until_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks/one");
        let held = FileLock::take(&path).unwrap();
        assert!(held.is_some());
        assert!(FileLock::take(&path).unwrap().is_none());
        drop(held);
        assert!(FileLock::take(&path).unwrap().is_some());
    }

    #[cfg(windows)]
    #[test]
    fn file_lock_file_cannot_be_removed_while_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        let held = FileLock::take(&path).unwrap().unwrap();
        assert!(std::fs::remove_file(&path).is_err());
        assert!(std::fs::rename(&path, dir.path().join("two")).is_err());
        assert!(held.is_current() && FileLock::take(&path).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn file_lock_with_a_deleted_file_is_no_longer_current() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks/one");
        let held = FileLock::take(&path).unwrap().unwrap();
        assert!(held.is_current());
        std::fs::remove_dir_all(dir.path().join("locks")).unwrap();
        assert!(!held.is_current());
        let other = FileLock::take(&path).unwrap().unwrap();
        assert!(!held.is_current() && other.is_current());
    }

    #[cfg(unix)]
    #[test]
    fn file_lock_on_a_replaced_file_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        let opened = File::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let other = FileLock::take(&path).unwrap().unwrap();
        opened.try_lock().unwrap();
        assert!(FileLock::of(opened, &path).unwrap().is_none());
        assert!(other.is_current());
    }
}
