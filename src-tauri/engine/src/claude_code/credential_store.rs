//! Where the owner keeps its sign-in: read there and watched there; written there only by a renewal, which is off until
//! its person switches it on, and only under the locks.

#[cfg(test)]
mod tests;

#[cfg(target_os = "macos")]
use crate::claude_code::keychain;
use crate::claude_code::picked;
use crate::platform::fs;
use crate::platform::fs::ReadError;
use holdoff_core::credential::{CredentialMissing, CredentialRead, Identity};
use holdoff_core::providers::Provider;
use holdoff_core::providers::anthropic::cached_usage;
use holdoff_core::providers::anthropic::cached_usage::Cached;
use holdoff_core::providers::anthropic::credential;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Whose sign-in it is stands here, beside the credential or in the home folder.
const IDENTITY_FILE: &str = ".claude.json";
/// What is looked for in it. It holds the owner's settings, caches and prompts besides, which some people let grow to
/// hundreds of megabytes; they are read over.
const IDENTITY: [&str; 2] = ["oauthAccount", "cachedUsageUtilization"];
const IDENTITY_MAX: u64 = 1024 * 1024 * 1024;
/// An owner that writes in place is done within a few milliseconds.
pub(super) const PAUSE: Duration = Duration::from_millis(40);
pub(super) const LOOKS: usize = 4;

/// Where one sign-in of Claude Code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialStore {
    config_dir: PathBuf,
    /// Where the credential is, and the locks on it.
    storage_dir: PathBuf,
    identity_file: PathBuf,
    home: Option<PathBuf>,
    /// What `CLAUDE_CONFIG_DIR` says to the owner, who names its Keychain item after it.
    variable: Option<OsString>,
    /// What `CLAUDE_SECURESTORAGE_CONFIG_DIR` says to the owner.
    storage_variable: Option<OsString>,
    /// There is a token for inference beside it, which its owner takes where nothing is stored.
    inference_token: bool,
}

impl CredentialStore {
    /// `CLAUDE_CONFIG_DIR` if it is set and not empty, else `~/.claude`.
    pub fn from_env(home: &Path, claude_config_dir: Option<&OsStr>) -> Self {
        let home = home.to_owned();
        match claude_config_dir.filter(|dir| !dir.is_empty()) {
            Some(dir) => Self::named(PathBuf::from(dir), Some(home)),
            None => Self {
                config_dir: home.join(".claude"),
                storage_dir: home.join(".claude"),
                identity_file: home.join(IDENTITY_FILE),
                home: Some(home),
                variable: None,
                storage_variable: None,
                inference_token: false,
            },
        }
    }

    /// A folder that the person added. `~/` is the home folder, and `~/.claude` is what it is without any setting.
    pub fn in_dir(config_dir: PathBuf) -> Self {
        Self::added(config_dir, std::env::home_dir().filter(|home| home.is_absolute()))
    }

    /// The same, in this home folder.
    pub fn added(config_dir: PathBuf, home: Option<PathBuf>) -> Self {
        let Some(home) = home else {
            return Self::named(config_dir, None);
        };
        let config_dir = match config_dir.strip_prefix("~") {
            Ok(below) => home.join(below),
            Err(_) => config_dir,
        };
        if config_dir == home.join(".claude") {
            return Self::from_env(&home, None);
        }
        Self::named(config_dir, Some(home))
    }

    fn named(config_dir: PathBuf, home: Option<PathBuf>) -> Self {
        let variable = Some(config_dir.clone().into_os_string());
        let config_dir = std::path::absolute(&config_dir).unwrap_or(config_dir);
        Self {
            identity_file: config_dir.join(IDENTITY_FILE),
            storage_dir: config_dir.clone(),
            config_dir,
            home,
            variable,
            storage_variable: None,
            inference_token: false,
        }
    }

    /// Whose owner is told to keep its credential, and the locks on it, in a folder of its own. macOS keeps it in the
    /// Keychain, under what name then is not known.
    #[must_use]
    pub fn stored_in(self, variable: Option<&OsStr>) -> Self {
        let Some(variable) = variable.filter(|dir| !dir.is_empty() && !cfg!(target_os = "macos")) else {
            return self;
        };
        let dir = PathBuf::from(variable);
        let storage_dir = std::path::absolute(&dir).unwrap_or(dir);
        Self { storage_dir, storage_variable: Some(variable.to_owned()), ..self }
    }

    /// Whether its owner has a token for inference beside what is stored.
    #[must_use]
    pub fn with_inference_token(self, inference_token: bool) -> Self {
        Self { inference_token, ..self }
    }

    /// Whose sign-in it is.
    pub fn provider(&self) -> Provider {
        Provider::Anthropic
    }

    pub fn config_dir(&self) -> &Path {
        &self.config_dir
    }

    /// Where the credential is: nearly always the same.
    pub fn storage_dir(&self) -> &Path {
        &self.storage_dir
    }

