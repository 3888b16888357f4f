//! The state of the world after a step.

use crate::clock::{moment, really};
use crate::observe;
use crate::provider::{Reply, id_of, token};
use crate::step::Step;
use crate::world::{Lock, Owner, STALE, UnderWay, World};
use holdoff_core::account::{Action, Event};
use holdoff_core::credential::{RenewedTokens, WriteBack};
use holdoff_core::{Endpoint, PermittedRequest};
use holdoff_sim::observation::{Meaning, Observation, SentRequest, Who, Wrote};

/// How much of the ledger a start reads.
const LINES: usize = 8;

impl World {
    pub(crate) fn after(&self, step: Step) -> Self {
        let mut world = self.clone();
        match step {
            Step::Do => world.act_on(),
            Step::Rest => world.rest(),
            Step::FailToSave => {
                world.left.full -= 1;
                world.act(false);
            }
            Step::Wait => world.wait(),
            Step::Answer(reply) => world.answer(reply),
            Step::Crash => world.crash(),
            Step::Start => world.start(),
            Step::Press => world.press(),
            Step::Silence => {
                world.left.silences -= 1;
                world.choose(true);
            }
            Step::OwnerLocks => {
                world.left.owner_renewals -= 1;
                (world.lock, world.owner) = (Lock::Owner, Owner::Holding);
            }
            Step::OwnerRenews => world.owner_renews(),
            Step::OwnerWrites => world.owner_writes(),
        }
        world
    }

    /// Steps that nothing can interrupt count as one.
    fn act_on(&mut self) {
        self.act(true);
        while self.asleep.is_none() && !self.can_be_interrupted() && !self.restless() && self.broken.is_none() {
            self.act(true);
        }
    }

    fn rest(&mut self) {
        if self.free_only {
            self.choose(false);
        }
        while !self.is_over() && !self.restless() && self.broken.is_none() {
            match (&self.account, self.owner) {
                (_, Owner::Holding) => self.owner_renews(),
                (_, Owner::Renewed(_)) => self.owner_writes(),
                (None, Owner::Idle) => self.start(),
                (Some(_), Owner::Idle) => self.act_rested(),
            }
        }
    }

    fn act_rested(&mut self) {
        match (self.asleep, self.under_way) {
            (None, _) => self.act(true),
            (Some(_), Some(_)) => self.answer(Reply::Good),
            (Some(_), None) if self.is_paused() => {
                self.stored = self.provider.sign_in(self.now);
                self.sign_in_changed();
            }
            (Some(_), None) => self.wait(),
        }
    }

