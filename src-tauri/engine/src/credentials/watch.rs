//! Detects credential changes without polling the disk.

mod path_chain;
mod stamp;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
mod watched;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind};
use path_chain::Step;
pub(crate) use stamp::Stamp;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::mpsc;
use watched::Watched;

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(
        "the system limit for watched folders, fs.inotify.max_user_watches, is reached; raise it, for example with: \
         sudo sysctl fs.inotify.max_user_watches=524288"
    )]
    TooManyWatches,
    #[error(
        "the system limit for watching programs, fs.inotify.max_user_instances, or for open files is reached; raise \
         it, for example with: sudo sysctl fs.inotify.max_user_instances=512"
    )]
    TooManyWatchers,
    #[error("cannot watch the folder of the sign-in: {0}")]
    Unavailable(String),
}

/// Watches the files of any number of locations with one watcher and one thread per file system. A user gets only a few
/// watchers from the system; a file system that does not respond blocks only its own thread.
#[derive(Debug, Clone, Default)]
pub struct FileWatcher(Arc<Mutex<BTreeMap<Device, Weak<Inner>>>>);

/// The device id of a file system.
type Device = u64;

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    id: u64,
    watcher: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    watched: Mutex<Watched>,
    shared: Arc<Shared>,
}

impl FileWatcher {
    /// Watches files: each receiver gets a `()` whenever its file may have changed. The receivers close if the system stops
    /// watching. Changes just before that, or before this function returned, may be missed: read the files once afterwards.
    /// Blocks.
    ///
    /// On macOS, this does not detect changes in the Keychain, only in the file.
    ///
    /// # Errors
    /// Fails if the system has no watcher left, or the folders cannot be read.
    pub fn watch<const N: usize>(&self, files: [PathBuf; N]) -> Result<(Watch, [mpsc::Receiver<()>; N]), WatchError> {
        let channels = files.each_ref().map(|_| mpsc::channel(1));
        let tell = channels.iter().map(|(tell, _)| tell.clone()).collect();
        let files = files.map(|path| std::path::absolute(&path).unwrap_or(path)).to_vec();
        let watcher = self.of(files.first().map(|file| device(file)));
        let id = watcher.watched().add(files, tell, &watcher.shared)?;
        watcher.begin().map_err(|error| WatchError::Unavailable(error.to_string()))?;
        Ok((Watch { id, watcher }, channels.map(|(_, told)| told)))
    }

    fn of(&self, device: Option<Device>) -> Arc<Inner> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = all.entry(device.unwrap_or_default()).or_default();
        there.upgrade().unwrap_or_else(|| {
            let new = Arc::default();
            *there = Arc::downgrade(&new);
            new
        })
    }
}

/// The device that a file is on, or would be.
fn device(file: &Path) -> Device {
    let found = file.ancestors().find_map(|path| std::fs::metadata(path).ok());
    #[cfg(unix)]
    let device = found.map(|found| std::os::unix::fs::MetadataExt::dev(&found));
    // Uses the drive letter.
    #[cfg(not(unix))]
    let device = found.and(file.components().next()).map(|drive| {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        drive.hash(&mut hasher);
        hasher.finish()
    });
    device.unwrap_or_default()
}

impl Inner {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread that handles events, unless it is running. The thread ends with the last watch.
    fn begin(self: &Arc<Self>) -> io::Result<()> {
        let mut state = self.shared.state();
        if !state.begun {
            let (inner, shared) = (Arc::downgrade(self), Arc::clone(&self.shared));
            let act = move || {
                while let Some(changes) = shared.next()
                    && let Some(inner) = inner.upgrade()
                {
                    inner.watched().act(changes, &shared);
                }
            };
            std::thread::Builder::new().name("file watch".to_owned()).spawn(act)?;
            state.begun = true;
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.wake.notify_all();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(heard) = self.watcher.shared.state().of(self.id) {
            heard.dropped = true;
        }
        self.watcher.shared.wake.notify_all();
    }
}

/// State shared between the watcher's thread, which receives events, and ours, which handles them.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    heard: Vec<Heard>,
    begun: bool,
    stop: bool,
    #[cfg(test)]
    busy: bool,
    #[cfg(test)]
    paths: Vec<PathBuf>,
}

