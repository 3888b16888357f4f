//! Performs the account's actions, as `holdoff_engine::tasks::runner` does, with a random network and disk.

use super::answers::{Reply, offline};
use super::disk::{Progress, Saved};
use super::events::Timed;
use super::owner::{Lock, SETTLING};
use super::process::id_of;
use super::process::{Busy, Task};
use super::tokens::Pair;
use super::{Step, World};
use crate::laws::Broken;
use crate::observation::{Millis, Observation, SECOND, SentRequest, TokenId, WindowNotice, Wrote};
use crate::schedule::Person;
use holdoff_core::account::{Action, Event};
use holdoff_core::credential::{RenewedTokens, WriteBack};
use holdoff_core::messages::notice as notice_words;
use holdoff_core::notification::{News, WindowNews};
use holdoff_core::providers::anthropic::Succession;
use holdoff_core::{AccountState, Endpoint, LocalTime, Notice, NoticeKind, PermittedRequest, SendResult};
use std::rc::Rc;

/// More actions than this without a rest are an endless loop.
const RESTLESS: u32 = 2000;

impl World {
    pub(super) fn process_goes_on(&mut self) -> Step {
        let now = self.now;
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        if let Some(busy) = process.busy.take_if(|busy| busy.at <= now) {
            process.until = Some(now);
            self.done(busy.what)?;
        }
        let due = self.process.as_ref().is_some_and(|process| process.until.is_some_and(|until| until <= now));
        if due {
            self.act()?;
        }
        self.end_if_it_may()
    }

    /// Performs actions until the account rests.
    pub(super) fn act(&mut self) -> Step {
        for _ in 0..RESTLESS {
            self.goes_on()?;
            let now = self.machine.moment(self.now);
            let Some(process) = &mut self.process else {
                return Ok(());
            };
            let action = process.account.poll(now);
            match action {
                Action::Sleep(until) => {
                    process.until = until.map(|until| self.machine.really(until));
                    process.expected = process.until;
                    return match process.outbox.take() {
                        Some(permitted) => self.connect(permitted),
                        None => Ok(()),
                    };
                }
                // Repeated until it is done.
                Action::Lock | Action::Store(_) if process.busy.is_some() => {
                    process.until = None;
                    return Ok(());
                }
                action => {
                    process.expected = Some(self.now);
                    self.act_or_die(action)?;
                }
            }
            self.now += self.pace.between(0, 3);
            if self.start.jumpy {
                self.world_goes_on()?;
                if self.machine.asleep || self.machine.off {
                    return Ok(());
                }
            }
        }
        Err(Broken { law: 11, why: "it does not come to rest".to_owned() })
    }

