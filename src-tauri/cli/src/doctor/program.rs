//! Checks the programs, and whether the app is running.

use super::Finding;
use crate::{app_client, launch_tray};
use holdoff_core::text::{NAME_MAX, clean};
use holdoff_engine::ipc::Call;
use holdoff_engine::platform::environment::Environment;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The first version of Claude Code that passes limits to the status line.
const STATUS_LINE_SINCE: [u32; 3] = [2, 1, 80];
const PATIENCE: Duration = Duration::from_secs(5);

pub fn look(environment: &Environment) -> Vec<Finding> {
    let here = std::env::current_exe().map(|exe| exe.display().to_string()).unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    vec![Finding::fine(format!("Holdoff {VERSION} for {system}, {here}")), tray_app(), running(environment), owner()]
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

/// Claude Code, the owner of the sign-in.
fn owner() -> Finding {
    let Some(said) = output(Command::new("claude").arg("--version")) else {
        return Finding::note("claude is not on the PATH of this terminal, or does not answer");
    };
    let version: Vec<u32> = said
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .find(|part| part.contains('.'))
        .map(|part| part.split('.').filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    if version.is_empty() {
        return Finding::note("claude does not report its version");
    }
    let told = version.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    if version.as_slice() < STATUS_LINE_SINCE.as_slice() {
        return Finding::note(format!("Claude Code {told}, whose status line does not report limits")).advised(
            "With version 2.1.80 or newer, Holdoff gets readings without sending requests. Run: claude update",
        );
    }
    Finding::fine(format!("Claude Code {told}"))
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
