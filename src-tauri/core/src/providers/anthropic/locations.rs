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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn absolute(path: &Path) -> PathBuf {
        Path::new("/work").join(path)
    }

    fn home() -> &'static Path {
        Path::new("/home/ann")
    }

    fn with(config_dir: Option<&str>, storage_dir: Option<&str>) -> StorePaths {
        let variables = SignInVariables {
            config_dir: config_dir.map(OsString::from),
            storage_dir: storage_dir.map(OsString::from),
            ..SignInVariables::default()
        };
        in_force(home(), &variables, absolute)
    }

    /// The config folder, the one of the credential, the credential and the identity.
    fn paths(paths: &StorePaths) -> [&str; 4] {
        [&paths.config_dir, &paths.storage_dir, &paths.credential, &paths.identity].map(|path| path.to_str().unwrap())
    }

    const DEFAULT: [&str; 4] =
        ["/home/ann/.claude", "/home/ann/.claude", "/home/ann/.claude/.credentials.json", "/home/ann/.claude.json"];
    const WORK: [&str; 4] = ["/work/cc", "/work/cc", "/work/cc/.credentials.json", "/work/cc/.claude.json"];

    #[test]
    fn store_paths_follow_the_variable_of_the_config_folder() {
        for unset in [None, Some("")] {
            let default = with(unset, None);
            assert_eq!(paths(&default), DEFAULT);
            assert_eq!((default.config_variable, default.home.as_deref()), (None, Some(home())));
        }
        let relative = with(Some("cc"), None);
        assert_eq!(paths(&relative), WORK);
        assert_eq!((relative.config_variable, relative.home.as_deref()), (Some("cc".into()), Some(home())));
        assert_eq!(relative.storage_variable, None);
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn credential_alone_follows_the_variable_of_its_folder() {
        let apart = with(None, Some("keys"));
        let expected = [DEFAULT[0], "/work/keys", "/work/keys/.credentials.json", DEFAULT[3]];
        assert_eq!(paths(&apart), expected);
        assert_eq!((apart.config_variable, apart.storage_variable), (None, Some("keys".into())));
        assert_eq!(with(None, Some("")), with(None, None));
    }

    #[test]
    fn added_folder_may_be_below_home_and_the_default_one_is_itself() {
        for default in ["~/.claude", "/home/ann/.claude"] {
            assert_eq!(added(Path::new(default), Some(home()), absolute), with(None, None), "{default}");
        }
        let below = added(Path::new("~/cc"), Some(home()), absolute);
        assert_eq!(paths(&below)[2..], ["/home/ann/cc/.credentials.json", "/home/ann/cc/.claude.json"]);
        assert_eq!(below.place(), "~/cc/.credentials.json");
        let nobodys = added(Path::new("cc"), None, absolute);
        assert_eq!((paths(&nobodys), nobodys.home.as_deref()), (WORK, None));
    }
}
