//! The running app's side of the socket and of the webview process's channel.

use super::{Call, FromApp, LINE_MAX, ToApp, platform};
use crate::platform::throttle::Seldom;
use crate::platform::wiped;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The longest message from anyone but the webview process is a status line reading.
const LINE_MAX_OF_ANYONE: usize = 128 * 1024;
/// The connection limit, not counting the webview process. One more connection closes the oldest.
const SEATS: usize = 32;
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(30);
/// Refused calls, counted over all connections, because reconnecting is free.
static REFUSED: Seldom = Seldom::every(Duration::from_secs(60));
const ONLY_WINDOWS: &str = "Only Holdoff's own windows can do this. Open the settings window.";

/// The peer of one connection.
#[derive(Debug, Clone)]
pub struct Caller {
    out: mpsc::Sender<FromApp>,
}

impl Caller {
    /// Returns `false` if the peer has disconnected.
    pub fn send(&self, message: FromApp) -> bool {
        !matches!(self.out.try_send(message), Err(mpsc::error::TrySendError::Closed(_)))
    }

    /// Returns when the peer has disconnected.
    pub async fn gone(&self) {
        self.out.closed().await;
    }
}

/// Answers one call.
#[derive(Debug)]
pub struct Responder {
    pub caller: Caller,
    id: u64,
    /// Dropping it signals that the call is answered.
    _under_way: oneshot::Sender<()>,
}

impl Responder {
    pub fn answer(self, answer: serde_json::Value) {
        self.caller.send(FromApp::Answer { id: self.id, answer });
    }
}

#[derive(Debug)]
pub struct Listener {
    inner: platform::Listener,
}

/// The kind of peer, which decides what it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// Any program of this user.
    Anyone,
    /// A program without all of the user's rights.
    Sandboxed,
    /// The webview process, on the channel that we gave it.
    Windows,
}

impl Listener {
    /// Listens on a socket and links to it from `address`. Call it only while holding the app's lock: it replaces what a
    /// crashed app left there. `runtime_dir` is for this session's sockets.
    ///
    /// # Errors
    /// Fails if the socket or the link cannot be created.
    pub fn bind(address: &Path, runtime_dir: Option<&Path>) -> io::Result<Self> {
        Ok(Self { inner: platform::Listener::bind(address, runtime_dir)? })
    }

    /// Serves connections forever and sends calls to `calls`; refuses those reserved for the webview process.
    pub async fn serve(self, calls: mpsc::Sender<(Call, Responder)>) {
        self.serve_with(calls, IDLE).await;
    }

    pub(super) async fn serve_with(mut self, calls: mpsc::Sender<(Call, Responder)>, idle: Duration) {
        let mut seats: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            match self.inner.accept().await {
                Ok((stream, sandboxed)) => {
                    let peer = if sandboxed { Peer::Sandboxed } else { Peer::Anyone };
                    seats.retain(|seat| !seat.is_finished());
                    if seats.len() >= SEATS
                        && let Some(oldest) = seats.pop_front()
                    {
                        oldest.abort();
                    }
                    seats.push_back(tokio::spawn(connection(stream, calls.clone(), peer, idle)).abort_handle());
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Creates the webview process's private channel, the only one that may make every call. The returned [`Stdio`] becomes that
/// process's standard input; see [`attach`].
///
/// # Errors
/// Fails if the system cannot create the channel.
pub fn line_for_windows(calls: mpsc::Sender<(Call, Responder)>) -> io::Result<Stdio> {
    let (line, stdin) = platform::ChildLine::new()?;
    tokio::spawn(async move {
        match line.open().await {
            Ok(stream) => connection(stream, calls, Peer::Windows, Duration::MAX).await,
            Err(error) => tracing::warn!(%error, "cannot receive from the windows"),
        }
    });
    Ok(stdin)
}

/// Ends when either half ends.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    calls: mpsc::Sender<(Call, Responder)>,
    peer: Peer,
    idle: Duration,
) {
    let (read, write) = tokio::io::split(stream);
    let (out, outbox) = mpsc::channel(64);
    tokio::select! {
        () = listen(read, calls, out, peer, idle) => {}
        () = write_lines(write, outbox) => {}
    }
}

async fn listen(
    read: impl AsyncRead + Unpin,
    calls: mpsc::Sender<(Call, Responder)>,
    out: mpsc::Sender<FromApp>,
    peer: Peer,
    idle: Duration,
) {
    let mut lines = BufReader::new(read);
    let most = if peer == Peer::Windows { LINE_MAX } else { LINE_MAX_OF_ANYONE };
    while let Ok(Ok(Some(mut message))) = timeout(idle, read_line::<ToApp>(&mut lines, most)).await {
        if peer == Peer::Sandboxed
            && let Call::Open { display, .. } = &mut message.call
        {
            // A program that controls the display of a window can do everything in it that the user can.
            display.clear();
        }
        let (under_way, over) = oneshot::channel();
        let responder = Responder { caller: Caller { out: out.clone() }, id: message.id, _under_way: under_way };
        if peer != Peer::Windows && !message.call.is_for_anyone() {
            if let Some(calls) = REFUSED.came() {
                tracing::warn!(calls, "refused a call that only Holdoff's own windows may make");
            }
            responder.answer(serde_json::json!({"done": false, "message": ONLY_WINDOWS}));
        } else if calls.send((message.call, responder)).await.is_err() {
            return;
        }
        // Handles one call at a time, so that a client that ignores answers cannot queue up calls.
        if peer != Peer::Windows {
            let _ = over.await;
        }
    }
}

/// Connects the webview process over the channel from the app. Returns a sender for calls and a receiver for messages.
///
/// # Errors
/// Fails if the app did not start this process.
pub async fn attach() -> io::Result<(mpsc::Sender<ToApp>, mpsc::Receiver<FromApp>)> {
    let (read, write) = tokio::io::split(platform::inherited().await?);
    let (calls, outbox) = mpsc::channel(16);
    let (say, said) = mpsc::channel(64);
    tokio::spawn(write_lines(write, outbox));
    tokio::spawn(async move {
        let mut lines = BufReader::new(read);
        while let Ok(Some(message)) = read_line::<FromApp>(&mut lines, LINE_MAX).await {
            if say.send(message).await.is_err() {
                break;
            }
        }
    });
    Ok((calls, said))
}

async fn write_lines<M: serde::Serialize>(mut write: impl AsyncWrite + Unpin, mut outbox: mpsc::Receiver<M>) {
    while let Some(message) = outbox.recv().await {
        let Ok(line) = serde_json::to_vec(&message) else { continue };
        let mut line = Zeroizing::new(line);
        wiped::append(&mut line, b"\n");
        if write.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn read_line<M: serde::de::DeserializeOwned>(
    lines: &mut BufReader<impl AsyncRead + Unpin>,
    most: usize,
) -> io::Result<Option<M>> {
    let mut line = Zeroizing::new(Vec::new());
    loop {
        let chunk = lines.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        wiped::append(&mut line, &chunk[..taken]);
        lines.consume(taken);
        if line.len() > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if end.is_some() {
            return Ok(Some(serde_json::from_slice(&line)?));
        }
    }
}
