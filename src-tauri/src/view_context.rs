//! What the windows and the tray are made from.

use crate::sign_in_session::SigningIn;
use holdoff_core::account::label;
use holdoff_core::updates::UpdatesStatus;
use holdoff_core::{
    AccountId, AccountState, AccountStatus, LocalTime, Moment, Settings, StatusContext, Wall, messages,
};
use holdoff_engine::credentials::monitor::Unwatched;
use holdoff_engine::storage::history::News;
use holdoff_engine::storage::state_store::Snapshot;
use std::collections::BTreeSet;
use std::path::Path;

/// All inputs of the view.
#[derive(Debug, Clone)]
pub struct ViewContext<'a> {
    pub snapshot: &'a Snapshot,
    pub settings: &'a Settings,
    pub setting_problems: &'a [String],
    /// The desktop's state; the desktop's own settings may change it.
    pub starts_at_login: bool,
    /// Warnings from startup, such as an unreadable state file.
    pub findings: &'a [String],
    pub history: &'a News,
    /// The accounts that another process polls.
    pub elsewhere: &'a BTreeSet<AccountId>,
    pub unwatched: &'a Unwatched,
    pub home: &'a Path,
    pub signing_in: &'a SigningIn,
    pub updates: &'a UpdatesStatus,
    pub now: Moment,
    pub speed: f64,
    pub zone: &'a LocalTime,
}

impl ViewContext<'_> {
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &AccountState)> {
        let state = &self.snapshot.state;
        state.active.iter().filter_map(|id| Some((id, state.accounts.get(id)?)))
    }

    /// The display name of an account.
    pub fn label(&self, id: &AccountId) -> String {
        label::label(id, &self.snapshot.state, self.settings)
    }

    pub fn status<'a>(&self, account: &'a AccountState) -> AccountStatus<'a> {
        let interval = self.settings.polling_interval;
        let saving_failure = self.snapshot.trouble.as_deref();
        AccountStatus::of(account, &StatusContext { now: self.now, interval, saving_failure })
    }

    pub fn format_time(&self, at: Wall) -> String {
        messages::format_time(at, self.now.wall, self.zone)
    }
}
