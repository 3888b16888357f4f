//! Formats the accuracy of forecasts.

use super::format_duration;
use crate::quota::backtest::{Tally, WindowResult, quantile};
use std::time::Duration;

/// The result on one window, in several lines for a terminal.
pub fn backtest(result: &WindowResult) -> String {
    let WindowResult { label, cycles, ran_out, forecasts, too_early, .. } = result;
    let mut lines = vec![
        format!("{label}: {cycles} cycles, {ran_out} used up before reset; {forecasts} forecasts"),
        format!("  too early to say: {}", share(*too_early, *forecasts)),
        format!("  \"lasts until reset\": {}", tally(result.lasted)),
        format!("  \"runs out\": {}", tally(result.runs_out)),
    ];
    let errors: Vec<f64> = result.time_errors.iter().map(Duration::as_secs_f64).collect();
    let at = |values: &[f64], of: f64| quantile(values, of).unwrap_or_default();
    if !errors.is_empty() {
        lines.push(format!(
            "  time of running out: median error {}, 90th percentile {} ({:.0} % and {:.0} % of the time left); {} within the range",
            format_duration(Duration::from_secs_f64(at(&errors, 0.5))),
            format_duration(Duration::from_secs_f64(at(&errors, 0.9))),
            100.0 * at(&result.time_shares, 0.5),
            100.0 * at(&result.time_shares, 0.9),
            share(result.in_range, errors.len())
        ));
    }
    if !result.point_errors.is_empty() {
        let ahead = result.duration_s.map(|secs| format!(" {} ahead", format_duration(Duration::from_secs(secs / 7))));
        lines.push(format!(
            "  usage{}: median error {:.1} points, 90th percentile {:.1}",
            ahead.unwrap_or_default(),
            at(&result.point_errors, 0.5),
            at(&result.point_errors, 0.9)
        ));
    }
    lines.join("\n")
}

fn tally(tally: Tally) -> String {
    let said = tally.right + tally.wrong;
    if said == 0 {
        "no forecasts".to_owned()
    } else {
        format!("{said} forecasts, {} correct", share(tally.right, said))
    }
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "—".to_owned() } else { format!("{:.0} %", 100.0 * part as f64 / whole as f64) }
}
