//! Writes a renewed sign-in to the owner's store: by compare-and-swap, durably, and preserving what other programs keep there.
//! The caller holds the locks.

use super::credential_store::{CredentialStore, LOOKS, PAUSE};
use crate::claude_code::atomic_replace;
use crate::platform::fs;
use crate::platform::fs::ReadError;
#[cfg(target_os = "macos")]
use holdoff_core::credential::CredentialMissing;
use holdoff_core::credential::token::Fingerprint;
use holdoff_core::credential::{RenewedTokens, WriteBack};
use holdoff_core::providers::anthropic::{Succession, apply_tokens, credential, recover_pending};
use std::io;
use std::path::Path;

impl CredentialStore {
    /// Replaces the spent tokens with the new ones, if `may` still allows it just before the write. Blocks, usually briefly,
    /// but about 120 ms if another program is writing the file.
    pub(super) fn store(&self, successor: &RenewedTokens, may: impl Fn() -> bool) -> WriteBack {
        #[cfg(target_os = "macos")]
        if let Some(stored) = self.store_in_keychain(successor) {
            return stored;
        }
        store(&self.credential_path(), successor, may, || std::thread::sleep(PAUSE))
    }

    /// Checks that new tokens could be written, before the old ones are spent for them.
    ///
    /// # Errors
    /// Fails if the file or its folder cannot be written. A missing or unparsable sign-in is not an error.
    pub fn rehearse_store(&self) -> Result<(), String> {
        #[cfg(target_os = "macos")]
        if matches!(crate::claude_code::keychain::read(self.variable()), Ok(Some(_))) {
            return Ok(());
        }
        rehearse(&self.credential_path())
    }

    /// The new tokens that a crash left beside the file, if they were issued for the refresh token `spent` and the file still
    /// contains that one.
    pub(super) fn recover_pending(&self, spent: &Fingerprint) -> Option<RenewedTokens> {
        let target = std::fs::canonicalize(self.credential_path()).ok()?;
        let left = atomic_replace::left(&target, credential::FILE_MAX)?;
        recover_pending(&fs::read(&target, credential::FILE_MAX).ok()?, &left, spent)
    }

    /// Returns `None` if the Keychain has no such item: the owner then uses the file.
    #[cfg(target_os = "macos")]
    fn store_in_keychain(&self, successor: &RenewedTokens) -> Option<WriteBack> {
        use crate::claude_code::keychain;
        let failed = |absence| Some(WriteBack::Failed(words(absence)));
        let item = match keychain::read(self.variable()) {
            Ok(Some(item)) => item,
            Ok(None) => return None,
            Err(absence) => return failed(absence),
        };
        Some(match apply_tokens(&item, successor) {
            Succession::There => WriteBack::Written,
            Succession::Changed => WriteBack::Changed,
            Succession::Unreadable(why) => WriteBack::Failed(why.to_owned()),
            Succession::Write(rewritten) => match keychain::write(self.variable(), rewritten.expose()) {
                Ok(()) => WriteBack::Written,
                Err(absence) => return failed(absence),
            },
        })
    }
}

/// Writes the current content to a temporary file: the same size, in the same folder.
fn rehearse(path: &Path) -> Result<(), String> {
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link(path) => return Ok(()),
        Err(error) => return Err(ReadError::of(error, path).to_string()),
    };
    match fs::read(&target, credential::FILE_MAX) {
        Ok(stored) => atomic_replace::Next::beside(&target, &stored).map(drop),
        Err(error @ ReadError::Forbidden) => Err(error.to_string()),
        Err(_) => Ok(()),
    }
}

const LOCK_LOST: &str = "the write lock was lost";

/// Why one attempt was inconclusive.
enum Unsettled {
    /// There is no file, perhaps only for a moment while the owner replaces it.
    Gone,
    /// It cannot be parsed, perhaps because it is being written.
    Torn(&'static str),
    /// It changed while the new content was being written beside it.
    Moved,
}

fn store(path: &Path, successor: &RenewedTokens, may: impl Fn() -> bool, mut pause: impl FnMut()) -> WriteBack {
    let mut last = Unsettled::Moved;
    for tried in 0..LOOKS {
        if tried > 0 {
            pause();
        }
        match attempt(path, successor, &may) {
            Ok(Ok(stored)) => return stored,
            Ok(Err(unsettled)) => last = unsettled,
            Err(why) => return WriteBack::Failed(why),
        }
    }
    match last {
        Unsettled::Gone => WriteBack::Changed,
        Unsettled::Torn(why) => WriteBack::Failed(why.to_owned()),
        Unsettled::Moved => WriteBack::Failed("another program keeps changing it".to_owned()),
    }
}

fn attempt(
    path: &Path,
    successor: &RenewedTokens,
    may: impl Fn() -> bool,
) -> Result<Result<WriteBack, Unsettled>, String> {
    // A link is kept; its target is replaced.
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link(path) => return Ok(Err(Unsettled::Gone)),
        Err(error) => return Err(ReadError::of(error, path).to_string()),
    };
    let stored = match fs::read(&target, credential::FILE_MAX) {
        Ok(stored) => stored,
        Err(ReadError::Missing) => return Ok(Err(Unsettled::Gone)),
        Err(error) => return Err(error.to_string()),
    };
    let rewritten = match apply_tokens(&stored, successor) {
        Succession::Write(rewritten) => rewritten,
        Succession::Changed => return Ok(Ok(WriteBack::Changed)),
        Succession::Unreadable(why) => return Ok(Err(Unsettled::Torn(why))),
        // Perhaps written by an earlier attempt whose sync failed.
        Succession::There => {
            fs::sync(&target).map_err(|error| atomic_replace::words(&error))?;
            return Ok(Ok(WriteBack::Written));
        }
    };
    let next = atomic_replace::Next::beside(&target, rewritten.expose())?;
    let unmoved = std::fs::canonicalize(path).is_ok_and(|now| now == target)
        && fs::read(&target, credential::FILE_MAX).is_ok_and(|now| now == stored);
    if !unmoved {
        return Ok(Err(Unsettled::Moved));
    }
    if !may() {
        return Err(LOCK_LOST.to_owned());
    }
    next.replace()?;
    Ok(Ok(WriteBack::Written))
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink())
}

#[cfg(target_os = "macos")]
fn words(absence: CredentialMissing) -> String {
    match absence {
        CredentialMissing::Unreadable(why) | CredentialMissing::Forbidden(why) => why,
        CredentialMissing::NoFile
        | CredentialMissing::NotSignedIn
        | CredentialMissing::EmptyToken
        | CredentialMissing::Blanked
        | CredentialMissing::LoginEnded(_)
        | CredentialMissing::InferenceOnly => "there is no sign-in".to_owned(),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
