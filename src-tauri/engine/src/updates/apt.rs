//! Installs a downloaded package with the system's package manager, or gives the command for it.

use crate::platform::private_files::as_the_session_does;
use crate::platform::programs::Programs;
use holdoff_core::text::{LONG_NAME_MAX, clean, quoted};
use holdoff_core::updates::Installed;
use std::path::Path;
use std::process::{Command, Stdio};

/// A fixed path: other folders on `PATH` may be writable by others.
const APT_GET: &str = "/usr/bin/apt-get";
/// Exit codes of pkexec(1): the user dismissed the dialog, or is not authorized.
const DISMISSED: i32 = 126;
const NOT_AUTHORIZED: i32 = 127;

/// Installs the package. Blocks until done.
///
/// # Errors
/// Fails if the package is not installed, with the reason.
pub fn install(deb: &Path, programs: &Programs) -> Result<Installed, String> {
    let to_paste =
        || Installed::ToPaste { command: format!("sudo apt install {}", quoted(&deb.display().to_string())) };
    let Some(pkexec) = programs.find("pkexec").filter(|_| Path::new(APT_GET).exists()) else {
        return Ok(to_paste());
    };
    let mut command = Command::new(pkexec);
    command.args([APT_GET, "install", "--yes", "--no-remove"]).arg(deb);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = as_the_session_does(|| command.spawn()).and_then(std::process::Child::wait_with_output);
    let output = output.map_err(|error| format!("could not start pkexec ({error})"))?;
    match output.status.code() {
        Some(0) => Ok(Installed::InPlace),
        Some(DISMISSED) => Err("permission was not given. Nothing was changed".to_owned()),
        // Also if no agent can ask for a password.
        Some(NOT_AUTHORIZED) => Ok(to_paste()),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().map(|line| clean(line, LONG_NAME_MAX)).find(|line| !line.is_empty());
            Err(format!("apt-get failed: {}", last.unwrap_or_else(|| output.status.to_string())))
        }
    }
}

/// The install command for Fedora, openSUSE and similar systems.
pub fn rpm_command(rpm: &Path) -> String {
    format!("sudo rpm --upgrade --verbose {}", quoted(&rpm.display().to_string()))
}
