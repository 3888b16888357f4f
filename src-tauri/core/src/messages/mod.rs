//! All user-visible sentences about requests, for window, menu, tooltip, notification and terminal alike. Time zones are
//! arguments.

mod autostart;
mod backtest;
mod cli;
mod credential_location;
mod errors;
mod free_readings;
mod history;
mod notification;
mod pasted_key;
mod quota;
mod reasons;
mod renewal;
mod request_status;
mod sign_in;
mod sign_in_steps;
mod sign_in_terminal;
mod status_line;
mod updates;
mod window_alert;

pub use autostart::{AUTOSTART_BY_UNIT, autostart_not_as_written, autostart_not_changed};
pub use backtest::backtest;
pub use cli::{NO_READINGS, condition, format_error, ledger_line, no_such_window, not_chosen, verdict};
pub use credential_location::{folder_added, place};
pub use errors::{NoWindow, no_window, unwatched, updated};
pub use free_readings::{FREE_ONLY, how_to_get_one};
pub use history::{HISTORY_DELETED, history_exported};
pub use notification::notice;
pub use pasted_key::key_kept;
pub use quota::{
    dated_tooltip, money_level, money_line, own_age, pace, percent, percent_left, read_earlier, source, tooltip,
    window_line, window_name,
};
pub use request_status::{
    cooldown, grant, grant_kind, outcome, outcome_kind, refresh, refusal, refusal_short, status,
    status_beside_countdown,
};
pub use sign_in::{SignInWords, sign_in};
pub use sign_in_steps::{
    Offer, Problem, Progress, SignInContext, SignInSteps, StepWords, how_to_sign_in, sign_in_steps,
};
pub use sign_in_terminal::{SignInTerminal, sign_in_terminal};
pub use status_line::{
    Paint, StatusLine, status_line, status_line_changed, status_line_copies_removed, status_line_folder_gone,
    status_line_forgotten, status_line_installed, status_line_not_there, status_line_now, status_line_removed,
    status_line_there,
};
pub use updates::{
    UPDATE_LAPSED, UPDATE_NO_KEY, update_checked, update_fetched, update_found, update_how, update_install_failure,
    update_installing, update_limited, update_lost, update_menu, update_not_sent, update_not_usable, update_status,
    update_torn, updates_status,
};
pub use window_alert::{forecast, forecast_range, outlook};

use crate::local_time::LocalTime;
use crate::time::Wall;
use jiff::{Timestamp, Zoned};
use std::time::Duration;

/// The outcome of a request whose process ended before the response.
pub const UNANSWERED: &str = "Holdoff stopped before the response arrived";

fn zoned(at: Wall, zone: &LocalTime) -> Zoned {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_zoned(zone.zone.clone())
}

/// Days from the local date of `now` to that of `at`.
fn days_ahead(at: &Zoned, now: &Zoned) -> i64 {
    let days = at.date().since((jiff::Unit::Day, now.date()));
    days.map(|span| i64::from(span.get_days())).unwrap_or(i64::MAX)
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn weekday(at: &Zoned) -> &'static str {
    let index = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
    WEEKDAYS.get(index).copied().unwrap_or_default()
}

fn month(at: &Zoned) -> &'static str {
    let index = usize::try_from(at.month() - 1).unwrap_or(0);
    MONTHS.get(index).copied().unwrap_or_default()
}

/// "18 Sep", with the year if it is not the current one.
fn date(at: &Zoned, now: &Zoned) -> String {
    let date = format!("{} {}", at.day(), month(at));
    if at.year() == now.year() { date } else { format!("{date} {}", at.year()) }
}

/// "2026-09-14 15:30:07": the time of a log line, to the second.
pub fn date_and_time(at: Wall, zone: &LocalTime) -> String {
    zone.logged(&zoned(at, zone), "%Y-%m-%d %H:%M:%S")
}

/// The same to the minute.
pub fn date_and_minute(at: Wall, zone: &LocalTime) -> String {
    zone.logged(&zoned(at, zone), "%Y-%m-%d %H:%M")
}

