//! The state of a gate in words, and why something was not asked.

use super::free_readings::{self, FREE_ONLY};
use super::reasons::{ended, pause};
use super::{format_duration, not_before, renewal};
use crate::credential::CredentialMissing;
use crate::gate::policy;
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::record::ledger::OutcomeKind;
use crate::response::{Barred, GrantOutcome, Outcome, Rejection};
use crate::state::{AccountState, NotYet, Provider, RefreshOutcome, Refusal, SignInTrouble};
use crate::status::account::AccountStatus;
use crate::time::Moment;
use std::time::Duration;

/// The state of asking, with the time of the next request, and what stands against renewing the sign-in: a sentence
/// or two each.
pub fn status(status: &AccountStatus<'_>, zone: &LocalTime) -> Vec<String> {
    let (state, now) = (status.account, status.now);
    if let Err(unsaved @ Refusal::Unsaved { .. }) = &status.refresh {
        return vec![refusal(unsaved, state, now, zone)];
    }
    if state.free_only() {
        return vec![FREE_ONLY.to_owned(), free_readings::how_to_get_one(state)];
    }
    if let Some(trouble) = &status.trouble {
        return vec![waiting_for_sign_in(state, trouble, now, zone)];
    }
    let renewal = renewal::while_it_works(status, zone);
    let no_limits = crate::messages::quota::no_limits(state, now.wall, zone);
    let untried = untried_sign_in(status, zone);
    no_limits.into_iter().chain([asking(status, zone)]).chain(untried).chain(renewal).collect()
}

fn asking(status: &AccountStatus<'_>, zone: &LocalTime) -> String {
    let (state, now) = (status.account, status.now);
    if state.usage.intent.is_some() {
        return format!("Asking {}.", state.provider.name());
    }
    let next = status.next_request.filter(|next| next.is_after(now));
    let clock = next.map(|next| not_before(next.wall_as_of(now), now.wall, zone));
    match (&state.usage.state, clock) {
        (GateState::CoolingDown { cause, until, .. }, Some(clock)) if until.is_after(now) => {
            cooldown(state.provider, cause, &clock)
        }
        (_, Some(clock)) => format!("Next request at {clock}."),
        (_, None) => "A request is due.".to_owned(),
    }
}

/// A new sign-in ends no cooldown (law 2): that it is there is said all the same.
fn untried_sign_in(status: &AccountStatus<'_>, zone: &LocalTime) -> Option<String> {
    let (state, now) = (status.account, status.now);
    let GateState::CoolingDown { until, .. } = &state.usage.state else {
        return None;
    };
    let next = status.next_request.filter(|_| until.is_after(now) && state.has_untried_sign_in())?;
    let clock = not_before(next.wall_as_of(now), now.wall, zone);
    Some(format!("{} has a new sign-in; it is tried at {clock}.", state.provider.owner()))
}

fn waiting_for_sign_in(state: &AccountState, trouble: &SignInTrouble, now: Moment, zone: &LocalTime) -> String {
    let owner = state.provider.owner();
    match trouble {
        SignInTrouble::Absent(CredentialMissing::InferenceOnly) => format!(
            "CLAUDE_CODE_OAUTH_TOKEN may not read usage. Nothing is asked until {owner} has a stored sign-in beside it."
        ),
        SignInTrouble::Absent(absence @ (CredentialMissing::Blanked | CredentialMissing::LoginEnded(_))) => {
            format!("{} Nothing is asked until you sign in again.", ended(owner, absence))
        }
        SignInTrouble::Absent(_) => {
            format!("No sign-in of {owner} to use. Nothing is asked until there is one.")
        }
        SignInTrouble::Expired => renewal::expired(state, now, zone),
        SignInTrouble::Paused(cause) => {
            let until = if cause.ends_by_signing_in() { "you sign in again" } else { "the sign-in changes" };
            format!("Paused: {} Nothing is asked until {until}.", pause(state, cause))
        }
    }
}

