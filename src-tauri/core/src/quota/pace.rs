//! Usage against the clock. At an even pace, a window is used up exactly at its reset: the pace is the share of its time that
//! has passed. A five-day pace counts Monday to Friday in the user's time zone, for windows that are longer than a day.

use crate::local_time::LocalTime;
use crate::quota::QuotaWindow;
use crate::quota::forecast::Point;
use crate::settings::PaceDays;
use crate::time::{Wall, millis};
use jiff::Timestamp;
use jiff::civil::Weekday;
use std::time::Duration;

/// Shorter windows have no days off.
const DAY: Duration = Duration::from_secs(86_400);
/// A longer window is no window that resets.
const DAYS_MAX: u32 = 370;

/// The even pace of one cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct EvenPace {
    /// From the start of the cycle at 0 % to its reset at 100 %, with a point wherever days off begin or end.
    pub line: Vec<Point>,
}

impl EvenPace {
    /// `None` if the window's length or reset time is unknown, or if it is over.
    pub fn of(window: &QuotaWindow, days: PaceDays, now: Wall, zone: &LocalTime) -> Option<Self> {
        let ends = window.resets_at.filter(|ends| *ends > now)?;
        let length = window
            .duration_s
            .map(Duration::from_secs)
            .filter(|length| !length.is_zero() && *length <= DAY * DAYS_MAX)?;
        let begins = Wall(ends.0.saturating_sub(millis(length)));
        let straight = || vec![Point { at: begins, used: 0.0 }, Point { at: ends, used: 100.0 }];
        let line = match days {
            PaceDays::Five if length > DAY => weekdays(begins, ends, zone).unwrap_or_else(straight),
            _ => straight(),
        };
        Some(Self { line })
    }

    /// The share of the cycle's time that has passed at `at`, in percent.
    pub fn at(&self, at: Wall) -> f64 {
        let after = self.line.partition_point(|point| point.at <= at);
        match (after.checked_sub(1).and_then(|before| self.line.get(before)), self.line.get(after)) {
            (Some(before), Some(next)) => {
                let share = millis(at.since(before.at)) as f64 / millis(next.at.since(before.at)) as f64;
                before.used + (next.used - before.used) * share
            }
            (Some(_), None) => 100.0,
            (None, _) => 0.0,
        }
    }
}

/// The line through the weekdays alone; `None` if there are none in this time.
fn weekdays(begins: Wall, ends: Wall, zone: &LocalTime) -> Option<Vec<Point>> {
    let mut line = vec![Point { at: begins, used: 0.0 }];
    let (mut at, mut worked) = (begins, Duration::ZERO);
    for _ in 0..=DAYS_MAX {
        let next = zone.midnight(at).min(ends);
        if !is_weekend(at, zone) {
            worked += next.since(at);
        }
        line.push(Point { at: next, used: millis(worked) as f64 });
        if next >= ends {
            break;
        }
        at = next;
    }
    let all = millis(worked) as f64;
    if all == 0.0 {
        return None;
    }
    line.iter_mut().for_each(|point| point.used *= 100.0 / all);
    Some(line)
}

