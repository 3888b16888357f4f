//! Startup of a runner: recovery from a renewal during which an earlier runner was killed.

use super::{Runner, RunnerCommand};
use holdoff_core::Endpoint;
use tokio::sync::mpsc;

impl Runner {
    /// Runs before anything else: until the new tokens are written back, the stored sign-in looks used up.
    pub(super) async fn settle_leftovers(&mut self, orders: &mut mpsc::UnboundedReceiver<RunnerCommand>) {
        let Some(store) = self.store.clone() else { return };
        let cut_off = self.account.state().gates[Endpoint::Token].interrupted_renewal().cloned();
        let settling = store.settle_leftovers(cut_off.as_ref());
        tokio::pin!(settling);
        loop {
            tokio::select! {
                () = &mut settling => return,
                order = orders.recv() => match order {
                    Some(order) => self.dispatch(order),
                    None => return,
                },
            }
            if self.leaving.is_some() {
                store.stop_waiting();
            }
        }
    }
}
