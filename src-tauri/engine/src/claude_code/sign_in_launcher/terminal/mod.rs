//! A terminal window in which the user completes Claude Code's sign-in.

#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "desktop.rs"]
mod platform;
#[cfg(unix)]
mod script;

pub use platform::Terminal;
pub(super) use platform::find;

use crate::platform::{core_dumps, private_files};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// A terminal that fails does so within this time. One that opens keeps running, or hands over to its server and exits with
/// success.
const FAILS_WITHIN: Duration = Duration::from_millis(700);

/// Starts it so that it outlives us, with only the environment of the user's session.
fn start(command: &mut Command, home: &Path) -> Result<(), String> {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLDOFF_") {
            command.env_remove(name);
        }
    }
    command.current_dir(home);
    detach(command);
    let spawn = || private_files::as_the_session_does(|| command.spawn());
    let mut child = core_dumps::as_the_session_does(spawn).map_err(|error| error.to_string())?;
    let (tell, ended) = mpsc::channel();
    std::thread::Builder::new()
        .name("sign-in terminal".to_owned())
        .spawn(move || {
            // Waits until it exits, so that it does not remain as a zombie.
            let _ = tell.send(child.wait());
        })
        .map_err(|error| error.to_string())?;
    match ended.recv_timeout(FAILS_WITHIN) {
        Ok(Ok(status)) if !status.success() => Err(format!("it exited with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

/// Signals to our process group, such as Ctrl+C in the shell that started us, must not reach it.
#[cfg(unix)]
fn detach(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
}

/// Uses its own console for input and output; redirecting them would make it exit at once.
#[cfg(windows)]
fn detach(_: &mut Command) {}
