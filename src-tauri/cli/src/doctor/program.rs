//! Checks the programs, and whether the app is running.

use super::Finding;
use crate::{app_client, launch_tray};
use holdoff_core::providers::{OwnerInfo, Provider};
use holdoff_core::text::{NAME_MAX, clean};
use holdoff_engine::ipc::Call;
use holdoff_engine::platform::environment::Environment;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PATIENCE: Duration = Duration::from_secs(5);

pub fn inspect(environment: &Environment) -> Vec<Finding> {
    let here = std::env::current_exe().map(|exe| exe.display().to_string()).unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let own = [Finding::fine(format!("Holdoff {VERSION} for {system}, {here}")), tray_app(), running(environment)];
    own.into_iter().chain(Provider::ALL.into_iter().filter_map(Provider::owner_info).map(owner)).collect()
}

fn tray_app() -> Finding {
    let program = launch_tray::beside();
    if program.is_file() {
        return Finding::fine(format!("the tray app is next to it: {}", program.display()));
    }
    Finding::wrong(
        format!("the tray app {} is missing", program.display()),
        "It belongs next to this command. Reinstall Holdoff.",
    )
}

fn running(environment: &Environment) -> Finding {
    let Some(mut app) = app_client::connect(environment) else {
        return Finding::note("the tray app is not running, so usage is not checked").advised("Start it with: holdoff");
    };
    match app.call(Call::Version) {
        Ok(version) if version == VERSION => Finding::fine("the tray app is running"),
        Ok(other) => Finding::wrong(
            format!("the running tray app is version {}", clean(other.as_str().unwrap_or("unknown"), NAME_MAX)),
            "Quit it and start it again.",
        ),
        Err(error) => Finding::wrong(
            format!("the tray app is running but does not answer: {error}"),
            "Quit it and start it again.",
        ),
    }
}

/// The owner of a provider's sign-in.
fn owner(info: &OwnerInfo) -> Finding {
    let Some(said) = output(Command::new(info.program).arg("--version")) else {
        return Finding::note(format!("{} is not on the PATH of this terminal, or does not answer", info.program));
    };
    let version: Vec<u32> = said
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .find(|part| part.contains('.'))
        .map(|part| part.split('.').filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    if version.is_empty() {
        return Finding::note(format!("{} does not report its version", info.program));
    }
    let dotted = |version: &[u32]| version.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    let (told, since) = (dotted(&version), info.status_line_since);
    if version.as_slice() < since.as_slice() {
        return Finding::note(format!("{} {told}, whose status line does not report limits", info.name)).advised(
            format!(
                "With version {} or newer, Holdoff gets readings without sending requests. Run: {}",
                dotted(&since),
                info.update_command
            ),
        );
    }
    Finding::fine(format!("{} {told}", info.name))
}

/// A program's output; `None` if it does not finish in time.
pub(super) fn output(command: &mut Command) -> Option<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        let _as_far_as_it_is_text = stdout.by_ref().take(64 * 1024).read_to_string(&mut text);
        text
    });
    let until = Instant::now() + PATIENCE;
    while !reading.is_finished() {
        if Instant::now() > until {
            let _it_may_be_gone = child.kill();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _reaped = child.wait();
    reading.join().ok()
}
