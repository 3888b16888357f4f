//! Every sentence that goes by kind alone, as it was read last. `UPDATE_EXPECT=1` takes in what has changed: read it as
//! its person would.

mod outcomes;
mod sign_ins;
mod told;
mod updates;

use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, GateState, Pause};
use crate::response::Barred;
use crate::state::{AccountState, NotYet, Provider, Refusal, SignInTrouble};
use crate::time::{Boot, Moment};
use expect_test::expect;

/// 2026-09-14 15:00 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };
const UTC: LocalTime = LocalTime::UTC;
const ANTHROPIC: Provider = Provider::Anthropic;

fn in_min(minutes: u64) -> Moment {
    NOW.plus(Duration::from_secs(minutes * 60))
}

fn token(text: &str) -> Token {
    Token::new(text.to_owned()).unwrap()
}

fn lines<T>(all: impl IntoIterator<Item = T>, line: impl FnMut(T) -> String) -> String {
    all.into_iter().map(line).map(|line| line + "\n").collect()
}

fn cooldowns() -> Vec<Cooldown> {
    vec![
        Cooldown::RateLimited { retry_after_s: Some(3600) },
        Cooldown::RateLimited { retry_after_s: None },
        Cooldown::TurnedAway,
        Cooldown::Network { why: "no route".into() },
        Cooldown::Server { status: 529 },
        Cooldown::Unreadable { status: 200, why: "it is a web page".into() },
        Cooldown::Unanswered,
        Cooldown::MemoryLost,
    ]
}

fn pauses() -> Vec<Pause> {
    vec![
        Pause::Rejected,
        Pause::MissingScope { scope: "user:profile".into() },
        Pause::ScopeNotGranted { scope: "user:profile".into() },
        Pause::NotAllowed { to: Barred::Organization, status: 403 },
        Pause::NotAllowed { to: Barred::Account, status: 401 },
        Pause::Forbidden { message: "account disabled".into() },
        Pause::RefreshRefused,
        Pause::RenewalCutOff,
        Pause::RenewalWasted,
        Pause::OtherAccount,
    ]
}

fn refusals() -> Vec<Refusal> {
    let not_before = |cause| Refusal::NotBefore { until: in_min(3), cause };
    let mut all = vec![not_before(NotYet::Spacing)];
    all.extend(cooldowns().into_iter().map(|cause| not_before(NotYet::Cooldown(cause))));
    all.push(Refusal::SignIn(SignInTrouble::Absent(CredentialMissing::NoFile)));
    all.push(Refusal::SignIn(SignInTrouble::Absent(CredentialMissing::InferenceOnly)));
    all.push(Refusal::SignIn(SignInTrouble::Absent(CredentialMissing::Blanked)));
    all.push(Refusal::SignIn(SignInTrouble::Absent(CredentialMissing::LoginEnded("time limit".into()))));
    all.push(Refusal::SignIn(SignInTrouble::Expired));
    all.extend(pauses().into_iter().map(|cause| Refusal::SignIn(SignInTrouble::Paused(cause))));
    all.push(Refusal::FreeOnly);
    all.push(Refusal::Unsaved { trouble: "no space left on device".into() });
    all
}

/// Signed in until 15:30.
fn account() -> AccountState {
    let mut state = AccountState::new(ANTHROPIC);
    state.sign_in.place = "~/.claude/.credentials.json".to_owned();
    state.sign_in.renewable = true;
    state.sign_in.seen = Some(CredentialPresence::Present {
        fingerprint: token("sk-1").fingerprint(),
        expires_at: Some(in_min(30).wall),
    });
    state
}

fn cooling(cause: Cooldown, until: Moment) -> GateState {
    GateState::CoolingDown { cause, since: NOW, until }
}

fn paused(cause: Pause) -> GateState {
    GateState::Paused { cause, since: NOW, fingerprint: token("sk-1").fingerprint(), beneath: None }
}

