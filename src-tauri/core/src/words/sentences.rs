//! Every sentence that goes by kind alone, as it was read last. `UPDATE_EXPECT=1` takes in what has changed: read it as
//! its person would.

use super::*;
use crate::backtest::{Tally, Verdict};
use crate::gate::{Cooldown, GateState, Pause};
use crate::notice::{News, Notice, NoticeKind, WindowNews};
use crate::outcome::{Grant, Outcome, Rejection};
use crate::quota::{Amount, Money, Reading, Source};
use crate::secret::Token;
use crate::sign_in::{Absence, Seen, Tokens};
use crate::state::{AccountState, NotYet, Provider, Refusal, SignInTrouble};
use crate::time::{Boot, Moment};
use expect_test::expect;

/// 2026-09-14 15:00 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };
const UTC: TimeZone = TimeZone::UTC;
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
        Pause::Forbidden { message: "account disabled".into() },
        Pause::RefreshRefused,
        Pause::RenewalCutOff,
        Pause::RenewalWasted,
        Pause::OtherAccount,
    ]
}

fn absences() -> Vec<Absence> {
    vec![
        Absence::NoFile,
        Absence::NotSignedIn,
        Absence::InferenceOnly,
        Absence::EmptyToken,
        Absence::Unreadable("it is empty".into()),
        Absence::Forbidden("permission denied".into()),
    ]
}

fn refusals() -> Vec<Refusal> {
    let not_before = |cause| Refusal::NotBefore { until: in_min(3), cause };
    let mut all = vec![not_before(NotYet::Spacing)];
    all.extend(cooldowns().into_iter().map(|cause| not_before(NotYet::Cooldown(cause))));
    all.push(Refusal::SignIn(SignInTrouble::Absent(Absence::NoFile)));
    all.push(Refusal::SignIn(SignInTrouble::Absent(Absence::InferenceOnly)));
    all.push(Refusal::SignIn(SignInTrouble::Expired));
    all.extend(pauses().into_iter().map(|cause| Refusal::SignIn(SignInTrouble::Paused(cause))));
    all.push(Refusal::Unsaved { trouble: "no space left on device".into() });
    all
}

