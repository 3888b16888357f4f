//! The state of a gate, and why a request was not sent.

use super::free_readings::{self, FREE_ONLY};
use super::reasons::{ended, pause};
use super::{format_duration, not_before, pasted_key, renewal};
use crate::credential::CredentialMissing;
use crate::gate::policy;
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::providers::SignIn;
use crate::record::ledger::OutcomeKind;
use crate::request::Endpoint;
use crate::response::{Barred, GrantOutcome, Outcome, Rejection};
use crate::state::{AccountState, NotYet, Provider, RefreshOutcome, Refusal, SignInTrouble};
use crate::status::account::AccountStatus;
use crate::time::Moment;
use std::time::Duration;

/// The state of requests, with the time of the next one, and what blocks renewal of the sign-in: one or two sentences each.
pub fn status(status: &AccountStatus<'_>, zone: &LocalTime) -> Vec<String> {
    let (mut lines, planned) = lines(status, zone);
    if let Some((at, sentence)) = planned {
        lines.insert(at, sentence);
    }
    lines
}

/// The same beside a countdown to the next request, which need not be a sentence too.
pub fn status_beside_countdown(status: &AccountStatus<'_>, zone: &LocalTime) -> Vec<String> {
    lines(status, zone).0
}

/// The sentences, without the one of a plain next request. That has a place among them.
fn lines(status: &AccountStatus<'_>, zone: &LocalTime) -> (Vec<String>, Option<(usize, String)>) {
    let (state, now) = (status.account, status.now);
    if let Err(unsaved @ Refusal::Unsaved { .. }) = &status.refresh {
        return (vec![refusal(unsaved, state, now, zone)], None);
    }
    if state.free_only() {
        return (vec![FREE_ONLY.to_owned(), free_readings::how_to_get_one(state)], None);
    }
    if let Some(trouble) = &status.trouble {
        return (vec![waiting_for_sign_in(state, trouble, now, zone)], None);
    }
    let renewal = renewal::while_it_works(status, zone);
    let mut lines: Vec<String> = crate::messages::quota::no_limits(state, now.wall, zone).into_iter().collect();
    let place = lines.len();
    let asking = asking(status, zone);
    lines.extend(asking.clone().err());
    lines.extend(untried_sign_in(status, zone).into_iter().chain(renewal));
    (lines, asking.ok().map(|sentence| (place, sentence)))
}

/// The plain next request, or else what holds it back.
fn asking(status: &AccountStatus<'_>, zone: &LocalTime) -> Result<String, String> {
    let (state, now) = (status.account, status.now);
    if state.gates[Endpoint::Usage].intent.is_some() {
        return Err("Checking usage now.".to_owned());
    }
    let next = status.next_request.filter(|next| next.is_after(now));
    let clock = next.map(|next| not_before(next.wall_as_of(now), now.wall, zone));
    match (&state.gates[Endpoint::Usage].state, clock) {
        (GateState::CoolingDown { cause, until, .. }, Some(clock)) if until.is_after(now) => {
            Err(cooldown(state.provider, cause, &clock))
        }
        (_, Some(clock)) => Ok(format!("Next check at {clock}.")),
        (_, None) => Ok("A check is due.".to_owned()),
    }
}

/// A new sign-in does not end a cooldown (law 2). Reports that it was found all the same.
fn untried_sign_in(status: &AccountStatus<'_>, zone: &LocalTime) -> Option<String> {
    let (state, now) = (status.account, status.now);
    let GateState::CoolingDown { until, .. } = &state.gates[Endpoint::Usage].state else {
        return None;
    };
    let next = status.next_request.filter(|_| until.is_after(now) && state.has_untried_sign_in())?;
    let clock = not_before(next.wall_as_of(now), now.wall, zone);
    Some(format!("{} has a new sign-in. Holdoff tries it at {clock}.", state.provider.owner()))
}

fn waiting_for_sign_in(state: &AccountState, trouble: &SignInTrouble, now: Moment, zone: &LocalTime) -> String {
    let info = match state.provider.info().sign_in {
        SignIn::Owner(owner) => owner,
        SignIn::Key(key) => return pasted_key::waiting(state, key, trouble),
    };
    let owner = info.name;
    match trouble {
        SignInTrouble::Absent(CredentialMissing::InferenceOnly) => {
            let variable = info.inference_token.variable;
            format!("{variable} cannot read usage. Checks resume when {owner} also has a stored sign-in.")
        }
        SignInTrouble::Absent(absence @ (CredentialMissing::Blanked | CredentialMissing::LoginEnded(_))) => {
            format!("{} Checks resume when you sign in again.", ended(owner, absence))
        }
        SignInTrouble::Absent(CredentialMissing::NoFile | CredentialMissing::NotSignedIn) => {
            format!("No {owner} sign-in found. Checks resume when you sign in.")
        }
        SignInTrouble::Absent(
            CredentialMissing::EmptyToken
            | CredentialMissing::Unreadable(_)
            | CredentialMissing::Forbidden(_)
            | CredentialMissing::Keyring(_),
        ) => {
            format!("No usable {owner} sign-in found. Checks resume when there is one.")
        }
        SignInTrouble::Expired => renewal::expired(state, now, zone),
        SignInTrouble::Paused(cause) => {
            let until = if cause.ends_by_signing_in() { "you sign in again" } else { "the sign-in changes" };
            format!("Paused: {} Checks resume when {until}.", pause(state, cause))
        }
    }
}

