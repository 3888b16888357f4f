//! What holds after a loss of the state, until each account has been met again.

use crate::request::Endpoint;
use crate::state::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// No state could be read, though there was one: what may have been shut then. Kept, for the accounts that have not been
/// met since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLoss {
    /// Until when anything may have been shut.
    pub(super) longest: Moment,
    pub(super) usage: Remembered,
    pub(super) token: Remembered,
}

/// What the ledger knew of one endpoint when the state was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The accounts that it names.
    pub(super) accounts: Vec<String>,
    /// Until when any of them was shut.
    pub(super) until: Moment,
}

impl StateLoss {
    /// Whatever was said to any account, for its name may have been lost too; and where nothing is known of this one, as
    /// long as the longest wait that is ever honoured: it may have been paused for longer than the ledger is read back.
    /// An account that is met days after the loss waits for nothing.
    pub(super) fn until(&self, id: &AccountId, endpoint: Endpoint) -> Moment {
        let remembered = match endpoint {
            Endpoint::Usage => &self.usage,
            Endpoint::Token => &self.token,
        };
        if remembered.accounts.contains(&id.0) { remembered.until } else { self.longest.later(remembered.until) }
    }

    pub(crate) fn carry_over_reboot(&mut self, last: Moment, now: Moment) {
        for at in [&mut self.longest, &mut self.usage.until, &mut self.token.until] {
            *at = at.carried(last, now);
        }
    }
}
