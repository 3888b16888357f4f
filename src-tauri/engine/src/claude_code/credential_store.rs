//! Where Claude Code stores its credential. Holdoff reads and watches it; only a renewal writes it, which is off by default,
//! and only while it holds the locks.

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

/// Contains the account's identity; located beside the credential or in the home folder.
const IDENTITY_FILE: &str = ".claude.json";
/// The members to read. The file also holds the owner's settings, caches and prompts, and grows to hundreds of megabytes for
/// some users; those are skipped.
const IDENTITY: [&str; 2] = ["oauthAccount", "cachedUsageUtilization"];
const IDENTITY_MAX: u64 = 1024 * 1024 * 1024;
/// A non-atomic write by the owner finishes within a few milliseconds.
pub(super) const PAUSE: Duration = Duration::from_millis(40);
pub(super) const LOOKS: usize = 4;

/// The location of one Claude Code sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialStore {
    config_dir: PathBuf,
    /// The folder of the credential and its locks.
    storage_dir: PathBuf,
    identity_file: PathBuf,
    home: Option<PathBuf>,
    /// The owner's `CLAUDE_CONFIG_DIR`, which determines the name of its Keychain item.
    variable: Option<OsString>,
    /// The owner's `CLAUDE_SECURESTORAGE_CONFIG_DIR`.
    storage_variable: Option<OsString>,
    /// The owner also has an inference token, which it uses if no credential is stored.
    inference_token: bool,
}

impl CredentialStore {
    /// Uses `CLAUDE_CONFIG_DIR` if it is set and not empty, else `~/.claude`.
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

    /// A folder added by the user. `~/` is the home folder, and `~/.claude` means the default location.
    pub fn in_dir(config_dir: PathBuf) -> Self {
        Self::added(config_dir, std::env::home_dir().filter(|home| home.is_absolute()))
    }

    /// Like [`CredentialStore::in_dir`], with this home folder.
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

    /// Sets a separate folder for the credential and its locks. On macOS the credential is in the Keychain, and its item name
    /// is then unknown.
    #[must_use]
    pub fn stored_in(self, variable: Option<&OsStr>) -> Self {
        let Some(variable) = variable.filter(|dir| !dir.is_empty() && !cfg!(target_os = "macos")) else {
            return self;
        };
        let dir = PathBuf::from(variable);
        let storage_dir = std::path::absolute(&dir).unwrap_or(dir);
        Self { storage_dir, storage_variable: Some(variable.to_owned()), ..self }
    }

    /// Sets whether the owner also has an inference token.
    #[must_use]
    pub fn with_inference_token(self, inference_token: bool) -> Self {
        Self { inference_token, ..self }
    }

    /// The provider of the sign-in.
    pub fn provider(&self) -> Provider {
        Provider::Anthropic
    }

    pub fn config_dir(&self) -> &Path {
        &self.config_dir
    }

    /// The folder of the credential, nearly always the config folder.
    pub fn storage_dir(&self) -> &Path {
        &self.storage_dir
    }

    /// The owner's `CLAUDE_CONFIG_DIR` for this folder; `None` if unset.
    pub fn variable(&self) -> Option<&OsStr> {
        self.variable.as_deref()
    }

    /// The owner's `CLAUDE_SECURESTORAGE_CONFIG_DIR`; `None` if unset.
    pub fn storage_variable(&self) -> Option<&OsStr> {
        self.storage_variable.as_deref()
    }

    pub fn credential_path(&self) -> PathBuf {
        self.storage_dir.join(credential::FILE)
    }

    pub fn identity_path(&self) -> &Path {
        &self.identity_file
    }

    /// When the credential file was last modified; `None` if it does not exist.
    pub fn written(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.credential_path()).ok()?.modified().ok()
    }

    /// The usage that the owner cached at its own last check.
    pub fn cached(&self) -> Option<Cached> {
        cached_usage::read(&self.about_itself()?)
    }

    /// The project folders that the owner has recorded.
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

    /// The location with all links and dots resolved. Blocks.
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

    /// The location as shown to the user, with `~` for the home folder.
    pub fn place(&self) -> String {
        let path = self.credential_path();
        let below = self.home.as_deref().and_then(|home| path.strip_prefix(home).ok());
        match below {
            Some(below) => Path::new("~").join(below).display().to_string(),
            None => path.display().to_string(),
        }
    }

    /// Reads the credential. Blocks, usually briefly, but up to 120 ms if the file cannot be parsed, since the owner may be in
    /// the middle of writing it.
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
            Ok(bytes) => self.provider().spec().parse_credential(&bytes, Identity::default()),
            Err(absence) => CredentialRead::Absent(absence),
        }
    }

    #[cfg(not(target_os = "macos"))]
    fn stored(&self) -> Result<Zeroizing<Vec<u8>>, CredentialMissing> {
        in_file(&self.credential_path())
    }

    /// Tries the Keychain first, because a file beside it may be long outdated.
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

    /// The members of the identity file that matter here.
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
