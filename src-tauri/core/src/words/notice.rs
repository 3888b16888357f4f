//! Notifications: a title and a body.

use super::gate::pause;
use super::{clock, limit, not_before};
use crate::gate::GateState;
use crate::notice::{Notice, NoticeKind};
use crate::state::{AccountState, SignInTrouble};
use crate::time::Moment;
use jiff::tz::TimeZone;

/// Title and body of a notice, as things stand when it is shown.
pub fn notice(notice: &Notice, label: &str, state: &AccountState, now: Moment, zone: &TimeZone) -> (String, String) {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    match notice.kind {
        NoticeKind::Window => limit::news(notice.about.as_ref(), label, state, now.wall, zone),
        NoticeKind::RateLimited => {
            let until = match &state.usage.state {
                GateState::CoolingDown { until, .. } => not_before(until.wall_as_of(now), now.wall, zone),
                GateState::Open | GateState::Paused { .. } => not_before(now.wall, now.wall, zone),
            };
            let body = format!(
                "{name} limits how often usage may be asked for. Holdoff asks nothing before {until} and goes on by itself. Your quota is not affected. Account: {label}."
            );
            (format!("Usage not asked until {until}"), body)
        }
        NoticeKind::SignInStopped => {
            let why = match state.sign_in_trouble(now.wall) {
                Some(SignInTrouble::Paused(cause)) => pause(state.provider, &cause),
                Some(SignInTrouble::Absent(_) | SignInTrouble::Expired) | None => {
                    format!("{name} does not accept the sign-in of {owner}.")
                }
            };
            let body = format!(
                "{why} Holdoff has stopped asking. Open its settings to see how to sign in again. Account: {label}."
            );
            ("Sign-in needed".to_owned(), body)
        }
        NoticeKind::RenewalLimited => {
            let until = match &state.token.state {
                GateState::CoolingDown { until, .. } => not_before(until.wall_as_of(now), now.wall, zone),
                GateState::Open | GateState::Paused { .. } => not_before(now.wall, now.wall, zone),
            };
            let still = match state.sign_in.expires_at().filter(|at| *at > now.wall) {
                Some(at) => format!("The present sign-in still works until {}.", clock(at, now.wall, zone)),
                None => format!("Until then there are no new readings, unless you use {owner}."),
            };
            let body = format!(
                "{name} limits how often a sign-in may be renewed. Holdoff does not try before {until}, and goes on by itself. {still} Account: {label}."
            );
            (format!("Sign-in not renewed until {until}"), body)
        }
        NoticeKind::RenewalUnsaved => {
            let body = format!(
                "The sign-in was renewed, but it cannot be written to where {owner} keeps it. Holdoff holds it and tries again. Free some space or mend the folder before you quit Holdoff; else you will have to sign in again. Account: {label}."
            );
            ("Renewed sign-in not saved".to_owned(), body)
        }
        NoticeKind::Recovered => {
            let body = format!("{name} answers again, and readings go on as before. Account: {label}.");
            ("Readings are back".to_owned(), body)
        }
    }
}