/// Why no request is sent before `clock`.
pub fn cooldown(provider: Provider, cause: &Cooldown, clock: &str) -> String {
    let name = provider.name();
    match cause {
        Cooldown::RateLimited { retry_after_s: Some(secs) } => {
            let asked = format_duration(Duration::from_secs(*secs));
            format!("{name} is rate limiting usage checks (HTTP 429, Retry-After {asked}). Next check at {clock}.")
        }
        Cooldown::RateLimited { retry_after_s: None } => {
            format!("{name} is rate limiting usage checks (HTTP 429). Next check at {clock}.")
        }
        Cooldown::TurnedAway => format!(
            "{name} is refusing Holdoff itself: its edge servers rejected {} or more requests in a row (HTTP 429). Your own limit is not the cause. Next check at {clock}. Free readings (in the settings) need no request.",
            policy::TURNED_AWAY_AFTER
        ),
        Cooldown::Network { why } => {
            format!("Could not reach {name}: {why}. Next check at {clock}.")
        }
        Cooldown::Server { status } => {
            format!("{name} returned a server error (HTTP {status}). Next check at {clock}.")
        }
        Cooldown::Unreadable { status, why } => {
            format!("Could not use {name}'s response (HTTP {status}): {why}. Next check at {clock}.")
        }
        Cooldown::Unanswered => {
            format!("Holdoff stopped during a request, so it waits in case it was rate limited. Next check at {clock}.")
        }
        Cooldown::StateLost => format!(
            "Holdoff could not read its saved state, so it waits in case {name} had rate limited it. Next check at {clock}."
        ),
    }
}

/// A refresh has to wait for an earlier operation.
const STILL_BUSY: &str = "Another operation is in progress; a refresh follows if it is allowed.";

/// The result of a manual refresh.
pub fn refresh(outcome: &RefreshOutcome, zone: &LocalTime) -> String {
    match outcome {
        RefreshOutcome::Requested => "Refresh requested.".to_owned(),
        RefreshOutcome::Busy => STILL_BUSY.to_owned(),
        RefreshOutcome::Refused { refusal: why, state, at } => refusal(why, state, *at, zone),
    }
}

/// Why a manual refresh was refused, and when it will be possible.
pub fn refusal(refusal: &Refusal, state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    match refusal {
        Refusal::NotBefore { until, cause } => {
            let clock = not_before(until.wall_as_of(now), now.wall, zone);
            let why = match cause {
                NotYet::Spacing => SPACING.to_owned(),
                NotYet::Cooldown(cause) => reason(state.provider, cause),
            };
            format!("Refresh available at {clock}: {why}.")
        }
        Refusal::SignIn(trouble) => waiting_for_sign_in(state, trouble, now, zone),
        Refusal::FreeOnly => format!("{FREE_ONLY} {}", free_readings::how_to_get_one(state)),
        Refusal::Unsaved { trouble } => format!(
            "Holdoff cannot save its state ({trouble}), so it sends no requests: without a record it could send one too early. Free some space or fix the folder's permissions; Holdoff resumes by itself."
        ),
    }
}

/// For a button: "Available at 14:32". `None` if only a sign-in or a repair helps.
pub fn refusal_short(refusal: &Refusal, now: Moment, zone: &LocalTime) -> Option<String> {
    match refusal {
        Refusal::NotBefore { until, .. } => {
            Some(format!("Available at {}", not_before(until.wall_as_of(now), now.wall, zone)))
        }
        Refusal::FreeOnly => Some("Free readings only".to_owned()),
        Refusal::SignIn(_) | Refusal::Unsaved { .. } => None,
    }
}

pub(super) const SPACING: &str = "the last request was less than 3 minutes ago";

pub(super) fn reason(provider: Provider, cause: &Cooldown) -> String {
    let name = provider.name();
    match cause {
        Cooldown::RateLimited { .. } => format!("{name} is rate limiting usage checks (HTTP 429)"),
        Cooldown::TurnedAway => {
            format!("{name} is refusing Holdoff itself (HTTP 429); your own limit is not the cause")
        }
        Cooldown::Network { why } => format!("{name} could not be reached ({why})"),
        Cooldown::Server { status } => format!("{name} returned a server error (HTTP {status})"),
        Cooldown::Unreadable { status, .. } => format!("{name}'s last response (HTTP {status}) could not be used"),
        Cooldown::Unanswered => "Holdoff stopped during a request".to_owned(),
        Cooldown::StateLost => "Holdoff could not read its saved state".to_owned(),
    }
}

