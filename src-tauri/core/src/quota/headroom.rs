//! Checks whether enough quota is left for a task that is about to start.

use crate::quota::{Level, QuotaWindow, Reading, WindowKind};
use crate::time::Wall;
use std::time::Duration;

/// The requirement to check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement<'a> {
    /// The window's id or label, or a common name: `5h`, `weekly`. `None` means every window.
    pub window: Option<&'a str>,
    /// In percent.
    pub at_least: f64,
    pub max_age: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Enough(Headroom),
    NotEnough(Headroom),
    Unknown(Unknown),
    /// The reading is older than allowed.
    TooOld {
        label: String,
        age: Duration,
    },
}

/// The window with the least quota left.
#[derive(Debug, Clone, PartialEq)]
pub struct Headroom {
    pub label: String,
    /// In percent.
    pub left: f64,
    /// Also `None` if the window was reset since the reading.
    pub resets_at: Option<Wall>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    NoReading,
    /// The known windows are listed.
    NoSuchWindow {
        known: Vec<String>,
    },
    /// The provider did not report usage for this window.
    NotReported,
}

/// Checks every window, or the requirement one. A plan without windows is checked by its spend; beside windows, spend counts only
/// if it is asked for by name. A window that was reset since the reading counts as full. One window that is too old makes the
/// result [`Verdict::TooOld`], unless another has too little left.
pub fn evaluate(reading: Option<&Reading>, requirement: &Requirement<'_>, now: Wall) -> Verdict {
    let Some(reading) = reading else {
        return Verdict::Unknown(Unknown::NoReading);
    };
    let limits = reading.limits();
    let money = reading.money_limits();
    let asked_for: Vec<&QuotaWindow> = match requirement.window {
        None => limits.iter().collect(),
        Some(name) => limits.iter().chain(&money).filter(|window| is_called(window, name)).collect(),
    };
    if asked_for.is_empty() {
        let known = limits.iter().map(|window| window.label.clone()).collect();
        return Verdict::Unknown(Unknown::NoSuchWindow { known });
    }
    let said: Vec<(&QuotaWindow, Headroom)> =
        asked_for.into_iter().filter_map(|window| Some((window, left(window, now)?))).collect();
    let age = |window: &QuotaWindow| now.since(reading.origin(window).at);
    let fresh = said.iter().filter(|(window, _)| age(window) <= requirement.max_age);
    let least = fresh.map(|(_, left)| left).min_by(|a, b| a.left.total_cmp(&b.left));
    if let Some(least) = least.filter(|least| least.left < requirement.at_least) {
        return Verdict::NotEnough(least.clone());
    }
    let oldest = said.iter().map(|(window, _)| *window).max_by_key(|window| age(window));
    match (oldest, least) {
        (Some(oldest), _) if age(oldest) > requirement.max_age => {
            Verdict::TooOld { label: oldest.label.clone(), age: age(oldest) }
        }
        (_, Some(least)) => Verdict::Enough(least.clone()),
        (_, None) => Verdict::Unknown(Unknown::NotReported),
    }
}

fn left(window: &QuotaWindow, now: Wall) -> Option<Headroom> {
    let label = window.label.clone();
    match window.level(now) {
        Level::Used(used) => Some(Headroom { label, left: (100.0 - used).max(0.0), resets_at: window.resets_at }),
        Level::Reset => Some(Headroom { label, left: 100.0, resets_at: None }),
        Level::Unknown => None,
    }
}