/// Signed in until 15:30.
fn account() -> AccountState {
    let mut state = AccountState::new(ANTHROPIC);
    state.sign_in.place = "~/.claude/.credentials.json".to_owned();
    state.sign_in.renewable = true;
    state.sign_in.seen =
        Some(Seen::Present { fingerprint: token("sk-1").fingerprint(), expires_at: Some(in_min(30).wall) });
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
        The sign-in has expired. Claude Code renews it when it is used next; nothing is asked until then.
          - [sign_in_expired]
        Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.
          - [paused]
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.
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
        status(&state, NOW, &UTC).join(" ")
    });
    expect![[r#"
        Anthropic limits requests (429, asked for 1 h). Nothing is asked before 15:10.
        Anthropic limits requests (429). Nothing is asked before 15:10.
        Anthropic could not be reached: no route. Next try at 15:10.
        Anthropic has trouble (529). Next try at 15:10.
        Anthropic's answer (200) could not be used: it is a web page. Next try at 15:10.
        Holdoff ended while a request was under way, and its answer may have been to wait. Nothing is asked before 15:10.
        Holdoff's saved state could not be read, and Anthropic may have asked it to wait. Nothing is asked before 15:10.
        Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.
        Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.
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
    assert_eq!(status(&state, NOW, &UTC), ["A request is due."]);
    state.usage.intend(NOW);
    assert_eq!(status(&state, NOW, &UTC), ["Asking Anthropic."]);
    // The one re-ask of a 401 keeps no distance from it.
    state.usage.last_request = Some(NOW);
    assert_eq!(status(&state, NOW, &UTC), ["Asking Anthropic."]);
    state.usage.withdraw();
    assert_eq!(status(&state, NOW, &UTC), ["Next request at 15:03."]);
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
        format!("{}\n  {}", status(&state, NOW, &UTC).join(" "), status(&expired, later, &UTC).join(" "))
    });
    expect![[r#"
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

/// The title and the text of the settings window.
#[test]
fn sign_ins_of_no_use() {
    let troubled = |change: &dyn Fn(&mut AccountState)| {
        let mut state = AccountState { troubled: true, ..account() };
        change(&mut state);
        let said = sign_in(&state, NOW, &UTC);
        format!("{said:?}\n")
    };
    let mut text = String::new();
    for absence in absences() {
        text += &troubled(&|state| state.sign_in.seen = Some(Seen::Absent(absence.clone())));
    }
    for pause in pauses() {
        text += &troubled(&|state| state.usage.state = paused(pause.clone()));
    }
    expect![[r#"
        SignInWords { title: "No sign-in found", text: "There is no sign-in of Claude Code on this computer, or it is kept in another folder. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Signed out", text: "Claude Code is not signed in to a Claude account. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Only a token for inference", text: "CLAUDE_CODE_OAUTH_TOKEN is set, and Claude Code has no stored sign-in. Such a token may not read usage, so Holdoff does not try it. A stored sign-in beside it is enough, and Claude Code goes on with its token. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in without a token", text: "Claude Code's sign-in is there, but its access token is empty or damaged. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in cannot be read", text: "Claude Code's credential file cannot be used: it is empty. Holdoff leaves it as it is and looks again in a moment." }
        SignInWords { title: "Sign-in cannot be opened", text: "Claude Code's credential file cannot be opened: permission denied. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic rejected the sign-in three times (401). Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in lacks a permission", text: "Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). A token from claude setup-token never has it; a sign-in in the browser does. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic refused this sign-in three times (403 account disabled). It may belong to an account without a plan. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic does not renew this sign-in any more: its refresh token was refused. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Holdoff ended while it was renewing the sign-in, and to try again could end every session of it. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic renewed the sign-in, but its answer could not be used. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Another account's sign-in", text: "Anthropic renewed the sign-in for another account than it was. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
    "#]].assert_eq(&text);
}

#[test]
fn what_came_of_a_request() {
    let wait = Some(Duration::from_secs(90));
    let outcomes = [
        Outcome::Reading(Reading::new(Source::UsageEndpoint, NOW.wall, vec![], vec![])),
        Outcome::RateLimited { retry_after: wait },
        Outcome::RateLimited { retry_after: None },
        Outcome::Rejected(Rejection::Unauthorized),
        Outcome::Rejected(Rejection::MissingScope("user:profile".into())),
        Outcome::Rejected(Rejection::Forbidden("permission_error".into())),
        Outcome::ServerTrouble { status: 503, retry_after: None },
        Outcome::Unreachable { why: "no route".into() },
        Outcome::Ambiguous { why: "timed out".into() },
        Outcome::Unreadable { status: 200, why: "it is empty".into(), retry_after: None },
    ];
    let said = lines(&outcomes, |one| format!("{:?}: {}", outcome_kind(one), outcome(ANTHROPIC, one)));
    expect![[r#"
        Reading: reading
        RateLimited: rate limited, asked to wait 1 min
        RateLimited: rate limited
        Unauthorized: sign-in not accepted (401)
        MissingScope: sign-in lacks the scope user:profile (403)
        Forbidden: refused (403 permission_error)
        ServerTrouble: Anthropic has trouble (503)
        Unreachable: not sent: no route
        Ambiguous: no answer: timed out
        Unreadable: answer 200 could not be used: it is empty
    "#]]
    .assert_eq(&said);
}

#[test]
fn what_came_of_a_renewal() {
    let wait = Some(Duration::from_secs(90));
    let tokens = Tokens {
        access_token: token("sk-2"),
        expires_at: None,
        refresh_token: None,
        refresh_expires_at: None,
        scopes: None,
        account: None,
    };
    let grants = [
        Grant::Renewed(tokens),
        Grant::Refused,
        Grant::RateLimited { retry_after: wait },
        Grant::RateLimited { retry_after: None },
        Grant::Ambiguous { status: None, why: "timed out".into(), retry_after: None },
        Grant::Denied { status: 400, kind: "invalid_client".into(), retry_after: None },
        Grant::Denied { status: 418, kind: String::new(), retry_after: None },
        Grant::Wasted { why: "its answer was cut off".into() },
        Grant::Unreachable { why: "no route".into() },
    ];
    let said = lines(&grants, |one| format!("{:?}: {}", grant_kind(one), grant(ANTHROPIC, one)));
    expect![[r#"
        Renewed: sign-in renewed
        GrantRefused: refresh token not accepted any more
        RateLimited: renewal rate limited, asked to wait 1 min
        RateLimited: renewal rate limited
        Ambiguous: renewal left open: timed out
        Denied: Anthropic does not renew (400 invalid_client)
        Denied: Anthropic does not renew (418)
        Wasted: renewal accepted, but its answer was cut off
        Unreachable: renewal not sent: no route
    "#]]
    .assert_eq(&said);
}

#[test]
fn notifications() {
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
    state.usage.state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(10));
    state.token.state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(70));
    for (kind, about) in notices {
        let (title, body) = notice(&Notice { id: 1, kind, about }, "ann@example.com", &state, NOW, &UTC);
        text += &format!("{title}\n  {body}\n");
    }
    expect![[r#"
        Usage not asked until 15:10
          Anthropic limits how often usage may be asked for. Holdoff asks nothing before 15:10 and goes on by itself. Your quota is not affected. Account: ann@example.com.
        Sign-in needed
          Anthropic does not accept the sign-in of Claude Code. Holdoff has stopped asking until you sign in again. Its settings lead the way. Account: ann@example.com.
        Sign-in not renewed before 16:10
          Anthropic limits how often a sign-in may be renewed. Holdoff tries again then, and goes on by itself. Meanwhile the current sign-in still works until 15:30. Account: ann@example.com.
        Renewed sign-in not saved
          The sign-in was renewed, but it cannot be written to where Claude Code keeps it. Holdoff holds it and tries again. Free some space or mend the folder before you quit Holdoff, or you will have to sign in again. Account: ann@example.com.
        Readings are back
          Anthropic answers again, and readings go on as before. Account: ann@example.com.
        5-hour limit: 80 % used
          20 % of it is left. Account: ann@example.com.
        5-hour limit will run out
          That is before its reset. Account: ann@example.com.
        5-hour limit was reset
          It has begun anew, after 96 % of it was used. Account: ann@example.com.
        Quota
          Something has changed. Account: ann@example.com.
    "#]].assert_eq(&text);
}

#[test]
fn amounts_of_money() {
    let dollars = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
    let money = |used, limit, used_percent, note: Option<&str>| Money {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used,
        limit,
        used_percent,
        note: note.map(str::to_owned),
    };
    let all = [
        money(dollars(1234), dollars(10_000), Some(12.34), None),
        money(dollars(1234), None, None, Some("out of credits")),
        money(None, dollars(10_000), None, None),
        money(None, None, Some(12.5), None),
        money(None, None, None, None),
    ];
    expect![[r#"
        Extra usage $12.34 of $100.00
        Extra usage $12.34 (out of credits)
        Extra usage limit $100.00
        Extra usage 13 %
        Extra usage —
    "#]]
    .assert_eq(&lines(&all, money_line));
}

#[test]
fn the_status_line_is_given_back() {
    let said = [None, Some("ccstatus")]
        .map(|earlier| format!("{}\n{}\n", status_line_installed(earlier), status_line_removed(earlier)));
    expect![[r#"
        Claude Code's status line calls Holdoff. It shows a short line of what is used.
        Claude Code's status line does not call Holdoff any more.
        Claude Code's status line calls Holdoff. Your own command goes on running, and what it prints is what you see: ccstatus
        Claude Code's status line is yours again: ccstatus
    "#]].assert_eq(&said.concat());
}

#[test]
fn a_backtest() {
    let minutes = |all: &[u64]| all.iter().map(|minutes| Duration::from_secs(minutes * 60)).collect();
    let verdict = Verdict {
        label: "weekly".into(),
        duration_s: Some(604_800),
        cycles: 12,
        ran_out: 3,
        forecasts: 200,
        too_early: 50,
        lasted: Tally { right: 90, wrong: 10 },
        runs_out: Tally { right: 30, wrong: 20 },
        time_errors: minutes(&[1, 2, 30, 60, 600, 7, 8, 9, 10, 11]),
        time_shares: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
        in_range: 7,
        point_errors: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
    };
    let none = Verdict { label: "5-hour".into(), ..Verdict::default() };
    let no_length = Verdict { duration_s: None, time_errors: vec![], ..verdict.clone() };
    expect![[r#"
        weekly: 12 cycles, 3 of them used up before their reset; 200 forecasts
          too early to say: 25 %
          "lasts until reset": said 100 times, right 90 %
          "runs out": said 50 times, right 60 %
          time of running out: off by 10 min in the middle and 1 h in nine of ten (60 % and 90 % of the time left); within the range 70 %
          use 1 d ahead: off by 6.0 points in the middle and 9.0 in nine of ten
        5-hour: 0 cycles, 0 of them used up before their reset; 0 forecasts
          too early to say: —
          "lasts until reset": never said
          "runs out": never said
        weekly: 12 cycles, 3 of them used up before their reset; 200 forecasts
          too early to say: 25 %
          "lasts until reset": said 100 times, right 90 %
          "runs out": said 50 times, right 60 %
          use: off by 6.0 points in the middle and 9.0 in nine of ten
    "#]].assert_eq(&lines([&verdict, &none, &no_length], backtest));
}
