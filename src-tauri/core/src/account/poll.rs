//! `poll`: what to do next.

use super::{Account, Action, Step};
use crate::credential::token::Fingerprint;
use crate::gate::Spacing;
use crate::gate::policy;
use crate::record::ledger::LedgerEvent;
use crate::request::Endpoint;
use crate::state::LastRequest;
use crate::time::Moment;
use std::time::Duration;

impl Account {
    /// Returns the next action. Call it again after each action; after [`Action::Sleep`] and [`Action::Ask`], once the time
    /// has come or an event was handled.
    pub fn poll(&mut self, now: Moment) -> Action {
        self.notice_waking(now);
        let action = self.next_action(now);
        if !matches!(action, Action::Sleep(_)) {
            // The action is carried out at once, unless the machine goes to sleep meanwhile.
            self.sleep.expected = Some(now);
        }
        action
    }

    fn next_action(&mut self, now: Moment) -> Action {
        if self.a_window_is_over(now) {
            self.watch_windows(now);
        }
        if let Some(action) = self.before_saving(now) {
            return action;
        }
        if let Some(entry) = self.ledger.pop_front() {
            return Action::Record(entry);
        }
        if let Some(memory) = self.history.pop_front() {
            return Action::RecordHistory(memory);
        }
        // A 401 is resolved before it is saved, since a crash in between must not lose the strike.
        if matches!(self.step, Step::Rechecking { .. }) {
            return Action::ReadCredential;
        }
        if let Some(action) = self.persist(now) {
            return action;
        }
        if self.saving.dirty {
            return self.sleep(now);
        }
        if let Some(notice) = self.to_show.take() {
            return Action::Notify(notice);
        }
        if self.notice_service
            && !self.retiring
            && self.quiet_until(now).is_none()
            && let Some(id) = self.state.notices.due(now, self.state.free_only())
        {
            self.to_show = self.state.notices.start_showing(id);
            return self.persist_now();
        }
        if !self.is_under_way() && self.becoming.is_some() {
            return self.become_another(now);
        }
        self.step(now)
    }

    /// A request or renewal that began under this id must end under it.
    fn is_under_way(&self) -> bool {
        matches!(self.step, Step::Requesting { .. } | Step::Renewing(_))
    }

    /// Waits after waking: the other account does not know that the machine slept, and would send a request at once (law
    /// 12).
    fn become_another(&mut self, now: Moment) -> Action {
        let awake = !self.just_woke(now);
        match self.becoming.take_if(|_| awake) {
            Some((id, renamed)) => Action::Become { id, renamed },
            None => self.sleep(now),
        }
    }

    fn persist(&mut self, now: Moment) -> Option<Action> {
        let waits = self.saving.retry.is_some_and(|retry| retry.is_after(now));
        let unsaved = self.saving.dirty || self.saving.pending;
        (unsaved && !waits).then(|| self.persist_now())
    }

    pub(super) fn persist_now(&mut self) -> Action {
        self.saving.pending = true;
        self.saving.dirty = false;
        Action::Persist(Box::new(self.state.clone()))
    }

    fn step(&mut self, now: Moment) -> Action {
        match self.step {
            Step::Requesting { .. } => return self.read_or_sleep(now),
            Step::SavingIntent { .. } if self.retiring || self.just_woke(now) => return self.cancel_request(now),
            Step::Idle | Step::ReadingCredential | Step::CredentialRead if self.retiring => {
                self.step = Step::Idle;
                return self.sleep(now);
            }
            Step::Rechecking { .. } | Step::ReadingCredential => return Action::ReadCredential,
            Step::SavingIntent { spacing } => return self.send(now, spacing),
            Step::Renewing(_) => return self.renew(now),
            Step::CredentialRead if self.renewal_is_due(now) => return self.begin_renewal(now),
            Step::CredentialRead if self.is_due(now) => return self.save_intent(now),
            Step::CredentialRead => self.step = Step::Idle,
            Step::Idle => {}
        }
        if self.read_is_due(now) {
            return Action::ReadCredential;
        }
        if self.renewal_is_due(now) {
            return self.begin_renewal(now);
        }
        if self.is_due(now) {
            self.step = Step::ReadingCredential;
            return Action::ReadCredential;
        }
        self.sleep(now)
    }

    fn read_or_sleep(&mut self, now: Moment) -> Action {
        if self.read_is_due(now) && !self.retiring { Action::ReadCredential } else { self.sleep(now) }
    }

    fn read_is_due(&self, now: Moment) -> bool {
        self.reread_at.is_none_or(|at| !at.is_after(now))
    }

