//! The thread that writes the history, and the way to it. Nobody waits for the disk but a request's own entry, and that
//! for a moment only.

use super::retention::Retention;
use super::store::{keep_aside, remove_all};
use super::{HistoryError, Limits, Opened, Row, Store};
use crate::platform::clock::Clock;
use crate::platform::clock::stamp;
use crate::storage::history::integrity;
use holdoff_core::gate::{policy, recovery};
use holdoff_core::record::history::HistoryRecord;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::{AccountId, Wall};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How long an entry of the ledger is waited for. On a disk that hangs, asking goes on without.
const PATIENCE: Duration = Duration::from_secs(1);
/// What may be on its way to the thread.
const UNDER_WAY_MAX: usize = 1024;
/// What waits in memory while it cannot be written: some days of requests.
const WAITING_MAX: usize = 10_000;
/// In one transaction.
const TOGETHER_MAX: usize = 512;
/// Between two steps of the retention, and between two of its runs.
const BREATH: Duration = Duration::from_millis(2);
const DAY: Duration = Duration::from_secs(86_400);

/// What a person should know of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Sentences about what was found, such as a damaged file and its new name.
    pub findings: Vec<String>,
    /// Why it cannot be written, while it cannot.
    pub trouble: Option<String>,
}

/// The way to the history, for as many as want it.
#[derive(Debug, Clone)]
pub struct History {
    wishes: SyncSender<Wish>,
    news: watch::Receiver<News>,
}

#[derive(Debug)]
enum Wish {
    Write(Row, Option<oneshot::Sender<()>>),
    Keep(Limits),
    Damaged(String),
    DeleteAll(oneshot::Sender<Result<(), String>>),
    /// Write what waits, and say so.
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

impl History {
    /// Goes on with what was opened in this folder.
    pub fn start(dir: PathBuf, opened: Opened, limits: Limits, clock: Clock) -> Self {
        let (wishes, inbox) = sync_channel(UNDER_WAY_MAX);
        let (tell, news) = watch::channel(News { findings: opened.findings, trouble: None });
        let checked = dir.clone();
        let writer = Writer {
            dir,
            store: opened.store,
            waiting: VecDeque::new(),
            acks: Vec::new(),
            lost: 0,
            failures: 0,
            retry: None,
            limits,
            clock,
            retention: None,
            next_run: Wall(i64::MIN),
            news: tell,
        };
        let tell_damage = wishes.clone();
        spawn("history", move || writer.run(&inbox));
        spawn("history-check", move || match integrity::check(&checked) {
            integrity::Health::Whole => {}
            integrity::Health::Unknown(why) => tracing::info!(%why, "the history check did not finish"),
            integrity::Health::Damaged(why) => {
                let _ = tell_damage.send(Wish::Damaged(why));
            }
        });
        Self { wishes, news }
    }

    /// Adds to the ledger, and waits until it is on disk, but not for long: what follows from an answer is saved after.
    pub async fn record(&self, entry: LedgerEntry) {
        let (done, written) = oneshot::channel();
        self.send(Wish::Write(Row::Request(entry), Some(done)));
        if tokio::time::timeout(PATIENCE, written).await.is_err() {
            tracing::warn!("writing the history takes long; continuing without it");
        }
    }

    /// Keeps this for later.
    pub fn remember(&self, memory: HistoryRecord) {
        self.send(Wish::Write(Row::Memory(memory), None));
    }

    /// What is kept of `from` is of `into`, as which it is known now.
    pub fn rename(&self, from: AccountId, into: AccountId) {
        self.send(Wish::Write(Row::Renamed { from, into }, None));
    }

    /// How much is kept from now on.
    pub fn keep(&self, limits: Limits) {
        self.send(Wish::Keep(limits));
    }

    /// What a person should know of it, now and whenever that changes.
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.clone()
    }

