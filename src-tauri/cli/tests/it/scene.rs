//! A user's home folder with the folders of Claude Code and Holdoff.

use holdoff_core::state::Provider;
use holdoff_core::{AccountId, AccountState, QuotaWindow, Reading, Source, State, Wall};
use holdoff_engine::platform::clock::Clock;
use holdoff_engine::storage::state_file::{PlainFiles, TwoSlots};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub struct Scene {
    home: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        let scene = Self { home: tempfile::tempdir().unwrap() };
        std::fs::create_dir(scene.claude()).unwrap();
        scene
    }

    /// Installs Holdoff's status line, with `command` as the user's own.
    pub fn with_earlier(command: &str) -> Self {
        let scene = Self::new();
        scene.settings(&json!({"statusLine": {"type": "command", "command": command}}).to_string());
        let installed = scene.run(&["statusline", "install", "--yes"], b"");
        assert!(installed.status.success(), "{installed:?}");
        scene
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn claude(&self) -> PathBuf {
        self.home().join(".claude")
    }

    pub fn data(&self) -> PathBuf {
        self.home().join(".local/share/dev.holdoff.tray")
    }

    pub fn settings(&self, text: &str) {
        std::fs::write(self.claude().join("settings.json"), text).unwrap();
    }

    pub fn read_settings(&self) -> String {
        std::fs::read_to_string(self.claude().join("settings.json")).unwrap()
    }

    /// Any program, with an environment of its own.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("TZ", "UTC");
        command.current_dir(self.home());
        command
    }

    pub fn holdoff(&self, args: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_holdoff"));
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str], stdin: &[u8]) -> Output {
        finished(&mut self.holdoff(args), stdin)
    }

    /// Saves the state of an app that read these values of Ann's limits `ago_s` ago and ended.
    pub fn state(&self, five_hour: f64, weekly: f64, ago_s: u64) {
        self.state_in("~/.claude/.credentials.json", five_hour, weekly, ago_s);
    }

    /// The same for a sign-in in this location.
    pub fn state_in(&self, place: &str, five_hour: f64, weekly: f64, ago_s: u64) {
        let now = Clock::real().now();
        let at = Wall(now.wall.0 - i64::try_from(ago_s).unwrap() * 1000);
        let window = |id: &str, label: &str, used: f64, hours: u64| QuotaWindow {
            id: id.into(),
            kind: holdoff_core::providers::anthropic::window_kind(id, None),
            label: label.into(),
            used_percent: Some(used),
            resets_at: Some(now.wall.plus(Duration::from_secs(hours * 3600))),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        };
        let windows = vec![window("five_hour", "5-hour", five_hour, 1), window("seven_day", "weekly", weekly, 72)];
        let mut account = AccountState::new(Provider::Anthropic);
        account.reading = Some(Reading::new(Source::UsageEndpoint, at, windows, vec![]));
        account.sign_in.place = place.into();
        account.sign_in.identity.email = Some("ann@example.com".into());
        let mut state = State::new(Clock::real().boot_id());
        let id = AccountId("anthropic:ann".into());
        state.accounts.insert(id.clone(), account);
        state.active.push(id);
        holdoff_engine::platform::fs::make_folder(&self.data()).unwrap();
        TwoSlots::new(self.data(), PlainFiles, 0).save(&state).unwrap();
    }

    /// What the status line left for the app.
    pub fn kept(&self) -> Vec<Value> {
        let Ok(folder) = std::fs::read_dir(self.data().join("pushed")) else { return Vec::new() };
        folder.map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap()).collect()
    }
}

/// Runs it to completion with `stdin`, as much of it as the program reads.
pub fn finished(command: &mut Command, stdin: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_owned();
    let feeding = std::thread::spawn(move || drop(input.write_all(&stdin)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// Starts it and passes `stdin` completely.
pub fn started(command: &mut Command, stdin: &[u8]) -> Child {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child
}

pub fn first_byte(child: &mut Child) -> u8 {
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
    byte[0]
}

pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Claude Code's output, with the 5-hour reset in an hour and the weekly one in three days.
pub fn told(five_hour: f64, weekly: f64) -> Vec<u8> {
    let now = now_ms() / 1000;
    json!({"hook_event_name": "Status", "session_id": "s", "model": {"id": "opus", "display_name": "Opus"},
        "workspace": {"current_dir": "/p", "added_dirs": []}, "context_window": {"used_percentage": 8},
        "rate_limits": {"five_hour": {"used_percentage": five_hour, "resets_at": now + 3600},
                        "seven_day": {"used_percentage": weekly, "resets_at": now + 3 * 86_400}}})
    .to_string()
    .into_bytes()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub const LONG: Duration = Duration::from_secs(30);
