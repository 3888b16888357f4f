//! The end of a runner: what is under way comes to its end, and what exists nowhere else is written.

use super::{Idle, Runner, ended, wake};
use holdoff_core::account::Event;
use holdoff_core::credential::WriteBack;
use std::time::Duration;
use tokio::time::timeout;

/// How long a request that is under way may keep a program from ending.
const LAST_ANSWER: Duration = Duration::from_secs(3);
/// The same of a renewal, whose answer exists only once: longer than any of them takes.
const LAST_GRANT: Duration = Duration::from_secs(45);
/// How long what came of it may take to be written down.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl Runner {
    /// What is under way comes to its end: an answer is worth keeping, and that of a renewal cannot be had again.
    pub(super) async fn finish(&mut self) {
        self.store.stop_waiting();
        let patience = if self.store.was_locked() { LAST_GRANT } else { LAST_ANSWER };
        let answered = match self.under_way.take() {
            Some(task) => timeout(patience, task).await.map(|event| self.handle(event)).is_ok(),
            None => true,
        };
        if answered && self.lock.as_ref().is_some_and(|lock| lock.is_current()) {
            let _ = timeout(LAST_WORDS, self.wind_up()).await;
        }
        self.write_at_last().await;
    }

    async fn wind_up(&mut self) {
        loop {
            let Idle::Until(until) = self.act().await else {
                return;
            };
            if self.account.is_done() || self.under_way.is_none() && until.is_none() {
                return;
            }
            tokio::select! {
                event = ended(&mut self.under_way) => self.handle(event),
                () = wake(&self.tools.clock, until) => {}
            }
        }
    }

    /// New tokens that could not be written are lost with this process.
    async fn write_at_last(&mut self) {
        let Some(successor) = self.unwritten.take() else {
            return;
        };
        self.under_way = None;
        let stored = timeout(LAST_WORDS, self.store.store_at_last(successor)).await;
        match stored.unwrap_or_else(|_| WriteBack::Failed("it takes too long".to_owned())) {
            WriteBack::Failed(why) => {
                let place = self.source.place();
                tracing::error!(place, why, "a renewed sign-in could not be written and is lost; sign in again");
            }
            stored => {
                self.handle(Event::Stored(stored));
                let _ = timeout(LAST_WORDS, self.act()).await;
            }
        }
    }
}
