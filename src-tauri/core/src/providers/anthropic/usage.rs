//! The usage body: older and newer shape, merged so that nothing is shown twice.
//!
//! The older keys (`five_hour`, `seven_day`, …) and the newer `limits[]` repeat each other. The older keys come
//! first; an entry of `limits` adds what they lack and the mark of the limit that counts.

use super::money;
use crate::quota::{QuotaWindow, Reading, Source};
use crate::text;
use crate::time::Wall;
use serde_json::{Map, Value};

/// At most this many windows are kept: an answer may be hostile.
pub(super) const WINDOWS_MAX: usize = 40;

const FIVE_HOURS: u64 = 5 * 3600;
const SEVEN_DAYS: u64 = 7 * 86_400;

/// Keys of the body that are no windows even where they look like one.
const NOT_WINDOWS: [&str; 4] = ["extra_usage", "limits", "spend", "seven_day_breakdown"];

/// `None` if nothing in it is a quota.
pub(super) fn read(json: &Value, now: Wall) -> Option<Reading> {
    let body = json.as_object()?;
    let known = ["five_hour", "seven_day", "limits", "extra_usage", "spend"];
    let mut windows = old_windows(body);
    if windows.is_empty() && !known.iter().any(|key| body.contains_key(*key)) {
        return None;
    }
    let limits = body.get("limits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for limit in limits.iter().take(WINDOWS_MAX) {
        if let Some(window) = limit_window(limit) {
            merge(&mut windows, window);
        }
    }
    windows.sort_by_key(rank);
    windows.truncate(WINDOWS_MAX);
    Some(Reading::new(Source::UsageEndpoint, now, windows, money::read(json)))
}

/// 5-hour, weekly, then per model, then what is unknown; each group in the order of its labels.
pub(super) fn rank(window: &QuotaWindow) -> (u8, String) {
    let group = match window.id.as_str() {
        "five_hour" => 0,
        "seven_day" => 1,
        _ if window.duration_s.is_some() => 2,
        _ => 3,
    };
    (group, window.label.clone())
}

fn old_windows(body: &Map<String, Value>) -> Vec<QuotaWindow> {
    let candidates = body.iter().filter(|(key, _)| !NOT_WINDOWS.contains(&key.as_str()));
    candidates.filter_map(|(key, value)| old_window(key, value)).collect()
}

/// `null` under a key is "does not apply": no window.
fn old_window(key: &str, value: &Value) -> Option<QuotaWindow> {
    let window = value.as_object().filter(|window| window.contains_key("utilization"))?;
    let (label, duration_s) = known(key);
    Some(QuotaWindow {
        id: clean(key),
        label,
        used_percent: window.get("utilization").and_then(percent),
        resets_at: window.get("resets_at").and_then(time),
        duration_s,
        binding: false,
        origin: None,
    })
}

pub(super) fn known(key: &str) -> (String, Option<u64>) {
    match key {
        "five_hour" => ("5-hour".to_owned(), Some(FIVE_HOURS)),
        "seven_day" => ("weekly".to_owned(), Some(SEVEN_DAYS)),
        "seven_day_oauth_apps" => ("OAuth apps".to_owned(), Some(SEVEN_DAYS)),
        _ => match key.strip_prefix("seven_day_").filter(|rest| !rest.is_empty()) {
            Some(model) => (capitalised(&clean(model)), Some(SEVEN_DAYS)),
            None => (clean(key), None),
        },
    }
}

fn limit_window(limit: &Value) -> Option<QuotaWindow> {
    let text = |key: &str| limit.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text("kind")?;
    let scope = limit.get("scope").and_then(scope);
    let (id, label, duration_s) = match (kind, scope) {
        ("session", None) => ("five_hour".to_owned(), "5-hour".to_owned(), Some(FIVE_HOURS)),
        ("weekly_all", None) => ("seven_day".to_owned(), "weekly".to_owned(), Some(SEVEN_DAYS)),
        (_, Some(scope)) => {
            let id = format!("{}:{}", clean(kind), scope.to_lowercase());
            let weekly = (text("group") == Some("weekly")).then_some(SEVEN_DAYS);
            (id, scope, weekly)
        }
        (_, None) => (clean(kind), clean(kind), None),
    };
    Some(QuotaWindow {
        id,
        label,
        used_percent: limit.get("percent").and_then(percent),
        resets_at: limit.get("resets_at").and_then(time),
        duration_s,
        binding: limit.get("is_active").and_then(Value::as_bool) == Some(true),
        origin: None,
    })
}

/// The model or surface that a limit is for. Either may be an object with a name or a bare string.
fn scope(scope: &Value) -> Option<String> {
    let part = |key: &str| scope.get(key).filter(|part| !part.is_null()).and_then(name);
    match (part("model"), part("surface")) {
        (Some(model), Some(surface)) => Some(format!("{model} ({surface})")),
        (model, surface) => model.or(surface),
    }
}

fn name(part: &Value) -> Option<String> {
    let text = part.as_str().or_else(|| {
        let text = |key: &str| part.get(key).and_then(Value::as_str);
        text("display_name").or_else(|| text("name")).or_else(|| text("id"))
    })?;
    let text = clean(text);
    (!text.is_empty()).then_some(text)
}

/// The same limit under its older and its newer name is one window: the newer one's mark and, where the older
/// says nothing, its figures.
fn merge(windows: &mut Vec<QuotaWindow>, new: QuotaWindow) {
    match windows.iter_mut().find(|old| old.is_same(&new)) {
        Some(old) => {
            old.binding |= new.binding;
            old.used_percent = old.used_percent.or(new.used_percent);
            old.resets_at = old.resets_at.or(new.resets_at);
        }
        None => windows.push(new),
    }
}

/// Above 100 is possible; what is far beyond all use is a mistake, and is not said.
pub(super) fn percent(value: &Value) -> Option<f64> {
    const PERCENT_MAX: f64 = 1e6;
    number(value).filter(|percent| *percent <= PERCENT_MAX)
}

/// A finite, non-negative number, as JSON number or as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
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

/// A provider's own name as it may be shown.
pub(super) fn clean(name: &str) -> String {
    text::clean(name, text::NAME_MAX)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
