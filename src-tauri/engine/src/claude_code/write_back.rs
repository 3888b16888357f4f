//! Writes a renewed sign-in to where its owner looks for it: by compare-and-swap on what was read, durably, and with all
//! that others keep there. The locks are the caller's affair.

use super::credential_store::{CredentialStore, LOOKS, PAUSE};
use crate::claude_code::atomic_replace;
use crate::platform::fs;
use crate::platform::fs::ReadError;
#[cfg(target_os = "macos")]
use holdoff_core::credential::CredentialMissing;
use holdoff_core::credential::token::Fingerprint;
use holdoff_core::credential::{RenewedTokens, WriteBack};
use holdoff_core::providers::anthropic::{Succession, credential, recover_pending, succeed};
use std::io;
use std::path::Path;

impl CredentialStore {
    /// Puts new tokens in the place of those that were spent for them, if it still may at the last moment. Blocks: for a
    /// disk's moment as a rule, for some 120 ms where the file is being written by another.
    pub(super) fn store(&self, successor: &RenewedTokens, may: impl Fn() -> bool) -> WriteBack {
        #[cfg(target_os = "macos")]
        if let Some(stored) = self.store_in_keychain(successor) {
            return stored;
        }
        store(&self.credential_path(), successor, may, || std::thread::sleep(PAUSE))
    }

    /// Whether new tokens could be written there: found out before the old ones are spent for them.
    ///
    /// # Errors
    /// What is in the way. That there is no sign-in, or none that can be understood, is not.
    pub fn rehearse_store(&self) -> Result<(), String> {
        #[cfg(target_os = "macos")]
        if matches!(crate::claude_code::keychain::read(self.variable.as_deref()), Ok(Some(_))) {
            return Ok(());
        }
        rehearse(&self.credential_path())
    }

    /// The new tokens that a crash left beside it, where they were got for the refresh token `spent`, and that still
    /// stands in it.
    pub(super) fn recover_pending(&self, spent: &Fingerprint) -> Option<RenewedTokens> {
        let target = std::fs::canonicalize(self.credential_path()).ok()?;
        let left = atomic_replace::left(&target, credential::FILE_MAX)?;
        recover_pending(&fs::read(&target, credential::FILE_MAX).ok()?, &left, spent)
    }

    /// `None` where the Keychain has no such item: then the file is the owner's store.
    #[cfg(target_os = "macos")]
    fn store_in_keychain(&self, successor: &RenewedTokens) -> Option<WriteBack> {
        use crate::claude_code::keychain;
        let failed = |absence| Some(WriteBack::Failed(words(absence)));
        let item = match keychain::read(self.variable.as_deref()) {
            Ok(Some(item)) => item,
            Ok(None) => return None,
            Err(absence) => return failed(absence),
        };
        Some(match succeed(&item, successor) {
            Succession::There => WriteBack::Written,
            Succession::Changed => WriteBack::Changed,
            Succession::Unreadable(why) => WriteBack::Failed(why.to_owned()),
            Succession::Write(rewritten) => match keychain::write(self.variable.as_deref(), rewritten.expose()) {
                Ok(()) => WriteBack::Written,
                Err(absence) => return failed(absence),
            },
        })
    }
}

/// Writes beside it what stands in it: as much as would be written, in the same place.
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

/// What one try came to that has not come to an end.
enum Unsettled {
    /// There is no file, which it may be for a moment if its owner makes a new one.
    Gone,
    /// It cannot be understood, as while it is being written.
    Torn(&'static str),
    /// It was changed while its successor was being written beside it.
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
    // A link stays, and what it leads to is replaced.
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
    let rewritten = match succeed(&stored, successor) {
        Succession::Write(rewritten) => rewritten,
        Succession::Changed => return Ok(Ok(WriteBack::Changed)),
        Succession::Unreadable(why) => return Ok(Err(Unsettled::Torn(why))),
        // Perhaps by a try whose sync failed.
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
