//! The persisted state: gates, so that a restart does not send requests early; episodes and notifications, so that it does
//! not notify twice; the last reading and the sign-in's status, so that there is something to show at once. It contains no
//! tokens and has no field for one.

mod account_id;
mod refusal;
mod renewal_status;

pub use crate::providers::Provider;
pub use account_id::AccountId;
pub use refusal::{NotYet, RefreshOutcome, Refusal};
pub use renewal_status::{Renewal, SignInTrouble};

use crate::credential::CredentialStatus;
use crate::credential::location::CredentialLocation;
use crate::credential::token::Fingerprint;
use crate::gate::StateLoss;
use crate::gate::{Blocked, Cooldown, GateState, Gates, Jitter, Spacing};
use crate::notification::{Notices, Wanted};
use crate::quota::cycle::Cycles;
use crate::quota::forecast::Forecast;
use crate::quota::{QuotaWindow, Reading};
use crate::request::Endpoint;
use crate::settings::Readings;
use crate::time::{Moment, Wall};
use crate::updates::UpdatesState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the persisted state. A state of another version is not read, and is copied before it is overwritten.
pub const VERSION: u32 = 1;

/// Everything that outlives the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub version: u32,
    /// The boot (and clock) that the boot times in this state belong to.
    pub boot_id: String,
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// The accounts being polled, in display order.
    pub active: Vec<AccountId>,
    /// Credential locations, in search order.
    #[serde(default)]
    pub places: Vec<CredentialLocation>,
    /// When this was saved. Moments are carried over a reboot from here by the wall clock, not from when they were
    /// recorded: the clock may have been set in between (law 12).
    #[serde(default)]
    pub saved: Option<Moment>,
    /// Set if a state existed but could not be read. Applies to accounts not seen since.
    #[serde(default)]
    pub loss: Option<StateLoss>,
    #[serde(default)]
    pub updates: UpdatesState,
}

impl State {
    pub fn new(boot_id: String) -> Self {
        Self {
            version: VERSION,
            boot_id,
            accounts: BTreeMap::new(),
            active: Vec::new(),
            places: Vec::new(),
            saved: None,
            loss: None,
            updates: UpdatesState::default(),
        }
    }

    /// Converts the state to this boot's clock. Call once, after loading.
    pub fn rebase_to(&mut self, boot_id: &str, now: Moment) {
        if self.boot_id == boot_id {
            return;
        }
        boot_id.clone_into(&mut self.boot_id);
        let last = self.saved.replace(now);
        if let (Some(loss), Some(last)) = (&mut self.loss, last) {
            loss.rebase_after_reboot(last, now);
        }
        self.updates.rebase_after_reboot(last, now);
        for account in self.accounts.values_mut() {
            account.rebase_after_reboot(last, now);
        }
    }
}

/// The persisted state of one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountState {
    pub provider: Provider,
    pub sign_in: CredentialStatus,
    #[serde(flatten)]
    pub gates: Gates,
    pub reading: Option<Reading>,
    /// When the next usage request is planned. The gate may delay it.
    pub next: Option<Moment>,
    pub last: Option<LastRequest>,
    #[serde(default)]
    pub notices: Notices,
    /// Each window since its last reset.
    #[serde(default)]
    pub cycles: Cycles,
    /// When Holdoff last renewed the sign-in.
    #[serde(default)]
    pub renewed: Option<Moment>,
    /// Whether Holdoff may renew this sign-in, as the user last chose. Saved, so that `status` can show it.
    #[serde(default, rename = "renews")]
    pub renewal_enabled: bool,
    /// What prevents Holdoff from trying to renew this sign-in, such as its owner's lock. Attempts continue.
    #[serde(default, rename = "held_up")]
    pub renewal_blocked: Option<String>,
    /// The sign-in of the last answered request.
    #[serde(default)]
    pub answered_for: Option<Fingerprint>,
    /// The sign-in was unusable or not renewable at some time since the last reading.
    #[serde(default, rename = "troubled")]
    pub sign_in_failed: bool,
    /// The last reading verified a sign-in that was unusable before.
    #[serde(rename = "mended")]
    pub sign_in_recovered: bool,
    /// The account that was signed in here before. Cleared by this account's second reading.
    #[serde(default, rename = "instead_of")]
    pub previous_account: Option<AccountId>,
    /// The sign-ins that ended in a pause since the last reading.
    #[serde(default, rename = "rejected")]
    pub rejected_credentials: Vec<Fingerprint>,
    /// The id under which an earlier version saved it.
    #[serde(default)]
    pub formerly: Option<AccountId>,
    /// How often it was saved, by any of this user's copies of Holdoff.
    #[serde(default)]
    pub saves: u64,
}

/// The last request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRequest {
    pub at: Wall,
    pub endpoint: Endpoint,
    /// The outcome in words; `None` while the request is in progress.
    pub outcome: Option<String>,
}

