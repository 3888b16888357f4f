//! Events in the world around Holdoff.

use super::owner::{Lock, SETTLING};
use super::tokens::{Pair, SETUP_TOKEN_LIFE};
use super::{Step, World};
use crate::observation::{HOUR, MINUTE, Meaning, Millis, Observation, SECOND, TokenId, UserSettings};
use crate::schedule::{Named, Person, WorldEvent};
use holdoff_core::NoticeKind;
use holdoff_core::account::Event;
use holdoff_core::notification::WindowNews;
use std::cmp::Ordering;

/// An event with its time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Later {
    pub(super) at: Millis,
    pub(super) order: u64,
    pub(super) what: Timed,
}

impl Ord for Later {
    /// Earliest first; events at the same time in the order in which they were scheduled.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Timed {
    Tick,
    /// The conditions may have recovered.
    Settle,
    Wake,
    /// The machine goes to sleep for this long.
    Lid(Millis),
    PowerOn,
    Online,
    Writable,
    Unshielded,
    Unmuted,
    /// The user turns readings that cost a request on again.
    Asks,
    Whole,
    Unlock,
    /// The owner's other file names the person.
    Name(Person),
    /// The person signs in, after the other file already named them.
    SignsIn(Person),
    /// The person signs in as usual, if this setup token is still stored.
    ReplacesSetupToken(TokenId),
    /// The owner checks whether its sign-in is about to expire.
    OwnerLooks,
    OwnerRenews,
    OwnerWrites {
        pair: Option<Pair>,
        spent: TokenId,
        refused: bool,
    },
    /// Holdoff's watcher reports a change.
    Stirred(u32),
    /// A process of Holdoff retries its waiting ledger entries.
    Lines(u32),
    Notice {
        process: u32,
        account: u32,
        id: u64,
        kind: NoticeKind,
        news: Vec<WindowNews>,
    },
}

impl World {
    pub(super) fn planned(&mut self, what: WorldEvent) -> Step {
        let up = !self.machine.asleep && !self.machine.off;
        match what {
            WorldEvent::Usage(mood, lasts) => {
                self.provider.usage = Some((mood, self.now + lasts));
                self.later(self.now + lasts, Timed::Settle);
            }
            WorldEvent::Token(mood, lasts) => {
                self.provider.token = Some((mood, self.now + lasts));
                self.later(self.now + lasts, Timed::Settle);
            }
            WorldEvent::Revoke => {
                if let Some(stored) = self.owner.sign_in() {
                    self.provider.revoke(stored.access);
                }
            }
            WorldEvent::Offline(lasts) => {
                self.offline = true;
                self.later(self.now + lasts, Timed::Online);
            }
            WorldEvent::Work(lasts) => {
                self.owner.works_until = self.now + lasts;
                self.later(self.now + SECOND, Timed::OwnerLooks);
            }
            _ if !up => {}
            WorldEvent::Sleep(lasts) if self.rng.percent(10) => self.lid = Some(lasts),
            WorldEvent::Sleep(lasts) => return self.falls_asleep(lasts),
            WorldEvent::Reboot(off) => {
                self.dies(None)?;
                self.machine.off = true;
                self.later(self.now + off, Timed::PowerOn);
            }
            WorldEvent::Clock(by) => {
                self.machine.ahead += by;
                self.clock_set = self.now;
                return self.see(Observation::ClockSet(by));
            }
            WorldEvent::Full(lasts) => {
                self.disk.full = true;
                self.later(self.now + lasts, Timed::Writable);
            }
            WorldEvent::Shielded(lasts) => {
                self.owner.shielded = true;
                self.later(self.now + lasts, Timed::Unshielded);
            }
            WorldEvent::HeldLock(lasts) if self.owner.lock == Lock::Free => {
                self.owner.lock = Lock::Owner(self.now + lasts);
                self.later(self.now + lasts, Timed::Unlock);
            }
            WorldEvent::HeldLock(_) => {}
            WorldEvent::SignOut if self.signed_in_just_now() => {}
            WorldEvent::SignOut => {
                self.owner.sign_out(self.machine.wall(self.now));
                return self.stirs();
            }
            WorldEvent::SignIn(person, named) => return self.person_signs_in(person, named),
            WorldEvent::SetupToken(lasts) => return self.stores_setup_token(lasts),
            WorldEvent::Blank => {
                let whole = self.rng.percent(50);
                self.owner.blank(whole, self.machine.wall(self.now));
                return self.stirs();
            }
            WorldEvent::Torn(lasts) => {
                self.owner.torn = true;
                self.later(self.now + lasts, Timed::Whole);
                return self.stirs();
            }
            WorldEvent::Mute(lasts) => {
                self.muted = true;
                self.later(self.now + lasts, Timed::Unmuted);
                self.see(Observation::Service(false))?;
                // A service that crashed is sometimes still believed to be there.
                if self.rng.percent(50) {
                    self.handle(Event::NoticeService(false));
                }
            }
            WorldEvent::Crash { .. }
            | WorldEvent::Quit(_)
            | WorldEvent::Refresh
            | WorldEvent::View
            | WorldEvent::Interval(_)
            | WorldEvent::Renewal(_)
            | WorldEvent::FreeOnly(_)
            | WorldEvent::Notifications(..) => return self.person_does(what),
        }
        Ok(())
    }

