//! Quota as a provider reports it: windows and spend, each with its source and the time it was true.

pub mod attribution;
pub mod backtest;
pub mod cycle;
pub mod forecast;
pub mod headroom;
pub mod merge;
pub mod pace;

use crate::quota::merge::Doubts;
use crate::text;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The known quota windows and spend: from one source at one time, or merged from several (see [`crate::quota::merge`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When the newest part was true, not when it was read.
    pub at: Wall,
    /// The source of the newest part.
    pub source: Source,
    pub windows: Vec<QuotaWindow>,
    #[serde(default)]
    pub money: Vec<Spend>,
    /// Source and time of the spend, where they differ from [`Reading::at`] and [`Reading::source`].
    #[serde(default)]
    pub money_origin: Option<Provenance>,
    /// When the usage endpoint, the only complete source, was last read.
    #[serde(default)]
    pub whole_at: Option<Wall>,
    /// Ids of the windows that the endpoint reports. Others come only from another source.
    #[serde(default)]
    pub endpoint_windows: Vec<String>,
    /// When the usage endpoint last responded without any limit, after it had reported those shown.
    #[serde(default)]
    pub no_limits_at: Option<Wall>,
    /// Values that were reported and are not believed yet.
    #[serde(default)]
    pub doubts: Box<Doubts>,
}

/// Where something was read, and when it was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    pub at: Wall,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    UsageEndpoint,
    StatusLine,
    OwnerCache,
}

/// What a limit applies to. Determines the order and the short name of a window; ids are the provider's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// A session of several hours.
    Session,
    /// All usage in a week.
    Weekly,
    /// A single model or surface.
    Model,
    /// Money with a limit.
    Balance,
    #[default]
    Other,
}

impl WindowKind {
    /// Whether every plan of the provider has it.
    pub fn is_main(self) -> bool {
        matches!(self, Self::Session | Self::Weekly)
    }
}

/// One limit over a span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuotaWindow {
    /// Stable: the provider's own key, such as `five_hour`.
    #[serde(deserialize_with = "text::name")]
    pub id: String,
    #[serde(default)]
    pub kind: WindowKind,
    #[serde(deserialize_with = "text::name")]
    pub label: String,
    /// Percent, 0–100; above 100 is possible. `None` is "not reported", never 0.
    pub used_percent: Option<f64>,
    pub resets_at: Option<Wall>,
    /// Length of the window in seconds, if known.
    pub duration_s: Option<u64>,
    /// Whether the provider marks this limit as the one that applies now.
    pub binding: bool,
    /// Source and time, where they differ from those of its [`Reading`]. Use [`Reading::origin`].
    #[serde(default)]
    pub origin: Option<Provenance>,
    /// Why it is locked, in the provider's words.
    #[serde(default, deserialize_with = "text::optional_name")]
    pub locked: Option<String>,
}

/// The level of a window at a given time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    Used(f64),
    /// The reset time has passed: the old value no longer applies and the new one is unknown.
    Reset,
    Unknown,
}

impl QuotaWindow {
    pub fn level(&self, now: Wall) -> Level {
        if self.resets_at.is_some_and(|at| at <= now) {
            return Level::Reset;
        }
        self.used_percent.map_or(Level::Unknown, Level::Used)
    }

    /// Whether both are the same limit, possibly under an older or newer name.
    pub fn is_same(&self, other: &QuotaWindow) -> bool {
        let same_length = self.duration_s.is_some() && self.duration_s == other.duration_s;
        self.id == other.id || (same_length && self.label.eq_ignore_ascii_case(&other.label))
    }

    /// Sort key: by kind, then by label.
    pub(crate) fn rank(&self) -> (WindowKind, String) {
        (self.kind, self.label.clone())
    }
}

impl Reading {
    /// A reading from one source at one time.
    pub fn new(source: Source, at: Wall, windows: Vec<QuotaWindow>, money: Vec<Spend>) -> Self {
        let whole_at = (source == Source::UsageEndpoint).then_some(at);
        Self {
            at,
            source,
            windows,
            money,
            money_origin: None,
            whole_at,
            endpoint_windows: Vec::new(),
            no_limits_at: None,
            doubts: Box::default(),
        }
    }

    /// Where and when one of its windows was read.
    pub fn origin(&self, window: &QuotaWindow) -> Provenance {
        window.origin.unwrap_or(Provenance { at: self.at, source: self.source })
    }

