//! Reads one credential location: at the start, whenever it changes, and periodically to find changes that cause no event. Also
//! reads the limits that the owner or its status line left there.

use crate::credentials::{CredentialSource, FileWatcher, Stamp, Watch};
use crate::owners::Sessions;
use crate::platform::clock::Clock;
use holdoff_core::{CredentialRead, Moment, ReportedReading, Wall};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The owner rewrites its identity file constantly while in use, and most of that is irrelevant here.
const OWNERS_REST: Duration = Duration::from_secs(5);

/// Limits the cost of a file of hundreds of megabytes that is rewritten constantly to a twentieth of a CPU.
const REST_OF_A_LOOK: u32 = 20;

/// While the system cannot watch, how often the files are polled and watching is retried, in real time.
const UNWATCHED_LOOK: Duration = Duration::from_secs(5);

/// The locations that the system does not watch, and why.
pub type Unwatched = BTreeMap<String, String>;

/// The result of reading a location.
#[derive(Debug)]
pub struct LocationRead {
    pub place: String,
    /// The location by its folder's real path.
    pub real: String,
    pub credential: CredentialRead,
    /// When the credential was written, according to its file.
    pub written: Option<Wall>,
    /// Readings found there.
    pub readings: Vec<ReportedReading>,
    /// The credential itself changed.
    pub stirred: bool,
}

/// Reads until it is dropped.
#[derive(Debug)]
pub struct LocationMonitor {
    pokes: mpsc::Sender<()>,
}

impl LocationMonitor {
    /// `data_dir` is where the status line stores readings while no app is running.
    pub fn start(
        source: CredentialSource,
        data_dir: PathBuf,
        clock: Clock,
        watcher: FileWatcher,
        sessions: Sessions,
        reads: mpsc::UnboundedSender<LocationRead>,
        unwatched: watch::Sender<Unwatched>,
    ) -> Self {
        let (pokes, poked) = mpsc::channel(1);
        let post = LocationSender { source, data_dir, clock, watcher, sessions, unwatched };
        tokio::spawn(post.keep(reads, poked));
        Self { pokes }
    }

    /// Reads the location now.
    pub fn recheck(&self) {
        // One pending request is enough.
        let _ = self.pokes.try_send(());
    }
}

/// The location to read, and what reading it needs.
struct LocationSender {
    source: CredentialSource,
    data_dir: PathBuf,
    clock: Clock,
    watcher: FileWatcher,
    sessions: Sessions,
    unwatched: watch::Sender<Unwatched>,
}

/// What triggered the next read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Credential,
    /// The identity and the owner's usage cache are in one file.
    Identity,
    Reading,
    /// No event; the next read was due.
    Time,
    Poked,
    /// The monitor was dropped.
    End,
}

/// The change signals of the files.
struct Files {
    watch: Option<Watch>,
    /// The system does not watch them, so they are polled. Without files there is nothing to poll.
    polled: bool,
    /// Their state at the last poll.
    stamps: [Stamp; 3],
    credential: mpsc::Receiver<()>,
    identity: mpsc::Receiver<()>,
    reading: mpsc::Receiver<()>,
}

impl LocationSender {
    async fn keep(self, reads: mpsc::UnboundedSender<LocationRead>, mut poked: mpsc::Receiver<()>) {
        let mut files = self.watch(Default::default()).await;
        let mut why = Why::Time;
        let mut rested = self.clock.now();
        loop {
            let began = self.clock.now();
            let read = self.read(why == Why::Credential).await;
            let took = self.clock.now().since(began);
            let again = self.clock.now().plus(read.credential.reread_after());
            if reads.send(read).is_err() {
                break;
            }
            if why == Why::Identity {
                rested = self.clock.now().plus(OWNERS_REST.max(took * REST_OF_A_LOOK));
            }
            why = self.wait(&mut files, &mut poked, rested, again).await;
            if why == Why::End {
                break;
            }
        }
        self.say(None);
    }