    /// What its owner's `CLAUDE_CONFIG_DIR` says where this is its folder; `None` where it says nothing.
    pub fn variable(&self) -> Option<&OsStr> {
        self.variable.as_deref()
    }

    /// The same of its `CLAUDE_SECURESTORAGE_CONFIG_DIR`.
    pub fn storage_variable(&self) -> Option<&OsStr> {
        self.storage_variable.as_deref()
    }

    pub fn credential_path(&self) -> PathBuf {
        self.storage_dir.join(credential::FILE)
    }

    pub fn identity_path(&self) -> &Path {
        &self.identity_file
    }

    /// When the credential file was written; `None` where there is none.
    pub fn written(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.credential_path()).ok()?.modified().ok()
    }

    /// What the owner keeps of its own last look at its limits.
    pub fn cached(&self) -> Option<Cached> {
        cached_usage::read(&self.about_itself()?)
    }

    /// The folders that its owner was ever started in, as far as it keeps them.
    pub fn projects(&self) -> Vec<PathBuf> {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            projects: BTreeMap<PathBuf, serde::de::IgnoredAny>,
        }
        let read = picked::read(&self.identity_file, &["projects"], IDENTITY_MAX);
        let file = read.and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok());
        file.map(|file| file.projects.into_keys().filter(|folder| folder.is_absolute()).collect()).unwrap_or_default()
    }

    /// The place by what its folder really is, whatever links or dots lead there. Blocks.
    pub fn real_place(&self) -> String {
        let real = |dir: &Path| std::fs::canonicalize(dir).ok();
        match real(&self.storage_dir).filter(|dir| *dir != self.storage_dir) {
            Some(storage_dir) => {
                let home = self.home.as_deref().map(|home| real(home).unwrap_or_else(|| home.to_owned()));
                Self { storage_dir, home, ..self.clone() }.place()
            }
            None => self.place(),
        }
    }

    /// The place in words for people, with the home folder as `~`.
    pub fn place(&self) -> String {
        let path = self.credential_path();
        let below = self.home.as_deref().and_then(|home| path.strip_prefix(home).ok());
        match below {
            Some(below) => Path::new("~").join(below).display().to_string(),
            None => path.display().to_string(),
        }
    }

    /// Looks at what is there now. Blocks: for a moment as a rule, for 120 ms where the file cannot be understood,
    /// since its owner may be half-way through writing it.
    pub fn read(&self) -> CredentialRead {
        match patiently(|| self.look(), || std::thread::sleep(PAUSE)) {
            CredentialRead::Found(mut credential) => {
                credential.identity = credential.identity.or(self.identity());
                CredentialRead::Found(credential)
            }
            CredentialRead::Absent(CredentialMissing::NoFile | CredentialMissing::NotSignedIn)
                if self.inference_token =>
            {
                CredentialRead::Absent(CredentialMissing::InferenceOnly)
            }
            CredentialRead::Absent(absence) => CredentialRead::Absent(absence),
        }
    }

    fn look(&self) -> CredentialRead {
        match self.stored() {
            Ok(bytes) => credential::read(&bytes, Identity::default()),
            Err(absence) => CredentialRead::Absent(absence),
        }
    }

    #[cfg(not(target_os = "macos"))]
    fn stored(&self) -> Result<Zeroizing<Vec<u8>>, CredentialMissing> {
        in_file(&self.credential_path())
    }

    /// The Keychain first: a file beside it may be left over from long ago.
    #[cfg(target_os = "macos")]
    fn stored(&self) -> Result<Zeroizing<Vec<u8>>, CredentialMissing> {
        match keychain::read(self.variable.as_deref())? {
            Some(bytes) => Ok(bytes.into()),
            None => in_file(&self.credential_path()),
        }
    }

    fn identity(&self) -> Identity {
        self.about_itself().map(|bytes| credential::identity(&bytes)).unwrap_or_default()
    }

    /// What the owner keeps of itself, as far as it is of concern here.
    fn about_itself(&self) -> Option<Vec<u8>> {
        picked::read(&self.identity_file, &IDENTITY, IDENTITY_MAX)
    }
}

fn in_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, CredentialMissing> {
    fs::read(path, credential::FILE_MAX).map_err(|error| match error {
        ReadError::Missing => CredentialMissing::NoFile,
        ReadError::Forbidden => CredentialMissing::Forbidden(error.to_string()),
        _ => CredentialMissing::Unreadable(error.to_string()),
    })
}

fn patiently(mut look: impl FnMut() -> CredentialRead, mut pause: impl FnMut()) -> CredentialRead {
    let mut read = look();
    for _ in 1..LOOKS {
        if !matches!(read, CredentialRead::Absent(CredentialMissing::Unreadable(_))) {
            break;
        }
        pause();
        read = look();
    }
    read
}
