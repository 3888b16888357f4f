//! State that belongs to the user and not to a data folder: which process may send requests for a login, and the state of its
//! gates. A snap's terminal, for example, sets another `XDG_DATA_HOME`; a copy of Holdoff started there must not send
//! requests beside the first copy or within its cooldowns.
//!
//! The record of an account counts its saves and is written before the state in the data folder. A copy that takes the lock
//! can therefore see whether another copy has newer state.

mod record;
#[cfg(test)]
mod tests;
mod updates;

use crate::platform::environment::Environment;
use crate::platform::file_lock::FileLock;
use crate::platform::fs;
use crate::platform::private_files;
use crate::storage::state_file;
use holdoff_core::AccountId;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const DATA_DIRS: &str = "data-dirs";
const PATH_MAX: u64 = 4096;

/// The folder for it, as a copy with this data folder uses it.
#[derive(Debug, Clone)]
pub struct UserDir {
    dir: PathBuf,
    data_dir: PathBuf,
    /// The data folder of who has set nothing.
    usual: PathBuf,
}

/// Who has it may ask for the account. Held until dropped.
#[derive(Debug)]
pub struct AccountLock(Vec<FileLock>);

impl AccountLock {
    /// See [`FileLock::is_current`].
    pub fn is_current(&self) -> bool {
        self.0.iter().all(FileLock::is_current)
    }
}

impl UserDir {
    pub fn new(dir: PathBuf, data_dir: PathBuf, usual: PathBuf) -> Self {
        Self { dir, data_dir, usual }
    }

    pub fn of(environment: &Environment) -> Self {
        Self::new(environment.user_dir(), environment.data_dir.clone(), environment.usual_data_dir())
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Makes it, for this user only, and notes which data folder is in use.
    ///
    /// # Errors
    /// What the system says. Without it, no account can be locked, and so none is asked for.
    pub fn prepare(&self) -> io::Result<()> {
        let known = self.dir.join(DATA_DIRS);
        fs::make_folder(&known)?;
        private_files::tighten(&self.dir)?;
        let text = self.data_dir.as_os_str().as_encoded_bytes();
        let path = known.join(fs::short_name(text));
        if path.exists() { Ok(()) } else { fs::create(&path)?.write_all(text) }
    }

    /// The other data folders of the same person in which there is a state.
    pub fn other_data_dirs(&self) -> Vec<PathBuf> {
        let noted = std::fs::read_dir(self.dir.join(DATA_DIRS)).into_iter().flatten().flatten();
        let noted = noted.filter_map(|entry| {
            let bytes = fs::read_own(&entry.path(), PATH_MAX).ok()?;
            Some(PathBuf::from(str::from_utf8(&bytes).ok()?))
        });
        let mut found: Vec<PathBuf> = noted.chain([self.usual.clone()]).filter(|dir| self.is_another(dir)).collect();
        found.sort();
        found.dedup();
        found
    }

    fn is_another(&self, dir: &Path) -> bool {
        let same = |dir: &Path| dir.canonicalize().ok();
        let kept = state_file::NAMES.iter().any(|name| dir.join(name).is_file());
        kept && dir != self.data_dir && same(dir) != same(&self.data_dir)
    }

    /// Holdoff's own locks.
    pub fn locks(&self) -> PathBuf {
        self.dir.join("locks")
    }

    /// Takes the lock of who looks for newer versions, or `None` if another process has it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn lock_updates(&self) -> io::Result<Option<FileLock>> {
        FileLock::take(&self.locks().join("updates.lock"))
    }

    /// Takes the lock of an account's login, or `None` if another process has it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn lock(&self, id: &AccountId) -> io::Result<Option<AccountLock>> {
        let name = format!("{}.lock", file_name(&id.login()));
        let mut locks = Vec::new();
        // An app of an earlier version has its lock in its data folder, and looks for none elsewhere.
        let earlier = [&self.data_dir, &self.usual].map(|dir| dir.join("locks").join(&name));
        let [own, usual] = earlier;
        let mut paths = vec![self.locks().join(&name), own];
        if !paths.contains(&usual) && usual.parent().is_some_and(Path::is_dir) {
            paths.push(usual);
        }
        for path in paths {
            match FileLock::take(&path)? {
                Some(lock) => locks.push(lock),
                None => return Ok(None),
            }
        }
        Ok(Some(AccountLock(locks)))
    }
}

/// A sentence for each other data folder of the same person.
pub fn about_others(own: &Path, others: &[PathBuf]) -> Vec<String> {
    let own = own.display();
    let about = |other: &PathBuf| {
        format!(
            "There is another data folder of Holdoff, {}: XDG_DATA_HOME was different when it was created. The one in use here is {own}. Each has its own settings and history; only one copy checks each account. If you do not need the other one, remove it.",
            other.display()
        )
    };
    others.iter().map(about).collect()
}

fn file_name(id: &AccountId) -> String {
    id.0.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
