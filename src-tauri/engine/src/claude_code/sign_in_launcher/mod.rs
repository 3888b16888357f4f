//! Starts Claude Code's own sign-in in the user's terminal. Holdoff has no sign-in of its own and accepts no token from anyone.

mod claude;
mod terminal;

pub use claude::Claude;
pub use terminal::Terminal;

use crate::claude_code::CredentialStore;
use crate::platform::programs::Programs;
use holdoff_core::credential::sign_in_flow::LaunchSupport;
use holdoff_core::messages;
use holdoff_core::state::Provider;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The programs on this computer that signing in needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInPrograms {
    pub claude: Option<Claude>,
    /// The terminals to try, the user's own choice first.
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

impl SignInPrograms {
    /// Searches for the programs without running any.
    pub fn probe(home: &Path, var: impl Fn(&str) -> Option<OsString>) -> Self {
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

    /// Whether Claude Code is known to be too old for the sign-in command.
    pub fn older(&self) -> bool {
        let since = Provider::Anthropic.owner_info().map(|owner| owner.sign_in.since);
        self.claude.as_ref().and_then(|claude| claude.version).is_some_and(|version| Some(version) < since)
    }

    /// Opens a terminal with Claude Code's sign-in. Blocks briefly, until the terminal has opened or failed. `owner` selects
    /// the config folder; `None` is the default.
    ///
    /// # Errors
    /// Fails if Claude Code or a terminal is missing, or no terminal opened.
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

/// The command to run in the terminal.
#[derive(Debug, Clone)]
struct LaunchSpec {
    program: PathBuf,
    /// The folder to put first on PATH.
    folder: PathBuf,
    arguments: &'static [&'static str],
    /// The value for `CLAUDE_CONFIG_DIR`.
    config_dir: Option<OsString>,
    /// The value for `CLAUDE_SECURESTORAGE_CONFIG_DIR`.
    storage_dir: Option<OsString>,
    words: messages::SignInTerminal,
}
