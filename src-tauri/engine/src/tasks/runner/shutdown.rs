//! Shutdown of a runner: completes work in progress, and writes tokens that exist only in memory.

use super::{Idle, Runner, ended, wake};
use crate::owners::LockedStore;
use holdoff_core::account::Event;
use holdoff_core::credential::WriteBack;
use std::time::Duration;
use tokio::time::timeout;

/// How long a request in progress may delay shutdown.
const LAST_ANSWER: Duration = Duration::from_secs(3);
/// Same for a renewal, whose response cannot be requested again: longer than any renewal takes.
const LAST_GRANT: Duration = Duration::from_secs(45);
/// How long saving the result may take.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl Runner {
    /// Completes work in progress: a response is worth saving, and a renewal's cannot be requested again.
    pub(super) async fn finish(&mut self) {
        self.store.iter().for_each(LockedStore::stop_waiting);
        let is_locked = self.store.as_ref().is_some_and(LockedStore::was_locked);
        let limit = if is_locked { LAST_GRANT } else { LAST_ANSWER };
        let answered = match self.under_way.take() {
            Some(task) => timeout(limit, task).await.map(|event| self.handle(event)).is_ok(),
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

    /// Last attempt to write new tokens, which are otherwise lost with this process.
    async fn write_at_last(&mut self) {
        let (Some(successor), Some(store)) = (self.unwritten.take(), &self.store) else {
            return;
        };
        self.under_way = None;
        let stored = timeout(LAST_WORDS, store.store_at_last(successor)).await;
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
