//! Quota windows, formatted in one line.

use super::{format_duration, format_time, short_date};
use crate::gate::policy;
use crate::local_time::LocalTime;
use crate::quota::{Level, QuotaWindow, Reading, Source, Spend};
use crate::settings::Percent;
use crate::state::{AccountState, Provider};
use crate::time::Wall;
use std::time::Duration;

/// "42 %": a whole percentage, and never 100 while something is left.
pub fn percent(value: f64) -> String {
    format!("{} %", whole(value))
}

/// The remaining percentage; it and [`percent`] always add up to 100.
pub fn percent_left(used: f64) -> String {
    format!("{} %", (100.0 - whole(used)).max(0.0))
}

fn whole(value: f64) -> f64 {
    let rounded = value.round();
    if value < 100.0 { rounded.min(99.0) } else { rounded }
}

/// Where a reading came from.
pub fn source(source: Source, provider: Provider) -> String {
    match source {
        Source::UsageEndpoint => format!("{}'s usage endpoint", provider.name()),
        Source::StatusLine => format!("{}'s status line", provider.owner()),
        Source::OwnerCache => format!("{}'s cache", provider.owner()),
    }
}

/// "12 min ago from the owner's cache", for a window from another source or at least a minute older than its reading.
/// `None` if the reading's own age and source apply.
pub fn own_age(reading: &Reading, window: &QuotaWindow, provider: Provider, now: Wall) -> Option<String> {
    let origin = reading.origin(window);
    let apart = origin.source != reading.source || reading.at.since(origin.at) >= Duration::from_secs(60);
    apart.then(|| format!("{} ago from {}", format_duration(now.since(origin.at)), source(origin.source, provider)))
}

/// " (read 12:10)", for a window much older than its reading, where only the reading's time is shown.
pub fn read_earlier(reading: &Reading, window: &QuotaWindow, now: Wall, zone: &LocalTime) -> Option<String> {
    let at = reading.origin(window).at;
    (reading.at.since(at) > policy::STALE_AT_LEAST).then(|| format!(" (read {})", format_time(at, now, zone)))
}

/// States that the last response had no limits, if so.
pub(super) fn no_limits(state: &AccountState, now: Wall, zone: &LocalTime) -> Option<String> {
    let reading = state.reading.as_ref()?;
    let name = state.provider.name();
    let at = format_time(reading.no_limits_at?, now, zone);
    Some(match reading.is_empty() {
        true => format!("{name} reported no limits for this account at {at}."),
        false => format!("{name} reported no limits at {at}. Showing the last known ones."),
    })
}

/// "Opus", or "Opus (locked: out of credits)".
pub fn window_name(window: &QuotaWindow) -> String {
    match &window.locked {
        Some(why) => format!("{} (locked: {why})", window.label),
        None => window.label.clone(),
    }
}

/// "5-hour 42 %, resets 15:30".
pub fn window_line(window: &QuotaWindow, shown: Percent, now: Wall, zone: &LocalTime) -> String {
    let label = &window_name(window);
    let level = match (window.level(now), shown) {
        (Level::Used(used), Percent::Used) => percent(used),
        (Level::Used(used), Percent::Left) => format!("{} left", percent_left(used)),
        (Level::Reset, _) => return format!("{label} has reset, no reading since"),
        (Level::Unknown, _) => return format!("{label} —"),
    };
    match window.resets_at {
        Some(at) => format!("{label} {level}, resets {}", short_date(at, now, zone)),
        None => format!("{label} {level}"),
    }
}

/// Differences that a rounded figure may cause, in percent.
const EVEN_WITHIN: f64 = 2.0;

/// "18 % ahead of an even pace", where `even` is the percentage that an even pace would have used by now. `None` if nothing is
/// left: then only the reset matters.
pub fn pace(used: f64, even: f64) -> Option<String> {
    let ahead = whole(used) - whole(even);
    (whole(used) < 100.0).then(|| match ahead {
        ahead if ahead > EVEN_WITHIN => format!("{} ahead of an even pace", percent(ahead)),
        ahead if ahead < -EVEN_WITHIN => format!("{} behind an even pace", percent(-ahead)),
        _ => "on an even pace".to_owned(),
    })
}

/// "Extra usage $12.34 of $100.00".
pub fn money_line(money: &Spend) -> String {
    format!("{} {}", money.label, money_level(money))
}

