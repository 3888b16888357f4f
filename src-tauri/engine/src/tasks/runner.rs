//! Drives one account: poll, act, handle. The account is owned only here; others hold channels.
//!
//! A request runs in a task of its own. If the runner is waiting for its disk, a response is still received before its
//! deadline.

mod account_lock;
mod context;
mod recover;
mod saving;
mod send;
mod shutdown;
mod spawned;
#[cfg(test)]
mod tests;

pub use context::RunnerContext;

use crate::credentials::CredentialSource;
use crate::owners::LockedStore;
use crate::platform::clock::Clock;
use crate::platform::random;
use crate::platform::user_dir::AccountLock;
use crate::tasks::login::Seat;
use holdoff_core::account::{Account, Action, Event, Preferences};
use holdoff_core::credential::{CredentialStatus, RenewedTokens, WriteBack};
use holdoff_core::state::{RefreshOutcome, Refusal};
use holdoff_core::{AccountId, AccountState, Moment, Notice, PassiveReading};
use jiff::tz::TimeZone;
use send::Asked;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How soon to retry the lock of an account that another process polls, in real time.
const LOCKED: Duration = Duration::from_secs(30);

/// Core renews no sign-in without a refresh token, so this is never shown.
const NO_STORE: &str = "this sign-in has no store to renew it in";

/// Commands to a runner.
#[derive(Debug)]
pub enum RunnerCommand {
    Refresh(oneshot::Sender<RefreshOutcome>),
    NoticeShown(u64),
    NoticeMissed(u64),
    NoticeService(bool),
    Preferences(Preferences),
    /// A reading that needed no request; it names its account.
    Reading(PassiveReading),
    /// The data folder was removed, and has been recreated.
    FolderMade,
    /// Something changed where the sign-in is stored.
    Stirred,
    /// The sign-in at this location belonged to this account until now.
    PreviousAccount(AccountId),
    /// Start nothing new, and end when work in progress is complete.
    Retire,
    /// The program is shutting down: same, with time limits.
    Finish,
}

/// How a runner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Retired,
    /// The sign-in at its location now belongs to another account.
    AccountChanged,
}

/// A notification to show, with the data for its text.
#[derive(Debug)]
pub struct Announcement {
    pub notice: Notice,
    pub account: AccountId,
    pub state: AccountState,
}

/// An operation that runs while commands are handled: a request, locking, or writing new tokens.
type UnderWay = Pin<Box<dyn Future<Output = Event> + Send>>;

pub struct Runner {
    tools: RunnerContext,
    source: CredentialSource,
    account: Account,
    /// The last zone sent to the account.
    zone: Option<TimeZone>,
    seat: Seat,
    /// The sign-in with which the runner was started.
    sign_in: CredentialStatus,
    lock: Option<Arc<AccountLock>>,
    /// The account's save count, as far as this runner knows.
    saves: u64,
    preferences: Preferences,
    notice_service: bool,
    /// Why locking fails, if the reason is not another process.
    unlockable: Option<String>,
    /// Where a renewal writes. `None` if nobody can renew the sign-in.
    store: Option<LockedStore>,
    /// Leftovers of an earlier runner were handled.
    tidied: bool,
    under_way: Option<UnderWay>,
    /// The last request.
    asked: Asked,
    /// New tokens that may not have been written yet.
    unwritten: Option<RenewedTokens>,
    refreshes: Vec<oneshot::Sender<RefreshOutcome>>,
    leaving: Option<Shutdown>,
}

/// How urgently the runner has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shutdown {
    WhenDone,
    Hurried,
}

/// What to do when no action is due.
enum Idle {
    /// Sleep, at most until this moment.
    Until(Option<Moment>),
    /// End: the sign-in belongs to another account.
    AccountChanged,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("account", self.account.id()).finish_non_exhaustive()
    }
}

/// What is known of an account when its runner starts, besides its id.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// Its id until its name was known.
    pub unnamed: Option<AccountId>,
    /// Its sign-in.
    pub sign_in: CredentialStatus,
}