/// To the minute: "15:30" today, "Fri 22:00" within six days, else "18 Sep 22:00".
pub fn format_time(at: Wall, now: Wall, zone: &LocalTime) -> String {
    let (at, now) = (zoned(at, zone), zoned(now, zone));
    let time = zone.time_of_day(&at);
    match days_ahead(&at, &now) {
        0 => time,
        1..=6 => format!("{} {time}", weekday(&at).get(..3).unwrap_or_default()),
        _ => format!("{} {time}", date(&at, &now)),
    }
}

/// The time of a window's reset, rounded to the nearest minute: providers report the same reset as 21:59:59.91 and as
/// 22:00:00.91.
pub fn resets(at: Wall, now: Wall, zone: &LocalTime) -> String {
    format_time(nearest_minute(at), now, zone)
}

/// The same in short form: "15:30" today, "Friday" within six days, else "18 Sep".
pub fn short_date(at: Wall, now: Wall, zone: &LocalTime) -> String {
    let (at, now) = (zoned(nearest_minute(at), zone), zoned(now, zone));
    match days_ahead(&at, &now) {
        0 => zone.time_of_day(&at),
        1..=6 => weekday(&at).to_owned(),
        _ => date(&at, &now),
    }
}

const MINUTE: i64 = 60_000;

fn nearest_minute(at: Wall) -> Wall {
    Wall(at.0.saturating_add(MINUTE / 2).div_euclid(MINUTE).saturating_mul(MINUTE))
}

/// A deadline, rounded up to the whole minute so that it is never too early.
pub fn not_before(until: Wall, now: Wall, zone: &LocalTime) -> String {
    let up = until.0.saturating_add(MINUTE - 1).div_euclid(MINUTE).saturating_mul(MINUTE);
    format_time(Wall(up), now, zone)
}

