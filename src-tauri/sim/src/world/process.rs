//! A process of Holdoff: how it starts, what the user does to it, and how it dies. The start follows
//! `holdoff_engine::tasks::start` and `runner`.

use super::answers::{Reply, silence};
use super::disk::{Progress, Saved};
use super::events::Timed;
use super::owner::{Lock, identity};
use super::{PLACE, Step, World};
use crate::laws::Broken;
use crate::observation::{Found, Millis, Observation, SECOND, UserSettings};
use crate::schedule::{Person, Tear, WorldEvent};
use holdoff_core::account::{Account, Event, Preferences};
use holdoff_core::credential::location::PreviousAccount;
use holdoff_core::credential::{Identity, RenewedTokens};
use holdoff_core::gate::StateLoss;
use holdoff_core::gate::recovery::GateRecovery;
use holdoff_core::notification::thresholds::Thresholds;
use holdoff_core::settings::Readings;
use holdoff_core::state::Provider;
use holdoff_core::{AccountId, AccountState, CredentialLocation, PermittedRequest, Settings, State};
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Process {
    pub(super) number: u32,
    pub(super) account: Account,
    /// Where its sign-in is stored.
    pub(super) place: CredentialLocation,
    /// What the state store holds of all accounts.
    pub(super) kept: Vec<(AccountId, Rc<AccountState>)>,
    pub(super) recovery: GateRecovery,
    pub(super) loss: Option<StateLoss>,
    /// When the account wants to be woken.
    pub(super) until: Option<Millis>,
    /// The wake-up time that it asked for when it last came to rest.
    pub(super) expected: Option<Millis>,
    pub(super) busy: Option<Busy>,
    /// A request that is sent as soon as the account rests.
    pub(super) outbox: Option<PermittedRequest>,
    /// New tokens that may not have been written.
    pub(super) unwritten: Option<RenewedTokens>,
    pub(super) crash: Option<(u8, Tear, Millis)>,
    /// It has to end, at this time at the latest.
    pub(super) ends: Option<Millis>,
}

/// A task with a duration.
#[derive(Debug)]
pub(super) struct Busy {
    pub(super) at: Millis,
    pub(super) what: Task,
}

#[derive(Debug)]
pub(super) enum Task {
    /// Opening a connection. `life` is the remaining life of the access token when it began.
    Connect {
        permitted: PermittedRequest,
        life: Option<Millis>,
    },
    Answer {
        request: u32,
        reply: Reply,
    },
    Lock,
    Store(RenewedTokens),
}

impl Process {
    pub(super) fn next_time(&self) -> Option<Millis> {
        let busy = self.busy.as_ref().map(|busy| busy.at);
        [self.until, busy, self.ends].into_iter().flatten().min()
    }

    /// The pending response does not arrive.
    pub(super) fn lose_answer(&mut self, now: Millis) {
        if let Some(Busy { at, what: Task::Answer { reply, .. } }) = &mut self.busy
            && *at < now
        {
            *at = now + 10 * SECOND;
            *reply = silence();
        }
    }
}

