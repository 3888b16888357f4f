//! The thread that writes the history, and its handle. Callers never wait for the disk, except for a request's ledger entry,
//! and that only briefly.

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

/// How long to wait for a ledger entry to be written. If the disk hangs, polling continues without it.
const PATIENCE: Duration = Duration::from_secs(1);
/// The capacity of the channel to the thread, which reserves memory for all of it.
const UNDER_WAY_MAX: usize = 1024;
/// Rows kept in memory while writing fails: some days of requests.
const WAITING_MAX: usize = 10_000;
/// Rows per transaction.
const TOGETHER_MAX: usize = 512;
/// The pause between two steps of the retention; [`DAY`] is the pause between two runs.
const BREATH: Duration = Duration::from_millis(2);
const DAY: Duration = Duration::from_secs(86_400);

/// Problems with the history that the user should know about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Sentences about problems found, such as a damaged file and its new name.
    pub findings: Vec<String>,
    /// Why writing fails, while it does.
    pub trouble: Option<String>,
}

/// A cloneable handle to the history.
#[derive(Debug, Clone)]
pub struct History {
    requests: SyncSender<Request>,
    news: watch::Receiver<News>,
}

#[derive(Debug)]
enum Request {
    Write(Box<Row>, Option<oneshot::Sender<()>>),
    Keep(Limits),
    Damaged(String),
    DeleteAll(oneshot::Sender<Result<(), String>>),
    /// Write all waiting rows, then reply.
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

impl History {
    /// Starts the writer with an opened history.
    pub fn start(dir: PathBuf, opened: Opened, limits: Limits, clock: Clock) -> Self {
        let (requests, inbox) = sync_channel(UNDER_WAY_MAX);
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
        let tell_damage = requests.clone();
        spawn("history", move || writer.run(&inbox));
        spawn("history-check", move || match integrity::check(&checked) {
            integrity::Health::Whole => {}
            integrity::Health::Unknown(why) => tracing::info!(%why, "the history check did not finish"),
            integrity::Health::Damaged(why) => {
                let _ = tell_damage.send(Request::Damaged(why));
            }
        });
        Self { requests, news }
    }

    /// Adds a ledger entry and waits briefly until it is on disk, because the resulting state is saved after it.
    pub async fn record(&self, entry: LedgerEntry) {
        let (done, written) = oneshot::channel();
        self.send(Request::Write(Box::new(Row::Request(entry)), Some(done)));
        if tokio::time::timeout(PATIENCE, written).await.is_err() {
            tracing::warn!("writing the history takes long; continuing without it");
        }
    }

    /// Queues a record without waiting.
    pub fn remember(&self, record: HistoryRecord) {
        self.send(Request::Write(Box::new(Row::Record(record)), None));
    }

    /// Assigns the rows of `from` to `into`, the account's current name.
    pub fn rename(&self, from: AccountId, into: AccountId) {
        self.send(Request::Write(Box::new(Row::Renamed { from, into }), None));
    }

    /// Sets the limits from now on.
    pub fn keep(&self, limits: Limits) {
        self.send(Request::Keep(limits));
    }

    /// Subscribes to the current problems.
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.clone()
    }

    /// Deletes the whole history, including files set aside, and starts a new one.
    ///
    /// # Errors
    /// Fails with a sentence for the user.
    pub async fn delete_all(&self) -> Result<(), String> {
        let (done, deleted) = oneshot::channel();
        self.send(Request::DeleteAll(done));
        deleted.await.unwrap_or_else(|_| Err("Holdoff is shutting down.".to_owned()))
    }

