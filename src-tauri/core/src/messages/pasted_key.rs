//! The sentences for a provider whose sign-in is a key that the user pastes.

use super::reasons::{pause, paused_title};
use crate::credential::sign_in_flow::{SignInFlow, Urgency};
use crate::credential::{CredentialMissing, CredentialPresence, KeyringTrouble};
use crate::providers::KeyInfo;
use crate::state::{AccountState, SignInTrouble};
use crate::status::account::AccountStatus;

pub(super) const UNLOCK: &str = "Unlock the system's keyring.";

/// The result of storing a key, or of removing it if `stored` is `false`.
pub fn key_kept(key: &KeyInfo, stored: bool, result: &Result<(), KeyringTrouble>) -> String {
    let name = key.name;
    match (result, stored) {
        (Ok(()), true) => format!("The {name} is in the system's keyring. Holdoff tests it with its next request."),
        (Ok(()), false) => format!("The {name} was removed from the system's keyring."),
        (Err(trouble), true) => {
            format!("The {name} was not stored: the system's keyring cannot be used, because {trouble}.")
        }
        (Err(trouble), false) => {
            format!("The {name} was not removed: the system's keyring cannot be used, because {trouble}.")
        }
    }
}

/// Title and text.
pub(super) fn keyring(trouble: &KeyringTrouble) -> (&'static str, String) {
    match trouble {
        KeyringTrouble::Locked => (
            "Keyring is locked",
            "The system's keyring is locked. Holdoff never asks for its password, and resumes by itself when it is \
             unlocked."
                .to_owned(),
        ),
        KeyringTrouble::Unavailable(why) => (
            "Keyring cannot be used",
            format!("The system's keyring cannot be used: {why}. Holdoff resumes by itself once it works."),
        ),
    }
}

/// Title and text of the state of the sign-in. `tried_at` is when a new key is tested: " at 15:10".
pub(super) fn sign_in(
    status: &AccountStatus<'_>,
    provider: &str,
    key: &KeyInfo,
    tried_at: &str,
) -> (&'static str, String) {
    let (state, name) = (status.account, key.name);
    let (title, mut text) = match (&status.trouble, &state.sign_in.seen) {
        (Some(SignInTrouble::Paused(cause)), _) => (
            paused_title(cause),
            format!("{} Checks are paused and resume by themselves with another {name}.", pause(state, cause)),
        ),
        (Some(SignInTrouble::Absent(absence)), _) | (_, Some(CredentialPresence::Absent(absence))) => {
            absent(provider, key, absence)
        }
        (_, None) => ("Looking for the sign-in", format!("Holdoff is looking for the {provider} {name}.")),
        _ if matches!(status.sign_in_flow, SignInFlow::Checking { .. }) => {
            ("New sign-in found", format!("Holdoff tests the new {name} with one request{tried_at}, then resumes."))
        }
        _ => ("Signed in", format!("Holdoff uses the {provider} {name} that you gave it.")),
    };
    if state.free_only() {
        text += " Holdoff sends no requests: this account is set to free readings only.";
    }
    (title, text)
}

fn absent(provider: &str, key: &KeyInfo, absence: &CredentialMissing) -> (&'static str, String) {
    let name = key.name;
    match absence {
        CredentialMissing::Keyring(trouble) => keyring(trouble),
        CredentialMissing::Unreadable(why) | CredentialMissing::Forbidden(why) => {
            ("Sign-in cannot be read", format!("The {provider} {name} cannot be read: {why}."))
        }
        CredentialMissing::EmptyToken => {
            ("Sign-in cannot be used", format!("The stored {provider} {name} is empty or damaged."))
        }
        CredentialMissing::NoFile
        | CredentialMissing::NotSignedIn
        | CredentialMissing::InferenceOnly
        | CredentialMissing::Blanked
        | CredentialMissing::LoginEnded(_) => ("No sign-in found", format!("Holdoff has no {provider} {name}.")),
    }
}

/// Why no request is sent, and what ends that.
pub(super) fn waiting(state: &AccountState, key: &KeyInfo, trouble: &SignInTrouble) -> String {
    let (provider, name) = (state.provider.name(), key.name);
    match trouble {
        SignInTrouble::Absent(absence) => {
            format!("{} Checks resume when there is a working one.", absent(provider, key, absence).1)
        }
        SignInTrouble::Expired => format!("The {provider} {name} has expired. Paste a new one in the settings."),
        SignInTrouble::Paused(cause) => {
            format!("Paused: {} Checks resume when you paste a new {name} in the settings.", pause(state, cause))
        }
    }
}

/// What the user does first.
pub(super) fn what_to_do(need: &Urgency, key: &KeyInfo) -> String {
    let name = key.name;
    match need {
        Urgency::Only(SignInTrouble::Absent(CredentialMissing::Keyring(_))) => UNLOCK.to_owned(),
        Urgency::Only(SignInTrouble::Absent(CredentialMissing::NoFile | CredentialMissing::NotSignedIn)) => {
            format!("Paste the {name} below. To make one: {}", key.address)
        }
        Urgency::Only(_) | Urgency::Soon | Urgency::Sooner => {
            format!("Paste a new {name} below. To make one: {}", key.address)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyInfo = KeyInfo { name: "API key", address: "https://example.com/keys", variable: None };

    #[test]
    fn pasted_key_missing_is_said_with_what_helps() {
        let locked = CredentialMissing::Keyring(KeyringTrouble::Locked);
        let broken = CredentialMissing::Keyring(KeyringTrouble::Unavailable("no keyring service is running".into()));
        for (absence, says, step) in [
            (
                CredentialMissing::NotSignedIn,
                "Holdoff has no Example API key.",
                "Paste the API key below. To make one: https://example.com/keys",
            ),
            (CredentialMissing::EmptyToken, "empty or damaged", "Paste a new API key below."),
            (locked, "keyring is locked", UNLOCK),
            (broken, "cannot be used: no keyring service is running.", UNLOCK),
        ] {
            let (_, text) = absent("Example", &KEY, &absence);
            assert!(text.contains(says), "{text}");
            let first = what_to_do(&Urgency::Only(SignInTrouble::Absent(absence)), &KEY);
            assert!(first.starts_with(step), "{first}");
        }
    }

    #[test]
    fn pasted_key_not_stored_is_said_with_the_reason() {
        let said = |stored, result| key_kept(&KEY, stored, &result);
        assert_eq!(
            said(true, Ok(())),
            "The API key is in the system's keyring. Holdoff tests it with its next request."
        );
        assert_eq!(
            said(false, Err(KeyringTrouble::Locked)),
            "The API key was not removed: the system's keyring cannot be used, because it is locked."
        );
    }
}
