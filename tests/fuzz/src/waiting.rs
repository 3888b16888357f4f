//! `Retry-After`, with the `Date` that it is compared with.

use crate::answers::honoured;
use crate::given::Given;
use holdoff_core::Wall;
use holdoff_core::gate::{policy, retry_after};
use std::time::Duration;

pub fn retry_after(bytes: &[u8]) {
    let mut given = Given(bytes);
    let now = Wall(given.long().cast_signed());
    let (Some(header), Some(date)) = (given.line(), given.line()) else {
        return;
    };
    let date = Some(date.as_str()).filter(|date| !date.is_empty());
    let waits = retry_after::parse(Some(&header), date, now);
    honoured(waits);
    assert_eq!(retry_after::parse(Some(&format!(" {header}\t")), date, now), waits, "blanks around it mean nothing");
    assert_eq!(retry_after::parse(None, date, now), None);
    if let Some(seconds) = counted(header.trim()) {
        assert_eq!(waits, seconds, "{header:?}");
    } else if date.is_none() && waits.is_some() {
        let later = Wall(now.0.saturating_add(1000));
        let then = retry_after::parse(Some(&header), None, later).unwrap_or_default();
        assert!(then <= waits.unwrap_or_default(), "a date comes nearer: {header:?}");
    }
}

/// The meaning of a value of digits only, parsed in another way than the code does: `None` if there are other characters.
fn counted(header: &str) -> Option<Option<Duration>> {
    let digits = !header.is_empty() && header.chars().all(|c| c.is_ascii_digit());
    let most = policy::RETRY_AFTER_MAX.as_secs();
    let count = |count: u64, digit: char| (count * 10 + u64::from(digit) - u64::from('0')).min(most);
    let seconds = header.chars().fold(0, |so_far, digit| if digits { count(so_far, digit) } else { 0 });
    digits.then(|| (seconds > 0).then(|| Duration::from_secs(seconds)))
}
