//! Backtest of the forecasts: replays recorded windows, makes each forecast from the data known at that time, and compares it
//! with what happened.

use crate::quota::cycle::Cycles;
use crate::quota::forecast::{Forecast, ForecastInput};
use crate::quota::{QuotaWindow, Reading, WindowKind};
use crate::record::history::WindowRecord;
use crate::state::AccountId;
use crate::time::{Wall, millis};
use std::collections::BTreeMap;
use std::time::Duration;

/// The forecast results for one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowResult {
    pub label: String,
    pub duration_s: Option<u64>,
    pub cycles: usize,
    /// How many of these were used up before their reset.
    pub ran_out: usize,
    pub forecasts: usize,
    pub too_early: usize,
    /// Forecasts of "lasts until reset": correct or wrong.
    pub lasted: Tally,
    /// Forecasts of "runs out": correct or wrong.
    pub runs_out: Tally,
    /// Error of the forecast time, where the window did run out.
    pub time_errors: Vec<Duration>,
    /// The same error as a share of the time that was left.
    pub time_shares: Vec<f64>,
    /// How many of these times were within the forecast range.
    pub in_range: usize,
    /// Error of the usage forecast one horizon ahead, in points (43 minutes for 5 hours, a day for a week).
    pub point_errors: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub right: usize,
    pub wrong: usize,
}

impl Tally {
    fn count(&mut self, right: bool) {
        if right { self.right += 1 } else { self.wrong += 1 }
    }
}

/// A window counts as used up from here, since the last percent may be rounded away.
const FULL: f64 = 99.5;

/// Processes records, oldest first. A window is identified by account and id.
#[derive(Debug, Default)]
pub struct Backtest {
    windows: BTreeMap<(AccountId, String), Run>,
}

#[derive(Debug, Default)]
struct Run {
    cycles: Cycles,
    /// The forecasts in the current cycle.
    predictions: Vec<Prediction>,
    result: WindowResult,
}

#[derive(Debug, Clone, Copy)]
struct Prediction {
    at: Wall,
    used: f64,
    forecast: Option<Forecast>,
    /// The expected usage one horizon later.
    later: Option<(Wall, f64)>,
}

impl Backtest {
    pub fn record(&mut self, record: &WindowRecord) {
        let run = self.windows.entry((record.account.clone(), record.window.clone())).or_default();
        run.result.label.clone_from(&record.label);
        run.result.duration_s = run.result.duration_s.or(record.duration_s);
        run.record(record);
    }

    /// The result for each window.
    pub fn results(self) -> Vec<(AccountId, WindowResult)> {
        let ended = self.windows.into_iter().map(|((account, _), mut run)| {
            run.end_cycle();
            (account, run.result)
        });
        ended.collect()
    }
}

impl Run {
    fn record(&mut self, record: &WindowRecord) {
        let Some(used) = record.used_percent else {
            return;
        };
        let window = QuotaWindow {
            id: record.window.clone(),
            kind: WindowKind::default(),
            label: record.label.clone(),
            used_percent: Some(used),
            resets_at: record.resets_at,
            duration_s: record.duration_s,
            binding: false,
            origin: None,
            locked: None,
        };
        let reading = Reading::new(record.source, record.at, vec![window], Vec::new());
        if !self.cycles.follow(&reading, &[], record.at).is_empty() {
            self.end_cycle();
        }
        let Some(cycle) = self.cycles.get(&record.window) else {
            return;
        };
        let input = cycle.resets_at.and_then(|end| ForecastInput::at(&cycle.points, end, cycle.length()));
        self.predictions.push(Prediction {
            at: record.at,
            used,
            forecast: cycle.forecast(record.at),
            later: input.map(|input| input.one_horizon_later()),
        });
    }

    fn end_cycle(&mut self) {
        let predictions = std::mem::take(&mut self.predictions);
        if predictions.len() < 2 {
            return;
        }
        let reached =
            |used: f64| predictions.iter().find(|prediction| prediction.used >= used).map(|prediction| prediction.at);
        let ran_out = reached(100.0).or_else(|| reached(FULL));
        self.result.cycles += 1;
        self.result.ran_out += usize::from(ran_out.is_some());
        for one in predictions.iter().take_while(|prediction| prediction.used < FULL) {
            self.result.judge(one, ran_out);
            self.result.points(one, &predictions);
        }
    }
}

impl WindowResult {
    fn judge(&mut self, prediction: &Prediction, ran_out: Option<Wall>) {
        let Some(forecast) = prediction.forecast else {
            return;
        };
        self.forecasts += 1;
        match (forecast, ran_out) {
            (Forecast::TooEarly, _) => self.too_early += 1,
            (Forecast::LastsUntilReset, ran_out) => self.lasted.count(ran_out.is_none()),
            (Forecast::RunsOut { .. }, None) => self.runs_out.count(false),
            (Forecast::RunsOut { at, earliest, latest }, Some(truth)) => {
                self.runs_out.count(true);
                let error = at.since(truth).max(truth.since(at));
                self.time_errors.push(error);
                self.time_shares.push(error.as_secs_f64() / truth.since(prediction.at).as_secs_f64().max(1.0));
                self.in_range += usize::from((earliest..=latest).contains(&truth));
            }
        }
    }

    fn points(&mut self, prediction: &Prediction, all: &[Prediction]) {
        let judged = prediction.forecast.is_some_and(|forecast| forecast != Forecast::TooEarly);
        let Some((later, expected)) = prediction.later.filter(|_| judged) else {
            return;
        };
        if let Some(truth) = used_at(all, later) {
            self.point_errors.push((expected.min(100.0) - truth.min(100.0)).abs());
        }
    }
}

/// Interpolates linearly between two records. `None` after the last one.
fn used_at(predictions: &[Prediction], at: Wall) -> Option<f64> {
    let after = predictions.partition_point(|prediction| prediction.at < at);
    let (before, next) = (predictions.get(after.checked_sub(1)?)?, predictions.get(after)?);
    let share = millis(at.since(before.at)) as f64 / millis(next.at.since(before.at)).max(1) as f64;
    Some(before.used + (next.used - before.used) * share)
}

/// The median of an unsorted list; `None` if it is empty.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// A quantile of an unsorted list, such as 0.9 for the 90th percentile.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests;
