//! Notifications: a title and a body.

use super::reasons::{ended, pause};
use super::{not_before, renewal};
use crate::credential::sign_in_flow::SignInFlow;
use crate::gate::{Cooldown, GateState};
use crate::local_time::LocalTime;
use crate::messages::request_status::cooldown;
use crate::messages::window_alert;
use crate::notification::{Notice, NoticeKind};
use crate::request::Endpoint;
use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::time::Moment;

/// Title and body of a notification, from the state at the time it is shown.
pub fn notice(notice: &Notice, label: &str, state: &AccountState, now: Moment, zone: &LocalTime) -> (String, String) {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    match notice.kind {
        NoticeKind::Window => window_alert::news(notice, label, state, now.wall, zone),
        NoticeKind::RateLimited => {
            let until = state.gates[Endpoint::Usage].cools_until().unwrap_or(now);
            let until = not_before(until.wall_as_of(now), now.wall, zone);
            if let GateState::CoolingDown { cause: cause @ Cooldown::TurnedAway, .. } =
                &state.gates[Endpoint::Usage].state
            {
                let body = format!("{} Account: {label}.", cooldown(state.provider, cause, &until));
                return (format!("Requests refused: next check at {until}"), body);
            }
            let body = format!(
                "{name} is rate limiting usage checks. Holdoff waits until {until}, then resumes by itself. Your quota is not affected. Account: {label}."
            );
            (format!("Rate limited: next check at {until}"), body)
        }
        NoticeKind::SignInStopped => {
            let barred = matches!(SignInFlow::of(state, now), SignInFlow::Barred);
            let title = if barred { "Not allowed to read usage" } else { "Sign-in needed" };
            (title.to_owned(), stopped(label, state, now, zone))
        }
        NoticeKind::RenewalLimited => {
            let until = state.gates[Endpoint::Token].cools_until().unwrap_or(now);
            let until = not_before(until.wall_as_of(now), now.wall, zone);
            let still = match state.sign_in.expired(now.wall) {
                false => format!("{}.", renewal::still_works(state, now, zone)),
                true => "The sign-in has expired. Checks resume after renewal.".to_owned(),
            };
            let body = format!(
                "{name} is rate limiting sign-in renewal. Holdoff tries again at {until}. {still} Account: {label}."
            );
            (format!("Renewal rate limited: next try at {until}"), body)
        }
        NoticeKind::RenewalUnsaved => {
            let body = format!(
                "Holdoff renewed the sign-in but cannot write it where {owner} keeps it. Holdoff keeps trying. Free some space or fix the folder's permissions before you quit Holdoff, or you will have to sign in again. Account: {label}."
            );
            ("Renewed sign-in not saved".to_owned(), body)
        }
        NoticeKind::Recovered => {
            let body = format!("{name} is answering again, and checks continue as before. Account: {label}.");
            ("Readings are back".to_owned(), body)
        }
    }
}

fn stopped(label: &str, state: &AccountState, now: Moment, zone: &LocalTime) -> String {
    let (name, owner) = (state.provider.name(), state.provider.owner());
    let (why, what) = match (state.sign_in_trouble(now.wall), state.renewal(now)) {
        (Some(SignInTrouble::Paused(cause)), _) if !cause.ends_by_signing_in() => {
            return format!("{} Checks are paused. Account: {label}.", pause(state, &cause));
        }
        (Some(SignInTrouble::Absent(absence)), _) if absence.is_end() => {
            (ended(owner, &absence), "Checks resume when you sign in again.".to_owned())
        }
        (Some(SignInTrouble::Paused(cause)), _) => {
            (pause(state, &cause), "Checks resume when you sign in again.".to_owned())
        }
        (None, Renewal::Stopped(cause)) => (
            pause(state, cause),
            format!("Sign in again before it expires. {}.", renewal::still_works(state, now, zone)),
        ),
        (Some(SignInTrouble::Absent(_) | SignInTrouble::Expired) | None, _) => {
            (format!("{name} does not accept {owner}'s sign-in."), "Checks resume when you sign in again.".to_owned())
        }
    };
    format!("{why} {what} See the settings for the steps. Account: {label}.")
}
