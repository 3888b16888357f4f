//! Connects the CLI, a second instance and the webview process to the running app: JSON lines over a local socket that only
//! this user can open. The webview process has a private channel. No token is sent over either, except a key that the user
//! pastes, on its way from the page to the app.
//!
//! The socket is in a private folder under `XDG_RUNTIME_DIR`; `tray.sock` in the data folder links to it. Both ends check that
//! the peer is the same user. Line length is limited in both directions. Up to 32 clients may be connected, each idle for at
//! most 30 s. The webview process uses a socket pair on its standard input, which no other process can open.

#[cfg(unix)]
#[path = "ipc/unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "ipc/windows.rs"]
mod platform;
mod server;
#[cfg(test)]
mod tests;

pub use server::{Caller, Listener, Responder, attach, line_for_windows};

use crate::platform::fs;
use crate::storage::history::Format;
use holdoff_core::credential::token::Token;
use holdoff_core::{Reading, Session};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// The length limit of a line.
const LINE_MAX: usize = 1024 * 1024;
/// The default response timeout.
const ANSWER: Duration = Duration::from_secs(10);

/// Exit code of the webview process if it cannot connect to the display: EX_OSERR of sysexits(3).
pub const NO_DISPLAY: u8 = 71;

/// A request to the running app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Refresh one account or all. Answered with [`RefreshAnswer`].
    Refresh {
        account: Option<String>,
    },
    /// A second instance was started with these arguments. `display` holds the variables that identify its display.
    Open {
        args: Vec<String>,
        #[serde(default)]
        display: BTreeMap<String, String>,
    },
    /// The webview process of this version has started (empty if it sent none). Answered at once with `null`; then
    /// [`FromApp::Show`] and [`FromApp::View`] follow until it disconnects.
    Attach {
        #[serde(default)]
        version: String,
    },
    ChangeSettings {
        change: Value,
    },
    /// Export the complete history to the user's download folder.
    ExportHistory {
        format: Format,
    },
    /// Delete the complete history.
    DeleteHistory,
    /// The state of the owner's status lines.
    StatusLines,
    /// Preview a status line change; with the fingerprint of a preview in `agreed`, apply it.
    StatusLine {
        place: String,
        install: bool,
        agreed: Option<String>,
    },
    /// The version of the running app, answered as a string.
    Version,
    /// Conditions that affect the app. Answered with [`crate::tasks::condition::Condition`].
    Condition,
    /// Limits reported by an owner's session with this config folder (`None`: the default). Answered with `null`, which the
    /// sender need not wait for.
    Reading {
        config_dir: Option<PathBuf>,
        reading: Reading,
        /// The session that reported it, if known.
        #[serde(default)]
        session: Session,
    },
    /// Open the settings, at this account's sign-in if one is given. Answered with `null`.
    OpenSettings {
        account: Option<String>,
    },
    /// Open a terminal with the owner's sign-in for this account.
    SignIn {
        account: String,
    },
    /// Store the key that the user pasted for this provider; without a key, remove the stored one.
    PasteKey {
        provider: String,
        key: Option<PastedKey>,
    },
    /// Turn update checks on or off.
    ChooseUpdates {
        on: bool,
    },
    /// Install this version. Answered at once; the view shows the progress.
    InstallUpdate {
        version: String,
    },
    /// Stop offering this version.
    SkipUpdate {
        version: String,
    },
}

/// A key that the user pasted. `Debug` shows nothing, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PastedKey(String);

impl PastedKey {
    /// `None` if it cannot be a key.
    pub fn token(&self) -> Option<Token> {
        Token::of(self.0.trim())
    }
}

impl fmt::Debug for PastedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PastedKey(..)")
    }
}

impl Drop for PastedKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
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
    /// Bring this window to the front.
    Show {
        window: Window,
        /// The middle of the icon that was clicked, in physical pixels, if known.
        #[serde(default)]
        icon: Option<(i32, i32)>,
    },
    /// The app's version differs from the webview process's, which must exit.
    OtherVersion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Panel,
    Settings,
}

impl Window {
    /// The command-line argument that opens this window.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Panel => "--panel",
            Self::Settings => "--settings",
        }
    }

    /// The window that this argument opens.
    pub fn from_flag(flag: &str) -> Option<Self> {
        [Self::Panel, Self::Settings].into_iter().find(|window| window.flag() == flag)
    }
}

