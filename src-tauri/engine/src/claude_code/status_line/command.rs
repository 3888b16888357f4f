//! The status line command in Claude Code's settings.

use crate::platform::environment::DATA_DIR_VARIABLE;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "holdoff";
const WORD: &str = "statusline";

/// The command for the settings, quoted for a shell. It includes the data folder, because the default may differ where Claude
/// Code is started, such as in a snap's terminal.
#[cfg(not(windows))]
pub fn own(program: &Path, data_dir: &Path) -> String {
    format!("{DATA_DIR_VARIABLE}={} {} {WORD}", quoted(data_dir), quoted(program))
}

/// The command for the settings, quoted for a shell. On Windows, the data folder is the same wherever Claude Code starts.
#[cfg(windows)]
pub fn own(program: &Path, _: &Path) -> String {
    format!("{} {WORD}", quoted(program))
}

/// Whether `command` runs Holdoff, wherever it is installed. A command that does anything else as well is not ours.
pub fn is_own(command: &str) -> bool {
    program(command).is_some()
}

/// The program that Holdoff's command runs; `None` if the command is not ours.
pub fn program(command: &str) -> Option<PathBuf> {
    parts(command).map(|(_, program)| program)
}

/// The data folder in Holdoff's command.
pub fn data_dir(command: &str) -> Option<PathBuf> {
    parts(command)?.0
}

fn parts(command: &str) -> Option<(Option<PathBuf>, PathBuf)> {
    let command = if cfg!(windows) { command.replace('\\', "/") } else { command.to_owned() };
    let words = shlex::split(&command).unwrap_or_default();
    let (data_dir, words) = match words.split_first() {
        Some((first, rest)) => match first.strip_prefix(DATA_DIR_VARIABLE).and_then(|rest| rest.strip_prefix('=')) {
            Some(data_dir) => (Some(PathBuf::from(data_dir)), rest),
            None => (None, words.as_slice()),
        },
        None => return None,
    };
    let [program, word] = words else {
        return None;
    };
    let name = program.rsplit('/').next().unwrap_or_default();
    let own = word == WORD && name.strip_suffix(".exe").unwrap_or(name) == PROGRAM;
    own.then(|| (data_dir, PathBuf::from(program)))
}

/// Returns `false` only if Holdoff's command runs a program that does not exist.
pub fn can_be_called(text: &str) -> bool {
    program(text).is_none_or(|program| !program.is_absolute() || program.is_file())
}

/// The program's most durable name: a name on `path` if possible, because that survives an update and the resolved file may
/// not.
pub fn lasting(program: &Path, path: Option<&std::ffi::OsStr>) -> PathBuf {
    let Ok(real) = program.canonicalize() else {
        return program.to_owned();
    };
    let name = program.file_name().unwrap_or_default();
    let on_path = path.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    let same = |candidate: &PathBuf| candidate.canonicalize().is_ok_and(|candidate| candidate == real);
    on_path.map(|folder| folder.join(name)).find(same).unwrap_or(real)
}

#[cfg(not(windows))]
fn quoted(program: &Path) -> String {
    let text = program.to_string_lossy();
    // Quoting fails only for NUL, which paths cannot contain.
    shlex::try_quote(&text).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// Claude Code uses Git's bash if available, else PowerShell: all of them accept forward slashes.
#[cfg(windows)]
fn quoted(program: &Path) -> String {
    let text = program.to_string_lossy();
    let text = text.strip_prefix(r"\\?\").unwrap_or(&text).replace('\\', "/");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-~".contains(c);
    if text.chars().all(plain) { text } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn status_line_command_is_quoted_for_the_shell() {
        for path in [
            "/usr/bin/holdoff",
            "/home/ann/my apps/holdoff",
            "/opt/it's/holdoff",
            "/a/$HOME/`id`/\"q\"/holdoff",
            "/p/;&|/holdoff",
            "/é/日/holdoff",
        ] {
            let command = own(Path::new(path), &Path::new(path).with_file_name("data"));
            let said = std::process::Command::new("/bin/sh").args(["-c", &format!("printf '%s|' {command}")]).output();
            let data = path.replace("/holdoff", "/data");
            let words = format!("{DATA_DIR_VARIABLE}={data}|{path}|statusline|");
            assert_eq!(String::from_utf8(said.unwrap().stdout).unwrap(), words);
            assert_eq!((program(&command), data_dir(&command)), (Some(path.into()), Some(data.into())), "{command}");
        }
    }

    #[test]
    fn status_line_command_is_own_only_as_a_plain_call() {
        for own in [
            "holdoff statusline",
            "/usr/bin/holdoff statusline",
            "  '/a b/holdoff'  statusline ",
            "C:/x/holdoff.exe statusline",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "",
            "holdoff",
            "holdoff status",
            "holdoff statusline --x",
            "holdoff statusline | cat",
            "sudo holdoff statusline",
            "X=1 holdoff statusline",
            "HOLDOFF_DATA_DIR=/d X=1 holdoff statusline",
            "HOLDOFF_DATA_DIR=/d holdoff status",
            "HOLDOFF_DATA_DIRX=/d holdoff statusline",
            "/usr/bin/upholdoff statusline",
            "'holdoff statusline'",
            "'holdoff statusline",
            "npx ccusage statusline",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn status_line_command_uses_the_name_on_path_if_same_program() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["real", "bin", "other"] {
            std::fs::create_dir(root.join(folder)).unwrap();
        }
        let real = root.join("real/holdoff");
        std::fs::write(&real, "").unwrap();
        std::fs::write(root.join("other/holdoff"), "").unwrap();
        let path = std::env::join_paths([root.join("other"), root.join("bin")]).unwrap();
        assert_eq!(lasting(&real, Some(&path)), real);
        std::os::unix::fs::symlink(&real, root.join("bin/holdoff")).unwrap();
        assert_eq!(lasting(&real, Some(&path)), root.join("bin/holdoff"));
        assert_eq!(lasting(&real, None), real);
    }
}
