//! The spacing between two requests, and jitter.

use super::policy;
use std::time::Duration;

/// Whether the minimum spacing between requests applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    Kept,
    /// Only for the one retry of law 6.
    Waived,
}

/// Random jitter, in thousandths of [`policy::JITTER_PER_MILLE`]. It only lengthens a wait.
#[derive(Debug, Clone, Copy)]
pub struct Jitter(pub u64);

impl Jitter {
    pub(crate) fn lengthen(self, wait: Duration) -> Duration {
        let most = wait.as_millis() / 1000 * u128::from(policy::JITTER_PER_MILLE);
        let extra = most * u128::from(self.0.min(1000)) / 1000;
        wait.saturating_add(Duration::from_millis(u64::try_from(extra).unwrap_or(u64::MAX)))
    }
}
