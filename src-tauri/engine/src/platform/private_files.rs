//! File privacy: other users cannot read Holdoff's files, and files that they own are not trusted.
//!
//! Each program sets its umask to 077 first. A data or log folder that was open to others is made private at startup, with
//! its contents. The user's own programs, such as a terminal or a status-line command, are started with the user's umask.

use std::io;
use std::path::{Path, PathBuf};

pub use platform::{as_the_session_does, begin, tighten};

/// The folder of records that hold a command. Commands are executed, so these files are checked more strictly.
pub(crate) const COMMANDS: &str = "status-line";

/// The depth of Holdoff's folders.
const DEPTH: u32 = 4;

/// Why a file in a Holdoff folder is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It belongs to another user.
    Foreign,
    /// Other users can write it; the value is its mode.
    Writable(u32),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign => f.write_str("it belongs to another user of this computer"),
            Self::Writable(mode) => write!(f, "other users of this computer can write it (mode {mode:o})"),
        }
    }
}

impl Doubt {
    /// What the user can do about it.
    pub fn advice(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Foreign => format!("Remove {path}, or make it yours (chown)."),
            Self::Writable(_) => format!("If its content is correct, run: chmod 600 {path}"),
        }
    }
}

/// The files in a Holdoff folder that are not used, and why.
pub fn doubtful(dir: &Path) -> Vec<(PathBuf, Doubt)> {
    let mut found = Vec::new();
    platform::visit(dir, DEPTH, &mut |path, metadata| {
        let doubt = platform::doubt(metadata, path.parent().is_some_and(|folder| folder.ends_with(COMMANDS)));
        found.extend(doubt.map(|doubt| (path.to_owned(), doubt)));
    });
    found
}

/// Why a record with a command is not used; `None` if it is fine or missing.
pub fn doubt_of_command(path: &Path) -> Option<Doubt> {
    platform::doubt(&std::fs::metadata(path).ok()?, true)
}

/// Why an open file is not trusted, if so: another user owns it or, for a `command` record, others can write it. (Other files
/// that others could write are made private before they are read.)
///
/// # Errors
/// Fails on an I/O error.
pub(crate) fn doubt(file: &std::fs::File, command: bool) -> io::Result<Option<Doubt>> {
    Ok(platform::doubt(&file.metadata()?, command))
}

