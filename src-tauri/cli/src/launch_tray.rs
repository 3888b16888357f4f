//! Starts the tray app in place of this process.

use crate::UNAVAILABLE;
use holdoff_engine::platform::private_files;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const PROGRAM: &str = if cfg!(windows) { "holdoff-tray.exe" } else { "holdoff-tray" };

/// On Unix it keeps the process id, so that the caller can also end it.
pub fn become_it(args: &[&str]) -> ExitCode {
    let program = beside();
    let error = private_files::as_the_session_does(|| replace(Command::new(&program).args(args)));
    eprintln!(
        "holdoff: could not start the tray app {}: {error}. It belongs next to this command. Reinstall Holdoff.",
        program.display()
    );
    ExitCode::from(UNAVAILABLE)
}

/// The path of the tray program.
pub fn beside() -> PathBuf {
    let here = std::env::current_exe().ok().and_then(|exe| exe.canonicalize().ok());
    here.and_then(|exe| Some(exe.parent()?.join(PROGRAM))).unwrap_or_else(|| PROGRAM.into())
}

#[cfg(unix)]
fn replace(command: &mut Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

#[cfg(not(unix))]
fn replace(command: &mut Command) -> std::io::Error {
    match command.spawn() {
        Ok(_) => std::process::exit(0),
        Err(error) => error,
    }
}
