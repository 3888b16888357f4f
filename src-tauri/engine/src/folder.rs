//! The data folder: made for one user only, and watched for what is taken out of it under the running app.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes a folder, and those above it, for this user only. One that is there stays as it is.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes a folder, and those above it. One that is there stays as it is.
///
/// # Errors
/// What the system says.
#[cfg(not(unix))]
pub fn make_private(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// The same for a folder that was taken away: somebody else may have made it meanwhile, and for everyone to read, as the web
/// engine of a window does.
///
/// # Errors
/// What the system says.
pub fn make_private_again(dir: &Path) -> io::Result<()> {
    make_private(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

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

pub use platform::Vanishing;

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
    pub struct Vanishing {
        dir: PathBuf,
        events: Option<AsyncFd<OwnedFd>>,
    }

    impl Vanishing {
        pub fn watch(dir: &Path) -> Self {
            let events = begin(dir);
            if let Err(error) = &events
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "the data folder is not watched, and looked at instead");
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
    pub struct Vanishing;

    impl Vanishing {
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

    async fn wakes(vanishing: &mut Vanishing) -> bool {
        tokio::time::timeout(Duration::from_millis(200), vanishing.next()).await.is_ok()
    }

    #[tokio::test]
    async fn only_what_is_taken_away_wakes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        make_private(&folder).unwrap();
        std::fs::write(folder.join("file"), "1").unwrap();
        let mut vanishing = Vanishing::watch(&folder);
        std::fs::write(folder.join("file"), "2").unwrap();
        std::fs::write(folder.join("other"), "1").unwrap();
        assert!(!wakes(&mut vanishing).await, "writing takes nothing away");
        std::fs::remove_file(folder.join("file")).unwrap();
        assert!(wakes(&mut vanishing).await, "a file is deleted");
        std::fs::rename(&folder, dir.path().join("elsewhere")).unwrap();
        assert!(wakes(&mut vanishing).await, "the folder is moved");
    }

    #[test]
    fn a_folder_is_made_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        make_private(&dir.path().join("a/b")).unwrap();
        for folder in ["a", "a/b"] {
            let mode = std::fs::metadata(dir.path().join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        make_private(&dir.path().join("a/b")).unwrap();
    }

    #[test]
    fn a_folder_that_another_program_made_again_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        make_private_again(&folder).unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
