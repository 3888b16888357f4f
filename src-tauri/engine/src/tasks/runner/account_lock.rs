//! The lock of an account: whoever has it asks. It is lost when its file is taken away, and taken anew.

use super::{LOCKED, Runner, RunnerCommand};
use holdoff_core::state::Refusal;
use std::ops::ControlFlow;
use tokio::sync::mpsc;

impl Runner {
    pub(super) async fn has_lock(&mut self) -> bool {
        // What is under way comes to its end first: nothing else is begun meanwhile.
        if self.under_way.is_some() || self.lock.as_ref().is_some_and(|lock| lock.is_current()) {
            return true;
        }
        let (lost, unlockable) = (self.lock.take().is_some(), self.unlockable.take().is_some());
        match self.seat.lock(&self.tools.user) {
            Ok(Some(lock)) => match self.take_up_record().await {
                Ok(()) => self.lock = Some(lock),
                Err(why) => self.cannot_lock(why).await,
            },
            Ok(None) => {}
            Err(error) => self.cannot_lock(error.to_string()).await,
        }
        let held = self.lock.is_some();
        self.polled_elsewhere(!held && self.unlockable.is_none());
        if held && (lost || unlockable) {
            // What was taken away with the lock is written anew. Whether that succeeds is said by the keeper, and asked
            // of it once more before the next request.
            let state = Box::new(self.account.state().clone());
            let _ = self.save(state).await;
        }
        held
    }

    async fn cannot_lock(&mut self, why: String) {
        tracing::error!(%why, "could not take the lock of an account; sending no requests until that works");
        self.tools.keeper.report_failure(why.clone()).await;
        self.unlockable = Some(why);
    }

    pub(super) fn polled_elsewhere(&self, is: bool) {
        let id = self.account.id();
        self.tools.elsewhere.send_if_modified(|all| if is { all.insert(id.clone()) } else { all.remove(id) });
    }

    pub(super) async fn wait_for_lock(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<RunnerCommand>,
    ) -> ControlFlow<()> {
        if self.leaving.is_some() {
            return ControlFlow::Break(());
        }
        let wishes = std::mem::take(&mut self.wishes);
        if let Some(trouble) = &self.unlockable {
            wishes.into_iter().for_each(|wish| self.refuse(wish, Refusal::Unsaved { trouble: trouble.clone() }));
        } else {
            // Another process asks: who wished for it here is told nothing, which says so.
            drop(wishes);
        }
        tokio::select! {
            () = tokio::time::sleep(LOCKED) => {}
            order = orders.recv() => match order {
                Some(order) => self.dispatch(order),
                None => return ControlFlow::Break(()),
            },
        }
        ControlFlow::Continue(())
    }
}
