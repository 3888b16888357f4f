//! The machine: a clock that nobody can set, one that anybody can set, and sleep.

use crate::observation::Millis;
use holdoff_core::{Boot, Moment, Wall};

/// 2026-09-14 12:00:00 UTC, when every world begins.
const NOON: Millis = 1_789_387_200_000;

#[derive(Debug)]
pub(super) struct Machine {
    /// When it was started.
    started: Millis,
    /// The number of this boot.
    pub(super) boot: u32,
    /// How far the wall clock is ahead of real time.
    pub(super) ahead: Millis,
    pub(super) asleep: bool,
    pub(super) off: bool,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { started: -1_000_000, boot: 1, ahead: 0, asleep: false, off: false }
    }

    pub(super) fn moment(&self, now: Millis) -> Moment {
        Moment { wall: self.wall(now), boot: Boot(now - self.started) }
    }

    pub(super) fn wall(&self, now: Millis) -> Wall {
        Wall(NOON + now + self.ahead)
    }

    /// The time according to servers, whose clocks are right.
    pub(super) fn server_time(now: Millis) -> Wall {
        Wall(NOON + now)
    }

    /// The real time of a moment on this machine's clocks. Its wall time is only right as of now.
    pub(super) fn really(&self, moment: Moment) -> Millis {
        moment.boot.0.saturating_add(self.started)
    }

    pub(super) fn really_by_wall(&self, wall: Wall) -> Millis {
        wall.0.saturating_sub(NOON + self.ahead)
    }

    pub(super) fn boot_id(&self) -> String {
        format!("boot {}", self.boot)
    }

    pub(super) fn start_anew(&mut self, now: Millis) {
        self.boot += 1;
        self.started = now - 5_000;
        self.off = false;
    }
}
