//! The texts for accounts with problems, one scenario at a time.

use super::sign_in_steps::sign_in_command;
use super::*;
use crate::credential::sign_in_flow::LaunchSupport;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, GateState, Pause};
use crate::notification::{Notice, NoticeKind};
use crate::request::Endpoint;
use crate::state::{AccountId, AccountState, Provider};
use crate::time::{Boot, Moment};

/// 2026-09-14 15:00 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };
const UTC: LocalTime = LocalTime::UTC;

fn in_min(minutes: i64) -> Moment {
    Moment { wall: Wall(NOW.wall.0 + minutes * 60_000), boot: Boot(NOW.boot.0 + minutes * 60_000) }
}

/// Signed in until 15:30, and asked next at 15:05.
fn signed_in() -> AccountState {
    let mut state = AccountState::new(Provider::Anthropic);
    let fingerprint = Token::new("sk-1".to_owned()).unwrap().fingerprint();
    state.sign_in.seen = Some(CredentialPresence::Present { fingerprint, expires_at: Some(in_min(30).wall) });
    state.sign_in.place = "~/.claude/.credentials.json".to_owned();
    state.sign_in.renewable = true;
    state.next = Some(in_min(5));
    state
}

fn renewed_by_holdoff() -> AccountState {
    AccountState { renewal_enabled: true, ..signed_in() }
}

fn expired(mut state: AccountState) -> AccountState {
    if let Some(CredentialPresence::Present { expires_at, .. }) = &mut state.sign_in.seen {
        *expires_at = Some(in_min(-10).wall);
    }
    AccountState { sign_in_failed: true, ..state }
}

fn cooling(cause: Cooldown, minutes: i64) -> GateState {
    GateState::CoolingDown { cause, since: NOW, until: in_min(minutes) }
}

fn limited(minutes: i64) -> GateState {
    cooling(Cooldown::RateLimited { retry_after_s: None }, minutes)
}

fn paused(cause: Pause) -> GateState {
    let fingerprint = Token::new("sk-1".to_owned()).unwrap().fingerprint();
    GateState::Paused { cause, since: NOW, fingerprint, beneath: None }
}

fn absent(absence: CredentialMissing) -> AccountState {
    let mut state = signed_in();
    state.sign_in.seen = Some(CredentialPresence::Absent(absence));
    AccountState { sign_in_failed: true, ..state }
}

const HERE: SignInContext<'_> = SignInContext {
    label: "ann@example.com",
    before: None,
    means: LaunchSupport::Terminal,
    older: false,
    opened: false,
};

fn status(state: &AccountState) -> String {
    super::status(&state.status(NOW), &UTC).join(" ")
}

fn said(state: &AccountState) -> SignInWords {
    sign_in(&state.status(NOW), &UTC)
}

fn guided(state: &AccountState, around: SignInContext<'_>) -> SignInSteps {
    sign_in_steps(&state.status(NOW), &around, &UTC)
}

fn steps(words: &SignInSteps) -> Vec<(Progress, &str)> {
    words.steps.iter().map(|step| (step.progress, step.text.as_str())).collect()
}

#[test]
fn sign_in_is_unknown_before_the_first_credential_read() {
    assert_eq!(said(&AccountState::new(Provider::Anthropic)).title, "Looking for the sign-in");
    assert_eq!(said(&signed_in()).title, "Signed in");
}

#[test]
fn webview_failure_message_explains_the_cause_and_the_fix() {
    let said = |why: NoWindow| {
        let (title, body) = no_window(&why, "~/logs");
        assert_eq!(title, "Holdoff's window does not open");
        body
    };
    let ended = said(NoWindow::Ended("exit status: 1".to_owned()));
    assert!(ended.contains("(exit status: 1)") && ended.contains("see the logs in ~/logs"), "{ended}");
    let missing = said(NoWindow::NotStarted("No such file or directory".to_owned()));
    assert!(missing.contains("(No such file or directory)") && missing.ends_with("Reinstall Holdoff."), "{missing}");
    assert!(said(NoWindow::NoDisplay).contains("run holdoff once in this session"));
    let other = |window: &str| said(NoWindow::OtherVersion { window: window.to_owned(), app: "1.2.0".to_owned() });
    assert!(other("1.3.0").starts_with("holdoff-window is version 1.3.0, but the running app is version 1.2.0."));
    assert!(other("").starts_with("holdoff-window is an older version, but"));
}

