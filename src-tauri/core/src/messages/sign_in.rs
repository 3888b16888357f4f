//! The state of the sign-in: what is wrong, and what Holdoff does about it.

use super::{format_time, not_before, pasted_key, renewal};
use crate::credential::sign_in_flow::SignInFlow;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::Pause;
use crate::local_time::LocalTime;
use crate::messages::reasons::{ended, pause, paused_title};
use crate::providers::{OwnerInfo, SignIn};
use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::status::account::AccountStatus;
use crate::time::Moment;

/// The state of the sign-in. The user's next steps are in [`super::SignInSteps`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInWords {
    /// A short title: "Signed in", "Sign-in expired".
    pub title: String,
    pub text: String,
}

pub fn sign_in(status: &AccountStatus<'_>, zone: &LocalTime) -> SignInWords {
    let (state, now) = (status.account, status.now);
    let provider = state.provider.info();
    let info = match provider.sign_in {
        SignIn::Owner(owner) => owner,
        SignIn::Key(key) => {
            let (title, text) = pasted_key::sign_in(status, provider.name, key, &tried_at(status, zone));
            return SignInWords { title: title.to_owned(), text };
        }
    };
    let owner = info.name;
    if state.free_only() {
        return unused(state, info);
    }
    let (title, text) = match &status.trouble {
        None if state.sign_in.seen.is_none() => {
            ("Looking for the sign-in", format!("Holdoff is looking for {owner}'s sign-in."))
        }
        None if matches!(status.sign_in_flow, SignInFlow::Checking { .. }) => (
            "New sign-in found",
            format!(
                "{owner} has a new sign-in. Holdoff tests it with one request{}, then resumes.",
                tried_at(status, zone)
            ),
        ),
        None => works(status, zone),
        Some(SignInTrouble::Expired) => expired(state, now, zone),
        Some(SignInTrouble::Paused(cause)) => (paused_title(cause), paused(state, cause, info)),
        Some(SignInTrouble::Absent(absence)) => absent(info, provider.account, absence),
    };
    SignInWords { title: title.to_owned(), text }
}

/// " at 15:10", if it has to wait.
fn tried_at(status: &AccountStatus<'_>, zone: &LocalTime) -> String {
    let now = status.now;
    let next = status.next_request.filter(|next| next.is_after(now));
    next.map(|next| format!(" at {}", not_before(next.wall_as_of(now), now.wall, zone))).unwrap_or_default()
}

/// What is known without sending a request.
fn unused(state: &AccountState, info: &OwnerInfo) -> SignInWords {
    let owner = info.name;
    let (title, first) = match &state.sign_in.seen {
        None => {
            return SignInWords {
                title: "Looking for the sign-in".to_owned(),
                text: format!("Holdoff is looking for {owner}'s sign-in."),
            };
        }
        Some(CredentialPresence::Present { .. }) => {
            ("Signed in", format!("Holdoff only reads which account {owner} is signed in to."))
        }
        Some(CredentialPresence::Absent(absence)) => {
            let (title, _) = absent(info, state.provider.info().account, absence);
            (title, format!("{owner} has no working sign-in."))
        }
    };
    let text = format!("{first} Holdoff sends no requests: this account is set to free readings only.");
    SignInWords { title: title.to_owned(), text }
}

fn works(status: &AccountStatus<'_>, zone: &LocalTime) -> (&'static str, String) {
    let (state, now) = (status.account, status.now);
    let owner = state.provider.owner();
    let renews = format!("Holdoff reads {owner}'s sign-in and renews it before it expires, as you chose.");
    match status.renewal {
        Renewal::Off => ("Signed in", format!("Holdoff reads {owner}'s sign-in and never writes to it.")),
        Renewal::Ready => ("Signed in", renews),
        Renewal::Waits { .. } | Renewal::HeldUp { .. } => {
            let waits = renewal::while_it_works(status, zone).unwrap_or_default();
            ("Signed in", format!("{renews} {waits}"))
        }
        Renewal::Impossible => (
            "Signed in",
            format!("Holdoff reads {owner}'s sign-in. It cannot renew it because the sign-in has no refresh token."),
        ),
        Renewal::Stopped(cause) => {
            let until = match state.sign_in.expires_at() {
                Some(at) => format!("until {}", format_time(at, now.wall, zone)),
                None => "for now".to_owned(),
            };
            let why = pause(state, cause);
            ("Sign-in not renewed", format!("{why} The sign-in still works {until}. Then checks stop."))
        }
    }
}