#[test]
fn refusals_in_long_and_in_short_and_for_scripts() {
    let said = lines(refusals(), |one| {
        let short = refusal_short(&one, NOW, &UTC).unwrap_or_else(|| "-".to_owned());
        format!("{}\n  {short} [{}]", refusal(&one, &account(), NOW, &UTC), one.key())
    });
    expect![[r#"
        Not before 15:03: the last request was less than 3 minutes ago.
          Not before 15:03 [spacing]
        Not before 15:03: Anthropic limits requests (429).
          Not before 15:03 [cooling_down]
        Not before 15:03: Anthropic limits requests (429).
          Not before 15:03 [cooling_down]
        Not before 15:03: Anthropic turns Holdoff itself away (429), which is not your limit.
          Not before 15:03 [cooling_down]
        Not before 15:03: Anthropic could not be reached (no route).
          Not before 15:03 [cooling_down]
        Not before 15:03: Anthropic has trouble (529).
          Not before 15:03 [cooling_down]
        Not before 15:03: Anthropic's last answer (200) could not be used.
          Not before 15:03 [cooling_down]
        Not before 15:03: Holdoff ended while a request was under way.
          Not before 15:03 [cooling_down]
        Not before 15:03: Holdoff's saved state could not be read.
          Not before 15:03 [cooling_down]
        No sign-in of Claude Code to use. Nothing is asked until there is one.
          - [sign_in_absent]
        CLAUDE_CODE_OAUTH_TOKEN may not read usage. Nothing is asked until Claude Code has a stored sign-in beside it.
          - [sign_in_absent]
        Claude Code's sign-in has ended: its renewal was refused, and Claude Code emptied its tokens. Nothing is asked until you sign in again.
          - [sign_in_absent]
        Claude Code's sign-in has ended (time limit). Nothing is asked until you sign in again.
          - [sign_in_absent]
        The sign-in has expired. Claude Code renews it when it is used next; nothing is asked until then.
          - [sign_in_expired]
        Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.
          - [paused]
        Paused: Claude Code stored this sign-in without the scope user:profile, which usage needs, so Holdoff sends nothing with it. Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic does not allow this kind of sign-in for your organization (403). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
          - [paused]
        Paused: Anthropic does not let your account read usage (401). Its support can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
          - [paused]
        Paused: Anthropic refused this sign-in three times (403 account disabled). Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic does not renew this sign-in any more: its refresh token was refused. Nothing is asked until you sign in again.
          - [paused]
        Paused: Holdoff ended while it was renewing the sign-in, and to try again could end every session of it. Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic renewed the sign-in, but its answer could not be used. Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic renewed the sign-in for another account than it was. Nothing is asked until you sign in again.
          - [paused]
        Free readings only: Holdoff sends no request. For a fresh reading, have Claude Code's status line call Holdoff (in the settings, or with: holdoff statusline install), then run a prompt in Claude Code.
          Free readings only [free_only]
        Holdoff cannot save its state (no space left on device), so it asks nothing: without a record it could ask too early. Free some space or mend the folder; it goes on by itself.
          - [state_not_saved]
    "#]].assert_eq(&said);
}

/// By a gate of usage in each state; a cooldown that is over is none.
#[test]
fn what_asking_waits_for() {
    let mut gates: Vec<GateState> = cooldowns().into_iter().map(|cause| cooling(cause, in_min(10))).collect();
    gates.extend(pauses().into_iter().map(paused));
    gates.push(GateState::Open);
    gates.push(cooling(Cooldown::Unanswered, NOW));
    let said = lines(gates, |gate| {
        let mut state = account();
        state.usage.state = gate;
        state.next = Some(in_min(5));
        status(&state.status(NOW), &UTC).join(" ")
    });
    expect![[r#"
        Anthropic limits requests (429, asked for 1 h). Nothing is asked before 15:10.
        Anthropic limits requests (429). Nothing is asked before 15:10.
        Anthropic turns Holdoff itself away: its edge has refused 6 requests or more in a row (429). This is not your limit. Next try at 15:10. Free readings (in the settings) need no request.
        Anthropic could not be reached: no route. Next try at 15:10.
        Anthropic has trouble (529). Next try at 15:10.
        Anthropic's answer (200) could not be used: it is a web page. Next try at 15:10.
        Holdoff ended while a request was under way, and its answer may have been to wait. Nothing is asked before 15:10.
        Holdoff's saved state could not be read, and Anthropic may have asked it to wait. Nothing is asked before 15:10.
        Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.
        Paused: Claude Code stored this sign-in without the scope user:profile, which usage needs, so Holdoff sends nothing with it. Nothing is asked until you sign in again.
        Paused: Anthropic does not allow this kind of sign-in for your organization (403). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
        Paused: Anthropic does not let your account read usage (401). Its support can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
        Paused: Anthropic refused this sign-in three times (403 account disabled). Nothing is asked until you sign in again.
        Paused: Anthropic does not renew this sign-in any more: its refresh token was refused. Nothing is asked until you sign in again.
        Paused: Holdoff ended while it was renewing the sign-in, and to try again could end every session of it. Nothing is asked until you sign in again.
        Paused: Anthropic renewed the sign-in, but its answer could not be used. Nothing is asked until you sign in again.
        Paused: Anthropic renewed the sign-in for another account than it was. Nothing is asked until you sign in again.
        Next request at 15:05.
        Next request at 15:05.
    "#]].assert_eq(&said);
}

/// Due, it may still wait: for a pause after waking, for the state to be saved, or for an app that does not run.
#[test]
fn asking_is_said_while_a_request_is_under_way() {
    let mut state = account();
    assert_eq!(status(&state.status(NOW), &UTC), ["A request is due."]);
    state.usage.begin(NOW);
    assert_eq!(status(&state.status(NOW), &UTC), ["Asking Anthropic."]);
    // The one re-ask of a 401 keeps no distance from it.
    state.usage.last_request = Some(NOW);
    assert_eq!(status(&state.status(NOW), &UTC), ["Asking Anthropic."]);
    state.usage.withdraw();
    assert_eq!(status(&state.status(NOW), &UTC), ["Next request at 15:03."]);
}

#[test]
fn what_renewal_waits_for_while_the_sign_in_works_and_afterwards() {
    let mut gates: Vec<GateState> = cooldowns().into_iter().map(|cause| cooling(cause, in_min(40))).collect();
    gates.extend(pauses().into_iter().map(paused));
    gates.push(GateState::Open);
    gates.push(cooling(Cooldown::Unanswered, NOW));
    let said = lines(gates, |gate| {
        let mut state = account();
        state.renews = true;
        state.next = Some(in_min(5));
        state.token.state = gate;
        let later = NOW.plus(Duration::from_secs(1800));
        let expired = AccountState { troubled: true, ..state.clone() };
        format!("{}\n  {}", status(&state.status(NOW), &UTC).join(" "), status(&expired.status(later), &UTC).join(" "))
    });
    expect![[r#"
        Next request at 15:05. Anthropic limits sign-in renewal until 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and Anthropic limits sign-in renewal until 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Anthropic limits sign-in renewal until 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and Anthropic limits sign-in renewal until 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Anthropic limits sign-in renewal until 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and Anthropic limits sign-in renewal until 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Its renewal failed (no route) and is tried again at 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and its renewal failed (no route) and is tried again at 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Its renewal failed (Anthropic answered 529) and is tried again at 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and its renewal failed (Anthropic answered 529) and is tried again at 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Its renewal failed (Anthropic answered 200) and is tried again at 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and its renewal failed (Anthropic answered 200) and is tried again at 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Its renewal was cut off and is tried again at 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and its renewal was cut off and is tried again at 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. Holdoff, whose saved state could not be read, renews no sign-in before 15:40; the current sign-in still works until 15:30.
          The sign-in has expired, and Holdoff, whose saved state could not be read, renews no sign-in before 15:40. Nothing is asked until it is renewed.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Claude Code stored this sign-in without the scope user:profile, which usage needs, so Holdoff sends nothing with it. Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic does not allow this kind of sign-in for your organization (403). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic does not let your account read usage (401). Its support can change that; signing in again cannot. Free readings (in the settings) need no request. Nothing is asked until the sign-in changes.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic refused this sign-in three times (403 account disabled). Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic does not renew this sign-in any more: its refresh token was refused. Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Holdoff ended while it was renewing the sign-in, and to try again could end every session of it. Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic renewed the sign-in, but its answer could not be used. Nothing is asked until you sign in again.
        Next request at 15:05. The sign-in cannot be renewed; the current sign-in still works until 15:30.
          Paused: Anthropic renewed the sign-in for another account than it was. Nothing is asked until you sign in again.
        Next request at 15:05.
          The sign-in has expired. Holdoff renews it as soon as it may; nothing is asked until then.
        Next request at 15:05.
          The sign-in has expired. Holdoff renews it as soon as it may; nothing is asked until then.
    "#]].assert_eq(&said);
}