    pub(super) fn timed(&mut self, what: Timed) -> Step {
        match what {
            Timed::Tick => {
                self.done = 0;
                self.later(self.now + HOUR, Timed::Tick);
                self.see(Observation::Tick)?;
            }
            Timed::Settle => self.provider.settle(self.now),
            Timed::Lid(lasts) if !self.machine.asleep && !self.machine.off => return self.falls_asleep(lasts),
            Timed::Lid(_) => {}
            Timed::Wake => return self.wakes(),
            Timed::PowerOn => {
                self.machine.start_anew(self.now);
                self.start_at = Some(self.now + self.rng.between(5, 60) * SECOND);
            }
            Timed::Online => self.offline = false,
            Timed::Writable => self.disk.full = false,
            Timed::Unshielded => self.owner.shielded = false,
            Timed::Unmuted => {
                self.muted = false;
                self.see(Observation::Service(true))?;
                self.handle(Event::NoticeService(true));
            }
            Timed::Asks if self.machine.asleep || self.machine.off => self.later(self.now + HOUR, Timed::Asks),
            Timed::Asks => return self.change_settings(UserSettings { free_only: false, ..self.user_settings }),
            Timed::ReplacesSetupToken(_) if self.machine.asleep || self.machine.off => {
                self.later(self.now + HOUR, what)
            }
            Timed::ReplacesSetupToken(token) => {
                if self.owner.sign_in().is_some_and(|stored| stored.access == token) {
                    return self.person_signs_in(self.owner.person, Named::AtOnce);
                }
            }
            Timed::Whole => {
                self.owner.torn = false;
                return self.stirs();
            }
            Timed::Unlock => {
                if matches!(self.owner.lock, Lock::Owner(until) if until <= self.now) {
                    self.owner.lock = Lock::Free;
                }
            }
            // A later sign-in has written both files.
            Timed::Name(person) if self.owner.person != person => {}
            Timed::SignsIn(person) if self.owner.name != Some(person) => {}
            Timed::SignsIn(person) => {
                let pair = self.provider.sign_in(person, self.now);
                self.owner.changed_at = self.now;
                return self.owner_writes(pair, None);
            }
            Timed::Name(person) => {
                self.owner.name = Some(person);
                self.owner.changed_at = self.now;
                self.owner.renamed();
                return self.stirs();
            }
            Timed::OwnerLooks => {
                self.owner_looks();
                let up = !self.machine.asleep && !self.machine.off && self.now < self.owner.works_until;
                if up && self.rng.percent(60) {
                    return self.session_tells();
                }
            }
            Timed::OwnerRenews => self.owner_renews(),
            Timed::OwnerWrites { pair, spent, refused } => return self.owner_has(pair, spent, refused),
            Timed::Stirred(process) => {
                if self.process.as_ref().is_some_and(|now| now.number == process) {
                    self.handle(Event::CredentialMayHaveChanged);
                }
            }
            Timed::Lines(process) => return self.write_lines(process),
            Timed::Notice { process, account, id, kind, news } => {
                return self.notice(process, account, id, kind, news);
            }
        }
        Ok(())
    }

    /// Prevents two sign-ins within half a minute: nothing could resolve files that belong to three people.
    fn signed_in_just_now(&self) -> bool {
        self.owner.changed_at > 0 && self.now - self.owner.changed_at < 2 * SETTLING
    }

    fn person_signs_in(&mut self, person: Person, named: Named) -> Step {
        if self.signed_in_just_now() {
            return Ok(());
        }
        self.owner.begin(self.now);
        match named {
            Named::AtOnce => self.owner.name = Some(person),
            Named::Never => self.owner.name = None,
            Named::Soon => {
                let at = self.now + self.rng.spread(100, SETTLING);
                self.later(at, Timed::Name(person));
            }
            Named::Later => {
                let at = self.now + self.rng.spread(100, 5 * MINUTE);
                self.later(at, Timed::Name(person));
            }
            Named::Before => {
                self.owner.name = Some(person);
                self.owner.renamed();
                let at = self.now + self.rng.spread(100, SETTLING);
                self.later(at, Timed::SignsIn(person));
                return self.stirs();
            }
        }
        let pair = self.provider.sign_in(person, self.now);
        self.owner_writes(pair, None)
    }

