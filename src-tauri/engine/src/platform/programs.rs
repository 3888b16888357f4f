//! Finds the user's programs. A desktop session's PATH is often shorter than the shell's, so this also searches the usual
//! installers' folders.

use crate::platform::fs;
use holdoff_core::providers::Provider;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A few lines are usual.
const NPMRC_MAX: u64 = 1024 * 1024;

/// The folders to search, those of PATH first.
#[derive(Debug, Clone)]
pub struct Programs {
    folders: Vec<PathBuf>,
}

impl Programs {
    /// `HOLDOFF_PROGRAMS`, a list in PATH's format, replaces all of them.
    pub fn new(home: &Path, var: &impl Fn(&str) -> Option<OsString>) -> Self {
        if let Some(only) = var("HOLDOFF_PROGRAMS") {
            return Self { folders: std::env::split_paths(&only).filter(|folder| folder.is_absolute()).collect() };
        }
        let path = var("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path);
        let prefixes = [var("NPM_CONFIG_PREFIX").map(PathBuf::from), npmrc_prefix(home)];
        let prefixes = prefixes.into_iter().flatten().map(|prefix| bin(&prefix));
        let all = on_path.chain(usual(home, var)).chain(prefixes).chain(per_version(home));
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in all.filter(|folder| folder.is_absolute()) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// The first executable with that name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let names = file_names(name);
        self.folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))).find(|path| can_be_run(path))
    }
}

/// The folder for programs under npm's prefix.
fn bin(prefix: &Path) -> PathBuf {
    if cfg!(windows) { prefix.to_owned() } else { prefix.join("bin") }
}

#[cfg(unix)]
fn usual(home: &Path, var: &impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    const IN_HOME: [&str; 15] = [
        ".npm-global/bin",
        ".npm-packages/bin",
        ".npm/bin",
        ".node_modules/bin",
        ".yarn/bin",
        ".local/share/pnpm",
        "Library/pnpm",
        ".bun/bin",
        ".deno/bin",
        ".volta/bin",
        ".asdf/shims",
        ".local/share/mise/shims",
        ".nix-profile/bin",
        ".linuxbrew/bin",
        "bin",
    ];
    const ELSEWHERE: [&str; 6] = [
        "/usr/local/bin",
        "/opt/homebrew/bin",
        "/home/linuxbrew/.linuxbrew/bin",
        "/run/current-system/sw/bin",
        "/usr/bin",
        "/snap/bin",
    ];
    let pnpm = var("PNPM_HOME").map(PathBuf::from);
    let in_home = [".local/bin"].into_iter().chain(owners_own()).chain(IN_HOME).map(|folder| home.join(folder));
    pnpm.into_iter().chain(in_home).chain(ELSEWHERE.map(PathBuf::from)).collect()
}

#[cfg(windows)]
fn usual(home: &Path, var: &impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let below = |name: &str, folder: &str| var(name).map(|base| PathBuf::from(base).join(folder));
    let named = [
        below("APPDATA", "npm"),
        below("LOCALAPPDATA", "pnpm"),
        below("LOCALAPPDATA", r"Microsoft\WinGet\Links"),
        below("LOCALAPPDATA", r"Volta\bin"),
        below("ProgramFiles", "nodejs"),
        below("SystemRoot", "System32"),
    ];
    let in_home = [r".local\bin"].into_iter().chain(owners_own()).chain([r".bun\bin", r"scoop\shims"]);
    in_home.map(|folder| home.join(folder)).chain(named.into_iter().flatten()).collect()
}

/// The folders below the home folder into which the owners of sign-ins install themselves.
fn owners_own() -> impl Iterator<Item = &'static str> {
    let owners = Provider::ALL.into_iter().filter_map(Provider::owner_info);
    owners.flat_map(|owner| owner.program_dirs.iter().copied())
}

/// The folders of version managers, which have one per Node version: newest first.
fn per_version(home: &Path) -> Vec<PathBuf> {
    let managers = [
        (".nvm/versions/node", "bin"),
        (".local/share/fnm/node-versions", "installation/bin"),
        (".fnm/node-versions", "installation/bin"),
    ];
    let folders = |(root, below): (&str, &str)| {
        let versions = std::fs::read_dir(home.join(root)).into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = versions.map(|version| version.path()).collect();
        versions.sort_by_key(|path| std::cmp::Reverse(node_version(path)));
        versions.into_iter().map(move |version| version.join(below)).collect::<Vec<_>>()
    };
    managers.into_iter().flat_map(folders).collect()
}

