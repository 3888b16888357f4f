//! Neither end waits for the other for ever, nor hears it without end.

use super::*;
use std::os::unix::net::{UnixListener, UnixStream};

/// 1.5 GB once went into the command.
#[tokio::test(flavor = "multi_thread")]
async fn ipc_server_with_an_endless_answer_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join("tray.sock");
    let squatter = UnixListener::bind(&at).unwrap();
    let written = std::thread::spawn(move || {
        let mut stream = squatter.accept().unwrap().0;
        let mut written = 0_usize;
        while let Ok(count) = stream.write(&[b'x'; 65_536]) {
            written += count;
        }
        written
    });
    let error = blocking(move || Client::connect(&at).unwrap().call(Call::Version).unwrap_err()).await;
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    let written = written.join().unwrap();
    assert!(written < 4 * LINE_MAX, "{written} bytes");
}

/// Every byte comes well within the time that is waited for one.
#[tokio::test(flavor = "multi_thread")]
async fn ipc_server_with_a_slow_endless_answer_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join("tray.sock");
    let squatter = UnixListener::bind(&at).unwrap();
    std::thread::spawn(move || {
        let mut stream = squatter.accept().unwrap().0;
        // Some seconds of it: who is still there after that waits without end.
        for _ in 0..500 {
            if stream.write(b" ").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let timeout = Duration::from_millis(300);
    let error = blocking(move || Client::with_timeout(&at, timeout).unwrap().call(Call::Version).unwrap_err()).await;
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn ipc_client_silent_or_sending_half_a_line_is_dropped() {
    let home = tempfile::Builder::new().prefix("ho").tempdir_in("/tmp").unwrap();
    make_folder(home.path()).unwrap();
    let (calls, mut inbox) = mpsc::channel::<(Call, Responder)>(16);
    let listener = Listener::bind(&home.path().join("tray.sock"), None).unwrap();
    tokio::spawn(listener.serve_with(calls, Duration::from_millis(200)));
    tokio::spawn(async move {
        while let Some((call, responder)) = inbox.recv().await {
            responder.answer(json!(name(&call)));
        }
    });
    let socket = std::fs::read_link(home.path().join("tray.sock")).unwrap();
    blocking(move || {
        let mut half = UnixStream::connect(&socket).unwrap();
        half.write_all(br#"{"id":1,"call":"#).unwrap();
        for mut silent in [half, UnixStream::connect(&socket).unwrap()] {
            silent.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            assert_eq!(silent.read(&mut [0]).unwrap(), 0, "it is left");
        }
        assert_eq!(Client::connect(&socket).unwrap().call(Call::Version).unwrap(), "version");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ipc_client_over_the_line_limit_is_dropped_without_blocking_others() {
    let app = App::start();
    let address = app.address();
    blocking(move || {
        let mut talker = UnixStream::connect(&address).unwrap();
        let mut said = 0_usize;
        while let Ok(count) = talker.write(&[b'x'; 65_536]) {
            said += count;
            assert!(said < 16 * LINE_MAX, "it is listened to without end");
        }
        // As many as the app will have, none of which says anything.
        let silent: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&address).unwrap()).collect();
        assert_eq!(Client::connect(&address).unwrap().call(Call::Version).unwrap(), "version");
        let mut oldest = &silent[0];
        oldest.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(oldest.read(&mut [0]).unwrap(), 0, "the oldest had to go");
    })
    .await;
}
