//! The running app's end of the socket, and that of its windows.

use super::{Call, FromApp, LINE_MAX, ToApp, platform};
use crate::platform::throttle::Seldom;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// A reading from the status line is the longest that anyone but the windows has to say.
const LINE_MAX_OF_ANYONE: usize = 128 * 1024;
/// How many may be connected at once, besides the windows. One more, and the oldest has to go.
const SEATS: usize = 32;
/// How long one may be connected and say nothing.
const IDLE: Duration = Duration::from_secs(30);
/// Calls that were refused. Of any connection: to connect anew costs nothing.
static REFUSED: Seldom = Seldom::every(Duration::from_secs(60));
const ONLY_WINDOWS: &str = "Only Holdoff's own windows can do this. Open the settings window.";

/// The other end of one connection.
#[derive(Debug, Clone)]
pub struct Caller {
    out: mpsc::Sender<FromApp>,
}

impl Caller {
    /// Whether it is still there to be told.
    pub fn tell(&self, message: FromApp) -> bool {
        !matches!(self.out.try_send(message), Err(mpsc::error::TrySendError::Closed(_)))
    }

    /// Returns when the other end has gone.
    pub async fn gone(&self) {
        self.out.closed().await;
    }
}

/// Answers one call.
#[derive(Debug)]
pub struct Responder {
    pub caller: Caller,
    id: u64,
    /// Gone with this.
    _under_way: oneshot::Sender<()>,
}

impl Responder {
    pub fn answer(self, answer: serde_json::Value) {
        self.caller.tell(FromApp::Answer { id: self.id, answer });
    }
}

#[derive(Debug)]
pub struct Listener {
    inner: platform::Listener,
}

/// Who is at the other end, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// Some program of this user.
    Anyone,
    /// One that has not all of the user's rights.
    Sandboxed,
    /// The process of the windows, which has its line from us.
    Windows,
}

impl Listener {
    /// Listens so that it is found at `address`, which becomes a link to the socket. Call it only while holding the app's
    /// lock: what a dead app left there is replaced. `runtime_dir` is for this session's sockets.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: &Path, runtime_dir: Option<&Path>) -> io::Result<Self> {
        Ok(Self { inner: platform::Listener::bind(address, runtime_dir)? })
    }

    /// Serves connections for ever; calls arrive on `calls`, but for those that only the windows may make.
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

/// A line for the process of the windows, which alone may make every call: nobody else can have its other end. What is
/// answered becomes that process's standard input; see [`attach`].
///
/// # Errors
/// What the system says.
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

/// Ends with whichever of its halves ends first.
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
            // Whose display a window is on, can do in it what its person can.
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
        // Whoever does not wait for what they called for heaps up nothing here.
        if peer != Peer::Windows {
            let _ = over.await;
        }
    }
}

/// Connects the windows' process by the line that the app gave it: a way to call, and what the app says.
///
/// # Errors
/// When it was not started by the app.
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
        let Ok(mut line) = serde_json::to_string(&message) else { continue };
        line.push('\n');
        if write.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_line<M: serde::de::DeserializeOwned>(
    lines: &mut BufReader<impl AsyncRead + Unpin>,
    most: usize,
) -> io::Result<Option<M>> {
    let mut line = Vec::new();
    loop {
        let chunk = lines.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        line.extend_from_slice(&chunk[..taken]);
        lines.consume(taken);
        if line.len() > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if end.is_some() {
            return Ok(Some(serde_json::from_slice(&line)?));
        }
    }
}