/// Parses `v20.11.0`.
fn node_version(folder: &Path) -> Vec<u64> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The `prefix` of the user's `~/.npmrc`.
fn npmrc_prefix(home: &Path) -> Option<PathBuf> {
    let bytes = fs::read(&home.join(".npmrc"), NPMRC_MAX).ok()?;
    let text = str::from_utf8(&bytes).ok()?;
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "prefix").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    for home_word in ["~", "${HOME}", "$HOME"] {
        if let Some(below) = value.strip_prefix(home_word) {
            return Some(home.join(below.trim_start_matches('/')));
        }
    }
    Some(PathBuf::from(value))
}

#[cfg(unix)]
fn file_names(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

#[cfg(windows)]
fn file_names(name: &str) -> Vec<String> {
    ["exe", "cmd", "bat"].map(|extension| format!("{name}.{extension}")).into()
}

/// A file, after following links, that this user may execute.
#[cfg(unix)]
fn can_be_run(path: &Path) -> bool {
    use rustix::fs::Access;
    path.metadata().is_ok_and(|file| file.is_file()) && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

#[cfg(windows)]
fn can_be_run(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn program(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A name that no computer has in `/usr/bin`.
    const NAME: &str = "holdoff-test-claude";

    fn find(home: &Path, vars: &[(&str, &str)]) -> Option<String> {
        let var = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        let found = Programs::new(home, &var).find(NAME)?;
        Some(found.strip_prefix(home).unwrap_or(&found).display().to_string())
    }

    #[test]
    fn program_search_prefers_path_over_the_usual_folders() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        assert_eq!(find(home, &[("PATH", "/bin")]), None);
        program(&home.join(".nvm/versions/node/v9.1.0/bin").join(NAME), 0o755);
        program(&home.join(".nvm/versions/node/v20.11.0/bin").join(NAME), 0o755);
        let newest = format!(".nvm/versions/node/v20.11.0/bin/{NAME}");
        assert_eq!(find(home, &[]), Some(newest), "the newest of several");
        program(&home.join("npm/bin").join(NAME), 0o755);
        fs::write(home.join(".npmrc"), "registry=https://x\nprefix = ${HOME}/npm\n").unwrap();
        assert_eq!(find(home, &[]), Some(format!("npm/bin/{NAME}")));
        for place in [".claude/local", ".local/bin"] {
            program(&home.join(place).join(NAME), 0o755);
            assert_eq!(find(home, &[]), Some(format!("{place}/{NAME}")));
        }
        program(&home.join("mine").join(NAME), 0o755);
        let path = format!("{}:/bin", home.join("mine").display());
        assert_eq!(find(home, &[("PATH", &path)]), Some(format!("mine/{NAME}")));
    }

    #[test]
    fn program_search_variable_overrides_path_and_usual_folders() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        for place in [".local/bin", "mine", "named"] {
            program(&home.join(place).join(NAME), 0o755);
        }
        let at = |folder: &str| home.join(folder).display().to_string();
        let (mine, named, nowhere) = (at("mine"), at("named"), at("nowhere"));
        assert_eq!(find(home, &[("PATH", &mine), ("HOLDOFF_PROGRAMS", &named)]), Some(format!("named/{NAME}")));
        assert_eq!(find(home, &[("PATH", &mine), ("HOLDOFF_PROGRAMS", &nowhere)]), None);
    }

    #[test]
    fn program_search_skips_what_is_not_executable() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let (one, two, three, four) = (home.join("one"), home.join("two"), home.join("three"), home.join("four"));
        fs::create_dir_all(one.join(NAME)).unwrap();
        program(&two.join(NAME), 0o644);
        fs::create_dir(&three).unwrap();
        symlink(home.join("nowhere"), three.join(NAME)).unwrap();
        let path = [&one, &two, &three, &four].map(|folder| folder.display().to_string()).join(":");
        assert_eq!(find(home, &[("PATH", &path)]), None, "a folder, a file without the bit, a link to nowhere");
        fs::create_dir(&four).unwrap();
        program(&home.join("real/claude-2.1.80"), 0o755);
        symlink("../real/claude-2.1.80", four.join(NAME)).unwrap();
        assert_eq!(find(home, &[("PATH", &path)]), Some(format!("four/{NAME}")), "a link to a program is one");
    }

    #[test]
    fn program_search_ignores_relative_path_entries() {
        let home = tempfile::tempdir().unwrap();
        let var = |name: &str| (name == "PATH").then(|| OsString::from(".::bin:/usr/bin"));
        let programs = Programs::new(home.path(), &var);
        assert!(programs.folders.iter().all(|folder| folder.is_absolute()), "{programs:?}");
    }
}
