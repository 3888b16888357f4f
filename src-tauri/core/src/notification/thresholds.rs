//! Which usage levels the user wants to be notified of, and quiet hours.

use crate::time::Wall;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The usage levels that the user wants to be notified of, in whole percents from 1 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(as = "Vec<u8>"))]
pub struct Thresholds(u128);

impl Thresholds {
    pub const DEFAULT: Self = Self(1 << 80 | 1 << 95);

    /// In ascending order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..=100).filter(move |percent| self.0 >> percent & 1 == 1)
    }

    /// The highest threshold that this usage has reached.
    pub fn reached(self, used: f64) -> Option<u8> {
        self.iter().filter(|percent| f64::from(*percent) <= used).last()
    }

    pub fn lowest(self) -> Option<u8> {
        self.iter().next()
    }
}

impl TryFrom<Vec<u8>> for Thresholds {
    type Error = &'static str;

    fn try_from(percents: Vec<u8>) -> Result<Self, Self::Error> {
        percents.into_iter().try_fold(Self(0), |set, percent| match percent {
            1..=100 => Ok(Self(set.0 | 1 << percent)),
            _ => Err("a threshold must be a whole percent from 1 to 100"),
        })
    }
}

impl From<Thresholds> for Vec<u8> {
    fn from(set: Thresholds) -> Self {
        set.iter().collect()
    }
}

/// A time of the day in which nothing is shown, such as "22:00-07:00", on the person's clock. What there is to say by
/// then waits until it is over, and is said if it is still true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(as = "String"))]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// When the quiet hours around `now` end; `None` outside of them. They are spans of real time, so that an end is always
    /// ahead: in a night with a repeated hour, they begin at the first and end at the second.
    pub fn end(self, now: Wall, zone: &TimeZone) -> Option<Wall> {
        let now = Timestamp::from_millisecond(now.0).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        let began = [today.yesterday().ok(), Some(today)].into_iter().flatten();
        let spans = began.filter_map(|day| {
            let last = if self.from < self.to { day } else { day.tomorrow().ok()? };
            let from = zone.to_ambiguous_timestamp(day.to_datetime(self.from)).compatible().ok()?;
            let to = zone.to_ambiguous_timestamp(last.to_datetime(self.to)).later().ok()?;
            Some(from..to)
        });
        let end = spans.filter(|span| span.contains(&now)).map(|span| span.end).max()?;
        Some(Wall(end.as_millisecond()))
    }
}

impl FromStr for QuietHours {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const HOW: &str = "quiet hours must be two different times of day, such as 22:00-07:00";
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let two = |digits: &str| digits.parse().ok().filter(|_| digits.len() <= 2 && !digits.starts_with('+'));
            Time::new(two(hour)?, two(minute)?, 0, 0).ok()
        };
        let (from, to) = text.split_once(['-', '–']).ok_or(HOW)?;
        let (from, to) = time(from).zip(time(to)).ok_or(HOW)?;
        if from == to { Err(HOW) } else { Ok(Self { from, to }) }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

