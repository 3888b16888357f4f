//! The Keychain of macOS and the Credential Manager of Windows. Their calls block, so they have threads of their own.

use crate::platform::environment::IDENTIFIER;
use holdoff_core::credential::KeyringTrouble;
use holdoff_core::credential::token::Token;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

pub(super) async fn read(_: Option<&str>, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
    blocking(move || Ok(absent_as_none(system::read(name))?.map(Zeroizing::new))).await
}

pub(super) async fn store(
    _: Option<&str>,
    name: &'static str,
    _label: &str,
    secret: &Token,
) -> Result<(), KeyringTrouble> {
    let secret = secret.clone();
    blocking(move || system::store(name, secret.expose().as_bytes()).map_err(in_words)).await
}

pub(super) async fn remove(_: Option<&str>, name: &'static str) -> Result<(), KeyringTrouble> {
    blocking(move || absent_as_none(system::remove(name)).map(|_| ())).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyringTrouble> + Send + 'static,
) -> Result<T, KeyringTrouble> {
    let failed = || KeyringTrouble::Unavailable("internal error while using it".to_owned());
    spawn_blocking(work).await.unwrap_or_else(|_| Err(failed()))
}

fn absent_as_none<T>(result: Result<T, system::Error>) -> Result<Option<T>, KeyringTrouble> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if system::is_absent(&error) => Ok(None),
        Err(error) => Err(in_words(error)),
    }
}

fn in_words(error: system::Error) -> KeyringTrouble {
    if system::is_locked(&error) { KeyringTrouble::Locked } else { KeyringTrouble::Unavailable(error.to_string()) }
}

#[cfg(target_os = "macos")]
mod system {
    use super::IDENTIFIER;
    pub use security_framework::base::Error;
    use security_framework::passwords::{
        PasswordOptions, delete_generic_password, generic_password, set_generic_password,
    };

    pub fn read(name: &str) -> Result<Vec<u8>, Error> {
        generic_password(PasswordOptions::new_generic_password(IDENTIFIER, name))
    }

    pub fn store(name: &str, secret: &[u8]) -> Result<(), Error> {
        set_generic_password(IDENTIFIER, name, secret)
    }

    pub fn remove(name: &str) -> Result<(), Error> {
        delete_generic_password(IDENTIFIER, name)
    }

    /// errSecItemNotFound of Security/SecBase.h.
    pub fn is_absent(error: &Error) -> bool {
        error.code() == -25300
    }

    /// errSecInteractionNotAllowed, errSecAuthFailed and errSecUserCanceled.
    pub fn is_locked(error: &Error) -> bool {
        [-25308, -25293, -128].contains(&error.code())
    }
}

#[cfg(windows)]
mod system {
    use super::IDENTIFIER;
    use keyring_core::Entry;
    pub use keyring_core::Error;
    use keyring_core::api::CredentialStoreApi;

    fn entry(name: &str) -> Result<Entry, Error> {
        windows_native_keyring_store::Store::new()?.build(IDENTIFIER, name, None)
    }

    pub fn read(name: &str) -> Result<Vec<u8>, Error> {
        entry(name)?.get_secret()
    }

    pub fn store(name: &str, secret: &[u8]) -> Result<(), Error> {
        entry(name)?.set_secret(secret)
    }

    pub fn remove(name: &str) -> Result<(), Error> {
        entry(name)?.delete_credential()
    }

    pub fn is_absent(error: &Error) -> bool {
        matches!(error, Error::NoEntry)
    }

    pub fn is_locked(error: &Error) -> bool {
        matches!(error, Error::NoStorageAccess(_))
    }
}
