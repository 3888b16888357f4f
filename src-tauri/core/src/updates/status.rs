//! The status of updates, for display.

use super::persisted::Checked;
use super::release::{Package, PackageKind};
use crate::time::{Moment, Wall};
use std::time::Duration;

/// The status of updates, for display.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdatesStatus {
    /// Whether this build can check for updates.
    pub can_check: bool,
    pub package: Option<PackageKind>,
    pub wanted: bool,
    pub asked: Option<Wall>,
    pub next: Option<Moment>,
    pub outcome: Option<Checked>,
    pub offer: Option<Offer>,
    pub installing: Installing,
}

/// A newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub version: String,
    pub date: String,
    pub notes: Vec<String>,
    /// Whether this copy can be updated to it.
    pub can_install: bool,
}

/// The progress of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Installing {
    #[default]
    No,
    /// The user wants it, and fetching begins.
    Wanted(Package),
    Fetching,
    /// It was fetched and matches the signed list.
    Fetched,
    Putting,
    /// It is installed; the app restarts into it.
    Done,
    /// It was fetched, and this command installs it.
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

/// The result of installing a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    InPlace,
    /// Nothing here can install it, but this command can.
    ToPaste {
        command: String,
    },
}

/// Why a version was not installed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallFailure {
    /// It is no longer offered.
    NotOffered,
    /// There is no package for this copy.
    NoPackage,
    /// No requests until then: the server asked for a wait.
    Held {
        until: Moment,
    },
    Fetch(FetchFailure),
    /// Installing failed, for this reason.
    Put(String),
}

/// Why a package could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFailure {
    /// 429, with the server's `Retry-After`.
    RateLimited {
        retry_after: Option<Duration>,
    },
    Status(u16),
    NotSent(String),
    /// The transfer broke off, for this reason.
    Torn(String),
    /// It does not match the signed list.
    NotAsSigned,
    /// There is less free space than these bytes.
    NoSpace {
        needed: u64,
    },
    /// Writing failed, for this reason.
    Disk(String),
}
