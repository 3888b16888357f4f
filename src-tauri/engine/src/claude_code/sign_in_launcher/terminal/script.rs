//! The POSIX shell script that runs in the terminal. A terminal with a server gives its own environment to its programs, so
//! everything is passed as arguments. None of them is a secret.

use crate::claude_code::sign_in_launcher::LaunchSpec;
use std::ffi::OsString;

/// `$1` PATH folder, `$2` config folder or empty, `$3` the credential's folder or empty, `$4`–`$7` messages, then the command.
const SCRIPT: &str = r#"
PATH=$1:$PATH; export PATH
if [ -n "$2" ]; then CLAUDE_CONFIG_DIR=$2; export CLAUDE_CONFIG_DIR; else unset CLAUDE_CONFIG_DIR; fi
unset CLAUDE_SECURESTORAGE_CONFIG_DIR
if [ -n "$3" ]; then CLAUDE_SECURESTORAGE_CONFIG_DIR=$3; export CLAUDE_SECURESTORAGE_CONFIG_DIR; fi
done=$5 failed=$6 close=$7
printf '%s\n\n' "$4"
shift 7
"$@"
code=$?
if [ "$code" -eq 0 ]; then printf '\n%s\n' "$done"; else printf '\n%s %s\n' "$failed" "$code"; fi
printf '%s ' "$close"
read -r _
exit 0
"#;

/// The complete command line of the shell.
pub(super) fn command_line(job: &LaunchSpec) -> Vec<OsString> {
    let words = &job.words;
    let mut line: Vec<OsString> = ["/bin/sh", "-c", SCRIPT, "holdoff-sign-in"].map(OsString::from).into();
    line.push(job.folder.clone().into());
    line.push(job.config_dir.clone().unwrap_or_default());
    line.push(job.storage_dir.clone().unwrap_or_default());
    line.extend([&words.intro, &words.done, &words.failed, &words.close].map(OsString::from));
    line.push(job.program.clone().into());
    line.extend(job.arguments.iter().map(OsString::from));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude_code::sign_in_launcher::LaunchSpec;
    use holdoff_core::messages;
    use holdoff_core::state::Provider;
    use std::path::Path;
    use std::process::{Command, Stdio};

    /// Runs it with a shell as the program, which prints its arguments and variables.
    fn run([config_dir, storage_dir]: [Option<&str>; 2], arguments: &'static [&'static str]) -> String {
        let job = LaunchSpec {
            program: "/bin/sh".into(),
            folder: Path::new("/opt/a claude's/bin").into(),
            arguments,
            config_dir: config_dir.map(OsString::from),
            storage_dir: storage_dir.map(OsString::from),
            words: messages::sign_in_terminal(Provider::Anthropic, false),
        };
        let line = command_line(&job);
        let mut command = Command::new(&line[0]);
        for name in ["CLAUDE_CONFIG_DIR", "CLAUDE_SECURESTORAGE_CONFIG_DIR"] {
            command.env(name, "/from/the/session");
        }
        command.args(&line[1..]).stdin(Stdio::null());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    const TELL: &[&str] =
        &["-c", r#"echo "[${CLAUDE_CONFIG_DIR-unset}] [${CLAUDE_SECURESTORAGE_CONFIG_DIR-unset}] [$PATH]""#];

    #[test]
    fn sign_in_script_sets_the_accounts_config_dir() {
        let other = run([Some("/home/ann/it's work"), None], TELL);
        assert!(other.contains("[/home/ann/it's work] [unset] [/opt/a claude's/bin:"), "{other}");
        let usual = run([None, None], TELL);
        assert!(usual.contains("[unset] [unset]"), "{usual}");
        let apart = run([None, Some("/home/ann/it's kept")], TELL);
        assert!(apart.contains("[unset] [/home/ann/it's kept]"), "{apart}");
    }

    #[test]
    fn sign_in_script_keeps_the_terminal_open_after_exit() {
        let said = run([None, None], &["-c", "echo no browser; exit 7"]);
        assert!(said.contains("no browser") && said.contains("Exit code: 7") && said.contains("Press Enter"), "{said}");
        let said = run([None, None], &["-c", "true"]);
        assert!(said.contains("has exited. If you signed in") && said.contains("Press Enter"), "{said}");
    }
}
