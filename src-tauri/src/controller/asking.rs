//! A person's wish for readings, and what came of it.

use super::Controller;
use holdoff_core::state::Refusal;
use holdoff_core::{AccountId, report, words};
use holdoff_engine::ipc::RefreshAnswer;
use holdoff_engine::roster::{Asked, Command};
use tokio::sync::oneshot;

impl Controller {
    pub(super) async fn refresh(&self, account: Option<AccountId>) -> RefreshAnswer {
        let (answer, asked) = oneshot::channel();
        let sent = self.engine.commands().send(Command::Refresh { account, answer }).await;
        let answers = match (sent, asked.await) {
            (Ok(()), Ok(answers)) => answers,
            _ => return RefreshAnswer { asked: false, message: "Holdoff is ending.".to_owned() },
        };
        let asked = answers.iter().any(|one| one.result.is_ok());
        RefreshAnswer { asked, message: self.refreshed(answers) }
    }

    /// What came of a wish for readings; where nothing was asked, the account that may be asked first comes first.
    fn refreshed(&self, mut answers: Vec<Asked>) -> String {
        let opens = |one: &Asked| match &one.result {
            Ok(()) => (0, None),
            Err(no) => match &no.refusal {
                Refusal::NotBefore { until, .. } => (1, Some(until.boot)),
                Refusal::SignIn(_) | Refusal::Unsaved { .. } => (2, None),
            },
        };
        answers.sort_by_key(opens);
        let snapshot = self.engine.snapshots.borrow();
        let alone = answers.len() == 1;
        let said = answers.iter().map(|Asked { account, result }| {
            let said = match result {
                Ok(()) => "Asked for a reading.".to_owned(),
                Err(no) => words::refusal(&no.refusal, &no.state, no.at, &self.zone),
            };
            match snapshot.state.accounts.get(account) {
                Some(state) if !alone => format!("{}: {said}", report::label(account, state, &self.settings.settings)),
                Some(_) | None => said,
            }
        });
        let lines: Vec<String> = said.collect();
        match lines.as_slice() {
            [] if self.engine.elsewhere.borrow().is_empty() => "There is no account to ask for.".to_owned(),
            [] => "Another process of Holdoff polls here, so this one asks nothing.".to_owned(),
            lines => lines.join("\n"),
        }
    }
}
