//! The services that all runners share.

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

/// The services that a runner uses.
#[derive(Debug, Clone)]
pub struct RunnerContext {
    pub clock: Clock,
    pub http: Arc<Http>,
    /// Proxy and certificate variables.
    pub network: Variables,
    pub state_store: StateStore,
    pub history: History,
    pub requests: Requests,
    pub user: UserDir,
    pub announcements: mpsc::Sender<Announcement>,
    /// The shared state of each login's seats.
    pub logins: Logins,
    /// Cooldowns for accounts without a saved state.
    pub recovery: GateRecovery,
    /// Accounts that another process polls.
    pub elsewhere: watch::Sender<BTreeSet<AccountId>>,
    /// The user's time zone, read anew because it can change.
    pub zone: fn() -> TimeZone,
}

impl RunnerContext {
    pub(super) async fn record(&self, entry: LedgerEntry) {
        self.requests.count(&entry);
        self.history.record(entry).await;
    }

    /// Loads an account's saved state, merged with that of its earlier id and with the gates of its login's other seats.
    pub(super) async fn state(
        &self,
        id: &AccountId,
        provider: Provider,
        earlier: Earlier,
        seat: &Seat,
    ) -> AccountState {
        let Taken { account, beside } = self.state_store.take(id.clone(), earlier.sign_in.identity.organization).await;
        let mut state = account.unwrap_or_else(|| self.fresh(id, provider));
        if let Some(formerly) = &state.formerly {
            self.history.rename(formerly.clone(), id.clone());
        }
        if let Some(unnamed) = earlier.unnamed
            && let Some(same) = self.state_store.take(unnamed, None).await.account
        {
            state.adopt_gates(&same);
        }
        let now = self.clock.now();
        for (_, gates) in beside.iter().filter(|(other, _)| !seat.is_polled(other)) {
            state.gates.share_left_behind(gates, now);
        }
        state
    }

    /// The state of an account seen for the first time.
    fn fresh(&self, id: &AccountId, provider: Provider) -> AccountState {
        let mut fresh = AccountState::new(provider);
        self.recovery.apply_to_new(id, &mut fresh, self.clock.now());
        fresh
    }
}