/// A limit of the token endpoint, told apart from an expired sign-in and from both together.
#[test]
fn renewal_rate_limit_is_distinguished_from_an_expired_sign_in() {
    let mut state = renewed_by_holdoff();
    state.gates[Endpoint::Token].state = limited(70);
    let limit = "Anthropic is rate limiting sign-in renewal; next try at 16:10.";
    assert_eq!(status(&state), format!("Next check at 15:05. {limit} The current sign-in still works until 15:30."));
    assert_eq!(said(&state).title, "Signed in");
    assert!(said(&state).text.contains(limit), "{}", said(&state).text);

    let both = expired(state.clone());
    assert_eq!(status(&both), format!("The sign-in has expired. {limit} Checks resume after renewal."));
    assert_eq!(said(&both).title, "Sign-in expired");

    let only_expired = expired(renewed_by_holdoff());
    assert_eq!(
        status(&only_expired),
        "The sign-in has expired. Holdoff renews it as soon as it is allowed to. Checks resume then."
    );
    let mut over = only_expired.clone();
    over.gates[Endpoint::Usage].state = limited(0);
    assert_eq!(status(&over), status(&only_expired), "a limit that is over holds nothing back");
    let mut owners = expired(signed_in());
    assert_eq!(
        status(&owners),
        "The sign-in has expired. Claude Code renews it the next time you use it. Checks resume then."
    );
    assert!(said(&owners).text.contains("This is normal: Claude Code renews it"), "{}", said(&owners).text);
    owners.sign_in.renewable = false;
    assert!(said(&owners).text.contains("has no refresh token to renew it"), "{}", said(&owners).text);
    state.renewal_enabled = false;
    assert_eq!(status(&state), "Next check at 15:05.", "a limit of what nobody wants is no news");
}

#[test]
fn rate_limits_of_both_endpoints_are_both_shown() {
    let mut state = renewed_by_holdoff();
    state.gates[Endpoint::Usage].state = limited(20);
    state.gates[Endpoint::Token].state = limited(70);
    assert_eq!(
        super::status(&state.status(NOW), &UTC),
        [
            "Anthropic is rate limiting usage checks (HTTP 429). Next check at 15:20.",
            "Anthropic is rate limiting sign-in renewal; next try at 16:10. The current sign-in still works until 15:30.",
        ]
    );
    let mut state = expired(renewed_by_holdoff());
    state.gates[Endpoint::Usage].state = limited(20);
    assert_eq!(
        status(&state),
        "The sign-in has expired, and Anthropic is rate limiting usage checks. Holdoff renews the sign-in at 15:20. Checks resume then."
    );
}

#[test]
fn renewal_wait_names_network_server_or_state_loss() {
    let why = |cause| {
        let mut state = renewed_by_holdoff();
        state.gates[Endpoint::Token].state = cooling(cause, 10);
        let works = status(&state);
        (works, status(&expired(state)))
    };
    let (works, ended) = why(Cooldown::Network { why: "no connection".into() });
    assert!(works.contains("Sign-in renewal failed (no connection); next try at 15:10. The current"), "{works}");
    assert!(ended.contains("expired. Sign-in renewal failed (no connection)"), "{ended}");
    let (works, _) = why(Cooldown::Server { status: 503 });
    assert!(works.contains("(Anthropic returned HTTP 503)"), "{works}");
    let (works, _) = why(Cooldown::StateLost);
    assert!(works.contains("next try to renew the sign-in at 15:10"), "{works}");
}

/// A lock of another program, a file that is not ours to write: said where the person looks, and how to go on.
#[test]
fn renewal_blocked_reason_is_shown() {
    let state = AccountState { renewal_blocked: Some("another program is renewing it".into()), ..renewed_by_holdoff() };
    assert_eq!(
        super::status(&state.status(NOW), &UTC),
        [
            "Next check at 15:05.",
            "Sign-in renewal is blocked (another program is renewing it); Holdoff retries every few minutes. The current sign-in still works until 15:30.",
        ]
    );
    assert!(said(&state).text.contains("blocked (another program is renewing it)"), "{}", said(&state).text);
    let ended = expired(state.clone());
    assert_eq!(
        status(&ended),
        "The sign-in has expired. Sign-in renewal is blocked (another program is renewing it); Holdoff retries every few minutes. Checks resume after renewal."
    );
    let owners = AccountState { renewal_enabled: false, ..state };
    assert_eq!(status(&owners), "Next check at 15:05.", "what nobody wants is not held up");
}

/// Holdoff never claims to write nothing where it may.
#[test]
fn renewal_text_states_who_renews() {
    let text = said(&signed_in()).text;
    assert!(text.contains("never writes to it"), "{text}");
    for state in [renewed_by_holdoff(), AccountState { renewal_enabled: true, ..expired(signed_in()) }] {
        let text = said(&state).text;
        assert!(!text.contains("never") && text.contains("Holdoff") && text.contains("renews"), "{text}");
    }
    let mut state = renewed_by_holdoff();
    state.sign_in.renewable = false;
    let text = said(&state).text;
    assert!(text.contains("cannot renew it") && !text.contains("never writes"), "{text}");
    let text = said(&expired(state)).text;
    assert!(text.contains("no refresh token"), "{text}");
}

