//! Checks for new versions of Holdoff and installs one at the user's request: the driver of [`holdoff_core::Updates`]. It is
//! a task without a thread of its own. While update checks are off, it only waits for that setting.

mod apt;
mod archive;
mod copy;
mod fetch;
mod person;

pub use copy::ThisCopy;

use crate::http::ReleaseServer;
use crate::http::network::Network;
use crate::metrics::Requests;
use crate::owners::locations;
use crate::platform::clock::Clock;
use crate::platform::environment::Environment;
use crate::platform::programs::Programs;
use crate::platform::random;
use crate::platform::user_dir::UserDir;
use crate::storage::history::History;
use crate::storage::state_store::StateStore;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::updates::{
    Action, Event, Installed, Package, PackageKind, ReleasePermit, Updates, UpdatesState, UpdatesStatus,
};
use holdoff_core::{Moment, Settings};
use jiff::tz::TimeZone;
use person::Person;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};

const FAILED_ITSELF: &str = "internal error";

/// The services that the task uses.
#[derive(Debug)]
pub struct RunnerContext {
    pub clock: Clock,
    pub state_store: StateStore,
    pub history: History,
    pub requests: Requests,
    pub zone: fn() -> TimeZone,
}

/// Commands to the task.
#[derive(Debug)]
pub enum UpdateCommand {
    Settings(Box<Settings>),
    NoticeService(bool),
    /// The result of an announcement.
    Announced {
        shown: bool,
    },
    /// The user skips this version.
    Skip(String),
    /// The user wants to install this version.
    Install(String),
}

/// A handle to the task.
#[derive(Debug)]
pub struct Updater {
    pub status: watch::Receiver<UpdatesStatus>,
    /// Versions to announce, each to be answered with [`UpdateCommand::Announced`].
    pub announcements: mpsc::Receiver<String>,
    pub orders: mpsc::UnboundedSender<UpdateCommand>,
}

struct Task {
    tools: RunnerContext,
    environment: Environment,
    copy: ThisCopy,
    updates: Updates,
    person: Person,
    server: Option<ReleaseServer>,
    zone: Option<TimeZone>,
    /// Whether a check in progress is still wanted.
    wanted: Arc<AtomicBool>,
    under_way: JoinSet<Event>,
    status: watch::Sender<UpdatesStatus>,
    announcements: mpsc::Sender<String>,
}

