//! The paths of one stored sign-in, as its provider computes them. Nothing here accesses the disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Makes a path absolute, as the process's working folder says.
pub type Absolute = fn(&Path) -> PathBuf;

/// The files and folders of one sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePaths {
    /// The owner's config folder.
    pub config_dir: PathBuf,
    /// The folder of the credential and its locks, nearly always the config folder.
    pub storage_dir: PathBuf,
    /// The credential itself, unless the system's keyring holds it.
    pub credential: PathBuf,
    /// States the account; located beside the credential or in the home folder.
    pub identity: PathBuf,
    pub home: Option<PathBuf>,
    /// The value of the owner's variable for the config folder; `None` if unset.
    pub config_variable: Option<OsString>,
    /// The same for the storage folder.
    pub storage_variable: Option<OsString>,
}

impl StorePaths {
    /// The location as shown to the user, with `~` for the home folder.
    pub fn place(&self) -> String {
        let below = self.home.as_deref().and_then(|home| self.credential.strip_prefix(home).ok());
        match below {
            Some(below) => Path::new("~").join(below).display().to_string(),
            None => self.credential.display().to_string(),
        }
    }
}
