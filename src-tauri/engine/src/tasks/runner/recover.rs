//! The beginning of a runner: what an earlier one that was killed in the middle of a renewal left behind.

use super::{Runner, RunnerCommand};
use tokio::sync::mpsc;

impl Runner {
    /// Before anything else: until the tokens are where they belong, the sign-in there looks spent.
    pub(super) async fn settle_leftovers(&mut self, orders: &mut mpsc::UnboundedReceiver<RunnerCommand>) {
        let (store, cut_off) = (self.store.clone(), self.account.state().token.interrupted_renewal().cloned());
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
                self.store.stop_waiting();
            }
        }
    }
}
