//! How the command, a second copy and the windows talk to the running app: lines of JSON over a local socket that only
//! this user can open, and, for the windows, over a line of their own. No token ever crosses either.
//!
//! The socket is in a private folder below `XDG_RUNTIME_DIR`; `tray.sock` in the data folder is a link to it. Each end checks that the
//! other is the same user, lines have a greatest length both ways, 32 may be connected, each silent for 30 s at most. The windows have
//! a line of their own, a socket pair on their standard input, which no other process can have.

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
use holdoff_core::Reading;
use holdoff_core::providers::anthropic::status_line::Session;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A line longer than this is not one of ours.
const LINE_MAX: usize = 1024 * 1024;
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(10);

/// The exit code with which the windows' process says that the display cannot be reached. From sysexits(3).
pub const NO_DISPLAY: u8 = 71;

/// What is wanted of the running app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Ask for a reading, of one account or of all. Answered with [`RefreshAnswer`].
    Refresh {
        account: Option<String>,
    },
    /// A second copy was started with these arguments, on this display: the variables that lead to it.
    Open {
        args: Vec<String>,
        #[serde(default)]
        display: BTreeMap<String, String>,
    },
    /// The windows' process is here, of this version (empty: one that did not say): answered at once with `null`, then fed
    /// with [`FromApp::Show`] and [`FromApp::View`] for as long as it stays.
    Attach {
        #[serde(default)]
        version: String,
    },
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
    /// How the app's surroundings are: answered with [`crate::tasks::condition::Condition`].
    Condition,
    /// What a session of Claude Code with this config folder (`None`: the default one) says of its limits. Answered
    /// with `null`, which whoever tells it need not wait for.
    Reading {
        config_dir: Option<PathBuf>,
        reading: Reading,
        /// Which session says it, where that is known.
        #[serde(default)]
        session: Session,
    },
    /// Open the settings, at this account's sign-in where one is named. Answered with `null`.
    OpenSettings {
        account: Option<String>,
    },
    /// Open a terminal with the owner's sign-in for this account.
    SignIn {
        account: String,
    },
    /// Whether newer versions are looked for.
    ChooseUpdates {
        on: bool,
    },
    /// Install this version. Answered at once; how it goes is in the view.
    InstallUpdate {
        version: String,
    },
    /// Say no more of this version.
    SkipUpdate {
        version: String,
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
    /// The app is of another version than the windows: they end.
    OtherVersion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Panel,
    Settings,
}

impl Window {
    /// The argument that opens it.
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

/// What came of a wish for a reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshAnswer {
    pub asked: bool,
    /// Why not, until when, and what helps; or that it was asked.
    pub message: String,
}

impl Call {
    /// Whether any program of this user may make it. What deletes, changes or renews, and what shows who somebody is, is for
    /// the windows alone: a sandboxed program that reaches the socket has no such right. (A refresh brings no renewal
    /// forward.)
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
            | Self::ChooseUpdates { .. }
            | Self::InstallUpdate { .. }
            | Self::SkipUpdate { .. } => false,
        }
    }
}

/// Where the app is found: in its data folder, by a link to its socket. Where the path of that is too long for a socket, an
/// app of an earlier version has its own in `runtime_dir`, and is found there.
pub fn address(data_dir: &Path, runtime_dir: Option<&Path>) -> PathBuf {
    let link = data_dir.join("tray.sock");
    if link.as_os_str().len() <= platform::PATH_MAX || link.symlink_metadata().is_ok() {
        return link;
    }
    let name = fs::short_name(data_dir.as_os_str().as_encoded_bytes());
    let earlier = runtime_dir.map(|folder| folder.join(format!("holdoff-{name}.sock")));
    earlier.filter(|socket| socket.exists()).unwrap_or(link)
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
    /// How long an answer is waited for.
    patience: Duration,
}

impl Client {
    /// `None` if no app is listening there.
    pub fn connect(address: &Path) -> Option<Self> {
        Self::patient(address, ANSWER)
    }

    fn patient(address: &Path, patience: Duration) -> Option<Self> {
        let stream = platform::connect(address, patience).ok()?;
        let writer = stream.try_clone().ok()?;
        Some(Self { reader: BufReader::new(stream), writer, next_id: 1, patience })
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
    /// When the app goes away or does not answer in time.
    pub fn call(&mut self, call: Call) -> std::io::Result<Value> {
        let until = Instant::now() + self.patience;
        let id = self.tell(call)?;
        loop {
            match serde_json::from_slice(&self.line(until)?)? {
                FromApp::Answer { id: answered, answer } if answered == id => return Ok(answer),
                FromApp::Answer { .. } | FromApp::View { .. } | FromApp::Show { .. } | FromApp::OtherVersion => {}
            }
        }
    }

    /// Not without end, however slowly it comes.
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
