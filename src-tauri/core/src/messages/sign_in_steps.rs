//! The steps to a working sign-in, and their result.

use super::{not_before, pasted_key};
use crate::credential::CredentialMissing;
use crate::credential::sign_in_flow::{LaunchSupport, SignInFlow, Urgency};
use crate::gate::{Blocked, Spacing};
use crate::local_time::LocalTime;
use crate::messages::request_status::{SPACING, reason};
use crate::providers::{OwnerFolders, OwnerInfo, SignIn};
use crate::request::Endpoint;
use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::status::account::AccountStatus;
use crate::text::{below_profile, quoted_below_home};
use crate::time::Moment;

/// Inputs to the messages other than the account.
#[derive(Debug, Clone, Copy)]
pub struct SignInContext<'a> {
    /// The account's label.
    pub label: &'a str,
    /// The label of the account whose sign-in was here before.
    pub before: Option<&'a str>,
    pub means: LaunchSupport,
    /// The owner's program is too old for the sign-in command.
    pub older: bool,
    /// A terminal with the owner's sign-in was opened since the problem began.
    pub opened: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInSteps {
    /// The steps, in order; empty if there is nothing to do.
    pub steps: Vec<StepWords>,
    pub offer: Option<Offer>,
    /// The new sign-in works: which account it is.
    pub recovered: Option<String>,
    /// It belongs to a different account than before.
    pub other_account: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWords {
    pub progress: Progress,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Done,
    Now,
    /// Holdoff is working on it, or waiting for it.
    UnderWay,
    Next,
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub button: &'static str,
    /// Signing in is the only solution.
    pub urgent: bool,
    /// For users who prefer to type it.
    pub command: String,
    /// Why the button may not work.
    pub problem: Option<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub text: String,
    /// Installation instructions for what is missing.
    pub address: Option<&'static str>,
}

pub fn sign_in_steps(status: &AccountStatus<'_>, around: &SignInContext<'_>, zone: &LocalTime) -> SignInSteps {
    let (state, now) = (status.account, status.now);
    let other_account = around.before.filter(|_| state.previous_account.is_some()).map(|before| {
        format!("This is a different account: {} instead of {before}. Holdoff continues with it.", around.label)
    });
    match &status.sign_in_flow {
        SignInFlow::Nothing | SignInFlow::Barred => SignInSteps::default(),
        SignInFlow::SignIn(need) => match state.provider.info().sign_in {
            SignIn::Owner(owner) => SignInSteps {
                steps: to_sign_in(state, need, around, now, zone),
                offer: Some(offer(state, owner, need, around)),
                ..SignInSteps::default()
            },
            SignIn::Key(key) => {
                let first = StepWords { progress: Progress::Now, text: pasted_key::what_to_do(need, key) };
                SignInSteps { steps: vec![first, tested()], ..SignInSteps::default() }
            }
        },
        SignInFlow::Checking { at } => {
            SignInSteps { steps: checking(state, *at, now, zone), other_account, ..SignInSteps::default() }
        }
        SignInFlow::Mended => {
            let recovered = format!("Signed in as {}. Readings are back.", around.label);
            SignInSteps { recovered: Some(recovered), other_account, ..SignInSteps::default() }
        }
    }
}

/// What the user does to sign in, for a terminal.
pub fn how_to_sign_in(state: &AccountState) -> String {
    match state.provider.info().sign_in {
        SignIn::Owner(owner) => format!("Sign in with: {}", sign_in_command(state, owner, false)),
        SignIn::Key(key) => format!("Paste a key in the settings. To make one: {}", key.address),
    }
}

/// The command that signs in, for the folder of this account.
pub(super) fn sign_in_command(state: &AccountState, owner: &OwnerInfo, older: bool) -> String {
    command_for(owner, config_folder(&owner.folders, &state.sign_in.place), older)
}

/// The same for a folder as the user names it; `None` is the default folder.
pub(super) fn command_for(owner: &OwnerInfo, folder: Option<&str>, older: bool) -> String {
    let (command, variable) = (if older { owner.sign_in.older } else { owner.sign_in.command }, owner.folders.variable);
    match folder {
        Some(folder) if cfg!(windows) => {
            format!("set \"{variable}={}\" && {command}", below_profile(folder))
        }
        Some(folder) => format!("{variable}={} {command}", quoted_below_home(folder)),
        None => command.to_owned(),
    }
}

/// The owner's folder, if it is not the default one.
fn config_folder<'a>(folders: &OwnerFolders, place: &'a str) -> Option<&'a str> {
    let folder = place.strip_suffix(folders.credential_file)?.trim_end_matches(['/', '\\']);
    let below_home = folder.strip_prefix('~').and_then(|below| below.strip_prefix(['/', '\\']));
    (!folder.is_empty() && below_home != Some(folders.default)).then_some(folder)
}

fn to_sign_in(
    state: &AccountState,
    need: &Urgency,
    around: &SignInContext<'_>,
    now: Moment,
    zone: &LocalTime,
) -> Vec<StepWords> {
    let owner = state.provider.owner();
    let (first, second) = match around.opened {
        true => (Progress::Done, Progress::UnderWay),
        false => (Progress::Now, Progress::Next),
    };
    let finish = match (around.opened, around.older) {
        (true, false) => "Waiting for the new sign-in… Finish it in the terminal and your browser.".to_owned(),
        (true, true) => format!("Waiting for the new sign-in… Type /login in {owner} and finish in your browser."),
        (false, false) => "Finish in your browser. Holdoff notices the new sign-in by itself.".to_owned(),
        (false, true) => {
            format!("Type /login in {owner} and finish in your browser. Holdoff notices the new sign-in by itself.")
        }
    };
    vec![
        StepWords { progress: first, text: what_to_do(state, need, now, zone) },
        StepWords { progress: second, text: finish },
        tested(),
    ]
}

