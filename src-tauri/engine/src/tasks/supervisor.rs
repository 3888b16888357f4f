//! Decides which accounts are polled and from which location, and keeps one runner per account. Accounts never block each
//! other.
//!
//! A monitor watches each credential location. Core decides which account a location belongs to, and which of an account's
//! locations is used. When its location changes or its account is switched off, a runner retires: it starts nothing new and
//! completes work in progress. Only then does the next runner take over its state.

mod locations;
mod runners;

use crate::credentials::FileWatcher;
use crate::credentials::monitor::{LocationRead, Unwatched};
use crate::owners;
use crate::owners::Sessions;
use crate::platform::clock::Clock;
use crate::platform::environment::Environment;
use crate::storage::history::Limits;
use crate::storage::state_store::Snapshot;
use crate::tasks::runner::{End, RunnerCommand, RunnerContext};
use holdoff_core::account::Preferences;
use holdoff_core::credential::location;
use holdoff_core::credential::poll_targets::{self, PollTarget};
use holdoff_core::providers::Provider;
use holdoff_core::state::RefreshOutcome;
use holdoff_core::{AccountId, CredentialLocation, LocationNow, Moment, Reading, ReportedReading, Session, Settings};
use locations::Location;
use runners::Running;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How long startup waits for the first read of each location: one may be on a disk that does not respond.
const FIRST_LOOKS: Duration = Duration::from_secs(1);

/// How long a refresh command waits for results: an account may be waiting for a silent server.
const PATIENCE: Duration = Duration::from_secs(2);

/// Commands to the engine.
#[derive(Debug)]
pub enum Command {
    /// Refresh one account or all; the reply has the outcome for each.
    Refresh {
        account: Option<AccountId>,
        answer: oneshot::Sender<Vec<(AccountId, RefreshOutcome)>>,
    },
    /// A notification of this account was shown, or no service accepted it.
    Notice {
        account: AccountId,
        id: u64,
        shown: bool,
    },
    NoticeService(bool),
    /// An owner's session with this config folder (`None`: the default one) reported a reading.
    Reading {
        config_dir: Option<PathBuf>,
        reading: Reading,
        session: Session,
    },
    /// The pasted key of this provider was stored, or removed.
    KeyReplaced {
        provider: Provider,
        removed: bool,
    },
    Settings(Box<Settings>),
    /// The data folder was removed, and has been recreated.
    FolderMade,
    /// Shut down after requests in progress complete; replies when done.
    Shutdown(oneshot::Sender<()>),
}

#[derive(Debug)]
pub struct Supervisor {
    environment: Environment,
    settings: Settings,
    tools: RunnerContext,
    snapshots: watch::Receiver<Snapshot>,
    locations: Vec<Location>,
    /// The location where a first sign-in is expected.
    first: String,
    tell_reads: mpsc::UnboundedSender<LocationRead>,
    watcher: FileWatcher,
    unwatched: watch::Sender<Unwatched>,
    reads: mpsc::UnboundedReceiver<LocationRead>,
    sessions: Sessions,
    tell_reported: mpsc::UnboundedSender<ReportedReading>,
    reported: mpsc::UnboundedReceiver<ReportedReading>,
    /// The polled accounts in display order, and the locations; as last sent to the state store.
    arranged: (Vec<AccountId>, Vec<CredentialLocation>),
    running: BTreeMap<AccountId, Running>,
    /// Retiring runners, which still receive the result of a notification.
    retiring: Vec<(AccountId, mpsc::UnboundedSender<RunnerCommand>)>,
    tasks: JoinSet<(AccountId, End)>,
    /// Held by an account's runner from before it loads its state until it ends.
    turns: BTreeMap<AccountId, Arc<Mutex<()>>>,
    /// Accounts whose id has just become known, and their earlier ids.
    renamed: BTreeMap<AccountId, AccountId>,
    /// Accounts whose sign-in replaced another account's, each with that other account.
    succeeded: BTreeMap<AccountId, AccountId>,
    notice_service: bool,
}