    /// The limits that apply: the windows, or the spend of a plan without windows.
    pub fn limits(&self) -> Cow<'_, [QuotaWindow]> {
        if !self.windows.is_empty() {
            return Cow::Borrowed(&self.windows);
        }
        Cow::Owned(self.money_limits())
    }

    /// Spend that has a limit.
    pub(crate) fn money_limits(&self) -> Vec<QuotaWindow> {
        self.money.iter().filter_map(|money| money.as_window(self.money_origin())).collect()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.money.is_empty()
    }

    /// The window to show first: the one that limits the user now, according to the provider, else the fullest.
    pub fn leading(&self, now: Wall) -> Option<&QuotaWindow> {
        let used = |window: &QuotaWindow| match window.level(now) {
            Level::Used(percent) => Some(percent),
            Level::Reset | Level::Unknown => None,
        };
        let known = self.windows.iter().filter_map(|window| Some((window, used(window)?)));
        let first = known.max_by(|(a, a_used), (b, b_used)| {
            (a.binding, a_used).partial_cmp(&(b.binding, b_used)).unwrap_or(Ordering::Equal)
        });
        first.map(|(window, _)| window).or(self.windows.first())
    }

    /// The highest level of any limit at `now`, for an icon with room for one number.
    pub fn highest(&self, now: Wall) -> Option<f64> {
        let limits = self.limits();
        let used = limits.iter().filter_map(|window| match window.level(now) {
            Level::Used(percent) => Some(percent),
            Level::Reset | Level::Unknown => None,
        });
        used.reduce(f64::max)
    }
}

/// Pay-as-you-go in addition to the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    #[serde(deserialize_with = "text::name")]
    pub id: String,
    #[serde(deserialize_with = "text::name")]
    pub label: String,
    pub used: Option<Amount>,
    pub limit: Option<Amount>,
    pub used_percent: Option<f64>,
    /// Why it is off or exhausted, in the provider's words.
    #[serde(default, deserialize_with = "text::optional_name")]
    pub note: Option<String>,
}

impl Spend {
    /// Share of the limit that is spent, in percent, rounded to hundredths. `None` without a limit.
    pub fn percent(&self) -> Option<f64> {
        let (used, limit) = (self.used.as_ref(), self.limit.as_ref());
        let same = used.zip(limit).filter(|(used, limit)| used.currency == limit.currency && limit.minor > 0);
        self.used_percent
            .or_else(|| same.map(|(used, limit)| (used.in_units() / limit.in_units() * 10_000.0).round() / 100.0))
    }

    /// Converts it to a limit like a window, without a reset time.
    fn as_window(&self, origin: Provenance) -> Option<QuotaWindow> {
        Some(QuotaWindow {
            id: self.id.clone(),
            kind: WindowKind::Balance,
            label: self.label.clone(),
            used_percent: Some(self.percent()?.max(0.0)),
            resets_at: None,
            duration_s: None,
            binding: false,
            origin: Some(origin),
            locked: None,
        })
    }
}

/// An amount in minor units: 1234 with exponent 2 is 12.34.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub minor: i64,
    /// ISO 4217.
    #[serde(deserialize_with = "text::name")]
    pub currency: String,
    pub exponent: u8,
}

