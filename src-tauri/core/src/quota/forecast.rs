//! Burn rate of a window, and the forecast of when it will be used up.
//!
//! Units: usage in percent of the window, time in milliseconds.
//!
//! The input is the points of one cycle, never from before a reset: a usage and the time it was true. Between two points,
//! usage is assumed to grow linearly.
//!
//! A window of up to a day has a horizon of a seventh of its length, 43 minutes for 5 hours. Its burn rate is the average
//! growth weighted by e^(−age/horizon): a pause of some minutes slows it without stopping it, and a rounding step does not
//! make it jump. Three rates are computed, with half the horizon, the horizon, and twice the horizon.
//!
//! A longer window includes nights and days off, so weighting by age would make the rate depend on the hour of the day. Its
//! three rates are those of the last day, the last two days, and everything observed.
//!
//! The median of the three rates gives the forecast. The range is an 80 % interval, estimated from how much usage varied
//! between past stretches (a quarter of the horizon, or a day): wide for bursty use, narrow for steady use. Until there are
//! enough stretches, usage is assumed to vary by half. The range is never narrower than the three rates.
//!
//! It is too early for a forecast until a twentieth of the window has been observed. On the first day of a longer window,
//! which may have been a busy morning, there is one only if no further usage and usage at the rate so far give the same
//! result.

use crate::gate::policy;
use crate::time::{Wall, millis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The usage of a window at one time.
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

/// When a window will be used up at the current rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    LastsUntilReset,
    /// Runs out before its reset. `latest` is the reset time if the window may last until then.
    RunsOut {
        at: Wall,
        earliest: Wall,
        latest: Wall,
    },
    TooEarly,
}

/// Windows longer than this include nights, so their rates are taken over whole days.
const DAY: Duration = Duration::from_secs(86_400);

/// The part of a window that forms the horizon, and the part that must have been observed.
const HORIZONS_IN_WINDOW: u32 = 7;
const EVIDENCE_IN_WINDOW: u32 = 20;

/// Percentages may be rounded to integers at both ends.
const ROUNDING: f64 = 1.0;

/// The stretches behind the range: how many make up a horizon, how many are used at most, and the prior for their variation,
/// which is half the rate with the weight of two stretches.
const STRETCHES_IN_HORIZON: u32 = 4;
const STRETCHES_MAX: f64 = 16.0;
const USUAL_VARIATION: f64 = 0.5;
const USUAL_STRETCHES: f64 = 2.0;

/// An 80 % interval reaches this many standard deviations to each side.
const EIGHT_OF_TEN: f64 = 1.28;

/// Forecasts from the points of one cycle, oldest first. `length` is the window's length, if known. Returns `None` if there
/// is nothing to forecast: the window is used up or reset, or the newest point is too old.
pub fn forecast(points: &[Point], resets_at: Wall, length: Option<Duration>, now: Wall) -> Option<Forecast> {
    ForecastInput::at(points, resets_at, length)?.forecast(100.0, now)
}

/// The usage expected at the reset, in percent, at most 100. `None` while there is no forecast.
pub fn at_reset(points: &[Point], resets_at: Wall, length: Option<Duration>, now: Wall) -> Option<f64> {
    ForecastInput::at(points, resets_at, length)?.at_reset(now)
}

/// The forecast input for one cycle.
#[derive(Debug)]
pub(crate) struct ForecastInput<'a> {
    points: &'a [Point],
    last: Point,
    resets_at: Wall,
    length: Duration,
}

impl<'a> ForecastInput<'a> {
    pub(crate) fn at(points: &'a [Point], resets_at: Wall, length: Option<Duration>) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let length = length.unwrap_or_else(|| resets_at.since(first.at));
        Some(Self { points, last: *last, resets_at, length })
    }

    /// When `full` percent will be reached.
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

    /// The usage expected at the reset, at most 100 %. `None` while there is no forecast.
    fn at_reset(&self, now: Wall) -> Option<f64> {
        match self.forecast(100.0, now)? {
            Forecast::TooEarly => None,
            Forecast::RunsOut { .. } => Some(100.0),
            Forecast::LastsUntilReset => {
                let rate = self.rates(self.horizon(), 1.0).middle;
                Some((self.last.used + rate * as_ms(self.resets_at.since(self.last.at))).min(100.0))
            }
        }
    }

    /// The end of the next horizon and the usage expected by then at the current rate, for the backtest.
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

    /// The 80 % spread around `rate` until `left` more percentage points are used.
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

    /// Percentage points used in the last `time`, or since the first point if that is later.
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

    /// Percent per millisecond, with each growth weighted by its age.
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
    /// Enough was observed for the median rate to count.
    settled: bool,
}

/// The weight of the time from now back to `age`: the integral of e^(−age/horizon), in milliseconds.
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
