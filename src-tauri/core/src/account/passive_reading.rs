//! Passive readings: shown at once, and a reason to postpone the next poll. They prove nothing about an endpoint, so they
//! open no gate, clear no strikes and end no episode.

use super::{Account, Step};
use crate::gate::policy;
use crate::gate::{Gate, GateState};
use crate::quota::merge::PassiveReading;
use crate::quota::{Reading, Source};
use crate::record::history;
use crate::record::ledger::{LedgerEvent, Trigger, WithheldReason};
use crate::request::Endpoint;
use crate::time::Moment;
use std::time::Duration;

impl Account {
    pub(super) fn pushed(&mut self, pushed: PassiveReading, now: Moment) {
        if pushed.account != self.id {
            return;
        }
        let Some(new) = pushed.checked().filter(|_| self.bucket.take(now)) else {
            return;
        };
        if new.source == Source::OwnerCache && new.at.since(now.wall) > policy::CACHE_AHEAD {
            return;
        }
        let known = self.state.reading.as_ref();
        if known.is_some_and(|kept| kept.is_contradicted_by(&new, now.wall)) {
            return;
        }
        let news = self.merge_reading(new.clone(), now);
        self.saving.dirty |= news;
        if news {
            self.postpone(&new, now);
        }
    }

    /// Merges a reading. Returns whether it contained anything new.
    pub(super) fn merge_reading(&mut self, new: Reading, now: Moment) -> bool {
        let (merged, confirmed) = match self.state.reading.clone() {
            Some(mut kept) => {
                let confirmed = kept.merge(new, now.wall);
                (kept, confirmed)
            }
            None => (new.prepared(now.wall), Vec::new()),
        };
        if self.state.reading.as_ref().is_some_and(|kept| kept.is_as_good_as(&merged)) {
            return false;
        }
        self.history.extend(history::changes(&self.id, self.state.reading.as_ref(), &merged));
        self.state.reading = Some(merged);
        self.follow_windows(&confirmed, now);
        true
    }

    /// Postpones the next poll, since a fresh reading makes it unnecessary. Only polls wait, and only for a limited time.
    fn postpone(&mut self, new: &Reading, now: Moment) {
        let waits = matches!(self.step, Step::Idle | Step::ReadingCredential | Step::CredentialRead)
            && self.why == Trigger::Poll;
        let past = |at| Moment { wall: at, boot: now.boot }.rebase_past(now);
        let kept = self.state.reading.as_ref();
        let fresh = kept.and_then(|kept| kept.oldest_of(new)).map(past);
        let read = kept.and_then(Reading::endpoint_read_at).map(past);
        let longest = longest_wait(&self.state.gates[Endpoint::Usage], read, self.preferences.interval);
        let (Some(at), Some(longest), true) = (fresh, longest, waits) else {
            return;
        };
        let asked_for = at.plus(self.preferences.interval);
        let until = if longest.is_after(asked_for) { asked_for } else { longest };
        if self.state.next_request(now).is_none_or(|next| !until.is_after(next)) {
            return;
        }
        self.state.next = Some(until);
        self.saving.dirty = true;
        if !self.postponed {
            self.postponed = true;
            let event = LedgerEvent::Withheld { why: Trigger::Poll, because: WithheldReason::FreshReading };
            self.record(now, Endpoint::Usage, event);
        }
    }
}

/// How long fresh readings may postpone a poll: long while the endpoint answers normally; one interval after a cooldown, so
/// that polling resumes as soon as law 11 promises; not at all while it is unclear whether the sign-in is accepted. `read`:
/// the account's last response. The last request may have been that of another seat, which reads nothing for this one.
fn longest_wait(usage: &Gate, read: Option<Moment>, interval: Duration) -> Option<Moment> {
    match &usage.state {
        GateState::CoolingDown { until, .. } => Some(until.plus(interval)),
        GateState::Open if usage.unauthorized == 0 && usage.unauthorized_token.is_none() => {
            Some(usage.last_request?.sooner(read?).plus(policy::POSTPONED_MOST))
        }
        GateState::Open | GateState::Paused { .. } => None,
    }
}
