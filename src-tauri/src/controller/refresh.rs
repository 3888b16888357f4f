//! A refresh requested by the user, and its result. Only the caller waits for it.

use super::Controller;
use holdoff_core::account::{label, privacy};
use holdoff_core::state::RefreshOutcome;
use holdoff_core::{AccountId, LocalTime, Settings, State, messages};
use holdoff_engine::ipc::RefreshAnswer;
use holdoff_engine::tasks::supervisor::Command;
use tokio::sync::oneshot;

impl Controller {
    /// Requests a reading of one account or of all; `then` receives the result.
    pub(super) fn refresh(&self, account: Option<AccountId>, then: impl FnOnce(RefreshAnswer) + Send + 'static) {
        let (commands, snapshots) = (self.engine.commands(), self.engine.snapshots.clone());
        let elsewhere = self.engine.elsewhere.clone();
        let (settings, zone) = (self.settings.settings.clone(), self.local.clone());
        tokio::spawn(async move {
            let (answer, asked) = oneshot::channel();
            let sent = commands.send(Command::Refresh { account, answer }).await;
            then(match (sent, asked.await) {
                (Ok(()), Ok(answers)) => RefreshAnswer {
                    asked: answers.iter().any(|(_, outcome)| outcome.is_requested()),
                    message: if answers.is_empty() {
                        nobody(!elsewhere.borrow().is_empty()).to_owned()
                    } else {
                        {
                            let snapshot = snapshots.borrow();
                            let (state, settings) = privacy::shown(&snapshot.state, &settings);
                            refreshed(answers, &state, &settings, &zone)
                        }
                    },
                },
                _ => RefreshAnswer { asked: false, message: "Holdoff is shutting down.".to_owned() },
            });
        });
    }
}

fn nobody(elsewhere: bool) -> &'static str {
    match elsewhere {
        false => "There is no account to refresh.",
        true => "Another copy of Holdoff is running, so this one sends no requests.",
    }
}

/// The result, one line per account. If no request was sent, the account that may be checked first comes first.
fn refreshed(
    mut outcomes: Vec<(AccountId, RefreshOutcome)>,
    state: &State,
    settings: &Settings,
    zone: &LocalTime,
) -> String {
    outcomes.sort_by_key(|(_, outcome)| outcome.order());
    let alone = outcomes.len() == 1;
    let lines = outcomes.iter().map(|(account, outcome)| {
        let said = messages::refresh(outcome, zone);
        match state.accounts.get(account) {
            Some(_) if !alone => format!("{}: {said}", label::label(account, state, settings)),
            Some(_) | None => said,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
