//! Puts what is in an archive in place of what was installed from an earlier one. All of it is laid beside what is there
//! first; then each file takes its place by a rename. What fails on the way puts all of them back, and so does the next
//! start after a crash.

use crate::platform::fs;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use std::fs::{copy, create_dir, hard_link, remove_dir, remove_file, rename, set_permissions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, EntryType};

/// Ours have 21 MB.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
const FILES_MAX: usize = 1000;
/// Without these there is no Holdoff.
const PROGRAMS: [&str; 3] = ["bin/holdoff", "bin/holdoff-tray", "bin/holdoff-window"];

const NEW: &str = "holdoff-new";
const OLD: &str = "holdoff-old";
/// What is being put in place, for who comes after a crash.
const JOURNAL: &str = "putting.json";
const JOURNAL_MAX: u64 = 4 * 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    files: Vec<PathBuf>,
}

/// Blocks. `folder` is for what a crash is to find.
///
/// # Errors
/// Why nothing was changed.
pub fn put(archive: &Path, prefix: &Path, folder: &Path) -> Result<(), String> {
    let journal = folder.join(JOURNAL);
    let mut laid = Laid::default();
    let lying = laid.lay(archive, prefix);
    let noted = lying.and_then(|()| note(&journal, &laid.files).map_err(|error| cannot_write(&journal, &error)));
    if let Err(why) = noted {
        laid.take_away();
        return Err(unchanged(&why));
    }
    let put = laid.files.iter().try_for_each(|file| replace(file).map_err(|error| cannot_write(file, &error)));
    if let Err(why) = put {
        // The journal stays where this fails, and the next start tries again.
        put_back(&laid.files)
            .map_err(|error| format!("{why}, and what was there before could not be put back ({error})"))?;
        laid.take_away();
        let _it_says_the_same_once_more = remove_file(&journal);
        return Err(unchanged(&why));
    }
    // From here on it is installed, come what may.
    let _nothing_is_left_to_be_put_back = remove_file(&journal);
    for file in &laid.files {
        let _there_may_be_none = remove_file(beside(file, OLD));
    }
    Ok(())
}

/// Puts back what a crash left half put in place.
///
/// # Errors
/// What the system says.
pub fn recover(folder: &Path) -> io::Result<()> {
    let journal = folder.join(JOURNAL);
    let text = match fs::read_own(&journal, JOURNAL_MAX) {
        Err(error) if error.is_missing() => return Ok(()),
        text => text.map_err(io::Error::other)?,
    };
    if let Ok(Journal { files }) = serde_json::from_slice(&text) {
        tracing::warn!("an update was cut off; what was there before is put back");
        put_back(&files)?;
        for file in &files {
            let _there_may_be_none = remove_file(beside(file, NEW));
        }
    }
    remove_file(journal)
}

/// What was laid beside what is there.
#[derive(Default)]
struct Laid {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Laid {
    fn lay(&mut self, archive: &Path, prefix: &Path) -> Result<(), String> {
        let unreadable = |error: io::Error| format!("the package cannot be read: {error}");
        let file = fs::open(archive).map_err(|error| format!("the package cannot be read: {error}"))?;
        // However much a small file unpacks to.
        let unpacked = GzDecoder::new(file).take(UNPACKED_MAX);
        let mut archive = Archive::new(unpacked);
        for entry in archive.entries().map_err(unreadable)? {
            let mut entry = entry.map_err(unreadable)?;
            let is_folder = match entry.header().entry_type() {
                EntryType::Directory => true,
                EntryType::Regular => false,
                _ => return Err("there is something in the package that is no file".to_owned()),
            };
            let below = below(&entry.path().map_err(unreadable)?).ok_or("a file of the package has a strange name")?;
            if is_folder || below.as_os_str().is_empty() {
                continue;
            }
            if self.files.len() == FILES_MAX {
                return Err("there are too many files in the package".to_owned());
            }
            let is_program = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
            let place = prefix.join(below);
            self.make_folder(place.parent().unwrap_or(prefix)).map_err(|error| cannot_write(&place, &error))?;
            for earlier in [NEW, OLD] {
                let _there_is_none_as_a_rule = remove_file(beside(&place, earlier));
            }
            self.files.push(place.clone());
            lay_file(&mut entry, &beside(&place, NEW), is_program).map_err(|error| cannot_write(&place, &error))?;
        }
        match PROGRAMS.iter().find(|program| !self.files.contains(&prefix.join(program))) {
            Some(missing) => Err(format!("there is no {missing} in the package")),
            None => Ok(()),
        }
    }

    /// Also those above it; for everybody to read, as packages have them.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folder(above)?;
        }
        create_dir(folder)?;
        self.folders.push(folder.to_owned());
        set_mode(folder, 0o755)
    }

    fn take_away(&self) {
        for file in &self.files {
            let _it_may_not_have_come_so_far = remove_file(beside(file, NEW));
        }
        for folder in self.folders.iter().rev() {
            let _somebody_may_use_it = remove_dir(folder);
        }
    }
}

/// What is in the archive's own folder, by a path that leads nowhere else.
fn below(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    matches!(parts.next()?, Component::Normal(_)).then_some(())?;
    parts.map(|part| if let Component::Normal(part) = part { Some(part) } else { None }).collect()
}

/// A name in the same folder, so that a rename is all that is left to do.
fn beside(place: &Path, what: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{what}"))
}

fn lay_file(from: &mut impl Read, to: &Path, is_program: bool) -> io::Result<()> {
    let mut file = fs::create_new(to)?;
    io::copy(from, &mut file)?;
    set_mode(to, if is_program { 0o755 } else { 0o644 })?;
    file.sync_all()
}

/// At no time is there no file.
fn replace(place: &Path) -> io::Result<()> {
    let (old, new) = (beside(place, OLD), beside(place, NEW));
    match hard_link(place, &old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Not every file system has them.
        Err(_) => _ = copy(place, &old)?,
        Ok(()) => {}
    }
    rename(new, place)
}

/// What had no predecessor goes.
fn put_back(files: &[PathBuf]) -> io::Result<()> {
    for place in files {
        let (old, new) = (beside(place, OLD), beside(place, NEW));
        if old.exists() {
            rename(&old, place)?;
            // A rename over another name of the same file leaves both.
            let _it_is_gone_else = remove_file(old);
        } else if !new.exists() && place.exists() {
            remove_file(place)?;
        }
    }
    Ok(())
}

fn note(journal: &Path, files: &[PathBuf]) -> io::Result<()> {
    let text = serde_json::to_vec(&Journal { files: files.to_vec() })?;
    let mut file = fs::create(journal)?;
    file.write_all(&text)?;
    file.sync_all()
}

fn unchanged(why: &str) -> String {
    format!("{why}. Nothing was changed")
}

fn cannot_write(place: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("there is no room for {}", place.display())
        }
        _ => format!("{} cannot be written ({error})", place.display()),
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
