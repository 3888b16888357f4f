//! Time as passed to the core: wall-clock time, and time since boot.
//!
//! Waits are counted on the boot clock, which nobody can set. The wall clock is for what people and servers say ("resets at
//! 15:30"), and for bridging a reboot, which nothing else survives.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Milliseconds since the Unix epoch, on a clock that a user or NTP may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wall(pub i64);

/// Milliseconds since the machine started, sleep included. Only comparable within one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(pub i64);

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Moment {
    pub wall: Wall,
    pub boot: Boot,
}

/// `Duration` in whole milliseconds, saturating.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

impl Wall {
    /// From Unix seconds.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Wall) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }

    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }
}

impl Boot {
    /// Time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Boot) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }

    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }
}

impl Moment {
    /// Real time from `earlier` to here, whatever changes were made to the wall clock in between; zero if `earlier` is
    /// later.
    pub fn since(self, earlier: Moment) -> Duration {
        self.boot.since(earlier.boot)
    }

    pub fn plus(self, by: Duration) -> Self {
        Self { wall: self.wall.plus(by), boot: self.boot.plus(by) }
    }

    /// Whether this moment is in the future at `now`.
    pub fn is_after(self, now: Moment) -> bool {
        self.boot > now.boot
    }

    /// The later of the two on the boot clock.
    pub fn later(self, other: Moment) -> Moment {
        if other.boot > self.boot { other } else { self }
    }

    /// The earlier of the two on the boot clock.
    pub fn sooner(self, other: Moment) -> Moment {
        if other.boot < self.boot { other } else { self }
    }

    /// What the wall clock will show at this moment if it is not set again. A deadline recorded before the clock was set is
    /// thereby shown in the current local time.
    pub fn wall_as_of(self, now: Moment) -> Wall {
        Wall(now.wall.0.saturating_add(self.boot.0.saturating_sub(now.boot.0)))
    }

    /// Carries a past moment over a reboot by the wall clock alone. If the wall clock was set back and the moment seems to
    /// be in the future, it counts as now: the longest wait that can be justified.
    pub fn rebase_past(self, now: Moment) -> Moment {
        self.rebase_after_reboot(self, now)
    }

    /// Carries a moment over a reboot. Only the wall clock shows how long the machine was off, counted from `last`, the
    /// last moment known on both clocks, so that earlier changes to the wall clock do not matter. If the wall clock was set
    /// back over the reboot, no time counts as passed.
    pub fn rebase_after_reboot(self, last: Moment, now: Moment) -> Moment {
        let left = self.boot.0.saturating_sub(last.boot.0);
        let away = millis(now.wall.since(last.wall));
        Moment { wall: self.wall, boot: Boot(now.boot.0.saturating_add(left).saturating_sub(away)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, boot: i64) -> Moment {
        Moment { wall: Wall(wall), boot: Boot(boot) }
    }

    #[test]
    fn moments_are_ordered_by_the_boot_clock() {
        let (one, same, next) = (at(7, 10), at(5, 10), at(1, 11));
        assert_eq!((one.sooner(next), next.sooner(one)), (one, one));
        assert_eq!((one.later(next), next.later(one)), (next, next));
        assert_eq!((one.sooner(same), one.later(same)), (one, one), "of one moment, the first as it was written down");
    }

    #[test]
    fn deadline_after_reboot_is_rebased_by_the_wall_clock() {
        let (since, until) = (at(1_000, 50_000), at(11_000, 60_000));
        assert_eq!(until.rebase_after_reboot(since, at(4_000, 10)), at(11_000, 7_010));
    }

    #[test]
    fn deadline_after_reboot_with_clock_set_back_is_never_longer() {
        let (since, until) = (at(1_000_000, 50_000), at(1_010_000, 60_000));
        let now = at(0, 10);
        assert_eq!(until.rebase_after_reboot(since, now).since(now), Duration::from_secs(10));
    }

    /// Found by the simulation (seed 34): a clock that was set while Holdoff ran opened a gate over the next reboot.
    #[test]
    fn deadline_after_reboot_ignores_clock_changes_before_the_last_save() {
        let until = at(3_600_000, 3_600_000);
        for jump in [-86_400_000, 86_400_000] {
            let last = at(600_000 + jump, 600_000);
            let now = at(1_200_000 + jump, 10);
            assert_eq!(until.rebase_after_reboot(last, now).since(now), Duration::from_secs(2400), "{jump}");
        }
    }

    #[test]
    fn past_moment_after_reboot_is_never_in_the_future() {
        assert_eq!(at(9_000, 0).rebase_past(at(5_000, 700)).boot, Boot(700));
        assert_eq!(at(3_000, 0).rebase_past(at(5_000, 700)).boot, Boot(-1_300));
    }

    #[test]
    fn deadline_wall_time_follows_the_current_clock() {
        let until = at(10_000, 10_000);
        assert_eq!(until.wall_as_of(at(104_000, 4_000)), Wall(110_000));
    }

    #[test]
    fn time_arithmetic_saturates_at_extremes() {
        let far = at(i64::MAX, i64::MAX);
        assert_eq!(far.plus(Duration::MAX), far);
        assert_eq!(at(i64::MIN, i64::MIN).since(far), Duration::ZERO);
    }
}