    /// Deletes all of it, what was kept aside too, and begins anew.
    ///
    /// # Errors
    /// A sentence.
    pub async fn delete_all(&self) -> Result<(), String> {
        let (done, deleted) = oneshot::channel();
        self.send(Wish::DeleteAll(done));
        deleted.await.unwrap_or_else(|_| Err("Holdoff is shutting down.".to_owned()))
    }

    /// Returns when what was given before is written, or cannot be.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        self.send(Wish::Flush(done));
        let _ = written.await;
    }

    /// Writes what waits and closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        self.send(Wish::Close(done));
        let _ = tokio::time::timeout(PATIENCE, closed).await;
    }

    fn send(&self, wish: Wish) {
        if self.wishes.try_send(wish).is_err() {
            tracing::warn!("the history is not being written");
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(run) {
        tracing::error!(%error, "could not start a thread for the history");
    }
}

struct Writer {
    dir: PathBuf,
    /// `None` while it cannot be opened.
    store: Option<Store>,
    waiting: VecDeque<Row>,
    acks: Vec<oneshot::Sender<()>>,
    /// Rows that there was no room for.
    lost: usize,
    failures: u32,
    /// In real time, as a disk is.
    retry: Option<Instant>,
    limits: Limits,
    clock: Clock,
    retention: Option<Retention>,
    next_run: Wall,
    news: watch::Sender<News>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Wish>) {
        if self.store.is_none() {
            self.failed(&HistoryError::OutOfReach("it could not be opened".to_owned()));
        }
        loop {
            match self.next(inbox) {
                Ok(Wish::Close(done)) => {
                    self.write();
                    self.store = None;
                    let _ = done.send(());
                    return;
                }
                Ok(wish) => self.take(wish, inbox),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
            if self.retry.is_none_or(|retry| Instant::now() >= retry) {
                self.write();
            }
            self.retain();
        }
    }

    fn next(&self, inbox: &Receiver<Wish>) -> Result<Wish, RecvTimeoutError> {
        match (self.retry, &self.retention) {
            (Some(retry), _) => inbox.recv_timeout(retry.saturating_duration_since(Instant::now())),
            (None, Some(_)) => inbox.recv_timeout(BREATH),
            (None, None) => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// What came at once is written at once.
    fn take(&mut self, first: Wish, inbox: &Receiver<Wish>) {
        let mut next = Some(first);
        while let Some(wish) = next.take() {
            match wish {
                Wish::Write(row, ack) => {
                    // Whoever waits for an entry saves its state next, which must not be ahead of the ledger.
                    self.retry = self.retry.filter(|_| ack.is_none());
                    self.waiting.push_back(row);
                    self.acks.extend(ack);
                    if self.waiting.len() < TOGETHER_MAX {
                        next = inbox.try_recv().ok();
                    }
                }
                Wish::Keep(limits) if limits == self.limits => {}
                Wish::Keep(limits) => {
                    self.limits = limits;
                    // A run under way goes by the old limits: one by the new ones takes its place at once.
                    self.retention = None;
                    self.next_run = Wall(i64::MIN);
                }
                Wish::Damaged(why) => self.begin_anew(&why),
                Wish::DeleteAll(done) => {
                    let _ = done.send(self.delete_all());
                }
                Wish::Flush(done) => {
                    self.write();
                    let _ = done.send(());
                }
                Wish::Close(done) => {
                    self.write();
                    self.store = None;
                    let _ = done.send(());
                }
            }
        }
    }

    fn write(&mut self) {
        if self.waiting.is_empty() && self.retry.is_none() {
            return;
        }
        match self.try_write() {
            Ok(()) => {
                self.waiting.clear();
                for ack in self.acks.drain(..) {
                    let _ = ack.send(());
                }
                (self.failures, self.retry) = (0, None);
                if std::mem::take(&mut self.lost) > 0 {
                    tracing::warn!("the history has a gap: too many records were waiting to be written");
                }
                self.tell(|news| news.trouble = None);
            }
            Err(HistoryError::Damaged(why)) => {
                self.begin_anew(&why);
                if let Err(error) = self.try_write() {
                    self.failed(&error);
                } else {
                    self.waiting.clear();
                    self.acks.clear();
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn try_write(&mut self) -> Result<(), HistoryError> {
        if let Some(gone) = self.store.take_if(|store| !store.is_in(&self.dir)) {
            tracing::warn!("the history was removed; starting a new one");
            self.take_along(&gone);
        }
        if self.store.is_none() {
            self.open()?;
        }
        match &mut self.store {
            Some(store) => store.write(&self.waiting),
            None => Ok(()),
        }
    }

    fn open(&mut self) -> Result<(), HistoryError> {
        let mut findings = Vec::new();
        let opened = Store::open_or_begin(&self.dir, &self.stamp(), &mut findings);
        self.tell(|news| news.findings.append(&mut findings));
        self.store = Some(opened?);
        Ok(())
    }

    /// It waits in memory and is tried again, and nobody waits for it.
    fn failed(&mut self, error: &HistoryError) {
        self.acks.clear();
        self.failures = self.failures.saturating_add(1);
        self.retry = Some(Instant::now() + policy::SAVE.after(self.failures));
        while self.waiting.len() > WAITING_MAX {
            // A request is worth more than a figure.
            let figure = self.waiting.iter().position(|row| matches!(row, Row::Memory(_)));
            self.waiting.remove(figure.unwrap_or(0));
            self.lost += 1;
        }
        tracing::error!(%error, failures = self.failures, "the history could not be written");
        let trouble = format!(
            "Cannot write the history ({error}). New records are kept in memory and retried; checks continue. Free some space or fix the permissions of Holdoff's folder."
        );
        self.tell(|news| news.trouble = Some(trouble));
    }

    /// The damaged file is kept aside; what of the ledger can still be read is taken along.
    fn begin_anew(&mut self, why: &str) {
        if let Some(store) = self.store.take() {
            self.take_along(&store);
        }
        let finding = keep_aside(&self.dir, &self.stamp(), why);
        self.tell(|news| news.findings.extend(finding));
        if let Err(error) = self.open() {
            self.failed(&error);
        }
    }

    /// What the ledger may be asked for at a start is written once more.
    fn take_along(&mut self, store: &Store) {
        self.retention = None;
        for entry in store.recent(recovery::SPAN).unwrap_or_default().into_iter().rev() {
            self.waiting.push_front(Row::Request(entry));
        }
    }

    fn delete_all(&mut self) -> Result<(), String> {
        self.retention = None;
        self.waiting.clear();
        self.acks.clear();
        self.store = None;
        let removed = remove_all(&self.dir);
        let opened = self.open();
        let failed = |why: String| {
            format!(
                "Could not delete the history ({why}). Fix the permissions of Holdoff's folder, or quit Holdoff and delete the files named history.sqlite3 in it."
            )
        };
        removed.map_err(|error| failed(error.to_string()))?;
        opened.map_err(|error| failed(error.to_string()))?;
        self.tell(|news| *news = News::default());
        Ok(())
    }

    fn retain(&mut self) {
        let now = self.clock.now().wall;
        let (Some(store), None) = (&mut self.store, self.retry) else {
            return;
        };
        if self.retention.is_none() && now >= self.next_run {
            self.next_run = now.plus(DAY);
            self.retention = Some(Retention::new(self.limits, now));
        }
        let Some(retention) = &mut self.retention else {
            return;
        };
        match retention.step(store) {
            Ok(true) => {}
            Ok(false) => self.retention = None,
            Err(error) => {
                tracing::warn!(%error, "could not delete old parts of the history; trying again tomorrow");
                self.retention = None;
            }
        }
    }

    fn stamp(&self) -> String {
        stamp(self.clock.now().wall)
    }

    fn tell(&self, change: impl FnOnce(&mut News)) {
        self.news.send_if_modified(|news| {
            let before = news.clone();
            change(news);
            *news != before
        });
    }
}
