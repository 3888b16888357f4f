//! Drives one account: poll, do, handle. The account is owned here and nowhere else; others hold channels.

mod ending;

use crate::clock::Clock;
use crate::credentials::{self, LockedStore, Source, Watch};
use crate::http::Http;
use crate::keeper::Keeper;
use crate::ledger::Ledger;
use crate::lock::FileLock;
use crate::metrics::Requests;
use holdoff_core::account::{Account, Action, Event, Preferences};
use holdoff_core::ledger::Entry;
use holdoff_core::recollection::Recollection;
use holdoff_core::request::Endpoint;
use holdoff_core::sign_in::{Stored, Successor};
use holdoff_core::state::{Provider, Refusal};
use holdoff_core::{AccountId, AccountState, CredentialRead, Delivery, Moment, Notice, Permit, Pushed, Request};
use jiff::tz::TimeZone;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How soon an account that another process polls is tried again, in real time.
const LOCKED: Duration = Duration::from_secs(30);

/// What others want of an account.
#[derive(Debug)]
pub enum Command {
    Refresh(oneshot::Sender<Result<(), Refused>>),
    NoticeShown(u64),
    NoticeMissed(u64),
    NoticeService(bool),
    Preferences(Preferences),
    /// A reading came without a request; it names whose it is.
    Reading(Pushed),
    /// End, but let a request that is under way come to its answer. Answered when done.
    Shutdown(oneshot::Sender<()>),
}

/// A refusal with the moment at which it was given.
#[derive(Debug)]
pub struct Refused {
    pub refusal: Refusal,
    pub provider: Provider,
    pub at: Moment,
}

/// A notice to be shown, with what its words are made from.
#[derive(Debug)]
pub struct Announcement {
    pub notice: Notice,
    pub account: AccountId,
    pub state: AccountState,
}

/// What a runner works with.
#[derive(Debug)]
pub struct Tools {
    pub clock: Clock,
    pub http: Arc<Http>,
    pub keeper: Keeper,
    pub ledger: Ledger,
    pub requests: Requests,
    pub locks: PathBuf,
    pub source: Source,
    pub announcements: mpsc::Sender<Announcement>,
    /// What holds accounts of which nothing is kept.
    pub memory: Recollection,
    /// Whether another process polls this account.
    pub elsewhere: watch::Sender<bool>,
}

/// What takes its time while commands are answered: a request, the locks, or writing new tokens.
type UnderWay = Pin<Box<dyn Future<Output = Event> + Send>>;

pub struct Runner {
    tools: Tools,
    account: Account,
    preferences: Preferences,
    notice_service: bool,
    lock: Option<FileLock>,
    store: LockedStore,
    under_way: Option<UnderWay>,
    /// New tokens that are not known to be written.
    unwritten: Option<Successor>,
    stirred: Option<(Watch, mpsc::Receiver<()>)>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("account", self.account.id()).finish_non_exhaustive()
    }
}

impl Runner {
    /// Takes up the account whose sign-in `tools.source` is.
    pub async fn new(tools: Tools, preferences: Preferences) -> Self {
        let place = tools.source.place();
        let read = read(&tools.source).await;
        let id = match &read {
            CredentialRead::Found(found) if found.identity.account.is_some() => {
                AccountId::of(Provider::Anthropic, &found.identity, &place)
            }
            CredentialRead::Found(_) | CredentialRead::Absent(_) => tools.last_known(&place).await,
        };
        let before = tools.keeper.last_in(place.clone()).await.filter(|before| *before != id);
        let mut account = tools.account(id, None, preferences).await;
        if let Some(before) = before.filter(|before| *before != Tools::unnamed(&place)) {
            account.takes_the_place_of(before, tools.clock.now());
        }
        let store = LockedStore::new(tools.source.clone(), &tools.locks);
        store.clear_leftovers().await;
        Self {
            tools,
            account,
            preferences,
            notice_service: false,
            lock: None,
            store,
            under_way: None,
            unwritten: None,
            stirred: None,
        }
    }

