//! Both ends of the socket, with real sockets and, where it takes another user, real processes.

mod patience;

use super::*;
use crate::folder::make_private;
use serde_json::json;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// An app that answers every call that gets through to it with its name.
struct App {
    home: TempDir,
    serving: JoinHandle<()>,
    calls: mpsc::Sender<(Call, Responder)>,
}

impl App {
    fn start() -> Self {
        let home = tempfile::Builder::new().prefix("ho").tempdir_in("/tmp").unwrap();
        make_private(&home.path().join("data")).unwrap();
        make_private(&home.path().join("run")).unwrap();
        let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(16);
        let app = Self { serving: Self::serve(&home, &calls), home, calls };
        tokio::spawn(async move {
            while let Some((call, responder)) = inbox.recv().await {
                responder.answer(json!(name(&call)));
            }
        });
        app
    }

    fn serve(home: &TempDir, calls: &mpsc::Sender<(Call, Responder)>) -> JoinHandle<()> {
        let listener = Listener::bind(&home.path().join("data/tray.sock"), Some(&home.path().join("run"))).unwrap();
        tokio::spawn(listener.serve(calls.clone()))
    }

    fn address(&self) -> PathBuf {
        address(&self.home.path().join("data"), None)
    }

    fn socket(&self) -> PathBuf {
        std::fs::read_link(self.address()).unwrap()
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
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_the_same_user_may_ask_and_neither_change_nor_delete_anything() {
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
async fn the_windows_may_make_every_call_by_the_line_they_were_given() {
    let app = App::start();
    let stdin = line_for_windows(app.calls.clone()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "ipc::tests::the_process_of_the_windows"]).stdin(stdin);
    let output = blocking(move || child.output().unwrap()).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn who_was_not_given_a_line_has_none() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ipc::tests::the_process_of_the_windows"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_in_a_folder_of_the_session_that_only_its_user_can_enter() {
    let app = App::start();
    let (socket, run) = (app.socket(), app.home.path().join("run"));
    let folder = socket.parent().unwrap();
    assert_eq!(folder.parent(), Some(run.as_path()), "{}", socket.display());
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(socket.metadata().unwrap().mode() & 0o777, 0o600);
    // A folder that others can enter is not used, nor is one that is only linked to.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    app.serving.abort();
    let again = App::serve(&app.home, &app.calls);
    assert!(!app.socket().starts_with(&run), "{}", app.socket().display());
    assert!(!socket.exists(), "the old one is not left behind");
    let address = app.address();
    assert_eq!(blocking(move || Client::connect(&address).unwrap().call(Call::Version).unwrap()).await, "version");
    again.abort();
}

/// The path of a socket is short, that of a data folder may be long.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_a_long_data_folder_is_found_whatever_the_session_says() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("d".repeat(120));
    make_private(&data).unwrap();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(1);
    let serving = tokio::spawn(Listener::bind(&address(&data, None), Some(home.path())).unwrap().serve(calls));
    tokio::spawn(async move { inbox.recv().await.unwrap().1.answer(json!("here")) });
    let at = address(&data, Some(Path::new("/run/user/0/snap.other")));
    assert_eq!(blocking(move || Client::connect(&at).unwrap().call(Call::Version).unwrap()).await, "here");
    serving.abort();
}

/// It is updated under a running app, which has its socket where it always had it.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_an_earlier_version_is_found_and_its_socket_replaced_when_it_is_gone() {
    let home = tempfile::tempdir().unwrap();
    make_private(&home.path().join("data")).unwrap();
    let at = address(&home.path().join("data"), None);
    let old = UnixListener::bind(&at).unwrap();
    let app = std::thread::spawn(move || {
        let mut stream = old.accept().unwrap().0;
        let asked = BufReader::new(stream.try_clone().unwrap()).lines().next().unwrap().unwrap();
        stream.write_all(b"{\"from\":\"answer\",\"id\":1,\"answer\":\"0.0.9\"}\n").unwrap();
        asked
    });
    let there = at.clone();
    let version = blocking(move || Client::connect(&there).unwrap().call(Call::Version).unwrap()).await;
    assert_eq!((version, app.join().unwrap().contains("version")), (json!("0.0.9"), true));
    drop(Listener::bind(&at, Some(home.path())).unwrap());
    assert!(at.symlink_metadata().unwrap().is_symlink());
}

const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("not checked: only root can be another user as well");
    }
    root
}

