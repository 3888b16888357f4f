//! Snapshots of every sentence that depends only on a kind. After `UPDATE_EXPECT=1`, read what changed as a user would.

mod app;
mod outcomes;
mod reports;
mod sign_ins;
mod updates;

use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, GateState, Pause};
use crate::request::Endpoint;
use crate::response::Barred;
use crate::state::{AccountState, NotYet, Provider, Refusal, SignInTrouble};
use crate::time::{Boot, Moment};
use expect_test::expect;

/// 2026-09-14 15:00 UTC.
pub(super) const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };
pub(super) const UTC: LocalTime = LocalTime::UTC;
const ANTHROPIC: Provider = Provider::Anthropic;

pub(super) fn in_min(minutes: u64) -> Moment {
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
        Cooldown::StateLost,
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
pub(super) fn account() -> AccountState {
    let mut state = AccountState::new(ANTHROPIC);
    state.sign_in.place = "~/.claude/.credentials.json".to_owned();
    state.sign_in.renewable = true;
    state.sign_in.seen = Some(CredentialPresence::Present {
        fingerprint: token("sk-1").fingerprint(),
        expires_at: Some(in_min(30).wall),
    });
    state
}

pub(super) fn cooling(cause: Cooldown, until: Moment) -> GateState {
    GateState::CoolingDown { cause, since: NOW, until }
}

fn paused(cause: Pause) -> GateState {
    GateState::Paused { cause, since: NOW, fingerprint: token("sk-1").fingerprint(), beneath: None }
}

#[test]
fn refusal_texts_long_short_and_keys() {
    let said = lines(refusals(), |one| {
        let short = refusal_short(&one, NOW, &UTC).unwrap_or_else(|| "-".to_owned());
        format!("{}\n  {short} [{}]", refusal(&one, &account(), NOW, &UTC), one.reason().key())
    });
    expect![[r#"
        Refresh available at 15:03: the last request was less than 3 minutes ago.
          Available at 15:03 [spacing]
        Refresh available at 15:03: Anthropic is rate limiting usage checks (HTTP 429).
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Anthropic is rate limiting usage checks (HTTP 429).
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Anthropic is refusing Holdoff itself (HTTP 429); your own limit is not the cause.
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Anthropic could not be reached (no route).
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Anthropic returned a server error (HTTP 529).
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Anthropic's last response (HTTP 200) could not be used.
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Holdoff stopped during a request.
          Available at 15:03 [cooling_down]
        Refresh available at 15:03: Holdoff could not read its saved state.
          Available at 15:03 [cooling_down]
        No Claude Code sign-in found. Checks resume when you sign in.
          - [sign_in_absent]
        CLAUDE_CODE_OAUTH_TOKEN cannot read usage. Checks resume when Claude Code also has a stored sign-in.
          - [sign_in_absent]
        Claude Code's sign-in has ended: its renewal was refused and Claude Code cleared its tokens. Checks resume when you sign in again.
          - [sign_in_absent]
        Claude Code's sign-in has ended (time limit). Checks resume when you sign in again.
          - [sign_in_absent]
        The sign-in has expired. Claude Code renews it the next time you use it. Checks resume then.
          - [sign_in_expired]
        Paused: Anthropic rejected the sign-in three times (HTTP 401). Checks resume when you sign in again.
          - [paused]
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (HTTP 403). Checks resume when you sign in again.
          - [paused]
        Paused: Claude Code stored this sign-in without the scope user:profile, which usage checks need, so Holdoff does not use it. Checks resume when you sign in again.
          - [paused]
        Paused: Anthropic does not allow this kind of sign-in for your organization (HTTP 403). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
          - [paused]
        Paused: Anthropic does not let your account read usage (HTTP 401). Its support can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
          - [paused]
        Paused: Anthropic refused this sign-in three times (HTTP 403: account disabled). Checks resume when you sign in again.
          - [paused]
        Paused: Anthropic no longer renews this sign-in: its refresh token was refused. Checks resume when you sign in again.
          - [paused]
        Paused: Holdoff stopped while renewing the sign-in. Retrying could sign you out everywhere. Checks resume when you sign in again.
          - [paused]
        Paused: Anthropic renewed the sign-in, but its response could not be used. Checks resume when you sign in again.
          - [paused]
        Paused: Anthropic renewed the sign-in for a different account. Checks resume when you sign in again.
          - [paused]
        Free readings only: Holdoff sends no requests. For a fresh reading, let Claude Code's status line call Holdoff (in the settings, or with: holdoff statusline install), then run a prompt in Claude Code.
          Free readings only [free_only]
        Holdoff cannot save its state (no space left on device), so it sends no requests: without a record it could send one too early. Free some space or fix the folder's permissions; Holdoff resumes by itself.
          - [state_not_saved]
    "#]].assert_eq(&said);
}

/// By a gate of usage in each state; a cooldown that is over is none.
#[test]
fn usage_gate_status_texts() {
    let mut gates: Vec<GateState> = cooldowns().into_iter().map(|cause| cooling(cause, in_min(10))).collect();
    gates.extend(pauses().into_iter().map(paused));
    gates.push(GateState::Open);
    gates.push(cooling(Cooldown::Unanswered, NOW));
    let said = lines(gates, |gate| {
        let mut state = account();
        state.gates[Endpoint::Usage].state = gate;
        state.next = Some(in_min(5));
        status(&state.status(NOW), &UTC).join(" ")
    });
    expect![[r#"
        Anthropic is rate limiting usage checks (HTTP 429, Retry-After 1 h). Next check at 15:10.
        Anthropic is rate limiting usage checks (HTTP 429). Next check at 15:10.
        Anthropic is refusing Holdoff itself: its edge servers rejected 6 or more requests in a row (HTTP 429). Your own limit is not the cause. Next check at 15:10. Free readings (in the settings) need no request.
        Could not reach Anthropic: no route. Next check at 15:10.
        Anthropic returned a server error (HTTP 529). Next check at 15:10.
        Could not use Anthropic's response (HTTP 200): it is a web page. Next check at 15:10.
        Holdoff stopped during a request, so it waits in case it was rate limited. Next check at 15:10.
        Holdoff could not read its saved state, so it waits in case Anthropic had rate limited it. Next check at 15:10.
        Paused: Anthropic rejected the sign-in three times (HTTP 401). Checks resume when you sign in again.
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (HTTP 403). Checks resume when you sign in again.
        Paused: Claude Code stored this sign-in without the scope user:profile, which usage checks need, so Holdoff does not use it. Checks resume when you sign in again.
        Paused: Anthropic does not allow this kind of sign-in for your organization (HTTP 403). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
        Paused: Anthropic does not let your account read usage (HTTP 401). Its support can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
        Paused: Anthropic refused this sign-in three times (HTTP 403: account disabled). Checks resume when you sign in again.
        Paused: Anthropic no longer renews this sign-in: its refresh token was refused. Checks resume when you sign in again.
        Paused: Holdoff stopped while renewing the sign-in. Retrying could sign you out everywhere. Checks resume when you sign in again.
        Paused: Anthropic renewed the sign-in, but its response could not be used. Checks resume when you sign in again.
        Paused: Anthropic renewed the sign-in for a different account. Checks resume when you sign in again.
        Next check at 15:05.
        Next check at 15:05.
    "#]].assert_eq(&said);
}

/// Due, it may still wait: for a pause after waking, for the state to be saved, or for an app that does not run.
#[test]
fn request_in_flight_status_says_checking_usage_now() {
    let mut state = account();
    assert_eq!(status(&state.status(NOW), &UTC), ["A check is due."]);
    assert!(status_beside_countdown(&state.status(NOW), &UTC).is_empty(), "a countdown says so too");
    state.gates[Endpoint::Usage].begin(NOW);
    assert_eq!(status(&state.status(NOW), &UTC), ["Checking usage now."]);
    assert_eq!(status_beside_countdown(&state.status(NOW), &UTC), ["Checking usage now."]);
    // The one re-ask of a 401 keeps no distance from it.
    state.gates[Endpoint::Usage].last_request = Some(NOW);
    assert_eq!(status(&state.status(NOW), &UTC), ["Checking usage now."]);
    state.gates[Endpoint::Usage].cancel();
    assert_eq!(status(&state.status(NOW), &UTC), ["Next check at 15:03."]);
    let cause = Cooldown::Network { why: "no route".into() };
    state.gates[Endpoint::Usage].state = cooling(cause, in_min(10));
    let limited = ["Could not reach Anthropic: no route. Next check at 15:10."];
    assert_eq!(status(&state.status(NOW), &UTC), limited);
    assert_eq!(status_beside_countdown(&state.status(NOW), &UTC), limited);
}

#[test]
fn renewal_gate_status_texts_before_and_after_expiry() {
    let mut gates: Vec<GateState> = cooldowns().into_iter().map(|cause| cooling(cause, in_min(40))).collect();
    gates.extend(pauses().into_iter().map(paused));
    gates.push(GateState::Open);
    gates.push(cooling(Cooldown::Unanswered, NOW));
    let said = lines(gates, |gate| {
        let mut state = account();
        state.renewal_enabled = true;
        state.next = Some(in_min(5));
        state.gates[Endpoint::Token].state = gate;
        let later = NOW.plus(Duration::from_secs(1800));
        let expired = AccountState { sign_in_failed: true, ..state.clone() };
        format!("{}\n  {}", status(&state.status(NOW), &UTC).join(" "), status(&expired.status(later), &UTC).join(" "))
    });
    expect![[r#"
        Next check at 15:05. Anthropic is rate limiting sign-in renewal; next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Anthropic is rate limiting sign-in renewal; next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Anthropic is rate limiting sign-in renewal; next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Anthropic is rate limiting sign-in renewal; next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Anthropic is rate limiting sign-in renewal; next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Anthropic is rate limiting sign-in renewal; next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Sign-in renewal failed (no route); next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Sign-in renewal failed (no route); next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Sign-in renewal failed (Anthropic returned HTTP 529); next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Sign-in renewal failed (Anthropic returned HTTP 529); next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Sign-in renewal failed (Anthropic's response could not be used); next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Sign-in renewal failed (Anthropic's response could not be used); next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Sign-in renewal was interrupted; next try at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Sign-in renewal was interrupted; next try at 15:40. Checks resume after renewal.
        Next check at 15:05. Holdoff could not read its saved state; next try to renew the sign-in at 15:40. The current sign-in still works until 15:30.
          The sign-in has expired. Holdoff could not read its saved state; next try to renew the sign-in at 15:40. Checks resume after renewal.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic rejected the sign-in three times (HTTP 401). Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (HTTP 403). Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Claude Code stored this sign-in without the scope user:profile, which usage checks need, so Holdoff does not use it. Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic does not allow this kind of sign-in for your organization (HTTP 403). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic does not let your account read usage (HTTP 401). Its support can change that; signing in again does not help. Free readings (in the settings) need no request. Checks resume when the sign-in changes.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic refused this sign-in three times (HTTP 403: account disabled). Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic no longer renews this sign-in: its refresh token was refused. Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Holdoff stopped while renewing the sign-in. Retrying could sign you out everywhere. Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic renewed the sign-in, but its response could not be used. Checks resume when you sign in again.
        Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30.
          Paused: Anthropic renewed the sign-in for a different account. Checks resume when you sign in again.
        Next check at 15:05.
          The sign-in has expired. Holdoff renews it as soon as it is allowed to. Checks resume then.
        Next check at 15:05.
          The sign-in has expired. Holdoff renews it as soon as it is allowed to. Checks resume then.
    "#]].assert_eq(&said);
}
