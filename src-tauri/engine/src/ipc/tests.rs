//! Both ends, with a real socket or pipe between them and, where it takes another process, one.

#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod timeouts;

use super::*;
use crate::platform::fs::make_folder;
use serde_json::json;
use std::io::Read;
use std::process::Command;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_secs(30);

/// An app that answers every call that gets through to it with its name.
struct App {
    home: TempDir,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only the tests of the socket end it"))]
    serving: JoinHandle<()>,
    calls: mpsc::Sender<(Call, Responder)>,
}

impl App {
    fn start() -> Self {
        let (app, mut inbox) = Self::to_be_answered();
        tokio::spawn(async move {
            while let Some((call, responder)) = inbox.recv().await {
                responder.answer(json!(name(&call)));
            }
        });
        app
    }

    /// One whose calls somebody else answers.
    fn to_be_answered() -> (Self, mpsc::Receiver<(Call, Responder)>) {
        let home = tempfile::Builder::new().prefix("ho").tempdir().unwrap();
        make_folder(&home.path().join("data")).unwrap();
        make_folder(&home.path().join("run")).unwrap();
        let (calls, inbox) = mpsc::channel(16);
        (Self { serving: Self::serve(&home, &calls), home, calls }, inbox)
    }

    fn serve(home: &TempDir, calls: &mpsc::Sender<(Call, Responder)>) -> JoinHandle<()> {
        let listener = Listener::bind(&home.path().join("data/tray.sock"), Some(&home.path().join("run"))).unwrap();
        tokio::spawn(listener.serve(calls.clone()))
    }

    fn address(&self) -> PathBuf {
        address(&self.home.path().join("data"), None)
    }
}

fn name(call: &Call) -> String {
    json!(call)["call"].as_str().unwrap().to_owned()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn all_calls() -> Vec<Call> {
    let reading: Reading = Reading::new(holdoff_core::Source::StatusLine, holdoff_core::Wall(0), vec![], vec![]);
    vec![
        Call::Refresh { account: None },
        Call::Open { args: vec![], display: Default::default() },
        Call::Version,
        Call::Reading { config_dir: None, reading, session: Default::default() },
        Call::Attach { version: String::new() },
        Call::ChangeSettings { change: json!({}) },
        Call::ExportHistory { format: Format::Csv },
        Call::DeleteHistory,
        Call::StatusLines,
        Call::StatusLine { place: String::new(), install: true, agreed: None },
        Call::OpenSettings { account: None },
        Call::SignIn { account: "a".to_owned() },
        Call::PasteKey { provider: "a".to_owned(), key: None },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn ipc_client_of_the_same_user_may_query_but_not_modify() {
    let app = App::start();
    let address = app.address();
    let answers = blocking(move || {
        let mut client = Client::connect(&address).unwrap();
        all_calls().into_iter().map(|call| (name(&call), client.call(call).unwrap())).collect::<Vec<_>>()
    })
    .await;
    for (call, answer) in answers {
        if ["refresh", "open", "version", "reading"].contains(&call.as_str()) {
            assert_eq!(answer, json!(call), "it gets through");
        } else {
            assert_eq!(answer["done"], false, "{call}: {answer}");
            assert!(answer["message"].as_str().unwrap().contains("Only Holdoff's own windows"), "{call}: {answer}");
        }
    }
}

/// Run as the child by the test below, with its line on standard input.
#[tokio::test]
#[ignore = "the child of another test"]
async fn the_process_of_the_windows() {
    let (calls, mut said) = attach().await.unwrap();
    for (id, call) in (0..).zip(all_calls()) {
        let expected = json!(name(&call));
        calls.send(ToApp { id, call }).await.unwrap();
        assert_eq!(said.recv().await, Some(FromApp::Answer { id, answer: expected }));
    }
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "nothing is left on standard input for what it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn webview_may_make_every_call_over_its_inherited_channel() {
    let app = App::start();
    let stdin = line_for_windows(app.calls.clone()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "ipc::tests::the_process_of_the_windows"]).stdin(stdin);
    let output = blocking(move || child.output().unwrap()).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn webview_without_an_inherited_channel_fails() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ipc::tests::the_process_of_the_windows"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
}

/// However fast it calls, an app that is slow to answer has one call of it to keep.
#[tokio::test(flavor = "multi_thread")]
async fn ipc_client_that_does_not_wait_has_one_call_queued() {
    let (app, mut inbox) = App::to_be_answered();
    let mut client = Client::connect(&app.address()).unwrap();
    for _ in 0..3 {
        client.send(Call::Refresh { account: None }).unwrap();
    }
    for _ in 0..3 {
        let (_, responder) = inbox.recv().await.unwrap();
        // The second is on the socket already.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(inbox.try_recv().is_err(), "one at a time");
        responder.answer(Value::Null);
    }
}

/// As the status line of each session does, many times a minute.
#[tokio::test(flavor = "multi_thread")]
async fn ipc_client_that_sends_and_disconnects_is_served() {
    let (app, mut inbox) = App::to_be_answered();
    let at = app.address();
    for _ in 0..30 {
        let there = at.clone();
        let said = blocking(move || send_at_once(&there, Call::Version)).await;
        if said.is_ok() {
            let heard = tokio::time::timeout(SOON, inbox.recv()).await;
            assert_eq!(heard.expect("it is heard").unwrap().0, Call::Version);
        }
    }
    let (there, here) = (at.clone(), at);
    let first = tokio::task::spawn_blocking(move || Client::connect(&there).unwrap().call(Call::Version).unwrap());
    let second = tokio::task::spawn_blocking(move || Client::connect(&here).unwrap().call(Call::Version).unwrap());
    for _ in 0..2 {
        let called = tokio::time::timeout(SOON, inbox.recv()).await;
        called.expect("both get through").unwrap().1.answer(json!("here"));
    }
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (json!("here"), json!("here")));
}