impl Amount {
    /// The amount in whole units of the currency, for programs that compute.
    pub fn in_units(&self) -> f64 {
        self.minor as f64 / 10_f64.powi(i32::from(self.exponent))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let exponent = usize::from(self.exponent.min(9));
        let unit = 10_u64.pow(u32::from(self.exponent.min(9)));
        let abs = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "−" } else { "" };
        let (symbol, code) = match self.currency.as_str() {
            "USD" => ("$", ""),
            "EUR" => ("€", ""),
            "GBP" => ("£", ""),
            other => ("", other),
        };
        write!(f, "{sign}{symbol}{}", abs / unit)?;
        if exponent > 0 {
            write!(f, ".{:0exponent$}", abs % unit)?;
        }
        if !code.is_empty() {
            write!(f, " {code}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amount_is_formatted_with_currency_and_decimals() {
        let show = |minor, currency: &str, exponent| Amount { minor, currency: currency.into(), exponent }.to_string();
        assert_eq!(show(1234, "USD", 2), "$12.34");
        assert_eq!(show(5, "EUR", 2), "€0.05");
        assert_eq!(show(0, "USD", 2), "$0.00");
        assert_eq!(show(-250, "GBP", 2), "−£2.50");
        assert_eq!(show(1200, "JPY", 0), "1200 JPY");
        assert_eq!(show(i64::MIN, "USD", 200), "−$9223372036.854775808");
        let units = |minor, exponent| Amount { minor, currency: "USD".into(), exponent }.in_units();
        assert_eq!([units(1234, 2), units(-250, 2), units(1200, 0), units(5, 3)], [12.34, -2.5, 1200.0, 0.005]);
    }

    #[test]
    fn window_level_past_the_reset_is_reset() {
        let window = QuotaWindow {
            id: "five_hour".into(),
            kind: crate::providers::anthropic::window_kind("five_hour", None),
            label: "5-hour".into(),
            used_percent: Some(42.0),
            resets_at: Some(Wall(1_000)),
            duration_s: Some(18_000),
            binding: false,
            origin: None,
            locked: None,
        };
        assert_eq!(window.level(Wall(999)), Level::Used(42.0));
        assert_eq!(window.level(Wall(1_000)), Level::Reset);
        let open_ended = QuotaWindow { resets_at: None, used_percent: None, ..window };
        assert_eq!(open_ended.level(Wall(5_000)), Level::Unknown);
    }

    #[test]
    fn highest_level_ignores_windows_past_their_reset() {
        let window = |used: Option<f64>, resets_at: i64| QuotaWindow {
            id: "w".into(),
            kind: WindowKind::Other,
            label: "w".into(),
            used_percent: used,
            resets_at: Some(Wall(resets_at)),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        };
        let of = |windows| Reading::new(Source::UsageEndpoint, Wall(0), windows, vec![]).highest(Wall(100));
        assert_eq!(of(vec![window(Some(99.0), 100), window(Some(12.0), 101), window(Some(40.5), 101)]), Some(40.5));
        assert_eq!(of(vec![window(Some(99.0), 100), window(None, 101)]), None);
    }

    #[test]
    fn share_of_a_spending_limit_needs_a_limit_in_the_same_currency() {
        let amount = |minor, currency: &str| Some(Amount { minor, currency: currency.into(), exponent: 2 });
        let spend = |limit, used_percent| Spend {
            id: "m".into(),
            label: "m".into(),
            used: amount(1234, "USD"),
            limit,
            used_percent,
            note: None,
        };
        assert_eq!(spend(amount(10_000, "USD"), None).percent(), Some(12.34));
        assert_eq!(spend(amount(10_000, "EUR"), None).percent(), None);
        assert_eq!(spend(amount(0, "USD"), None).percent(), None);
        assert_eq!(spend(amount(-1, "USD"), None).percent(), None);
        assert_eq!(spend(None, None).percent(), None);
        assert_eq!(spend(amount(0, "USD"), Some(7.0)).percent(), Some(7.0));
    }

    #[test]
    fn leading_window_is_the_binding_one_else_the_fullest() {
        let window = |id: &str, used: Option<f64>, resets_at: i64, binding| QuotaWindow {
            id: id.into(),
            kind: WindowKind::Other,
            label: id.into(),
            used_percent: used,
            resets_at: Some(Wall(resets_at)),
            duration_s: None,
            binding,
            origin: None,
            locked: None,
        };
        let of = |windows: &[QuotaWindow]| {
            let reading = Reading::new(Source::UsageEndpoint, Wall(0), windows.to_vec(), vec![]);
            reading.leading(Wall(100)).map(|window| window.id.clone())
        };
        let [over, half, full] = [("over", 99.0, 100), ("half", 50.0, 200), ("full", 100.0, 200)]
            .map(|(id, used, ends)| window(id, Some(used), ends, false));
        assert_eq!(of(&[over.clone(), half.clone(), full.clone()]).as_deref(), Some("full"));
        let binding = QuotaWindow { binding: true, ..half.clone() };
        assert_eq!(of(&[over.clone(), binding, full]).as_deref(), Some("half"));
        let reset = QuotaWindow { binding: true, ..over.clone() };
        assert_eq!(of(&[reset, half]).as_deref(), Some("half"), "one that was reset limits nobody");
        assert_eq!(
            of(&[over, window("unknown", None, 200, false)]).as_deref(),
            Some("over"),
            "if none is known, the first"
        );
        assert_eq!(of(&[]), None);
    }
}
