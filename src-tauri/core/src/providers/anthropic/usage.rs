//! Parses the usage body. Merges its older and newer form so that nothing appears twice.
//!
//! The older keys (`five_hour`, `seven_day`, …) and the newer `limits[]` repeat each other. The older keys take precedence.
//! An entry of `limits` adds what they lack, and marks the binding limit.

mod limits;

pub(super) use limits::models;

use super::number::{number, percent};
use crate::providers::anthropic::spend;
use crate::quota::merge::PERCENT_MAX;
pub(super) use crate::quota::merge::WINDOWS_MAX;
use crate::quota::{QuotaWindow, Reading, Source, WindowKind};
use crate::text;
use crate::time::Wall;
use serde_json::{Map, Value};

const FIVE_HOURS: u64 = 5 * 3600;
const SEVEN_DAYS: u64 = 7 * 86_400;

/// Keys that are not windows even if they look like one.
const NOT_WINDOWS: [&str; 5] = ["extra_usage", "limits", "spend", "seven_day_breakdown", MODELS];
/// The list of single models' limits in some bodies.
pub(super) const MODELS: &str = "model_scoped";
/// The keys that are meaningful to users even at zero usage. All others are code names.
const NAMED: [&str; 7] = [
    "five_hour",
    "seven_day",
    "seven_day_oauth_apps",
    "seven_day_opus",
    "seven_day_sonnet",
    "seven_day_cowork",
    "seven_day_overage_included",
];

/// `None` if the body contains no quota.
pub(super) fn read(json: &Value, now: Wall) -> Option<Reading> {
    let body = json.as_object()?;
    let known = ["five_hour", "seven_day", "limits", "extra_usage", "spend", MODELS];
    let is_usage = |value: &Value| value.get("utilization").is_some();
    if !body.values().any(is_usage) && !known.iter().any(|key| body.contains_key(*key)) {
        return None;
    }
    let mut windows = old_windows(body);
    limits::add(&mut windows, body);
    Some(Reading::new(Source::UsageEndpoint, now, bounded(windows), spend::read(json)))
}

/// Keeps the most important windows if there are too many, since a response may be hostile.
pub(super) fn bounded(mut windows: Vec<QuotaWindow>) -> Vec<QuotaWindow> {
    let matters = |window: &QuotaWindow| (window.kind.is_main(), window.binding, window.used_percent.unwrap_or(-1.0));
    windows.sort_by(|a, b| {
        let (a, b) = (matters(a), matters(b));
        (b.0, b.1).cmp(&(a.0, a.1)).then(b.2.total_cmp(&a.2))
    });
    windows.truncate(WINDOWS_MAX);
    windows.sort_by_key(QuotaWindow::rank);
    windows
}

fn old_windows(body: &Map<String, Value>) -> Vec<QuotaWindow> {
    let candidates = body.iter().filter(|(key, _)| !NOT_WINDOWS.contains(&key.as_str()));
    candidates.filter_map(|(key, value)| old_window(key, value)).collect()
}

/// `null` under a key means "does not apply": no window.
fn old_window(key: &str, value: &Value) -> Option<QuotaWindow> {
    let window = value.as_object().filter(|window| window.contains_key("utilization"))?;
    keyed(key, window, "utilization")
}

/// The window under a key of its own, unless it is empty.
pub(super) fn keyed(key: &str, value: &Map<String, Value>, percent_key: &str) -> Option<QuotaWindow> {
    let (label, duration_s) = label_and_length(key);
    let is_named = NAMED.contains(&key);
    let own = value.get("label").and_then(Value::as_str).map(clean).filter(|own| !own.is_empty() && !is_named);
    let window = QuotaWindow {
        id: clean(key),
        kind: window_kind(key, duration_s),
        label: own.unwrap_or(label),
        used_percent: value.get(percent_key).and_then(percent).or_else(|| dollars(value)),
        resets_at: value.get("resets_at").and_then(time),
        duration_s,
        binding: false,
        origin: None,
        locked: value.get("locked_reason").and_then(spend::locked),
    };
    // A value that cannot be parsed was still reported, so what is known of the window stays.
    let is_garbled = [percent_key, "resets_at"].iter().any(|key| value.get(*key).is_some_and(|said| !said.is_null()));
    let is_said = window.used_percent.is_some_and(|used| is_named || used > 0.0) || window.resets_at.is_some();
    let is_nothing = window.used_percent == Some(0.0) && !is_named;
    (is_said || window.locked.is_some() || (is_garbled && !is_nothing)).then_some(window)
}

/// Computes the percentage of a window that only reports dollars.
fn dollars(value: &Map<String, Value>) -> Option<f64> {
    let amount = |key: &str| value.get(key).and_then(number);
    let (used, limit) = amount("used_dollars").zip(amount("limit_dollars"))?;
    (limit > 0.0).then(|| (used / limit * 10_000.0).round() / 100.0).filter(|percent| *percent <= PERCENT_MAX)
}

/// The kind of the window with this id.
pub fn window_kind(id: &str, duration_s: Option<u64>) -> WindowKind {
    match id {
        "five_hour" => WindowKind::Session,
        "seven_day" => WindowKind::Weekly,
        _ if duration_s.is_some() => WindowKind::Model,
        _ => WindowKind::Other,
    }
}

pub(super) fn label_and_length(key: &str) -> (String, Option<u64>) {
    match key {
        "five_hour" => ("5-hour".to_owned(), Some(FIVE_HOURS)),
        "seven_day" => ("weekly".to_owned(), Some(SEVEN_DAYS)),
        "seven_day_oauth_apps" => ("OAuth apps".to_owned(), Some(SEVEN_DAYS)),
        "seven_day_overage_included" => ("Fable".to_owned(), Some(SEVEN_DAYS)),
        "spend_limit" => ("spend limit".to_owned(), None),
        _ => match key.strip_prefix("seven_day_").filter(|rest| !rest.is_empty()) {
            Some(model) => (capitalised(&clean(model)), Some(SEVEN_DAYS)),
            None => (clean(key), None),
        },
    }
}

/// RFC 3339 with or without an offset (then UTC), or epoch seconds or milliseconds. Not after the year 2200.
pub(super) fn time(value: &Value) -> Option<Wall> {
    const LATEST_MS: i64 = 7_258_118_400_000;
    let wall = match value {
        Value::Number(number) => {
            let number = number.as_f64()?;
            let millis = if number > 1e11 { number } else { number * 1000.0 };
            Wall(millis as i64)
        }
        Value::String(text) => text_time(text.trim())?,
        _ => return None,
    };
    (wall.0 > 0 && wall.0 <= LATEST_MS).then_some(wall)
}

fn text_time(text: &str) -> Option<Wall> {
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let stamp = with_offset.or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(Wall(stamp.as_millisecond()))
}

/// Cleans a name from the provider for display.
pub(super) fn clean(name: &str) -> String {
    text::clean(name, text::NAME_MAX)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
