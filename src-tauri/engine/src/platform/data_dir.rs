//! The data folder: watched for what is taken out of it under the running app.

use std::fs::File;
use std::io;
use std::path::Path;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// Of what is there by this name now; `None` if there is nothing.
    #[cfg(unix)]
    pub fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    /// Of an open file, by whatever name it is there.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(unix)]
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }

    #[cfg(unix)]
    fn from(found: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(found.dev(), found.ino())
    }

    /// Of what is there by this name now; `None` if there is nothing. What this is asked of is open so that nobody can delete
    /// it (a lock, what SQLite has), so that all that are found are the same. Of other files, time and length have to tell.
    #[cfg(not(unix))]
    pub fn at(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }

    /// Of an open file.
    ///
    /// # Errors
    /// None here.
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

    /// While the system watches nothing, it is time to look this often, and watching is tried again.
    const UNWATCHED_LOOK: Duration = Duration::from_secs(5);

    /// Tells when something is taken out of a folder, or the folder itself; nothing else wakes it. Where the system does not
    /// watch, it has the folder looked at now and then.
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

        /// Returns once something was taken away since the last call, or it is time to look.
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

    /// Has a folder looked at now and then.
    #[derive(Debug)]
    pub struct DeletionWatch;

    impl DeletionWatch {
        pub fn watch(_: &Path) -> Self {
            Self
        }

        /// Returns once it is time to look.
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
    async fn only_what_is_taken_away_wakes() {
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
