//! Sign-ins of no use, and the way back.

use super::*;

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
fn sign_ins_of_no_use() {
    let troubled = |change: &dyn Fn(&mut AccountState)| {
        let mut state = AccountState { troubled: true, ..account() };
        change(&mut state);
        let said = sign_in(&state.status(NOW), &UTC);
        format!("{said:?}\n")
    };
    let mut text = String::new();
    for absence in absences() {
        text += &troubled(&|state| state.sign_in.seen = Some(CredentialPresence::Absent(absence.clone())));
    }
    for pause in pauses() {
        text += &troubled(&|state| state.usage.state = paused(pause.clone()));
    }
    expect![[r#"
        SignInWords { title: "No sign-in found", text: "There is no sign-in of Claude Code on this computer, or it is kept in another folder. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Signed out", text: "Claude Code is not signed in to a Claude account. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Only a token for inference", text: "CLAUDE_CODE_OAUTH_TOKEN is set, and Claude Code has no stored sign-in. Such a token may not read usage, so Holdoff does not try it. A stored sign-in beside it is enough, and Claude Code goes on with its token. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in without a token", text: "Claude Code's sign-in is there, but its access token is empty or damaged. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended: its renewal was refused, and Claude Code emptied its tokens. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended (time limit). Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in has ended", text: "Claude Code's sign-in has ended. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in cannot be read", text: "Claude Code's credential file cannot be used: it is empty. Holdoff leaves it as it is and looks again in a moment." }
        SignInWords { title: "Sign-in cannot be opened", text: "Claude Code's credential file cannot be opened: permission denied. Holdoff asks nothing meanwhile, and goes on by itself." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic rejected the sign-in three times (401). Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in lacks a permission", text: "Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). A token from claude setup-token never has it; a sign-in in the browser does. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in lacks a permission", text: "Claude Code stored this sign-in without the scope user:profile, which usage needs, so Holdoff sends nothing with it. A token from claude setup-token never has it; a sign-in in the browser does. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Not allowed for the organization", text: "Anthropic does not allow this kind of sign-in for your organization (403). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request. Holdoff has stopped asking, and goes on by itself when the sign-in changes." }
        SignInWords { title: "Not allowed for the account", text: "Anthropic does not let your account read usage (401). Its support can change that; signing in again cannot. Free readings (in the settings) need no request. Holdoff has stopped asking, and goes on by itself when the sign-in changes." }
        SignInWords { title: "Sign-in not accepted", text: "Anthropic refused this sign-in three times (403 account disabled). It may belong to an account without a plan. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic does not renew this sign-in any more: its refresh token was refused. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Holdoff ended while it was renewing the sign-in, and to try again could end every session of it. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Sign-in not renewed", text: "Anthropic renewed the sign-in, but its answer could not be used. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
        SignInWords { title: "Another account's sign-in", text: "Anthropic renewed the sign-in for another account than it was. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in." }
    "#]].assert_eq(&text);
}
