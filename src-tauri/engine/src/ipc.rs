//! How the command, a second copy and the windows talk to the running app: lines of JSON over a local socket
//! that only this user can open. No token ever crosses it.

#[cfg(unix)]
#[path = "ipc/unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "ipc/windows.rs"]
mod platform;
mod server;

pub use server::{Caller, Listener, Responder, attach};

use crate::history::Format;
use holdoff_core::Reading;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// How the app's surroundings are: answered with [`crate::condition::Condition`].
    Condition,
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
                FromApp::Answer { .. } | FromApp::View { .. } | FromApp::Show { .. } | FromApp::OtherVersion => {}
            }
        }
    }
}
