//! A person's wish for readings, and what came of it. Whoever asks may wait; nothing else does.

use super::Controller;
use holdoff_core::state::Refusal;
use holdoff_core::status::report;
use holdoff_core::{AccountId, LocalTime, Settings, State, messages};
use holdoff_engine::ipc::RefreshAnswer;
use holdoff_engine::tasks::supervisor::{Asked, Command, NotAsked};
use tokio::sync::oneshot;

impl Controller {
    /// Wishes for a reading of one account or of all; `then` hears what came of it.
    pub(super) fn refresh(&self, account: Option<AccountId>, then: impl FnOnce(RefreshAnswer) + Send + 'static) {
        let (commands, snapshots) = (self.engine.commands(), self.engine.snapshots.clone());
        let elsewhere = self.engine.elsewhere.clone();
        let (settings, zone) = (self.settings.settings.clone(), self.local.clone());
        tokio::spawn(async move {
            let (answer, asked) = oneshot::channel();
            let sent = commands.send(Command::Refresh { account, answer }).await;
            then(match (sent, asked.await) {
                (Ok(()), Ok(answers)) => RefreshAnswer {
                    asked: answers.iter().any(|one| one.result.is_ok()),
                    message: if answers.is_empty() {
                        nobody(!elsewhere.borrow().is_empty()).to_owned()
                    } else {
                        refreshed(answers, &snapshots.borrow().state, &settings, &zone)
                    },
                },
                _ => RefreshAnswer { asked: false, message: "Holdoff is ending.".to_owned() },
            });
        });
    }
}

fn nobody(elsewhere: bool) -> &'static str {
    match elsewhere {
        false => "There is no account to ask for.",
        true => "Another process of Holdoff polls here, so this one asks nothing.",
    }
}

/// What came of it, line by line; where nothing was asked, the account that may be asked first comes first.
fn refreshed(mut answers: Vec<Asked>, state: &State, settings: &Settings, zone: &LocalTime) -> String {
    let opens = |one: &Asked| match &one.result {
        Ok(()) => (0, None),
        Err(NotAsked::Busy) => (1, None),
        Err(NotAsked::Refused(no)) => match &no.refusal {
            Refusal::NotBefore { until, .. } => (1, Some(until.boot)),
            Refusal::SignIn(_) | Refusal::FreeOnly | Refusal::Unsaved { .. } => (2, None),
        },
    };
    answers.sort_by_key(opens);
    let alone = answers.len() == 1;
    let lines = answers.iter().map(|Asked { account, result }| {
        let said = match result {
            Ok(()) => "Asked for a reading.".to_owned(),
            Err(NotAsked::Busy) => messages::STILL_BUSY.to_owned(),
            Err(NotAsked::Refused(no)) => messages::refusal(&no.refusal, &no.state, no.at, zone),
        };
        match state.accounts.get(account) {
            Some(_) if !alone => format!("{}: {said}", report::label(account, state, settings)),
            Some(_) | None => said,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
