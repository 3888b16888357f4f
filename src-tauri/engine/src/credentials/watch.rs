//! Notices that the sign-in may have changed, without asking the disk again and again.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
mod way;

use super::Source;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use way::Step;

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(
        "the system's limit of watched folders, fs.inotify.max_user_watches, is reached; raise it, for example with: \
         sudo sysctl fs.inotify.max_user_watches=524288"
    )]
    TooManyWatches,
    #[error(
        "the system's limit of watching programs, fs.inotify.max_user_instances, or of open files is reached; raise \
         it, for example with: sudo sysctl fs.inotify.max_user_instances=512"
    )]
    TooManyWatchers,
    #[error("the folder of the sign-in cannot be watched: {0}")]
    Unavailable(String),
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
}

/// Watches the credential of `source`. The receiver gets a `()` whenever it may have changed, and ends with the watch.
/// What was changed before this returned is not told: read once afterwards.
///
/// On macOS a change in the Keychain is not seen, only one of the file.
pub fn watch(source: &Source) -> Result<(Watch, mpsc::Receiver<()>), WatchError> {
    let (watch, [told]) = watch_files([source.credential_path()])?;
    Ok((watch, told))
}

/// Watches several files with one watcher of the system's few: a receiver for each, as [`watch`] says. They end by
/// themselves where the system watches no more; what changed until then may not have been told.
pub fn watch_files<const N: usize>(files: [PathBuf; N]) -> Result<(Watch, [mpsc::Receiver<()>; N]), WatchError> {
    let files = files.map(|path| std::path::absolute(&path).unwrap_or(path));
    let shared = Arc::new(Shared::default());
    let ears = Arc::clone(&shared);
    let watcher = notify::recommended_watcher(move |event| ears.hear(&event))?;
    let mut lookout = Lookout { files: files.to_vec(), watcher, ways: Vec::new(), shared };
    lookout.arm()?;

    let watch = Watch { shared: Arc::clone(&lookout.shared) };
    let channels = files.map(|_| mpsc::channel(1));
    let tell = channels.iter().map(|(tell, _)| tell.clone()).collect::<Vec<_>>();
    std::thread::Builder::new()
        .name("sign-in watch".to_owned())
        .spawn(move || lookout.keep(&tell))
        .map_err(|error| WatchError::Unavailable(error.to_string()))?;
    Ok((watch, channels.map(|(_, told)| told)))
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.wake.notify_all();
    }
}

/// What the watcher's thread, which hears, and ours, which acts, know of each other.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The way to each file, and what happened on it.
    ways: Vec<Vec<Step>>,
    changes: Vec<Option<Change>>,
    stop: bool,
    #[cfg(test)]
    busy: bool,
    #[cfg(test)]
    heard: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// At the end of the way: the file, or the name that is missing.
    End,
    /// At a folder or a link on the way, or it is not known where.
    Way,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called on the watcher's thread for whatever happens in the watched folders, one of which is the home folder.
    fn hear(&self, event: &notify::Result<Event>) {
        let mut guard = self.state();
        let state = &mut *guard;
        for (way, change) in state.ways.iter().zip(&mut state.changes) {
            if let Some(new) = concerns(way, event) {
                *change = (*change).max(Some(new));
                self.wake.notify_all();
            }
        }
        #[cfg(test)]
        state.heard.extend(event.iter().flat_map(|event| event.paths.clone()));
    }

    /// Sleeps until there is something to look at, and says what of each file; `None` is the end.
    fn next(&self) -> Option<Vec<Option<Change>>> {
        let mut state = self.state();
        loop {
            if state.stop {
                return None;
            }
            let changes: Vec<Option<Change>> = state.changes.iter_mut().map(Option::take).collect();
            let any = changes.iter().any(Option::is_some);
            #[cfg(test)]
            {
                state.busy = any;
            }
            if any {
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
    // Reading is not a change; else our own would wake us.
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

/// A watcher may tell a name in the case it has on the disk, and not in the one we asked for.
fn same(ours: &Path, told: &Path) -> bool {
    let folded = cfg!(any(target_os = "macos", windows));
    ours == told || folded && ours.as_os_str().eq_ignore_ascii_case(told.as_os_str())
}

/// Keeps the watcher on the way to each file, wherever that leads.
struct Lookout {
    files: Vec<PathBuf>,
    watcher: RecommendedWatcher,
    ways: Vec<Vec<Step>>,
    shared: Arc<Shared>,
}

impl Lookout {
    fn keep(mut self, tell: &[mpsc::Sender<()>]) {
        while let Some(changes) = self.shared.next() {
            let moved = changes.contains(&Some(Change::Way)) || self.lead_elsewhere().contains(&true);
            if moved && let Err(error) = self.arm() {
                tracing::debug!(%error, "watching ends here");
                return;
            }
            for (tell, _) in tell.iter().zip(changes).filter(|(_, change)| change.is_some()) {
                let _told_already = tell.try_send(());
            }
            if tell.iter().all(mpsc::Sender::is_closed) {
                return;
            }
        }
    }

    /// Of each file, whether the way to it is another by now.
    fn lead_elsewhere(&self) -> Vec<bool> {
        self.files.iter().zip(&self.ways).map(|(file, way)| way::to(file) != *way).collect()
    }

    /// Watches the ways anew. Also what seems to be watched already: the watcher drops a folder by itself once it
    /// hears, late perhaps, that it was moved.
    fn arm(&mut self) -> Result<(), WatchError> {
        for folder in folders(&self.ways) {
            let _ = self.watcher.unwatch(&folder);
        }
        self.ways = self.files.iter().map(|file| way::to(file)).collect();
        {
            let mut state = self.shared.state();
            state.ways.clone_from(&self.ways);
            state.changes.resize(self.ways.len(), None);
        }
        let armed = self.watch_folders();
        let elsewhere = self.lead_elsewhere();
        if !elsewhere.contains(&true) {
            return armed;
        }
        // It leads elsewhere by now, and that may have gone unheard.
        for (change, _) in self.shared.state().changes.iter_mut().zip(elsewhere).filter(|(_, moved)| *moved) {
            *change = Some(Change::Way);
        }
        Ok(())
    }

    /// The outer folders first, so that what happens to an inner one after that is heard.
    fn watch_folders(&mut self) -> Result<(), WatchError> {
        let mut any = false;
        let mut refused = None;
        for folder in folders(&self.ways) {
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(WatchError::from) {
                Ok(()) => any = true,
                Err(WatchError::Unavailable(error)) => refused = Some(error),
                Err(limit) => return Err(limit),
            }
        }
        match refused {
            Some(error) if !any => Err(WatchError::Unavailable(error)),
            Some(error) => {
                tracing::debug!(error, "one of the folders around the sign-in cannot be watched");
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Each once.
fn folders(ways: &[Vec<Step>]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for step in ways.iter().flatten() {
        if !folders.contains(&step.folder) {
            folders.push(step.folder.clone());
        }
    }
    folders
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