/// The pending events of one [`Watch`].
#[derive(Debug, Default)]
struct Heard {
    id: u64,
    /// The path chain of each file, and the events on it.
    ways: Vec<Vec<Step>>,
    changes: Changes,
    /// The watch was dropped.
    dropped: bool,
}

/// The change of each file.
type Changes = Vec<Option<Change>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// At the end of the chain: the file, or the first missing name.
    End,
    /// At a folder or link in the chain, or at an unknown place.
    Way,
}

impl State {
    fn of(&mut self, id: u64) -> Option<&mut Heard> {
        self.heard.iter_mut().find(|heard| heard.id == id)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called on the watcher's thread for every event in the watched folders, one of which is the home folder.
    fn hear(&self, event: &notify::Result<Event>) {
        let mut state = self.state();
        for heard in &mut state.heard {
            for (way, change) in heard.ways.iter().zip(&mut heard.changes) {
                if let Some(new) = concerns(way, event) {
                    *change = (*change).max(Some(new));
                    self.wake.notify_all();
                }
            }
        }
        #[cfg(test)]
        state.paths.extend(event.iter().flat_map(|event| event.paths.clone()));
    }

    /// Waits for events and returns them: for each watch, `None` if it was dropped, else the change of each file. Returns
    /// `None` at the end.
    fn next(&self) -> Option<Vec<(u64, Option<Changes>)>> {
        let mut state = self.state();
        loop {
            if state.stop {
                return None;
            }
            let concerned = |heard: &&mut Heard| heard.dropped || heard.changes.iter().any(Option::is_some);
            let taken = |heard: &mut Heard| {
                let changes = heard.changes.iter_mut().map(Option::take).collect();
                (heard.id, (!heard.dropped).then_some(changes))
            };
            let changes: Vec<_> = state.heard.iter_mut().filter(concerned).map(taken).collect();
            #[cfg(test)]
            {
                state.busy = !changes.is_empty();
            }
            if !changes.is_empty() {
                return Some(changes);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn concerns(way: &[Step], event: &notify::Result<Event>) -> Option<Change> {
    let Ok(event) = event else {
        return Some(Change::Way);
    };
    // Ignores read access; otherwise our own reads would wake us.
    if matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write)) {
        return None;
    }
    if event.need_rescan() || event.paths.is_empty() {
        return Some(Change::Way);
    }
    event.paths.iter().filter_map(|path| meets(way, path)).max()
}

fn meets(way: &[Step], path: &Path) -> Option<Change> {
    let (end, before) = way.split_last()?;
    if way.iter().any(|step| same(&step.folder, path)) || before.iter().any(|step| same(&step.path(), path)) {
        return Some(Change::Way);
    }
    same(&end.path(), path).then_some(Change::End)
}

/// On systems that ignore case, a watcher may report a name in its on-disk case instead of the requested one.
fn same(ours: &Path, told: &Path) -> bool {
    let folded = cfg!(any(target_os = "macos", windows));
    ours == told || folded && ours.as_os_str().eq_ignore_ascii_case(told.as_os_str())
}

impl From<notify::Error> for WatchError {
    fn from(error: notify::Error) -> Self {
        match error.kind {
            notify::ErrorKind::MaxFilesWatch => Self::TooManyWatches,
            notify::ErrorKind::Io(error) if out_of_files(&error) => Self::TooManyWatchers,
            notify::ErrorKind::Io(error) => Self::Unavailable(error.to_string()),
            kind => Self::Unavailable(notify::Error::new(kind).to_string()),
        }
    }
}

#[cfg(unix)]
fn out_of_files(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(errno, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

#[cfg(not(unix))]
fn out_of_files(_: &io::Error) -> bool {
    false
}
