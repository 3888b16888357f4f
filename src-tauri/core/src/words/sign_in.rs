//! The sign-in in words: what is wrong, what Holdoff does about it, what the person can do.

use super::gate::pause;
use crate::gate::Pause;
use crate::providers::anthropic;
use crate::sign_in::Absence;
use crate::state::{AccountState, Provider, SignInTrouble};
use crate::time::Wall;

/// The words of the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInWords {
    pub title: String,
    pub text: String,
    pub steps: Vec<String>,
    /// The command of the steps, to copy.
    pub command: Option<&'static str>,
}

pub fn sign_in(state: &AccountState, now: Wall) -> SignInWords {
    let owner = state.provider.owner();
    let Some(trouble) = state.sign_in_trouble(now) else {
        return fine(state);
    };
    let (title, text) = match &trouble {
        SignInTrouble::Expired => (
            "Sign-in expired".to_owned(),
            format!(
                "The sign-in has run out, which is nothing unusual: {owner} renews it when you use it next. \
                 Holdoff sends no expired token, and goes on by itself as soon as it is renewed."
            ),
        ),
        SignInTrouble::Paused(cause) => (paused_title(cause).to_owned(), paused_text(state.provider, cause)),
        SignInTrouble::Absent(absence) => absent(owner, absence),
    };
    let (steps, command) = steps(state.provider, &trouble);
    SignInWords { title, text, steps, command }
}

fn fine(state: &AccountState) -> SignInWords {
    let owner = state.provider.owner();
    let (title, text) = match state.sign_in.seen {
        None => ("Looking for the sign-in".to_owned(), format!("Holdoff is looking for {owner}'s sign-in.")),
        Some(_) => {
            ("Signed in".to_owned(), format!("Holdoff reads the sign-in {owner} keeps, and never writes to it."))
        }
    };
    SignInWords { title, text, steps: Vec::new(), command: None }
}

fn paused_title(cause: &Pause) -> &'static str {
    match cause {
        Pause::Rejected | Pause::Forbidden { .. } => "Sign-in not accepted",
        Pause::MissingScope { .. } => "Sign-in lacks a permission",
        Pause::RefreshRefused | Pause::RenewalCutOff | Pause::RenewalWasted => "Sign-in not renewed",
        Pause::OtherAccount => "Another account's sign-in",
    }
}

fn paused_text(provider: Provider, cause: &Pause) -> String {
    let why = pause(provider, cause);
    format!("{why} Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in.")
}

fn absent(owner: &str, absence: &Absence) -> (String, String) {
    let goes_on = "Holdoff asks nothing meanwhile, and goes on by itself.";
    match absence {
        Absence::NoFile => (
            "No sign-in found".to_owned(),
            format!("There is no sign-in of {owner} on this computer, or it is kept in another folder. {goes_on}"),
        ),
        Absence::NotSignedIn => {
            ("Signed out".to_owned(), format!("{owner} is not signed in to a Claude account. {goes_on}"))
        }
        Absence::InferenceOnly => (
            "Only a token for inference".to_owned(),
            format!(
                "CLAUDE_CODE_OAUTH_TOKEN is set, and {owner} has no stored sign-in. Such a token may not read usage, so Holdoff does not try it. A stored sign-in beside it is enough, and {owner} goes on with its token. {goes_on}"
            ),
        ),
        Absence::EmptyToken => (
            "Sign-in without a token".to_owned(),
            format!("{owner}'s sign-in is there, but its access token is empty or damaged. {goes_on}"),
        ),
        Absence::Unreadable(why) => (
            "Sign-in cannot be read".to_owned(),
            format!(
                "{owner}'s credential file cannot be used: {why}. Holdoff leaves it as it is and looks again in a moment."
            ),
        ),
        Absence::Forbidden(why) => (
            "Sign-in cannot be opened".to_owned(),
            format!(
                "{owner}'s credential file cannot be opened: {why}. Give your user the right to read it. {goes_on}"
            ),
        ),
    }
}

fn steps(provider: Provider, trouble: &SignInTrouble) -> (Vec<String>, Option<&'static str>) {
    match (provider, trouble) {
        (Provider::Anthropic, SignInTrouble::Expired) => (
            vec![
                "Use Claude Code once, or run the command below in a terminal to sign in again.".to_owned(),
                NOTICES.to_owned(),
            ],
            Some(anthropic::credential::SIGN_IN_COMMAND),
        ),
        (Provider::Anthropic, SignInTrouble::Absent(Absence::Forbidden(_))) => (
            vec![
                "Make the file readable for your user, or run the command below in a terminal to sign in again."
                    .to_owned(),
                NOTICES.to_owned(),
            ],
            Some(anthropic::credential::SIGN_IN_COMMAND),
        ),
        (Provider::Anthropic, SignInTrouble::Absent(_) | SignInTrouble::Paused(_)) => (
            vec![
                "Open a terminal and run the command below.".to_owned(),
                "Follow Claude Code's sign-in in the browser. In older versions: start claude and type /login."
                    .to_owned(),
                NOTICES.to_owned(),
            ],
            Some(anthropic::credential::SIGN_IN_COMMAND),
        ),
    }
}

const NOTICES: &str = "Holdoff notices by itself and reads again.";
