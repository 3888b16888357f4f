//! The program's clock, as `HOLDOFF_CLOCK` sets it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that reads `epoch + (real − epoch) · speed`, equally in every process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockSpec {
    /// When program time and real time agree, in seconds since 1970.
    pub epoch_s: f64,
    /// Program seconds per real second; above zero.
    pub speed: f64,
}

impl ClockSpec {
    /// A clock that agrees with real time now (to the whole second) and runs at `speed` from here.
    pub fn from_now(speed: f64) -> Self {
        assert!(speed > 0.0, "a clock needs a speed above zero, not {speed}");
        Self { epoch_s: seconds(SystemTime::now()).floor(), speed }
    }

    /// Real time.
    pub fn real() -> Self {
        Self::from_now(1.0)
    }

    /// The value of `HOLDOFF_CLOCK`: `<epoch s>x<speed>`.
    pub fn to_env(self) -> String {
        format!("{}x{}", self.epoch_s, self.speed)
    }

    /// The program time at the real time `real`.
    pub fn program(self, real: SystemTime) -> SystemTime {
        time(self.epoch_s + (seconds(real) - self.epoch_s) * self.speed)
    }

    /// The real time at the program time `program`.
    pub fn real_at(self, program: SystemTime) -> SystemTime {
        time(self.epoch_s + (seconds(program) - self.epoch_s) / self.speed)
    }

    /// The program time now.
    pub fn now(self) -> SystemTime {
        self.program(SystemTime::now())
    }

    /// The real duration of a span of program time.
    pub fn real_length(self, program: Duration) -> Duration {
        program.div_f64(self.speed)
    }

    /// The program duration of a span of real time.
    pub fn program_length(self, real: Duration) -> Duration {
        real.mul_f64(self.speed)
    }
}

/// Seconds since 1970; negative before.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Milliseconds since 1970, as Claude Code writes its times.
pub(crate) fn millis(time: SystemTime) -> i64 {
    (seconds(time) * 1000.0).round() as i64
}

fn time(seconds: f64) -> SystemTime {
    if seconds >= 0.0 {
        UNIX_EPOCH + Duration::from_secs_f64(seconds)
    } else {
        UNIX_EPOCH - Duration::from_secs_f64(-seconds)
    }
}
