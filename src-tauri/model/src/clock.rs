//! The clocks of the model's machine, which nobody sets.

use holdoff_core::{Boot, Moment, Wall};
use holdoff_sim::observation::Millis;

/// 2026-09-14 12:00:00 UTC, when every world begins, an hour after its machine.
const NOON: Millis = 1_789_387_200_000;
const STARTED: Millis = -3_600_000;

/// A real time as the machine's clocks show it.
pub fn moment(now: Millis) -> Moment {
    Moment { wall: Wall(NOON + now), boot: Boot(now - STARTED) }
}

/// The real time of a moment on the machine's clocks.
pub fn really(moment: Moment) -> Millis {
    moment.boot.0 + STARTED
}