/// The argument of the webview process that says where the clicked icon is. Only on Linux is it a program of its own.
pub fn icon_argument((x, y): (i32, i32)) -> Option<String> {
    cfg!(target_os = "linux").then(|| format!("{ICON_FLAG}{x},{y}"))
}

/// The position in such an argument.
pub fn icon_of_argument(argument: &str) -> Option<(i32, i32)> {
    let (x, y) = argument.strip_prefix(ICON_FLAG)?.split_once(',')?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

const ICON_FLAG: &str = "--icon=";

/// The result of a refresh request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshAnswer {
    pub asked: bool,
    /// Why it was withheld, until when, and what helps; or that the refresh was requested.
    pub message: String,
}

impl Call {
    /// Whether any program of this user may make this call. Calls that delete, change, renew or reveal an identity are reserved
    /// for the webview process, because a sandboxed program that reaches the socket has no such right. (A refresh does not
    /// bring a renewal forward.)
    fn is_for_anyone(&self) -> bool {
        match self {
            Self::Refresh { .. } | Self::Open { .. } | Self::Version | Self::Condition | Self::Reading { .. } => true,
            Self::Attach { .. }
            | Self::ChangeSettings { .. }
            | Self::ExportHistory { .. }
            | Self::DeleteHistory
            | Self::StatusLines
            | Self::StatusLine { .. }
            | Self::OpenSettings { .. }
            | Self::SignIn { .. }
            | Self::PasteKey { .. }
            | Self::ChooseUpdates { .. }
            | Self::InstallUpdate { .. }
            | Self::SkipUpdate { .. } => false,
        }
    }
}

/// The address of the app: a link in the data folder to its socket. An app of an earlier version puts its socket in
/// `runtime_dir` instead if the link's path is too long for a socket.
pub fn address(data_dir: &Path, runtime_dir: Option<&Path>) -> PathBuf {
    let link = data_dir.join("tray.sock");
    if link.as_os_str().len() <= platform::PATH_MAX || link.symlink_metadata().is_ok() {
        return link;
    }
    let name = fs::short_name(data_dir.as_os_str().as_encoded_bytes());
    let earlier = runtime_dir.map(|folder| folder.join(format!("holdoff-{name}.sock")));
    earlier.filter(|socket| socket.exists()).unwrap_or(link)
}

/// Sends a call without blocking and without reading the answer, for programs that must not wait for an app that is stopped,
/// busy or absent.
///
/// # Errors
/// Fails if no app is listening or its connection queue is full.
pub fn send_at_once(address: &Path, call: Call) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(&ToApp { id: 0, call })?;
    line.push(b'\n');
    platform::send_at_once(address, &line)
}

/// A connection to the app that waits for answers.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<platform::Stream>,
    writer: platform::Stream,
    next_id: u64,
    /// The response timeout.
    timeout: Duration,
}

impl Client {
    /// Returns `None` if no app is listening.
    pub fn connect(address: &Path) -> Option<Self> {
        Self::with_timeout(address, ANSWER)
    }

    fn with_timeout(address: &Path, timeout: Duration) -> Option<Self> {
        let stream = platform::connect(address, timeout).ok()?;
        let writer = stream.try_clone().ok()?;
        Some(Self { reader: BufReader::new(stream), writer, next_id: 1, timeout })
    }

    /// Sends a call without waiting for the answer.
    ///
    /// # Errors
    /// Fails if the app disconnects.
    pub fn send(&mut self, call: Call) -> std::io::Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        let mut line = serde_json::to_string(&ToApp { id, call })?;
        line.push('\n');
        self.writer.write_all(line.as_bytes())?;
        Ok(id)
    }

    /// # Errors
    /// Fails if the app disconnects or does not answer in time.
    pub fn call(&mut self, call: Call) -> std::io::Result<Value> {
        let until = Instant::now() + self.timeout;
        let id = self.send(call)?;
        loop {
            match serde_json::from_slice(&self.line(until)?)? {
                FromApp::Answer { id: answered, answer } if answered == id => return Ok(answer),
                FromApp::Answer { .. } | FromApp::View { .. } | FromApp::Show { .. } | FromApp::OtherVersion => {}
            }
        }
    }

    /// Bounds the total time, even if the app sends byte by byte.
    fn line(&mut self, until: Instant) -> std::io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while Instant::now() < until {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk.len(), |end| end + 1);
            line.extend_from_slice(&chunk[..taken]);
            self.reader.consume(taken);
            if line.len() > LINE_MAX {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            if end.is_some() {
                return Ok(line);
            }
        }
        Err(std::io::ErrorKind::TimedOut.into())
    }
}
