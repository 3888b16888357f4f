//! Runs other programs: prints each command before it runs, and reports a failure as a sentence.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// A command line that has not been run yet.
#[derive(Debug)]
pub struct Cmd {
    inner: Command,
    shown_as: Option<&'static str>,
    shown_env: Vec<(String, String)>,
}

impl Cmd {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut inner = Command::new(program);
        // A build script that watches one of these (ring's does) would run again for each caller with other values.
        for (name, _) in env::vars_os().filter(|(name, _)| describes_this_package(name)) {
            inner.env_remove(name);
        }
        Self { inner, shown_as: None, shown_env: Vec::new() }
    }

    /// Shows the program under another name than its path.
    pub fn shown_as(mut self, name: &'static str) -> Self {
        self.shown_as = Some(name);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.inner.arg(arg);
        self
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.inner.args(args);
        self
    }

    /// Sets a variable and shows it, since a user needs it to repeat the command.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let shown = value.as_ref().to_string_lossy().into_owned();
        self.shown_env.push((name.to_owned(), shown));
        self.inner.env(name, value);
        self
    }

    /// Sets a variable without showing it: a user who repeats the command has it set anyway.
    pub fn hidden_env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.inner.env_remove(name);
        self
    }

    pub fn dir(mut self, dir: &Path) -> Self {
        self.inner.current_dir(dir);
        self
    }

    /// Gives the program an empty standard input, so that it cannot wait for input.
    pub fn no_input(mut self) -> Self {
        self.inner.stdin(Stdio::null());
        self
    }

    /// Shows the command, runs it with the inherited input and output, and waits for it to succeed.
    pub fn run(mut self) -> Result<()> {
        println!("$ {self}");
        let status = self.inner.status().with_context(|| self.not_started())?;
        self.check(status)
    }

    /// Runs the command silently and returns its output.
    ///
    /// # Errors
    /// Fails if the command cannot be started or exits with an error; the message includes its standard error.
    pub fn read(mut self) -> Result<String> {
        let output = self.inner.stdin(Stdio::null()).output();
        let output = output.with_context(|| self.not_started())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{self}` {}: {}", ending(output.status), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs the command silently and returns its output, even if it failed.
    pub fn read_anyway(mut self) -> Result<String> {
        let output = self.inner.stdin(Stdio::null()).stderr(Stdio::null()).output();
        let output = output.with_context(|| self.not_started())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether the command can be run and succeeds; shows nothing.
    pub fn succeeds(mut self) -> bool {
        let silent = self.inner.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        silent.status().is_ok_and(|status| status.success())
    }

    /// Shows the command and replaces this process with it, under the same process id. Returns only on failure.
    #[cfg(unix)]
    pub fn exec(mut self) -> Result<()> {
        use std::os::unix::process::CommandExt;
        println!("$ {self}");
        let error = self.inner.exec();
        Err(error).with_context(|| self.not_started())
    }

    /// Shows the command and waits for it: this system has no exec.
    #[cfg(not(unix))]
    pub fn exec(self) -> Result<()> {
        self.run()
    }

    fn check(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            bail!("`{self}` {}.", ending(status));
        }
        Ok(())
    }

    fn not_started(&self) -> String {
        format!("`{self}` could not be started")
    }
}

/// Formats the command as shell input.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.shown_env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        match self.shown_as {
            Some(name) => f.write_str(name)?,
            None => f.write_str(&quoted(&self.inner.get_program().to_string_lossy()))?,
        }
        for arg in self.inner.get_args() {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// The path of a program in `PATH`, if it exists.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// Whether the variable is one of those by which `cargo run` describes the package of the program it runs.
fn describes_this_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(&*name, "CARGO_CRATE_NAME" | "CARGO_BIN_NAME" | "CARGO_PRIMARY_PACKAGE")
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("failed with exit code {code}"),
        None => format!("was ended: {status}"),
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_displayed_with_shell_quoting() {
        let cmd = Cmd::new("/opt/cargo")
            .shown_as("cargo")
            .args(["test", "-p", "a b", "it's", ""])
            .env("HOLDOFF_BIN_DIR", "/tmp/two words")
            .hidden_env("SECRET", "not shown");
        assert_eq!(cmd.to_string(), r"HOLDOFF_BIN_DIR='/tmp/two words' cargo test -p 'a b' 'it'\''s' ''");
    }

    #[test]
    fn cargo_package_variables_are_not_passed_to_child_processes() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_BIN_NAME"] {
            assert!(describes_this_package(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!describes_this_package(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn command_failure_names_the_command_and_exit_code() {
        let error = Cmd::new("sh").args(["-c", "echo why >&2; exit 3"]).read();
        let said = error.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(said, "`sh -c 'echo why >&2; exit 3'` failed with exit code 3: why");
    }
}