fn tested() -> StepWords {
    StepWords { progress: Progress::Next, text: "Holdoff tests it with one request, then resumes.".to_owned() }
}

fn what_to_do(state: &AccountState, need: &Urgency, now: Moment, zone: &LocalTime) -> String {
    let owner = state.provider.owner();
    match need {
        Urgency::Only(SignInTrouble::Absent(
            CredentialMissing::NoFile | CredentialMissing::NotSignedIn | CredentialMissing::InferenceOnly,
        )) => {
            format!("Sign in with {owner}.")
        }
        Urgency::Only(SignInTrouble::Absent(CredentialMissing::Keyring(_))) => pasted_key::UNLOCK.to_owned(),
        Urgency::Only(SignInTrouble::Absent(CredentialMissing::Forbidden(_))) => {
            format!("Make the file readable for your user, or sign in again with {owner}.")
        }
        Urgency::Only(SignInTrouble::Absent(CredentialMissing::Unreadable(_))) => {
            format!("If this persists, move it out of the way and sign in again with {owner}.")
        }
        Urgency::Only(
            SignInTrouble::Absent(
                CredentialMissing::EmptyToken | CredentialMissing::Blanked | CredentialMissing::LoginEnded(_),
            )
            | SignInTrouble::Paused(_)
            | SignInTrouble::Expired,
        ) => format!("Sign in again with {owner}."),
        Urgency::Soon => match state.sign_in.expires_at() {
            Some(at) => format!("Sign in again with {owner} before {}.", super::format_time(at, now.wall, zone)),
            None => format!("Sign in again with {owner}."),
        },
        Urgency::Sooner => match state.renewal(now) {
            Renewal::Off => format!("Use {owner} once to renew the sign-in, or sign in again."),
            Renewal::Waits { until, .. } => {
                let clock = not_before(until.wall_as_of(now), now.wall, zone);
                format!("Wait until {clock}, when Holdoff tries to renew it, or sign in again with {owner}.")
            }
            Renewal::HeldUp { .. } => {
                format!("Use {owner} once to renew the sign-in, or sign in again. Meanwhile Holdoff keeps trying.")
            }
            Renewal::Ready | Renewal::Impossible | Renewal::Stopped(_) => {
                format!("Wait for Holdoff to renew it, or sign in again with {owner}.")
            }
        },
    }
}

fn offer(state: &AccountState, owner: &'static OwnerInfo, need: &Urgency, around: &SignInContext<'_>) -> Offer {
    let button = match (around.means, around.opened) {
        (LaunchSupport::NoProgram | LaunchSupport::NoTerminal, _) => "Check again",
        (LaunchSupport::Terminal, true) => "Open again",
        (LaunchSupport::Terminal, false) => "Open a terminal and sign in",
    };
    Offer {
        button,
        urgent: *need != Urgency::Sooner,
        command: sign_in_command(state, owner, around.older),
        problem: problem(owner, around.means),
    }
}

fn problem(info: &'static OwnerInfo, means: LaunchSupport) -> Option<Problem> {
    let owner = info.name;
    match means {
        LaunchSupport::Terminal => None,
        LaunchSupport::NoProgram => Some(Problem {
            text: format!(
                "{owner} was not found on Holdoff's PATH or in the usual places. \
                 If it is installed, run the command below yourself. To install it, see the address below."
            ),
            address: Some(info.sign_in.install_address),
        }),
        LaunchSupport::NoTerminal => Some(Problem {
            text: "Holdoff found no terminal to open. Open one yourself and run the command below.".to_owned(),
            address: None,
        }),
    }
}

fn checking(state: &AccountState, at: Option<Moment>, now: Moment, zone: &LocalTime) -> Vec<StepWords> {
    let done = |text: &str| StepWords { progress: Progress::Done, text: text.to_owned() };
    let text = match at {
        None => "Testing it with one request…".to_owned(),
        Some(at) => {
            let clock = not_before(at.wall_as_of(now), now.wall, zone);
            let refused = match state.gates[Endpoint::Usage].unauthorized {
                0 => "",
                _ => " It was just rejected (HTTP 401).",
            };
            match why_not_now(state, now) {
                Some(why) => format!("Holdoff tests it at {clock}: {why}.{refused}"),
                None => format!("Holdoff tests it at {clock}.{refused}"),
            }
        }
    };
    vec![
        done("A new sign-in was needed."),
        done("The new sign-in was found."),
        StepWords { progress: Progress::UnderWay, text },
    ]
}

fn why_not_now(state: &AccountState, now: Moment) -> Option<String> {
    match state.gates[Endpoint::Usage].shut(now, Spacing::Kept)? {
        Blocked::CoolingDown { cause, .. } => Some(reason(state.provider, cause)),
        Blocked::Spacing { .. } => Some(SPACING.to_owned()),
        Blocked::Paused { .. } | Blocked::FreeOnly => None,
    }
}
