//! The state kept for each window since its last reset: the points for the forecast, and the alerts already sent.

use crate::gate::policy;
use crate::quota::forecast;
use crate::quota::forecast::{Forecast, Point};
use crate::quota::merge::is_leap;
use crate::quota::{Level, QuotaWindow, Reading};
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Cycles by window id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cycles(BTreeMap<String, Cycle>);

/// One window from one reset to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    pub label: String,
    pub resets_at: Option<Wall>,
    pub duration_s: Option<u64>,
    pub points: Vec<Point>,
    /// When it was first read. The point at its start is computed, not read.
    #[serde(default)]
    pub read_from: Option<Wall>,
    #[serde(default, rename = "told")]
    pub alerted: Alerted,
    /// Since when its last figure has been waiting for a second reading. Unconfirmed figures trigger no alert.
    #[serde(default)]
    unsure_since: Option<Wall>,
    /// Earlier cycles of the window, newest last. A cycle that seemed to be over may come back.
    #[serde(default)]
    past: Vec<Past>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Past {
    resets_at: Wall,
    #[serde(rename = "told")]
    alerted: Alerted,
}

/// A cycle that is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    pub window: String,
    pub cycle: Cycle,
    /// Its reset time has passed, or the next cycle starts near zero. Otherwise it is a different limit now.
    pub is_reset: bool,
}

/// The alerts of this cycle that were sent, or would have been if they were enabled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerted {
    /// The highest threshold, in percent.
    pub threshold: u8,
    pub forecast: bool,
    /// The alert that the window was reset.
    pub reset: bool,
}

/// Keeps the state file small. The points cover at least twice the horizon.
const POINTS_MAX: usize = 48;
/// How many earlier cycles are kept for their alerts.
const PAST_MAX: usize = 4;
/// How many cycles are kept, including those of windows that are no longer reported.
const CYCLES_MAX: usize = 64;
/// Minimum distance between points, as a part of the window.
const SPACING_IN_WINDOW: u32 = 120;
const SPACING: Duration = Duration::from_secs(60);

impl Cycles {
    pub fn get(&self, window: &str) -> Option<&Cycle> {
        self.0.get(window)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Cycle)> {
        self.0.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Cycle)> {
        self.0.iter()
    }

    /// Updates the cycles and returns the ended ones. `confirmed` are the windows whose value a second reading confirmed.
    pub(crate) fn follow(&mut self, reading: &Reading, confirmed: &[String], now: Wall) -> Vec<Ended> {
        let limits = reading.limits();
        let is_there = |id: &String| limits.iter().any(|window| window.id == *id);
        for window in limits.iter() {
            self.rename(window, is_there);
        }
        // A window that is no longer reported may come back: keep it until its end was noted and its reset time has passed.
        self.0.retain(|id, cycle| is_there(id) || cycle.is_remembered(now));
        while self.0.len() > CYCLES_MAX {
            let gone = self.0.iter().filter(|(id, _)| !is_there(id));
            let oldest = gone.min_by_key(|(_, cycle)| cycle.points.last().map(|point| point.at));
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            self.0.remove(&oldest);
        }
        let mut ended = Vec::new();
        for window in limits.iter() {
            let Level::Used(used) = window.level(now) else {
                continue;
            };
            let point = Point { at: reading.origin(window).at, used };
            let Some(cycle) = self.0.get_mut(&window.id) else {
                self.0.insert(window.id.clone(), Cycle::begin(window, point));
                continue;
            };
            let is_early = cycle.resets_at.is_none_or(|at| at > point.at);
            if cycle.goes_on_in(window, point) {
                cycle.add(window, point);
                cycle.unsure_since.take_if(|_| confirmed.contains(&window.id));
            } else if is_early || window.resets_at.is_some() {
                // An early one is a single odd reading until a second one confirms it.
                let is_reset = !is_early || (used <= policy::ANEW && confirmed.contains(&window.id));
                cycle.remember(Alerted { reset: cycle.alerted.reset || is_reset, ..cycle.alerted });
                let next = Cycle::begin(window, point).after(cycle);
                let over = std::mem::replace(cycle, next);
                ended.push(Ended { window: window.id.clone(), cycle: over, is_reset });
            }
        }
        ended
    }

    /// The provider may rename a limit.
    fn rename(&mut self, window: &QuotaWindow, is_there: impl Fn(&String) -> bool) {
        if self.0.contains_key(&window.id) || window.duration_s.is_none() {
            return;
        }
        let same = |(id, cycle): &(&String, &Cycle)| {
            !is_there(id) && cycle.label == window.label && cycle.duration_s == window.duration_s
        };
        let old = self.0.iter().find(same).map(|(id, _)| id.clone());
        if let Some(cycle) = old.and_then(|old| self.0.remove(&old)) {
            self.0.insert(window.id.clone(), cycle);
        }
    }
}

impl Cycle {
    fn begin(window: &QuotaWindow, point: Point) -> Self {
        let mut cycle = Self {
            label: window.label.clone(),
            resets_at: window.resets_at,
            duration_s: window.duration_s,
            points: Vec::new(),
            read_from: Some(point.at),
            alerted: Alerted::default(),
            unsure_since: Some(point.at),
            past: Vec::new(),
        };
        // Usage starts at zero. The start is known if the length is.
        let began = window
            .resets_at
            .zip(cycle.length())
            .map(|(at, length)| Wall(at.0.saturating_sub(crate::time::millis(length))));
        if let Some(at) = began.filter(|at| *at < point.at) {
            cycle.points.push(Point { at, used: 0.0 });
        }
        cycle.points.push(point);
        cycle
    }