fn expired(state: &AccountState, now: Moment, zone: &LocalTime) -> (&'static str, String) {
    let owner = state.provider.owner();
    let text = match state.renewal(now) {
        Renewal::Off if state.sign_in.renewable => format!(
            "The sign-in has expired. This is normal: {owner} renews it the next time you use it. \
             Holdoff never sends an expired token, and resumes by itself after renewal."
        ),
        Renewal::Off | Renewal::Impossible | Renewal::Stopped(_) => format!(
            "The sign-in has expired, and {owner} has no refresh token to renew it. \
             Holdoff never sends an expired token, and resumes by itself when you sign in again."
        ),
        Renewal::Ready | Renewal::Waits { .. } | Renewal::HeldUp { .. } => renewal::expired(state, now, zone),
    };
    ("Sign-in expired", text)
}

fn paused(state: &AccountState, cause: &Pause, owner: &OwnerInfo) -> String {
    let why = pause(state, cause);
    let hint = match cause {
        Pause::MissingScope { .. } | Pause::ScopeNotGranted { .. } => {
            let command = owner.inference_token.command;
            &format!(" A token from {command} never has it; a sign-in in the browser does.")
        }
        Pause::Forbidden { .. } => " It may belong to an account without a plan.",
        Pause::NotAllowed { .. } => {
            return format!("{why} Checks are paused and resume by themselves when the sign-in changes.");
        }
        Pause::Rejected | Pause::RefreshRefused | Pause::RenewalCutOff | Pause::RenewalWasted | Pause::OtherAccount => {
            ""
        }
    };
    format!("{why}{hint} Checks are paused and resume by themselves when you sign in again.")
}

fn absent(info: &OwnerInfo, account: &str, absence: &CredentialMissing) -> (&'static str, String) {
    let owner = info.name;
    let goes_on = "Holdoff waits and resumes by itself.";
    match absence {
        CredentialMissing::NoFile => (
            "No sign-in found",
            format!("There is no {owner} sign-in on this computer, or it is in another folder. {goes_on}"),
        ),
        CredentialMissing::NotSignedIn => ("Signed out", format!("{owner} is not signed in to {account}. {goes_on}")),
        CredentialMissing::InferenceOnly => (
            "Inference-only token",
            format!(
                "{} is set, and {owner} has no stored sign-in. Such a token cannot read usage, so Holdoff does not use it. Sign in with {owner} as well; {owner} keeps using the token. {goes_on}",
                info.inference_token.variable
            ),
        ),
        CredentialMissing::Blanked | CredentialMissing::LoginEnded(_) => {
            ("Sign-in has ended", format!("{} {goes_on}", ended(owner, absence)))
        }
        CredentialMissing::EmptyToken => (
            "Sign-in has no token",
            format!("{owner}'s sign-in exists, but its access token is empty or damaged. {goes_on}"),
        ),
        CredentialMissing::Unreadable(why) => (
            "Sign-in cannot be read",
            format!(
                "{owner}'s credential file cannot be used: {why}. Holdoff leaves it unchanged and checks it again in a moment."
            ),
        ),
        CredentialMissing::Forbidden(why) => {
            ("Sign-in cannot be opened", format!("{owner}'s credential file cannot be opened: {why}. {goes_on}"))
        }
        CredentialMissing::Keyring(trouble) => pasted_key::keyring(trouble),
    }
}
