//! Randomness from a seed argument, so that the same calls give the same run.

use crate::gate::Jitter;
use crate::gate::policy;
use std::time::Duration;

/// splitmix64, which is good enough for jitter.
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn jitter(&mut self) -> Jitter {
        Jitter(self.draw() % 1001)
    }

    pub(crate) fn wake_pause(&mut self) -> Duration {
        let (least, most) = (policy::WAKE_PAUSE.start(), policy::WAKE_PAUSE.end());
        Duration::from_millis(least + self.draw() % (most - least + 1))
    }
}
