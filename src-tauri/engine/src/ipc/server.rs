//! The running app's end of the socket, and that of its windows.

use super::{Call, FromApp, ToApp, platform};
use std::io;
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

/// A line longer than this is not one of ours.
const LINE_MAX: usize = 1024 * 1024;

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

impl Listener {
    /// Listens there. Call it only while holding the app's lock: a socket left by a dead app is replaced.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: &Path) -> io::Result<Self> {
        Ok(Self { inner: platform::Listener::bind(address)? })
    }

    /// Serves connections for ever; calls arrive on `calls`.
    pub async fn serve(mut self, calls: mpsc::Sender<(Call, Responder)>) {
        loop {
            match self.inner.accept().await {
                Ok(stream) => {
                    tokio::spawn(connection(stream, calls.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Send + 'static, calls: mpsc::Sender<(Call, Responder)>) {
    let (read, write) = tokio::io::split(stream);
    let (out, outbox) = mpsc::channel(64);
    let writer = tokio::spawn(write_lines(write, outbox));
    let mut lines = BufReader::new(read);
    while let Ok(Some(message)) = read_line::<ToApp>(&mut lines).await {
        let responder = Responder { caller: Caller { out: out.clone() }, id: message.id };
        if calls.send((message.call, responder)).await.is_err() {
            break;
        }
    }
    writer.abort();
}

/// Connects the windows' process: a way to call, and what the app says.
///
/// # Errors
/// When no app is listening.
pub async fn attach(address: &Path) -> io::Result<(mpsc::Sender<ToApp>, mpsc::Receiver<FromApp>)> {
    let (read, write) = tokio::io::split(platform::connect_async(address).await?);
    let (calls, outbox) = mpsc::channel(16);
    let (say, said) = mpsc::channel(64);
    tokio::spawn(write_lines(write, outbox));
    tokio::spawn(async move {
        let mut lines = BufReader::new(read);
        while let Ok(Some(message)) = read_line::<FromApp>(&mut lines).await {
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
        if line.len() > LINE_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if end.is_some() {
            return Ok(Some(serde_json::from_slice(&line)?));
        }
    }
}
