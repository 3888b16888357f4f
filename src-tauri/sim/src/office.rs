//! The working hours of somebody who works from nine to five on weekdays.

use crate::observation::{DAY, HOUR, Millis};

pub const DAY_OF_WORK: Millis = 8 * HOUR;
const WEEK: Millis = 7 * DAY;
const WEEK_OF_WORK: Millis = 5 * DAY_OF_WORK;
/// Every world begins at noon on a Monday.
const NOON: Millis = 12 * HOUR;
const NINE: Millis = 9 * HOUR;

/// The start of each working day in a world of this length.
pub fn beginnings(length: Millis) -> impl Iterator<Item = Millis> {
    (1..=length / DAY).map(|day| day * DAY - NOON + NINE).filter(move |at| *at < length && began(*at).is_some())
}

/// The start of the working day that `at` is in or after; `None` before nine and at weekends.
pub fn began(at: Millis) -> Option<Millis> {
    let monday = at + NOON;
    let (day, time) = (monday.div_euclid(DAY), monday.rem_euclid(DAY));
    (day.rem_euclid(7) < 5 && time >= NINE).then(|| at - time + NINE)
}

/// The working time between `from` and `to`.
pub fn worked(from: Millis, to: Millis) -> Millis {
    let so_far = |at: Millis| {
        let monday = at + NOON;
        let (weeks, rest) = (monday.div_euclid(WEEK), monday.rem_euclid(WEEK));
        let (day, time) = (rest / DAY, rest % DAY);
        let today = if day < 5 { (time - NINE).clamp(0, DAY_OF_WORK) } else { 0 };
        weeks * WEEK_OF_WORK + day.min(5) * DAY_OF_WORK + today
    };
    so_far(to) - so_far(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_hours_give_five_workdays_in_any_seven_days() {
        let days: Vec<Millis> = beginnings(4 * WEEK).collect();
        assert_eq!((days.len(), days[0]), (20, DAY - NOON + NINE));
        for from in (-3..40).map(|hours| hours * 5 * HOUR) {
            assert_eq!(worked(from, from + WEEK), WEEK_OF_WORK);
        }
        // The first Saturday.
        assert_eq!((began(5 * DAY), worked(4 * DAY + 5 * HOUR, 6 * DAY)), (None, 0));
        assert_eq!(began(5 * HOUR), Some(-3 * HOUR));
    }
}