/// "$12.34 of $100.00".
pub fn money_level(money: &Spend) -> String {
    let amounts = match (&money.used, &money.limit) {
        (Some(used), Some(limit)) => format!("{used} of {limit}"),
        (Some(used), None) => used.to_string(),
        (None, Some(limit)) => format!("limit {limit}"),
        (None, None) => money.used_percent.map_or_else(|| "—".to_owned(), percent),
    };
    match &money.note {
        Some(note) => format!("{amounts} ({note})"),
        None => amounts,
    }
}

/// "Extra usage 12 %, $12.34 of $100.00".
fn money_glance(money: &Spend, shown: Percent) -> String {
    let (Some(percents), true) = (money.percent(), money.used.is_some() || money.limit.is_some()) else {
        return money_line(money);
    };
    let level = match shown {
        Percent::Used => percent(percents),
        Percent::Left => format!("{} left", percent_left(percents)),
    };
    format!("{} {level}, {}", money.label, money_level(money))
}

/// The windows at a glance: "5-hour 42 %, resets 15:30 · weekly 26 %, resets Friday · Fable 82 %". A model's window resets
/// with the week, so that reset appears once. Omits windows that are unknown and untouched. A plan without windows shows its
/// spend.
pub fn tooltip(reading: &Reading, shown: Percent, now: Wall, zone: &LocalTime) -> String {
    glances(reading, shown, now, zone, |_| String::new())
}

/// The same, with the time of each window that is much older than the others.
pub fn dated_tooltip(reading: &Reading, shown: Percent, now: Wall, zone: &LocalTime) -> String {
    glances(reading, shown, now, zone, |window| read_earlier(reading, window, now, zone).unwrap_or_default())
}