impl TryFrom<String> for QuietHours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        Wall(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn check(hours: &str, now: &str, end: Option<&str>) {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(hours.parse::<QuietHours>().unwrap().end(at(now), &zone), end.map(at), "{hours} at {now}");
    }

    #[test]
    fn quiet_hours_follow_local_time() {
        check("22:00-07:00", "2026-09-14T19:59:59Z", None);
        check("22:00-07:00", "2026-09-14T20:00:00Z", Some("2026-09-15T05:00:00Z"));
        check("22:00-07:00", "2026-09-15T04:59:59Z", Some("2026-09-15T05:00:00Z"));
        check("22:00-07:00", "2026-09-15T05:00:00Z", None);
        check("12:30-13:15", "2026-09-14T10:45:00Z", Some("2026-09-14T11:15:00Z"));
        check("12:30-13:15", "2026-09-14T20:00:00Z", None);
        check("00:00-06:00", "2026-09-14T23:00:00Z", Some("2026-09-15T04:00:00Z"));
    }

    /// Pairs of UTC times in 2026 as `MM-DDThh:mm`: now, and the end of the quiet hours.
    #[track_caller]
    fn check_berlin(hours: &str, times: &[(&str, Option<&str>)]) {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let hours: QuietHours = hours.parse().unwrap();
        for (now, end) in times {
            let utc = |time: &str| at(&format!("2026-{time}:00Z"));
            assert_eq!(hours.end(utc(now), &berlin), end.map(utc), "{hours} at {now}");
        }
    }

    /// The hour from 02:00 occurs twice: from 00:00 and from 01:00 UTC.
    #[test]
    fn quiet_hours_end_once_when_daylight_saving_ends() {
        let second = Some("10-25T01:30");
        check_berlin(
            "22:00-02:30",
            &[
                ("10-24T19:59", None),
                ("10-24T20:00", second),
                ("10-25T00:05", second),
                ("10-25T00:45", second),
                ("10-25T01:05", second),
                ("10-25T01:29", second),
                ("10-25T01:30", None),
                ("10-25T01:45", None),
            ],
        );
        let morning = Some("10-25T05:00");
        check_berlin("02:30-06:00", &[("10-25T00:29", None), ("10-25T00:30", morning), ("10-25T01:15", morning)]);
        let tomorrow = Some("10-26T01:15");
        check_berlin("02:30-02:15", &[("10-25T00:20", Some("10-25T01:15")), ("10-25T00:45", tomorrow)]);
    }

    /// 02:00 is followed by 03:00. A time in between is as long after 22:00 as on other days.
    #[test]
    fn quiet_hours_end_once_when_daylight_saving_starts() {
        let end = Some("03-29T01:30");
        check_berlin(
            "22:00-02:30",
            &[("03-28T21:00", end), ("03-29T00:59", end), ("03-29T01:00", end), ("03-29T01:30", None)],
        );
        check_berlin("02:30-02:45", &[("03-29T01:29", None), ("03-29T01:30", Some("03-29T01:45"))]);
    }

    #[test]
    fn quiet_hours_parse_and_print_as_two_times() {
        for good in ["22:00-07:00", "9:5-10:00", " 22:00 – 07:00 "] {
            assert!(good.parse::<QuietHours>().is_ok(), "{good}");
        }
        let hours: QuietHours = "9:05-10:00".parse().unwrap();
        assert_eq!(hours.to_string(), "09:05-10:00");
        assert_eq!(serde_json::to_value(hours).unwrap(), "09:05-10:00", "in the settings");
        for bad in
            ["", "22:00", "22-7", "22:00-24:00", "22:60-07:00", "22:00-22:00", "a:b-c:d", "+2:00-3:00", "22:00-07:00-"]
        {
            assert!(bad.parse::<QuietHours>().is_err(), "{bad}");
        }
    }

    #[test]
    fn quiet_hours_at_extreme_times_are_off_without_panic() {
        let hours: QuietHours = "22:00-07:00".parse().unwrap();
        for now in [Wall(i64::MIN), Wall(i64::MAX)] {
            assert_eq!(hours.end(now, &TimeZone::UTC), None);
        }
    }

    #[test]
    fn thresholds_report_the_highest_one_reached() {
        let set = Thresholds::DEFAULT;
        let reached = [0.0, 79.99, 80.0, 94.0, 95.0, 140.0].map(|used| set.reached(used));
        assert_eq!(reached, [None, None, Some(80), Some(80), Some(95), Some(95)]);
        assert_eq!(Thresholds::default().reached(100.0), None);
        let all = Thresholds::try_from(vec![100, 1, 1]).unwrap();
        assert_eq!(Vec::from(all), [1, 100]);
        assert!(Thresholds::try_from(vec![0]).is_err() && Thresholds::try_from(vec![101]).is_err());
    }

    #[test]
    fn thresholds_are_sorted_without_duplicates() {
        let of = |percents: &[u8]| Thresholds::try_from(percents.to_vec()).unwrap();
        let set = of(&[95, 50, 50, 100, 1]);
        assert_eq!((Vec::from(set), set.lowest()), (vec![1, 50, 95, 100], Some(1)));
        assert_eq!((of(&[]).lowest(), of(&[95, 80]).lowest()), (None, Some(80)));
        let reached = [0.9, 1.0, 94.9, 95.0, 100.0, 250.0].map(|used| set.reached(used));
        assert_eq!(reached, [None, Some(1), Some(50), Some(95), Some(100), Some(100)]);
        assert!(Thresholds::try_from(vec![0]).is_err() && Thresholds::try_from(vec![101]).is_err());
    }
}
