//! Meaningless peers: a silent bus, a click that nobody made, requests without the token.

use crate::scene::{SOON, Scene};
use holdoff_world::{Answer, eventually};
use serde_json::json;
use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::time::Duration;

impl Scene {
    pub(super) fn log(&self) -> String {
        let folder = self.home.path().join(".local/state/dev.holdoff.tray");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect()
    }
}

/// Accepts every connection, keeps it open, and stays silent.
fn silent(listener: UnixListener) {
    std::thread::spawn(move || {
        let _kept: Vec<_> = listener.incoming().map_while(Result::ok).collect();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn session_bus_that_never_answers_does_not_block_polling_or_commands() {
    let scene = Scene::new(1.0).await;
    let path = scene.home.runtime_dir().join("bus");
    silent(UnixListener::bind(&path).unwrap());
    let launch = scene.launch.clone().env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display()));
    let app = launch.start();
    scene.wait_for_account_in(&launch, "a reading", |account| account["reading"].is_object()).await;
    eventually(SOON, "it logs that it has started", async || scene.log().contains("started").then_some(())).await;
    let refreshed = launch.cli(&["refresh"]).await;
    assert!(refreshed.code() == 75 && refreshed.stderr.contains("less than 3 minutes ago"), "{refreshed:?}");
    // `doctor` explains the missing icon, and does not hang either.
    let doctor = launch.cli(&["doctor"]).await;
    assert!(doctor.stdout.contains("the session bus accepts connections but does not answer"), "{}", doctor.stdout);
    assert!(app.is_running());
    app.terminate();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

/// Notification ids are small consecutive numbers, so any program on the bus can guess them.
#[tokio::test(flavor = "multi_thread")]
async fn notification_click_signal_from_another_sender_is_ignored() {
    const SERVICE: &str = "org.freedesktop.Notifications";
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let said = scene.desktop.recorder().wait_for(1, SOON).await.remove(0);
    let stranger = scene.desktop.connect().await;
    // Broadcast, and sent directly to the app, which receives that in any case.
    for to in [None, Some(&*said.sender)] {
        let path = "/org/freedesktop/Notifications";
        stranger.emit_signal(to, path, SERVICE, "ActionInvoked", &(said.id, "default")).await.unwrap();
        stranger.emit_signal(to, path, SERVICE, "NotificationClosed", &(said.id, 2_u32)).await.unwrap();
    }
    let opened = || eventually(SOON, "a window opens", async || (!app.children().is_empty()).then_some(()));
    tokio::select! {
        () = scene.pass(Duration::from_secs(2)) => {}
        () = opened() => panic!("nobody clicked"),
    }
    scene.desktop.recorder().invoke(said.id, "default").await;
    opened().await;
}

/// Sends one request and returns the whole response.
fn ask(port: u16, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The token file exists for the first half of the requests and is deleted for the second.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_requests_without_token_get_no_data_and_do_not_flood_the_log() {
    const EACH: usize = 2500;
    let scene = Scene::new(1.0).await;
    let home = scene.home.path().to_string_lossy();
    let token_file = scene.home.path().join("metrics-token");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(&token_file, "collector\n").unwrap();
    std::fs::set_permissions(&token_file, Permissions::from_mode(0o600)).unwrap();
    let metrics = json!({"listen": format!("127.0.0.1:{port}"), "token_file": "~/metrics-token"});
    scene.settings_with(&[("metrics", metrics)]);
    let app = scene.start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    eventually(SOON, "the token is good", async || {
        ask(port, "/metrics", "collector").contains("holdoff_").then_some(())
    })
    .await;
    let before = scene.log().len();
    let refused = (0..EACH).map(|_| ask(port, "/metrics", "guess")).collect::<Vec<_>>();
    std::fs::remove_file(&token_file).unwrap();
    let unready = (0..EACH).map(|_| ask(port, "/metrics", "guess")).collect::<Vec<_>>();
    for (answers, status) in [(refused, "401"), (unready, "503")] {
        for answer in answers {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")) && body.is_empty(), "{answer}");
            assert!(!head.contains("metrics-token") && !head.contains(&*home), "it names a path: {head}");
        }
    }
    let log = scene.log();
    assert!(log.len() - before < 2048, "{} bytes of log:\n{}", log.len() - before, &log[before..]);
    assert!(app.is_running());
}
