//! Any program of the user can reach the socket, even a sandboxed one with a view of the home folder. It may request a
//! refresh, but cannot change, delete or renew anything, or keep others out.

use crate::scene::{SOON, Scene};
use holdoff_world::{App, eventually};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

const ACCOUNT: &str = "anthropic:0b0c7f5e-0000-4000-8000-000000000001";

impl Scene {
    /// Connects as any program does that knows the data folder.
    fn connect(&self) -> UnixStream {
        let socket = std::fs::read_link(self.home.data_dir().join("tray.sock")).unwrap();
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream
    }

    /// The app's response to one call.
    fn call(&self, mut call: Value) -> Value {
        call["id"] = json!(7);
        let mut stream = self.connect();
        writeln!(stream, "{call}").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?} to {call}"));
        assert_eq!((&answer["from"], &answer["id"]), (&json!("answer"), &json!(7)), "{answer}");
        answer["answer"].clone()
    }

    async fn with_a_reading(&self) -> App {
        let app = self.start();
        self.wait_for_account("a reading", |account| account["reading"].is_object()).await;
        self.wait_until_up().await;
        app
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Everything that such calls could change.
#[derive(Debug, PartialEq)]
struct Things {
    settings: Option<Value>,
    claude: Vec<String>,
    home: Vec<String>,
    downloads: Vec<String>,
    /// The older part of it: refused calls are recorded too.
    history: Vec<Value>,
}

impl Things {
    fn of(scene: &Scene) -> Self {
        Self {
            settings: scene.home.read_settings(),
            claude: names(&scene.home.claude_dir()),
            home: names(scene.home.path()),
            downloads: names(&scene.home.path().join("Downloads")),
            history: scene.ledger().into_iter().take(2).collect(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_client_can_refresh_but_not_change_delete_or_open_anything() {
    let scene = Scene::new(1.0).await;
    std::fs::create_dir_all(scene.home.path().join("Downloads")).unwrap();
    // Anything that opens a terminal or Claude Code would leave a trace.
    for program in ["xdg-terminal-exec", "x-terminal-emulator", "claude"] {
        scene.home.program(program, "#!/bin/sh\ntouch \"$HOME/started\"\n");
    }
    let app = scene.with_a_reading().await;
    let before = Things::of(&scene);
    assert!(before.history.len() == 2 && before.settings.is_some(), "there is something to lose: {before:?}");
    let calls = [
        json!({"call": "delete_history"}),
        json!({"call": "change_settings", "change": {"polling_interval_s": 900}}),
        json!({"call": "change_settings", "change": {"account": {"id": ACCOUNT, "renewal": true}}}),
        json!({"call": "export_history", "format": "csv"}),
        json!({"call": "status_lines"}),
        json!({"call": "status_line", "place": "~/.claude/settings.json", "install": true, "agreed": null}),
        json!({"call": "attach", "version": env!("CARGO_PKG_VERSION")}),
        json!({"call": "open_settings", "account": null}),
        json!({"call": "sign_in", "account": ACCOUNT}),
        json!({"call": "paste_key", "provider": "anthropic", "key": "sk-1"}),
        json!({"call": "choose_updates", "on": true}),
        json!({"call": "install_update", "version": "9.9.9"}),
        json!({"call": "skip_update", "version": "9.9.9"}),
    ];
    for call in calls {
        let answer = scene.call(call.clone());
        assert_eq!(answer["done"], false, "{call}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("Only Holdoff's own windows"), "{call}: {answer}");
    }
    let log = scene.log();
    assert_eq!(log.matches("refused a call").count(), 1, "they do not drive all else out of the log: {log}");
    assert_eq!(scene.call(json!({"call": "version"})), env!("CARGO_PKG_VERSION"));
    let refreshed = scene.call(json!({"call": "refresh", "account": null}));
    let message = refreshed["message"].as_str().unwrap();
    assert!(refreshed["asked"] == false && message.contains("less than 3 minutes ago"), "{refreshed}");
    assert_eq!(Things::of(&scene), before);
    assert_eq!(app.children(), [], "no window, no terminal");
    assert_eq!(scene.fake.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_line_without_end_is_disconnected_and_app_keeps_running() {
    const MIB: usize = 1024 * 1024;
    let scene = Scene::new(1.0).await;
    let app = scene.with_a_reading().await;
    let mut talker = scene.connect();
    talker.set_write_timeout(Some(SOON)).unwrap();
    let line = [b'x'; 64 * 1024];
    let mut said = 0;
    while said < 2 * MIB {
        match talker.write(&line) {
            Ok(count) => said += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                panic!("neither heard nor cut off after {said} bytes")
            }
            Err(_) => break,
        }
    }
    assert!(said < 2 * MIB, "all of it was heard");
    // Closed, with or without a message about the unread data.
    assert!(!matches!(talker.read(&mut [0]), Ok(1..)) && app.is_running());
    assert_eq!(scene.call(json!({"call": "version"})), env!("CARGO_PKG_VERSION"));
    assert!(app.memory().private_kib < 64 * 1024, "{:?}", app.memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_with_a_hundred_idle_connections_still_serves_commands() {
    let scene = Scene::new(1.0).await;
    let app = scene.with_a_reading().await;
    let silent: Vec<UnixStream> = (0..100).map(|_| scene.connect()).collect();
    let refreshed = scene.launch.cli(&["refresh"]).await;
    assert!(refreshed.code() == 75 && refreshed.stderr.contains("less than 3 minutes ago"), "{refreshed:?}");
    assert!(scene.launch.cli(&["doctor"]).await.stdout.contains("the app notices changes at once"));
    let open = || silent.iter().filter(|stream| stream.set_nonblocking(true).is_ok() && is_open(stream)).count();
    // Long before any of them reaches the idle timeout.
    eventually(SOON / 3, "the oldest had to go", async || (open() <= 32).then_some(())).await;
    assert!(app.is_running());
}

fn is_open(mut stream: &UnixStream) -> bool {
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}
