//! Brings the engine up: loads what is kept, keeps aside what cannot be read, and starts polling.
//!
//! The ledger's line of an answer is written before the state that follows from it. So at a start the ledger's last word on each
//! gate counts where the state does not know of it; lines are ordered by their number, since the clock may have been set between two.
//! If no slot can be read and the ledger is silent, the longest wait that is ever honoured holds.

use crate::claude_code::status_line;
use crate::credentials::monitor::Unwatched;
use crate::http::Http;
use crate::metrics::Requests;
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
use holdoff_core::providers::anthropic::status_line::Session;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::updates::UpdatesState;
use holdoff_core::{AccountId, Moment, Reading, Settings, State, Wall, messages};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// The running engine, as its owner holds it.
#[derive(Debug)]
pub struct Engine {
    pub snapshots: watch::Receiver<Snapshot>,
    pub announcements: mpsc::Receiver<Announcement>,
    /// The accounts that another process polls.
    pub elsewhere: watch::Receiver<BTreeSet<AccountId>>,
    /// The places of sign-ins that the system does not watch for changes.
    pub unwatched: watch::Receiver<Unwatched>,
    /// Sentences about what was found at the start, such as an unreadable state file and its new name.
    pub findings: Vec<String>,
    /// What was asked and not asked, counted.
    pub requests: Requests,
    pub history: History,
    /// Newer versions of Holdoff.
    pub updates: Updater,
    commands: mpsc::Sender<Command>,
}

/// Loads the state and starts polling. Must be called inside a tokio runtime.
pub async fn start<W: SlotWriter>(environment: &Environment, writer: W, settings: &Settings) -> Engine {
    let clock = environment.clock.clone();
    let now = clock.now();
    let dir = &environment.data_dir;
    let Loaded { kept: Kept { state, generation, memory, mut findings }, history } = load(dir, &clock.boot_id(), now);
    findings.extend(old_copies(dir));
    let user = UserDir::of(environment);
    findings.extend(about_folders(&user, dir));
    let history = History::start(dir.clone(), history, Limits::from(settings), clock.clone());
    reading_spool::tidy(dir);
    let updates_state = state.updates.clone();
    let (keeper, snapshots) = StateStore::start(state, TwoSlots::new(dir.clone(), writer, generation), clock.clone());
    let (announce, announcements) = mpsc::channel(16);
    let (tell_elsewhere, elsewhere) = watch::channel(BTreeSet::new());
    let requests = Requests::default();
    let tools = RunnerContext {
        http: Arc::new(Http::new(&environment.bases, clock.stopwatch())),
        network: environment.network.clone(),
        clock,
        keeper,
        history: history.clone(),
        requests: requests.clone(),
        user,
        announcements: announce,
        logins: Logins::default(),
        memory,
        elsewhere: tell_elsewhere,
        zone: local_time::zone,
    };
    let with = updates::RunnerContext {
        clock: tools.clock.clone(),
        keeper: tools.keeper.clone(),
        history: history.clone(),
        requests: requests.clone(),
        zone: tools.zone,
    };
    let updates = updates::start(environment, with, updates_state, settings);
    let (commands, inbox) = mpsc::channel(16);
    let (tell_unwatched, unwatched) = watch::channel(Unwatched::new());
    let roster =
        Supervisor::start(environment.clone(), settings.clone(), tools, snapshots.clone(), tell_unwatched).await;
    tokio::spawn(roster.run(inbox));
    Engine { snapshots, announcements, elsewhere, unwatched, findings, requests, history, updates, commands }
}

/// What the person should know of the folders: what in them is not believed, and that there are two.
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

/// What is on disk at a start.
#[derive(Debug)]
pub struct Loaded {
    pub kept: Kept,
    /// The history, open for writing.
    pub history: history::Opened,
}

/// What is kept, as it stands at a start.
#[derive(Debug)]
pub struct Kept {
    /// On the clock of now, and with every gate shut for as long as anything on disk says.
    pub state: State,
    /// The newest generation on disk.
    pub generation: u64,
    /// For accounts that are not in the state.
    pub memory: GateRecovery,
    /// Sentences about what could not be read.
    pub findings: Vec<String>,
}

/// Reads what is kept, and keeps aside what cannot be read.
pub fn load(dir: &Path, boot_id: &str, now: Moment) -> Loaded {
    let history = history::open(dir, &stamp(now.wall), recovery::SPAN);
    Loaded { kept: keep(dir, &history.recent, boot_id, now), history }
}

/// What the two slots keep, and what the recent entries of the ledger know better.
pub fn keep(dir: &Path, recent: &[LedgerEntry], boot_id: &str, now: Moment) -> Kept {
    let slots = Slots::read(dir);
    let lost = slots.lost();
    let findings = set_aside(&slots, now.wall);
    let mut state = slots.state.unwrap_or_else(|| State::new(boot_id.to_owned()));
    state.carry_to(boot_id, now);
    if lost {
        state.loss = Some(StateLoss::found(recent, now));
        state.updates = UpdatesState::lost(now);
    }
    let mut memory = GateRecovery::new(recent, state.loss.clone(), now);
    memory.remind_all(&mut state, now);
    Kept { state, generation: slots.generation, memory, findings }
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

/// Of Claude Code's settings, from an earlier version.
fn old_copies(dir: &Path) -> Option<String> {
    match status_line::remove_copies(dir) {
        Ok(0) => None,
        Ok(_) => Some(messages::STATUS_LINE_COPIES_REMOVED.to_owned()),
        Err(error) => {
            tracing::warn!(%error, "could not remove old copies of Claude Code's settings");
            None
        }
    }
}

impl Engine {
    /// A way to talk to it, for others to hold.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.commands.clone()
    }

    /// Takes in what a session of Claude Code with this config folder says. While the engine is busy it is left out:
    /// the next one is not far.
    pub fn push(&self, config_dir: Option<PathBuf>, reading: Reading, session: Session) {
        let _ = self.commands.try_send(Command::Reading { config_dir, reading, session });
    }
}

/// Ends polling, and gives a request that is under way a moment to be answered.
pub async fn shut_down(commands: &mpsc::Sender<Command>) {
    let (done, ended) = oneshot::channel();
    if commands.send(Command::Shutdown(done)).await.is_ok() {
        let _ = ended.await;
    }
}
