//! What every runner works with.

use super::{Announcement, Earlier};
use crate::http::Http;
use crate::http::network::Variables;
use crate::metrics::Requests;
use crate::platform::clock::Clock;
use crate::platform::user_dir::UserDir;
use crate::storage::history::History;
use crate::storage::state_store::{StateStore, Taken};
use crate::tasks::login::{Logins, Seat};
use holdoff_core::gate::recovery::GateRecovery;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::state::Provider;
use holdoff_core::{AccountId, AccountState};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What a runner works with.
#[derive(Debug, Clone)]
pub struct RunnerContext {
    pub clock: Clock,
    pub http: Arc<Http>,
    /// What the environment says of proxies and certificates.
    pub network: Variables,
    pub keeper: StateStore,
    pub history: History,
    pub requests: Requests,
    pub user: UserDir,
    pub announcements: mpsc::Sender<Announcement>,
    /// What the seats of each login share.
    pub logins: Logins,
    /// What holds accounts of which nothing is kept.
    pub memory: GateRecovery,
    /// The accounts that another process polls.
    pub elsewhere: watch::Sender<BTreeSet<AccountId>>,
    /// The person's time zone. They travel.
    pub zone: fn() -> TimeZone,
}

impl RunnerContext {
    pub(super) async fn record(&self, entry: LedgerEntry) {
        self.requests.count(&entry);
        self.history.record(entry).await;
    }

    /// What is kept of an account, and of the same account without a name; with what the other seats of its login were told.
    pub(super) async fn state(&self, id: &AccountId, earlier: Earlier, seat: &Seat) -> AccountState {
        let Taken { account, beside } = self.keeper.take(id.clone(), earlier.sign_in.identity.organization).await;
        let mut state = account.unwrap_or_else(|| self.fresh(id));
        if let Some(formerly) = &state.formerly {
            self.history.rename(formerly.clone(), id.clone());
        }
        if let Some(unnamed) = earlier.unnamed
            && let Some(same) = self.keeper.take(unnamed, None).await.account
        {
            state.adopt_gates(&same);
        }
        let now = self.clock.now();
        for (_, gates) in beside.iter().filter(|(other, _)| !seat.is_polled(other)) {
            state.share_left_behind(gates, now);
        }
        state
    }

    /// An account that is met for the first time.
    fn fresh(&self, id: &AccountId) -> AccountState {
        let mut fresh = AccountState::new(Provider::Anthropic);
        self.memory.remind(id, &mut fresh, self.clock.now());
        fresh
    }
}
