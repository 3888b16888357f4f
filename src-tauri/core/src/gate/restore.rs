//! Restores a gate after a process ended, after a reboot, or under another id.

use super::{Cooldown, Gate, GateState, Jitter, Pause, UnderlyingCooldown};
use crate::request::Endpoint;
use crate::time::Moment;
use std::time::Duration;

impl Gate {
    /// Resolves a request that an earlier process left unanswered. The gate closes for as long as the most common refusal
    /// would close it (law 13). After a renewal, it pauses until there is another refresh token: the answer may have been
    /// received and the new tokens lost.
    pub(crate) fn settle(&mut self, now: Moment, jitter: Jitter) {
        let Some(intent) = self.intent.take() else {
            return;
        };
        self.asked_at(intent);
        if let Some(fingerprint) = self.intent_token.take() {
            self.pause_over(intent, Pause::RenewalCutOff, fingerprint);
            return;
        }
        let until = intent.plus(jitter.lengthen(self.unanswered()));
        if until.is_after(now) {
            self.shut_until(Cooldown::Unanswered, intent, until);
        }
    }

    /// A request may have left at `intent`. Another seat's may have left since.
    fn asked_at(&mut self, intent: Moment) {
        self.last_request = Some(self.last_request.map_or(intent, |last| last.later(intent)));
    }

    fn unanswered(&self) -> Duration {
        self.provider.policy(Endpoint::Usage).unanswered()
    }

    /// Closes the gate until a time, unless it is already closed for longer. A pause stays, with this as its underlying
    /// cooldown.
    pub(crate) fn shut_until(&mut self, cause: Cooldown, since: Moment, until: Moment) {
        if self.cools_until().is_some_and(|longer| !until.is_after(longer)) {
            return;
        }
        self.set_cooldown(Some(UnderlyingCooldown { cause, since, until }));
    }

    /// Replaces the cooldown. A pause stays, since only another sign-in ends it (law 6).
    pub(super) fn set_cooldown(&mut self, cooldown: Option<UnderlyingCooldown>) {
        match &mut self.state {
            GateState::Paused { beneath, .. } => *beneath = cooldown,
            GateState::CoolingDown { .. } | GateState::Open => {
                self.state = cooldown.map_or(GateState::Open, GateState::from);
            }
        }
    }

    /// Converts every moment to the current boot clock. `last` is when both clocks were last known; see
    /// [`Moment::rebase_after_reboot`].
    pub(crate) fn rebase_after_reboot(&mut self, last: Option<Moment>, now: Moment) {
        let rebased = |at: Moment| at.rebase_after_reboot(last.unwrap_or(at), now);
        self.last_request = self.last_request.map(rebased);
        self.intent = self.intent.map(rebased);
        let cooldown = |since: &mut Moment, until: &mut Moment| {
            *until = until.rebase_after_reboot(last.unwrap_or(*since), now);
            *since = rebased(*since);
        };
        match &mut self.state {
            GateState::Open => {}
            GateState::Paused { since, beneath, .. } => {
                *since = rebased(*since);
                if let Some(UnderlyingCooldown { since, until, .. }) = beneath {
                    cooldown(since, until);
                }
            }
            GateState::CoolingDown { since, until, .. } => cooldown(since, until),
        }
    }

    /// Adopts the answers of another seat of the same login: a rate limit closes both gates, and the later last request
    /// counts for spacing and strikes. A pause is not shared.
    pub(crate) fn share(&mut self, other: &Gate, now: Moment) {
        let is_newer = other.last_request.is_some_and(|last| self.last_request.is_none_or(|own| last.is_after(own)));
        if is_newer {
            (self.last_request, self.strikes) = (other.last_request, other.strikes);
            // The one retry that a 401 allows must be the login's next request (law 10).
            self.unauthorized_token = None;
        }
        let theirs = match &other.state {
            GateState::Open => None,
            GateState::CoolingDown { cause, since, until } => Some((cause, since, until)),
            GateState::Paused { beneath, .. } => {
                beneath.as_ref().map(|UnderlyingCooldown { cause, since, until }| (cause, since, until))
            }
        };
        if let Some((cause, since, until)) =
            theirs.filter(|(cause, _, until)| cause.is_of_login() && until.is_after(now))
        {
            self.shut_until(cause.clone(), *since, *until);
        }
    }

    /// `other` began a request whose answer is unknown. A renewal concerns `other` only; see [`Gate::settle`].
    pub(crate) fn share_unanswered(&mut self, other: &Gate, now: Moment) {
        let Some(intent) = other.intent.filter(|_| other.intent_token.is_none()) else {
            return;
        };
        self.asked_at(intent);
        let until = intent.plus(self.unanswered());
        if until.is_after(now) {
            self.shut_until(Cooldown::Unanswered, intent, until);
        }
    }

    /// Merges the gate of the same account under another id. The stricter of the two counts.
    pub(crate) fn merge(&mut self, other: &Gate) {
        self.strikes = self.strikes.max(other.strikes);
        self.edge_refusals = self.edge_refusals.max(other.edge_refusals);
        // A process may have ended during a request under the other id.
        if self.intent.is_none() {
            self.intent = other.intent;
            self.intent_token.clone_from(&other.intent_token);
        }
        self.last_request = match (self.last_request, other.last_request) {
            (Some(a), Some(b)) => Some(a.later(b)),
            (a, b) => a.or(b),
        };
        match &other.state {
            GateState::Open => {}
            GateState::CoolingDown { cause, since, until } => self.shut_until(cause.clone(), *since, *until),
            GateState::Paused { cause, since, fingerprint, beneath } => {
                self.pause_over(*since, cause.clone(), fingerprint.clone());
                if let Some(UnderlyingCooldown { cause, since, until }) = beneath.clone() {
                    self.shut_until(cause, since, until);
                }
            }
        }
    }
}
