//! The credential locations, each with its monitor.

use super::Supervisor;
use crate::credentials::monitor::{LocationMonitor, Look};
use crate::owners::{CredentialStore, locations};
use crate::tasks::runner::RunnerCommand;
use holdoff_core::credential::location::PreviousAccount;
use holdoff_core::{CredentialLocation, Told, Wall};

/// One location and its monitor.
#[derive(Debug)]
pub(super) struct Location {
    pub place: CredentialLocation,
    pub source: CredentialStore,
    pub lookout: LocationMonitor,
    /// The location was read, and no change has been noticed since.
    pub looked: bool,
    /// When its sign-in was written.
    pub written: Option<Wall>,
    /// Its name with links in the path resolved.
    pub real: String,
    /// Readings found there, to be passed on once a runner exists.
    pub told: Vec<Told>,
}

impl Supervisor {
    /// Watches the configured locations, and no others.
    pub(super) async fn take_stands(&mut self) {
        let (environment, settings) = (self.environment.clone(), self.settings.clone());
        let found = tokio::task::spawn_blocking(move || {
            (locations::all(&environment, &settings), locations::first(&environment))
        });
        let Ok((sources, first)) = found.await else {
            return;
        };
        self.first = first;
        let mut before = std::mem::take(&mut self.stands);
        for source in sources {
            let kept = before.iter().position(|stand| stand.source == source);
            self.stands.push(match kept {
                Some(kept) => before.swap_remove(kept),
                None => self.stand_at(source),
            });
        }
    }

    fn stand_at(&self, source: CredentialStore) -> Location {
        let place = CredentialLocation::known(&self.snapshots.borrow().state, source.provider(), &source.place());
        let data_dir = self.environment.data_dir.clone();
        let (clock, looks, unwatched) = (self.tools.clock.clone(), self.tell_looks.clone(), self.unwatched.clone());
        let (watcher, sessions) = (self.watcher.clone(), self.sessions.clone());
        let lookout = LocationMonitor::start(source.clone(), data_dir, clock, watcher, sessions, looks, unwatched);
        let real = place.name().to_owned();
        Location { place, source, lookout, looked: false, written: None, real, told: Vec::new() }
    }

    pub(super) fn looked(&mut self, look: Look) {
        let now = self.tools.clock.now();
        let Some(stand) = self.stands.iter_mut().find(|stand| stand.place.name() == look.place) else {
            return;
        };
        let was = stand.place.clone();
        let before = stand.place.looked(&look.read, now);
        stand.looked = true;
        (stand.written, stand.real, stand.told) = (look.written, look.real, look.told);
        let Some(account) = stand.place.account.clone() else {
            return;
        };
        match before {
            Some(PreviousAccount::Unnamed(unnamed)) => {
                self.renamed.insert(account.clone(), unnamed);
            }
            Some(PreviousAccount::Other(other)) => {
                self.succeeded.insert(account.clone(), other);
            }
            None => {}
        }
        if (look.stirred || was != stand.place)
            && let Some(running) = self.running.get(&account).filter(|running| running.place == look.place)
        {
            let _ = running.orders.send(RunnerCommand::Stirred);
        }
    }

    pub(super) async fn first_looks(&mut self) {
        while self.stands.iter().any(|stand| !stand.looked)
            && let Some(look) = self.looks.recv().await
        {
            self.looked(look);
        }
    }
}
