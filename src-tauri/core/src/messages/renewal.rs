//! Messages about sign-in renewal by Holdoff.

use super::{format_time, not_before};
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::request::Endpoint;
use crate::state::{AccountState, Renewal};
use crate::status::account::AccountStatus;
use crate::time::Moment;

/// What prevents renewal while the current sign-in still works. `None` if nothing does.
pub(super) fn while_it_works(status: &AccountStatus<'_>, zone: &LocalTime) -> Option<String> {
    let (state, now) = (status.account, status.now);
    let works = still_works(state, now, zone);
    match status.renewal {
        Renewal::Off | Renewal::Ready | Renewal::Impossible => None,
        Renewal::Waits { cause, until } => {
            let waits = waits(state, cause, until, now, zone);
            Some(format!("{waits}. {works}."))
        }
        Renewal::HeldUp { why } => Some(format!("{}. {works}.", renewal_blocked(why))),
        Renewal::Stopped(_) => Some(format!("The sign-in cannot be renewed. {works}.")),
    }
}

/// "The current sign-in still works until 15:30".
pub(super) fn still_works(state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    match state.sign_in.expires_at() {
        Some(at) => format!("The current sign-in still works until {}", format_time(at, now.wall, zone)),
        None => "The current sign-in still works".to_owned(),
    }
}

/// The sign-in has expired: who renews it, and when.
pub(super) fn expired(state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    let owner = state.provider.owner();
    let renewable = state.sign_in.renewable;
    match state.renewal(now) {
        Renewal::Off if renewable => {
            format!("The sign-in has expired. {owner} renews it the next time you use it. Checks resume then.")
        }
        Renewal::Off | Renewal::Impossible | Renewal::Stopped(_) => {
            "The sign-in has expired and cannot be renewed. Checks resume when you sign in again.".to_owned()
        }
        Renewal::Ready => match held_by_usage(state, now) {
            Some(until) => {
                let clock = not_before(until.wall_as_of(now), now.wall, zone);
                format!(
                    "The sign-in has expired, and {} is rate limiting usage checks. Holdoff renews the sign-in at {clock}. Checks resume then.",
                    state.provider.name()
                )
            }
            None => {
                "The sign-in has expired. Holdoff renews it as soon as it is allowed to. Checks resume then.".to_owned()
            }
        },
        Renewal::Waits { cause, until } => {
            let waits = waits(state, cause, until, now, zone);
            format!("The sign-in has expired. {waits}. Checks resume after renewal.")
        }
        Renewal::HeldUp { why } => {
            format!("The sign-in has expired. {}. Checks resume after renewal.", renewal_blocked(why))
        }
    }
}

/// A rate limit of the usage endpoint blocks renewal as well (law 4).
fn held_by_usage(state: &AccountState, now: Moment) -> Option<Moment> {
    match &state.gates[Endpoint::Usage].state {
        GateState::CoolingDown { cause: Cooldown::RateLimited { .. } | Cooldown::TurnedAway, until, .. }
            if until.is_after(now) =>
        {
            Some(*until)
        }
        GateState::CoolingDown { .. } | GateState::Paused { .. } | GateState::Open => None,
    }
}

fn waits(state: &AccountState, cause: &Cooldown, until: Moment, now: Moment, zone: &LocalTime) -> String {
    let name = state.provider.name();
    let clock = not_before(until.wall_as_of(now), now.wall, zone);
    match cause {
        Cooldown::RateLimited { .. } | Cooldown::TurnedAway => {
            format!("{name} is rate limiting sign-in renewal; next try at {clock}")
        }
        Cooldown::Network { why } => format!("Sign-in renewal failed ({why}); next try at {clock}"),
        Cooldown::Server { status } => {
            format!("Sign-in renewal failed ({name} returned HTTP {status}); next try at {clock}")
        }
        Cooldown::Unreadable { .. } => {
            format!("Sign-in renewal failed ({name}'s response could not be used); next try at {clock}")
        }
        Cooldown::Unanswered => format!("Sign-in renewal was interrupted; next try at {clock}"),
        Cooldown::StateLost => {
            format!("Holdoff could not read its saved state; next try to renew the sign-in at {clock}")
        }
    }
}

fn renewal_blocked(why: &str) -> String {
    format!("Sign-in renewal is blocked ({why}); Holdoff retries every few minutes")
}