    /// Returns when all earlier rows are written, or cannot be.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        self.send(Request::Flush(done));
        let _ = written.await;
    }

    /// Writes all waiting rows and closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        self.send(Request::Close(done));
        let _ = tokio::time::timeout(PATIENCE, closed).await;
    }

    fn send(&self, request: Request) {
        if self.requests.try_send(request).is_err() {
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
    /// Rows dropped because the memory limit was reached.
    lost: usize,
    failures: u32,
    /// In real time, because disks do not follow the program's clock.
    retry: Option<Instant>,
    limits: Limits,
    clock: Clock,
    retention: Option<Retention>,
    next_run: Wall,
    news: watch::Sender<News>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Request>) {
        if self.store.is_none() {
            self.failed(&HistoryError::OutOfReach("it could not be opened".to_owned()));
        }
        loop {
            match self.next(inbox) {
                Ok(Request::Close(done)) => {
                    self.write();
                    self.store = None;
                    let _ = done.send(());
                    return;
                }
                Ok(request) => self.take(request, inbox),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
            if self.retry.is_none_or(|retry| Instant::now() >= retry) {
                self.write();
            }
            self.retain();
        }
    }

    fn next(&self, inbox: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        match (self.retry, &self.retention) {
            (Some(retry), _) => inbox.recv_timeout(retry.saturating_duration_since(Instant::now())),
            (None, Some(_)) => inbox.recv_timeout(BREATH),
            (None, None) => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Writes rows that arrive together in one transaction.
    fn take(&mut self, first: Request, inbox: &Receiver<Request>) {
        let mut next = Some(first);
        while let Some(request) = next.take() {
            match request {
                Request::Write(row, ack) => {
                    // The caller saves its state next, which must not be ahead of the ledger, so write now.
                    self.retry = self.retry.filter(|_| ack.is_none());
                    self.waiting.push_back(*row);
                    self.acks.extend(ack);
                    if self.waiting.len() < TOGETHER_MAX {
                        next = inbox.try_recv().ok();
                    }
                }
                Request::Keep(limits) if limits == self.limits => {}
                Request::Keep(limits) => {
                    self.limits = limits;
                    // A run in progress uses the old limits: replace it with one that uses the new ones.
                    self.retention = None;
                    self.next_run = Wall(i64::MIN);
                }
                Request::Damaged(why) => self.begin_anew(&why),
                Request::DeleteAll(done) => {
                    let _ = done.send(self.delete_all());
                }
                Request::Flush(done) => {
                    self.write();
                    let _ = done.send(());
                }
                Request::Close(done) => {
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
                self.update_news(|news| news.trouble = None);
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
        self.update_news(|news| news.findings.append(&mut findings));
        self.store = Some(opened?);
        Ok(())
    }

    /// Rows stay in memory and are retried; callers no longer wait for them.
    fn failed(&mut self, error: &HistoryError) {
        self.acks.clear();
        self.failures = self.failures.saturating_add(1);
        self.retry = Some(Instant::now() + policy::SAVE.after(self.failures));
        while self.waiting.len() > WAITING_MAX {
            // Drop other records before ledger entries.
            let figure = self.waiting.iter().position(|row| matches!(row, Row::Record(_)));
            self.waiting.remove(figure.unwrap_or(0));
            self.lost += 1;
        }
        tracing::error!(%error, failures = self.failures, "the history could not be written");
        let trouble = format!(
            "Cannot write the history ({error}). New records are kept in memory and retried; checks continue. Free some space or fix the permissions of Holdoff's folder."
        );
        self.update_news(|news| news.trouble = Some(trouble));
    }

    /// Sets the damaged file aside and copies the readable part of the ledger to a new one.
    fn begin_anew(&mut self, why: &str) {
        if let Some(store) = self.store.take() {
            self.take_along(&store);
        }
        let finding = keep_aside(&self.dir, &self.stamp(), why);
        self.update_news(|news| news.findings.extend(finding));
        if let Err(error) = self.open() {
            self.failed(&error);
        }
    }

    /// Queues the recent ledger entries again, since recovery may need them at startup.
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
        self.update_news(|news| *news = News::default());
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

    fn update_news(&self, change: impl FnOnce(&mut News)) {
        self.news.send_if_modified(|news| {
            let before = news.clone();
            change(news);
            *news != before
        });
    }
}
