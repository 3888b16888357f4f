//! Local time for display: the user's time zone and 12-hour or 24-hour clock.

use crate::time::Wall;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// The user's time zone and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    pub zone: TimeZone,
    pub hours: HourCycle,
}

/// "3:30 PM" or "15:30".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourCycle {
    H12,
    H23,
}

/// What the person chose: as their locale has it, or one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ClockChoice {
    #[default]
    #[serde(rename = "locale")]
    Locale,
    #[serde(rename = "12h")]
    H12,
    #[serde(rename = "24h")]
    H24,
}

impl ClockChoice {
    /// `locale` is the value of `LC_ALL`, `LC_TIME` or `LANG`, whichever applies.
    pub fn hours(self, locale: &str) -> HourCycle {
        match self {
            Self::Locale => HourCycle::of_locale(locale),
            Self::H12 => HourCycle::H12,
            Self::H24 => HourCycle::H23,
        }
    }
}

/// Countries whose locales have an `AM` and a `PM` in the time format (`t_fmt`) of the GNU C library, version 2.36. Built in,
/// because the user's locale need not be installed.
const H12_COUNTRIES: &str = "AE AL AM BD BH CA CY DJ DZ EG ER ET FJ GH GR HK IN IQ JO KE KW LB LY MM MY OM PH QA SD SO SS SY TN TO TZ \
     US VU WS YE";
/// Languages that differ from the rest of their country.
const H24_IN_H12: &str = "ber_DZ bo_IN es_US fr_CA kab_DZ so_KE tr_CY unm_US yi_US yue_HK";
const H12_IN_H24: &str = "bho_NP gd_GB ha_NG ig_NG mai_NP quz_PE sq_MK the_NP tpi_PG yo_NG";

impl HourCycle {
    /// Parses a POSIX locale name, such as `en_US.UTF-8` or `de_AT@euro`. One without a country counts as the `C` locale.
    pub fn of_locale(name: &str) -> Self {
        let name = name.split(['.', '@']).next().unwrap_or_default();
        let country = name.split_once('_').map_or("", |(_, country)| country);
        let among = |list: &str, word: &str| list.split(' ').any(|one| one == word);
        let h12 = among(H12_COUNTRIES, country) && !among(H24_IN_H12, name) || among(H12_IN_H24, name);
        if h12 { Self::H12 } else { Self::H23 }
    }
}

impl LocalTime {
    pub const UTC: Self = Self { zone: TimeZone::UTC, hours: HourCycle::H23 };

    /// "15:30" or "3:30 PM". A time that occurs twice, as when clocks go back, gets its zone: "02:30 CEST".
    pub fn time_of_day(&self, at: &Zoned) -> String {
        let (hour, minute) = (at.hour(), at.minute());
        let time = match self.hours {
            HourCycle::H23 => format!("{hour:02}:{minute:02}"),
            HourCycle::H12 => {
                let half = if hour < 12 { "AM" } else { "PM" };
                format!("{}:{minute:02} {half}", (hour + 11) % 12 + 1)
            }
        };
        time + &which_of_two(at)
    }

    /// The start of the next day.
    pub fn midnight(&self, now: Wall) -> Wall {
        let now = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        let day = now.tomorrow().and_then(|day| day.start_of_day());
        day.map_or(Wall(i64::MAX), |day| Wall(day.timestamp().as_millisecond()))
    }

    /// Formats a time for the log, whatever the clock. A time that occurs twice gets its zone.
    pub fn logged(&self, at: &Zoned, form: &str) -> String {
        at.strftime(form).to_string() + &which_of_two(at)
    }
}

impl From<TimeZone> for LocalTime {
    fn from(zone: TimeZone) -> Self {
        Self { zone, ..Self::UTC }
    }
}

/// " CEST" if this local time occurs twice, otherwise empty.
fn which_of_two(at: &Zoned) -> String {
    let zone = at.time_zone();
    let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(at.datetime()).offset() else {
        return String::new();
    };
    let name = |offset: Offset| {
        let at = offset.to_timestamp(at.datetime()).ok()?;
        Some(zone.to_offset_info(at).abbreviation().to_owned())
    };
    match (name(before), name(after)) {
        // Some zones have numeric abbreviations, or the same one for both.
        (Some(first), Some(second)) if first != second && first.starts_with(char::is_alphabetic) => {
            format!(" {}", if at.offset() == before { first } else { second })
        }
        _ => at.strftime(" UTC%:z").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(zone: &str, hours: HourCycle, at: &str) -> String {
        let local = LocalTime { zone: TimeZone::posix(zone).unwrap(), hours };
        local.time_of_day(&at.parse::<Timestamp>().unwrap().to_zoned(local.zone.clone()))
    }

    #[test]
    fn hour_cycle_follows_the_locale() {
        for name in ["en_US", "en_US.UTF-8", "en_CA.utf8", "hi_IN", "el_GR@euro", "ar_EG.UTF-8", "en_PH", "gd_GB"] {
            assert_eq!(HourCycle::of_locale(name), HourCycle::H12, "{name}");
        }
        for name in
            ["", "C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "de_DE", "fr_CA", "es_US", "en_AU", "en", "US", "x_us", "en_"]
        {
            assert_eq!(HourCycle::of_locale(name), HourCycle::H23, "{name}");
        }
        assert_eq!(ClockChoice::H24.hours("en_US"), HourCycle::H23);
        assert_eq!(ClockChoice::H12.hours("de_DE"), HourCycle::H12);
    }

    #[test]
    fn hour_cycle_12_starts_at_twelve() {
        for (at, time) in [
            ("00:05", "12:05 AM"),
            ("01:00", "1:00 AM"),
            ("11:59", "11:59 AM"),
            ("12:00", "12:00 PM"),
            ("13:07", "1:07 PM"),
            ("23:59", "11:59 PM"),
        ] {
            assert_eq!(said("UTC0", HourCycle::H12, &format!("2026-09-14T{at}:00Z")), time);
        }
    }

    #[test]
    fn repeated_dst_hour_is_shown_with_its_zone() {
        let berlin = |at: &str| said("CET-1CEST,M3.5.0,M10.5.0/3", HourCycle::H23, &format!("2026-10-25T{at}Z"));
        let all = ["23:59:00", "00:00:00", "00:59:59", "01:00:00", "01:59:59", "02:00:00"].map(berlin);
        assert_eq!(all[1..], ["02:00 CEST", "02:59 CEST", "02:00 CET", "02:59 CET", "03:00"]);
        assert_eq!(said("EST5EDT,M3.2.0,M11.1.0", HourCycle::H12, "2026-11-01T06:30:00Z"), "1:30 AM EST");
        // Half an hour comes twice here, and the names are numbers.
        let lord_howe = |at| said("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", HourCycle::H23, at);
        assert_eq!(lord_howe("2026-04-04T14:45:00Z"), "01:45 UTC+11:00");
        assert_eq!(lord_howe("2026-04-04T15:15:00Z"), "01:45 UTC+10:30");
        assert_eq!(said("<+01>-1<+01>-2,M3.5.0,M10.5.0/3", HourCycle::H23, "2026-10-25T00:30:00Z"), "02:30 UTC+02:00");
    }
}