impl Supervisor {
    /// Reads all locations and starts the runners.
    pub async fn start(
        environment: Environment,
        settings: Settings,
        tools: RunnerContext,
        snapshots: watch::Receiver<Snapshot>,
        unwatched: watch::Sender<Unwatched>,
    ) -> Self {
        let (tell_reads, reads) = mpsc::unbounded_channel();
        let (tell_reported, reported) = mpsc::unbounded_channel();
        let arranged = {
            let snapshot = snapshots.borrow();
            (snapshot.state.active.clone(), snapshot.state.places.clone())
        };
        let mut supervisor = Self {
            environment,
            settings,
            tools,
            snapshots,
            locations: Vec::new(),
            first: String::new(),
            tell_reads,
            watcher: FileWatcher::default(),
            unwatched,
            reads,
            sessions: Sessions::default(),
            tell_reported,
            reported,
            arranged,
            running: BTreeMap::new(),
            retiring: Vec::new(),
            tasks: JoinSet::new(),
            turns: BTreeMap::new(),
            renamed: BTreeMap::new(),
            succeeded: BTreeMap::new(),
            notice_service: false,
        };
        supervisor.update_locations().await;
        let _ = tokio::time::timeout(FIRST_LOOKS, supervisor.first_reads()).await;
        supervisor.reconcile().await;
        supervisor
    }