    async fn wait(&self, files: &mut Files, poked: &mut mpsc::Receiver<()>, rested: Moment, again: Moment) -> Why {
        loop {
            let rests = rested.is_after(self.clock.now());
            tokio::select! {
                there = signal(&mut files.credential, &files.watch) => if there { return Why::Credential },
                there = signal(&mut files.identity, &files.watch), if !rests => if there { return Why::Identity },
                there = signal(&mut files.reading, &files.watch) => if there { return Why::Reading },
                () = self.clock.sleep_until(rested), if rests => continue,
                () = self.clock.sleep_until(again) => return Why::Time,
                () = tokio::time::sleep(UNWATCHED_LOOK), if files.polled => {
                    if let Some(why) = self.read_unwatched(files).await {
                        return why;
                    }
                    continue;
                }
                poke = poked.recv() => return if poke.is_some() { Why::Poked } else { Why::End },
            }
            // The watch ended, and a change may be the cause.
            *files = self.watch(Default::default()).await;
            return Why::Credential;
        }
    }

    /// Retries watching, and reports what changed since the last poll.
    async fn read_unwatched(&self, files: &mut Files) -> Option<Why> {
        let before = files.stamps;
        *files = self.watch(before).await;
        // Later changes are found by the next poll or reported by the watch.
        let changed: Vec<bool> = before.iter().zip(&files.stamps).map(|(before, now)| before != now).collect();
        let why = [Why::Credential, Why::Identity, Why::Reading].into_iter().zip(changed);
        why.filter(|(_, changed)| *changed).map(|(why, _)| why).next()
    }

    /// Watches the files if possible. `before` is their previous state.
    async fn watch(&self, before: [Stamp; 3]) -> Files {
        let (source, data_dir, watcher) = (self.source.clone(), self.data_dir.clone(), self.watcher.clone());
        let tried = tokio::task::spawn_blocking(move || {
            let watched = source.watched(&data_dir)?;
            let watch = watcher.watch(watched.clone());
            Some((watch, watched.map(|path| Stamp::of(&path))))
        });
        let (watch, stamps) = match tried.await {
            Ok(Some(tried)) => tried,
            Ok(None) => return Files { polled: false, ..Files::unwatched(before) },
            Err(_) => return Files::unwatched(before),
        };
        match watch {
            Ok((watch, [credential, identity, reading])) => {
                self.say(None);
                Files { watch: Some(watch), polled: false, stamps, credential, identity, reading }
            }
            Err(error) => {
                self.say(Some(error.to_string()));
                Files::unwatched(stamps)
            }
        }
    }

    /// Logs once when watching fails, and once when it works again.
    fn say(&self, why: Option<String>) {
        let place = self.source.place();
        self.unwatched.send_if_modified(|unwatched| {
            let before = unwatched.get(&place).cloned();
            match (&before, &why) {
                (None, Some(why)) => tracing::warn!(%why, place, "the sign-in cannot be watched; polling it instead"),
                (Some(_), None) => tracing::info!(place, "the sign-in is watched again, or no longer used"),
                (None, None) | (Some(_), Some(_)) => {}
            }
            match why.clone() {
                Some(why) => unwatched.insert(place.clone(), why),
                None => unwatched.remove(&place),
            };
            before != why
        });
    }

    async fn read(&self, stirred: bool) -> LocationRead {
        let (source, place) = (self.source.clone(), self.source.place());
        let (data_dir, sessions) = (self.data_dir.clone(), self.sessions.clone());
        let (read, left) = tokio::join!(
            self.source.read(&self.clock),
            tokio::task::spawn_blocking(move || {
                let real = source.real_place();
                (source.written(), source.readings(&data_dir, &real, &sessions), real)
            })
        );
        let (written, readings, real) = left.unwrap_or_else(|_| (None, Vec::new(), place.clone()));
        let written = written.map(|written| self.clock.wall_of(written).min(self.clock.now().wall));
        LocationRead { place, real, credential: read.without_refresh_token(), written, readings, stirred }
    }
}

impl Files {
    fn unwatched(stamps: [Stamp; 3]) -> Self {
        let silent = || mpsc::channel(1).1;
        Self { watch: None, polled: true, stamps, credential: silent(), identity: silent(), reading: silent() }
    }
}

/// Returns `false` if the watch has ended. Without a watch, it never resolves.
async fn signal(signals: &mut mpsc::Receiver<()>, watch: &Option<Watch>) -> bool {
    match watch {
        Some(_) => signals.recv().await.is_some(),
        None => std::future::pending().await,
    }
}
