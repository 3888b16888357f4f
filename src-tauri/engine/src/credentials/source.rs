//! Where a sign-in is read, by the kind of place: its owner's files, or the key that the user pasted. Whoever watches or reads
//! sign-ins knows only this.

use crate::owners::{CredentialStore, LockedStore, Sessions, locations};
use crate::platform::clock::Clock;
use crate::platform::environment::Environment;
use crate::platform::keyring::Keyring;
use crate::storage::reading_spool;
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{CredentialMissing, CredentialRead, Identity, KeyringTrouble};
use holdoff_core::providers::Provider;
use holdoff_core::{ReportedReading, Settings};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    Owned(CredentialStore),
    Key(KeyStore),
}

impl CredentialSource {
    /// All of them, in display order. Blocks.
    pub fn all(environment: &Environment, settings: &Settings) -> Vec<Self> {
        let owned = locations::all(environment, settings).into_iter().map(Self::Owned);
        let keys = Provider::ALL.into_iter().filter_map(|provider| KeyStore::of(environment, provider));
        owned.chain(keys.map(Self::Key)).collect()
    }

    pub fn provider(&self) -> Provider {
        match self {
            Self::Owned(store) => store.provider(),
            Self::Key(key) => key.provider,
        }
    }

    /// The location as shown to the user.
    pub fn place(&self) -> String {
        match self {
            Self::Owned(store) => store.place(),
            Self::Key(key) => key.place(),
        }
    }

    /// The same with all links resolved. Blocks.
    pub fn real_place(&self) -> String {
        match self {
            Self::Owned(store) => store.real_place(),
            Self::Key(key) => key.place(),
        }
    }

    /// The files to watch: the credential, its identity, and spooled readings. Blocks. A keyring reports no changes; Holdoff
    /// itself triggers a read when the user changes a key in it.
    pub(crate) fn watched(&self, data_dir: &Path) -> Option<[PathBuf; 3]> {
        match self {
            Self::Owned(store) => Some([
                store.credential_path(),
                store.identity_path().to_owned(),
                reading_spool::path(data_dir, &store.real_place()),
            ]),
            Self::Key(_) => None,
        }
    }

    /// When the credential was last written, if that is known.
    pub(crate) fn written(&self) -> Option<SystemTime> {
        match self {
            Self::Owned(store) => store.written(),
            Self::Key(_) => None,
        }
    }

    /// The readings that are stored here. Blocks.
    pub(crate) fn readings(&self, data_dir: &Path, real: &str, sessions: &Sessions) -> Vec<ReportedReading> {
        let Self::Owned(store) = self else { return Vec::new() };
        let left = reading_spool::read(data_dir, real)
            .and_then(|(reading, session)| sessions.reading(store.place(), reading, &session));
        store.cached().into_iter().chain(left).collect()
    }

    /// The settings files whose `env` applies to requests, highest precedence first.
    pub(crate) fn settings_files(&self) -> Vec<PathBuf> {
        match self {
            Self::Owned(store) => store.settings_files(),
            Self::Key(_) => Vec::new(),
        }
    }

    /// The store as a renewal uses it. Nobody can renew a key.
    pub(crate) fn locked(&self, own_locks: &Path) -> Option<LockedStore> {
        match self {
            Self::Owned(store) => Some(LockedStore::new(store.clone(), own_locks)),
            Self::Key(_) => None,
        }
    }

    pub(crate) async fn read(&self, clock: &Clock) -> CredentialRead {
        match self {
            Self::Owned(store) => read(store, clock).await,
            Self::Key(key) => key.read().await,
        }
    }
}

/// Reads an owner's credential on a thread that may block.
async fn read(source: &CredentialStore, clock: &Clock) -> CredentialRead {
    let (source, clock) = (source.clone(), clock.clone());
    let read = tokio::task::spawn_blocking(move || {
        let written = source.written().map(|written| clock.wall_of(written));
        source.read().written(written)
    });
    read.await.unwrap_or_else(|_| {
        let why = "internal error while reading it".to_owned();
        CredentialRead::Absent(CredentialMissing::Unreadable(why))
    })
}

/// The key of one provider: the one that the user pasted, else the one of the environment.
#[derive(Debug, Clone)]
pub struct KeyStore {
    provider: Provider,
    keyring: Keyring,
    variable: Option<Token>,
}

/// The environment stays the same as long as the process runs.
impl PartialEq for KeyStore {
    fn eq(&self, other: &Self) -> bool {
        (self.provider, &self.keyring) == (other.provider, &other.keyring)
    }
}

impl Eq for KeyStore {}

impl KeyStore {
    /// `None` if the provider takes no pasted key.
    pub fn of(environment: &Environment, provider: Provider) -> Option<Self> {
        provider.pasted_key()?;
        let variable = environment.variables(provider).key;
        Some(Self { provider, keyring: environment.keyring.clone(), variable })
    }

    /// The location as shown to the user.
    pub fn place(&self) -> String {
        let name = self.provider.pasted_key().map_or("key", |key| key.name);
        format!("{} {name}", self.provider.name())
    }

    /// Takes a few seconds at most.
    pub async fn read(&self) -> CredentialRead {
        let parsed = |key: &[u8]| self.provider.spec().parse_credential(key, Identity::default());
        match (self.keyring.read(self.provider.key()).await, &self.variable) {
            (Ok(Some(key)), _) => parsed(&key),
            (_, Some(key)) => parsed(key.expose().as_bytes()),
            (Ok(None), None) => CredentialRead::Absent(CredentialMissing::NotSignedIn),
            (Err(trouble), None) => CredentialRead::Absent(CredentialMissing::Keyring(trouble)),
        }
    }

    /// Stores the key that the user pasted, or removes it.
    ///
    /// # Errors
    /// Fails if the keyring cannot be used, or the user does not unlock it.
    pub async fn replace(&self, key: Option<&Token>) -> Result<(), KeyringTrouble> {
        match key {
            Some(key) => self.keyring.store(self.provider.key(), &self.place(), key).await,
            None => self.keyring.remove(self.provider.key()).await,
        }
    }
}
