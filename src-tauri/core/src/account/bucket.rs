//! Rate limit for passive readings.

use crate::gate::policy::{PUSHED_BURST, PUSHED_EVERY};
use crate::time::{Moment, millis};

/// A token bucket: a burst, then one per interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    left: u32,
    filled: Moment,
}

impl Bucket {
    pub(super) fn full(now: Moment) -> Self {
        Self { left: PUSHED_BURST, filled: now }
    }

    /// Takes one token if there is one.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let more = millis(now.since(self.filled)) / millis(PUSHED_EVERY);
        if more > 0 {
            self.left = self.left.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)).min(PUSHED_BURST);
            self.filled = now;
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }
}