    /// Runs until shut down, or until all senders of `commands` are dropped.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            let change = self.next_change();
            tokio::select! {
                Some(read) = self.reads.recv() => self.apply_read(read),
                Some(reading) = self.reported.recv() => self.push(reading),
                Some(ended) = self.tasks.join_next() => self.ended(ended.ok()),
                changed = self.snapshots.changed() => if changed.is_err() { return },
                () = at(&self.tools.clock, change) => self.reread_unsettled(),
                command = commands.recv() => match command {
                    Some(Command::Shutdown(done)) => {
                        self.finish(&mut commands).await;
                        let _ = done.send(());
                        return;
                    }
                    Some(Command::Settings(settings)) => self.choose(*settings).await,
                    Some(command) => self.dispatch(command),
                    None => return,
                },
            }
            self.reconcile().await;
        }
    }

    fn dispatch(&mut self, command: Command) {
        match command {
            Command::Refresh { account, answer } => self.refresh(account.as_ref(), answer),
            Command::Notice { account, id, shown } => {
                let order = if shown { RunnerCommand::NoticeShown } else { RunnerCommand::NoticeMissed };
                let retiring = self.retiring.iter().filter(|(other, _)| *other == account).map(|(_, orders)| orders);
                let running = self.running.get(&account).map(|running| &running.orders);
                for orders in retiring.chain(running) {
                    let _ = orders.send(order(id));
                }
            }
            Command::NoticeService(there) => {
                self.notice_service = there;
                for running in self.running.values() {
                    let _ = running.orders.send(RunnerCommand::NoticeService(there));
                }
            }
            Command::Reading { config_dir, reading, session } => self.hear(config_dir, reading, session),
            Command::KeyReplaced { provider, removed } => self.key_replaced(provider, removed),
            Command::FolderMade => {
                for running in self.running.values() {
                    let _ = running.orders.send(RunnerCommand::FolderMade);
                }
            }
            Command::Settings(_) | Command::Shutdown(_) => {}
        }
    }

    /// Passes a location's reading to the runner of its account, if the account is polled.
    fn push(&mut self, reported: ReportedReading) {
        let here = self.locations.iter().position(|location| location.place.name() == reported.place);
        if here.and_then(|at| self.locations.get(at)).is_some_and(|location| !location.is_read) {
            // The location's account is not known yet. The next reading comes soon.
            return;
        }
        let state = &self.snapshots.borrow().state;
        let places: Vec<CredentialLocation> = self.locations.iter().map(|location| location.place.clone()).collect();
        let place =
            here.and_then(|at| Some(LocationNow { place: places.get(at)?, written: self.locations[at].written }));
        let Some(pushed) = reported.clone().attribute(place, &places, state) else {
            return;
        };
        if let Some(running) = self.running.get(&pushed.account) {
            let _ = running.orders.send(RunnerCommand::Reading(pushed));
            return;
        }
        // The first session with a token of its own: from now on it is an account.
        if let Some(location) = here.and_then(|at| self.locations.get_mut(at))
            && pushed.account == AccountId::of_token(location.place.provider, location.place.name())
            && !std::mem::replace(&mut location.place.has_token_sessions, true)
        {
            location.readings.push(reported);
        }
    }

    /// Determines the account on a thread that may block, then passes the reading on.
    fn hear(&self, config_dir: Option<PathBuf>, reading: Reading, session: Session) {
        let source = owners::locations::of_config_dir(&self.environment, config_dir.as_deref());
        let reals: Vec<(String, String)> =
            self.locations.iter().map(|location| (location.real.clone(), location.place.name().to_owned())).collect();
        let (sessions, tell) = (self.sessions.clone(), self.tell_reported.clone());
        tokio::task::spawn_blocking(move || {
            let real = source.real_place();
            let place = reals.into_iter().find(|(other, _)| *other == real).map_or(real, |(_, place)| place);
            if let Some(reading) = sessions.reading(place, reading, &session) {
                let _ = tell.send(reading);
            }
        });
    }

    async fn choose(&mut self, settings: Settings) {
        self.settings = settings;
        self.tools.history.keep(Limits::from(&self.settings));
        for (account, running) in &self.running {
            let _ = running.orders.send(RunnerCommand::Preferences(Preferences::of(&self.settings, account)));
        }
        self.update_locations().await;
    }

    fn refresh(&self, account: Option<&AccountId>, answer: oneshot::Sender<Vec<(AccountId, RefreshOutcome)>>) {
        let wished = self.arranged.0.iter().filter(|active| account.is_none_or(|one| one == *active));
        let asked: Vec<_> = wished
            .filter_map(|active| {
                let (tell, outcome) = oneshot::channel();
                self.running.get(active)?.orders.send(RunnerCommand::Refresh(tell)).ok()?;
                Some((active.clone(), outcome))
            })
            .collect();
        tokio::spawn(async move {
            let mut all = Vec::new();
            let deadline = Instant::now() + PATIENCE;
            for (account, outcome) in asked {
                match timeout_at(deadline, outcome).await {
                    Ok(Ok(outcome)) => all.push((account, outcome)),
                    Ok(Err(_)) => {}
                    Err(_) => all.push((account, RefreshOutcome::Busy)),
                }
            }
            let _ = answer.send(all);
        });
    }

    /// Starts and retires runners to match the current state.
    async fn reconcile(&mut self) {
        let now = self.tools.clock.now().wall;
        let places: Vec<CredentialLocation> = self.locations.iter().map(|location| location.place.clone()).collect();
        let state = &self.snapshots.borrow_and_update().state.clone();
        let wanted = poll_targets::polled(&places, &self.first, &self.settings, state, now);
        for account in self.running.keys().cloned().collect::<Vec<_>>() {
            let stays = |polled: &PollTarget| polled.account == account && self.running[&account].place == polled.place;
            if self.renamed.contains_key(&account) || !wanted.iter().any(stays) {
                self.retire(&account);
            }
        }
        for polled in &wanted {
            self.start_runner(polled);
        }
        for (account, other) in std::mem::take(&mut self.succeeded) {
            if let Some(running) = self.running.get(&account) {
                let _ = running.orders.send(RunnerCommand::PreviousAccount(other));
            }
        }
        self.pass_on_readings();
        // A provider whose key nobody pasted leaves no trace.
        let is_kept = |place: &CredentialLocation| place.account.is_some() || place.provider.owner_info().is_some();
        let places = places.into_iter().filter(is_kept).collect();
        let arranged = (wanted.into_iter().map(|polled| polled.account).collect(), places);
        if self.arranged != arranged {
            self.arranged = arranged.clone();
            self.tools.state_store.reconcile(arranged.0, arranged.1).await;
        }
    }

    fn pass_on_readings(&mut self) {
        let readings: Vec<ReportedReading> =
            self.locations.iter_mut().flat_map(|location| std::mem::take(&mut location.readings)).collect();
        readings.into_iter().for_each(|reading| self.push(reading));
    }

    /// Rechecks locations where a sign-in may have been half-written.
    fn reread_unsettled(&self) {
        self.locations
            .iter()
            .filter(|location| location.place.is_unsettled())
            .for_each(|location| location.monitor.recheck());
    }

    fn next_change(&self) -> Option<Moment> {
        let now = self.tools.clock.now();
        let expiries = self.locations.iter().map(|location| &location.place);
        Some(now.plus(location::next_change(expiries, now.wall)?.since(now.wall)))
    }
}

async fn at(clock: &Clock, moment: Option<Moment>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