    /// The other file keeps the name that it has.
    fn stores_setup_token(&mut self, lasts: Millis) -> Step {
        if self.signed_in_just_now() || self.owner.sign_in().is_none() {
            return Ok(());
        }
        self.owner.begin(self.now);
        self.stats.setup_tokens += 1;
        let token = self.provider.setup_token(self.owner.person, self.now + SETUP_TOKEN_LIFE);
        self.later(self.now + lasts, Timed::ReplacesSetupToken(token));
        self.owner.write_setup_token(token, self.machine.wall(self.now));
        self.stirs()
    }

    pub(super) fn owner_writes(&mut self, pair: Pair, keeps: Option<TokenId>) -> Step {
        let wall = self.machine.wall(self.now);
        self.owner.write(pair, keeps, wall, &mut self.rng);
        self.stirs()
    }

    /// Something changed where the sign-in is kept.
    pub(super) fn stirs(&mut self) -> Step {
        if let Some(ends) = self.owner.expires_at() {
            let ends = self.machine.really_by_wall(ends);
            if ends > self.now && ends < self.end {
                self.later(ends - 5 * MINUTE, Timed::Settle);
                self.later(ends, Timed::Settle);
            }
        }
        if self.start.watched
            && let Some(process) = &self.process
        {
            let process = process.number;
            let at = self.now + self.rng.between(20, 500);
            self.later(at, Timed::Stirred(process));
        }
        let stored = self.owner.sign_in();
        self.see(Observation::SignIn(stored))
    }

    fn owner_looks(&mut self) {
        if self.now >= self.owner.works_until {
            return;
        }
        let again = self.now + self.rng.between(60, 240) * SECOND;
        self.later(again, Timed::OwnerLooks);
        if self.machine.asleep || self.machine.off {
            return;
        }
        if self.rng.percent(20) {
            self.provider.owner_asks(self.owner.person, self.now);
        }
        let wall = self.machine.wall(self.now);
        let soon = self.owner.expires_at().is_some_and(|ends| ends.0 - wall.0 <= 5 * MINUTE);
        let refresh = self.owner.sign_in().and_then(|stored| stored.refresh);
        if soon && refresh.is_some() && self.owner.lock == Lock::Free && !self.offline {
            self.owner.lock = Lock::Owner(self.now + 30 * SECOND);
            self.later(self.now + 300, Timed::OwnerRenews);
            self.later(self.now + 30 * SECOND, Timed::Unlock);
        }
    }

    fn owner_renews(&mut self) {
        let Some(spent) = self.owner.sign_in().and_then(|stored| stored.refresh) else {
            return;
        };
        let (reply, pair) = self.provider.renew(spent, None, self.now, &mut self.rng);
        let refused = reply.meaning == Meaning::Refused;
        let at = self.now + reply.takes.min(20 * SECOND) + 30;
        self.later(at, Timed::OwnerWrites { pair, spent, refused });
    }

    fn owner_has(&mut self, pair: Option<Pair>, spent: TokenId, refused: bool) -> Step {
        if matches!(self.owner.lock, Lock::Owner(_)) {
            self.owner.lock = Lock::Free;
        }
        if self.owner.sign_in().and_then(|stored| stored.refresh) != Some(spent) {
            return Ok(());
        }
        match pair {
            Some(pair) => self.owner_writes(pair, Some(spent)),
            None if refused => {
                let whole = self.rng.percent(50);
                self.owner.blank(whole, self.machine.wall(self.now));
                self.stirs()
            }
            None => Ok(()),
        }
    }

    fn falls_asleep(&mut self, lasts: Millis) -> Step {
        self.machine.asleep = true;
        self.later(self.now + lasts, Timed::Wake);
        self.see(Observation::Asleep)
    }

    fn wakes(&mut self) -> Step {
        if self.machine.off || !self.machine.asleep {
            return Ok(());
        }
        self.machine.asleep = false;
        let now = self.now;
        let due = self.process.as_ref().and_then(|process| process.expected);
        self.see(Observation::Woke { late: due.is_some_and(|due| now - due > MINUTE) })?;
        // A response may be lost if the process was not there to receive it.
        if self.rng.percent(50)
            && let Some(process) = &mut self.process
        {
            process.lose_answer(now);
        }
        Ok(())
    }
}
