//! `handle`: what happened, and what follows from it.

use super::{Account, Event, Preferences, Step};
use crate::credential::CredentialPresence;
use crate::credential::token::Fingerprint;
use crate::gate::policy;
use crate::gate::{Cooldown, GateState, Spacing};
use crate::messages;
use crate::notification::{Notices, Proved};
use crate::quota::Reading;
use crate::record::history::{HistoryRecord, episode_changes};
use crate::record::ledger::{LedgerEvent, Trigger};
use crate::request::Endpoint;
use crate::response::{Outcome, Rejection, SendResult};
use crate::time::Moment;

impl Account {
    /// Applies an event. [`Account::poll`] then returns what follows.
    pub fn handle(&mut self, event: Event, now: Moment) {
        let notices = self.state.notices.clone();
        match event {
            Event::Persisted(Ok(())) => self.saved(),
            Event::Persisted(Err(trouble)) => self.not_saved(trouble, now),
            Event::Credential(read) => self.credential_read(read, now),
            Event::CredentialMayHaveChanged => self.reread_at = None,
            Event::Delivered(delivery) => match self.step {
                Step::Renewing(_) => self.granted(delivery, now),
                _ => self.delivered(delivery, now),
            },
            Event::Locked(result) => self.locked(result, now),
            Event::Stored(stored) => self.stored(stored, now),
            Event::NoticeShown(id) => {
                self.state.notices.shown(id, self.preferences.wanted, now);
                self.saving.dirty = true;
            }
            Event::NoticeMissed(id) => {
                self.unsaved_missed(id, now);
                self.state.notices.missed(id, now);
                self.saving.dirty = true;
            }
            Event::NoticeService(there) => self.notice_service(there, now),
            Event::Preferences(preferences) => self.prefer(preferences),
            Event::Retire => self.retiring = true,
            Event::Reading(pushed) => self.pushed(pushed, now),
            Event::OtherSeats(seats) => self.share_login(&seats, now),
            Event::Zone(zone) => self.zone = zone,
        }
        self.record_episodes(&notices, now);
    }

    fn record_episodes(&mut self, before: &Notices, now: Moment) {
        let changed = episode_changes(&self.id, before, &self.state.notices, now.wall);
        self.history.extend(changed.into_iter().map(HistoryRecord::Episode));
    }

    /// Resolves what an earlier process left behind.
    pub(super) fn resume(&mut self, now: Moment) {
        let unanswered: Vec<Endpoint> =
            self.state.gates.iter().filter(|gate| gate.intent.is_some()).map(|gate| gate.endpoint).collect();
        let jitter = self.rng.jitter();
        let notices = self.state.notices.clone();
        self.state.settle(now, jitter, self.preferences.wanted);
        self.record_episodes(&notices, now);
        // Save even without a change: one of the two state files may be missing.
        self.saving.dirty = true;
        self.state.sign_in.place.clone_from(&self.place);
        self.state.renewal_enabled = self.preferences.renewal;
        self.state.choose(self.preferences.readings);
        self.apply_interval();
        for endpoint in unanswered {
            if let Some(last) = &mut self.state.last {
                last.outcome = Some(messages::UNANSWERED.to_owned());
            }
            let event =
                LedgerEvent::Completed { outcome: crate::record::ledger::OutcomeKind::Unanswered, detail: None };
            self.record(now, endpoint, event);
        }
    }

    /// Applies the current interval, which may differ from the one that the next poll was scheduled with (law 11).
    fn apply_interval(&mut self) {
        let is_open = matches!(self.state.gates[Endpoint::Usage].state, GateState::Open);
        if let (Some(next), Some(last)) =
            (self.state.next, self.state.gates[Endpoint::Usage].last_request.filter(|_| is_open))
        {
            let preferred = last.plus(self.preferences.interval);
            self.state.next = Some(if next.is_after(preferred) { preferred } else { next });
        }
    }

    fn saved(&mut self) {
        if self.saving.pending {
            self.saving = super::Saving { dirty: self.saving.dirty, ..super::Saving::default() };
        }
    }

    /// No request is sent while the state cannot be saved. Planned requests and notifications wait (law 13).
    fn not_saved(&mut self, trouble: String, now: Moment) {
        if !self.saving.pending {
            return;
        }
        self.saving.pending = false;
        self.saving.dirty = true;
        self.saving.failures = self.saving.failures.saturating_add(1);
        self.saving.retry = Some(now.plus(policy::SAVE.after(self.saving.failures)));
        self.saving.trouble = Some(trouble);
        if matches!(self.step, Step::SavingIntent { .. }) {
            self.state.gates[Endpoint::Usage].cancel();
            self.state.last = None;
            self.step = Step::Idle;
        }
        self.renewal_intent_not_saved();
        if let Some(notice) = self.to_show.take() {
            self.state.notices.missed(notice.id, now);
        }
    }

    fn notice_service(&mut self, there: bool, now: Moment) {
        match (std::mem::replace(&mut self.notice_service, there), there) {
            (false, true) => self.state.notices.service_appeared(now),
            (true, true) => self.state.notices.service_replaced(now),
            (_, false) => {}
        }
    }

