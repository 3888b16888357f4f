//! The permission to ask one endpoint for one account. What a 429 shuts is shared with the other seats of its login.

mod causes;
mod permit;
pub mod policy;
pub mod recovery;
mod restore;
pub mod retry_after;
mod spacing;
mod state_loss;

pub use causes::{Blocked, Cooldown, Pause};
pub use permit::{Permit, PermittedRequest};
pub use spacing::{Jitter, Spacing};
pub use state_loss::StateLoss;

use crate::credential::token::Fingerprint;
use crate::gate::policy::{Backoff, EndpointPolicy};
use crate::providers::Provider;
use crate::request::{Endpoint, Request};
use crate::response::Rejection;
use crate::state::AccountId;
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One gate as it is kept over restarts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    #[serde(default)]
    pub provider: Provider,
    pub endpoint: Endpoint,
    pub state: GateState,
    /// Refusals for frequency in a row: zero on the first success, never because time went by (law 3).
    pub strikes: u32,
    /// 401s on as many polls with an unchanged credential (law 6).
    pub unauthorized: u32,
    /// Failures in a row in which nothing came back.
    pub network_failures: u32,
    /// Failures in a row in which nothing usable came back.
    pub server_failures: u32,
    /// When the last request that may have left was over.
    pub last_request: Option<Moment>,
    /// A request that is being sent, noted before it leaves. Found at a start, it was never answered.
    pub intent: Option<Moment>,
    /// The credential that was last answered with 401, while its one re-ask is unused (law 6).
    pub refused: Option<Fingerprint>,
    /// The refresh token that the noted request carries (law 8). Token gate only.
    #[serde(default)]
    pub spending: Option<Fingerprint>,
    /// The time of the last line that the ledger got of this gate: what it has beyond that is not known here.
    #[serde(default)]
    pub told: Option<Wall>,
    /// The person wants no request to it (law 16).
    #[serde(default)]
    pub free_only: bool,
    /// 429s in a row that came from the provider's edge, since the last answer of the endpoint itself.
    #[serde(default)]
    pub edge_refusals: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum GateState {
    Open,
    CoolingDown {
        cause: Cooldown,
        since: Moment,
        until: Moment,
    },
    Paused {
        cause: Pause,
        since: Moment,
        fingerprint: Fingerprint,
        /// The cooldown that lasts beneath: another sign-in ends the pause, and not this (law 2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beneath: Option<UnderlyingCooldown>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnderlyingCooldown {
    pub cause: Cooldown,
    pub since: Moment,
    pub until: Moment,
}

impl From<UnderlyingCooldown> for GateState {
    fn from(UnderlyingCooldown { cause, since, until }: UnderlyingCooldown) -> Self {
        GateState::CoolingDown { cause, since, until }
    }
}

impl Gate {
    pub fn new(provider: Provider, endpoint: Endpoint) -> Self {
        Self {
            provider,
            endpoint,
            state: GateState::Open,
            strikes: 0,
            unauthorized: 0,
            network_failures: 0,
            server_failures: 0,
            last_request: None,
            intent: None,
            refused: None,
            spending: None,
            told: None,
            free_only: false,
            edge_refusals: 0,
        }
    }

    /// Notes that a request is about to leave. The permit for it comes from [`Gate::permit`], once this
    /// note is on disk.
    pub(crate) fn begin(&mut self, now: Moment) {
        self.intent = Some(now);
    }

    /// The one place where a permit is made: the intent is noted, nothing shuts the gate, and the request is for what is
    /// behind it.
    pub(crate) fn permit(
        &self,
        account: &AccountId,
        request: Request,
        now: Moment,
        spacing: Spacing,
    ) -> Option<PermittedRequest> {
        let own = request.provider == self.provider && request.endpoint == self.endpoint;
        let open = own && self.intent.is_some() && self.shut(now, spacing).is_none();
        open.then(|| {
            let permit = Permit::new(account.clone(), self.provider, self.endpoint, now);
            PermittedRequest::new(permit, request)
        })
    }

    /// What stands against a request at `now`, apart from one that is under way.
    pub fn shut(&self, now: Moment, spacing: Spacing) -> Option<Blocked<'_>> {
        if self.free_only {
            return Some(Blocked::FreeOnly);
        }
        match &self.state {
            GateState::Paused { cause, .. } => return Some(Blocked::Paused { cause }),
            GateState::CoolingDown { cause, until, .. } if until.is_after(now) => {
                return Some(Blocked::CoolingDown { cause, until: *until });
            }
            GateState::CoolingDown { .. } | GateState::Open => {}
        }
        if spacing == Spacing::Waived {
            return None;
        }
        let until = self.last_request?.plus(self.policy().spacing);
        until.is_after(now).then_some(Blocked::Spacing { until })
    }

    /// The first moment at which a permit may be given; `None` while that is no matter of time.
    pub fn opens(&self, now: Moment) -> Option<Moment> {
        let paused = self.free_only || matches!(self.state, GateState::Paused { .. });
        (!paused).then(|| self.waits_until(now))
    }

    /// The first moment at which a permit may be given, as far as that is a matter of time: a pause may last longer.
    pub(crate) fn waits_until(&self, now: Moment) -> Moment {
        let spaced = self.last_request.map_or(now, |last| last.plus(self.policy().spacing)).later(now);
        self.cools_until().map_or(spaced, |until| until.later(spaced))
    }

    fn cools_until(&self) -> Option<Moment> {
        match &self.state {
            GateState::Open => None,
            GateState::CoolingDown { until, .. } => Some(*until),
            GateState::Paused { beneath, .. } => beneath.as_ref().map(|beneath| beneath.until),
        }
    }

    fn cool(&mut self, now: Moment, cause: Cooldown, wait: Duration) {
        self.state = GateState::CoolingDown { cause, since: now, until: now.plus(wait) };
    }

    pub(crate) fn rate_limited(&mut self, now: Moment, retry_after: Option<Duration>, jitter: Jitter) {
        self.finish(now);
        self.strikes = self.strikes.saturating_add(1);
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        let least = self.limit().after(self.strikes);
        let wait = jitter.lengthen(retry_after.unwrap_or(Duration::ZERO).max(least));
        let retry_after_s = retry_after.map(|wait| wait.as_secs());
        self.cool(now, Cooldown::RateLimited { retry_after_s }, wait);
    }

    /// A 429 of the provider's edge, which says nothing of this account. The first few could be anything, and count as
    /// any other; after that it is known that asking more often changes nothing.
    pub(crate) fn refused_at_edge(&mut self, now: Moment, jitter: Jitter) {
        let edge_refusals = self.edge_refusals.saturating_add(1);
        self.rate_limited(now, None, jitter);
        self.edge_refusals = edge_refusals;
        if edge_refusals >= policy::TURNED_AWAY_AFTER {
            self.cool(now, Cooldown::TurnedAway, jitter.lengthen(policy::TURNED_AWAY));
        }
    }

    /// The refresh token may have been spent: as long a wait as for a refusal for frequency (law 8).
    pub(crate) fn ambiguous_grant(
        &mut self,
        now: Moment,
        cause: Cooldown,
        retry_after: Option<Duration>,
        jitter: Jitter,
    ) {
        self.finish(now);
        self.server_failures = self.server_failures.saturating_add(1);
        self.network_failures = 0;
        let least = self.limit().after(self.strikes.saturating_add(self.server_failures));
        self.cool(now, cause, jitter.lengthen(retry_after.unwrap_or_default().max(least)));
    }

    /// The request came to nothing because another program was first, and its result is there.
    pub(crate) fn superseded(&mut self, now: Moment) {
        self.finish(now);
        self.state = GateState::Open;
    }

    /// Nothing is asked with this token again: only another one ends this.
    pub(crate) fn pause(&mut self, now: Moment, cause: Pause, fingerprint: Fingerprint) {
        self.finish(now);
        self.pause_over(now, cause, fingerprint);
    }

    /// Pauses, whatever else shuts the gate; a cooldown goes on beneath.
    fn pause_over(&mut self, since: Moment, cause: Pause, fingerprint: Fingerprint) {
        let beneath = match std::mem::replace(&mut self.state, GateState::Open) {
            GateState::Open => None,
            GateState::CoolingDown { cause, since, until } => Some(UnderlyingCooldown { cause, since, until }),
            GateState::Paused { beneath, .. } => beneath,
        };
        let beneath = beneath.filter(|beneath| beneath.until.is_after(since));
        self.state = GateState::Paused { cause, since, fingerprint, beneath };
    }

    /// How its endpoint is treated.
    fn policy(&self) -> &'static EndpointPolicy {
        self.provider.policy(self.endpoint)
    }

    fn limit(&self) -> Backoff {
        self.policy().limit
    }

    pub(crate) fn server_trouble(
        &mut self,
        now: Moment,
        cause: Cooldown,
        retry_after: Option<Duration>,
        jitter: Jitter,
    ) {
        self.finish(now);
        self.server_failures = self.server_failures.saturating_add(1);
        self.network_failures = 0;
        let wait = policy::SERVER.after(self.server_failures).max(retry_after.unwrap_or_default());
        self.cool(now, cause, jitter.lengthen(wait));
    }

    /// Nothing left this machine: the request does not count for the spacing of law 10.
    pub(crate) fn unreachable(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.withdraw();
        self.network_failures = self.network_failures.saturating_add(1);
        let wait = jitter.lengthen(policy::NETWORK.after(self.network_failures));
        self.cool(now, Cooldown::Network { why }, wait);
    }

    /// A failed look-up just after waking: tried again after the shortest wait, without counting (law 12).
    pub(crate) fn network_warming_up(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.withdraw();
        let wait = jitter.lengthen(policy::NETWORK.base);
        self.cool(now, Cooldown::Network { why }, wait);
    }

    pub(crate) fn ambiguous(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.finish(now);
        self.network_failures = self.network_failures.saturating_add(1);
        let wait = jitter.lengthen(policy::NETWORK.after(self.network_failures));
        self.cool(now, Cooldown::Network { why }, wait);
    }

    pub(crate) fn success(&mut self, now: Moment) {
        self.finish(now);
        self.state = GateState::Open;
        self.strikes = 0;
        self.unauthorized = 0;
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        self.refused = None;
    }

    /// A rejection of the sign-in `fingerprint`. 401 and a nameless 403 are strikes; the third pauses.
    pub(crate) fn rejected(&mut self, now: Moment, rejection: Rejection, fingerprint: Fingerprint) {
        self.finish(now);
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        let cause = match rejection {
            Rejection::MissingScope(scope) => Pause::MissingScope { scope },
            Rejection::NotAllowed { to, status } => Pause::NotAllowed { to, status },
            Rejection::Unauthorized if self.strike() => Pause::Rejected,
            Rejection::Forbidden(message) if self.strike() => Pause::Forbidden { message },
            Rejection::Unauthorized | Rejection::Forbidden(_) => {
                self.state = GateState::Open;
                return;
            }
        };
        self.pause_over(now, cause, fingerprint);
    }

    /// A 401 came back. `fingerprint` may be replaced by one re-ask with another credential; `None` when this
    /// was that re-ask.
    pub(crate) fn unauthorized_once(&mut self, now: Moment, fingerprint: Option<Fingerprint>) {
        self.finish(now);
        self.edge_refusals = 0;
        self.refused = fingerprint;
    }

    /// What is stored lacks the scope, or does not any more. No request is made for it.
    pub(crate) fn scope_seen(&mut self, now: Moment, lacking: Option<&str>, fingerprint: &Fingerprint) {
        match (&self.state, lacking) {
            (GateState::Paused { .. }, Some(_)) | (GateState::Open | GateState::CoolingDown { .. }, None) => {}
            (GateState::Open | GateState::CoolingDown { .. }, Some(scope)) => {
                self.pause_over(now, Pause::ScopeNotGranted { scope: scope.to_owned() }, fingerprint.clone());
            }
            (GateState::Paused { cause, .. }, None) => {
                if matches!(cause, Pause::ScopeNotGranted { .. }) {
                    self.end_pause(now);
                }
            }
        }
    }

    fn strike(&mut self) -> bool {
        self.unauthorized = self.unauthorized.saturating_add(1);
        self.unauthorized >= policy::UNAUTHORIZED_STRIKES
    }

    /// A pause ends when the stored credential is another one (law 6), and what lasts beneath does not (law 2). Returns
    /// whether it did.
    pub(crate) fn credential_seen(&mut self, fingerprint: &Fingerprint, now: Moment) -> bool {
        match &self.state {
            GateState::Paused { fingerprint: paused, .. } if paused != fingerprint => {
                self.end_pause(now);
                true
            }
            GateState::Paused { .. } | GateState::CoolingDown { .. } | GateState::Open => false,
        }
    }

    fn end_pause(&mut self, now: Moment) {
        let GateState::Paused { beneath, .. } = &mut self.state else {
            return;
        };
        let lasts = beneath.take().filter(|beneath| beneath.until.is_after(now));
        self.state = lasts.map_or(GateState::Open, GateState::from);
        self.unauthorized = 0;
    }

    /// The refresh token whose renewal was cut off: what it brought may lie where the crash left it (law 8).
    pub fn interrupted_renewal(&self) -> Option<&Fingerprint> {
        match &self.state {
            GateState::Paused { cause: Pause::RenewalCutOff, fingerprint, .. } => Some(fingerprint),
            GateState::Paused { .. } | GateState::CoolingDown { .. } | GateState::Open => None,
        }
    }

    /// The note of a request is taken back: it did not leave.
    pub(crate) fn withdraw(&mut self) {
        self.intent = None;
        self.spending = None;
    }

    fn finish(&mut self, now: Moment) {
        self.withdraw();
        self.last_request = Some(now);
    }
}

#[cfg(test)]
mod tests;
