//! Cooldowns assumed after a loss of the state, until each account has been seen again.

use crate::request::Endpoint;
use crate::state::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Cooldowns that may have been lost because a state existed but could not be read. Kept for accounts not seen since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLoss {
    /// The latest time until which any gate may have been closed.
    pub(super) longest: Moment,
    pub(super) usage: Remembered,
    pub(super) token: Remembered,
}

/// What the ledger knew about one endpoint when the state was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The accounts that the ledger names.
    pub(super) accounts: Vec<String>,
    /// When the last of their cooldowns ends.
    pub(super) until: Moment,
}

impl StateLoss {
    /// When a gate of this account may open. The cooldown of any account counts, since account names may have been lost
    /// too. If the ledger does not name the account, it is at least the longest honoured wait: the account may have been
    /// paused since before the ledger entries that are read. An account first seen days after the loss does not wait.
    pub(super) fn until(&self, id: &AccountId, endpoint: Endpoint) -> Moment {
        let remembered = match endpoint {
            Endpoint::Usage => &self.usage,
            Endpoint::Token => &self.token,
        };
        if remembered.accounts.contains(&id.0) { remembered.until } else { self.longest.later(remembered.until) }
    }

    pub(crate) fn rebase_after_reboot(&mut self, last: Moment, now: Moment) {
        for at in [&mut self.longest, &mut self.usage.until, &mut self.token.until] {
            *at = at.rebase_after_reboot(last, now);
        }
    }
}