    pub fn length(&self) -> Option<Duration> {
        self.duration_s.map(Duration::from_secs)
    }

    /// Usage at the last reading.
    pub fn used(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.used)
    }

    /// Time from the first reading to the last.
    pub fn followed(&self) -> Duration {
        let last = self.points.last();
        let from = self.read_from.or_else(|| self.points.first().map(|first| first.at));
        from.zip(last).map_or(Duration::ZERO, |(from, last)| last.at.since(from))
    }

    fn is_remembered(&self, now: Wall) -> bool {
        let ends = self.past.iter().map(|past| past.resets_at).chain(self.resets_at);
        (self.resets_at.is_some() && !self.alerted.reset) || ends.into_iter().any(|ends| ends > now)
    }

    pub fn is_over(&self, now: Wall) -> bool {
        self.resets_at.is_some_and(|at| at <= now)
    }

    /// Whether a second reading confirmed the last figure, or the previous one was close to it.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.unsure_since.is_none()
    }

    /// Keeps the alerts that were sent for its end, in case that is reported again.
    fn remember(&mut self, alerted: Alerted) {
        if let Some(resets_at) = self.resets_at {
            self.past.push(Past { resets_at, alerted });
        }
        let many = self.past.len().saturating_sub(PAST_MAX);
        self.past.drain(..many);
    }

    /// Takes over the history of the previous cycle, and the alerts already sent for this one if it existed before.
    fn after(mut self, before: &mut Self) -> Self {
        self.past = std::mem::take(&mut before.past);
        self.recall();
        self
    }

    /// Restores the alerts of an earlier cycle with the same end, so that each is sent once per real cycle.
    fn recall(&mut self) {
        let Some(ends) = self.resets_at else {
            return;
        };
        for Past { alerted, .. } in self.past.extract_if(.., |past| is_same_reset(past.resets_at, ends)) {
            self.alerted = Alerted {
                threshold: self.alerted.threshold.max(alerted.threshold),
                forecast: self.alerted.forecast || alerted.forecast,
                reset: self.alerted.reset || alerted.reset,
            };
        }
    }

    /// Whether the reading belongs to this cycle. Usage only grows, except for small corrections. The end moves only by clock
    /// differences, unless the window slides. A raised limit lowers the usage and keeps the end.
    fn goes_on_in(&self, window: &QuotaWindow, point: Point) -> bool {
        let lifted = point.used + policy::LIFTED < self.used();
        match (self.resets_at, window.resets_at) {
            (Some(was), Some(is)) if lifted => is_same_reset(was, is) && point.at < was,
            _ if lifted => false,
            (Some(was), Some(is)) => was.plus(policy::SAME_RESET) >= is || point.at < was,
            (Some(was), None) => point.at < was,
            (None, _) => true,
        }
    }

    fn add(&mut self, window: &QuotaWindow, point: Point) {
        let was_open = self.resets_at.is_none();
        let moved = self.resets_at.zip(window.resets_at).filter(|(was, is)| !is_same_reset(*was, *is));
        // Unless the window slides, its reset time does not move, so this value may be another account's.
        let last = self.points.last().map_or(point.at, |last| last.at);
        let slides = moved.is_none_or(|(was, is)| is_same_reset(was.plus(point.at.since(last)), is));
        if moved.is_some() {
            self.remember(self.alerted);
        }
        self.resets_at = window.resets_at.or(self.resets_at);
        self.duration_s = window.duration_s.or(self.duration_s);
        self.label.clone_from(&window.label);
        if was_open || moved.is_some() {
            // It may be an earlier cycle that seemed to be over because of another account's figures.
            self.recall();
        }
        self.weigh(point);
        if !slides {
            self.unsure_since = Some(point.at);
        }
        if point.used + policy::LIFTED < self.used() {
            // Usage of another limit says nothing about the rate.
            self.points.clear();
            self.read_from = Some(point.at);
        }
        let [.., before, last] = self.points.as_slice() else {
            self.points.extend(self.points.last().is_none_or(|last| last.at < point.at).then_some(point));
            return;
        };
        if point.at <= last.at {
            return;
        }
        let spacing = self.length().map_or(SPACING, |length| length / SPACING_IN_WINDOW);
        let plateau = before.used == last.used && last.used == point.used;
        if plateau || last.at.since(before.at) < spacing {
            self.points.pop();
        }
        self.points.push(point);
        if self.points.len() > POINTS_MAX {
            // The line through its neighbours replaces it.
            self.points.remove(1);
        }
    }

    /// Marks the usage as unconfirmed after a leap, and as confirmed after enough time.
    fn weigh(&mut self, point: Point) {
        let Some(last) = self.points.last().filter(|last| last.at < point.at) else {
            return;
        };
        if is_leap(last.used, point.used, point.at.since(last.at), self.length()) {
            self.unsure_since = Some(point.at);
        } else {
            self.unsure_since.take_if(|since| point.at.since(*since) >= policy::CONFIRMED_AFTER);
        }
    }

    /// When the window will be used up. `None` if there is nothing to forecast.
    pub fn forecast(&self, now: Wall) -> Option<Forecast> {
        forecast::forecast(&self.points, self.resets_at?, self.length(), now)
    }

    /// The usage expected at its reset, in percent, at most 100. `None` while there is no forecast.
    pub fn at_reset(&self, now: Wall) -> Option<f64> {
        forecast::at_reset(&self.points, self.resets_at?, self.length(), now)
    }
}

fn is_same_reset(a: Wall, b: Wall) -> bool {
    a.since(b).max(b.since(a)) <= policy::SAME_RESET
}

#[cfg(test)]
mod tests;
