//! The macOS Keychain item in which Claude Code stores its credential.

use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use unicode_normalization::UnicodeNormalization;

const SERVICE: &str = "Claude Code-credentials";

/// The item's value, or `None` if there is no such item.
#[cfg(target_os = "macos")]
pub(super) fn read(variable: Option<&OsStr>) -> Result<Option<Vec<u8>>, holdoff_core::credential::CredentialMissing> {
    use holdoff_core::credential::CredentialMissing;
    use security_framework::passwords::{PasswordOptions, generic_password};
    /// errSecItemNotFound of Security/SecBase.h.
    const NOT_FOUND: i32 = -25300;

    let Some(account) = account() else {
        return Ok(None);
    };
    match generic_password(PasswordOptions::new_generic_password(&service(variable), &account)) {
        Ok(value) => Ok(Some(plain(value))),
        Err(error) if error.code() == NOT_FOUND => Ok(None),
        Err(error) => Err(CredentialMissing::Forbidden(format!("Keychain error: {error}"))),
    }
}

/// Replaces the value of an existing item. Uses the Keychain API, because command-line arguments are visible to all of the
/// user's programs.
#[cfg(target_os = "macos")]
pub(super) fn write(variable: Option<&OsStr>, value: &[u8]) -> Result<(), holdoff_core::credential::CredentialMissing> {
    use holdoff_core::credential::CredentialMissing;
    use security_framework::passwords::set_generic_password;

    let Some(account) = account() else {
        return Err(CredentialMissing::NoFile);
    };
    set_generic_password(&service(variable), &account, value)
        .map_err(|error| CredentialMissing::Forbidden(format!("Keychain error: {error}")))
}

#[cfg(target_os = "macos")]
fn account() -> Option<String> {
    std::env::var("USER").ok().filter(|user| !user.is_empty())
}

/// The item's name, which depends on the exact text of the owner's `CLAUDE_CONFIG_DIR`.
fn service(variable: Option<&OsStr>) -> String {
    let Some(variable) = variable else {
        return SERVICE.to_owned();
    };
    let text: String = variable.to_string_lossy().nfc().collect();
    format!("{SERVICE}-{}", hex::encode(&Sha256::digest(text.as_bytes())[..4]))
}

/// The owner stores some values as hex. JSON cannot be mistaken for it, since it begins with a brace.
fn plain(value: Vec<u8>) -> Vec<u8> {
    hex::decode(value.trim_ascii()).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keychain_service_name_depends_on_the_config_dir_variable() {
        let service = |text: &str| super::service(Some(OsStr::new(text)));
        assert_eq!(super::service(None), "Claude Code-credentials");
        assert_eq!(service("/home/ann/.claude-work"), "Claude Code-credentials-0b24c899");
        assert_eq!(service("/home/\u{e9}"), "Claude Code-credentials-753cb706");
        assert_eq!(service("/home/e\u{301}"), "Claude Code-credentials-753cb706");
    }

    #[test]
    fn keychain_value_in_hex_is_decoded() {
        let plain = |value: &str| super::plain(value.into());
        assert_eq!(plain("7b7D"), b"{}");
        assert_eq!(plain("7b7d\n"), b"{}");
        for other in ["{}", "7b7", "7b7g", "", "{\"claudeAiOauth\":{}}"] {
            assert_eq!(plain(other), other.as_bytes(), "{other}");
        }
    }
}