    fn prefer(&mut self, preferences: Preferences) {
        let changed = self.preferences.interval != preferences.interval;
        self.preferences = preferences;
        self.saving.dirty |= self.state.renewal_enabled != preferences.renewal;
        self.state.renewal_enabled = preferences.renewal;
        if self.state.choose(preferences.readings) {
            self.reread_at = None;
            self.saving.dirty = true;
        }
        let asked = self.state.gates[Endpoint::Usage].last_request.zip(self.state.next).filter(|_| changed);
        let Some((preferred, next)) = asked.map(|(last, next)| (last.plus(preferences.interval), next)) else {
            return;
        };
        self.state.next = match &self.state.gates[Endpoint::Usage].state {
            GateState::Open => Some(preferred),
            // Free readings may have postponed it beyond the cooldown.
            GateState::CoolingDown { .. } => Some(next.sooner(preferred)),
            GateState::Paused { .. } => return,
        };
        self.saving.dirty = true;
    }

    fn delivered(&mut self, delivery: SendResult, now: Moment) {
        let Step::Requesting { .. } = self.step else {
            return;
        };
        let Step::Requesting { fingerprint, spacing } = std::mem::replace(&mut self.step, Step::Idle) else {
            return;
        };
        // This may be the first event after a sleep.
        self.notice_waking(now);
        let outcome = self.state.provider.parse_usage_response(delivery, now.wall);
        let text = messages::outcome(self.state.provider, &outcome);
        let kind = messages::outcome_kind(&outcome);
        if let Some(last) = &mut self.state.last {
            last.outcome = Some(text.clone());
        }
        if !matches!(outcome, Outcome::Unreachable { .. } | Outcome::PermitExpired) {
            self.state.answered_for = Some(fingerprint.clone());
        }
        self.learn(outcome, fingerprint, spacing, now);
        self.sleep.pause_until.take_if(|_| self.sleep.woke != Some(now));
        self.why = Trigger::Poll;
        self.saving.dirty = true;
        self.record(now, Endpoint::Usage, LedgerEvent::Completed { outcome: kind, detail: Some(text) });
    }

    fn learn(&mut self, outcome: Outcome, fingerprint: Fingerprint, spacing: Spacing, now: Moment) {
        let jitter = self.rng.jitter();
        let grace = self.in_wake_grace(now);
        let gate = &mut self.state.gates[Endpoint::Usage];
        self.state.next = Some(now);
        match outcome {
            Outcome::Reading(reading) => self.read(reading, now),
            Outcome::RateLimited { retry_after } => {
                gate.rate_limited(now, retry_after, jitter);
                self.state.notices.begin_limit(now, self.preferences.wanted);
            }
            Outcome::RefusedAtEdge => {
                gate.refused_at_edge(now, jitter);
                self.state.notices.begin_limit(now, self.preferences.wanted);
            }
            Outcome::Rejected(Rejection::Unauthorized) => {
                gate.unauthorized_once(now, (spacing == Spacing::Kept).then(|| fingerprint.clone()));
                self.step = Step::Rechecking { fingerprint, rejection: Rejection::Unauthorized };
            }
            Outcome::Rejected(rejection) => self.rejected(rejection, fingerprint, now),
            Outcome::ServerTrouble { status, retry_after } => {
                gate.server_trouble(now, Cooldown::Server { status }, retry_after, jitter);
            }
            Outcome::Unreadable { status, why, retry_after } => {
                gate.server_trouble(now, Cooldown::Unreadable { status, why }, retry_after, jitter);
            }
            Outcome::Unreachable { why } if grace => {
                self.sleep.grace_used = true;
                gate.network_warming_up(now, why, jitter);
            }
            Outcome::Unreachable { why } => gate.unreachable(now, why, jitter),
            Outcome::PermitExpired => {
                gate.cancel();
                self.woke(now);
            }
            Outcome::Ambiguous { why } => gate.ambiguous(now, why, jitter),
        }
    }

    fn in_wake_grace(&self, now: Moment) -> bool {
        let woke = self.sleep.woke.is_some_and(|woke| now.since(woke) <= policy::WAKE_GRACE);
        woke && !self.sleep.grace_used
    }

    fn read(&mut self, reading: Reading, now: Moment) {
        self.state.gates[Endpoint::Usage].success(now);
        // Otherwise the sign-in was replaced or removed during the request: the reading proves nothing of what is stored.
        let is_absent = matches!(self.state.sign_in.seen, Some(CredentialPresence::Absent(_)));
        if !is_absent && !self.state.gates[Endpoint::Usage].is_paused() {
            self.proved_well(now);
        }
        self.merge_reading(reading, now);
        self.state.next = Some(now.plus(self.preferences.interval));
        self.sleep.grace_used = false;
    }

    /// The stored sign-in works.
    fn proved_well(&mut self, now: Moment) {
        self.state.rejected_credentials.clear();
        let paused = self.state.gates[Endpoint::Token].is_paused();
        let cools = self.state.gates[Endpoint::Token].cools_until().is_some_and(|until| until.is_after(now));
        let proved = Proved { sign_in: !paused, renewal: !paused && !cools };
        self.state.sign_in_recovered =
            proved.sign_in && (self.state.sign_in_failed || self.state.notices.sign_in.is_some());
        self.state.sign_in_failed &= !proved.sign_in;
        if !self.state.sign_in_recovered {
            self.state.previous_account = None;
        }
        self.state.notices.end(now, proved, self.preferences.wanted);
    }
}
