//! How the command, a second copy and the windows talk to the running app: lines of JSON over a local socket
//! that only this user can open. No token ever crosses it.

use crate::history::Format;
use holdoff_core::Reading;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is wanted of the running app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Ask for a reading, of one account or of all. Answered with [`RefreshAnswer`].
    Refresh {
        account: Option<String>,
    },
    /// A second copy was started with these arguments.
    Open {
        args: Vec<String>,
    },
    /// The windows' process is here: answered at once with `null`, then fed with [`FromApp::Show`] and
    /// [`FromApp::View`] for as long as it stays.
    Attach,
    ChangeSettings {
        change: Value,
    },
    /// Write all of the history into the person's download folder.
    ExportHistory {
        format: Format,
    },
    /// Delete all of the history.
    DeleteHistory,
    /// How Claude Code's status lines stand.
    StatusLines,
    /// What a change of one would do; with the fingerprint of what was shown, make it.
    StatusLine {
        place: String,
        install: bool,
        agreed: Option<String>,
    },
    /// Which version is running: answered with its text.
    Version,
    /// What a session of Claude Code with this config folder (`None`: the default one) says of its limits. Answered
    /// with `null`, which whoever tells it need not wait for.
    Reading {
        config_dir: Option<PathBuf>,
        reading: Reading,
    },
    /// Open the settings, at this account's sign-in where one is named. Answered with `null`.
    OpenSettings {
        account: Option<String>,
    },
    /// Open a terminal with the owner's sign-in for this account.
    SignIn {
        account: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToApp {
    pub id: u64,
    #[serde(flatten)]
    pub call: Call,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum FromApp {
    Answer {
        id: u64,
        answer: Value,
    },
    View {
        view: Value,
    },
    /// Bring this window up.
    Show {
        window: Window,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Panel,
    Settings,
}

/// What came of a wish for a reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshAnswer {
    pub asked: bool,
    /// Why not, until when, and what helps; or that it was asked.
    pub message: String,
}

/// Where the app listens: in its data folder, or, where that path is too long for a socket, in a folder for
/// this user's run-time files under a name made from it.
pub fn address(data_dir: &Path, runtime_dir: Option<&Path>) -> PathBuf {
    /// `sun_path` holds 108 bytes on Linux and 104 on macOS.
    const PATH_MAX: usize = 100;
    let near = data_dir.join("tray.sock");
    if near.as_os_str().len() <= PATH_MAX {
        return near;
    }
    let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = runtime_dir.map_or_else(std::env::temp_dir, Path::to_owned);
    folder.join(format!("holdoff-{name}.sock"))
}

/// Says something to the app if it can be said at once, and hears no answer: a program that must not wait does not
/// wait for an app that is stopped, or busy, or not there.
///
/// # Errors
/// When no app is there, or it has not heard yet what others said.
pub fn tell_at_once(address: &Path, call: Call) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(&ToApp { id: 0, call })?;
    line.push(b'\n');
    platform::tell_at_once(address, &line)
}

/// A call to the app from a program that waits for its answer.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<platform::Stream>,
    writer: platform::Stream,
    next_id: u64,
}

impl Client {
    /// `None` if no app is listening there.
    pub fn connect(address: &Path) -> Option<Self> {
        let stream = platform::connect(address, Duration::from_secs(10)).ok()?;
        let writer = stream.try_clone().ok()?;
        Some(Self { reader: BufReader::new(stream), writer, next_id: 1 })
    }

    /// Says it, and waits for no answer.
    ///
    /// # Errors
    /// When the app goes away.
    pub fn tell(&mut self, call: Call) -> std::io::Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        let mut line = serde_json::to_string(&ToApp { id, call })?;
        line.push('\n');
        self.writer.write_all(line.as_bytes())?;
        Ok(id)
    }

    /// # Errors
    /// When the app goes away or does not answer.
    pub fn call(&mut self, call: Call) -> std::io::Result<Value> {
        let id = self.tell(call)?;
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            match serde_json::from_str(&line)? {
                FromApp::Answer { id: answered, answer } if answered == id => return Ok(answer),
                FromApp::Answer { .. } | FromApp::View { .. } | FromApp::Show { .. } => {}
            }
        }
    }
}

pub use server::{Caller, Listener, Responder, attach};

mod server {
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
}

#[cfg(unix)]
mod platform {
    use std::io::{self, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::Duration;

    pub type Stream = std::os::unix::net::UnixStream;

    pub fn connect(address: &Path, timeout: Duration) -> io::Result<Stream> {
        let stream = Stream::connect(address)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(stream)
    }

    pub fn tell_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
        let there = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::ioctl_fionbio(&there, true)?;
        connect(&there, &SocketAddrUnix::new(address)?)?;
        // Half a line is none: the app leaves it out.
        Stream::from(there).write_all(line)
    }

    pub async fn connect_async(address: &Path) -> io::Result<tokio::net::UnixStream> {
        tokio::net::UnixStream::connect(address).await
    }

    #[derive(Debug)]
    pub struct Listener(tokio::net::UnixListener);

    impl Listener {
        pub fn bind(address: &Path) -> io::Result<Self> {
            match std::fs::remove_file(address) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let listener = tokio::net::UnixListener::bind(address)?;
            std::fs::set_permissions(address, std::fs::Permissions::from_mode(0o600))?;
            Ok(Self(listener))
        }

        pub async fn accept(&mut self) -> io::Result<tokio::net::UnixStream> {
            Ok(self.0.accept().await?.0)
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::fs::{File, OpenOptions};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::time::Duration;
    use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

    pub type Stream = File;

    /// Named pipes live in a name space of their own; the socket's path makes the name.
    fn pipe(address: &Path) -> String {
        let name: String =
            address.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        format!(r"\\.\pipe\holdoff-{name}")
    }

    pub fn connect(address: &Path, _: Duration) -> io::Result<Stream> {
        OpenOptions::new().read(true).write(true).open(pipe(address))
    }

    pub fn tell_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
        connect(address, Duration::ZERO)?.write_all(line)
    }

    pub async fn connect_async(address: &Path) -> io::Result<NamedPipeClient> {
        ClientOptions::new().open(pipe(address))
    }

    #[derive(Debug)]
    pub struct Listener {
        address: PathBuf,
        next: NamedPipeServer,
    }

    impl Listener {
        pub fn bind(address: &Path) -> io::Result<Self> {
            let next = ServerOptions::new().first_pipe_instance(true).create(pipe(address))?;
            Ok(Self { address: address.to_owned(), next })
        }

        pub async fn accept(&mut self) -> io::Result<NamedPipeServer> {
            self.next.connect().await?;
            let fresh = ServerOptions::new().create(pipe(&self.address))?;
            Ok(std::mem::replace(&mut self.next, fresh))
        }
    }
}
