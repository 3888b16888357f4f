//! How fast a window is used up, and when that will be.
//!
//! Units: use in percent of the window, time in milliseconds.
//!
//! What is known are points of one cycle, never from before a reset: how much was used, and when that was true. Between
//! two points use is taken to have grown evenly.
//!
//! A window of a day or less has a horizon of a seventh of its length, 43 minutes for 5 hours. Its burn rate is the
//! average growth weighted by e^(−age/horizon): a pause of some minutes slows it without stopping it, and a step of
//! rounding does not make it leap. Three rates are taken, over half the horizon, the whole and the double.
//!
//! A longer window has nights and days off in it, which a weight by age would misjudge by the hour at which one looks.
//! Its three rates are those of the last day, of the last two days and of all that was seen.
//!
//! The middle one of the three makes the forecast. The range around it is where eight of ten would fall if the stretches
//! of time so far (a quarter of the horizon, or a day) were drawn anew: wide for use in bursts, narrow for steady use.
//! Before there are stretches enough to tell, use is taken to vary by half. No range is narrower than the three rates.
//!
//! It is too early to say before a twentieth of the window has been seen; and on the first day of a longer window, which
//! may have been a busy morning, unless it comes to the same whether nothing more is used today or as much as until now.

use crate::gate::policy;
use crate::time::{Wall, millis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How much of a window was used at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(Wall, f64)", into = "(Wall, f64)")]
pub struct Point {
    pub at: Wall,
    /// Percent, 0–100; above 100 is possible.
    pub used: f64,
}

impl From<(Wall, f64)> for Point {
    fn from((at, used): (Wall, f64)) -> Self {
        Self { at, used }
    }
}

impl From<Point> for (Wall, f64) {
    fn from(point: Point) -> Self {
        (point.at, point.used)
    }
}

/// When a window will be used up, as its use goes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    LastsUntilReset,
    /// Before its reset. `latest` is the reset where it may last until then.
    RunsOut {
        at: Wall,
        earliest: Wall,
        latest: Wall,
    },
    TooEarly,
}

/// Longer windows have nights in them: their rates are taken over whole days.
const DAY: Duration = Duration::from_secs(86_400);

/// The part of a window that is looked back on, and the part that must have been seen.
const HORIZONS_IN_WINDOW: u32 = 7;
const EVIDENCE_IN_WINDOW: u32 = 20;

/// Percents may be rounded to whole ones at both ends.
const ROUNDING: f64 = 1.0;

/// Of stretches of use, as the range rests on them: how many there are in a horizon; how many are looked back on; and
/// what stands in for their variation until there are some: half the rate, as if seen in two.
const STRETCHES_IN_HORIZON: u32 = 4;
const STRETCHES_MAX: f64 = 16.0;
const USUAL_VARIATION: f64 = 0.5;
const USUAL_STRETCHES: f64 = 2.0;

/// Eight of ten lie within so many standard deviations.
const EIGHT_OF_TEN: f64 = 1.28;

/// Forecasts from the points of one cycle, the oldest first. `length` is the window's, where it is known. `None` where
/// there is nothing to forecast: it is used up or reset, or the newest point is too old to speak of the present.
pub fn forecast(points: &[Point], resets_at: Wall, length: Option<Duration>, now: Wall) -> Option<Forecast> {
    Look::at(points, resets_at, length)?.forecast(100.0, now)
}

/// One look at a cycle.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    points: &'a [Point],
    last: Point,
    resets_at: Wall,
    length: Duration,
}

impl<'a> Look<'a> {
    pub(crate) fn at(points: &'a [Point], resets_at: Wall, length: Option<Duration>) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let length = length.unwrap_or_else(|| resets_at.since(first.at));
        Some(Self { points, last: *last, resets_at, length })
    }

    /// When `full` percent are reached.
    pub(crate) fn forecast(&self, full: f64, now: Wall) -> Option<Forecast> {
        let left = full - self.last.used;
        let horizon = self.horizon();
        if left <= 0.0 || now >= self.resets_at || now.since(self.last.at) > horizon {
            return None;
        }
        if self.seen() < (self.length / EVIDENCE_IN_WINDOW).max(policy::FORECAST_AFTER) {
            return Some(Forecast::TooEarly);
        }
        let rates = self.rates(horizon, left);
        let until_full = |rate: f64| self.last.at.plus(ms(left / rate));
        let lasts = |rate: f64| rate <= 0.0 || until_full(rate) >= self.resets_at;
        if lasts(rates.middle) && (rates.settled || lasts(rates.highest)) {
            return Some(Forecast::LastsUntilReset);
        }
        if lasts(rates.middle) {
            return Some(Forecast::TooEarly);
        }
        let latest = if lasts(rates.lowest) { self.resets_at } else { until_full(rates.lowest) };
        let earliest = until_full(rates.highest).max(now);
        Some(Forecast::RunsOut { at: until_full(rates.middle).max(earliest), earliest, latest: latest.max(earliest) })
    }