#[cfg(unix)]
mod platform {
    use super::{COMMANDS, DEPTH, Doubt};
    use rustix::fs::Mode;
    use rustix::process::{geteuid, umask};
    use std::fs::{Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;
    use std::sync::{Mutex, PoisonError};

    const OTHERS: u32 = 0o077;
    const OTHERS_WRITE: u32 = 0o022;

    /// The session's umask, while ours differs.
    static SESSION: Mutex<Option<Mode>> = Mutex::new(None);

    /// Makes every file that this process creates private to its user. Must be called first in `main`.
    pub fn begin() {
        let mut session = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
        let found = umask(Mode::RWXG | Mode::RWXO);
        session.get_or_insert(found);
    }

    /// Starts or becomes an external program with the session's umask. This process uses that umask too until `start`
    /// returns.
    pub fn as_the_session_does<T>(start: impl FnOnce() -> T) -> T {
        let session = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = *session else {
            return start();
        };
        let ours = umask(found);
        let started = start();
        umask(ours);
        started
    }

    /// Removes all access for other users to a Holdoff folder and its contents. A command record that others could write is
    /// left as it is and not used: its author is unknown.
    ///
    /// # Errors
    /// Fails if the folder itself cannot be changed. Startup continues anyway: some file systems have no permissions.
    pub fn tighten(dir: &Path) -> io::Result<()> {
        let metadata = std::fs::metadata(dir)?;
        let result = private(dir, &metadata);
        visit(dir, DEPTH, &mut |path, metadata| {
            let command = path.parent().is_some_and(|folder| folder.ends_with(COMMANDS));
            if doubt(metadata, command).is_none()
                && let Err(error) = private(path, metadata)
            {
                tracing::warn!(%error, path = %path.display(), "it cannot be made private");
            }
        });
        result
    }

    fn private(path: &Path, metadata: &Metadata) -> io::Result<()> {
        let mode = metadata.mode() & 0o777;
        if mode & OTHERS == 0 {
            return Ok(());
        }
        let least = if metadata.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS | least))
    }

    /// Visits everything below a folder, except links.
    pub fn visit(dir: &Path, depth: u32, see: &mut dyn FnMut(&Path, &Metadata)) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_symlink() {
                continue;
            }
            see(&entry.path(), &metadata);
            if metadata.is_dir() && depth > 1 {
                visit(&entry.path(), depth - 1, see);
            }
        }
    }

    /// Files of root are accepted: root can write anything anyway, and manages the files of some users.
    pub fn doubt(metadata: &Metadata, command: bool) -> Option<Doubt> {
        let mode = metadata.mode() & 0o777;
        if metadata.uid() != geteuid().as_raw() && metadata.uid() != 0 {
            return Some(Doubt::Foreign);
        }
        (command && metadata.is_file() && mode & OTHERS_WRITE != 0).then_some(Doubt::Writable(mode))
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Doubt;
    use std::fs::Metadata;
    use std::io;
    use std::path::Path;

    /// A user's profile is already private.
    pub fn begin() {}

    /// Starts or becomes an external program.
    pub fn as_the_session_does<T>(start: impl FnOnce() -> T) -> T {
        start()
    }

    /// # Errors
    /// Never fails on this platform.
    pub fn tighten(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub fn visit(_: &Path, _: u32, _: &mut dyn FnMut(&Path, &Metadata)) {}

    pub fn doubt(_: &Metadata, _: bool) -> Option<Doubt> {
        None
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn private_files_tighten_an_open_folder_and_its_contents() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        let outside = home.path().join("outside");
        fs::write(&outside, "").unwrap();
        fs::create_dir_all(dir.join("pushed/deep")).unwrap();
        for file in ["state.a.json", "pushed/one.json", "pushed/deep/two.json", "run.sh"] {
            fs::write(dir.join(file), "{}").unwrap();
            set(&dir.join(file), if file == "run.sh" { 0o755 } else { 0o664 });
        }
        std::os::unix::fs::symlink(&outside, dir.join("link")).unwrap();
        set(&outside, 0o644);
        for folder in ["", "pushed", "pushed/deep"] {
            set(&dir.join(folder), 0o775);
        }
        tighten(&dir).unwrap();
        for (path, expected) in [("", 0o700), ("pushed", 0o700), ("pushed/deep", 0o700), ("run.sh", 0o700)] {
            assert_eq!(mode(&dir.join(path)), expected, "{path}");
        }
        for path in ["state.a.json", "pushed/one.json", "pushed/deep/two.json"] {
            assert_eq!(mode(&dir.join(path)), 0o600, "{path}");
        }
        assert_eq!(mode(&outside), 0o644, "what a link leads to is not ours to change");
        assert_eq!(doubtful(&dir), []);
    }

    #[test]
    fn private_files_distrust_a_command_others_could_write() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(COMMANDS);
        fs::create_dir(&folder).unwrap();
        let record = folder.join("1.json");
        fs::write(&record, "{}").unwrap();
        set(&record, 0o664);
        tighten(dir.path()).unwrap();
        assert_eq!(doubtful(dir.path()), [(record.clone(), Doubt::Writable(0o664))]);
        let refused = doubt(&fs::File::open(&record).unwrap(), true).unwrap().unwrap();
        assert!(refused.to_string().contains("can write it (mode 664)"), "{refused}");
        set(&record, 0o600);
        assert_eq!(doubt(&fs::File::open(&record).unwrap(), true).unwrap(), None);
    }

    /// Only root can give a file away.
    #[test]
    fn private_files_skip_a_file_of_another_user() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        fs::write(&path, "{}").unwrap();
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_err() {
            eprintln!("not checked: this needs root");
            return;
        }
        set(&path, 0o644);
        tighten(dir.path()).unwrap();
        assert_eq!(mode(&path), 0o644, "it is not ours to change");
        assert_eq!(doubtful(dir.path()), [(path.clone(), Doubt::Foreign)]);
        assert_eq!(doubt(&fs::File::open(&path).unwrap(), false).unwrap(), Some(Doubt::Foreign));
    }
}
