//! What is kept of each window since its last reset: the points its pace is told from, and what was told of it.

use crate::pace::{self, Forecast, Point};
use crate::policy;
use crate::quota::{Level, QuotaWindow, Reading};
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// By the window's id.
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
    /// When it was read first; the point of its beginning is reckoned.
    #[serde(default)]
    pub read_from: Option<Wall>,
    #[serde(default)]
    pub told: Told,
}

/// What the person was told in this cycle, or would have been, had they wanted it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The highest threshold, in percent.
    pub threshold: u8,
    pub forecast: bool,
    /// It is over.
    pub reset: bool,
}

/// More points than this would be a state file of their own. They cover twice the horizon at least.
const POINTS_MAX: usize = 48;
/// Points are at least this part of their window apart.
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

    /// Takes in what is known. Answers the cycles that ended before their time: the provider lifted a limit.
    pub(crate) fn follow(&mut self, reading: &Reading, now: Wall) -> Vec<(String, Cycle)> {
        let is_there = |id: &String| reading.windows.iter().any(|window| window.id == *id);
        // One that is not told of any more is kept until its end was noted.
        self.0.retain(|id, cycle| is_there(id) || (cycle.resets_at.is_some() && !cycle.told.reset));
        let mut ended = Vec::new();
        for window in &reading.windows {
            let Level::Used(used) = window.level(now) else {
                continue;
            };
            let point = Point { at: reading.origin(window).at, used };
            let Some(cycle) = self.0.get_mut(&window.id) else {
                self.0.insert(window.id.clone(), Cycle::begin(window, point));
                continue;
            };
            if cycle.goes_on_in(window, point) {
                cycle.add(window, point);
            } else if cycle.resets_at.is_none_or(|at| at > point.at) || window.resets_at.is_some() {
                let over = std::mem::replace(cycle, Cycle::begin(window, point));
                ended.push((window.id.clone(), over));
            }
        }
        ended
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
            told: Told::default(),
        };
        // Nothing is used at the beginning, which is known where the length is.
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

    /// How much of it was used when it was last read.
    pub fn used(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.used)
    }

    /// How long it was followed: from the first reading of it to the last.
    pub fn followed(&self) -> Duration {
        let last = self.points.last();
        let from = self.read_from.or_else(|| self.points.first().map(|first| first.at));
        from.zip(last).map_or(Duration::ZERO, |(from, last)| last.at.since(from))
    }

    pub fn is_over(&self, now: Wall) -> bool {
        self.resets_at.is_some_and(|at| at <= now)
    }

    /// Within a cycle use only grows, but for small corrections; and its end moves only as little as clocks differ,
    /// unless it is a window that slides.
    fn goes_on_in(&self, window: &QuotaWindow, point: Point) -> bool {
        if point.used + policy::LIFTED < self.used() {
            return false;
        }
        match (self.resets_at, window.resets_at) {
            (Some(was), Some(is)) => was.plus(policy::SAME_RESET) >= is || point.at < was,
            (Some(was), None) => point.at < was,
            (None, _) => true,
        }
    }

    fn add(&mut self, window: &QuotaWindow, point: Point) {
        self.resets_at = window.resets_at.or(self.resets_at);
        self.duration_s = window.duration_s.or(self.duration_s);
        self.label.clone_from(&window.label);
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
            // The line through its neighbours stands in for it.
            self.points.remove(1);
        }
    }

    /// When it will be used up. `None` where there is nothing to forecast.
    pub fn forecast(&self, now: Wall) -> Option<Forecast> {
        pace::forecast(&self.points, self.resets_at?, self.length(), now)
    }
}

#[cfg(test)]
mod tests;