pub(crate) fn is_called(window: &QuotaWindow, name: &str) -> bool {
    let by_kind = match name.to_lowercase().as_str() {
        "5h" | "5-hour" | "session" => window.kind == WindowKind::Session,
        "7d" | "week" | "weekly" => window.kind == WindowKind::Weekly,
        _ => false,
    };
    by_kind || window.id.eq_ignore_ascii_case(name) || window.label.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Provenance, Source};

    const NOW: Wall = Wall(1_789_391_820_000);

    fn window(id: &str, label: &str, used: Option<f64>, age_min: i64) -> QuotaWindow {
        QuotaWindow {
            id: id.into(),
            kind: crate::providers::anthropic::window_kind(id, None),
            label: label.into(),
            used_percent: used,
            resets_at: Some(NOW.plus(Duration::from_secs(3600))),
            duration_s: None,
            binding: false,
            origin: Some(Provenance { at: Wall(NOW.0 - age_min * 60_000), source: Source::UsageEndpoint }),
            locked: None,
        }
    }

    fn reading() -> Reading {
        let windows = vec![
            window("five_hour", "5-hour", Some(42.0), 1),
            window("seven_day", "weekly", Some(79.5), 1),
            window("weekly_scoped:fable", "Fable", Some(90.0), 40),
            window("tangelo", "tangelo", None, 1),
        ];
        Reading::new(Source::UsageEndpoint, NOW, windows, vec![])
    }

    fn of(window: Option<&str>, at_least: f64, max_age_min: u64) -> Verdict {
        let requirement = Requirement { window, at_least, max_age: Duration::from_secs(max_age_min * 60) };
        evaluate(Some(&reading()), &requirement, NOW)
    }

    #[test]
    fn headroom_reading_at_max_age_is_accepted() {
        assert!(matches!(of(Some("weekly"), 20.0, 1), Verdict::Enough(_)));
        assert!(matches!(of(Some("weekly"), 20.0, 0), Verdict::TooOld { .. }));
        assert!(matches!(of(Some("Fable"), 5.0, 40), Verdict::Enough(_)));
        assert!(matches!(of(Some("Fable"), 5.0, 39), Verdict::TooOld { .. }));
    }

    #[test]
    fn headroom_of_one_window_by_name() {
        for name in ["weekly", "week", "7d", "seven_day", "WEEKLY"] {
            assert!(matches!(of(Some(name), 20.0, 15), Verdict::Enough(left) if left.left == 20.5), "{name}");
            assert!(matches!(of(Some(name), 20.6, 15), Verdict::NotEnough(_)), "{name}");
        }
        for name in ["5h", "session", "five_hour", "5-hour"] {
            assert!(matches!(of(Some(name), 58.0, 15), Verdict::Enough(left) if left.label == "5-hour"), "{name}");
        }
        assert!(matches!(of(Some("fable"), 10.0, 60), Verdict::Enough(_)));
        assert!(matches!(of(Some("fable"), 99.0, 15), Verdict::TooOld { age, .. } if age.as_secs() == 2400));
        assert_eq!(of(Some("tangelo"), 0.0, 15), Verdict::Unknown(Unknown::NotReported));
        let none = of(Some("opus"), 0.0, 15);
        assert!(matches!(none, Verdict::Unknown(Unknown::NoSuchWindow { known }) if known.len() == 4));
    }

    #[test]
    fn headroom_of_all_windows_is_that_of_the_worst() {
        assert!(matches!(of(None, 10.0, 60), Verdict::Enough(left) if left.label == "Fable"));
        assert!(matches!(of(None, 11.0, 60), Verdict::NotEnough(left) if left.label == "Fable"));
        assert!(matches!(of(None, 10.0, 15), Verdict::TooOld { label, .. } if label == "Fable"));
        assert!(matches!(of(None, 30.0, 15), Verdict::NotEnough(left) if left.label == "weekly"));
    }

    #[test]
    fn headroom_without_reading_is_unknown_and_after_reset_full() {
        let requirement = Requirement { window: Some("5h"), at_least: 60.0, max_age: Duration::from_secs(3600) };
        assert_eq!(evaluate(None, &requirement, NOW), Verdict::Unknown(Unknown::NoReading));
        let mut past = reading();
        past.windows[0].resets_at = Some(NOW);
        let full = evaluate(Some(&past), &requirement, NOW);
        assert!(matches!(full, Verdict::Enough(Headroom { left: 100.0, resets_at: None, .. })));
        let much_later = NOW.plus(Duration::from_secs(7200));
        assert!(matches!(evaluate(Some(&past), &requirement, much_later), Verdict::TooOld { .. }));
        past.windows[0] = window("five_hour", "5-hour", Some(104.0), 1);
        let over = evaluate(Some(&past), &Requirement { at_least: 0.0, ..requirement }, NOW);
        assert!(matches!(over, Verdict::Enough(left) if left.left == 0.0));
    }
}
