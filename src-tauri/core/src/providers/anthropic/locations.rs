//! Where Claude Code stores its sign-in: in the default folder, in the one of its variables, or in one that the user added.

use super::credential::FILE;
use crate::credential::store_paths::{Absolute, StorePaths};
use crate::providers::SignInVariables;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The default config folder, below the home folder.
pub(super) const DEFAULT_DIR: &str = ".claude";
/// Contains the account's identity; located beside the credential or in the home folder.
const IDENTITY_FILE: &str = ".claude.json";

/// The paths with these variables set.
pub fn in_force(home: &Path, variables: &SignInVariables, absolute: Absolute) -> StorePaths {
    let paths = of_config_dir(home, variables.config_dir.as_deref(), absolute);
    stored_in(paths, variables.storage_dir.as_deref(), absolute)
}

/// Uses `CLAUDE_CONFIG_DIR` if it is set and not empty, else `~/.claude`.
fn of_config_dir(home: &Path, config_dir: Option<&OsStr>, absolute: Absolute) -> StorePaths {
    match config_dir.filter(|dir| !dir.is_empty()) {
        Some(dir) => named(Path::new(dir), Some(home), absolute),
        None => {
            let config_dir = home.join(DEFAULT_DIR);
            StorePaths {
                credential: config_dir.join(FILE),
                storage_dir: config_dir.clone(),
                config_dir,
                identity: home.join(IDENTITY_FILE),
                home: Some(home.to_owned()),
                config_variable: None,
                storage_variable: None,
            }
        }
    }
}

/// A folder added by the user. `~/` is the home folder, and `~/.claude` means the default location.
pub fn added(config_dir: &Path, home: Option<&Path>, absolute: Absolute) -> StorePaths {
    let Some(home) = home else {
        return named(config_dir, None, absolute);
    };
    let config_dir = match config_dir.strip_prefix("~") {
        Ok(below) => home.join(below),
        Err(_) => config_dir.to_owned(),
    };
    if config_dir == home.join(DEFAULT_DIR) {
        return of_config_dir(home, None, absolute);
    }
    named(&config_dir, Some(home), absolute)
}

fn named(dir: &Path, home: Option<&Path>, absolute: Absolute) -> StorePaths {
    let config_dir = absolute(dir);
    StorePaths {
        credential: config_dir.join(FILE),
        identity: config_dir.join(IDENTITY_FILE),
        storage_dir: config_dir.clone(),
        config_dir,
        home: home.map(Path::to_owned),
        config_variable: Some(dir.as_os_str().to_owned()),
        storage_variable: None,
    }
}

/// Sets a separate folder for the credential and its locks. On macOS the credential is in the Keychain, and its item name
/// is then unknown.
fn stored_in(paths: StorePaths, variable: Option<&OsStr>, absolute: Absolute) -> StorePaths {
    let Some(variable) = variable.filter(|dir| !dir.is_empty() && !cfg!(target_os = "macos")) else {
        return paths;
    };
    let storage_dir: PathBuf = absolute(Path::new(variable));
    StorePaths { credential: storage_dir.join(FILE), storage_dir, storage_variable: Some(variable.to_owned()), ..paths }
}