#[test]
fn pause_and_missing_sign_in_causes_are_named_with_the_fix() {
    let pauses = [
        (Pause::Rejected, "401"),
        (Pause::MissingScope { scope: "user:profile".into() }, "user:profile"),
        (Pause::Forbidden { message: "no such plan".into() }, "no such plan"),
        (Pause::RefreshRefused, "refresh token was refused"),
        (Pause::RenewalCutOff, "stopped while renewing"),
        (Pause::RenewalWasted, "could not be used"),
        (Pause::OtherAccount, "a different account"),
    ];
    for (cause, named) in pauses {
        let mut state = AccountState { sign_in_failed: true, ..signed_in() };
        state.gates[Endpoint::Usage].state = paused(cause);
        let (text, status) = (said(&state).text, status(&state));
        assert!(text.contains(named) && text.contains("Checks are paused"), "{text}");
        assert!(status.starts_with("Paused: ") && status.contains(named), "{status}");
        let words = guided(&state, HERE);
        assert_eq!(steps(&words)[0], (Progress::Now, "Sign in again with Claude Code."));
        assert!(words.offer.unwrap().urgent);
    }
    let absences = [
        (CredentialMissing::NoFile, "no Claude Code sign-in", "Sign in with"),
        (CredentialMissing::NotSignedIn, "not signed in", "Sign in with"),
        (CredentialMissing::InferenceOnly, "CLAUDE_CODE_OAUTH_TOKEN", "Sign in with"),
        (CredentialMissing::EmptyToken, "access token is empty", "Sign in again"),
        (CredentialMissing::Unreadable("it is a folder".into()), "it is a folder", "out of the way"),
        (CredentialMissing::Unreadable("it is a link to a missing file".into()), "is a link", "out of the way"),
        (CredentialMissing::Forbidden("permission denied".into()), "permission denied", "Make the file readable"),
    ];
    for (absence, named, helps) in absences {
        let state = absent(absence);
        let (text, words) = (said(&state).text, guided(&state, HERE));
        assert!(text.contains(named), "{text}");
        assert!(words.steps[0].text.contains(helps), "{words:?}");
        assert!(words.offer.unwrap().urgent);
    }
}

/// An expired sign-in is nobody's failure: someone renews it, and signing in is only sooner.
#[test]
fn expired_sign_in_is_urgent_only_if_nobody_can_renew_it() {
    let urgent = |state: &AccountState| guided(state, HERE).offer.unwrap().urgent;
    let mut waiting = expired(renewed_by_holdoff());
    waiting.gates[Endpoint::Token].state = limited(70);
    assert!(!urgent(&expired(signed_in())) && !urgent(&expired(renewed_by_holdoff())) && !urgent(&waiting));
    assert!(guided(&waiting, HERE).steps[0].text.contains("Wait until 16:10"));
    let mut spent = expired(signed_in());
    spent.sign_in.renewable = false;
    assert!(urgent(&spent));
    assert!(status(&spent).contains("when you sign in again"), "{}", status(&spent));
}

#[test]
fn renewal_paused_before_expiry_says_when_the_sign_in_expires() {
    let mut state = AccountState { sign_in_failed: true, ..renewed_by_holdoff() };
    state.gates[Endpoint::Token].state = paused(Pause::RefreshRefused);
    assert_eq!(
        status(&state),
        "Next check at 15:05. The sign-in cannot be renewed. The current sign-in still works until 15:30."
    );
    assert!(said(&state).text.contains("still works until 15:30"), "{}", said(&state).text);
    let words = guided(&state, HERE);
    assert_eq!(words.steps[0].text, "Sign in again with Claude Code before 15:30.");
    let stopped = Notice { id: 1, kind: NoticeKind::SignInStopped, about: None, also: vec![] };
    let (title, body) = notice(&stopped, "ann", &state, NOW, &UTC);
    assert_eq!(title, "Sign-in needed");
    assert!(body.contains("before it expires") && !body.contains("Checks resume"), "{body}");
    let (_, body) = notice(&stopped, "ann", &expired(state), NOW, &UTC);
    assert!(body.contains("Checks resume when you sign in again"), "{body}");
}