impl Runner {
    /// Creates the runner of an account whose sign-in is in `source`.
    pub async fn new(
        tools: RunnerContext,
        source: CredentialSource,
        id: AccountId,
        earlier: Earlier,
        preferences: Preferences,
    ) -> Self {
        let now = tools.clock.now();
        let seat = tools.logins.seat(&id);
        let sign_in = earlier.sign_in.clone();
        let state = tools.state(&id, source.provider(), earlier, &seat).await;
        let saves = state.saves;
        let mut account = Account::new(id, source.place(), state, preferences, now, random::number());
        account.settled_with(&sign_in);
        let store = source.locked(&tools.user.locks());
        Self {
            tools,
            source,
            account,
            zone: None,
            seat,
            sign_in,
            lock: None,
            saves,
            preferences,
            notice_service: false,
            unlockable: None,
            store,
            tidied: false,
            under_way: None,
            asked: Asked::default(),
            unwritten: None,
            refreshes: Vec::new(),
            leaving: None,
        }
    }

    /// Runs until told to end, or until all senders of `orders` are dropped.
    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<RunnerCommand>) -> End {
        let end = self.run_on(&mut orders).await;
        self.unlock().await;
        self.set_elsewhere(false);
        end
    }

    async fn run_on(&mut self, orders: &mut mpsc::UnboundedReceiver<RunnerCommand>) -> End {
        loop {
            // Commands come first, so that nothing starts after a command to end.
            while let Ok(order) = orders.try_recv() {
                self.dispatch(order);
            }
            if self.leaving == Some(Shutdown::Hurried) {
                self.finish().await;
                return End::Retired;
            }
            if !self.has_lock().await {
                if self.wait_for_lock(orders).await.is_break() {
                    return End::Retired;
                }
                continue;
            }
            if !std::mem::replace(&mut self.tidied, true) {
                self.settle_leftovers(orders).await;
                continue;
            }
            let until = match self.act().await {
                Idle::Until(until) => until,
                Idle::AccountChanged => return End::AccountChanged,
            };
            if self.account.is_done() {
                return End::Retired;
            }
            if self.answer_refreshes() {
                continue;
            }
            tokio::select! {
                event = ended(&mut self.under_way) => self.handle(event),
                () = self.seat.changed() => {}
                () = wake(&self.tools.clock, until) => {}
                order = orders.recv() => match order {
                    Some(order) => self.dispatch(order),
                    None => return End::Retired,
                },
            }
        }
    }

    /// Executes the account's actions until it sleeps; returns when to wake it.
    async fn act(&mut self) -> Idle {
        self.apply_zone();
        loop {
            let action = self.seat.poll(&mut self.account, self.tools.clock.now());
            match action {
                Action::Sleep(until) => return Idle::Until(until),
                Action::Record(entry) => self.tools.record(entry).await,
                Action::RecordHistory(record) => self.tools.history.remember(record),
                Action::Persist(state) => {
                    let saved = self.save(state).await;
                    if let Err(why) = &saved {
                        tracing::error!(%why, "could not save the state; sending no requests until that works");
                    }
                    self.handle(Event::Persisted(saved));
                }
                Action::ReadCredential => {
                    let read = self.source.read(&self.tools.clock).await;
                    self.handle(Event::Credential(read));
                }
                // The account repeats the action until it is done.
                Action::Lock | Action::Store(_) if self.under_way.is_some() => return Idle::Until(None),
                Action::Ask(permitted) => self.ask(permitted),
                Action::Lock => match self.store.clone() {
                    Some(store) => self.begin(async move { Event::Locked(store.lock().await) }),
                    None => self.handle(Event::Locked(Err(NO_STORE.to_owned()))),
                },
                Action::Store(successor) => match self.store.clone() {
                    Some(store) => {
                        self.unwritten = Some(successor.clone());
                        self.begin(async move { Event::Stored(store.store(successor).await) });
                    }
                    None => self.handle(Event::Stored(WriteBack::Changed)),
                },
                Action::Unlock => self.unlock().await,
                Action::Notify(notice) => self.announce(notice).await,
                Action::Become { id, .. } => {
                    tracing::info!(from = %self.account.id(), to = %id, "the sign-in belongs to another account");
                    return Idle::AccountChanged;
                }
            }
        }
    }

    fn apply_zone(&mut self) {
        let zone = (self.tools.zone)();
        if self.zone.as_ref() != Some(&zone) {
            self.zone = Some(zone.clone());
            self.handle(Event::Zone(zone));
        }
    }

    async fn unlock(&mut self) {
        if let Some(store) = &self.store {
            store.unlock().await;
        }
    }

    fn begin(&mut self, task: impl Future<Output = Event> + Send + 'static) {
        self.under_way = Some(Box::pin(task));
    }

    fn handle(&mut self, event: Event) {
        match &event {
            Event::Stored(WriteBack::Failed(why)) => {
                tracing::error!(place = self.source.place(), why, "could not write a renewed sign-in yet");
            }
            Event::Stored(WriteBack::Written | WriteBack::Changed) => self.unwritten = None,
            _ => {}
        }
        self.account.handle(event, self.tools.clock.now());
        self.call_off_unwanted();
    }

    fn dispatch(&mut self, order: RunnerCommand) {
        match order {
            RunnerCommand::Refresh(answer) => self.refreshes.push(answer),
            RunnerCommand::NoticeShown(id) => self.handle(Event::NoticeShown(id)),
            RunnerCommand::NoticeMissed(id) => self.handle(Event::NoticeMissed(id)),
            RunnerCommand::NoticeService(there) => {
                self.notice_service = there;
                self.handle(Event::NoticeService(there));
            }
            RunnerCommand::Preferences(preferences) => {
                self.preferences = preferences;
                self.handle(Event::Preferences(preferences));
            }
            RunnerCommand::Reading(pushed) => self.handle(Event::Reading(pushed)),
            // Any command makes the runner check its lock next.
            RunnerCommand::FolderMade => {}
            RunnerCommand::Stirred => self.handle(Event::CredentialMayHaveChanged),
            RunnerCommand::PreviousAccount(other) => self.account.set_previous_account(other, self.tools.clock.now()),
            RunnerCommand::Retire => self.leave(Shutdown::WhenDone),
            RunnerCommand::Finish => self.leave(Shutdown::Hurried),
        }
    }

    fn leave(&mut self, leaving: Shutdown) {
        self.leaving = self.leaving.max(Some(leaving));
        self.handle(Event::Retire);
    }

    /// Replies to refresh requests, now that earlier changes are saved. Returns whether there were any.
    fn answer_refreshes(&mut self) -> bool {
        let refreshes = std::mem::take(&mut self.refreshes);
        let any = !refreshes.is_empty();
        for answer in refreshes {
            let at = self.tools.clock.now();
            match self.account.refresh(at) {
                Ok(()) => drop(answer.send(RefreshOutcome::Requested)),
                Err(refusal) => self.refuse(answer, refusal),
            }
        }
        any
    }

    fn refuse(&self, answer: oneshot::Sender<RefreshOutcome>, refusal: Refusal) {
        let state = Box::new(self.account.state().clone());
        let _ = answer.send(RefreshOutcome::Refused { refusal, state, at: self.tools.clock.now() });
    }

    async fn announce(&mut self, notice: Notice) {
        let id = notice.id;
        let state = self.account.state().clone();
        let announcement = Announcement { notice, account: self.account.id().clone(), state };
        if self.tools.announcements.send(announcement).await.is_err() {
            self.handle(Event::NoticeMissed(id));
        }
    }
}

async fn ended(under_way: &mut Option<UnderWay>) -> Event {
    match under_way {
        Some(task) => {
            let event = task.await;
            *under_way = None;
            event
        }
        None => std::future::pending().await,
    }
}

async fn wake(clock: &Clock, until: Option<Moment>) {
    match until {
        Some(until) => clock.sleep_until(until).await,
        None => std::future::pending().await,
    }
}
