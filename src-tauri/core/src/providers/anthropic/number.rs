//! Numbers as Anthropic writes them.

use crate::quota::merge::PERCENT_MAX;
use serde_json::Value;

/// Above 100 is possible; what is far beyond all use is a mistake, and is not said.
pub(super) fn percent(value: &Value) -> Option<f64> {
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
