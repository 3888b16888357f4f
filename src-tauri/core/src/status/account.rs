//! The status of one account at one moment: computed once, for tray, panel, settings, command and metrics alike.

use crate::credential::sign_in_flow::SignInFlow;
use crate::gate::{GateState, policy};
use crate::quota::Reading;
use crate::request::Endpoint;
use crate::state::{AccountState, NotYet, Refusal, Renewal, SignInTrouble};
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::time::Duration;

/// The one word that icon, menu, panel and command agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Condition {
    /// There is no reading yet.
    Unknown,
    /// The reading is fresh.
    Ok,
    /// The last reading is old.
    Stale,
    /// No requests until a certain time.
    CoolingDown,
    /// No requests until the user signs in again.
    Paused,
    /// The sign-in has expired; its owner renews it.
    Expired,
    /// No sign-in was found.
    Absent,
}

impl Condition {
    /// The same word as in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::CoolingDown => "cooling_down",
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::Absent => "absent",
        }
    }
}

/// Inputs to an account's status other than its own state.
#[derive(Debug, Clone, Copy)]
pub struct StatusContext<'a> {
    pub now: Moment,
    /// The polling interval.
    pub interval: Duration,
    /// Why the state cannot be saved, if it cannot. No requests are sent then (law 13).
    pub saving_failure: Option<&'a str>,
}

impl StatusContext<'_> {
    pub fn new(now: Moment, interval: Duration) -> Self {
        Self { now, interval, saving_failure: None }
    }
}

/// The status of one account; see the module.
#[derive(Debug, Clone)]
pub struct AccountStatus<'a> {
    pub account: &'a AccountState,
    pub now: Moment,
    pub condition: Condition,
    /// What prevents use of the sign-in, if anything.
    pub trouble: Option<SignInTrouble>,
    pub renewal: Renewal<'a>,
    /// The progress towards a working sign-in.
    pub sign_in_flow: SignInFlow,
    /// `None` while it depends on more than time.
    pub next_request: Option<Moment>,
    /// Whether the user may request a refresh now, or why not.
    pub refresh: Result<(), Refusal>,
    /// The reading is too old to count as current, or the last response had none of the limits shown.
    pub is_stale: bool,
    /// Usage of the fullest window, in percent.
    pub highest: Option<f64>,
}

impl<'a> AccountStatus<'a> {
    pub fn of(account: &'a AccountState, context: &StatusContext<'_>) -> Self {
        let now = context.now;
        let trouble = account.sign_in_trouble(now.wall);
        let is_stale = account.reading.as_ref().is_some_and(|reading| is_stale_reading(reading, context));
        let unsaved = context.saving_failure.map(|trouble| Refusal::Unsaved { trouble: trouble.to_owned() });
        let next_request = account.next_request(now).filter(|_| unsaved.is_none());
        Self {
            account,
            now,
            condition: condition(account, trouble.as_ref(), is_stale, now),
            trouble,
            renewal: account.renewal(now),
            sign_in_flow: SignInFlow::of(account, now),
            next_request,
            refresh: unsaved.map_or_else(|| account.refresh_verdict(now), Err),
            is_stale,
            highest: account.reading.as_ref().and_then(|reading| reading.highest(now.wall)),
        }
    }

    /// Sort key for the status that the icon shows, most urgent first: what needs the user; then quota about to run out and
    /// what is held back; then what works, the fullest first. Accounts that only wait for their owner come last.
    pub fn urgency(&self) -> impl Ord + use<> {
        let highest = self.highest.unwrap_or(0.0);
        let rank = match self.condition {
            Condition::Paused => 0,
            Condition::Ok if highest >= f64::from(policy::RUNS_SHORT) => 1,
            Condition::CoolingDown => 2,
            Condition::Stale => 3,
            Condition::Ok => 4,
            Condition::Unknown => 5,
            Condition::Expired => 6,
            Condition::Absent => 7,
        };
        (rank, Reverse((highest * 1000.0) as u64))
    }

    /// Whether something prevents renewal of a sign-in that still works.
    pub fn is_renewal_blocked(&self) -> bool {
        matches!(self.renewal, Renewal::Waits { .. } | Renewal::HeldUp { .. } | Renewal::Stopped(_))
    }

    /// Whether a click on it opens the sign-in steps.
    pub fn leads_to_sign_in(&self) -> bool {
        matches!(self.condition, Condition::Paused | Condition::Expired | Condition::Absent)
            || matches!(self.renewal, Renewal::Stopped(_))
    }

    /// The times at which this status changes without any event, as far as they are known.
    pub fn next_changes(&self, interval: Duration) -> impl Iterator<Item = Wall> {
        let (account, now) = (self.account, self.now);
        let reading = account.reading.as_ref();
        let resets =
            reading.into_iter().flat_map(|reading| reading.windows.iter().filter_map(|window| window.resets_at));
        let until = match &self.refresh {
            Err(Refusal::NotBefore { until, cause: NotYet::Spacing | NotYet::Cooldown(_) }) => Some(*until),
            _ => None,
        };
        let moments = [account.gates[Endpoint::Token].opens(now), account.next_request(now), until];
        let walls = [
            reading.map(|reading| reading.at.plus(stale_after(interval) + Duration::from_millis(1))),
            account.sign_in.expires_at(),
        ];
        let moments = moments.into_iter().flatten().map(move |at| at.wall_as_of(now));
        walls.into_iter().flatten().chain(moments).chain(resets)
    }
}

/// The refusal that ends first, if none of these accounts may send a request now. `None` if any may.
pub fn first_refusal<'a>(all: impl IntoIterator<Item = &'a AccountStatus<'a>>) -> Option<&'a Refusal> {
    let refusals: Option<Vec<&Refusal>> = all.into_iter().map(|status| status.refresh.as_ref().err()).collect();
    refusals?.into_iter().min_by_key(|refusal| refusal.ends())
}

fn condition(account: &AccountState, trouble: Option<&SignInTrouble>, is_stale: bool, now: Moment) -> Condition {
    if !account.free_only() {
        match trouble {
            Some(SignInTrouble::Absent(_)) => return Condition::Absent,
            Some(SignInTrouble::Paused(_)) => return Condition::Paused,
            Some(SignInTrouble::Expired) => return Condition::Expired,
            None => {}
        }
        if matches!(&account.gates[Endpoint::Usage].state, GateState::CoolingDown { until, .. } if until.is_after(now))
        {
            return Condition::CoolingDown;
        }
    }
    match &account.reading {
        None => Condition::Unknown,
        Some(reading) if reading.is_empty() => Condition::Unknown,
        Some(_) if is_stale => Condition::Stale,
        Some(_) => Condition::Ok,
    }
}

fn is_stale_reading(reading: &Reading, context: &StatusContext<'_>) -> bool {
    let lacks_shown = reading.no_limits_at.is_some() && !reading.is_empty();
    lacks_shown || is_stale(reading.at, context.now.wall, context.interval)
}

/// Whether a reading of `at` is too old to count as current.
pub fn is_stale(at: Wall, now: Wall, interval: Duration) -> bool {
    now.since(at) > stale_after(interval)
}

/// The age at which a reading becomes stale.
pub fn stale_after(interval: Duration) -> Duration {
    (interval * 2).max(policy::STALE_AT_LEAST)
}

#[cfg(test)]
impl AccountState {
    pub(crate) fn status(&self, now: Moment) -> AccountStatus<'_> {
        AccountStatus::of(self, &StatusContext::new(now, policy::DEFAULT_POLL_INTERVAL))
    }
}

#[cfg(test)]
mod tests;