    /// Runs until told to shut down or until nobody holds the other end of `commands`.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        self.stirred = self.watch();
        loop {
            if !self.has_lock() {
                if self.wait_for_lock(&mut commands).await.is_break() {
                    return;
                }
                continue;
            }
            let until = self.act().await;
            let event = tokio::select! {
                event = ended(&mut self.under_way) => Happened::Event(event),
                () = stirred(&mut self.stirred) => Happened::Event(Event::CredentialMayHaveChanged),
                () = wake(&self.tools.clock, until) => continue,
                command = commands.recv() => Happened::Command(command),
            };
            match event {
                Happened::Event(event) => self.handle(event),
                Happened::Command(Some(Command::Shutdown(done))) => {
                    self.finish().await;
                    let _ = done.send(());
                    return;
                }
                Happened::Command(Some(command)) => self.command(command),
                Happened::Command(None) => return,
            }
        }
    }

    /// Does what the account says until it sleeps; answers when to wake it.
    async fn act(&mut self) -> Option<Moment> {
        loop {
            let action = self.account.poll(self.tools.clock.now());
            match action {
                Action::Sleep(until) => return until,
                Action::Record(entry) => self.tools.record(&entry),
                Action::Remember(_) => {}
                Action::Persist(state) => {
                    let saved = self.tools.keeper.save(self.account.id().clone(), state).await;
                    if let Err(why) = &saved {
                        tracing::error!(%why, "state could not be saved; nothing is asked until it can");
                    }
                    self.handle(Event::Persisted(saved));
                }
                Action::ReadCredential => {
                    let read = read(&self.tools.source).await;
                    self.handle(Event::Credential(read));
                }
                // Said again as long as it is not done.
                Action::Lock | Action::Store(_) if self.under_way.is_some() => return None,
                Action::Ask(permit, request) => self.ask(permit, request),
                Action::Lock => {
                    let store = self.store.clone();
                    self.begin(async move { Event::Locked(store.lock().await) });
                }
                Action::Store(successor) => {
                    let store = self.store.clone();
                    self.unwritten = Some(successor.clone());
                    self.begin(async move { Event::Stored(store.store(successor).await) });
                }
                Action::Unlock => self.store.unlock().await,
                Action::Notify(notice) => self.announce(notice).await,
                Action::Become { id, renamed } => self.become_account(id, renamed).await,
            }
        }
    }

    fn ask(&mut self, permit: Permit, request: Request) {
        tracing::info!(account = %self.account.id(), endpoint = ?permit.endpoint(), "asking");
        let http = Arc::clone(&self.tools.http);
        let store = match permit.endpoint() {
            Endpoint::Token => Some(self.store.clone()),
            Endpoint::Usage => None,
        };
        self.begin(async move {
            // The machine may have slept since they were taken.
            if let Some(store) = store
                && !store.is_locked().await
            {
                return Event::Delivered(Delivery::NotSent("the locks were lost meanwhile".to_owned()));
            }
            Event::Delivered(http.send(permit, request).await)
        });
    }

    fn begin(&mut self, task: impl Future<Output = Event> + Send + 'static) {
        self.under_way = Some(Box::pin(task));
    }

    fn handle(&mut self, event: Event) {
        match &event {
            Event::Stored(Stored::Failed(why)) => {
                tracing::error!(place = self.tools.source.place(), why, "a renewed sign-in could not be written yet");
            }
            Event::Stored(Stored::Written | Stored::Changed) => self.unwritten = None,
            _ => {}
        }
        self.account.handle(event, self.tools.clock.now());
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Refresh(answer) => {
                let at = self.tools.clock.now();
                let provider = self.account.state().provider;
                let result = self.account.refresh(at).map_err(|refusal| Refused { refusal, provider, at });
                let _ = answer.send(result);
            }
            Command::NoticeShown(id) => self.handle(Event::NoticeShown(id)),
            Command::NoticeMissed(id) => self.handle(Event::NoticeMissed(id)),
            Command::NoticeService(there) => {
                self.notice_service = there;
                self.handle(Event::NoticeService(there));
            }
            Command::Preferences(preferences) => {
                self.preferences = preferences;
                self.handle(Event::Preferences(preferences));
            }
            Command::Reading(pushed) => self.handle(Event::Reading(pushed)),
            Command::Shutdown(done) => drop(done),
        }
    }

    async fn announce(&mut self, notice: Notice) {
        let id = notice.id;
        let state = self.account.state().clone();
        let announcement = Announcement { notice, account: self.account.id().clone(), state };
        if self.tools.announcements.send(announcement).await.is_err() {
            self.handle(Event::NoticeMissed(id));
        }
    }

    async fn become_account(&mut self, id: AccountId, renamed: bool) {
        tracing::info!(from = %self.account.id(), to = %id, renamed, "the sign-in belongs to another account");
        let was = self.account.id().clone();
        let gates = renamed.then(|| self.account.state().clone());
        self.tools.keeper.activate(Some(was.clone()), id.clone()).await;
        self.lock = None;
        self.store.unlock().await;
        self.account = self.tools.account(id, gates.as_ref(), self.preferences).await;
        if !renamed {
            self.account.takes_the_place_of(was, self.tools.clock.now());
        }
        self.handle(Event::NoticeService(self.notice_service));
    }

    fn has_lock(&mut self) -> bool {
        if self.lock.is_some() {
            return true;
        }
        let path = self.tools.locks.join(lock_name(self.account.id()));
        match FileLock::take(&path) {
            Ok(lock) => self.lock = lock,
            Err(error) => tracing::error!(%error, "the lock of an account could not be taken"),
        }
        let held = self.lock.is_some();
        self.tools.elsewhere.send_if_modified(|elsewhere| std::mem::replace(elsewhere, !held) == held);
        held
    }

    async fn wait_for_lock(&mut self, commands: &mut mpsc::Receiver<Command>) -> std::ops::ControlFlow<()> {
        tokio::select! {
            () = tokio::time::sleep(LOCKED) => std::ops::ControlFlow::Continue(()),
            command = commands.recv() => match command {
                None | Some(Command::Shutdown(_)) => std::ops::ControlFlow::Break(()),
                Some(command) => {
                    self.command(command);
                    std::ops::ControlFlow::Continue(())
                }
            },
        }
    }

    fn watch(&self) -> Option<(Watch, mpsc::Receiver<()>)> {
        match credentials::watch(&self.tools.source) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "the sign-in is not watched; it is read again every few minutes");
                None
            }
        }
    }
}

