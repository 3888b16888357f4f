//! The journal of an installation, for recovery after a crash.

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "putting.json";

pub(super) const NEW: &str = "holdoff-new";
pub(super) const OLD: &str = "holdoff-old";
/// An incomplete copy.
const PART: &str = "holdoff-part";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// All files of the new archive.
    pub files: Vec<PathBuf>,
    /// Those without an earlier version.
    #[serde(default)]
    pub added: Vec<PathBuf>,
    /// Files that only the earlier archive had.
    #[serde(default)]
    pub gone: Vec<PathBuf>,
    /// All files are in place.
    #[serde(default)]
    pub is_installed: bool,
}

impl Journal {
    /// Writes the journal durably and atomically.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let next = folder.join(NAME).with_extension("next");
        let mut file = File::create(&next)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(next, folder.join(NAME))?;
        sync(folder)
    }

    /// `None` also if it cannot be parsed: then it was never complete, and no file was moved.
    pub(super) fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => Ok(serde_json::from_slice(&text?).ok()),
        }
    }

    pub(super) fn remove(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Fails with the file that could not be installed or moved away.
    pub(super) fn put(&self) -> Result<(), (PathBuf, io::Error)> {
        let of = |file: &PathBuf, done: io::Result<()>| done.map_err(|error| (file.clone(), error));
        self.files.iter().try_for_each(|file| of(file, replace(file)))?;
        self.gone.iter().try_for_each(|file| of(file, fs::rename(file, beside(file, OLD))))?;
        self.folders().into_iter().try_for_each(|folder| sync(folder).map_err(|error| (folder.to_owned(), error)))
    }

    /// Restores the earlier files, and removes those that are new.
    pub(super) fn put_back(&self) -> io::Result<()> {
        for place in self.files.iter().chain(&self.gone) {
            let old = beside(place, OLD);
            if old.exists() {
                fs::rename(&old, place)?;
                // A rename onto a hard link of the same file leaves both names.
                let _it_is_gone_else = fs::remove_file(old);
            } else if self.added.contains(place) && !beside(place, NEW).exists() && place.exists() {
                fs::remove_file(place)?;
            }
        }
        self.folders().into_iter().try_for_each(sync)
    }

    /// Removes the backups and temporary files.
    pub(super) fn sweep(&self) {
        for place in self.files.iter().chain(&self.gone) {
            for what in [OLD, NEW, PART] {
                let _there_may_be_none = fs::remove_file(beside(place, what));
            }
        }
    }

    fn folders(&self) -> Vec<&Path> {
        let mut folders: Vec<&Path> = self.files.iter().chain(&self.gone).filter_map(|file| file.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

/// A temporary name in the same folder, so that only a rename remains.
pub(super) fn beside(place: &Path, what: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{what}"))
}

/// Replaces the file; it exists at every moment.
pub(super) fn replace(place: &Path) -> io::Result<()> {
    let (old, new) = (beside(place, OLD), beside(place, NEW));
    match fs::hard_link(place, &old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Not every file system has hard links. A partial copy is never taken for the earlier file.
        Err(_) => {
            let part = beside(place, PART);
            fs::copy(place, &part)?;
            File::open(&part)?.sync_all()?;
            fs::rename(part, &old)?;
        }
        Ok(()) => {}
    }
    fs::rename(new, place)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
