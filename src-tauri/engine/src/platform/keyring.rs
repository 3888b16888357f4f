//! The system's keyring: the Secret Service on Linux, the Keychain on macOS, the Credential Manager on Windows. It holds the
//! keys that the user pasted.
//!
//! Reading never asks the user for anything: a locked keyring is an error. Storing and removing happen because the user wants
//! them, so the system may ask for a password then. Everything is limited in time.
//!
//! Only the tray app uses it: programs without the feature `keyring` do not link what it needs.

#[cfg_attr(all(feature = "keyring", target_os = "linux"), path = "keyring/secret_service.rs")]
#[cfg_attr(all(feature = "keyring", not(target_os = "linux")), path = "keyring/native.rs")]
#[cfg_attr(not(feature = "keyring"), path = "keyring/left_out.rs")]
mod system;

use holdoff_core::credential::KeyringTrouble;
use holdoff_core::credential::token::Token;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long a read may take, in real time. An account waits for it.
const READ: Duration = Duration::from_secs(3);
/// How long the user may take to unlock the keyring, in real time.
const CHANGE: Duration = Duration::from_secs(120);

/// The keyring of the session that this environment belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    /// The address of the session bus. Only Linux needs it.
    bus: Option<String>,
}

impl Keyring {
    pub fn of(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = var("DBUS_SESSION_BUS_ADDRESS").and_then(|address| address.into_string().ok());
        let usual = || Some(format!("unix:path={}", PathBuf::from(var("XDG_RUNTIME_DIR")?).join("bus").display()));
        Self { bus: given.or_else(usual) }
    }

    /// The secret with this name; `None` if there is none.
    ///
    /// # Errors
    /// Fails if the keyring is locked, missing or does not answer in time.
    pub async fn read(&self, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        in_time(READ, system::read(self.bus.as_deref(), name)).await
    }

    /// Stores a secret, which replaces an earlier one. `label` is what the user sees in a program for keyrings.
    ///
    /// # Errors
    /// Fails if the keyring is missing, does not answer in time, or the user does not unlock it.
    pub async fn store(&self, name: &'static str, label: &str, secret: &Token) -> Result<(), KeyringTrouble> {
        in_time(CHANGE, system::store(self.bus.as_deref(), name, label, secret)).await
    }

    /// Removes a secret, if there is one.
    ///
    /// # Errors
    /// The same as for [`Self::store`].
    pub async fn remove(&self, name: &'static str) -> Result<(), KeyringTrouble> {
        in_time(CHANGE, system::remove(self.bus.as_deref(), name)).await
    }
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, KeyringTrouble>>,
) -> Result<T, KeyringTrouble> {
    let late = || KeyringTrouble::Unavailable(format!("no answer within {} s", limit.as_secs()));
    timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}
