//! Renewal of a sign-in by Holdoff, in words.

use super::{clock, not_before};
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::state::{AccountState, Renewal};
use crate::status::account::AccountStatus;
use crate::time::Moment;

/// What stands against it while the sign-in there is still works. `None` where nothing does.
pub(super) fn while_it_works(status: &AccountStatus<'_>, zone: &LocalTime) -> Option<String> {
    let (state, now) = (status.account, status.now);
    let works = still_works(state, now, zone);
    match status.renewal {
        Renewal::Off | Renewal::Ready | Renewal::Impossible => None,
        Renewal::Waits { cause, until } => {
            let waits = waits(state, cause, until, now, zone);
            Some(format!("{}; {works}.", upper_first(&waits)))
        }
        Renewal::HeldUp { why } => Some(format!("{}; {works}.", upper_first(&renewal_blocked(why)))),
        Renewal::Stopped(_) => Some(format!("The sign-in cannot be renewed; {works}.")),
    }
}

/// "the current sign-in still works until 15:30".
pub(super) fn still_works(state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    match state.sign_in.expires_at() {
        Some(at) => format!("the current sign-in still works until {}", clock(at, now.wall, zone)),
        None => "the current sign-in still works".to_owned(),
    }
}

/// The sign-in has expired: who renews it, and when.
pub(super) fn expired(state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    let owner = state.provider.owner();
    let renewable = state.sign_in.renewable;
    match state.renewal(now) {
        Renewal::Off if renewable => {
            format!("The sign-in has expired. {owner} renews it when it is used next; nothing is asked until then.")
        }
        Renewal::Off | Renewal::Impossible | Renewal::Stopped(_) => {
            "The sign-in has expired and cannot be renewed. Nothing is asked until you sign in again.".to_owned()
        }
        Renewal::Ready => match held_by_usage(state, now) {
            Some(until) => {
                let clock = not_before(until.wall_as_of(now), now.wall, zone);
                format!(
                    "The sign-in has expired, and {} limits requests. Nothing is asked before {clock}; Holdoff renews the sign-in then.",
                    state.provider.name()
                )
            }
            None => {
                "The sign-in has expired. Holdoff renews it as soon as it may; nothing is asked until then.".to_owned()
            }
        },
        Renewal::Waits { cause, until } => {
            let waits = waits(state, cause, until, now, zone);
            format!("The sign-in has expired, and {waits}. Nothing is asked until it is renewed.")
        }
        Renewal::HeldUp { why } => {
            format!("The sign-in has expired, and {}. Nothing is asked until it is renewed.", renewal_blocked(why))
        }
    }
}

/// A limit of usage holds renewal back as well (law 4).
fn held_by_usage(state: &AccountState, now: Moment) -> Option<Moment> {
    match &state.usage.state {
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
            format!("{name} limits sign-in renewal until {clock}")
        }
        Cooldown::Network { why } => format!("its renewal failed ({why}) and is tried again at {clock}"),
        Cooldown::Server { status } | Cooldown::Unreadable { status, .. } => {
            format!("its renewal failed ({name} answered {status}) and is tried again at {clock}")
        }
        Cooldown::Unanswered => format!("its renewal was cut off and is tried again at {clock}"),
        Cooldown::MemoryLost => {
            format!("Holdoff, whose saved state could not be read, renews no sign-in before {clock}")
        }
    }
}

fn renewal_blocked(why: &str) -> String {
    format!("its renewal is held up ({why}) and is tried again every few minutes")
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