impl AccountState {
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            sign_in: CredentialStatus::default(),
            gates: Gates::new(provider),
            reading: None,
            next: None,
            last: None,
            notices: Notices::default(),
            cycles: Cycles::default(),
            renewed: None,
            renewal_enabled: false,
            renewal_blocked: None,
            answered_for: None,
            sign_in_failed: false,
            sign_in_recovered: false,
            previous_account: None,
            rejected_credentials: Vec::new(),
            formerly: None,
            saves: 0,
        }
    }

    /// When this window will be used up. `None` without enough data.
    pub fn forecast(&self, window: &QuotaWindow, now: Wall) -> Option<Forecast> {
        self.cycles.get(&window.id)?.forecast(now)
    }

    fn rebase_after_reboot(&mut self, last: Option<Moment>, now: Moment) {
        self.gates.rebase_after_reboot(last, now);
        self.notices.rebase_after_reboot(last, now);
        self.renewed = self.renewed.map(|at| at.rebase_after_reboot(last.unwrap_or(at), now));
        // A planned poll has no claim to its time: the gate decides how long it must wait.
        self.next = self.next.map(|next| next.rebase_plan(last, now));
    }

    /// Takes over the gates and sign-in notifications of the same account under an earlier id.
    pub fn adopt_gates(&mut self, other: &AccountState) {
        self.gates.merge(&other.gates);
        self.notices.adopt(&other.notices);
        self.sign_in_failed |= other.sign_in_failed;
    }

    pub(crate) fn settle(&mut self, now: Moment, jitter: Jitter, wanted: Wanted) {
        self.gates.settle(now, jitter);
        self.notices.settle(wanted, now);
    }
}

impl AccountState {
    /// Whether the user wants no requests and no renewals.
    pub fn free_only(&self) -> bool {
        self.gates[Endpoint::Usage].free_only
    }

    /// Sets the free-only block on every gate (law 16); their own state is kept underneath. Returns whether that is a
    /// change.
    pub(crate) fn choose(&mut self, readings: Option<Readings>) -> bool {
        let was = self.gates.iter().any(|gate| gate.free_only);
        let free_only = readings.map_or(was, |readings| readings == Readings::FreeOnly);
        let changed = self.gates.iter().any(|gate| gate.free_only != free_only);
        self.gates.iter_mut().for_each(|gate| gate.free_only = free_only);
        changed
    }

    /// Whether the provider refuses this program, or all programs for this account. Free readings still work.
    pub fn is_refused_as_a_program(&self) -> bool {
        let refused = match &self.gates[Endpoint::Usage].state {
            GateState::CoolingDown { cause, .. } => *cause == Cooldown::TurnedAway,
            GateState::Paused { cause, .. } => !cause.ends_by_signing_in(),
            GateState::Open => false,
        };
        refused && !self.free_only()
    }

    /// Whether the current sign-in differs from that of the last answered request.
    pub fn has_untried_sign_in(&self) -> bool {
        match (&self.answered_for, self.sign_in.fingerprint()) {
            (Some(tried), Some(seen)) => tried != seen,
            _ => false,
        }
    }

    /// When the next usage request is expected; `None` while that depends on the sign-in.
    pub fn next_request(&self, now: Moment) -> Option<Moment> {
        self.next_request_spaced(now, Spacing::Kept)
    }

    pub(crate) fn next_request_spaced(&self, now: Moment, spacing: Spacing) -> Option<Moment> {
        if self.free_only() || self.sign_in.seen.is_none() || self.sign_in_trouble(now.wall).is_some() {
            return None;
        }
        let opens = match (self.gates[Endpoint::Usage].shut(now, spacing), spacing) {
            (None, _) => now,
            (Some(_), Spacing::Kept) => self.gates[Endpoint::Usage].opens(now)?,
            (Some(Blocked::CoolingDown { until, .. }), Spacing::Waived) => until,
            (Some(_), Spacing::Waived) => return None,
        };
        Some(self.next.map_or(opens, |next| next.later(opens)))
    }

    /// Whether a manual refresh is allowed at `now`.
    ///
    /// # Errors
    /// Fails with the reason, and the end of the wait if there is one.
    pub fn refresh_verdict(&self, now: Moment) -> Result<(), Refusal> {
        if self.free_only() {
            return Err(Refusal::FreeOnly);
        }
        if let Some(trouble) = self.sign_in_trouble(now.wall) {
            return Err(Refusal::SignIn(trouble));
        }
        let Some(shut) = self.gates[Endpoint::Usage].shut(now, Spacing::Kept) else {
            return Ok(());
        };
        // If both apply, the later time counts, and the cooldown is given as the cause.
        let until = self.gates[Endpoint::Usage].opens(now).unwrap_or(now);
        Err(match shut {
            Blocked::CoolingDown { cause, .. } => Refusal::NotBefore { until, cause: NotYet::Cooldown(cause.clone()) },
            Blocked::Spacing { .. } => Refusal::NotBefore { until, cause: NotYet::Spacing },
            Blocked::Paused { cause } => Refusal::SignIn(SignInTrouble::Paused(cause.clone())),
            Blocked::FreeOnly => Refusal::FreeOnly,
        })
    }
}

impl Moment {
    /// Carries a planned poll over a reboot: at most the longest interval ahead, whatever the clock says.
    fn rebase_plan(self, last: Option<Moment>, now: Moment) -> Moment {
        let most = now.plus(std::time::Duration::from_secs(*crate::gate::policy::POLL_INTERVAL.end()));
        let rebased = match last {
            Some(last) => self.rebase_after_reboot(last, now),
            None => now.plus(self.wall.since(now.wall)),
        };
        if rebased.is_after(most) { most } else { rebased }
    }
}

#[cfg(test)]
mod tests;
