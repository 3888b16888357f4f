//! The socket as a file, and who may reach it: other users, sandboxes, apps of earlier versions.

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;

impl App {
    fn socket(&self) -> PathBuf {
        std::fs::read_link(self.address()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_is_in_a_private_folder_of_the_session() {
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
async fn socket_is_found_with_a_data_folder_path_too_long_for_it() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("d".repeat(120));
    make_folder(&data).unwrap();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(1);
    let serving = tokio::spawn(Listener::bind(&address(&data, None), Some(home.path())).unwrap().serve(calls));
    tokio::spawn(async move { inbox.recv().await.unwrap().1.answer(json!("here")) });
    let at = address(&data, Some(Path::new("/run/user/0/snap.other")));
    assert_eq!(blocking(move || Client::connect(&at).unwrap().call(Call::Version).unwrap()).await, "here");
    serving.abort();
}

/// It is updated under a running app, which has its socket where it always had it.
#[tokio::test(flavor = "multi_thread")]
async fn socket_of_an_earlier_version_is_used_then_replaced_once_stale() {
    let home = tempfile::tempdir().unwrap();
    make_folder(&home.path().join("data")).unwrap();
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
async fn socket_refuses_another_user_despite_open_permissions() {
    if !is_root() {
        return;
    }
    let app = App::start();
    let socket = app.socket();
    for path in [app.home.path(), &app.home.path().join("run"), socket.parent().unwrap()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let mut nobody = as_nobody("ipc::tests::socket::as_nobody_calls", &socket);
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
async fn socket_of_another_user_is_sent_nothing() {
    if !is_root() {
        return;
    }
    for quick in [false, true] {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let socket = home.path().join("tray.sock");
        let mut nobody = as_nobody("ipc::tests::socket::as_nobody_listens", &socket);
        while !socket.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(nobody.try_wait().unwrap().is_none(), "it listens");
        }
        let heard = blocking(move || {
            if quick { send_at_once(&socket, Call::Version).is_ok() } else { Client::connect(&socket).is_some() }
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
async fn open_call_from_a_sandbox_cannot_choose_the_display() {
    let app = App::start();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(16);
    app.serving.abort();
    App::serve(&app.home, &calls);
    let mut displays = async |mut program: Command| {
        program.args(["--ignored", "--exact", "ipc::tests::socket::a_second_copy_on_a_display_of_its_own"]);
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
