//! Starts the engine: loads saved data, sets unreadable files aside, and starts polling.
//!
//! A response's ledger entry is written before the state that follows from it. At startup, the ledger's last entry for each
//! gate therefore overrides a state that does not include it. Entries are ordered by number, because the clock may have been
//! set between two. If no slot can be read and the ledger has no entries, the longest cooldown that is ever honored applies.

use crate::credentials::monitor::Unwatched;
use crate::http::Http;
use crate::metrics::Requests;
use crate::owners::status_line;
use crate::platform::clock::stamp;
use crate::platform::environment::Environment;
use crate::platform::local_time;
use crate::platform::private_files;
use crate::platform::user_dir;
use crate::platform::user_dir::UserDir;
use crate::storage::history;
use crate::storage::history::{History, Limits};
use crate::storage::reading_spool;
use crate::storage::state_file::{SlotWriter, Slots, TwoSlots};
use crate::storage::state_store::{Snapshot, StateStore};
use crate::tasks::login::Logins;
use crate::tasks::runner::{Announcement, RunnerContext};
use crate::tasks::supervisor::{Command, Supervisor};
use crate::updates::{self, Updater};
use holdoff_core::gate::StateLoss;
use holdoff_core::gate::recovery;
use holdoff_core::gate::recovery::GateRecovery;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::updates::UpdatesState;
use holdoff_core::{AccountId, Moment, Reading, Session, Settings, State, Wall};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// A handle to the running engine.
#[derive(Debug)]
pub struct Engine {
    pub snapshots: watch::Receiver<Snapshot>,
    pub announcements: mpsc::Receiver<Announcement>,
    /// Accounts that another process polls.
    pub elsewhere: watch::Receiver<BTreeSet<AccountId>>,
    /// Locations of sign-ins that the system cannot watch for changes.
    pub unwatched: watch::Receiver<Unwatched>,
    /// Sentences about startup problems, such as an unreadable state file and its new name.
    pub findings: Vec<String>,
    /// Counts of requests sent and withheld.
    pub requests: Requests,
    pub history: History,
    /// Checks for updates of Holdoff.
    pub updates: Updater,
    commands: mpsc::Sender<Command>,
}

/// Loads the state and starts polling. Must be called inside a tokio runtime.
pub async fn start<W: SlotWriter>(environment: &Environment, writer: W, settings: &Settings) -> Engine {
    let clock = environment.clock.clone();
    let now = clock.now();
    let dir = &environment.data_dir;
    let Loaded { restored: RestoredState { state, generation, recovery, mut findings }, history } =
        load(dir, &clock.boot_id(), now);
    findings.extend(status_line::clean_copies(dir));
    let user = UserDir::of(environment);
    findings.extend(about_folders(&user, dir));
    let history = History::start(dir.clone(), history, Limits::from(settings), clock.clone());
    reading_spool::clean(dir);
    let updates_state = state.updates.clone();
    let (state_store, snapshots) =
        StateStore::start(state, TwoSlots::new(dir.clone(), writer, generation), clock.clone());
    let (announce, announcements) = mpsc::channel(16);
    let (tell_elsewhere, elsewhere) = watch::channel(BTreeSet::new());
    let requests = Requests::default();
    let tools = RunnerContext {
        http: Arc::new(Http::new(&environment.bases, clock.stopwatch())),
        network: environment.network.clone(),
        clock,
        state_store,
        history: history.clone(),
        requests: requests.clone(),
        user,
        announcements: announce,
        logins: Logins::default(),
        recovery,
        elsewhere: tell_elsewhere,
        zone: local_time::zone,
    };
    let with = updates::RunnerContext {
        clock: tools.clock.clone(),
        state_store: tools.state_store.clone(),
        history: history.clone(),
        requests: requests.clone(),
        zone: tools.zone,
    };
    let updates = updates::start(environment, with, updates_state, settings);
    let (commands, inbox) = mpsc::channel(16);
    let (tell_unwatched, unwatched) = watch::channel(Unwatched::new());
    let supervisor =
        Supervisor::start(environment.clone(), settings.clone(), tools, snapshots.clone(), tell_unwatched).await;
    tokio::spawn(supervisor.run(inbox));
    Engine { snapshots, announcements, elsewhere, unwatched, findings, requests, history, updates, commands }
}