/// Starts the task. Must be called inside a tokio runtime.
pub fn start(environment: &Environment, tools: RunnerContext, state: UpdatesState, settings: &Settings) -> Updater {
    let copy = ThisCopy::find();
    let releases = environment.releases.clone();
    let build = copy.build(releases.as_ref().map(|releases| releases.key.clone()));
    let server = releases.map(|releases| ReleaseServer::new(releases, tools.clock.stopwatch()));
    let updates = Updates::new(build, state, settings.into(), tools.clock.now(), random::number());
    let (status, statuses) = watch::channel(updates.status());
    let (announcements, to_announce) = mpsc::channel(1);
    let (orders, inbox) = mpsc::unbounded_channel();
    let wanted = Arc::new(AtomicBool::new(updates.is_wanted()));
    let person = Person::new(UserDir::of(environment), tools.clock.clone());
    let (environment, under_way) = (environment.clone(), JoinSet::new());
    let task = Task {
        tools,
        environment,
        copy,
        updates,
        person,
        server,
        zone: None,
        wanted,
        under_way,
        status,
        announcements,
    };
    tokio::spawn(task.run(inbox));
    Updater { status: statuses, announcements: to_announce, orders }
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<UpdateCommand>) {
        self.recover().await;
        if let Some(known) = self.person.read().await {
            self.handle(Event::Elsewhere(known));
        }
        loop {
            let until = self.act().await;
            self.publish();
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.dispatch(order),
                    None => return,
                },
                Some(done) = self.under_way.join_next() => if let Ok(event) = done {
                    self.handle(event);
                },
                () = wake(&self.tools.clock, until) => {}
            }
        }
    }

    /// Recovers from a crash during an installation, and deletes earlier downloads.
    async fn recover(&self) {
        let folder = self.folder();
        let recovered = spawn_blocking(move || {
            archive::recover(&folder)?;
            fetch::clear(&folder)
        });
        if let Ok(Err(error)) = recovered.await {
            tracing::error!(%error, "could not restore the files of an unfinished update");
        }
    }

    /// Executes the actions until it sleeps; returns when to wake it.
    async fn act(&mut self) -> Option<Moment> {
        let zone = (self.tools.zone)();
        if self.zone.as_ref() != Some(&zone) {
            self.zone = Some(zone.clone());
            self.handle(Event::Zone(zone));
        }
        loop {
            if self.updates.is_due(self.tools.clock.now())
                && let Some(event) = self.person.take_turn().await
            {
                self.handle(event);
            }
            match self.updates.poll(self.tools.clock.now()) {
                Action::Record(entry) => self.record(entry).await,
                Action::Persist(state) => {
                    let saved = self.save(state).await;
                    self.handle(Event::Persisted(saved));
                }
                Action::Check(permit) => self.check(permit),
                Action::Announce(version) => {
                    if self.announcements.send(version).await.is_err() {
                        return None;
                    }
                }
                Action::Fetch(permit, package) => self.fetch(permit, package),
                Action::Install(kind) => self.install(kind),
                Action::Sleep(until) => {
                    if self.under_way.is_empty() {
                        self.person.end_turn();
                    }
                    return until;
                }
            }
            self.publish();
        }
    }

    /// Saves the user's shared record first, so that it is never behind.
    async fn save(&mut self, state: Box<UpdatesState>) -> Result<(), String> {
        self.person.write(state.clone()).await?;
        self.tools.state_store.save_updates(state).await
    }

    fn dispatch(&mut self, order: UpdateCommand) {
        self.handle(match order {
            UpdateCommand::Settings(settings) => Event::Preferences((&*settings).into()),
            UpdateCommand::NoticeService(there) => Event::NoticeService(there),
            UpdateCommand::Announced { shown } => Event::Announced { shown },
            UpdateCommand::Skip(version) => Event::Skip(version),
            UpdateCommand::Install(version) => Event::Install(version),
        });
    }

    fn handle(&mut self, event: Event) {
        self.updates.handle(event, self.tools.clock.now());
        self.wanted.store(self.updates.is_wanted(), Ordering::SeqCst);
    }

    fn publish(&self) {
        let now = self.updates.status();
        self.status.send_if_modified(|status| {
            let changed = *status != now;
            *status = now;
            changed
        });
    }

    async fn record(&self, entry: LedgerEntry) {
        self.tools.requests.count(&entry);
        self.tools.history.record(entry).await;
    }

    fn check(&mut self, permit: ReleasePermit) {
        // Without a server, no check is requested.
        let Some(server) = self.server.clone() else { return };
        tracing::info!("checking for updates");
        let (network, wanted) = (self.network(), Arc::clone(&self.wanted));
        self.under_way.spawn(async move { Event::Listed(server.list(permit, &network.await, wanted).await) });
    }

    fn fetch(&mut self, permit: ReleasePermit, package: Package) {
        let Some(server) = self.server.clone() else { return };
        tracing::info!(file = package.file, "downloading a package");
        let (network, folder, now) = (self.network(), self.folder(), self.tools.clock.now());
        self.under_way.spawn(async move {
            let fetched = fetch::fetch(&server, permit, &package, &network.await, &folder, now).await;
            if let Err(failure) = &fetched {
                tracing::warn!(?failure, "could not download a package");
            }
            Event::Fetched(fetched)
        });
    }

    fn install(&mut self, kind: PackageKind) {
        let (folder, copy) = (self.folder(), self.copy.clone());
        let programs = Programs::new(&self.environment.home, &|name| std::env::var_os(name));
        let putting = spawn_blocking(move || put(kind, &folder, &copy, &programs));
        self.under_way.spawn(async move {
            let installed = putting.await.unwrap_or_else(|_| Err(FAILED_ITSELF.to_owned()));
            tracing::info!(?installed, "tried to install a package");
            Event::Installed(installed)
        });
    }

    fn folder(&self) -> PathBuf {
        self.environment.data_dir.join("updates")
    }

    /// Uses the same network route as the owner of the sign-in: a proxy that is required there is required here.
    fn network(&self) -> impl Future<Output = Network> + Send + use<> {
        let source = locations::own(&self.environment);
        let variables = self.environment.network.clone();
        async move { spawn_blocking(move || Network::of(&source.settings_files(), &variables)).await.unwrap_or_default() }
    }
}

/// Blocks, possibly while the user enters a password.
fn put(kind: PackageKind, folder: &std::path::Path, copy: &ThisCopy, programs: &Programs) -> Result<Installed, String> {
    let package = fetch::fetched(folder).ok_or_else(|| "the package is gone".to_owned())?;
    let installed = match kind {
        PackageKind::Archive => archive::put(&package, &copy.prefix, folder).map(|()| Installed::InPlace),
        PackageKind::Deb => apt::install(&package, programs),
        PackageKind::Rpm => Ok(Installed::ToPaste { command: apt::rpm_command(&package) }),
    };
    if installed == Ok(Installed::InPlace) && !copy.is_replaced() {
        return Err(format!("{} was not replaced", copy.program.display()));
    }
    if !matches!(installed, Ok(Installed::ToPaste { .. })) {
        let _it_is_thrown_away_at_the_next_start = fetch::clear(folder);
    }
    installed
}

async fn wake(clock: &Clock, until: Option<Moment>) {
    match until {
        Some(until) => clock.sleep_until(until).await,
        None => std::future::pending().await,
    }
}