    fn act_or_die(&mut self, action: Action) -> Step {
        let armed = self.process.as_mut().and_then(|process| process.crash.as_mut());
        let Some((left, tear, off)) = armed else {
            return self.perform(action);
        };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return self.perform(action);
        }
        let (tear, off) = (*tear, *off);
        match action {
            Action::Persist(state) => self.crash(Some(state), tear, off),
            // What the process started may still take effect without it.
            action if self.rng.percent(50) => {
                self.perform(action)?;
                if let Some(busy) = self.process.as_mut().and_then(|process| process.busy.take())
                    && let Task::Store(successor) = busy.what
                {
                    self.store(&successor)?;
                }
                self.crash(None, tear, off)
            }
            _ => self.crash(None, tear, off),
        }
    }

    fn perform(&mut self, action: Action) -> Step {
        match action {
            Action::Sleep(_) | Action::RecordHistory(_) => Ok(()),
            Action::Record(entry) => self.record(entry),
            Action::Persist(state) => self.persist(*state),
            Action::ReadCredential => {
                let account = self.account_signed_in();
                if self.owner.has_ended(self.machine.wall(self.now)) && self.is_this(account) {
                    self.see(Observation::Ended)?;
                }
                self.handle(Event::Credential(self.owner.read()));
                let settled = self.process.as_ref().is_none_or(|process| !process.account.is_unsettled());
                let account = self.account_signed_in();
                self.see(Observation::CredentialRead { account, settled })
            }
            Action::Ask(permitted) => {
                if let Some(process) = &mut self.process {
                    process.outbox = Some(permitted);
                }
                Ok(())
            }
            Action::Lock => self.begin(2, Task::Lock),
            Action::Store(successor) => {
                if let Some(process) = &mut self.process {
                    process.unwritten = Some(successor.clone());
                }
                self.begin(20, Task::Store(successor))
            }
            Action::Unlock => self.unlock(),
            Action::Notify(notice) => self.notify(&notice),
            Action::Become { .. } => self.stray(),
        }
    }

    fn begin(&mut self, takes: i64, what: Task) -> Step {
        let at = self.now + takes;
        if let Some(process) = &mut self.process {
            process.busy = Some(Busy { at, what });
        }
        Ok(())
    }

    fn persist(&mut self, state: AccountState) -> Step {
        self.now += if self.pace.percent(2) { self.pace.between(100, 3000) } else { self.pace.between(1, 20) };
        if self.disk.full {
            self.see(Observation::NotKept)?;
            self.handle(Event::Persisted(Err("no space left".to_owned())));
            return Ok(());
        }
        self.save(state, Progress::Both)?;
        self.handle(Event::Persisted(Ok(())));
        Ok(())
    }

    /// Writes the state, or as much of it as `progress` says. What is whole on disk stays, even if the process never
    /// learns of it.
    pub(super) fn save(&mut self, state: AccountState, progress: Progress) -> Step {
        self.saves += 1;
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let (id, state) = (process.account.id().clone(), Rc::new(state));
        match process.kept.iter_mut().find(|(kept, _)| *kept == id) {
            Some((_, kept)) => *kept = Rc::clone(&state),
            None => process.kept.push((id, Rc::clone(&state))),
        }
        let saved = Saved {
            boot_id: self.machine.boot_id(),
            accounts: process.kept.clone(),
            places: vec![process.place.clone()],
            saved: self.machine.moment(self.now),
            loss: process.loss.clone(),
            save: self.saves,
            boot: self.machine.boot,
            at: self.now,
            ahead: self.machine.ahead,
        };
        self.stats.saves += 1;
        if self.disk.save(saved, progress) { self.see_kept(&state) } else { Ok(()) }
    }

    pub(super) fn write_lines_later(&mut self, after: Millis) {
        if let Some(process) = &self.process {
            let what = Timed::Lines(process.number);
            self.later(self.now + after, what);
        }
    }

    /// Retries the waiting ledger entries.
    pub(super) fn write_lines(&mut self, process: u32) -> Step {
        if self.process.as_ref().is_none_or(|now| now.number != process) || !self.disk.lines_wait() {
            return Ok(());
        }
        match self.disk.write_lines() {
            Some(again) => {
                self.write_lines_later(again);
                Ok(())
            }
            None => self.see(Observation::LinesWait(false)),
        }
    }

    /// Connects; the request is sent after that. The machine sometimes goes to sleep meanwhile.
    fn connect(&mut self, permitted: PermittedRequest) -> Step {
        let takes = self.rng.between(5, 300);
        if let Some(lasts) = self.lid.take() {
            let at = self.now + self.rng.between(0, takes);
            self.later(at, Timed::Lid(lasts));
        }
        let wall = self.machine.wall(self.now);
        let life = self.owner.expires_at().map(|ends| ends.0 - wall.0);
        self.begin(takes, Task::Connect { permitted, life })
    }

    fn leave(&mut self, permitted: &PermittedRequest, life: Option<Millis>) -> Step {
        let (permit, request) = (permitted.permit(), permitted.request());
        let wanted = self.process.as_ref().is_some_and(|process| process.account.still_allows(permit.endpoint()));
        if !wanted || !permit.holds(self.machine.moment(self.now).since(permit.given())) {
            // This is the late timer that reveals the sleep.
            self.see(Observation::Woke { late: true })?;
            self.handle(Event::Delivered(SendResult::PermitExpired));
            return Ok(());
        }
        self.permits += 1;
        self.requests += 1;
        let number = self.requests;
        let permit = Some((self.permits, permit.endpoint()));
        let token = token_id(request.auth.secret().expose());
        let stranger = self.is_strangers(token);
        let sent = SentRequest { request: number, endpoint: request.endpoint, permit, token, life, stranger };
        self.see(Observation::Sent(sent))?;
        let reply = self.answer(request.endpoint, token);
        let takes = reply.takes + self.rng.between(0, 1500);
        self.begin(takes, Task::Answer { request: number, reply })
    }

    /// Whether the token is used to ask for another account than its own, just after the sign-in changed hands.
    fn is_strangers(&self, token: TokenId) -> bool {
        let Some(process) = self.process.as_ref().filter(|process| process.loss.is_none()) else {
            return false;
        };
        let asked = process.account.id();
        let theirs = self.provider.person(token).map(id_of);
        let named = Person::ALL.map(id_of).contains(asked);
        let is_stored = self.owner.sign_in().is_some_and(|stored| stored.access == token);
        let is_new = self.now - self.owner.began_at < SETTLING && self.owner.misnamed != Some(token);
        named && is_stored && is_new && theirs.is_some_and(|theirs| theirs != *asked)
    }

    fn answer(&mut self, endpoint: Endpoint, token: TokenId) -> Reply {
        if self.offline {
            return offline();
        }
        match endpoint {
            Endpoint::Usage => {
                self.stats.usage += 1;
                self.provider.ask(token, self.now, &mut self.rng)
            }
            Endpoint::Token => {
                self.stats.token += 1;
                let state = self.process.as_ref().map(|process| process.account.state());
                let known = state.and_then(|state| state.sign_in.identity.account.as_deref());
                let (reply, pair) = self.provider.renew(token, known, self.now, &mut self.rng);
                self.granted = pair;
                reply
            }
        }
    }

    /// A task with a duration has finished.
    fn done(&mut self, task: Task) -> Step {
        match task {
            Task::Connect { permitted, life } => self.leave(&permitted, life),
            Task::Answer { request, reply } => {
                self.count(&reply.meaning);
                self.see(Observation::Answered { request, meaning: reply.meaning })?;
                self.handle(Event::Delivered(reply.delivery));
                Ok(())
            }
            Task::Lock if self.owner.lock != Lock::Free => {
                self.handle(Event::Locked(Err("Claude Code is renewing".to_owned())));
                Ok(())
            }
            Task::Lock => {
                self.owner.lock = Lock::Holdoff;
                self.see(Observation::Locked(true))?;
                self.handle(Event::Locked(Ok(())));
                Ok(())
            }
            Task::Store(successor) => {
                let stored = self.store(&successor)?;
                if let Some(process) = &mut self.process
                    && !matches!(stored, WriteBack::Failed(_))
                {
                    process.unwritten = None;
                }
                self.handle(Event::Stored(stored));
                Ok(())
            }
        }
    }

    /// Compare and swap.
    pub(super) fn store(&mut self, successor: &RenewedTokens) -> Result<WriteBack, Broken> {
        let pair = self.granted.filter(|pair| token_id(successor.tokens.access_token.expose()) == pair.access);
        let pair = pair.unwrap_or(Pair { access: TokenId(u32::MAX), refresh: None, person: self.owner.person });
        if self.owner.shielded && self.owner.would_write(successor) {
            self.see(Observation::Wrote(Wrote::Failed))?;
            return Ok(WriteBack::Failed("the folder is read-only".to_owned()));
        }
        let (succession, siblings) = self.owner.apply_tokens(successor, pair, self.machine.wall(self.now));
        if !siblings {
            return Err(Broken { law: 8, why: "what others keep beside the sign-in is not there any more".to_owned() });
        }
        let (wrote, stored) = match succession {
            Succession::Write(_) => (Wrote::Written, WriteBack::Written),
            Succession::There => (Wrote::Written, WriteBack::Written),
            Succession::Changed => (Wrote::Changed, WriteBack::Changed),
            Succession::Unreadable(why) => (Wrote::Failed, WriteBack::Failed(why.to_owned())),
        };
        if wrote == Wrote::Written {
            self.stirs()?;
        }
        self.see(Observation::Wrote(wrote))?;
        Ok(stored)
    }

    fn unlock(&mut self) -> Step {
        if self.owner.lock == Lock::Holdoff {
            self.owner.lock = Lock::Free;
        }
        self.see(Observation::Locked(false))
    }

    fn notify(&mut self, notice: &Notice) -> Step {
        let takes = if self.rng.percent(3) { self.rng.between(1, 90) * SECOND } else { self.rng.between(2, 300) };
        let Some(process) = &self.process else {
            return Ok(());
        };
        let now = self.machine.moment(self.now);
        let (title, body) = notice_words(notice, "ann", process.account.state(), now, &LocalTime::UTC);
        let words = format!("{title}\n{body}");
        let number = process.number;
        if words.contains("sk-ant") {
            self.see(Observation::Leaked("a notice"))?;
        }
        self.see(Observation::Worded(notice.kind, words))?;
        let news = notice.about.iter().chain(&notice.also).cloned().collect();
        let what = Timed::Notice { process: number, account: self.incarnation, id: notice.id, kind: notice.kind, news };
        self.later(self.now + takes, what);
        Ok(())
    }

    /// The notification service accepted the notice or failed.
    pub(super) fn notice(
        &mut self,
        process: u32,
        account: u32,
        id: u64,
        kind: NoticeKind,
        news: Vec<WindowNews>,
    ) -> Step {
        if account != self.incarnation || self.process.as_ref().is_none_or(|now| now.number != process) {
            return Ok(());
        }
        if self.muted {
            self.handle(Event::NoticeMissed(id));
            return Ok(());
        }
        self.stats.shown(kind);
        self.see(Observation::Shown(kind))?;
        for WindowNews { window, news, .. } in news {
            let told = match news {
                News::Threshold { percent } => WindowNotice::Threshold(percent),
                News::RunsOut => WindowNotice::RunsOut,
                News::Reset { .. } => WindowNotice::Reset,
            };
            self.stats.shown_of(told);
            self.see(Observation::ShownOf(window, told))?;
        }
        self.handle(Event::NoticeShown(id));
        Ok(())
    }
}

/// The number in the text of a token.
pub(super) fn token_id(text: &str) -> TokenId {
    TokenId(text.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX))
}