/// The outcome of a request.
pub fn outcome(provider: Provider, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reading(_) => "reading received".to_owned(),
        Outcome::RateLimited { retry_after: Some(wait) } => {
            format!("rate limited, Retry-After {}", format_duration(*wait))
        }
        Outcome::RateLimited { retry_after: None } => "rate limited".to_owned(),
        Outcome::RefusedAtEdge => format!("refused at {}'s edge (HTTP 429)", provider.name()),
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Organization, status }) => {
            format!("not allowed for this organization (HTTP {status})")
        }
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Account, status }) => {
            format!("not allowed for this account (HTTP {status})")
        }
        Outcome::Rejected(Rejection::Unauthorized) => "sign-in not accepted (HTTP 401)".to_owned(),
        Outcome::Rejected(Rejection::MissingScope(scope)) => format!("sign-in lacks the scope {scope} (HTTP 403)"),
        Outcome::Rejected(Rejection::Forbidden(kind)) => format!("refused (HTTP 403: {kind})"),
        Outcome::ServerTrouble { status, .. } => format!("{} returned a server error (HTTP {status})", provider.name()),
        Outcome::Unreachable { why } => format!("not sent: {why}"),
        Outcome::PermitExpired => "not sent: the computer was asleep".to_owned(),
        Outcome::Ambiguous { why } => format!("no response: {why}"),
        Outcome::Unreadable { status, why, .. } => format!("unusable response (HTTP {status}): {why}"),
    }
}

pub fn outcome_kind(outcome: &Outcome) -> OutcomeKind {
    match outcome {
        Outcome::Reading(_) => OutcomeKind::Reading,
        Outcome::RateLimited { .. } | Outcome::RefusedAtEdge => OutcomeKind::RateLimited,
        Outcome::Rejected(Rejection::Unauthorized) => OutcomeKind::Unauthorized,
        Outcome::Rejected(Rejection::MissingScope(_)) => OutcomeKind::MissingScope,
        Outcome::Rejected(Rejection::Forbidden(_) | Rejection::NotAllowed { .. }) => OutcomeKind::Forbidden,
        Outcome::ServerTrouble { .. } => OutcomeKind::ServerTrouble,
        Outcome::Unreachable { .. } | Outcome::PermitExpired => OutcomeKind::Unreachable,
        Outcome::Ambiguous { .. } => OutcomeKind::Ambiguous,
        Outcome::Unreadable { .. } => OutcomeKind::Unreadable,
    }
}

/// The outcome of a renewal.
pub fn grant(provider: Provider, grant: &GrantOutcome) -> String {
    let name = provider.name();
    match grant {
        GrantOutcome::Renewed(_) => "sign-in renewed".to_owned(),
        GrantOutcome::Refused => "refresh token refused".to_owned(),
        GrantOutcome::RateLimited { retry_after: Some(wait) } => {
            format!("renewal rate limited, Retry-After {}", format_duration(*wait))
        }
        GrantOutcome::RateLimited { retry_after: None } => "renewal rate limited".to_owned(),
        GrantOutcome::Ambiguous { why, .. } => format!("renewal outcome unknown: {why}"),
        GrantOutcome::Denied { status, kind, .. } if kind.is_empty() => {
            format!("{name} denied renewal (HTTP {status})")
        }
        GrantOutcome::Denied { status, kind, .. } => format!("{name} denied renewal (HTTP {status}: {kind})"),
        GrantOutcome::UnusableTokens { why } => format!("renewal accepted, but {why}"),
        GrantOutcome::Unreachable { why } => format!("renewal not sent: {why}"),
        GrantOutcome::PermitExpired => {
            "renewal not sent: the computer was asleep, or renewal was turned off".to_owned()
        }
    }
}

pub fn grant_kind(grant: &GrantOutcome) -> OutcomeKind {
    match grant {
        GrantOutcome::Renewed(_) => OutcomeKind::Renewed,
        GrantOutcome::Refused => OutcomeKind::GrantRefused,
        GrantOutcome::RateLimited { .. } => OutcomeKind::RateLimited,
        GrantOutcome::Ambiguous { .. } => OutcomeKind::Ambiguous,
        GrantOutcome::Denied { .. } => OutcomeKind::Denied,
        GrantOutcome::UnusableTokens { .. } => OutcomeKind::UnusableTokens,
        GrantOutcome::Unreachable { .. } | GrantOutcome::PermitExpired => OutcomeKind::Unreachable,
    }
}
