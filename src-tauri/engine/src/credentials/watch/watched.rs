//! Keeps the system's watcher on the current path chain of each file.

use super::{Change, Changes, Heard, Shared, Stamp, WatchError};
use crate::credentials::watch::path_chain;
use crate::credentials::watch::path_chain::Step;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;

#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Exists while something is watched.
    watcher: Option<RecommendedWatcher>,
    groups: BTreeMap<u64, Group>,
    last: u64,
}

/// The files of one [`super::Watch`].
#[derive(Debug)]
struct Group {
    files: Vec<PathBuf>,
    ways: Vec<Vec<Step>>,
    tell: Vec<mpsc::Sender<()>>,
}

impl Watched {
    pub(super) fn add(
        &mut self,
        files: Vec<PathBuf>,
        tell: Vec<mpsc::Sender<()>>,
        shared: &Arc<Shared>,
    ) -> Result<u64, WatchError> {
        if self.watcher.is_none() {
            let ears = Arc::clone(shared);
            self.watcher = Some(notify::recommended_watcher(move |event| ears.hear(&event))?);
        }
        self.last += 1;
        let id = self.last;
        self.groups.insert(id, Group { files, ways: Vec::new(), tell });
        shared.state().heard.push(Heard { id, ..Heard::default() });
        let armed = self.arm(id, shared);
        if armed.is_err() {
            self.remove(id, shared);
        }
        armed.map(|()| id)
    }

    pub(super) fn act(&mut self, changes: Vec<(u64, Option<Changes>)>, shared: &Shared) {
        for (id, changes) in changes {
            let goes_on = changes.is_some_and(|changes| self.report(id, &changes, shared));
            if !goes_on {
                self.remove(id, shared);
            }
        }
    }

    /// Rewatches the files if needed, then reports the changes. Returns `false` if the watch has ended.
    fn report(&mut self, id: u64, changes: &[Option<Change>], shared: &Shared) -> bool {
        let Some(group) = self.groups.get(&id) else { return false };
        let moved = changes.contains(&Some(Change::Way)) || group.lead_elsewhere().contains(&true);
        if moved && let Err(error) = self.arm(id, shared) {
            tracing::debug!(%error, "watching ends here");
            return false;
        }
        let Some(group) = self.groups.get(&id) else { return false };
        for (tell, _) in group.tell.iter().zip(changes).filter(|(_, change)| change.is_some()) {
            let _told_already = tell.try_send(());
        }
        !group.tell.iter().all(mpsc::Sender::is_closed)
    }

    fn remove(&mut self, id: u64, shared: &Shared) {
        shared.state().heard.retain(|heard| heard.id != id);
        let Some(group) = self.groups.remove(&id) else { return };
        if self.groups.is_empty() {
            self.watcher = None;
        } else if let Some(watcher) = &mut self.watcher {
            let needed = folders(self.groups.values().flat_map(|group| &group.ways));
            for folder in folders(&group.ways).iter().filter(|folder| !needed.contains(folder)) {
                let _ = watcher.unwatch(folder);
            }
        }
    }

    /// Rewatches the path chains of one group, including folders that seem to be watched: once it learns, perhaps late, that a
    /// folder was moved, the watcher drops it on its own. Changes to any watched file in the meantime are not missed.
    fn arm(&mut self, id: u64, shared: &Shared) -> Result<(), WatchError> {
        let before = self.stamps();
        let Some(group) = self.groups.get_mut(&id) else { return Ok(()) };
        let old = folders(&group.ways);
        group.ways = group.files.iter().map(|file| path_chain::to(file)).collect();
        let mut new = folders(&group.ways);
        if let Some(heard) = shared.state().of(id) {
            heard.ways.clone_from(&group.ways);
            heard.changes.resize(heard.ways.len(), None);
        }
        let others = folders(self.groups.iter().filter(|(other, _)| **other != id).flat_map(|(_, group)| &group.ways));
        new.extend(old.iter().filter(|folder| others.contains(folder)).cloned());
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        for folder in &old {
            let _ = watcher.unwatch(folder);
        }
        let armed = watch_folders(watcher, &new);
        self.catch_up(&before, shared);
        let elsewhere = self.groups.get(&id).is_some_and(|group| group.lead_elsewhere().contains(&true));
        if elsewhere { Ok(()) } else { armed }
    }

    /// Marks files that changed since `before`, in case their events were missed.
    fn catch_up(&self, before: &BTreeMap<u64, Vec<Stamp>>, shared: &Shared) {
        let now = self.stamps();
        let mut state = shared.state();
        for (id, group) in &self.groups {
            let Some(heard) = state.of(*id) else { continue };
            let changed = before[id].iter().zip(&now[id]).map(|(before, now)| before != now);
            for ((change, changed), moved) in heard.changes.iter_mut().zip(changed).zip(group.lead_elsewhere()) {
                let missed = if moved { Some(Change::Way) } else { changed.then_some(Change::End) };
                *change = (*change).max(missed);
            }
        }
        shared.wake.notify_all();
    }

    fn stamps(&self) -> BTreeMap<u64, Vec<Stamp>> {
        let of = |group: &Group| group.files.iter().map(|file| Stamp::of(file)).collect();
        self.groups.iter().map(|(id, group)| (*id, of(group))).collect()
    }
}

impl Group {
    /// For each file, whether its path chain has changed.
    fn lead_elsewhere(&self) -> Vec<bool> {
        self.files.iter().zip(&self.ways).map(|(file, way)| path_chain::to(file) != *way).collect()
    }
}

/// Watches outer folders first, so that later changes to inner ones are reported.
fn watch_folders(watcher: &mut RecommendedWatcher, folders: &[PathBuf]) -> Result<(), WatchError> {
    let mut any = false;
    let mut refused = None;
    for folder in folders {
        match watcher.watch(folder, RecursiveMode::NonRecursive).map_err(WatchError::from) {
            Ok(()) => any = true,
            Err(WatchError::Unavailable(error)) => refused = Some(error),
            Err(limit) => return Err(limit),
        }
    }
    match refused {
        Some(error) if !any => Err(WatchError::Unavailable(error)),
        Some(error) => {
            tracing::debug!(error, "cannot watch one of the parent folders of the sign-in");
            Ok(())
        }
        None => Ok(()),
    }
}

/// The folders without duplicates.
fn folders<'a>(ways: impl IntoIterator<Item = &'a Vec<Step>>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for step in ways.into_iter().flatten() {
        if !folders.contains(&step.folder) {
            folders.push(step.folder.clone());
        }
    }
    folders
}
