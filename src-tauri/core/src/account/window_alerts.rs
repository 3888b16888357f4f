//! Follows the quota windows and queues their alerts, each once per cycle.

use super::Account;
use crate::gate::policy;
use crate::notification::{News, Notices, Wanted, WindowNews};
use crate::quota::cycle::{Cycle, Ended};
use crate::quota::forecast::Forecast;
use crate::state::AccountState;
use crate::time::{Moment, Wall};
use std::time::Duration;

impl Account {
    /// Updates the windows to `now`.
    pub(super) fn watch_windows(&mut self, now: Moment) {
        self.follow_windows(&[], now);
    }

    /// The same after a reading. `confirmed` lists the windows where a second reading confirmed an implausible value.
    pub(super) fn follow_windows(&mut self, confirmed: &[String], now: Moment) {
        let wanted = self.preferences.wanted;
        let AccountState { cycles, notices, reading, .. } = &mut self.state;
        let ended = reading.as_ref().map(|reading| cycles.follow(reading, confirmed, now.wall)).unwrap_or_default();
        for Ended { window, mut cycle, is_reset } in ended {
            notices.withdraw(&window, |news| matches!(news, News::Threshold { .. } | News::RunsOut));
            if is_reset {
                self.saving.dirty |= tell_reset(&window, &mut cycle, notices, wanted, now);
            }
        }
        for (window, cycle) in cycles.iter_mut() {
            self.saving.dirty |= if cycle.is_over(now.wall) {
                tell_reset(window, cycle, notices, wanted, now)
            } else {
                tell_level(window, cycle, notices, wanted, now) | tell_forecast(window, cycle, notices, wanted, now)
            };
        }
    }

    /// Whether a window has reset since the last check.
    pub(super) fn a_window_is_over(&self, now: Moment) -> bool {
        self.state.cycles.iter().any(|(_, cycle)| !cycle.alerted.reset && cycle.is_over(now.wall))
    }

    /// The next reset that will be announced.
    pub(super) fn next_reset(&self, now: Moment) -> Option<Moment> {
        let wanted = self.preferences.wanted;
        let pending =
            self.state.cycles.iter().filter(|(_, cycle)| !cycle.alerted.reset && is_remarkable(cycle, wanted));
        let next = pending.filter_map(|(_, cycle)| cycle.resets_at).min()?;
        Some(now.plus(next.since(now.wall)))
    }

    /// When the current quiet hours end, if `now` is within them.
    pub(super) fn quiet_until(&self, now: Moment) -> Option<Moment> {
        let end = self.preferences.quiet?.end(now.wall, &self.zone)?;
        Some(now.plus(end.since(now.wall)))
    }
}

/// Returns whether there is anything to save, as do the functions below.
fn tell_level(window: &str, cycle: &mut Cycle, notices: &mut Notices, wanted: Wanted, now: Moment) -> bool {
    let is_not_true = |news: &News| matches!(news, News::Threshold { percent } if cycle.used() < f64::from(*percent));
    let withdrawn = notices.withdraw(window, is_not_true);
    if withdrawn {
        // It was not shown, so it is announced when it is true again.
        cycle.alerted.threshold = wanted.thresholds.reached(cycle.used()).unwrap_or(0);
    }
    if !cycle.is_confirmed() {
        return withdrawn;
    }
    let Some(percent) = wanted.thresholds.reached(cycle.used()).filter(|percent| *percent > cycle.alerted.threshold)
    else {
        return withdrawn;
    };
    cycle.alerted.threshold = percent;
    notices.announce_window(news(window, cycle, News::Threshold { percent }), now);
    true
}

/// Announces a forecast only if it is certain enough: the latest end of its range is before the reset, and its estimate
/// well before. If it no longer holds before it could be shown, it is withdrawn.
fn tell_forecast(window: &str, cycle: &mut Cycle, notices: &mut Notices, wanted: Wanted, now: Moment) -> bool {
    let runs_out = match cycle.forecast(now.wall) {
        Some(Forecast::RunsOut { at, latest, .. }) => Some((at, latest)),
        Some(Forecast::LastsUntilReset | Forecast::TooEarly) | None => None,
    };
    if cycle.alerted.forecast {
        let withdrawn = runs_out.is_none() && notices.withdraw(window, |news| *news == News::RunsOut);
        cycle.alerted.forecast = !withdrawn;
        return withdrawn;
    }
    let early = |(at, latest): (Wall, Wall)| {
        let margin = cycle.length().unwrap_or_default() / policy::MARGIN_IN_WINDOW;
        cycle.resets_at.is_some_and(|reset| latest < reset && at.plus(margin) <= reset)
    };
    let used = (policy::FORECAST_TOLD_FROM..policy::FORECAST_TOLD_TO).contains(&cycle.used());
    let tell =
        wanted.forecast && cycle.is_confirmed() && used && has_evidence(cycle, now.wall) && runs_out.is_some_and(early);
    if tell {
        cycle.alerted.forecast = true;
        notices.announce_window(news(window, cycle, News::RunsOut), now);
    }
    tell
}

/// Whether there is enough evidence for a notification. A forecast may be displayed earlier.
fn has_evidence(cycle: &Cycle, now: Wall) -> bool {
    let length = cycle.length().unwrap_or_default();
    let left = cycle.resets_at.map_or(Duration::ZERO, |at| at.since(now));
    left + length / policy::FORECAST_TOLD_AFTER <= length.max(left)
        && cycle.followed() >= length / policy::FORECAST_FOLLOWED_IN
}

/// Withdraws alerts of the ended cycle. Announces the reset if the window was nearly used up, unless the next cycle is over
/// too.
fn tell_reset(window: &str, cycle: &mut Cycle, notices: &mut Notices, wanted: Wanted, now: Moment) -> bool {
    if std::mem::replace(&mut cycle.alerted.reset, true) {
        return false;
    }
    notices.withdraw(window, |news| matches!(news, News::Threshold { .. } | News::RunsOut));
    let late = cycle.resets_at.zip(cycle.length()).is_some_and(|(at, length)| now.wall.since(at) > length);
    if is_remarkable(cycle, wanted) && !late {
        let used = cycle.used().round().clamp(0.0, 255.0) as u8;
        notices.announce_window(news(window, cycle, News::Reset { used }), now);
    }
    true
}

fn is_remarkable(cycle: &Cycle, wanted: Wanted) -> bool {
    let level = wanted.thresholds.lowest().unwrap_or(policy::REMARKABLE);
    wanted.reset && (cycle.used() >= f64::from(level) || cycle.alerted.forecast)
}

fn news(window: &str, cycle: &Cycle, news: News) -> WindowNews {
    WindowNews { window: window.to_owned(), label: cycle.label.clone(), news }
}
