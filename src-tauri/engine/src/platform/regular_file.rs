//! Opens a file that may be anything: without waiting for what is not a file, and without doing anything to it.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// An ordinary file, to be read.
///
/// # Errors
/// What the system says; of what is no file, a sentence that says what it is.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening a pipe would set free a program that waits for its reader, and a device may do anything.
    check(&fs::metadata(path)?)?;
    let file = open_at_once(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is a pipe, a socket or a device, and not a file"));
    }
    Ok(())
}

/// Between the look at it and this, a pipe may have taken its place: opening that must not wait either.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    File::options().read(true).custom_flags(flags as i32).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn pipe(dir: &Path) -> std::path::PathBuf {
        let path = dir.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|made| made.success()));
        path
    }

    #[test]
    fn what_is_no_file_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let why = |path: &Path| open(path).unwrap_err().to_string();
        assert_eq!(why(dir.path()), "it is a folder");
        for other in [pipe(dir.path()).as_path(), Path::new("/dev/null")] {
            assert_eq!(why(other), "it is a pipe, a socket or a device, and not a file");
        }
    }

    /// Hangs where a pipe is waited for.
    #[test]
    fn a_pipe_that_comes_at_the_last_moment_is_opened_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = open_at_once(&pipe(dir.path())).unwrap();
        assert!(check(&pipe.metadata().unwrap()).is_err());
    }
}
