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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Boot, Wall};

    #[test]
    fn bucket_gives_a_burst_then_one_in_each_interval_however_often_it_is_asked() {
        let start = Moment { wall: Wall(0), boot: Boot(0) };
        let mut bucket = Bucket::full(start);
        assert!((0..PUSHED_BURST).all(|_| bucket.take(start)));
        assert!(!bucket.take(start));
        assert!(!bucket.take(start.plus(PUSHED_EVERY / 2)), "half an interval");
        assert!(bucket.take(start.plus(PUSHED_EVERY)) && !bucket.take(start.plus(PUSHED_EVERY)));
    }
}
