//! Terminals on Linux and other free desktops, each with its own command-line syntax.

use super::script;
use crate::claude_code::sign_in_launcher::LaunchSpec;
use crate::platform::programs::Programs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The arguments before the command.
type ArgsBefore = &'static [&'static str];

/// The desktop's own choice, if any: the proposed standard, then Debian's alternatives.
const CHOSEN: [(&str, ArgsBefore); 2] = [("xdg-terminal-exec", &[]), ("x-terminal-emulator", &["-e"])];

const COMMON: [(&str, ArgsBefore); 17] = [
    ("gnome-terminal", &["--"]),
    ("ptyxis", &["--new-window", "--"]),
    ("kgx", &["--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["-x"]),
    ("mate-terminal", &["-x"]),
    ("qterminal", &["-e"]),
    ("terminator", &["-x"]),
    ("ghostty", &["-e"]),
    ("kitty", &[]),
    ("alacritty", &["-e"]),
    ("foot", &[]),
    ("wezterm", &["start", "--"]),
    ("rio", &["-e"]),
    ("urxvt", &["-e"]),
    ("st", &["-e"]),
    ("xterm", &["-e"]),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    program: PathBuf,
    before: Vec<OsString>,
}

/// The installed ones: the desktop's choice, the user's (`TERMINAL`), then the common ones.
pub(in crate::claude_code::sign_in_launcher) fn find(
    programs: &Programs,
    var: &impl Fn(&str) -> Option<OsString>,
) -> Vec<Terminal> {
    let known =
        |(name, before): &(&str, ArgsBefore)| Terminal::of(programs.find(name)?, before.iter().map(OsString::from));
    let mut found: Vec<Terminal> = Vec::new();
    let own = var("TERMINAL").and_then(|value| named(programs, &value.to_string_lossy()));
    for terminal in CHOSEN.iter().filter_map(known).chain(own).chain(COMMON.iter().filter_map(known)) {
        if !found.contains(&terminal) {
            found.push(terminal);
        }
    }
    found
}

/// `TERMINAL` holds a name or path, sometimes with arguments. An unknown terminal gets `-e`, which most accept.
fn named(programs: &Programs, value: &str) -> Option<Terminal> {
    let mut words = value.split_whitespace();
    let program = programs.find(words.next()?)?;
    let name = program.file_name().unwrap_or_default();
    let before = COMMON.iter().find(|(known, _)| name == *known).map_or(&["-e"][..], |(_, before)| before);
    Terminal::of(program.clone(), words.chain(before.iter().copied()).map(OsString::from))
}

impl Terminal {
    fn of(program: PathBuf, before: impl Iterator<Item = OsString>) -> Option<Self> {
        Some(Self { program, before: before.collect() })
    }

    pub fn name(&self) -> String {
        self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Blocks until the terminal has opened or failed.
    ///
    /// # Errors
    /// Fails if it cannot be started or exits with an error.
    pub(in crate::claude_code::sign_in_launcher) fn open(&self, job: &LaunchSpec, home: &Path) -> Result<(), String> {
        super::start(Command::new(&self.program).args(self.command_line(job)), home)
    }

    fn command_line(&self, job: &LaunchSpec) -> Vec<OsString> {
        self.before.iter().cloned().chain(script::command_line(job)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude_code::sign_in_launcher::{OpenError, SignInPrograms};
    use holdoff_core::credential::sign_in_flow::LaunchSupport;
    use holdoff_core::messages;
    use holdoff_core::state::Provider;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// A computer with only these programs; the real system folders are searched after its own.
    struct Computer(tempfile::TempDir);

    impl Computer {
        fn with(programs: &[(&str, &str)]) -> Self {
            let computer = Self(tempfile::tempdir().unwrap());
            fs::create_dir(computer.0.path().join("bin")).unwrap();
            for (name, script) in programs {
                let path = computer.0.path().join("bin").join(name);
                let aside = computer.0.path().join(format!("aside-{name}"));
                fs::write(&aside, format!("#!/bin/sh\n{script}\n")).unwrap();
                fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)).unwrap();
                // Written by a separate process, so that no child of another thread can hold it open.
                assert!(Command::new("cp").arg("-p").args([&aside, &path]).status().unwrap().success());
            }
            computer
        }

        fn terminals(&self, own: Option<&str>) -> Vec<Terminal> {
            let bin = self.0.path().join("bin");
            let var = |name: &str| match name {
                "PATH" => Some(bin.clone().into_os_string()),
                "TERMINAL" => own.map(OsString::from),
                _ => None,
            };
            let mut found = find(&Programs::new(self.0.path(), &var), &var);
            found.retain(|terminal| terminal.program.starts_with(&bin));
            found
        }

        fn names(&self, own: Option<&str>) -> Vec<String> {
            self.terminals(own).iter().map(Terminal::name).collect()
        }
    }

    fn job() -> LaunchSpec {
        LaunchSpec {
            program: "/opt/claude".into(),
            folder: "/opt".into(),
            arguments: &["auth", "login"],
            config_dir: None,
            storage_dir: None,
            words: messages::sign_in_terminal(Provider::Anthropic, false),
        }
    }

    #[test]
    fn terminals_are_ordered_desktop_default_user_common() {
        let computer = Computer::with(&[("xterm", ""), ("kitty", ""), ("x-terminal-emulator", ""), ("mine", "")]);
        assert_eq!(computer.names(None), ["x-terminal-emulator", "kitty", "xterm"]);
        assert_eq!(computer.names(Some("xterm")), ["x-terminal-emulator", "xterm", "kitty"], "each once");
        assert_eq!(computer.names(Some("mine")), ["x-terminal-emulator", "mine", "kitty", "xterm"]);
        assert_eq!(computer.names(Some("not-there")), ["x-terminal-emulator", "kitty", "xterm"]);
        assert!(Computer::with(&[]).names(None).is_empty());
    }

    #[test]
    fn terminal_command_line_fits_each_terminal() {
        let way = |name: &str, own: Option<&str>| {
            let computer = Computer::with(&[(name, "")]);
            let line = computer.terminals(own).first().unwrap().command_line(&job());
            let line: Vec<String> = line.into_iter().map(|part| part.into_string().unwrap()).collect();
            let shell = line.iter().position(|part| part == "/bin/sh").unwrap();
            assert_eq!(line[shell + 1], "-c");
            assert_eq!(&line[line.len() - 3..], ["/opt/claude", "auth", "login"]);
            line[..shell].join(" ")
        };
        for (name, before) in [
            ("xdg-terminal-exec", ""),
            ("x-terminal-emulator", "-e"),
            ("gnome-terminal", "--"),
            ("konsole", "-e"),
            ("xfce4-terminal", "-x"),
            ("kgx", "--"),
            ("kitty", ""),
            ("alacritty", "-e"),
            ("foot", ""),
            ("wezterm", "start --"),
            ("xterm", "-e"),
        ] {
            assert_eq!(way(name, None), before, "{name}");
        }
        assert_eq!(way("mine", Some("mine --class float")), "--class float -e");
        assert_eq!(way("foot", Some("foot")), "");
    }

    #[test]
    fn terminal_that_fails_to_open_falls_back_to_the_next() {
        let computer = Computer::with(&[
            ("xdg-terminal-exec", "exit 1"),
            ("x-terminal-emulator", "exit 127"),
            ("xterm", r#"pwd > "$HOME/opened"; env > "$HOME/env"; exec sleep 3"#),
        ]);
        let home = computer.0.path();
        let claude = Some(crate::claude_code::sign_in_launcher::Claude {
            path: "/opt/claude".into(),
            version: Some([2, 1, 80]),
        });
        let mut terminals = computer.terminals(None);
        for terminal in &mut terminals {
            // The script reads its output path from its environment, which it inherits from us.
            let script = terminal.program.clone();
            terminal.program = "/usr/bin/env".into();
            terminal.before.splice(0..0, [format!("HOME={}", home.display()).into(), script.into_os_string()]);
        }
        let mut found = SignInPrograms { claude: claude.clone(), terminals };
        found.open(home, None).unwrap();
        let folder = fs::read_to_string(home.join("opened")).unwrap();
        assert_eq!(Path::new(folder.trim()), home.canonicalize().unwrap(), "it begins in the home folder");

        let mut failing = SignInPrograms { claude, terminals: found.terminals[..2].to_vec() };
        let error = failing.open(home, None).unwrap_err();
        assert!(matches!(&error, OpenError::NotOpened(why) if why.contains("127")), "{error}");
    }

    #[test]
    fn launch_support_distinguishes_missing_claude_and_terminal() {
        let mut nothing = SignInPrograms::default();
        assert_eq!(nothing.means(), LaunchSupport::NoProgram);
        assert!(matches!(nothing.open(Path::new("/"), None), Err(OpenError::NoClaude)));
        let claude = |version| {
            Some(crate::claude_code::sign_in_launcher::Claude { path: "/opt/claude".into(), version: Some(version) })
        };
        let mut no_terminal = SignInPrograms { claude: claude([2, 1, 41]), terminals: vec![] };
        assert_eq!(no_terminal.means(), LaunchSupport::NoTerminal);
        assert!(matches!(no_terminal.open(Path::new("/"), None), Err(OpenError::NoTerminal)));
        assert!(!no_terminal.older());
        assert!(SignInPrograms { claude: claude([2, 1, 40]), terminals: vec![] }.older());
        assert!(!SignInPrograms::default().older(), "what is not known is taken to be new");
    }
}
