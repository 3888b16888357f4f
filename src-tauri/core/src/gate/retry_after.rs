//! `Retry-After` in both forms of RFC 9110 §10.2.3.

use crate::gate::policy::RETRY_AFTER_MAX;
use crate::time::Wall;
use std::time::{Duration, UNIX_EPOCH};

/// The wait that the header asks for, at most [`RETRY_AFTER_MAX`]. Absent, zero, negative, past and unreadable values give
/// `None`: they count as no header (law 3).
///
/// A date is compared with the answer's own `Date` if it has one, because both come from the same clock; else with `now`.
pub fn parse(header: Option<&str>, date: Option<&str>, now: Wall) -> Option<Duration> {
    parse_up_to(RETRY_AFTER_MAX, header, date, now)
}

/// The same with another maximum, for a server that is contacted less often.
pub fn parse_up_to(most: Duration, header: Option<&str>, date: Option<&str>, now: Wall) -> Option<Duration> {
    let text = header?.trim();
    let wait = match delay_seconds(text) {
        Some(wait) => wait,
        None => http_date(text)?.since(date.and_then(http_date).unwrap_or(now)),
    };
    (!wait.is_zero()).then(|| wait.min(most))
}

/// Digits only, as in the RFC. A number that overflows counts as longer than the maximum.
fn delay_seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().map_or(Duration::MAX, Duration::from_secs))
}

fn http_date(text: &str) -> Option<Wall> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Wall(crate::time::millis(since)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Mon, 14 Sep 2026 12:00:00 GMT";

    #[track_caller]
    fn check(header: &str, expect: Option<u64>) {
        let now = http_date(NOW).unwrap();
        assert_eq!(parse(Some(header), None, now).map(|d| d.as_secs()), expect, "{header:?}");
    }

    #[test]
    fn retry_after_in_seconds_is_parsed_and_capped() {
        check("990", Some(990));
        check(" 3600 ", Some(3600));
        check("1", Some(1));
        check("86400", Some(86_400));
        check("86401", Some(86_400));
        check("99999999999999999999999999", Some(86_400));
    }

    #[test]
    fn retry_after_absent_zero_negative_or_invalid_is_none() {
        for header in ["", "0", "-5", "+5", "1.5", "3600s", "soon", "NaN", "\u{0661}", "0x10"] {
            check(header, None);
        }
        assert_eq!(parse(None, None, Wall(0)), None);
    }

    #[test]
    fn retry_after_accepts_all_three_http_date_formats() {
        check("Mon, 14 Sep 2026 12:16:30 GMT", Some(990));
        check("Monday, 14-Sep-26 12:16:30 GMT", Some(990));
        check("Mon Sep 14 12:16:30 2026", Some(990));
        check("Mon, 14 Sep 2026 11:59:59 GMT", None);
        check(NOW, None);
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400));
        check("Mon, 31 Feb 2026 12:00:00 GMT", None);
    }

    #[test]
    fn retry_after_date_is_relative_to_the_servers_clock() {
        let until = Some("Mon, 14 Sep 2026 12:10:00 GMT");
        let hours_ahead = Wall::from_secs(4_000_000_000);
        assert_eq!(parse(until, Some(NOW), hours_ahead), Some(Duration::from_secs(600)));
        assert_eq!(parse(until, Some("rubbish"), hours_ahead), None);
    }
}
