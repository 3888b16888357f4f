//! Why a sign-in is of no use.

use crate::credential::CredentialMissing;
use crate::gate::Pause;
use crate::response::Barred;
use crate::state::AccountState;

/// Why it has come to its end.
pub(super) fn ended(owner: &str, absence: &CredentialMissing) -> String {
    match absence {
        CredentialMissing::LoginEnded(why) if !why.is_empty() => format!("{owner}'s sign-in has ended ({why})."),
        CredentialMissing::LoginEnded(_) => format!("{owner}'s sign-in has ended."),
        _ => format!("{owner}'s sign-in has ended: its renewal was refused, and {owner} emptied its tokens."),
    }
}

/// Why the sign-in is not accepted.
pub(super) fn pause(state: &AccountState, cause: &Pause) -> String {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    match cause {
        Pause::Rejected => format!("{name} rejected the sign-in three times (401)."),
        Pause::MissingScope { scope } => {
            format!("{name} does not let this sign-in read usage: it lacks the scope {scope} (403).")
        }
        Pause::ScopeNotGranted { scope } => format!(
            "{owner} stored this sign-in without the scope {scope}, which usage needs, so Holdoff sends nothing with it."
        ),
        Pause::NotAllowed { to: Barred::Organization, status } => {
            let whose = state.sign_in.identity.organization.as_deref();
            let whose = whose.map_or_else(|| "your organization".to_owned(), |name| format!("the organization {name}"));
            format!(
                "{name} does not allow this kind of sign-in for {whose} ({status}). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request."
            )
        }
        Pause::NotAllowed { to: Barred::Account, status } => format!(
            "{name} does not let your account read usage ({status}). Its support can change that; signing in again cannot. Free readings (in the settings) need no request."
        ),
        Pause::Forbidden { message } => {
            format!("{name} refused this sign-in three times (403 {message}).")
        }
        Pause::RefreshRefused => format!("{name} does not renew this sign-in any more: its refresh token was refused."),
        Pause::RenewalCutOff => {
            "Holdoff ended while it was renewing the sign-in, and to try again could end every session of it."
                .to_owned()
        }
        Pause::RenewalWasted => format!("{name} renewed the sign-in, but its answer could not be used."),
        Pause::OtherAccount => format!("{name} renewed the sign-in for another account than it was."),
    }
}
