//! What is durable, and why: gates, or a restart would ask early; episodes and notices, or a restart would
//! say it twice; the last reading and the sign-in's outline, so that there is something to show at once.
//! No token is in here, and none fits.

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
use crate::gate::{Blocked, Cooldown, Gate, GateState, Jitter, Spacing};
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

/// The version of the persisted state. A state of another version is not read, and not overwritten
/// without a copy.
pub const VERSION: u32 = 1;

/// Everything that outlives the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub version: u32,
    /// Which run of the machine (and of its clock) the boot times in here belong to.
    pub boot_id: String,
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// The accounts that are polled now, in the order in which they are shown.
    pub active: Vec<AccountId>,
    /// Where sign-ins are looked for, in that order.
    #[serde(default)]
    pub places: Vec<CredentialLocation>,
    /// When this was saved. Over a reboot, the wall clock bridges from here, and not from when a thing was noted: it may
    /// have been set since (law 12).
    #[serde(default)]
    pub saved: Option<Moment>,
    /// There was a state and none of it could be read: what holds for the accounts that have not been met since.
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

    /// Brings the state onto this boot's clock. Call it once, after loading.
    pub fn carry_to(&mut self, boot_id: &str, now: Moment) {
        if self.boot_id == boot_id {
            return;
        }
        boot_id.clone_into(&mut self.boot_id);
        let last = self.saved.replace(now);
        if let (Some(loss), Some(last)) = (&mut self.loss, last) {
            loss.carry_over_reboot(last, now);
        }
        self.updates.carry_over_reboot(last, now);
        for account in self.accounts.values_mut() {
            account.carry_over_reboot(last, now);
        }
    }
}

/// One account as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountState {
    pub provider: Provider,
    pub sign_in: CredentialStatus,
    pub usage: Gate,
    pub token: Gate,
    pub reading: Option<Reading>,
    /// When usage is wanted next; the gate has the last word.
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
    /// Whether Holdoff may renew this sign-in, as its person last chose. Kept, so that `status` can tell it.
    #[serde(default)]
    pub renews: bool,
    /// What keeps Holdoff from even trying to renew this sign-in, such as its owner's lock. It is tried again and again.
    #[serde(default, rename = "held_up")]
    pub renewal_blocked: Option<String>,
    /// The sign-in that a request was last answered for.
    #[serde(default)]
    pub answered_for: Option<Fingerprint>,
    /// The sign-in was of no use, or could not be renewed, at some time since the last reading.
    #[serde(default)]
    pub troubled: bool,
    /// The last reading proved a sign-in that was of no use before.
    pub mended: bool,
    /// The account whose sign-in was in this place before, until a second reading of this one.
    #[serde(default, rename = "instead_of")]
    pub previous_account: Option<AccountId>,
    /// The sign-ins that ended in a pause since the last reading.
    #[serde(default)]
    pub rejected: Vec<Fingerprint>,
    /// The name under which an earlier version kept it.
    #[serde(default)]
    pub formerly: Option<AccountId>,
    /// How often it was saved, by whichever copy of Holdoff of this person.
    #[serde(default)]
    pub saves: u64,
}

/// The last request that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRequest {
    pub at: Wall,
    pub endpoint: Endpoint,
    /// What came of it, in words; `None` while it is under way.
    pub outcome: Option<String>,
}

impl AccountState {
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            sign_in: CredentialStatus::default(),
            usage: Gate::new(provider, Endpoint::Usage),
            token: Gate::new(provider, Endpoint::Token),
            reading: None,
            next: None,
            last: None,
            notices: Notices::default(),
            cycles: Cycles::default(),
            renewed: None,
            renews: false,
            renewal_blocked: None,
            answered_for: None,
            troubled: false,
            mended: false,
            previous_account: None,
            rejected: Vec::new(),
            formerly: None,
            saves: 0,
        }
    }

    /// When one of the windows of the reading will be used up. `None` where there is nothing to forecast.
    pub fn forecast(&self, window: &QuotaWindow, now: Wall) -> Option<Forecast> {
        self.cycles.get(&window.id)?.forecast(now)
    }

    fn carry_over_reboot(&mut self, last: Option<Moment>, now: Moment) {
        self.usage.carry_over_reboot(last, now);
        self.token.carry_over_reboot(last, now);
        self.notices.carry_over_reboot(last, now);
        self.renewed = self.renewed.map(|at| at.carried(last.unwrap_or(at), now));
        // A wish for the future is only a wish: how long it has to wait is the gate's affair.
        self.next = self.next.map(|next| next.carried_wish(last, now));
    }

    /// Takes over the gates of the same account under an earlier name, and what is to be said of its sign-in.
    pub fn adopt_gates(&mut self, other: &AccountState) {
        self.usage.merge(&other.usage);
        self.token.merge(&other.token);
        self.notices.adopt(&other.notices);
        self.troubled |= other.troubled;
    }

    pub(crate) fn gate(&mut self, endpoint: Endpoint) -> &mut Gate {
        match endpoint {
            Endpoint::Usage => &mut self.usage,
            Endpoint::Token => &mut self.token,
        }
    }

    pub(crate) fn settle(&mut self, now: Moment, jitter: Jitter, wanted: Wanted) {
        self.usage.settle(now, jitter);
        self.token.settle(now, jitter);
        self.notices.settle(wanted, now);
    }
}

