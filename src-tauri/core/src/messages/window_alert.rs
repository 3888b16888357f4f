//! Forecasts of a window, and the notifications about it.

use super::{capitalised, format_time, percent};
use crate::local_time::LocalTime;
use crate::messages::quota::{self, percent_left};
use crate::notification::{News, Notice, WindowNews};
use crate::quota::cycle::Cycle;
use crate::quota::forecast::Forecast;
use crate::quota::pace::EvenPace;
use crate::quota::{Level, QuotaWindow};
use crate::settings::PaceDays;
use crate::state::AccountState;
use crate::time::Wall;

/// "lasts until reset", "runs out Thu 14:20 (13:40–15:30)", "too early to say".
pub fn forecast(forecast: Forecast, now: Wall, zone: &LocalTime) -> String {
    match forecast {
        Forecast::LastsUntilReset => "lasts until reset".to_owned(),
        Forecast::RunsOut { at, .. } => {
            format!(
                "runs out {} ({})",
                format_time(at, now, zone),
                forecast_range(forecast, now, zone).unwrap_or_default()
            )
        }
        Forecast::TooEarly => "too early to say".to_owned(),
    }
}

/// "13:40–15:30", all on the day of the forecast; else each end has its day, as in "today 23:36–Tue 19:56".
pub fn forecast_range(forecast: Forecast, now: Wall, zone: &LocalTime) -> Option<String> {
    let Forecast::RunsOut { at, earliest, latest } = forecast else {
        return None;
    };
    let times = [earliest, at, latest].map(|at| format_time(at, now, zone));
    let [(first, from), (middle, _), (last, to)] =
        times.each_ref().map(|time| time.rsplit_once(' ').unwrap_or(("today", time)));
    Some(if first == middle && middle == last {
        format!("{from}–{to}")
    } else {
        format!("{first} {from}–{last} {to}")
    })
}