fn is_weekend(at: Wall, zone: &LocalTime) -> bool {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    matches!(at.to_zoned(zone.zone.clone()).weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn at(time: &str) -> Wall {
        Wall(time.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn window(ends: &str, length: Duration) -> QuotaWindow {
        QuotaWindow {
            id: "x".into(),
            kind: crate::quota::WindowKind::Weekly,
            label: "x".into(),
            used_percent: Some(10.0),
            resets_at: Some(at(ends)),
            duration_s: Some(length.as_secs()),
            binding: false,
            origin: None,
            locked: None,
        }
    }

    /// A week from Wednesday noon to Wednesday noon, in UTC.
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    const ENDS: &str = "2026-09-16T12:00:00Z";

    fn passed(days: PaceDays, now: &str) -> f64 {
        let even = EvenPace::of(&window(ENDS, WEEK), days, at(now), &LocalTime::UTC).expect("a pace");
        (even.at(at(now)) * 10.0).round() / 10.0
    }

    #[test]
    fn even_pace_is_the_share_of_time_that_has_passed() {
        assert_eq!(passed(PaceDays::Seven, "2026-09-09T12:00:00Z"), 0.0);
        assert_eq!(passed(PaceDays::Seven, "2026-09-13T00:00:00Z"), 50.0);
        assert_eq!(passed(PaceDays::Seven, "2026-09-16T11:59:59Z"), 100.0);
        assert_eq!(passed(PaceDays::Seven, "2026-09-01T00:00:00Z"), 0.0, "before it began");
    }

    #[test]
    fn five_day_pace_stands_still_on_weekends() {
        for (now, passed_then) in [
            ("2026-09-09T12:00:00Z", 0.0),
            ("2026-09-10T00:00:00Z", 10.0),
            ("2026-09-12T00:00:00Z", 50.0),
            ("2026-09-13T15:00:00Z", 50.0),
            ("2026-09-14T00:00:00Z", 50.0),
            ("2026-09-15T00:00:00Z", 70.0),
            ("2026-09-16T00:00:00Z", 90.0),
        ] {
            assert_eq!(passed(PaceDays::Five, now), passed_then, "{now}");
        }
    }

    #[test]
    fn weekends_are_those_of_the_time_zone() {
        let zone = LocalTime::from(TimeZone::posix("EST5").unwrap());
        // Friday evening there, Saturday in UTC.
        let now = at("2026-09-12T02:00:00Z");
        let even = EvenPace::of(&window(ENDS, WEEK), PaceDays::Five, now, &zone).expect("a pace");
        assert!(even.at(now) < even.at(at("2026-09-12T04:59:00Z")));
        assert_eq!(even.at(at("2026-09-12T05:00:00Z")), even.at(at("2026-09-13T20:00:00Z")));
    }

    #[test]
    fn short_window_and_weekend_window_count_every_hour() {
        let saturday = "2026-09-12T05:00:00Z";
        let five_hours = window("2026-09-12T06:00:00Z", Duration::from_secs(5 * 3600));
        let even = EvenPace::of(&five_hours, PaceDays::Five, at(saturday), &LocalTime::UTC).expect("a pace");
        assert_eq!(even.at(at(saturday)), 80.0);
        for (ends, length, passed) in
            [("2026-09-12T03:00:00Z", Duration::from_secs(5 * 3600), 40.0), ("2026-09-12T12:00:00Z", DAY, 50.0)]
        {
            let midnight = at("2026-09-12T00:00:00Z");
            let even = EvenPace::of(&window(ends, length), PaceDays::Five, midnight, &LocalTime::UTC).expect("a pace");
            assert_eq!(even.at(midnight), passed, "into the weekend, {length:?}");
        }
        let weekend = window("2026-09-14T00:00:00Z", DAY * 2);
        let even = EvenPace::of(&weekend, PaceDays::Five, at(saturday), &LocalTime::UTC).expect("a pace");
        assert_eq!(even.at(at("2026-09-13T00:00:00Z")), 50.0);
    }

    #[test]
    fn window_of_unknown_length_or_past_its_reset_has_no_pace() {
        let of =
            |window: QuotaWindow| EvenPace::of(&window, PaceDays::Seven, at("2026-09-13T00:00:00Z"), &LocalTime::UTC);
        assert_eq!(of(QuotaWindow { duration_s: None, ..window(ENDS, WEEK) }), None);
        assert!(of(QuotaWindow { duration_s: Some(370 * 86_400), ..window(ENDS, WEEK) }).is_some());
        assert_eq!(of(QuotaWindow { duration_s: Some(370 * 86_400 + 1), ..window(ENDS, WEEK) }), None);
        assert_eq!(of(QuotaWindow { duration_s: Some(0), ..window(ENDS, WEEK) }), None);
        assert_eq!(of(QuotaWindow { resets_at: None, ..window(ENDS, WEEK) }), None);
        assert_eq!(of(window("2026-09-13T00:00:00Z", WEEK)), None);
    }
}
