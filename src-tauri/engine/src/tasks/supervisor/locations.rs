//! The credential locations, each with its monitor.

use super::Supervisor;
use crate::credentials::CredentialSource;
use crate::credentials::monitor::{LocationMonitor, LocationRead};
use crate::owners::locations;
use crate::tasks::runner::RunnerCommand;
use holdoff_core::credential::location::PreviousAccount;
use holdoff_core::providers::Provider;
use holdoff_core::{CredentialLocation, ReportedReading, Wall};

/// One location and its monitor.
#[derive(Debug)]
pub(super) struct Location {
    pub place: CredentialLocation,
    pub source: CredentialSource,
    pub monitor: LocationMonitor,
    /// The location was read, and no change has been noticed since.
    pub is_read: bool,
    /// When its sign-in was written.
    pub written: Option<Wall>,
    /// Its name with links in the path resolved.
    pub real: String,
    /// Readings found there, to be passed on once a runner exists.
    pub readings: Vec<ReportedReading>,
}

impl Supervisor {
    /// Watches the configured locations, and no others.
    pub(super) async fn update_locations(&mut self) {
        let (environment, settings) = (self.environment.clone(), self.settings.clone());
        let found = tokio::task::spawn_blocking(move || {
            (CredentialSource::all(&environment, &settings), locations::first(&environment))
        });
        let Ok((sources, first)) = found.await else {
            return;
        };
        self.first = first;
        let mut before = std::mem::take(&mut self.locations);
        for source in sources {
            let kept = before.iter().position(|location| location.source == source);
            self.locations.push(match kept {
                Some(kept) => before.swap_remove(kept),
                None => self.location_of(source),
            });
        }
    }

    fn location_of(&self, source: CredentialSource) -> Location {
        let place = CredentialLocation::saved(&self.snapshots.borrow().state, source.provider(), &source.place());
        let data_dir = self.environment.data_dir.clone();
        let (clock, reads, unwatched) = (self.tools.clock.clone(), self.tell_reads.clone(), self.unwatched.clone());
        let (watcher, sessions) = (self.watcher.clone(), self.sessions.clone());
        let monitor = LocationMonitor::start(source.clone(), data_dir, clock, watcher, sessions, reads, unwatched);
        let real = place.name().to_owned();
        Location { place, source, monitor, is_read: false, written: None, real, readings: Vec::new() }
    }

    pub(super) fn apply_read(&mut self, read: LocationRead) {
        let now = self.tools.clock.now();
        let Some(location) = self.locations.iter_mut().find(|location| location.place.name() == read.place) else {
            return;
        };
        let was = location.place.clone();
        let before = location.place.apply_read(&read.credential, now);
        location.is_read = true;
        (location.written, location.real, location.readings) = (read.written, read.real, read.readings);
        let Some(account) = location.place.account.clone() else {
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
        if (read.stirred || was != location.place)
            && let Some(running) = self.running.get(&account).filter(|running| running.place == read.place)
        {
            let _ = running.orders.send(RunnerCommand::Stirred);
        }
    }

    /// Reads a key again that was stored or removed. The account of a removed key is no longer polled.
    pub(super) fn key_replaced(&mut self, provider: Provider, removed: bool) {
        let is_its = |location: &&mut Location| {
            matches!(location.source, CredentialSource::Key(_)) && location.place.provider == provider
        };
        for location in self.locations.iter_mut().filter(is_its) {
            if removed {
                location.place = CredentialLocation::new(provider, &location.source.place());
            }
            location.monitor.recheck();
        }
    }

    pub(super) async fn first_reads(&mut self) {
        while self.locations.iter().any(|location| !location.is_read)
            && let Some(read) = self.reads.recv().await
        {
            self.apply_read(read);
        }
    }
}
