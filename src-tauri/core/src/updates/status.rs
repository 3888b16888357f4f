//! How updates stand, for whoever shows it.

use super::kept::Checked;
use super::release::{Package, PackageKind};
use crate::time::{Moment, Wall};
use std::time::Duration;

/// How updates stand, for whoever shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdatesStatus {
    /// Whether this build can look for updates.
    pub can_look: bool,
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
    /// Whether this copy can be replaced by it.
    pub can_install: bool,
}

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
