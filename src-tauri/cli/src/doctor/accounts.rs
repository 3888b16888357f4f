//! Checks the sign-ins and the state of each account. Accounts are numbered, because names and addresses do not belong in an
//! issue.

use super::{Finding, Section};
use crate::saved_state::SavedState;
use holdoff_core::credential::sign_in_flow::SignInFlow;
use holdoff_core::credential::{CredentialMissing, CredentialRead};
use holdoff_core::providers::Provider;
use holdoff_core::{AccountState, AccountStatus, messages};
use holdoff_engine::owners::{CredentialStore, locations};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::condition::Condition;

pub fn inspect(environment: &Environment, saved: &SavedState, condition: &Option<Condition>) -> Vec<Section> {
    let sources = locations::all(environment, &saved.settings);
    let reads: Vec<CredentialRead> = sources.iter().map(CredentialStore::read).collect();
    let signed_in = reads.iter().any(|read| matches!(read, CredentialRead::Found(_)));
    let mut sections: Vec<Section> = sources
        .iter()
        .zip(&reads)
        .map(|(source, read)| {
            let spare = signed_in && locations::is_unasked(source, environment, &saved.settings);
            Section {
                title: format!("Sign-in {}", source.place()),
                findings: sign_in(source, read, spare, saved, condition),
            }
        })
        .collect();
    let accounts = saved.state.active.iter().filter_map(|id| saved.state.accounts.get(id));
    sections.extend(accounts.enumerate().map(|(n, account)| Section {
        title: format!("Account {}", n + 1),
        findings: account_findings(account, saved),
    }));
    sections
}

/// `spare`: this location was not configured, and another one has a sign-in.
fn sign_in(
    source: &CredentialStore,
    read: &CredentialRead,
    spare: bool,
    saved: &SavedState,
    condition: &Option<Condition>,
) -> Vec<Finding> {
    let (now, zone, provider) = (saved.now.wall, saved.local_time(), source.provider());
    let mut findings = vec![match read {
        CredentialRead::Found(credential) if provider.missing_scope(credential).is_some() => {
            let scope = provider.missing_scope(credential).unwrap_or_default();
            Finding::wrong(
                format!("signed in without the scope {scope}, which usage checks need; Holdoff does not use it"),
                format!("Sign in through the browser with: {}", sign_in_command(provider)),
            )
        }
        CredentialRead::Found(credential) => {
            let plan = plan(credential.plan.as_deref());
            match credential.expires_at {
                Some(at) if at <= now => Finding::note(format!("signed in ({plan}); the access token has expired"))
                    .advised(format!("{} renews it the next time you use it.", provider.owner())),
                Some(at) => {
                    Finding::fine(format!("signed in ({plan}) until {}", messages::format_time(at, now, &zone)))
                }
                None => Finding::fine(format!("signed in ({plan}); expiry unknown")),
            }
        }
        CredentialRead::Absent(CredentialMissing::NoFile) if spare => {
            return vec![Finding::note("no sign-in here; another location has one")];
        }
        CredentialRead::Absent(absence) => absent(provider, absence),
    }];
    findings.extend(mode(source));
    findings.extend(condition.as_ref().map(|condition| match condition.unwatched.get(&source.place()) {
        None => Finding::fine("the app notices changes at once"),
        Some(why) => Finding::wrong(
            format!("the app notices changes only after some seconds: {why}"),
            "Raise the limit. The app then watches it by itself.",
        ),
    }));
    findings
}

/// The file may contain any text; only known plan names are printed.
fn plan(named: Option<&str>) -> &'static str {
    let Some(named) = named else {
        return "plan not stated";
    };
    ["free", "pro", "max", "team", "enterprise"].into_iter().find(|plan| *plan == named).unwrap_or("unknown plan")
}

fn sign_in_command(provider: Provider) -> &'static str {
    provider.owner_info().map_or("its owner", |owner| owner.sign_in.command)
}

fn absent(provider: Provider, absence: &CredentialMissing) -> Finding {
    let command = sign_in_command(provider);
    let (sign_in, again) = (format!("Sign in with: {command}"), format!("Sign in again with: {command}"));
    let (what, advice) = match absence {
        CredentialMissing::NoFile => ("no sign-in found".to_owned(), sign_in),
        CredentialMissing::Unreadable(why) => (format!("it cannot be used: {why}"), again),
        CredentialMissing::Blanked | CredentialMissing::LoginEnded(_) => ("the sign-in has ended".to_owned(), again),
        CredentialMissing::Forbidden(why) => {
            (format!("it cannot be opened: {why}"), "Make it readable for your user.".to_owned())
        }
        _ => ("it contains no usable sign-in".to_owned(), sign_in),
    };
    Finding::wrong(what, advice)
}

#[cfg(unix)]
fn mode(source: &CredentialStore) -> Option<Finding> {
    use holdoff_core::text::quoted_below_home;
    use std::os::unix::fs::MetadataExt;
    let path = source.credential_path();
    let mode = std::fs::metadata(&path).ok()?.mode() & 0o777;
    Some(if mode & 0o077 != 0 {
        Finding::wrong(
            format!("other users of this computer can read it (mode {mode:o})"),
            format!("Run: chmod 600 {}", quoted_below_home(&source.place())),
        )
    } else {
        Finding::fine(format!("only you can read it (mode {mode:o})"))
    })
}

#[cfg(not(unix))]
fn mode(_: &CredentialStore) -> Option<Finding> {
    None
}

fn account_findings(account: &AccountState, saved: &SavedState) -> Vec<Finding> {
    let status = saved.status(account);
    let told = messages::status(&status, &saved.local_time()).join(" ");
    let asking = match status.sign_in_flow {
        SignInFlow::SignIn(_) => Finding::wrong(told, messages::how_to_sign_in(account)),
        _ if account.is_refused_as_a_program() => {
            Finding::wrong(told, "Set this account to free readings only, in the settings.")
        }
        SignInFlow::Nothing | SignInFlow::Barred | SignInFlow::Checking { .. } | SignInFlow::Mended => {
            Finding::fine(told)
        }
    };
    vec![asking, reading(&status)]
}

fn reading(status: &AccountStatus<'_>) -> Finding {
    let (account, now) = (status.account, status.now.wall);
    let Some(reading) = &account.reading else {
        return Finding::note("no reading yet");
    };
    let source = messages::source(reading.source, account.provider);
    let told = format!("last read {} ago from {source}", messages::format_duration(now.since(reading.at)));
    if status.is_stale { Finding::note(told) } else { Finding::fine(told) }
}