    /// When one horizon is over, and how much will be used by then as use goes now. For holding it against the truth.
    pub(crate) fn one_horizon_later(&self) -> (Wall, f64) {
        let horizon = self.horizon();
        (self.last.at.plus(horizon), self.last.used + self.rates(horizon, 1.0).middle * as_ms(horizon))
    }

    fn horizon(&self) -> Duration {
        self.length / HORIZONS_IN_WINDOW
    }

    fn rates(&self, horizon: Duration, left: f64) -> Rates {
        let seen = self.seen();
        let long = self.length > DAY;
        let mut three = if long {
            [DAY, DAY * 2, seen.max(DAY)].map(|time| self.grown_in(time) / as_ms(time))
        } else {
            [horizon / 2, horizon, horizon * 2].map(|horizon| self.weighted(as_ms(horizon)))
        };
        if long && seen < DAY * 2 {
            three[1] = three[2];
        }
        three.sort_by(f64::total_cmp);
        let [lowest, middle, highest] = three.map(|rate| rate.max(0.0));
        let settled = !long || seen >= DAY;
        let as_until_now = if settled { 0.0 } else { self.grown_in(seen) / as_ms(seen).max(1.0) };
        let stretch = if long { DAY } else { horizon / STRETCHES_IN_HORIZON };
        let spread = self.spread(middle, stretch, left) + ROUNDING / as_ms(if long { DAY } else { horizon }).max(1.0);
        Rates {
            lowest: lowest.min(middle - spread).max(0.0),
            middle,
            highest: highest.max(middle + spread).max(as_until_now),
            settled,
        }
    }

    /// How far the rate until `left` more points are used may be from `rate`, in eight of ten cases.
    fn spread(&self, rate: f64, stretch: Duration, left: f64) -> f64 {
        let whole = as_ms(stretch).max(1.0);
        let count = (as_ms(self.seen()) / whole).min(STRETCHES_MAX).floor() as u32;
        let grown = |n: u32| self.grown_in(stretch * (n + 1)) - self.grown_in(stretch * n);
        let squares: f64 = (0..count).map(|n| (grown(n) / whole - rate).powi(2)).sum();
        let usual = (USUAL_VARIATION * rate).powi(2) * USUAL_STRETCHES;
        let variance = (squares + usual) / (f64::from(count) + USUAL_STRETCHES);
        let ahead = (left / rate.max(f64::MIN_POSITIVE) / whole).max(1.0);
        EIGHT_OF_TEN * (variance * (1.0 / (f64::from(count) + 1.0) + 1.0 / ahead)).sqrt()
    }

    fn seen(&self) -> Duration {
        self.points.first().map_or(Duration::ZERO, |first| self.last.at.since(first.at))
    }

    /// How many points were used in the last `time`, or in all that was seen of it.
    fn grown_in(&self, time: Duration) -> f64 {
        let from = Wall(self.last.at.0.saturating_sub(millis(time)));
        let after = self.points.partition_point(|point| point.at <= from);
        let then = match (after.checked_sub(1).and_then(|before| self.points.get(before)), self.points.get(after)) {
            (Some(before), Some(next)) => {
                let share = as_ms(from.since(before.at)) / as_ms(next.at.since(before.at)).max(1.0);
                before.used + (next.used - before.used) * share
            }
            (Some(only), None) | (None, Some(only)) => only.used,
            (None, None) => self.last.used,
        };
        self.last.used - then
    }

    /// Percent per millisecond, each growth weighted by its age.
    fn weighted(&self, horizon: f64) -> f64 {
        let age = |point: &Point| as_ms(self.last.at.since(point.at));
        let grown: f64 = self
            .points
            .windows(2)
            .filter(|pair| pair[1].at > pair[0].at)
            .map(|pair| {
                let (older, newer) = (age(&pair[0]), age(&pair[1]));
                let steepness = (pair[1].used - pair[0].used) / (older - newer);
                steepness * (weight(horizon, older) - weight(horizon, newer))
            })
            .sum();
        grown / weight(horizon, as_ms(self.seen())).max(1.0)
    }
}

#[derive(Debug)]
struct Rates {
    lowest: f64,
    middle: f64,
    highest: f64,
    /// Enough was seen for the middle one to count.
    settled: bool,
}

/// How much the time from now back to `age` weighs: the integral of e^(−age/horizon), in milliseconds.
fn weight(horizon: f64, age: f64) -> f64 {
    horizon * (1.0 - (-age / horizon.max(1.0)).exp())
}

fn as_ms(time: Duration) -> f64 {
    millis(time) as f64
}

fn ms(time: f64) -> Duration {
    Duration::from_millis(time.clamp(0.0, 1e13) as u64)
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