/// This program as another user, who is told a path.
fn as_nobody(test: &str, socket: &Path) -> std::process::Child {
    // What it is built in may be out of another user's reach.
    let program = socket.with_file_name("as-nobody");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut child = Command::new(program);
    child.args(["--ignored", "--exact", test]).env("IPC_TEST_SOCKET", socket).uid(NOBODY).gid(NOBODY);
    child.current_dir("/");
    loop {
        match child.spawn() {
            // Whatever another test starts meanwhile has it open for writing, until it is that.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            started => return started.unwrap(),
        }
    }
}

#[test]
#[ignore = "another user, run by another test"]
fn as_nobody_calls() {
    let mut stream = UnixStream::connect(std::env::var_os("IPC_TEST_SOCKET").unwrap()).unwrap();
    // It may be closed before this is said.
    let _ = stream.write_all(b"{\"id\":1,\"call\":\"version\"}\n");
    let mut heard = String::new();
    let _ = stream.read_to_string(&mut heard);
    assert_eq!(heard, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_hears_nothing_even_where_the_folder_lets_them_in() {
    if !is_root() {
        return;
    }
    let app = App::start();
    let socket = app.socket();
    for path in [app.home.path(), &app.home.path().join("run"), socket.parent().unwrap()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let mut nobody = as_nobody("ipc::tests::as_nobody_calls", &socket);
    assert!(blocking(move || nobody.wait().unwrap()).await.success(), "another user was answered");
}

#[test]
#[ignore = "another user, run by another test"]
fn as_nobody_listens() {
    let listener = UnixListener::bind(std::env::var_os("IPC_TEST_SOCKET").unwrap()).unwrap();
    let mut heard = String::new();
    listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "", "something was said to another user");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_another_user_who_listens_in_the_apps_place() {
    if !is_root() {
        return;
    }
    for quick in [false, true] {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let socket = home.path().join("tray.sock");
        let mut nobody = as_nobody("ipc::tests::as_nobody_listens", &socket);
        while !socket.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(nobody.try_wait().unwrap().is_none(), "it listens");
        }
        let heard = blocking(move || {
            if quick { tell_at_once(&socket, Call::Version).is_ok() } else { Client::connect(&socket).is_some() }
        })
        .await;
        assert!(!heard, "it is taken for the app");
        assert!(blocking(move || nobody.wait().unwrap()).await.success());
    }
}

const ADDRESS: &str = "HOLDOFF_TEST_ADDRESS";

/// Run as a child by the test below.
#[test]
#[ignore = "the child of another test"]
fn a_second_copy_on_a_display_of_its_own() {
    let mut client = Client::connect(Path::new(&std::env::var_os(ADDRESS).unwrap())).unwrap();
    let display = BTreeMap::from([("DISPLAY".to_owned(), ":7".to_owned())]);
    client.call(Call::Open { args: vec![], display }).unwrap();
}

/// Whose display a window is on can click in it: delete the history, sign in, change settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxed_program_has_no_window_opened_on_a_display_of_its_own() {
    let app = App::start();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(16);
    app.serving.abort();
    App::serve(&app.home, &calls);
    let mut displays = async |mut program: Command| {
        program.args(["--ignored", "--exact", "ipc::tests::a_second_copy_on_a_display_of_its_own"]);
        let mut child = program.env(ADDRESS, app.address()).spawn().unwrap();
        let (call, responder) = inbox.recv().await.unwrap();
        responder.answer(Value::Null);
        assert!(blocking(move || child.wait().unwrap()).await.success());
        let Call::Open { display, .. } = call else { panic!("{call:?}") };
        display.len()
    };
    let itself = std::env::current_exe().unwrap();
    assert_eq!(displays(Command::new(&itself)).await, 1, "the session's own second copy");
    for sandbox in [["--user", "--map-root-user"], ["--user", "--mount"], ["--user", "--net"]] {
        let mut confined = Command::new("/usr/bin/unshare");
        confined.args(sandbox).arg(&itself);
        assert_eq!(displays(confined).await, 0, "{sandbox:?}");
    }
}

/// However fast it calls, an app that is slow to answer has one call of it to keep.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_for_its_answers_heaps_up_no_calls() {
    let app = App::start();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(16);
    app.serving.abort();
    App::serve(&app.home, &calls);
    let mut client = Client::connect(&app.address()).unwrap();
    for _ in 0..3 {
        client.tell(Call::Refresh { account: None }).unwrap();
    }
    for _ in 0..3 {
        let (_, responder) = inbox.recv().await.unwrap();
        // The second is on the socket already.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(inbox.try_recv().is_err(), "one at a time");
        responder.answer(Value::Null);
    }
}
