//! Claude Code's executable, and its version as far as its files tell.

use crate::platform::fs;
use crate::platform::programs::Programs;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const PROGRAM: &str = "claude";
/// Some kilobytes are usual.
const PACKAGE_MAX: u64 = 1024 * 1024;
const PACKAGE: &str = "@anthropic-ai/claude-code";
/// A version query takes a second; it is abandoned after this time.
const ANSWER: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claude {
    pub path: PathBuf,
    /// `None` if the files do not contain it.
    pub version: Option<[u32; 3]>,
}

impl Claude {
    pub fn find(programs: &Programs) -> Option<Self> {
        let path = programs.find(PROGRAM)?;
        let version = version(&path);
        Some(Self { path, version })
    }

    /// Runs `--version`, which takes a second to start Node. Use it only when the user has just asked to sign in. It renews
    /// nothing.
    pub(super) fn learn_version(&mut self) {
        if self.version.is_none() {
            self.version = ask(&self.path);
        }
    }

    /// The folder to put first on PATH. Node is often there, and a desktop session's PATH may not include it.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

fn ask(path: &Path) -> Option<[u32; 3]> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = path.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&others));
    let mut command = Command::new(path);
    command.arg("--version").env("PATH", std::env::join_paths(folders).ok()?);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut output = child.stdout.take()?.take(1024);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = output.read_to_string(&mut text);
        let _ = tell.send(text);
    });
    let text = told.recv_timeout(ANSWER).unwrap_or_default();
    let _ = child.kill();
    let _ = child.wait();
    numbers(text.split_whitespace().next()?)
}

/// The native installer and Homebrew name a folder or file after the version; npm's package file contains it.
fn version(path: &Path) -> Option<[u32; 3]> {
    let real = path.canonicalize().ok()?;
    let beside = path.parent()?.join("node_modules").join(PACKAGE);
    let packages = real.ancestors().skip(1).take(4).chain([beside.as_path()]);
    packages
        .filter_map(package_version)
        .next()
        .or_else(|| real.iter().rev().take(2).find_map(|part| numbers(part.to_str()?)))
}

fn package_version(folder: &Path) -> Option<[u32; 3]> {
    let package = fs::read(&folder.join("package.json"), PACKAGE_MAX).ok()?;
    let package: Value = serde_json::from_slice(&package).ok()?;
    (package["name"] == PACKAGE).then(|| numbers(package["version"].as_str()?))?
}

/// Accepts only the form `2.1.41`.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// Creates a home folder with a program at `real` that `.local/bin/claude` links to.
    fn version_of(real: &str, files: &[(&str, &str)]) -> Option<[u32; 3]> {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        for (path, text) in files.iter().chain(&[(real, "#!/bin/sh\n")]) {
            let path = home.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir_all(home.join(".local/bin")).unwrap();
        let link = home.join(".local/bin/claude");
        if !link.exists() {
            symlink(home.join(real), &link).unwrap();
        }
        let claude = Claude::find(&Programs::new(home, &|_| None)).unwrap();
        assert_eq!(claude.path, link);
        claude.version
    }

    #[test]
    fn claude_version_is_read_from_the_install_path() {
        assert_eq!(version_of(".local/share/claude/versions/2.1.80", &[]), Some([2, 1, 80]), "native");
        assert_eq!(version_of("Caskroom/claude-code/2.0.9/claude", &[]), Some([2, 0, 9]), "Homebrew");
        let package = r#"{"name":"@anthropic-ai/claude-code","version":"1.0.128"}"#;
        let npm = "lib/node_modules/@anthropic-ai/claude-code";
        let with = |path: &str| format!("{npm}/{path}");
        assert_eq!(version_of(&with("cli.js"), &[(&with("package.json"), package)]), Some([1, 0, 128]), "npm");
        let beside = ".local/bin/node_modules/@anthropic-ai/claude-code/package.json";
        assert_eq!(version_of(".local/bin/claude", &[(beside, package)]), Some([1, 0, 128]), "a wrapper beside it");
    }

    #[test]
    fn claude_version_falls_back_to_running_the_program() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("claude");
        let answer = |script: &str| {
            // Another thread's child process may briefly hold a script open that was just written.
            let aside = home.path().join("aside");
            fs::write(&aside, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)).unwrap();
            assert!(Command::new("cp").arg("-p").arg(&aside).arg(&path).status().unwrap().success());
            let mut claude = Claude { path: path.clone(), version: None };
            claude.learn_version();
            claude.version
        };
        assert_eq!(answer("[ $# = 1 ] && echo \"2.1.80 (Claude Code)\""), Some([2, 1, 80]));
        assert_eq!(answer("echo a wrapper"), None);
        assert_eq!(answer("exit 1"), None);
        assert_eq!(answer("yes 2.1.80"), Some([2, 1, 80]), "one that never ends is ended");
    }

    #[test]
    fn claude_version_is_none_for_an_unknown_program() {
        assert_eq!(version_of("opt/claude", &[]), None);
        let other = r#"{"name":"claude-wrapper","version":"9.9.9"}"#;
        assert_eq!(version_of("wrapper/cli.js", &[("wrapper/package.json", other)]), None);
        assert_eq!(version_of("nvm/v20.11.0/bin/claude", &[]), None, "that is Node's");
    }
}