    /// The spacing for the next request. It is waived once, for a credential that replaces one rejected with 401 (law 6).
    fn spacing(&self) -> Spacing {
        let seen = self.state.sign_in.fingerprint();
        match (&self.state.gates[Endpoint::Usage].unauthorized_token, seen) {
            (Some(refused), Some(seen)) if refused != seen => Spacing::Waived,
            (Some(_) | None, Some(_) | None) => Spacing::Kept,
        }
    }

    fn is_due(&self, now: Moment) -> bool {
        self.due_at(now).is_some_and(|due| !due.is_after(now))
    }

    /// When the next request is due. `None` until the sign-in changes or another seat's request ends.
    fn due_at(&self, now: Moment) -> Option<Moment> {
        if self.login_is_busy {
            return None;
        }
        let next = self.state.next_request_spaced(now, self.spacing())?;
        let settled = self.unsettled.as_ref().map(|half| half.until);
        Some([self.sleep.pause_until, settled].into_iter().flatten().fold(next, Moment::later))
    }

    /// Saves the intent before the request leaves, so that a crash in between is detected.
    fn save_intent(&mut self, now: Moment) -> Action {
        let spacing = match self.state.gates[Endpoint::Usage].shut(now, Spacing::Kept) {
            None => Spacing::Kept,
            Some(_) => self.spacing(),
        };
        self.state.gates[Endpoint::Usage].begin(now);
        self.state.last = Some(LastRequest { at: now.wall, endpoint: Endpoint::Usage, outcome: None });
        // The one retry that a 401 allows must be the next request: otherwise another 401 would allow another retry (law
        // 10).
        self.state.gates[Endpoint::Usage].unauthorized_token = None;
        self.step = Step::SavingIntent { spacing };
        self.persist_now()
    }

    fn send(&mut self, now: Moment, spacing: Spacing) -> Action {
        let Some((request, fingerprint, life)) = self.request(now) else {
            return self.cancel_request(now);
        };
        let Some(permitted) = self.state.gates[Endpoint::Usage].permit(&self.id, request, now, spacing) else {
            return self.cancel_request(now);
        };
        self.step = Step::Requesting { fingerprint, spacing };
        self.postponed = false;
        self.record(now, Endpoint::Usage, LedgerEvent::Sent { why: self.why });
        Action::Ask(permitted.while_lives(life))
    }

    /// The request, its token's fingerprint, and the token's remaining lifetime.
    fn request(&self, now: Moment) -> Option<(crate::Request, Fingerprint, Option<Duration>)> {
        let credential = self.credential.as_ref().filter(|credential| !credential.expired(now.wall))?;
        let request = self.state.provider.spec().usage_request(credential);
        let life = credential.expires_at.map(|at| at.since(now.wall));
        Some((request, credential.fingerprint(), life))
    }

    /// Withdraws the intent, for example if the token expired before the request left.
    fn cancel_request(&mut self, now: Moment) -> Action {
        self.state.gates[Endpoint::Usage].cancel();
        self.state.last = None;
        self.step = Step::Idle;
        self.reread_at = Some(now.plus(policy::REREAD));
        self.persist_now()
    }

    /// Waits until the first of these times, as far as each of them applies.
    pub(super) fn sleep(&mut self, now: Moment) -> Action {
        let free = !self.saving.dirty && !self.retiring;
        let idle = free && matches!(self.step, Step::Idle);
        // The next read is the other account's.
        let becomes = self.becoming.is_some() && !self.is_under_way();
        let reads = free && !becomes && !matches!(self.step, Step::Renewing(_));
        let offer = self.state.notices.next_offer(self.state.free_only());
        let offer = offer.map(|at| self.quiet_until(now).map_or(at, |quiet| at.later(quiet)));
        let timers = [
            (idle, self.due_at(now)),
            (idle, self.renewal_due_at(now)),
            (true, self.store_retry()),
            (self.saving.dirty, self.saving.retry),
            (free && self.notice_service, offer),
            (reads, self.reread_at),
            (free, self.next_reset(now)),
            (becomes, self.sleep.pause_until),
        ];
        let until = timers.into_iter().filter_map(|(applies, at)| at.filter(|_| applies)).min_by_key(|at| at.boot);
        self.sleep.expected = until;
        Action::Sleep(until)
    }

    pub(super) fn just_woke(&self, now: Moment) -> bool {
        self.sleep.pause_until.is_some_and(|pause| pause.is_after(now))
    }

    /// Something over a minute late means that the machine slept: the network needs a moment (law 12).
    pub(super) fn notice_waking(&mut self, now: Moment) {
        if self.sleep.expected.take_if(|expected| now.since(*expected) > policy::ASLEEP).is_none() {
            return;
        }
        self.woke(now);
    }

    pub(super) fn woke(&mut self, now: Moment) {
        self.sleep.woke = Some(now);
        self.sleep.pause_until = Some(now.plus(self.rng.wake_pause()));
    }
}
