//! Unusable sign-ins, and pasted keys.

use super::*;
use crate::providers::KeyInfo;
use crate::settings::Readings;

fn absences() -> Vec<CredentialMissing> {
    vec![
        CredentialMissing::NoFile,
        CredentialMissing::NotSignedIn,
        CredentialMissing::InferenceOnly,
        CredentialMissing::EmptyToken,
        CredentialMissing::Blanked,
        CredentialMissing::LoginEnded("time limit".into()),
        CredentialMissing::LoginEnded(String::new()),
        CredentialMissing::Unreadable("it is empty".into()),
        CredentialMissing::Forbidden("permission denied".into()),
    ]
}

/// The title and the text of the settings window.
#[test]
fn unusable_sign_in_titles_and_texts() {
    let troubled = |change: &dyn Fn(&mut AccountState)| {
        let mut state = AccountState { sign_in_failed: true, ..account() };
        change(&mut state);
        let said = sign_in(&state.status(NOW), &UTC);
        format!("{said:?}\n")
    };
    let mut text = String::new();
    for absence in absences() {
        text += &troubled(&|state| state.sign_in.seen = Some(CredentialPresence::Absent(absence.clone())));
    }
    for pause in pauses() {
        text += &troubled(&|state| state.gates[Endpoint::Usage].state = paused(pause.clone()));
    }
    expect![[r#"
        SignInWords { title: "No sign-in found", text: "There is no Claude Code sign-in on this computer, or it is in another folder. Holdoff waits and resumes by itself." }
        SignInWords { title: "Signed out", text: "Claude Code is not signed in to a Claude account. Holdoff waits and resumes by itself." }
        SignInWords { title: "Inference-only token", text: "CLAUDE_CODE_OAUTH_TOKEN is set, and Claude Code has no stored sign-in. Such a token cannot read usage, so Holdoff does not use it. Sign in with Claude Code as well; Claude Code keeps using the token. Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in has no token", text: "Claude Code's sign-in exists, but its access token is empty or damaged. Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended: its renewal was refused and Claude Code cleared its tokens. Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended (time limit). Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended. Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in cannot be read", text: "Claude Code's credential file cannot be used: it is empty. Holdoff leaves it unchanged and checks it again in a moment." }
        SignInWords { title: "Sign-in cannot be opened", text: "Claude Code's credential file cannot be opened: permission denied. Holdoff waits and resumes by itself." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic rejected the sign-in three times (HTTP 401). Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Sign-in lacks a permission", text: "Anthropic does not let this sign-in read usage: it lacks the scope user:profile (HTTP 403). A token from claude setup-token never has it; a sign-in in the browser does. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Sign-in lacks a permission", text: "Claude Code stored this sign-in without the scope user:profile, which usage checks need, so Holdoff does not use it. A token from claude setup-token never has it; a sign-in in the browser does. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Not allowed for the organization", text: "Anthropic does not allow this kind of sign-in for your organization (HTTP 403). Its administrator can change that; signing in again does not help. Free readings (in the settings) need no request. Checks are paused and resume by themselves when the sign-in changes." }
        SignInWords { title: "Not allowed for the account", text: "Anthropic does not let your account read usage (HTTP 401). Its support can change that; signing in again does not help. Free readings (in the settings) need no request. Checks are paused and resume by themselves when the sign-in changes." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic refused this sign-in three times (HTTP 403: account disabled). It may belong to an account without a plan. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic no longer renews this sign-in: its refresh token was refused. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Sign-in not renewed", text: "Holdoff stopped while renewing the sign-in. Retrying could sign you out everywhere. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic renewed the sign-in, but its response could not be used. Checks are paused and resume by themselves when you sign in again." }
        SignInWords { title: "Another account's sign-in", text: "Anthropic renewed the sign-in for a different account. Checks are paused and resume by themselves when you sign in again." }
    "#]].assert_eq(&text);
}

const KEY: KeyInfo = KeyInfo { name: "API key", address: "https://example.com/keys", variable: None };

/// The same for a key in place of a sign-in. No provider has keys so far, so the causes name another provider.
#[test]
fn pasted_key_titles_and_texts() {
    let said = |change: &dyn Fn(&mut AccountState)| {
        let mut state = account();
        change(&mut state);
        let (title, text) = pasted_key::sign_in(&state.status(NOW), "Example", &KEY, " at 15:10");
        format!("{title}\n  {text}\n")
    };
    let text = [
        said(&|state| state.sign_in.seen = None),
        said(&|_| {}),
        said(&|state| state.sign_in_failed = true),
        said(&|state| state.gates[Endpoint::Usage].state = paused(Pause::Rejected)),
        said(&|state| state.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NotSignedIn))),
        said(&|state| {
            state.choose(Some(Readings::FreeOnly));
        }),
    ];
    expect![[r#"
        Looking for the sign-in
          Holdoff is looking for the Example API key.
        Signed in
          Holdoff uses the Example API key that you gave it.
        New sign-in found
          Holdoff tests the new API key with one request at 15:10, then resumes.
        Sign-in not accepted
          Anthropic rejected the sign-in three times (HTTP 401). Checks are paused and resume by themselves with another API key.
        No sign-in found
          Holdoff has no Example API key.
        Signed in
          Holdoff uses the Example API key that you gave it. Holdoff sends no requests: this account is set to free readings only.
    "#]].assert_eq(&text.concat());
}

#[test]
fn pasted_key_texts_while_no_request_is_sent() {
    let troubles = [
        SignInTrouble::Absent(CredentialMissing::NotSignedIn),
        SignInTrouble::Expired,
        SignInTrouble::Paused(Pause::Rejected),
    ];
    expect![[r#"
        Holdoff has no Anthropic API key. Checks resume when there is a working one.
        The Anthropic API key has expired. Paste a new one in the settings.
        Paused: Anthropic rejected the sign-in three times (HTTP 401). Checks resume when you paste a new API key in the settings.
    "#]].assert_eq(&lines(&troubles, |trouble| pasted_key::waiting(&account(), &KEY, trouble)));
}
