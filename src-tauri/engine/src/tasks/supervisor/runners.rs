//! Starts, retires and ends runners. An account never has two.

use super::{Command, Supervisor};
use crate::tasks::runner::{Earlier, End, Runner, RunnerCommand};
use holdoff_core::AccountId;
use holdoff_core::CredentialStatus;
use holdoff_core::account::Preferences;
use holdoff_core::credential::poll_targets::PollTarget;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

#[derive(Debug)]
pub(super) struct Running {
    pub place: String,
    pub orders: mpsc::UnboundedSender<RunnerCommand>,
}

impl Supervisor {
    pub(super) fn ended(&mut self, ended: Option<(AccountId, End)>) {
        self.retiring.retain(|(_, orders)| !orders.is_closed());
        let Some((account, end)) = ended else {
            tracing::error!("a runner has stopped; its account is not polled until Holdoff restarts");
            return;
        };
        if end == End::AccountChanged
            && let Some(running) = self.running.remove(&account)
            && let Some(location) = self.locations.iter_mut().find(|location| location.place.name() == running.place)
        {
            location.is_read = false;
            location.place.settle(self.tools.clock.now());
            location.monitor.recheck();
        }
    }

    pub(super) fn retire(&mut self, account: &AccountId) {
        if let Some(running) = self.running.remove(account) {
            let _ = running.orders.send(RunnerCommand::Retire);
            self.retiring.push((account.clone(), running.orders));
        }
    }

    pub(super) fn start_runner(&mut self, polled: &PollTarget) {
        let PollTarget { account, place } = polled.clone();
        let location = self.locations.iter().find(|location| location.place.name() == place && location.is_read);
        let (Some(location), false) = (location, self.running.contains_key(&account)) else {
            return;
        };
        let is_its = location.place.account.as_ref() == Some(&account);
        let sign_in = location.place.sign_in.clone();
        let sign_in = if is_its { sign_in } else { CredentialStatus::default() };
        let (source, tools) = (location.source.clone(), self.tools.clone());
        let preferences = Preferences::of(&self.settings, &account);
        let unnamed = self.renamed.remove(&account);
        let turn = self.turn(&account);
        let last_turn = unnamed.as_ref().map(|unnamed| self.turn(unnamed));
        let (orders, obeyed) = mpsc::unbounded_channel();
        let _ = orders.send(RunnerCommand::NoticeService(self.notice_service));
        self.running.insert(account.clone(), Running { place, orders });
        self.tasks.spawn(async move {
            let _turn = turn.lock_owned().await;
            if let Some(last_turn) = last_turn {
                drop(last_turn.lock_owned().await);
            }
            let earlier = Earlier { unnamed, sign_in };
            let runner = Runner::new(tools, source, account.clone(), earlier, preferences).await;
            (account, runner.run(obeyed).await)
        });
    }

    fn turn(&mut self, account: &AccountId) -> Arc<Mutex<()>> {
        Arc::clone(self.turns.entry(account.clone()).or_default())
    }

    /// Completes work in progress, as far as shutdown may be delayed for it.
    pub(super) async fn finish(&mut self, commands: &mut mpsc::Receiver<Command>) {
        let running = std::mem::take(&mut self.running).into_iter().map(|(account, running)| (account, running.orders));
        self.retiring.extend(running);
        for (_, orders) in &self.retiring {
            let _ = orders.send(RunnerCommand::Finish);
        }
        while !self.tasks.is_empty() {
            tokio::select! {
                _ = self.tasks.join_next() => {}
                Some(command) = commands.recv() => self.dispatch(command),
            }
        }
        self.tools.history.close().await;
    }
}