impl World {
    pub(super) fn preferences(&self) -> Preferences {
        Preferences::from(&self.settings())
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            polling_interval: Duration::from_millis(u64::try_from(self.user_settings.interval).unwrap_or(300_000)),
            notify_rate_limit: self.user_settings.notify_limit,
            notify_sign_in: self.user_settings.notify_sign_in,
            notify_recovery: self.user_settings.notify_recovery,
            renewal: self.user_settings.renewal,
            readings: Some(if self.user_settings.free_only { Readings::FreeOnly } else { Readings::Ask }),
            notify_thresholds: if self.start.windows { Thresholds::DEFAULT } else { Thresholds::default() },
            notify_forecast: self.start.windows,
            notify_reset: self.start.windows,
            ..Settings::default()
        }
    }

    pub(super) fn start_process(&mut self) -> Step {
        let now = self.machine.moment(self.now);
        let (found, lost) = self.disk.load();
        let boot_id = self.machine.boot_id();
        let mut state = State::new(boot_id.clone());
        let mut seen = if lost { Found::Unreadable } else { Found::Nothing };
        if let Some(saved) = found {
            self.see_reboot(&saved)?;
            seen = Found::State { save: saved.save };
            state.boot_id.clone_from(&saved.boot_id);
            state.places.clone_from(&saved.places);
            // Transient doubt about a location is not saved.
            state.places.iter_mut().for_each(|place| place.unsettled = None);
            (state.saved, state.loss) = (Some(saved.saved), saved.loss.clone());
            state.accounts = saved.accounts.iter().map(|(id, kept)| (id.clone(), AccountState::clone(kept))).collect();
        }
        state.rebase_to(&boot_id, now);
        if lost {
            state.loss = Some(StateLoss::found(self.disk.recent(), now));
        }
        let mut recovery = GateRecovery::new(self.disk.recent(), state.loss.clone(), now);
        recovery.apply_to_all(&mut state, now);
        let mut place = CredentialLocation::saved(&state, Provider::Anthropic, PLACE);
        let kept: Vec<_> =
            std::mem::take(&mut state.accounts).into_iter().map(|(id, kept)| (id, Rc::new(kept))).collect();
        self.see(Observation::Started(seen))?;
        let before = place.apply_read(&self.owner.read(), now);
        let id = place.account.clone().unwrap_or_else(unnamed);
        let account = self.load_account(&id, before, &place, &kept, &recovery)?;
        self.processes += 1;
        self.stats.starts += 1;
        self.process = Some(Process {
            number: self.processes,
            account,
            loss: state.loss,
            place,
            kept,
            recovery,
            until: Some(self.now),
            expected: None,
            busy: None,
            outbox: None,
            unwritten: None,
            crash: None,
            ends: None,
        });
        self.handle(Event::NoticeService(!self.muted));
        Ok(())
    }

    /// How much longer the machine's clock says it was since that save than it really was.
    fn see_reboot(&mut self, saved: &Saved) -> Step {
        if saved.boot == self.machine.boot {
            return Ok(());
        }
        let really = self.now - saved.at;
        let by_wall = really + self.machine.ahead - saved.ahead;
        let ahead = by_wall.max(0) - really;
        // A process that died before it saved anything bridged the reboot in vain.
        let before = self.bridged.filter(|(save, _)| *save == saved.save).map_or(0, |(_, ahead)| ahead);
        self.bridged = Some((saved.save, ahead));
        self.see(Observation::Rebooted { ahead: ahead - before })
    }

    /// Loads an account with its saved state, or creates one; `before` is the account that was polled until now.
    fn load_account(
        &mut self,
        id: &AccountId,
        before: Option<PreviousAccount>,
        place: &CredentialLocation,
        kept: &[(AccountId, Rc<AccountState>)],
        recovery: &GateRecovery,
    ) -> Result<Account, Broken> {
        let now = self.machine.moment(self.now);
        let who = self.who(id);
        self.see(Observation::Account(who))?;
        let mut state = find(kept, id).cloned().unwrap_or_else(|| {
            let mut fresh = AccountState::new(Provider::Anthropic);
            recovery.apply_to_new(id, &mut fresh, now);
            fresh
        });
        if let Some(PreviousAccount::Unnamed(unnamed)) = &before
            && let Some(same) = find(kept, unnamed)
        {
            state.adopt_gates(same);
            self.see_renamed(unnamed, id)?;
        }
        for (other, beside) in kept.iter().filter(|(other, _)| other.is_beside(id)) {
            state.gates.share_left_behind(&beside.gates, now);
            let (from, into) = (self.who(other), self.who(id));
            self.see(Observation::Beside { from, into })?;
        }
        self.incarnation += 1;
        let seed = self.rng.draw();
        let mut account = Account::new(id.clone(), PLACE.to_owned(), state, self.preferences(), now, seed);
        if place.account.as_ref() == Some(id) {
            account.settled_with(&place.sign_in);
        }
        if let Some(PreviousAccount::Other(other)) = before {
            account.set_previous_account(other, now);
        }
        Ok(account)
    }

    fn see_renamed(&mut self, from: &AccountId, into: &AccountId) -> Step {
        let (from, into) = (self.who(from), self.who(into));
        self.see(Observation::Renamed { from, into })
    }

    /// The sign-in belongs to another account now: the account continues without it.
    pub(super) fn stray(&mut self) -> Step {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        if self.owner.lock == Lock::Holdoff {
            self.owner.lock = Lock::Free;
            self.see(Observation::Locked(false))?;
        }
        let now = self.machine.moment(self.now);
        let read = self.owner.read();
        // The location is read as often as the account, and has waited as long.
        let before = process.place.apply_read(&read, now).or_else(|| {
            process.place.settle(now);
            process.place.apply_read(&read, now)
        });
        let id = process.place.account.clone().unwrap_or_else(unnamed);
        process.account = self.load_account(&id, before, &process.place, &process.kept, &process.recovery)?;
        process.account.handle(Event::NoticeService(!self.muted), now);
        self.process = Some(process);
        Ok(())
    }

    pub(super) fn handle(&mut self, event: Event) {
        let now = self.machine.moment(self.now);
        if let Some(process) = &mut self.process {
            process.account.handle(event, now);
            process.until = Some(self.now);
        }
    }

    pub(super) fn person_does(&mut self, what: WorldEvent) -> Step {
        let now = self.machine.moment(self.now);
        match what {
            WorldEvent::Crash { actions, tear, off } => {
                if actions == 0 {
                    return self.crash(None, tear, off);
                }
                if let Some(process) = &mut self.process {
                    process.crash = Some((actions, tear, off));
                }
            }
            WorldEvent::Quit(off) => {
                if let Some(process) = &mut self.process
                    && process.ends.is_none()
                {
                    process.account.handle(Event::Retire, now);
                    let patience = if self.owner.lock == Lock::Holdoff { 45 } else { 3 };
                    process.ends = Some(self.now + patience * SECOND);
                    process.until = Some(self.now);
                    self.start_at = Some(self.now + off + 60 * SECOND);
                }
            }
            WorldEvent::Refresh => {
                if let Some(process) = &mut self.process {
                    let verdict = process.account.refresh(now);
                    process.until = Some(self.now);
                    self.log(|| format!("a person asks for a reading: {verdict:?}"));
                }
            }
            WorldEvent::View => return self.view(),
            WorldEvent::Interval(interval) => {
                return self.change_settings(UserSettings { interval, ..self.user_settings });
            }
            WorldEvent::Renewal(renewal) => {
                return self.change_settings(UserSettings { renewal, ..self.user_settings });
            }
            WorldEvent::FreeOnly(lasts) => {
                self.later(self.now + lasts, Timed::Asks);
                return self.change_settings(UserSettings { free_only: true, ..self.user_settings });
            }
            WorldEvent::Notifications(notify_limit, notify_sign_in, notify_recovery) => {
                return self.change_settings(UserSettings {
                    notify_limit,
                    notify_sign_in,
                    notify_recovery,
                    ..self.user_settings
                });
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn change_settings(&mut self, user_settings: UserSettings) -> Step {
        self.user_settings = user_settings;
        self.see(Observation::Settings(user_settings))?;
        self.handle(Event::Preferences(self.preferences()));
        Ok(())
    }

    /// The process dies, in the middle of a save if there is one, and is started again later.
    pub(super) fn crash(&mut self, saving: Option<Box<AccountState>>, tear: Tear, off: Millis) -> Step {
        if self.process.is_none() {
            return Ok(());
        }
        self.stats.crashes += 1;
        self.dies(saving)?;
        self.disk.tear(tear, &mut self.rng);
        self.start_at = Some(self.now + off);
        Ok(())
    }

    /// The process dies. What it was saving is on disk as far as it got.
    pub(super) fn dies(&mut self, saving: Option<Box<AccountState>>) -> Step {
        if let Some(state) = saving {
            let all = [Progress::Nothing, Progress::FirstTorn, Progress::First, Progress::SecondTorn, Progress::Both];
            let progress = *self.rng.pick(&all);
            self.log(|| format!("dies while saving: {progress:?}"));
            self.save(*state, progress)?;
        }
        if self.process.take().is_none() {
            return Ok(());
        }
        if self.owner.lock == Lock::Holdoff {
            // Nobody refreshes it any more: it is stale after a minute.
            self.owner.lock = Lock::Owner(self.now + 60 * SECOND);
            self.later(self.now + 60 * SECOND, Timed::Unlock);
        }
        self.disk.process_died();
        self.see(Observation::Died)
    }
}

pub(super) fn id_of(person: Person) -> AccountId {
    AccountId::of(Provider::Anthropic, &identity(person), PLACE)
}

pub(super) fn unnamed() -> AccountId {
    AccountId::of(Provider::Anthropic, &Identity::default(), PLACE)
}

fn find<'a>(kept: &'a [(AccountId, Rc<AccountState>)], id: &AccountId) -> Option<&'a AccountState> {
    kept.iter().find(|(kept, _)| kept == id).map(|(_, state)| state.as_ref())
}
