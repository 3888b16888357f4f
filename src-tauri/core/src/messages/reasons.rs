//! Why a sign-in cannot be used.

use crate::credential::CredentialMissing;
use crate::gate::Pause;
use crate::response::Barred;
use crate::state::AccountState;

/// Why the sign-in has ended.
pub(super) fn ended(owner: &str, absence: &CredentialMissing) -> String {
    match absence {
        CredentialMissing::LoginEnded(why) if !why.is_empty() => format!("{owner}'s sign-in has ended ({why})."),
        CredentialMissing::LoginEnded(_) => format!("{owner}'s sign-in has ended."),
        _ => format!("{owner}'s sign-in has ended: its renewal was refused and {owner} cleared its tokens."),
    }
}

/// Why the sign-in is not accepted.
pub(super) fn pause(state: &AccountState, cause: &Pause) -> String {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    match cause {
        Pause::Rejected => format!("{name} rejected the sign-in three times (HTTP 401)."),
        Pause::MissingScope { scope } => {
            format!("{name} does not let this sign-in read usage: it lacks the scope {scope} (HTTP 403).")
        }
        Pause::ScopeNotGranted { scope } => format!(
            "{owner} stored this sign-in without the scope {scope}, which usage checks need, so Holdoff does not use it."
        ),
        Pause::NotAllowed { to: Barred::Organization, status } => {
            let whose = state.sign_in.identity.organization.as_deref();
            let whose = whose.map_or_else(|| "your organization".to_owned(), |name| format!("the organization {name}"));
            format!(
                "{name} does not allow this kind of sign-in for {whose} (HTTP {status}). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request."
            )
        }
        Pause::NotAllowed { to: Barred::Account, status } => format!(
            "{name} does not let your account read usage (HTTP {status}). Its support can change that; signing in again does not help. Free readings (in the settings) need no request."
        ),
        Pause::Forbidden { message } => {
            format!("{name} refused this sign-in three times (HTTP 403: {message}).")
        }
        Pause::RefreshRefused => format!("{name} no longer renews this sign-in: its refresh token was refused."),
        Pause::RenewalCutOff => {
            "Holdoff stopped while renewing the sign-in. Retrying could sign you out everywhere.".to_owned()
        }
        Pause::RenewalWasted => format!("{name} renewed the sign-in, but its response could not be used."),
        Pause::OtherAccount => format!("{name} renewed the sign-in for a different account."),
    }
}

/// A short title for it.
pub(super) fn paused_title(cause: &Pause) -> &'static str {
    match cause {
        Pause::Rejected | Pause::Forbidden { .. } => "Sign-in not accepted",
        Pause::NotAllowed { to: Barred::Organization, .. } => "Not allowed for the organization",
        Pause::NotAllowed { to: Barred::Account, .. } => "Not allowed for the account",
        Pause::MissingScope { .. } | Pause::ScopeNotGranted { .. } => "Sign-in lacks a permission",
        Pause::RefreshRefused | Pause::RenewalCutOff | Pause::RenewalWasted => "Sign-in not renewed",
        Pause::OtherAccount => "Another account's sign-in",
    }
}
