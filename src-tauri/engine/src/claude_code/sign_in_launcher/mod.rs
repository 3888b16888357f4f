//! Signing in again: the owner's own sign-in, run in the person's terminal. Holdoff has none of its own, and takes no
//! token from anybody.

mod claude;
mod program_search;
mod terminal;

pub use claude::Claude;
pub use program_search::Programs;
pub use terminal::Terminal;

use crate::claude_code::CredentialStore;
use holdoff_core::credential::sign_in_flow::LaunchSupport;
use holdoff_core::messages;
use holdoff_core::providers::anthropic::credential::SIGN_IN_COMMAND_SINCE;
use holdoff_core::state::Provider;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What there is on this computer for signing in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub claude: Option<Claude>,
    /// The ones to try, the person's own choice first.
    pub terminals: Vec<Terminal>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("Claude Code was not found on this computer.")]
    NoClaude,
    #[error("No terminal was found on this computer.")]
    NoTerminal,
    #[error("No terminal could be opened ({0}).")]
    NotOpened(String),
}

impl Found {
    /// Looks for them, and runs nothing.
    pub fn look(home: &Path, var: impl Fn(&str) -> Option<OsString>) -> Self {
        let programs = Programs::new(home, &var);
        Self { claude: Claude::find(&programs), terminals: terminal::find(&programs, &var) }
    }

    pub fn means(&self) -> LaunchSupport {
        match (&self.claude, self.terminals.as_slice()) {
            (None, _) => LaunchSupport::NoProgram,
            (Some(_), []) => LaunchSupport::NoTerminal,
            (Some(_), [_, ..]) => LaunchSupport::Terminal,
        }
    }

    /// Whether the owner's program is known to be too old for its sign-in command.
    pub fn older(&self) -> bool {
        self.claude.as_ref().and_then(|claude| claude.version).is_some_and(|version| version < SIGN_IN_COMMAND_SINCE)
    }

    /// Opens a terminal with the owner's sign-in. Blocks for a moment, until the terminal has opened or failed.
    /// `owner` is whose it is; `None` is the usual one.
    ///
    /// # Errors
    /// What is missing, or why none of the terminals opened.
    pub fn open(&mut self, home: &Path, owner: Option<&CredentialStore>) -> Result<(), OpenError> {
        let claude = self.claude.as_mut().ok_or(OpenError::NoClaude)?;
        if self.terminals.is_empty() {
            return Err(OpenError::NoTerminal);
        }
        claude.learn_version();
        let (program, folder) = (claude.path.clone(), claude.folder().to_owned());
        let job = LaunchSpec {
            program,
            folder,
            arguments: if self.older() { &[] } else { &["auth", "login"] },
            config_dir: owner.and_then(CredentialStore::variable).map(ToOwned::to_owned),
            storage_dir: owner.and_then(CredentialStore::storage_variable).map(ToOwned::to_owned),
            words: messages::sign_in_terminal(Provider::Anthropic, self.older()),
        };
        let mut failures = Vec::new();
        for terminal in &self.terminals {
            match terminal.open(&job, home) {
                Ok(()) => return Ok(()),
                Err(why) => failures.push(format!("{}: {why}", terminal.name())),
            }
        }
        Err(OpenError::NotOpened(failures.join("; ")))
    }
}

/// What is run in the terminal.
#[derive(Debug, Clone)]
struct LaunchSpec {
    program: PathBuf,
    /// Goes first on its PATH.
    folder: PathBuf,
    arguments: &'static [&'static str],
    /// What `CLAUDE_CONFIG_DIR` has to say to it.
    config_dir: Option<OsString>,
    /// And `CLAUDE_SECURESTORAGE_CONFIG_DIR`.
    storage_dir: Option<OsString>,
    words: messages::SignInTerminal,
}
