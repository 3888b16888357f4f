//! Watches the data folder for files that are removed while the app runs.

use std::fs::File;
use std::io;
use std::path::Path;

/// Identifies a file independently of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// The file at `path` now; `None` if there is none.
    #[cfg(unix)]
    pub fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    /// An open file, whatever its name.
    ///
    /// # Errors
    /// Fails on an I/O error.
    #[cfg(unix)]
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }

    #[cfg(unix)]
    fn from(found: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(found.dev(), found.ino())
    }

    /// The file at `path` now; `None` if there is none. Files checked with this are open (a lock, the SQLite file), so nobody
    /// can delete them, and all ids are equal. Other files have to be compared by time and length.
    #[cfg(not(unix))]
    pub fn at(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }

    /// An open file.
    ///
    /// # Errors
    /// Never fails on this platform.
    #[cfg(not(unix))]
    pub fn of(_: &File) -> io::Result<Self> {
        Ok(Self(0, 0))
    }
}

pub use platform::DeletionWatch;

#[cfg(target_os = "linux")]
mod platform {
    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};
    use std::time::Duration;
    use tokio::io::unix::AsyncFd;

    /// How often to check, and to try to watch again, while watching is not possible.
    const UNWATCHED_LOOK: Duration = Duration::from_secs(5);

    /// Reports removals from a folder, and removal of the folder itself; other changes do not wake it. Where the system
    /// cannot watch, it asks for a check at intervals.
    #[derive(Debug)]
    pub struct DeletionWatch {
        dir: PathBuf,
        events: Option<AsyncFd<OwnedFd>>,
    }

    impl DeletionWatch {
        pub fn watch(dir: &Path) -> Self {
            let events = begin(dir);
            if let Err(error) = &events
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "cannot watch the data folder; polling it instead");
            }
            Self { dir: dir.to_owned(), events: events.ok() }
        }

        /// Returns after a removal since the last call, or when a check is due.
        pub async fn next(&mut self) {
            let Some(events) = &mut self.events else {
                tokio::time::sleep(UNWATCHED_LOOK).await;
                self.events = begin(&self.dir).ok();
                return;
            };
            if taken_away(events).await.is_err() {
                self.events = None;
            }
        }
    }

    #[allow(deprecated, reason = "its successor is unsafe for the sake of other types; an OwnedFd keeps its promise")]
    fn begin(dir: &Path) -> io::Result<AsyncFd<OwnedFd>> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let gone = WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        inotify::add_watch(&fd, dir, gone | WatchFlags::ONLYDIR)?;
        AsyncFd::new(fd)
    }

    async fn taken_away(events: &mut AsyncFd<OwnedFd>) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let mut ready = events.readable().await?;
            if let Ok(read) = ready.try_io(|fd| Ok(rustix::io::read(fd, &mut buffer)?)) {
                return read.map(drop);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::path::Path;
    use std::time::Duration;

    /// Asks for a check of the folder at intervals.
    #[derive(Debug)]
    pub struct DeletionWatch;

    impl DeletionWatch {
        pub fn watch(_: &Path) -> Self {
            Self
        }

        /// Returns when a check is due.
        pub async fn next(&mut self) {
            tokio::time::sleep(Duration::from_secs(300)).await;
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn wakes(vanishing: &mut DeletionWatch) -> bool {
        tokio::time::timeout(Duration::from_millis(200), vanishing.next()).await.is_ok()
    }

    #[tokio::test]
    async fn deletion_watch_wakes_only_on_deletion() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("file"), "1").unwrap();
        let mut vanishing = DeletionWatch::watch(&folder);
        std::fs::write(folder.join("file"), "2").unwrap();
        std::fs::write(folder.join("other"), "1").unwrap();
        assert!(!wakes(&mut vanishing).await, "writing takes nothing away");
        std::fs::remove_file(folder.join("file")).unwrap();
        assert!(wakes(&mut vanishing).await, "a file is deleted");
        std::fs::rename(&folder, dir.path().join("elsewhere")).unwrap();
        assert!(wakes(&mut vanishing).await, "the folder is moved");
    }
}
