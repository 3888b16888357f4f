//! Parses Anthropic's numbers.

use crate::quota::merge::PERCENT_MAX;
use serde_json::Value;

/// Above 100 is possible. An implausibly high value is an error and counts as absent.
pub(super) fn percent(value: &Value) -> Option<f64> {
    number(value).filter(|percent| *percent <= PERCENT_MAX)
}

/// A finite, non-negative number, from a JSON number or string.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}
