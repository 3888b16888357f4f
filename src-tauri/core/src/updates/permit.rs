//! Permits for single requests to the release server.

use super::Package;
use super::release::LIST;
use crate::gate::policy;
use crate::time::Moment;
use std::time::Duration;

/// The right to fetch one file of a release. Only [`Updates`](super::Updates) makes one, and the HTTP layer takes it by
/// value: no permit, no request (law 1). It is not valid for any provider endpoint, and no token is sent with it.
#[derive(Debug)]
#[must_use = "a permit that is dropped is a request that was not sent"]
pub struct ReleasePermit {
    file: String,
    /// Maximum size in bytes.
    most: u64,
    given: Moment,
}

impl ReleasePermit {
    pub(super) fn list(given: Moment) -> Self {
        Self { file: LIST.to_owned(), most: policy::UPDATE_LIST_MAX as u64, given }
    }

    pub(super) fn package(package: &Package, given: Moment) -> Self {
        Self { file: package.file.clone(), most: package.size, given }
    }

    /// The file's name on the server.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn most(&self) -> u64 {
        self.most
    }

    pub fn given(&self) -> Moment {
        self.given
    }

    /// Whether the request may still leave. More than a minute means that the machine slept (law 12).
    pub fn holds(&self, waited: Duration) -> bool {
        waited <= policy::ASLEEP
    }
}
