//! Runs the user's own status-line command as if Holdoff were not there.

use super::{INSIDE, Input};
use holdoff_engine::platform::environment::DATA_DIR_VARIABLE;
use std::io::Read;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// The shell's exit code for a command that cannot be executed.
const NOT_RUN: u8 = 126;

/// Replaces this process with the shell that runs the command, so that output, exit code, signals and timing are the
/// command's own. Holdoff stays in between only if the input does not fit into a pipe.
pub fn run(command: &str, input: Input) -> ExitCode {
    #[cfg(unix)]
    if !input.cut
        && let Some(stdin) = filled_pipe(&input.bytes)
    {
        return failed(&std::os::unix::process::CommandExt::exec(shell(command).stdin(stdin)));
    }
    match between(command, input) {
        Ok(status) => ended(status),
        Err(error) => failed(&error),
    }
}

/// A pipe that contains `bytes`, followed by end of file.
#[cfg(unix)]
fn filled_pipe(bytes: &[u8]) -> Option<std::io::PipeReader> {
    let (reader, mut writer) = std::io::pipe().ok()?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if bytes.len() > 32 * 1024 {
        let _smaller_then = rustix::pipe::fcntl_setpipe_size(&writer, bytes.len());
    }
    rustix::io::ioctl_fionbio(&writer, true).ok()?;
    std::io::Write::write_all(&mut writer, bytes).ok()?;
    Some(reader)
}

fn between(command: &str, input: Input) -> std::io::Result<ExitStatus> {
    let mut child = shell(command).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // If the command does not read its input, this thread ends with the process.
        std::thread::spawn(move || {
            let rest = std::io::stdin().take(if input.cut { u64::MAX } else { 0 });
            std::io::copy(&mut input.bytes.as_slice().chain(rest), &mut stdin)
        });
    }
    child.wait()
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).env(INSIDE, "1").env_remove(DATA_DIR_VARIABLE);
    shell
}

/// Same choice as Claude Code: Git's bash if it called us, otherwise the system's shell.
#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    let bash = std::env::var_os("MSYSTEM").is_some();
    let mut shell = Command::new(if bash { "bash" } else { "cmd" });
    if bash {
        shell.arg("-c").arg(command);
    } else {
        shell.raw_arg("/d /s /c").raw_arg(format!("\"{command}\""));
    }
    shell.env(INSIDE, "1").env_remove(DATA_DIR_VARIABLE);
    shell
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("holdoff: could not start your status-line command: {error}");
    ExitCode::from(NOT_RUN)
}

/// Exits with the command's exit code or signal.
fn ended(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return end_by(signal);
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(1))
}

#[cfg(unix)]
fn end_by(signal: i32) -> ExitCode {
    use rustix::process::{Signal, getpid, kill_process};
    if signal == Signal::PIPE.as_raw() {
        // Rust programs ignore SIGPIPE; the shell does not.
        let mut end = Command::new("/bin/sh");
        return failed(&std::os::unix::process::CommandExt::exec(end.arg("-c").arg("kill -PIPE $$")));
    }
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _if_it_can = kill_process(getpid(), signal);
    }
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}
