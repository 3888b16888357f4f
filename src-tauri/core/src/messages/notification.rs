//! Notifications: a title and a body.

use super::reasons::{ended, pause};
use super::{not_before, renewal};
use crate::credential::sign_in_flow::SignInFlow;
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::messages::request_status::cooldown;
use crate::messages::window_alert;
use crate::notification::{Notice, NoticeKind};
use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::time::Moment;

/// Title and body of a notice, as things stand when it is shown.
pub fn notice(notice: &Notice, label: &str, state: &AccountState, now: Moment, zone: &LocalTime) -> (String, String) {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    match notice.kind {
        NoticeKind::Window => window_alert::news(notice, label, state, now.wall, zone),
        NoticeKind::RateLimited => {
            let until = match &state.usage.state {
                GateState::CoolingDown { until, .. } => not_before(until.wall_as_of(now), now.wall, zone),
                GateState::Open | GateState::Paused { .. } => not_before(now.wall, now.wall, zone),
            };
            if let GateState::CoolingDown { cause: cause @ Cooldown::TurnedAway, .. } = &state.usage.state {
                let body = format!("{} Account: {label}.", cooldown(state.provider, cause, &until));
                return (format!("Usage not asked until {until}"), body);
            }
            let body = format!(
                "{name} limits how often usage may be asked for. Holdoff asks nothing before {until} and goes on by itself. Your quota is not affected. Account: {label}."
            );
            (format!("Usage not asked until {until}"), body)
        }
        NoticeKind::SignInStopped => {
            let barred = matches!(SignInFlow::of(state, now), SignInFlow::Barred);
            let title = if barred { "Usage may not be read" } else { "Sign-in needed" };
            (title.to_owned(), stopped(label, state, now, zone))
        }
        NoticeKind::RenewalLimited => {
            let until = match &state.token.state {
                GateState::CoolingDown { until, .. } => not_before(until.wall_as_of(now), now.wall, zone),
                GateState::Open | GateState::Paused { .. } => not_before(now.wall, now.wall, zone),
            };
            let still = match state.sign_in.expired(now.wall) {
                false => format!("Meanwhile {}.", renewal::still_works(state, now, zone)),
                true => "It has expired, so nothing is asked until it is renewed.".to_owned(),
            };
            let body = format!(
                "{name} limits how often a sign-in may be renewed. Holdoff tries again then, and goes on by itself. {still} Account: {label}."
            );
            (format!("Sign-in not renewed before {until}"), body)
        }
        NoticeKind::RenewalUnsaved => {
            let body = format!(
                "The sign-in was renewed, but it cannot be written to where {owner} keeps it. Holdoff holds it and tries again. Free some space or mend the folder before you quit Holdoff, or you will have to sign in again. Account: {label}."
            );
            ("Renewed sign-in not saved".to_owned(), body)
        }
        NoticeKind::Recovered => {
            let body = format!("{name} answers again, and readings go on as before. Account: {label}.");
            ("Readings are back".to_owned(), body)
        }
    }
}

fn stopped(label: &str, state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    let (why, what) = match (state.sign_in_trouble(now.wall), state.renewal(now)) {
        (Some(SignInTrouble::Paused(cause)), _) if !cause.ends_by_signing_in() => {
            return format!("{} Holdoff has stopped asking. Account: {label}.", pause(state, &cause));
        }
        (Some(SignInTrouble::Absent(absence)), _) if absence.is_end() => {
            (ended(owner, &absence), "Holdoff has stopped asking until you sign in again.".to_owned())
        }
        (Some(SignInTrouble::Paused(cause)), _) => {
            (pause(state, &cause), "Holdoff has stopped asking until you sign in again.".to_owned())
        }
        (None, Renewal::Stopped(cause)) => {
            (pause(state, cause), format!("Sign in again before it ends: {}.", renewal::still_works(state, now, zone)))
        }
        (Some(SignInTrouble::Absent(_) | SignInTrouble::Expired) | None, _) => (
            format!("{name} does not accept the sign-in of {owner}."),
            "Holdoff has stopped asking until you sign in again.".to_owned(),
        ),
    };
    format!("{why} {what} Its settings lead the way. Account: {label}.")
}
