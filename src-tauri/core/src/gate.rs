//! The permission to send requests to one endpoint for one account. A 429 applies to all seats of the login.

mod causes;
mod gates;
mod permit;
pub mod policy;
pub mod recovery;
mod restore;
pub mod retry_after;
mod spacing;
mod state_loss;

pub use causes::{Blocked, Cooldown, Pause};
pub use gates::Gates;
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

/// The persisted state of one gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    #[serde(default)]
    pub provider: Provider,
    pub endpoint: Endpoint,
    pub state: GateState,
    /// Consecutive rate-limit refusals. Reset by the first success, never by time (law 3).
    pub strikes: u32,
    /// 401s on separate polls with an unchanged credential (law 6).
    pub unauthorized: u32,
    /// Consecutive failures without any answer.
    pub network_failures: u32,
    /// Consecutive failures without a usable answer.
    pub server_failures: u32,
    /// When the last request that may have left was completed.
    pub last_request: Option<Moment>,
    /// When the request in progress was begun; saved before it leaves. If set at startup, it was never answered.
    pub intent: Option<Moment>,
    /// The credential that was last rejected with 401, until its one retry is used (law 6).
    #[serde(rename = "refused")]
    pub unauthorized_token: Option<Fingerprint>,
    /// The refresh token that the current request carries (law 8). Token gate only.
    #[serde(default, rename = "spending")]
    pub intent_token: Option<Fingerprint>,
    /// Timestamp of the last ledger entry of this gate that this state includes. Newer entries are unknown here.
    #[serde(default, rename = "told")]
    pub ledger_watermark: Option<Wall>,
    /// The user wants no requests to this endpoint (law 16).
    #[serde(default)]
    pub free_only: bool,
    /// Consecutive 429s from the provider's edge since the last answer of the endpoint itself.
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
        /// A cooldown that continues during the pause. A new sign-in ends the pause but not the cooldown (law 2).
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
            unauthorized_token: None,
            intent_token: None,
            ledger_watermark: None,
            free_only: false,
            edge_refusals: 0,
        }
    }

    /// Records that a request is about to leave. [`Gate::permit`] issues its permit once this is saved.
    pub(crate) fn begin(&mut self, now: Moment) {
        self.intent = Some(now);
    }

    /// The only place where a permit is made. It requires a recorded intent, an open gate, and a request for this gate's
    /// endpoint.
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

    /// What blocks a request at `now`, apart from a request in progress.
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

    /// The earliest time for a permit. `None` if waiting does not help.
    pub fn opens(&self, now: Moment) -> Option<Moment> {
        (!self.free_only && !self.is_paused()).then(|| self.waits_until(now))
    }

    /// The earliest time for a permit if only cooldown and spacing count. A pause may last longer.
    pub(crate) fn waits_until(&self, now: Moment) -> Moment {
        let spaced = self.last_request.map_or(now, |last| last.plus(self.policy().spacing)).later(now);
        self.cools_until().map_or(spaced, |until| until.later(spaced))
    }

    /// When the cooldown ends, whether or not a pause lasts longer.
    pub(crate) fn cools_until(&self) -> Option<Moment> {
        match &self.state {
            GateState::Open => None,
            GateState::CoolingDown { until, .. } => Some(*until),
            GateState::Paused { beneath, .. } => beneath.as_ref().map(|beneath| beneath.until),
        }
    }

    fn cool(&mut self, now: Moment, cause: Cooldown, wait: Duration) {
        self.set_cooldown(Some(UnderlyingCooldown { cause, since: now, until: now.plus(wait) }));
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.state, GateState::Paused { .. })
    }

    pub(crate) fn rate_limited(&mut self, now: Moment, retry_after: Option<Duration>, jitter: Jitter) {
        self.complete(now);
        self.strikes = self.strikes.saturating_add(1);
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        let least = self.limit().after(self.strikes);
        let wait = jitter.lengthen(retry_after.unwrap_or(Duration::ZERO).max(least));
        let retry_after_s = retry_after.map(|wait| wait.as_secs());
        self.cool(now, Cooldown::RateLimited { retry_after_s }, wait);
    }

    /// A 429 from the provider's edge, which says nothing about this account. The first few may have any cause and count as
    /// normal 429s; after that, retrying more often is known to be useless.
    pub(crate) fn refused_at_edge(&mut self, now: Moment, jitter: Jitter) {
        let edge_refusals = self.edge_refusals.saturating_add(1);
        self.rate_limited(now, None, jitter);
        self.edge_refusals = edge_refusals;
        if edge_refusals >= policy::TURNED_AWAY_AFTER {
            self.cool(now, Cooldown::TurnedAway, jitter.lengthen(policy::TURNED_AWAY));
        }
    }

    /// The refresh token may have been spent, so the wait is as long as for a rate limit (law 8).
    pub(crate) fn ambiguous_grant(
        &mut self,
        now: Moment,
        cause: Cooldown,
        retry_after: Option<Duration>,
        jitter: Jitter,
    ) {
        self.complete(now);
        self.server_failures = self.server_failures.saturating_add(1);
        self.network_failures = 0;
        let least = self.limit().after(self.strikes.saturating_add(self.server_failures));
        self.cool(now, cause, jitter.lengthen(retry_after.unwrap_or_default().max(least)));
    }

    /// Another program renewed first, and its tokens are available.
    pub(crate) fn superseded(&mut self, now: Moment) {
        self.complete(now);
        self.state = GateState::Open;
    }

    /// Stops all requests with this token. Only a different token ends the pause.
    pub(crate) fn pause(&mut self, now: Moment, cause: Pause, fingerprint: Fingerprint) {
        self.complete(now);
        self.pause_over(now, cause, fingerprint);
    }

    /// Pauses the gate and keeps a running cooldown underneath.
    fn pause_over(&mut self, since: Moment, cause: Pause, fingerprint: Fingerprint) {
        let beneath = match std::mem::replace(&mut self.state, GateState::Open) {
            GateState::Open => None,
            GateState::CoolingDown { cause, since, until } => Some(UnderlyingCooldown { cause, since, until }),
            GateState::Paused { beneath, .. } => beneath,
        };
        let beneath = beneath.filter(|beneath| beneath.until.is_after(since));
        self.state = GateState::Paused { cause, since, fingerprint, beneath };
    }

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
        self.complete(now);
        self.server_failures = self.server_failures.saturating_add(1);
        self.network_failures = 0;
        let wait = policy::SERVER.after(self.server_failures).max(retry_after.unwrap_or_default());
        self.cool(now, cause, jitter.lengthen(wait));
    }

    /// Nothing left this machine, so the request does not count for the spacing of law 10.
    pub(crate) fn unreachable(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.cancel();
        self.network_failures = self.network_failures.saturating_add(1);
        let wait = jitter.lengthen(policy::NETWORK.after(self.network_failures));
        self.cool(now, Cooldown::Network { why }, wait);
    }

    /// A network failure just after waking is retried after the shortest wait and does not count (law 12).
    pub(crate) fn network_warming_up(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.cancel();
        let wait = jitter.lengthen(policy::NETWORK.base);
        self.cool(now, Cooldown::Network { why }, wait);
    }

    pub(crate) fn ambiguous(&mut self, now: Moment, why: String, jitter: Jitter) {
        self.complete(now);
        self.network_failures = self.network_failures.saturating_add(1);
        let wait = jitter.lengthen(policy::NETWORK.after(self.network_failures));
        self.cool(now, Cooldown::Network { why }, wait);
    }

    pub(crate) fn success(&mut self, now: Moment) {
        self.complete(now);
        self.set_cooldown(None);
        self.strikes = 0;
        self.unauthorized = 0;
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        self.unauthorized_token = None;
    }

    /// The provider rejected `fingerprint`. A 401 or a 403 without a scope is a strike; the third strike pauses. If the gate
    /// is already paused, another sign-in is stored by now, and the rejection does not concern it.
    pub(crate) fn rejected(&mut self, now: Moment, rejection: Rejection, fingerprint: Fingerprint) {
        self.complete(now);
        self.network_failures = 0;
        self.server_failures = 0;
        self.edge_refusals = 0;
        if self.is_paused() {
            return;
        }
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

    /// A 401 came back. One retry with a credential other than `fingerprint` is allowed; `None` if this was that retry.
    pub(crate) fn unauthorized_once(&mut self, now: Moment, fingerprint: Option<Fingerprint>) {
        self.complete(now);
        self.edge_refusals = 0;
        self.unauthorized_token = fingerprint;
    }

    /// Pauses while the stored sign-in lacks a required scope, and resumes when it has it. No request is sent for this.
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

    /// Ends a pause if the stored credential has changed (law 6). An underlying cooldown continues (law 2). Returns whether
    /// a pause ended.
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

    /// The refresh token of an interrupted renewal. Its new tokens may still be where the crash left them (law 8).
    pub fn interrupted_renewal(&self) -> Option<&Fingerprint> {
        match &self.state {
            GateState::Paused { cause: Pause::RenewalCutOff, fingerprint, .. } => Some(fingerprint),
            GateState::Paused { .. } | GateState::CoolingDown { .. } | GateState::Open => None,
        }
    }

    /// Removes the intent: the request did not leave.
    pub(crate) fn cancel(&mut self) {
        self.intent = None;
        self.intent_token = None;
    }

    fn complete(&mut self, now: Moment) {
        self.cancel();
        self.last_request = Some(now);
    }
}

#[cfg(test)]
mod tests;