impl AccountState {
    /// Whether nothing is asked, and nothing renewed, because its person wants it so.
    pub fn free_only(&self) -> bool {
        self.usage.free_only
    }

    /// Shuts both gates, or leaves them as they are beneath (law 16). Returns whether that is a change.
    pub(crate) fn choose(&mut self, readings: Option<Readings>) -> bool {
        let was = self.usage.free_only || self.token.free_only;
        let free_only = readings.map_or(was, |readings| readings == Readings::FreeOnly);
        let changed = self.usage.free_only != free_only || self.token.free_only != free_only;
        (self.usage.free_only, self.token.free_only) = (free_only, free_only);
        changed
    }

    /// Whether its provider refuses this program, or all programs for whoever it is: free readings can be had all the same.
    pub fn is_refused_as_a_program(&self) -> bool {
        let refused = match &self.usage.state {
            GateState::CoolingDown { cause, .. } => *cause == Cooldown::TurnedAway,
            GateState::Paused { cause, .. } => !cause.ends_by_signing_in(),
            GateState::Open => false,
        };
        refused && !self.free_only()
    }

    /// Whether there is another sign-in than the one that a request was last answered for.
    pub fn has_untried_sign_in(&self) -> bool {
        match (&self.answered_for, self.sign_in.fingerprint()) {
            (Some(tried), Some(seen)) => tried != seen,
            _ => false,
        }
    }

    /// When usage is asked next, as things stand; `None` while that depends on the sign-in.
    pub fn next_request(&self, now: Moment) -> Option<Moment> {
        self.next_request_spaced(now, Spacing::Kept)
    }

    pub(crate) fn next_request_spaced(&self, now: Moment, spacing: Spacing) -> Option<Moment> {
        if self.free_only() || self.sign_in.seen.is_none() || self.sign_in_trouble(now.wall).is_some() {
            return None;
        }
        let opens = match (self.usage.shut(now, spacing), spacing) {
            (None, _) => now,
            (Some(_), Spacing::Kept) => self.usage.opens(now)?,
            (Some(Blocked::CoolingDown { until, .. }), Spacing::Waived) => until,
            (Some(_), Spacing::Waived) => return None,
        };
        Some(self.next.map_or(opens, |next| next.later(opens)))
    }

    /// Whether a person's wish for a reading may be followed at `now`.
    ///
    /// # Errors
    /// Why not, and until when.
    pub fn refresh_verdict(&self, now: Moment) -> Result<(), Refusal> {
        if self.free_only() {
            return Err(Refusal::FreeOnly);
        }
        if let Some(trouble) = self.sign_in_trouble(now.wall) {
            return Err(Refusal::SignIn(trouble));
        }
        let Some(shut) = self.usage.shut(now, Spacing::Kept) else {
            return Ok(());
        };
        // Both may hold: the later one counts, the cooldown gives the reason.
        let until = self.usage.opens(now).unwrap_or(now);
        Err(match shut {
            Blocked::CoolingDown { cause, .. } => Refusal::NotBefore { until, cause: NotYet::Cooldown(cause.clone()) },
            Blocked::Spacing { .. } => Refusal::NotBefore { until, cause: NotYet::Spacing },
            Blocked::Paused { cause } => Refusal::SignIn(SignInTrouble::Paused(cause.clone())),
            Blocked::FreeOnly => Refusal::FreeOnly,
        })
    }
}

impl Moment {
    /// Carries a wish over a reboot: at most one longest interval away, whatever the clock says.
    fn carried_wish(self, last: Option<Moment>, now: Moment) -> Moment {
        let most = now.plus(std::time::Duration::from_secs(*crate::gate::policy::POLL_INTERVAL.end()));
        let carried = match last {
            Some(last) => self.carried(last, now),
            None => now.plus(self.wall.since(now.wall)),
        };
        if carried.is_after(most) { most } else { carried }
    }
}

#[cfg(test)]
mod tests;