/// "18 % ahead of an even pace, runs out Thu 14:20 (13:40–15:30)": pace and forecast of a window, as far as they are known.
pub fn outlook(
    account: &AccountState,
    window: &QuotaWindow,
    days: PaceDays,
    now: Wall,
    zone: &LocalTime,
) -> Option<String> {
    let Level::Used(used) = window.level(now) else { return None };
    let even = EvenPace::of(window, days, now, zone).map(|even| even.at(now));
    let pace = even.and_then(|even| quota::pace(used, even));
    let forecast = account.forecast(window, now).map(|known| self::forecast(known, now, zone));
    let both: Vec<String> = pace.into_iter().chain(forecast).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// Title and body of the alerts.
pub(super) fn news(
    notice: &Notice,
    account: &str,
    state: &AccountState,
    now: Wall,
    zone: &LocalTime,
) -> (String, String) {
    if let Some(first) = notice.about.as_ref().filter(|_| !notice.also.is_empty()) {
        let all: Vec<&WindowNews> = [first].into_iter().chain(&notice.also).collect();
        return several(first.news, &all, account, state);
    }
    let Some(WindowNews { window, label, news }) = &notice.about else {
        return ("Quota".to_owned(), format!("Your quota has changed. Account: {account}."));
    };
    let name = capitalised(label);
    let cycle = state.cycles.get(window);
    let resets = cycle.and_then(|cycle| cycle.resets_at).filter(|at| *at > now);
    let resets = resets.map(|at| format!(" It resets {}.", super::resets(at, now, zone))).unwrap_or_default();
    let said = cycle.and_then(|cycle| pace(cycle, now, zone)).unwrap_or_default();
    match *news {
        News::Threshold { percent: threshold } => {
            let used = cycle.map_or(f64::from(threshold), Cycle::used);
            if used >= 100.0 {
                return (format!("{name} limit used up"), format!("Nothing is left.{resets} Account: {account}."));
            }
            let left = percent_left(used);
            let body = format!("{left} left.{resets}{said} Account: {account}.");
            (format!("{name} limit: {} used", percent(used)), body)
        }
        News::RunsOut => {
            let runs_out = cycle.and_then(|cycle| cycle.forecast(now)).and_then(|known| match known {
                Forecast::RunsOut { at, .. } => Some(format_time(at, now, zone)),
                Forecast::LastsUntilReset | Forecast::TooEarly => None,
            });
            let left = cycle.map(|cycle| format!(" {} left.", percent_left(cycle.used())));
            let title = match runs_out {
                Some(at) => format!("{name} limit runs out {at}"),
                None => format!("{name} limit will run out"),
            };
            let body =
                format!("That is before its reset.{said}{}{resets} Account: {account}.", left.unwrap_or_default());
            (title, body)
        }
        News::Reset { used } => (
            format!("{name} limit was reset"),
            format!("New window started. The last one reached {used} %. Account: {account}."),
        ),
    }
}

/// The same for several windows, the fullest first.
fn several(news: News, all: &[&WindowNews], account: &str, state: &AccountState) -> (String, String) {
    const NAMED: usize = 5;
    let used = |about: &WindowNews| match about.news {
        News::Reset { used } => f64::from(used),
        News::Threshold { percent } => state.cycles.get(&about.window).map_or(f64::from(percent), Cycle::used),
        News::RunsOut => state.cycles.get(&about.window).map_or(0.0, Cycle::used),
    };
    let mut alerts: Vec<(&str, f64)> = all.iter().map(|about| (about.label.as_str(), used(about))).collect();
    alerts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> =
        alerts.iter().take(NAMED).map(|(label, used)| format!("{label} {}", percent(*used))).collect();
    let more = alerts.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (named, count, fullest) = (named.join(", "), alerts.len(), alerts.first().map_or(0.0, |(_, used)| *used));
    match news {
        News::Threshold { .. } if fullest >= 100.0 => {
            (format!("{count} limits nearly or fully used up"), format!("Used: {named}{more}. Account: {account}."))
        }
        News::Threshold { .. } => (
            format!("{count} limits: up to {} used", percent(fullest)),
            format!("Used: {named}{more}. Account: {account}."),
        ),
        News::RunsOut => (
            format!("{count} limits run out before reset"),
            format!("At this pace. Used so far: {named}{more}. Account: {account}."),
        ),
        News::Reset { .. } => (
            format!("{count} limits were reset"),
            format!("New windows started. The last ones reached: {named}{more}. Account: {account}."),
        ),
    }
}

/// " At this pace it runs out 14:20 (13:40–15:30)."
fn pace(cycle: &Cycle, now: Wall, zone: &LocalTime) -> Option<String> {
    match cycle.forecast(now)? {
        Forecast::TooEarly => None,
        known => Some(format!(" At this pace it {}.", forecast(known, now, zone))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        Wall(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn check(times: [&str; 3], expect: &str) {
        let [middle, earliest, latest] = times.map(at);
        let known = Forecast::RunsOut { at: middle, earliest, latest };
        assert_eq!(forecast(known, at("2026-09-14T13:17:00Z"), &LocalTime::UTC), expect);
    }

    /// A notice may be shown later than what it is about.
    #[test]
    fn alert_shown_after_the_reset_does_not_announce_it_as_upcoming() {
        use crate::notification::NoticeKind;
        use crate::quota::{QuotaWindow, Reading, Source};
        use crate::state::Provider;
        let (noon, five) = (at("2026-09-14T12:00:00Z"), at("2026-09-14T17:00:00Z"));
        let window = QuotaWindow {
            id: "five_hour".into(),
            kind: crate::providers::anthropic::window_kind("five_hour", None),
            label: "5-hour".into(),
            used_percent: Some(85.0),
            resets_at: Some(five),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        };
        let mut state = AccountState::new(Provider::Anthropic);
        state.cycles.follow(&Reading::new(Source::UsageEndpoint, noon, vec![window], vec![]), &[], noon);
        let about =
            WindowNews { window: "five_hour".into(), label: "5-hour".into(), news: News::Threshold { percent: 80 } };
        let notice = Notice { id: 1, kind: NoticeKind::Window, about: Some(about), also: vec![] };
        let said = |now| news(&notice, "ann", &state, now, &LocalTime::UTC);
        assert_eq!(said(Wall(five.0 - 1)).1, "15 % left. It resets 17:00. Account: ann.");
        assert_eq!(said(five), ("5-hour limit: 85 % used".into(), "15 % left. Account: ann.".into()));
    }

    #[test]
    fn forecast_text_gives_a_time_and_a_range() {
        let thursday = ["2026-09-17T14:20:00Z", "2026-09-17T13:40:00Z", "2026-09-17T15:30:00Z"];
        check(thursday, "runs out Thu 14:20 (13:40–15:30)");
        let today = ["2026-09-14T14:20:00Z", "2026-09-14T13:40:00Z", "2026-09-14T15:30:00Z"];
        check(today, "runs out 14:20 (13:40–15:30)");
        let wide = ["2026-09-17T14:20:00Z", "2026-09-16T22:00:00Z", "2026-09-18T22:00:00Z"];
        check(wide, "runs out Thu 14:20 (Wed 22:00–Fri 22:00)");
        let night = ["2026-09-15T00:10:00Z", "2026-09-14T23:40:00Z", "2026-09-15T01:00:00Z"];
        check(night, "runs out Tue 00:10 (today 23:40–Tue 01:00)");
        let backwards = ["2026-09-15T04:48:00Z", "2026-09-14T23:36:00Z", "2026-09-15T19:56:00Z"];
        check(backwards, "runs out Tue 04:48 (today 23:36–Tue 19:56)");
        let late = ["2026-09-14T22:00:00Z", "2026-09-14T20:00:00Z", "2026-09-15T01:00:00Z"];
        check(late, "runs out 22:00 (today 20:00–Tue 01:00)");
        let far = ["2026-09-22T22:00:00Z", "2026-09-20T20:00:00Z", "2026-09-24T01:00:00Z"];
        check(far, "runs out 22 Sep 22:00 (Sun 20:00–24 Sep 01:00)");
        assert_eq!(forecast(Forecast::LastsUntilReset, Wall(0), &LocalTime::UTC), "lasts until reset");
        assert_eq!(forecast(Forecast::TooEarly, Wall(0), &LocalTime::UTC), "too early to say");
    }

    #[test]
    fn alert_of_several_thresholds_tells_one_that_is_used_up() {
        use crate::notification::NoticeKind;
        use crate::state::Provider;
        let about = |label: &str, percent| WindowNews {
            window: label.into(),
            label: label.into(),
            news: News::Threshold { percent },
        };
        let state = AccountState::new(Provider::Anthropic);
        let said = |fullest| {
            let (about, also) = (Some(about("weekly", 80)), vec![about("5-hour", fullest)]);
            let notice = Notice { id: 1, kind: NoticeKind::Window, about, also };
            news(&notice, "ann", &state, Wall(0), &LocalTime::UTC)
        };
        let body = |fullest| format!("Used: 5-hour {fullest} %, weekly 80 %. Account: ann.");
        assert_eq!(said(99), ("2 limits: up to 99 % used".into(), body(99)));
        assert_eq!(said(100), ("2 limits nearly or fully used up".into(), body(100)));
    }
}
