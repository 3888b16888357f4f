//! The account lock: only its holder sends requests. It is lost if its file is removed, and then taken again.

use super::{LOCKED, Runner, RunnerCommand};
use holdoff_core::state::Refusal;
use std::ops::ControlFlow;
use tokio::sync::mpsc;

impl Runner {
    pub(super) async fn has_lock(&mut self) -> bool {
        // Work in progress completes first, and nothing else starts meanwhile.
        if self.under_way.is_some() || self.lock.as_ref().is_some_and(|lock| lock.is_current()) {
            return true;
        }
        let (lost, unlockable) = (self.lock.take().is_some(), self.unlockable.take().is_some());
        match self.seat.lock(&self.tools.user) {
            Ok(Some(lock)) => match self.read_shared_record().await {
                Ok(()) => self.lock = Some(lock),
                Err(why) => self.cannot_lock(why).await,
            },
            Ok(None) => {}
            Err(error) => self.cannot_lock(error.to_string()).await,
        }
        let held = self.lock.is_some();
        self.set_elsewhere(!held && self.unlockable.is_none());
        if held && (lost || unlockable) {
            // State that was removed with the lock file is written again. The state store reports a failure, and the state is
            // saved once more before the next request.
            let state = Box::new(self.account.state().clone());
            let _ = self.save(state).await;
        }
        held
    }

    async fn cannot_lock(&mut self, why: String) {
        tracing::error!(%why, "could not take the lock of an account; sending no requests until that works");
        self.tools.state_store.report_failure(why.clone()).await;
        self.unlockable = Some(why);
    }

    pub(super) fn set_elsewhere(&self, is: bool) {
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
        let refreshes = std::mem::take(&mut self.refreshes);
        if let Some(trouble) = &self.unlockable {
            refreshes
                .into_iter()
                .for_each(|refresh| self.refuse(refresh, Refusal::Unsaved { trouble: trouble.clone() }));
        } else {
            // Another process polls this account; dropping the reply channels tells the callers so.
            drop(refreshes);
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