/// Why nothing is asked before `clock`.
pub fn cooldown(provider: Provider, cause: &Cooldown, clock: &str) -> String {
    let name = provider.name();
    match cause {
        Cooldown::RateLimited { retry_after_s: Some(secs) } => {
            let asked = format_duration(Duration::from_secs(*secs));
            format!("{name} limits requests (429, asked for {asked}). Nothing is asked before {clock}.")
        }
        Cooldown::RateLimited { retry_after_s: None } => {
            format!("{name} limits requests (429). Nothing is asked before {clock}.")
        }
        Cooldown::TurnedAway => format!(
            "{name} turns Holdoff itself away: its edge has refused {} requests or more in a row (429). This is not your limit. Next try at {clock}. Free readings (in the settings) need no request.",
            policy::TURNED_AWAY_AFTER
        ),
        Cooldown::Network { why } => {
            format!("{name} could not be reached: {why}. Next try at {clock}.")
        }
        Cooldown::Server { status } => format!("{name} has trouble ({status}). Next try at {clock}."),
        Cooldown::Unreadable { status, why } => {
            format!("{name}'s answer ({status}) could not be used: {why}. Next try at {clock}.")
        }
        Cooldown::Unanswered => format!(
            "Holdoff ended while a request was under way, and its answer may have been to wait. Nothing is asked before {clock}."
        ),
        Cooldown::MemoryLost => format!(
            "Holdoff's saved state could not be read, and {name} may have asked it to wait. Nothing is asked before {clock}."
        ),
    }
}

/// A request for a reading has to wait for something that was begun before.
const STILL_BUSY: &str =
    "It is busy: what was begun before is not over yet. After that a reading is asked for, if it may be.";

/// What came of a person's request for a reading.
pub fn refresh(outcome: &RefreshOutcome, zone: &LocalTime) -> String {
    match outcome {
        RefreshOutcome::Requested => "Asked for a reading.".to_owned(),
        RefreshOutcome::Busy => STILL_BUSY.to_owned(),
        RefreshOutcome::Refused { refusal: why, state, at } => refusal(why, state, *at, zone),
    }
}

/// Why a person's wish was not followed, and when it may be.
pub fn refusal(refusal: &Refusal, state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    match refusal {
        Refusal::NotBefore { until, cause } => {
            let clock = not_before(until.wall_as_of(now), now.wall, zone);
            let why = match cause {
                NotYet::Spacing => SPACING.to_owned(),
                NotYet::Cooldown(cause) => reason(state.provider, cause),
            };
            format!("Not before {clock}: {why}.")
        }
        Refusal::SignIn(trouble) => waiting_for_sign_in(state, trouble, now, zone),
        Refusal::FreeOnly => format!("{FREE_ONLY} {}", free_readings::how_to_get_one(state)),
        Refusal::Unsaved { trouble } => format!(
            "Holdoff cannot save its state ({trouble}), so it asks nothing: without a record it could ask too early. Free some space or mend the folder; it goes on by itself."
        ),
    }
}

/// For a button: "Not before 14:32". `None` where only a sign-in or a repair helps.
pub fn refusal_short(refusal: &Refusal, now: Moment, zone: &LocalTime) -> Option<String> {
    match refusal {
        Refusal::NotBefore { until, .. } => {
            Some(format!("Not before {}", not_before(until.wall_as_of(now), now.wall, zone)))
        }
        Refusal::FreeOnly => Some("Free readings only".to_owned()),
        Refusal::SignIn(_) | Refusal::Unsaved { .. } => None,
    }
}

pub(super) const SPACING: &str = "the last request was less than 3 minutes ago";