fn glances(
    reading: &Reading,
    shown: Percent,
    now: Wall,
    zone: &LocalTime,
    age: impl Fn(&QuotaWindow) -> String,
) -> String {
    if reading.windows.is_empty() {
        let lines = reading.money.iter().map(|money| money_glance(money, shown));
        return lines.collect::<Vec<_>>().join(" · ");
    }
    let touched =
        |window: &QuotaWindow| window.locked.is_some() || matches!(window.level(now), Level::Used(used) if used > 0.0);
    let lines = reading.windows.iter().filter(|window| window.kind.is_main() || touched(window)).map(|window| {
        let brief = QuotaWindow { resets_at: None, ..window.clone() };
        let past = window.level(now) == Level::Reset;
        let line = if window.kind.is_main() || past { window } else { &brief };
        window_line(line, shown, now, zone) + &age(window)
    });
    lines.collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Amount, Provenance};

    const NOW: Wall = Wall(1_789_391_820_000); // 2026-09-14 13:17 UTC

    fn window(id: &str, label: &str, used: Option<f64>, resets_in_min: Option<i64>) -> QuotaWindow {
        QuotaWindow {
            id: id.into(),
            kind: crate::providers::anthropic::window_kind(id, None),
            label: label.into(),
            used_percent: used,
            resets_at: resets_in_min.map(|min| Wall(NOW.0 + min * 60_000)),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        }
    }

    fn reading() -> Reading {
        let windows = vec![
            window("five_hour", "5-hour", Some(42.0), Some(133)),
            window("seven_day", "weekly", Some(26.0), Some(6283)),
            window("weekly_scoped:fable", "Fable", Some(82.4), Some(6282)),
            window("nimbus_quill", "nimbus_quill", Some(0.0), None),
        ];
        Reading::new(Source::UsageEndpoint, NOW, windows, vec![])
    }

    #[test]
    fn tooltip_lists_all_windows_as_used_or_left() {
        let utc = LocalTime::UTC;
        let used = "5-hour 42 %, resets 15:30 · weekly 26 %, resets Friday · Fable 82 %";
        assert_eq!(tooltip(&reading(), Percent::Used, NOW, &utc), used);
        let left = "5-hour 58 % left, resets 15:30 · weekly 74 % left, resets Friday · Fable 18 % left";
        assert_eq!(tooltip(&reading(), Percent::Left, NOW, &utc), left);
    }

    #[test]
    fn window_past_its_reset_hides_its_old_value() {
        let later = Wall(NOW.0 + 3 * 3_600_000);
        let line = tooltip(&reading(), Percent::Used, later, &LocalTime::UTC);
        assert_eq!(line, "5-hour has reset, no reading since · weekly 26 %, resets Friday · Fable 82 %");
    }

    #[test]
    fn window_with_another_age_or_source_shows_it() {
        let ago = |min: i64, source| Some(Provenance { at: Wall(NOW.0 - min * 60_000), source });
        let mut reading = reading();
        reading.windows[1].origin = ago(0, Source::StatusLine);
        reading.windows[2].origin = ago(52, Source::UsageEndpoint);
        let own = |at: usize| own_age(&reading, &reading.windows[at], Provider::Anthropic, NOW);
        assert_eq!(own(0), None);
        assert_eq!(own(1).as_deref(), Some("0 s ago from Claude Code's status line"));
        assert_eq!(own(2).as_deref(), Some("52 min ago from Anthropic's usage endpoint"));
    }

    #[test]
    fn tooltip_of_free_readings_dates_a_window_much_older_than_the_others() {
        let mut reading = reading();
        let origin = |ago_ms: i64| Some(Provenance { at: Wall(NOW.0 - ago_ms), source: Source::StatusLine });
        reading.windows[0].origin = origin(15 * 60_000);
        reading.windows[1].origin = origin(15 * 60_000 + 1);
        reading.windows[2].origin = origin(24 * 3_600_000);
        assert_eq!(
            dated_tooltip(&reading, Percent::Used, NOW, &LocalTime::UTC),
            "5-hour 42 %, resets 15:30 · weekly 26 %, resets Friday (read 13:01) · Fable 82 % (read 13 Sep 13:17)"
        );
    }

    #[test]
    fn percent_used_and_left_add_up_to_100() {
        for (used, told, left) in [
            (0.4, "x 0 %", "x 100 % left"),
            (42.5, "x 43 %", "x 57 % left"),
            (99.6, "x 99 %", "x 1 % left"),
            (100.0, "x 100 %", "x 0 % left"),
            (104.0, "x 104 %", "x 0 % left"),
        ] {
            let window = window("x", "x", Some(used), None);
            assert_eq!(window_line(&window, Percent::Used, NOW, &LocalTime::UTC), told);
            assert_eq!(window_line(&window, Percent::Left, NOW, &LocalTime::UTC), left);
        }
    }

    #[test]
    fn pace_compares_the_figures_that_are_shown() {
        for (used, even, text) in [
            (82.0, 57.2, Some("25 % ahead of an even pace")),
            (42.4, 51.0, Some("9 % behind an even pace")),
            (53.0, 51.0, Some("on an even pace")),
            (53.5, 51.0, Some("3 % ahead of an even pace")),
            (49.0, 51.0, Some("on an even pace")),
            (48.4, 51.0, Some("3 % behind an even pace")),
            (99.6, 99.9, Some("on an even pace")),
            (100.0, 40.0, None),
            (104.0, 40.0, None),
        ] {
            assert_eq!(pace(used, even).as_deref(), text, "{used} {even}");
        }
    }

    #[test]
    fn spend_is_shown_for_a_plan_without_windows() {
        let amount = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
        let of = |limit, used_percent| Spend {
            id: "extra_usage".into(),
            label: "Extra usage".into(),
            used: amount(8100),
            limit,
            used_percent,
            note: None,
        };
        for (money, used, left) in [
            (
                of(amount(10_000), None),
                "Extra usage 81 %, $81.00 of $100.00",
                "Extra usage 19 % left, $81.00 of $100.00",
            ),
            (of(None, None), "Extra usage $81.00", "Extra usage $81.00"),
            (of(None, Some(12.0)), "Extra usage 12 %, $81.00", "Extra usage 88 % left, $81.00"),
        ] {
            let reading = Reading::new(Source::UsageEndpoint, NOW, vec![], vec![money]);
            assert_eq!(tooltip(&reading, Percent::Used, NOW, &LocalTime::UTC), used);
            assert_eq!(tooltip(&reading, Percent::Left, NOW, &LocalTime::UTC), left);
        }
    }

    #[test]
    fn locked_window_shows_the_reason_with_its_name() {
        let opus = QuotaWindow { locked: Some("out of credits".into()), ..window("opus", "Opus", Some(0.0), None) };
        assert_eq!(window_line(&opus, Percent::Used, NOW, &LocalTime::UTC), "Opus (locked: out of credits) 0 %");
        let reading = Reading::new(Source::UsageEndpoint, NOW, vec![opus], vec![]);
        assert_eq!(tooltip(&reading, Percent::Used, NOW, &LocalTime::UTC), "Opus (locked: out of credits) 0 %");
    }
}