/// "45 s", "12 min", "2 h 13 min", "3 d 4 h".
pub fn format_duration(time: Duration) -> String {
    let secs = time.as_secs();
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86_400);
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 if minutes % 60 == 0 => format!("{hours} h"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ if hours % 24 == 0 => format!("{days} d"),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// "Weekly", "Max": capitalises a provider's term at the start of a line. Unknown names stay unchanged.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !text.contains('_') => first.to_uppercase().chain(chars).collect(),
        Some(_) | None => text.to_owned(),
    }
}

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(at: Wall) -> String {
    let stamp = Timestamp::from_second(at.0.div_euclid(1000)).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_string()
}

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod snapshots;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_time::HourCycle;
    use jiff::tz::TimeZone;

    fn at(text: &str) -> Wall {
        Wall(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    /// A Monday, early afternoon.
    const NOW: &str = "2026-09-14T13:17:00Z";

    #[track_caller]
    fn check(time: &str, long: &str, short: &str) {
        let zone = LocalTime::UTC;
        assert_eq!(format_time(at(time), at(NOW), &zone), long);
        assert_eq!(short_date(at(time), at(NOW), &zone), short);
    }

    #[test]
    fn clock_format_depends_on_the_distance_in_days() {
        check("2026-09-14T15:30:00Z", "15:30", "15:30");
        check("2026-09-14T00:00:00Z", "00:00", "00:00");
        check("2026-09-15T00:00:00Z", "Tue 00:00", "Tuesday");
        check("2026-09-18T22:00:00Z", "Fri 22:00", "Friday");
        check("2026-09-20T23:59:29Z", "Sun 23:59", "Sunday");
        check("2026-09-21T13:17:00Z", "21 Sep 13:17", "21 Sep");
        check("2026-09-13T15:30:00Z", "13 Sep 15:30", "13 Sep");
    }

    #[test]
    fn clock_format_includes_another_year() {
        check("2027-09-14T15:30:00Z", "14 Sep 2027 15:30", "14 Sep 2027");
        check("2025-12-31T23:59:00Z", "31 Dec 2025 23:59", "31 Dec 2025");
        check("2026-12-31T23:59:00Z", "31 Dec 23:59", "31 Dec");
        let (monday, new_year) = (at("2026-12-28T12:00:00Z"), at("2027-01-01T15:30:00Z"));
        assert_eq!(format_time(new_year, monday, &LocalTime::UTC), "Fri 15:30", "near enough to have one meaning");
    }

    #[test]
    fn clock_format_uses_the_local_hour_cycle_and_zone_name() {
        let us = LocalTime { hours: HourCycle::H12, ..LocalTime::UTC };
        assert_eq!(format_time(at("2026-09-14T15:30:00Z"), at(NOW), &us), "3:30 PM");
        assert_eq!(format_time(at("2026-09-15T00:00:00Z"), at(NOW), &us), "Tue 12:00 AM");
        assert_eq!(short_date(at("2026-09-14T15:30:00Z"), at(NOW), &us), "3:30 PM");
        let berlin = LocalTime::from(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let (evening, twice) = (at("2026-10-24T20:00:00Z"), at("2026-10-25T01:30:00Z"));
        assert_eq!(resets(twice, evening, &berlin), "Sun 02:30 CET");
    }

    #[test]
    fn clock_format_uses_the_local_zone_for_today() {
        let zone = LocalTime::from(TimeZone::fixed(jiff::tz::offset(11)));
        assert_eq!(format_time(at("2026-09-14T12:59:00Z"), at(NOW), &zone), "14 Sep 23:59");
        assert_eq!(format_time(at("2026-09-14T15:30:00Z"), at(NOW), &zone), "02:30");
    }

    /// Both are in one answer of the provider's.
    #[test]
    fn reset_time_is_rounded_to_the_nearest_minute() {
        for (time, long, short) in [
            ("2026-09-14T21:59:59.911047Z", "22:00", "22:00"),
            ("2026-09-14T22:00:00.910755Z", "22:00", "22:00"),
            ("2026-09-14T22:00:29.999Z", "22:00", "22:00"),
            ("2026-09-14T22:00:30Z", "22:01", "22:01"),
            ("2026-09-14T23:59:59.9Z", "Tue 00:00", "Tuesday"),
            ("2026-09-20T23:59:59Z", "21 Sep 00:00", "21 Sep"),
        ] {
            assert_eq!(resets(at(time), at(NOW), &LocalTime::UTC), long);
            assert_eq!(short_date(at(time), at(NOW), &LocalTime::UTC), short);
        }
    }

    #[test]
    fn deadline_time_is_rounded_up_to_the_minute() {
        let zone = LocalTime::UTC;
        let told = |time: &str| not_before(at(time), at(NOW), &zone);
        assert_eq!(told("2026-09-14T14:32:00Z"), "14:32");
        assert_eq!(told("2026-09-14T14:31:00.001Z"), "14:32");
        assert_eq!(told("2026-09-14T23:59:30Z"), "Tue 00:00");
    }

    #[test]
    fn duration_format_uses_at_most_two_units() {
        let spans =
            [0, 59, 60, 3599, 3600, 7980, 86_399, 86_400, 273_600].map(|s| format_duration(Duration::from_secs(s)));
        let expect = ["0 s", "59 s", "1 min", "59 min", "1 h", "2 h 13 min", "23 h 59 min", "1 d", "3 d 4 h"];
        assert_eq!(spans, expect);
    }

    #[test]
    fn clock_format_does_not_panic_on_extreme_times() {
        for wall in [Wall(i64::MIN), Wall(i64::MAX), Wall(0)] {
            format_time(wall, at(NOW), &LocalTime::UTC);
            not_before(wall, wall, &LocalTime::UTC);
            short_date(at(NOW), wall, &LocalTime::UTC);
            resets(wall, wall, &LocalTime::UTC);
            rfc3339(wall);
        }
    }

    #[test]
    fn capitalised_leaves_unknown_identifiers_unchanged() {
        let all = ["weekly", "5-hour", "max", "nimbus_quill", ""].map(capitalised);
        assert_eq!(all, ["Weekly", "5-hour", "Max", "nimbus_quill", ""]);
    }

    #[test]
    fn log_time_is_the_local_date_and_names_the_zone_of_a_repeated_hour() {
        let berlin = LocalTime {
            hours: HourCycle::H12,
            ..LocalTime::from(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap())
        };
        for (time, minute, second) in [
            ("2026-09-14T22:30:07.9Z", "2026-09-15 00:30", "2026-09-15 00:30:07"),
            ("2026-10-25T00:30:00Z", "2026-10-25 02:30 CEST", "2026-10-25 02:30:00 CEST"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30 CET", "2026-10-25 02:30:00 CET"),
        ] {
            assert_eq!(date_and_minute(at(time), &berlin), minute);
            assert_eq!(date_and_time(at(time), &berlin), second);
        }
    }
}
