//! Notifications: a title and a body.

use super::reasons::{ended, pause};
use super::{not_before, pasted_key, renewal};
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
    if let (Some(key), Some(trouble)) = (state.provider.pasted_key(), state.sign_in_trouble(now.wall)) {
        return format!("{} Account: {label}.", pasted_key::waiting(state, key, &trouble));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::token::Token;
    use crate::credential::{CredentialMissing, CredentialPresence};
    use crate::gate::Pause;
    use crate::messages::snapshots::{NOW, UTC, account, cooling, in_min};
    use crate::notification::{News, WindowNews};
    use crate::response::Barred;
    use expect_test::expect;

    #[test]
    fn notification_titles_and_texts() {
        let mut text = String::new();
        let news = |news| Some(WindowNews { window: "five_hour".into(), label: "5-hour".into(), news });
        let notices = [
            (NoticeKind::RateLimited, None),
            (NoticeKind::SignInStopped, None),
            (NoticeKind::RenewalLimited, None),
            (NoticeKind::RenewalUnsaved, None),
            (NoticeKind::Recovered, None),
            (NoticeKind::Window, news(News::Threshold { percent: 80 })),
            (NoticeKind::Window, news(News::RunsOut)),
            (NoticeKind::Window, news(News::Reset { used: 96 })),
            (NoticeKind::Window, None),
        ];
        let mut state = account();
        state.gates[Endpoint::Usage].state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(10));
        state.gates[Endpoint::Token].state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(70));
        for (kind, about) in notices {
            let (title, body) =
                notice(&Notice { id: 1, kind, about, also: vec![] }, "ann@example.com", &state, NOW, &UTC);
            text += &format!("{title}\n  {body}\n");
        }
        expect![[r#"
            Rate limited: next check at 15:10
              Anthropic is rate limiting usage checks. Holdoff waits until 15:10, then resumes by itself. Your quota is not affected. Account: ann@example.com.
            Sign-in needed
              Anthropic does not accept Claude Code's sign-in. Checks resume when you sign in again. See the settings for the steps. Account: ann@example.com.
            Renewal rate limited: next try at 16:10
              Anthropic is rate limiting sign-in renewal. Holdoff tries again at 16:10. The current sign-in still works until 15:30. Account: ann@example.com.
            Renewed sign-in not saved
              Holdoff renewed the sign-in but cannot write it where Claude Code keeps it. Holdoff keeps trying. Free some space or fix the folder's permissions before you quit Holdoff, or you will have to sign in again. Account: ann@example.com.
            Readings are back
              Anthropic is answering again, and checks continue as before. Account: ann@example.com.
            5-hour limit: 80 % used
              20 % left. Account: ann@example.com.
            5-hour limit will run out
              That is before its reset. Account: ann@example.com.
            5-hour limit was reset
              New window started. The last one reached 96 %. Account: ann@example.com.
            Quota
              Your quota has changed. Account: ann@example.com.
        "#]].assert_eq(&text);
    }

    /// What ended the sign-in, and only that, even if it changed before the notice was shown.
    #[test]
    fn notification_of_a_stopped_sign_in_names_the_cause() {
        let notice_of = Notice { id: 1, kind: NoticeKind::SignInStopped, about: None, also: vec![] };
        let said = |change: &dyn Fn(&mut AccountState)| {
            let mut state = account();
            change(&mut state);
            let (title, body) = notice(&notice_of, "ann@example.com", &state, NOW, &UTC);
            format!("{title}\n  {body}\n")
        };
        let paused = |cause: Pause| {
            said(&|state| {
                let fingerprint = Token::new("sk-1".to_owned()).unwrap().fingerprint();
                let (cause, beneath) = (cause.clone(), None);
                state.gates[Endpoint::Usage].state = GateState::Paused { cause, since: NOW, fingerprint, beneath };
            })
        };
        let absent = |absence: CredentialMissing| {
            said(&|state| state.sign_in.seen = Some(CredentialPresence::Absent(absence.clone())))
        };
        let text = [
            paused(Pause::Rejected),
            paused(Pause::NotAllowed { to: Barred::Organization, status: 403 }),
            absent(CredentialMissing::Blanked),
            absent(CredentialMissing::LoginEnded("time limit".into())),
        ];
        expect![[r#"
            Sign-in needed
              Anthropic rejected the sign-in three times (HTTP 401). Checks resume when you sign in again. See the settings for the steps. Account: ann@example.com.
            Not allowed to read usage
              Anthropic does not allow this kind of sign-in for your organization (HTTP 403). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request. Checks are paused. Account: ann@example.com.
            Sign-in needed
              Claude Code's sign-in has ended: its renewal was refused and Claude Code cleared its tokens. Checks resume when you sign in again. See the settings for the steps. Account: ann@example.com.
            Sign-in needed
              Claude Code's sign-in has ended (time limit). Checks resume when you sign in again. See the settings for the steps. Account: ann@example.com.
        "#]].assert_eq(&text.concat());
        let signed_out = absent(CredentialMissing::NotSignedIn);
        assert!(!signed_out.contains("renewal was refused"), "nobody said so: {signed_out}");
    }
}