    fn act(&mut self, saves: bool) {
        let now = moment(self.now);
        let Some(account) = &mut self.account else {
            return;
        };
        let action = account.poll(now);
        self.steps += 1;
        let event = match action {
            Action::Sleep(until) => {
                self.asleep = Some(until.map(really));
                self.steps = 0;
                return self.hear();
            }
            Action::Record(entry) => {
                self.see(&Observation::Recorded(observe::recorded(&entry)));
                self.ledger.push_back(entry);
                while self.ledger.len() > LINES {
                    self.ledger.pop_front();
                }
                return;
            }
            Action::RecordHistory(_) | Action::Become { .. } => return,
            Action::Persist(_) if !saves => {
                self.see(&Observation::NotKept);
                self.owed = true;
                Event::Persisted(Err("no space left".to_owned()))
            }
            Action::Persist(state) => {
                self.saves += 1;
                self.see(&Observation::Saved(observe::kept(self.saves, &state)));
                self.disk = Some(*state);
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => {
                self.see(&Observation::CredentialRead { account: Some(Who(0)), settled: true });
                self.known[0] = Some(self.stored.number);
                let Some(read) = self.credential() else { return };
                Event::Credential(read)
            }
            Action::Notify(notice) => {
                self.see(&Observation::Shown(notice.kind));
                Event::NoticeShown(notice.id)
            }
            Action::Lock if self.lock_is_free() => {
                self.lock = Lock::Holdoff;
                self.see(&Observation::Locked(true));
                Event::Locked(Ok(()))
            }
            Action::Lock => Event::Locked(Err("Claude Code is renewing".to_owned())),
            Action::Store(successor) => Event::Stored(self.store(&successor)),
            Action::Unlock => {
                self.lock = Lock::Free;
                self.see(&Observation::Locked(false));
                return;
            }
            Action::Ask(permitted) => return self.send(&permitted),
        };
        self.handle(event);
    }

    fn handle(&mut self, event: Event) {
        let now = moment(self.now);
        if let Some(account) = &mut self.account {
            account.handle(event, now);
            self.asleep = None;
        }
    }

    fn send(&mut self, permitted: &PermittedRequest) {
        let request = permitted.request();
        self.requests += 1;
        let carried = id_of(request.auth.secret());
        let life = Some(self.stored.ends - self.now);
        self.see(&Observation::Sent(SentRequest {
            request: self.requests,
            endpoint: request.endpoint,
            permit: Some((self.requests, permitted.endpoint())),
            token: carried,
            life,
            stranger: false,
        }));
        self.under_way = Some(UnderWay { request: self.requests, endpoint: request.endpoint, token: carried });
    }

    /// Compares and swaps the new tokens.
    fn store(&mut self, successor: &RenewedTokens) -> WriteBack {
        if self.left.unwritable > 0 {
            self.left.unwritable -= 1;
            self.see(&Observation::Wrote(Wrote::Failed));
            return WriteBack::Failed("no space left".to_owned());
        }
        let stored = token(self.stored.refresh()).map(|token| token.fingerprint());
        if stored.as_ref() != Some(&successor.replaces) {
            self.see(&Observation::Wrote(Wrote::Changed));
            return WriteBack::Changed;
        }
        let number = id_of(&successor.tokens.access_token).0 / 2;
        let ends = successor.tokens.expires_at.map_or(self.now, |ends| ends.0 - moment(0).wall.0);
        self.stored = crate::provider::Pair { number, ends };
        self.renewed_by_holdoff = true;
        self.see_sign_in();
        self.see(&Observation::Wrote(Wrote::Written));
        WriteBack::Written
    }

    fn wait(&mut self) {
        let until = self.asleep.flatten().unwrap_or(self.left.end_ms);
        self.now = until.max(self.now + 1).min(self.left.end_ms);
        self.see(&Observation::Tick);
        // Its clock says that the time has come, or it keeps sleeping.
        self.asleep = (until > self.now || self.now >= self.left.end_ms).then_some(Some(until));
        if self.now >= self.left.end_ms {
            self.asleep = Some(None);
        }
    }

    fn answer(&mut self, reply: Reply) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        if reply != Reply::Good {
            self.left.faults -= 1;
            self.owed = true;
        }
        let (delivery, meaning) = match under_way.endpoint {
            Endpoint::Usage => reply.to_usage(&self.provider, under_way.token),
            Endpoint::Token => reply.to_renewal(&mut self.provider, under_way.token, self.now),
        };
        if let Meaning::Renewed { access, .. } = meaning {
            self.known[1] = Some(access.0 / 2);
        }
        if matches!(meaning, Meaning::Reading { .. }) {
            self.owed = false;
        }
        self.see(&Observation::Answered { request: under_way.request, meaning });
        self.handle(Event::Delivered(delivery));
    }

    fn crash(&mut self) {
        self.left.crashes -= 1;
        self.owed = true;
        self.cut_off |= self.under_way.is_some();
        self.taken_over |= self.left.second;
        // A request that was sent still arrives; nobody reads its response.
        if let Some(UnderWay { endpoint: Endpoint::Token, token, .. }) = self.under_way.take() {
            let _ = self.provider.spend(token, self.now);
        }
        if self.lock == Lock::Holdoff {
            self.lock = Lock::Dead(self.now + STALE);
        }
        (self.account, self.asleep, self.steps) = (None, None, 0);
        self.see(&Observation::Died);
    }

    fn press(&mut self) {
        self.left.presses -= 1;
        let now = moment(self.now);
        if let Some(account) = &mut self.account {
            let _ = account.refresh(now);
            self.asleep = None;
        }
    }

    fn owner_renews(&mut self) {
        // It reads the file while holding the lock, as Holdoff does.
        let pair = self.provider.spend(self.stored.refresh(), self.now);
        match pair {
            Some(pair) => self.owner = Owner::Renewed(pair),
            None => (self.owner, self.lock) = (Owner::Idle, Lock::Free),
        }
    }

    fn owner_writes(&mut self) {
        if let Owner::Renewed(pair) = self.owner {
            self.stored = pair;
            self.renewed_by_owner = true;
        }
        (self.owner, self.lock) = (Owner::Idle, Lock::Free);
        self.sign_in_changed();
    }

    fn sign_in_changed(&mut self) {
        self.see_sign_in();
        self.stirred = true;
        self.hear();
    }

    fn hear(&mut self) {
        if self.asleep.is_some() && std::mem::take(&mut self.stirred) {
            self.handle(Event::CredentialMayHaveChanged);
        }
    }
}