impl Tools {
    fn record(&self, entry: &Entry) {
        self.requests.count(entry);
        self.ledger.add(entry);
    }

    async fn account(&self, id: AccountId, renamed: Option<&AccountState>, preferences: Preferences) -> Account {
        let now = self.clock.now();
        let mut state = match self.keeper.take(id.clone()).await {
            Some(kept) => kept,
            None => self.fresh(&id, now).await,
        };
        if let Some(other) = renamed {
            state.adopt_gates(other);
        }
        self.keeper.activate(None, id.clone()).await;
        let mut account = Account::new(id, self.source.place(), state, preferences, now, fastrand::u64(..));
        account.handle(Event::Zone(TimeZone::system()), now);
        account
    }

    /// An account that is met for the first time, unless it was here before its name was known.
    async fn fresh(&self, id: &AccountId, now: Moment) -> AccountState {
        let mut fresh = AccountState::new(Provider::Anthropic);
        self.memory.remind(id, &mut fresh, now);
        if let Some(other) = self.keeper.take(Self::unnamed(&self.source.place())).await {
            fresh.adopt_gates(&other);
        }
        fresh
    }

    /// With no sign-in to say whose it is: the account that was last found in this place.
    async fn last_known(&self, place: &str) -> AccountId {
        self.keeper.last_in(place.to_owned()).await.unwrap_or_else(|| Self::unnamed(place))
    }

    /// What the account of a place is called as long as nothing says whose it is.
    fn unnamed(place: &str) -> AccountId {
        AccountId::of(Provider::Anthropic, &Default::default(), place)
    }
}

enum Happened {
    Event(Event),
    Command(Option<Command>),
}

async fn read(source: &Source) -> CredentialRead {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.read()).await;
    read.unwrap_or_else(|_| {
        let why = "reading it failed in Holdoff itself".to_owned();
        CredentialRead::Absent(holdoff_core::sign_in::Absence::Unreadable(why))
    })
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

async fn stirred(watch: &mut Option<(Watch, mpsc::Receiver<()>)>) {
    let gone = match watch {
        Some((_, signals)) => signals.recv().await.is_none(),
        None => std::future::pending().await,
    };
    if gone {
        *watch = None;
    }
}

async fn wake(clock: &Clock, until: Option<Moment>) {
    match until {
        Some(until) => clock.sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn lock_name(id: &AccountId) -> String {
    let plain: String = id.0.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    format!("{plain}.lock")
}