/// Warnings about the folders: files that are not trusted, and a second data folder.
fn about_folders(user: &UserDir, data_dir: &Path) -> Vec<String> {
    if let Err(error) = user.prepare() {
        tracing::error!(%error, path = %user.path().display(), "the user's shared folder cannot be used");
    }
    let doubtful = private_files::doubtful(data_dir).into_iter().map(|(path, doubt)| {
        tracing::warn!(path = %path.display(), %doubt, "it is not used");
        format!("Holdoff does not use {}: {doubt}. {}", path.display(), doubt.advice(&path))
    });
    doubtful.chain(user_dir::about_others(data_dir, &user.other_data_dirs())).collect()
}

/// Everything loaded from disk at startup.
#[derive(Debug)]
pub struct Loaded {
    pub restored: RestoredState,
    /// The history, open for writing.
    pub history: history::Opened,
}

/// The saved state, as restored at startup.
#[derive(Debug)]
pub struct RestoredState {
    /// Converted to the current boot clock, with each gate closed for the longest time found on disk.
    pub state: State,
    /// The newest generation on disk.
    pub generation: u64,
    /// Applied to accounts that are not in the state.
    pub recovery: GateRecovery,
    /// Sentences about files that could not be read.
    pub findings: Vec<String>,
}

/// Loads the saved data, and sets unreadable files aside.
pub fn load(dir: &Path, boot_id: &str, now: Moment) -> Loaded {
    let history = history::open(dir, &stamp(now.wall), recovery::SPAN);
    Loaded { restored: restore(dir, &history.recent, boot_id, now), history }
}

/// The state of the two slots, updated from the recent ledger entries.
pub fn restore(dir: &Path, recent: &[LedgerEntry], boot_id: &str, now: Moment) -> RestoredState {
    let slots = Slots::read(dir);
    let lost = slots.lost();
    let findings = set_aside(&slots, now.wall);
    let mut state = slots.state.unwrap_or_else(|| State::new(boot_id.to_owned()));
    state.rebase_to(boot_id, now);
    if lost {
        state.loss = Some(StateLoss::found(recent, now));
        state.updates = UpdatesState::lost(now);
    }
    let mut recovery = GateRecovery::new(recent, state.loss.clone(), now);
    recovery.apply_to_all(&mut state, now);
    RestoredState { state, generation: slots.generation, recovery, findings }
}

fn set_aside(slots: &Slots, now: Wall) -> Vec<String> {
    let why: Vec<String> = slots.damaged.iter().map(|(path, why)| format!("{}: {why}", path.display())).collect();
    let kept = slots.set_aside(&stamp(now));
    for (why, kept) in why.iter().zip(&kept) {
        tracing::error!(%why, kept = %kept.display(), "a state file could not be read and is set aside");
    }
    if !slots.lost() {
        return Vec::new();
    }
    let names: Vec<String> = kept
        .iter()
        .chain(&slots.aside)
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    vec![format!("Could not read Holdoff's saved state. The files are kept as {}.", names.join(" and "))]
}

impl Engine {
    /// A sender of commands to the engine.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.commands.clone()
    }

    /// Handles a reading from an owner's session with this config folder. It is dropped while the engine is busy: the next
    /// one comes soon.
    pub fn push(&self, config_dir: Option<PathBuf>, reading: Reading, session: Session) {
        let _ = self.commands.try_send(Command::Reading { config_dir, reading, session });
    }
}

/// Stops polling, and gives a request in progress a moment to complete.
pub async fn shut_down(commands: &mpsc::Sender<Command>) {
    let (done, ended) = oneshot::channel();
    if commands.send(Command::Shutdown(done)).await.is_ok() {
        let _ = ended.await;
    }
}
