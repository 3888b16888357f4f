//! Installs an update: fetches it, verifies it, and only then puts it in place.

use super::{Action, FetchFailure, InstallFailure, Installed, Installing, Package, ReleasePermit, Updates};
use crate::gate::policy;
use crate::messages;
use crate::record::ledger::{LedgerEvent, OutcomeKind, Trigger};
use crate::time::Moment;

impl Updates {
    pub(super) fn install(&mut self, version: &str, now: Moment) {
        if self.installing.is_under_way() {
            return;
        }
        self.installing = match self.wanted_package(version, now) {
            Ok(package) => {
                self.record(now, LedgerEvent::Sent { why: Trigger::Person });
                Installing::Wanted(package)
            }
            Err(failure) => Installing::Failed(failure),
        };
    }

    fn wanted_package(&self, version: &str, now: Moment) -> Result<Package, InstallFailure> {
        let release = self.offered().filter(|release| release.version.to_string() == version);
        let release = release.ok_or(InstallFailure::NotOffered)?;
        let package = self.package(release).ok_or(InstallFailure::NoPackage)?;
        match self.state.held.filter(|held| held.is_after(now)) {
            Some(until) => Err(InstallFailure::Held { until }),
            None => Ok(package.clone()),
        }
    }

    pub(super) fn go_on_installing(&mut self, now: Moment) -> Option<Action> {
        match &self.installing {
            Installing::Wanted(package) => {
                let package = package.clone();
                self.installing = Installing::Fetching;
                Some(Action::Fetch(ReleasePermit::package(&package, now), package))
            }
            Installing::Fetched => {
                self.installing = Installing::Putting;
                self.build.package.map(Action::Install)
            }
            _ => None,
        }
    }

    pub(super) fn fetched(&mut self, result: Result<(), FetchFailure>, now: Moment) {
        let outcome = match &result {
            Ok(()) => OutcomeKind::Package,
            Err(FetchFailure::RateLimited { retry_after }) => {
                self.hold(retry_after.unwrap_or(policy::UPDATE_HELD), now);
                OutcomeKind::RateLimited
            }
            Err(FetchFailure::Status(500..)) => OutcomeKind::ServerTrouble,
            Err(FetchFailure::Status(_)) => OutcomeKind::Forbidden,
            Err(FetchFailure::NotSent(_) | FetchFailure::NoSpace { .. }) => OutcomeKind::Unreachable,
            Err(FetchFailure::Torn(_) | FetchFailure::NotAsSigned | FetchFailure::Disk(_)) => OutcomeKind::Unreadable,
        };
        let detail = messages::update_fetched(result.as_ref().err());
        self.record(now, LedgerEvent::Completed { outcome, detail: Some(detail) });
        self.installing = match result {
            Ok(()) => Installing::Fetched,
            Err(failure) => Installing::Failed(InstallFailure::Fetch(failure)),
        };
    }

    pub(super) fn installed(&mut self, result: Result<Installed, String>) {
        self.installing = match result {
            Ok(Installed::InPlace) => Installing::Done,
            Ok(Installed::ToPaste { command }) => Installing::ToPaste { command },
            Err(why) => Installing::Failed(InstallFailure::Put(why)),
        };
    }
}
