//! Replaces the files of an earlier archive with those of a new one. All new files are first written beside the old ones;
//! then each is renamed into place, and files that only the earlier archive had are removed. After a failure all files are
//! restored, and after a crash at the next start.

mod journal;
mod listed;

use flate2::read::GzDecoder;
use journal::{Journal, NEW, OLD, beside};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, EntryType};

/// Holdoff's archives unpack to 21 MB.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
const FILES_MAX: usize = 1000;
/// An archive without these is rejected.
const PROGRAMS: [&str; 3] = ["bin/holdoff", "bin/holdoff-tray", "bin/holdoff-window"];

/// Installs the archive. Blocks. `folder` holds the journal for recovery after a crash.
///
/// # Errors
/// Fails with the reason; nothing was changed then.
pub fn put(archive: &Path, prefix: &Path, folder: &Path) -> Result<(), String> {
    let mut laid = Laid::default();
    let lying = laid.lay(archive, prefix);
    let mut journal = laid.journal(prefix);
    let note = |journal: &Journal| journal.write(folder).map_err(|error| cannot_write(folder, &error));
    if let Err(why) = lying.and_then(|()| note(&journal)) {
        laid.take_away();
        return Err(unchanged(&why));
    }
    let put = journal.put().map_err(|(file, error)| cannot_write(&file, &error));
    journal.is_installed = put.is_ok();
    // The commit point: with this on disk, the new files stay; without it, the old ones are restored.
    if let Err(why) = put.and_then(|()| note(&journal)) {
        journal.is_installed = false;
        // If this fails, the journal stays and the next start tries again.
        journal.put_back().map_err(|error| format!("{why}, and the earlier files could not be restored ({error})"))?;
        journal.sweep();
        laid.take_away();
        let _it_says_the_same_once_more = Journal::remove(folder);
        return Err(unchanged(&why));
    }
    journal.sweep();
    let _it_says_the_same_once_more = Journal::remove(folder);
    Ok(())
}

/// After a crash, restores the old files of an unfinished installation, or cleans up after a finished one.
///
/// # Errors
/// Fails on an I/O error.
pub fn recover(folder: &Path) -> io::Result<()> {
    if let Some(journal) = Journal::read(folder)? {
        if !journal.is_installed {
            tracing::warn!("an update was interrupted; restoring the earlier files");
            journal.put_back()?;
        }
        journal.sweep();
    }
    Journal::remove(folder)
}

/// New files and folders written beside the existing ones.
#[derive(Default)]
struct Laid {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Laid {
    fn lay(&mut self, archive: &Path, prefix: &Path) -> Result<(), String> {
        let unreadable = |error: io::Error| format!("cannot read the package: {error}");
        let file = File::open(archive).map_err(unreadable)?;
        // Limits decompression, because a small file may unpack to any size.
        let unpacked = GzDecoder::new(file).take(UNPACKED_MAX);
        let mut archive = Archive::new(unpacked);
        for entry in archive.entries().map_err(unreadable)? {
            let mut entry = entry.map_err(unreadable)?;
            let is_folder = match entry.header().entry_type() {
                EntryType::Directory => true,
                EntryType::Regular => false,
                _ => return Err("the package contains something that is not a file".to_owned()),
            };
            let below = below(&entry.path().map_err(unreadable)?).ok_or("a file in the package has an invalid name")?;
            if is_folder || below.as_os_str().is_empty() {
                continue;
            }
            if self.files.len() == FILES_MAX {
                return Err("the package contains too many files".to_owned());
            }
            let is_program = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
            let place = prefix.join(below);
            self.make_folder(place.parent().unwrap_or(prefix)).map_err(|error| cannot_write(&place, &error))?;
            for earlier in [NEW, OLD] {
                let _there_is_none_as_a_rule = fs::remove_file(beside(&place, earlier));
            }
            self.files.push(place.clone());
            lay_file(&mut entry, &beside(&place, NEW), is_program).map_err(|error| cannot_write(&place, &error))?;
        }
        match PROGRAMS.iter().find(|program| !self.files.contains(&prefix.join(program))) {
            Some(missing) => Err(format!("the package does not contain {missing}")),
            None => Ok(()),
        }
    }

    /// The journal of the installation. Without a file list in the archive, no earlier file is removed.
    fn journal(&self, prefix: &Path) -> Journal {
        let has_list = self.files.contains(&prefix.join(listed::LIST));
        let gone = if has_list { listed::only_earlier(prefix, &self.files) } else { Vec::new() };
        let added = self.files.iter().filter(|file| !file.exists()).cloned().collect();
        Journal { files: self.files.clone(), added, gone, is_installed: false }
    }

    /// Creates a folder and its parents, readable for everyone as in packages.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folder(above)?;
        }
        fs::create_dir(folder)?;
        self.folders.push(folder.to_owned());
        set_mode(folder, 0o755)
    }

    fn take_away(&self) {
        for file in &self.files {
            let _it_may_not_have_come_so_far = fs::remove_file(beside(file, NEW));
        }
        for folder in self.folders.iter().rev() {
            let _somebody_may_use_it = fs::remove_dir(folder);
        }
    }
}

/// The path below the archive's top folder; `None` if it could lead elsewhere.
fn below(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    matches!(parts.next()?, Component::Normal(_)).then_some(())?;
    parts.map(|part| if let Component::Normal(part) = part { Some(part) } else { None }).collect()
}

fn lay_file(from: &mut impl Read, to: &Path, is_program: bool) -> io::Result<()> {
    let mut file = File::create_new(to)?;
    io::copy(from, &mut file)?;
    set_mode(to, if is_program { 0o755 } else { 0o644 })?;
    file.sync_all()
}

fn unchanged(why: &str) -> String {
    format!("{why}. Nothing was changed")
}

fn cannot_write(place: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("not enough disk space for {}", place.display())
        }
        _ => format!("cannot write {} ({error})", place.display()),
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