pub(super) fn reason(provider: Provider, cause: &Cooldown) -> String {
    let name = provider.name();
    match cause {
        Cooldown::RateLimited { .. } => format!("{name} limits requests (429)"),
        Cooldown::TurnedAway => format!("{name} turns Holdoff itself away (429), which is not your limit"),
        Cooldown::Network { why } => format!("{name} could not be reached ({why})"),
        Cooldown::Server { status } => format!("{name} has trouble ({status})"),
        Cooldown::Unreadable { status, .. } => format!("{name}'s last answer ({status}) could not be used"),
        Cooldown::Unanswered => "Holdoff ended while a request was under way".to_owned(),
        Cooldown::MemoryLost => "Holdoff's saved state could not be read".to_owned(),
    }
}

/// What came of a request.
pub fn outcome(provider: Provider, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reading(_) => "reading".to_owned(),
        Outcome::RateLimited { retry_after: Some(wait) } => {
            format!("rate limited, asked to wait {}", format_duration(*wait))
        }
        Outcome::RateLimited { retry_after: None } => "rate limited".to_owned(),
        Outcome::RefusedAtEdge => format!("refused at {}'s edge (429)", provider.name()),
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Organization, status }) => {
            format!("not allowed for this organization ({status})")
        }
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Account, status }) => {
            format!("not allowed for this account ({status})")
        }
        Outcome::Rejected(Rejection::Unauthorized) => "sign-in not accepted (401)".to_owned(),
        Outcome::Rejected(Rejection::MissingScope(scope)) => format!("sign-in lacks the scope {scope} (403)"),
        Outcome::Rejected(Rejection::Forbidden(kind)) => format!("refused (403 {kind})"),
        Outcome::ServerTrouble { status, .. } => format!("{} has trouble ({status})", provider.name()),
        Outcome::Unreachable { why } => format!("not sent: {why}"),
        Outcome::Lapsed => "not sent: the machine slept".to_owned(),
        Outcome::Ambiguous { why } => format!("no answer: {why}"),
        Outcome::Unreadable { status, why, .. } => format!("answer {status} could not be used: {why}"),
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
        Outcome::Unreachable { .. } | Outcome::Lapsed => OutcomeKind::Unreachable,
        Outcome::Ambiguous { .. } => OutcomeKind::Ambiguous,
        Outcome::Unreadable { .. } => OutcomeKind::Unreadable,
    }
}

/// What came of a renewal.
pub fn grant(provider: Provider, grant: &GrantOutcome) -> String {
    let name = provider.name();
    match grant {
        GrantOutcome::Renewed(_) => "sign-in renewed".to_owned(),
        GrantOutcome::Refused => "refresh token not accepted any more".to_owned(),
        GrantOutcome::RateLimited { retry_after: Some(wait) } => {
            format!("renewal rate limited, asked to wait {}", format_duration(*wait))
        }
        GrantOutcome::RateLimited { retry_after: None } => "renewal rate limited".to_owned(),
        GrantOutcome::Ambiguous { why, .. } => format!("renewal left open: {why}"),
        GrantOutcome::Denied { status, kind, .. } if kind.is_empty() => format!("{name} does not renew ({status})"),
        GrantOutcome::Denied { status, kind, .. } => format!("{name} does not renew ({status} {kind})"),
        GrantOutcome::UnusableTokens { why } => format!("renewal accepted, but {why}"),
        GrantOutcome::Unreachable { why } => format!("renewal not sent: {why}"),
        GrantOutcome::Lapsed => "renewal not sent: the machine slept, or renewal was turned off".to_owned(),
    }
}

pub fn grant_kind(grant: &GrantOutcome) -> OutcomeKind {
    match grant {
        GrantOutcome::Renewed(_) => OutcomeKind::Renewed,
        GrantOutcome::Refused => OutcomeKind::GrantRefused,
        GrantOutcome::RateLimited { .. } => OutcomeKind::RateLimited,
        GrantOutcome::Ambiguous { .. } => OutcomeKind::Ambiguous,
        GrantOutcome::Denied { .. } => OutcomeKind::Denied,
        GrantOutcome::UnusableTokens { .. } => OutcomeKind::Wasted,
        GrantOutcome::Unreachable { .. } | GrantOutcome::Lapsed => OutcomeKind::Unreachable,
    }
}
