//! What its person wants installed: fetched first, looked at, and only then put in place.

use super::{Action, Package, ReleasePermit, Updates};
use crate::gate::policy;
use crate::messages;
use crate::record::ledger::{LedgerEvent, OutcomeKind, Trigger};
use crate::time::Moment;
use std::time::Duration;

/// How far installing has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Installing {
    #[default]
    No,
    /// It is wanted, and fetching it begins.
    Wanted(Package),
    Fetching,
    /// It is here and is what was signed.
    Fetched,
    Putting,
    /// It is in place; the app becomes it.
    Done,
    /// It is here, and this command installs it.
    ToPaste {
        command: String,
    },
    Failed(InstallFailure),
}

impl Installing {
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Wanted(_) | Self::Fetching | Self::Fetched | Self::Putting)
    }
}

/// What came of putting a package in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    InPlace,
    /// Nothing here can do it; this command can.
    ToPaste {
        command: String,
    },
}

/// Why a version was not installed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallFailure {
    /// It is not offered any more.
    NotOffered,
    /// It has no package for this copy.
    NoPackage,
    /// The server asked to be left alone until then.
    Held {
        until: Moment,
    },
    Fetch(FetchFailure),
    /// It could not be put in place: why.
    Put(String),
}

/// Why a package could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFailure {
    /// 429, and how long the server asks to wait.
    RateLimited {
        retry_after: Option<Duration>,
    },
    Status(u16),
    NotSent(String),
    /// It broke off: how.
    Torn(String),
    /// It is not what was signed.
    NotAsSigned,
    /// There is less room than these bytes.
    NoSpace {
        needed: u64,
    },
    /// It cannot be written: why.
    Disk(String),
}

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
