//! Saves an account: first the user's record, which all copies of Holdoff read, then this copy's state.

use super::Runner;
use crate::platform::clock::Clock;
use crate::platform::random;
use crate::platform::user_dir::UserDir;
use holdoff_core::account::{Account, Event};
use holdoff_core::{AccountId, AccountState};
use std::pin::Pin;
use tokio::task::spawn_blocking;

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

const FAILED_ITSELF: &str = "internal error";

impl Runner {
    pub(super) async fn save(&mut self, mut state: Box<AccountState>) -> Result<(), String> {
        state.saves = self.saves + 1;
        let copy = state.clone();
        if let Err(why) = self.with_record(move |user, id, clock| user.write(&id, &copy, &clock)).await {
            self.tools.state_store.report_failure(why.clone()).await;
            return Err(why);
        }
        self.saves += 1;
        self.tools.state_store.save(self.account.id().clone(), state).await
    }

    /// After locking, loads the newest state of the account, whichever copy wrote it.
    pub(super) async fn read_shared_record(&mut self) -> Result<(), String> {
        // Tokens that exist only here must not be discarded.
        if self.unwritten.is_some() {
            return Ok(());
        }
        let mut own = self.account.state().clone();
        own.saves = self.saves;
        let told =
            self.with_record(move |user, id, clock| Ok((user.newer(&id, &own, &clock)?, user.beside(&id, &clock)?)));
        let (newer, beside) = told.await?;
        if let Some(state) = newer {
            self.adopt_newer(state);
        }
        let now = self.tools.clock.now();
        for (_, gates) in beside.iter().filter(|(other, _)| !self.seat.is_polled(other)) {
            self.account.share_left_behind(gates, now);
        }
        Ok(())
    }

    fn adopt_newer(&mut self, mut state: AccountState) {
        let (id, now) = (self.account.id().clone(), self.tools.clock.now());
        tracing::info!("another copy has checked this account; keeping its waits");
        self.tools.recovery.apply_to_known(&id, &mut state, now);
        self.saves = self.saves.max(state.saves);
        self.account = Account::new(id, self.source.place(), state, self.preferences, now, random::number());
        self.account.settled_with(&self.sign_in);
        self.zone = None;
        self.handle(Event::NoticeService(self.notice_service));
    }

    fn with_record<T: Send + 'static>(
        &self,
        work: impl FnOnce(UserDir, AccountId, Clock) -> Result<T, String> + Send + 'static,
    ) -> BoxFuture<T> {
        let (user, id, clock) = (self.tools.user.clone(), self.account.id().clone(), self.tools.clock.clone());
        let working = spawn_blocking(move || work(user, id, clock));
        Box::pin(async { working.await.unwrap_or_else(|_| Err(FAILED_ITSELF.to_owned())) })
    }
}