#[test]
fn sign_in_flow_steps_follow_the_recovery() {
    let mut state = AccountState { sign_in_failed: true, ..signed_in() };
    state.gates[Endpoint::Usage].state = paused(Pause::Rejected);
    let opened = guided(&state, SignInContext { opened: true, ..HERE });
    assert_eq!(opened.steps[0].progress, Progress::Done);
    assert_eq!(opened.steps[1].progress, Progress::UnderWay);
    assert!(opened.steps[1].text.starts_with("Waiting for the new sign-in…"), "{opened:?}");
    assert_eq!(opened.offer.unwrap().button, "Open again");

    // A new one is there, and the gate is open, or is not.
    let mut new = AccountState { sign_in_failed: true, next: Some(NOW), ..signed_in() };
    let found = |at: &str| SignInWords {
        title: "New sign-in found".to_owned(),
        text: format!("Claude Code has a new sign-in. Holdoff tests it with one request{at}, then resumes."),
    };
    assert_eq!(said(&new), found(""), "nobody is signed in before that is proved");
    let now = guided(&new, HERE);
    assert_eq!(steps(&now)[2], (Progress::UnderWay, "Testing it with one request…"));
    assert_eq!((now.offer, now.recovered), (None, None));
    new.gates[Endpoint::Usage].last_request = Some(in_min(-1));
    assert_eq!(said(&new), found(" at 15:02"));
    let later = "Holdoff tests it at 15:02: the last request was less than 3 minutes ago.";
    assert_eq!(steps(&guided(&new, HERE))[2], (Progress::UnderWay, later));
    new.gates[Endpoint::Usage].unauthorized = 1;
    assert!(guided(&new, HERE).steps[2].text.ends_with("It was just rejected (HTTP 401)."));
    new.gates[Endpoint::Usage].state = limited(32);
    assert!(guided(&new, HERE).steps[2].text.contains("at 15:32: Anthropic is rate limiting usage checks (HTTP 429)."));

    let proved = AccountState { sign_in_recovered: true, ..signed_in() };
    let words = guided(&proved, HERE);
    assert_eq!(words.recovered.as_deref(), Some("Signed in as ann@example.com. Readings are back."));
    assert_eq!((words.steps.len(), words.other_account), (0, None));
    assert_eq!(guided(&signed_in(), HERE), SignInSteps::default());
}

#[test]
fn sign_in_flow_names_a_different_account_before_and_after_the_check() {
    let around = SignInContext { label: "bob@example.com", before: Some("ann@example.com"), ..HERE };
    let bob = AccountState { previous_account: Some(AccountId("anthropic:ann".into())), ..signed_in() };
    let other = "This is a different account: bob@example.com instead of ann@example.com. Holdoff continues with it.";
    for state in [AccountState { sign_in_failed: true, ..bob.clone() }, AccountState { sign_in_recovered: true, ..bob }]
    {
        assert_eq!(guided(&state, around).other_account.as_deref(), Some(other));
    }
}

#[test]
fn sign_in_flow_without_program_or_terminal_shows_the_command() {
    let state = absent(CredentialMissing::NoFile);
    let offer = |means| guided(&state, SignInContext { means, ..HERE }).offer.unwrap();
    assert_eq!(offer(LaunchSupport::Terminal).problem, None);
    let missing = offer(LaunchSupport::NoProgram);
    assert_eq!(missing.command, "claude auth login");
    assert!(missing.problem.unwrap().address.unwrap().starts_with("https://"));
    let closed = offer(LaunchSupport::NoTerminal).problem.unwrap();
    assert!(closed.text.contains("run the command below") && closed.address.is_none(), "{closed:?}");
    let older = guided(&state, SignInContext { older: true, ..HERE });
    assert_eq!(older.offer.unwrap().command, "claude");
    assert!(older.steps[1].text.contains("/login"));
}

#[test]
fn sign_in_command_sets_a_non_default_config_dir() {
    let command = |place: &str| {
        let mut state = signed_in();
        state.sign_in.place = place.to_owned();
        let owner = state.provider.owner_info().unwrap();
        let command = sign_in_command(&state, owner, false);
        assert_eq!(how_to_sign_in(&state), format!("Sign in with: {command}"));
        command
    };
    assert_eq!(command("~/.claude/.credentials.json"), "claude auth login");
    assert_eq!(command(""), "claude auth login");
    if cfg!(windows) {
        let work = command(r"~\.claude-work\.credentials.json");
        assert_eq!(work, r#"set "CLAUDE_CONFIG_DIR=%USERPROFILE%\.claude-work" && claude auth login"#);
        return;
    }
    assert_eq!(command("~/.claude-work/.credentials.json"), "CLAUDE_CONFIG_DIR=~/.claude-work claude auth login");
    assert_eq!(command("/srv/a b/.credentials.json"), "CLAUDE_CONFIG_DIR='/srv/a b' claude auth login");
    assert_eq!(command("~/it's/.credentials.json"), r"CLAUDE_CONFIG_DIR=~/'it'\''s' claude auth login");
}
