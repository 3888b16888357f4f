//! Where Claude Code stores its credential. Holdoff reads and watches it; only a renewal writes it, which is off by default,
//! and only while it holds the locks.

#[cfg(test)]
mod tests;

#[cfg(target_os = "macos")]
use crate::claude_code::keychain;
use crate::claude_code::managed_settings::managed_settings;
use crate::claude_code::picked;
use crate::platform::fs;
use crate::platform::fs::ReadError;
use holdoff_core::ReportedReading;
use holdoff_core::credential::store_paths::StorePaths;
use holdoff_core::credential::{CredentialMissing, CredentialRead, Identity};
use holdoff_core::providers::anthropic::cached_usage;
use holdoff_core::providers::anthropic::cached_usage::Cached;
use holdoff_core::providers::anthropic::{credential, locations};
use holdoff_core::providers::{Provider, SignInVariables};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

const PROVIDER: Provider = Provider::Anthropic;
/// The members of the identity file to read. The file also holds the owner's settings, caches and prompts, and grows to
/// hundreds of megabytes for some users; those are skipped.
const IDENTITY: [&str; 2] = ["oauthAccount", "cachedUsageUtilization"];
const IDENTITY_MAX: u64 = 1024 * 1024 * 1024;
/// A non-atomic write by the owner finishes within a few milliseconds.
pub(super) const PAUSE: Duration = Duration::from_millis(40);
pub(super) const LOOKS: usize = 4;

/// The location of one Claude Code sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialStore {
    paths: StorePaths,
    /// The owner also has an inference token, which it uses if no credential is stored.
    inference_token: bool,
}

impl CredentialStore {
    /// Where the owner stores its sign-in with these variables.
    pub fn of(home: &Path, variables: &SignInVariables) -> Self {
        Self::at(locations::in_force(home, variables, absolute))
    }

    /// The same, with at most the variable for the config folder.
    pub fn from_env(home: &Path, config_dir: Option<&OsStr>) -> Self {
        Self::of(home, &SignInVariables { config_dir: config_dir.map(ToOwned::to_owned), ..SignInVariables::default() })
    }

    /// A folder added by the user.
    pub fn in_dir(config_dir: &Path) -> Self {
        Self::added(config_dir, std::env::home_dir().filter(|home| home.is_absolute()).as_deref())
    }

    /// Like [`CredentialStore::in_dir`], with this home folder.
    pub fn added(config_dir: &Path, home: Option<&Path>) -> Self {
        Self::at(locations::added(config_dir, home, absolute))
    }

    fn at(paths: StorePaths) -> Self {
        Self { paths, inference_token: false }
    }

    /// Sets whether the owner also has an inference token.
    #[must_use]
    pub fn with_inference_token(self, inference_token: bool) -> Self {
        Self { inference_token, ..self }
    }

    /// The provider of the sign-in.
    pub fn provider(&self) -> Provider {
        PROVIDER
    }

    pub fn config_dir(&self) -> &Path {
        &self.paths.config_dir
    }

    /// The folder of the credential, nearly always the config folder.
    pub fn storage_dir(&self) -> &Path {
        &self.paths.storage_dir
    }

    /// The owner's `CLAUDE_CONFIG_DIR` for this folder, which determines the name of its Keychain item; `None` if unset.
    pub fn variable(&self) -> Option<&OsStr> {
        self.paths.config_variable.as_deref()
    }

    /// The owner's `CLAUDE_SECURESTORAGE_CONFIG_DIR`; `None` if unset.
    pub fn storage_variable(&self) -> Option<&OsStr> {
        self.paths.storage_variable.as_deref()
    }

    pub fn credential_path(&self) -> PathBuf {
        self.paths.credential.clone()
    }

    pub fn identity_path(&self) -> &Path {
        &self.paths.identity
    }

    /// The settings files whose `env` applies to the owner's requests, highest precedence first.
    pub fn settings_files(&self) -> Vec<PathBuf> {
        let mut files = managed_settings();
        files.push(self.config_dir().join("settings.json"));
        files
    }

    /// When the credential file was last modified; `None` if it does not exist.
    pub fn written(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.credential_path()).ok()?.modified().ok()
    }

    /// The usage that the owner cached at its own last check.
    pub fn cached(&self) -> Option<ReportedReading> {
        let Cached { speaker, reading } = cached_usage::read(&self.about_itself()?)?;
        Some(ReportedReading { provider: self.provider(), place: self.place(), speaker, reading })
    }

    /// The project folders that the owner has recorded.
    pub fn projects(&self) -> Vec<PathBuf> {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            projects: BTreeMap<PathBuf, serde::de::IgnoredAny>,
        }
        let read = picked::read(&self.paths.identity, &["projects"], IDENTITY_MAX);
        let file = read.and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok());
        file.map(|file| file.projects.into_keys().filter(|folder| folder.is_absolute()).collect()).unwrap_or_default()
    }

    /// The location with all links and dots resolved. Blocks.
    pub fn real_place(&self) -> String {
        let real = |dir: &Path| std::fs::canonicalize(dir).ok();
        match real(self.storage_dir()).filter(|dir| *dir != self.storage_dir()) {
            Some(storage_dir) => {
                let home = self.paths.home.as_deref().map(|home| real(home).unwrap_or_else(|| home.to_owned()));
                let credential = storage_dir.join(credential::FILE);
                StorePaths { storage_dir, credential, home, ..self.paths.clone() }.place()
            }
            None => self.place(),
        }
    }

    /// The location as shown to the user, with `~` for the home folder.
    pub fn place(&self) -> String {
        self.paths.place()
    }

    /// Reads the credential. Blocks, usually briefly, but up to 120 ms if the file cannot be parsed, since the owner may be in
    /// the middle of writing it.
    pub fn read(&self) -> CredentialRead {
        match patiently(|| self.read_once(), || std::thread::sleep(PAUSE)) {
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

    fn read_once(&self) -> CredentialRead {
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
        match keychain::read(self.variable())? {
            Some(bytes) => Ok(bytes.into()),
            None => in_file(&self.credential_path()),
        }
    }

    fn identity(&self) -> Identity {
        self.about_itself().map(|bytes| credential::identity(&bytes)).unwrap_or_default()
    }

    /// The members of the identity file that matter here.
    fn about_itself(&self) -> Option<Vec<u8>> {
        picked::read(&self.paths.identity, &IDENTITY, IDENTITY_MAX)
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
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
