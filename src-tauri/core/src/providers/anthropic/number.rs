//! Parses Anthropic's numbers.

use crate::quota::merge::PERCENT_MAX;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Like [`serde_json::from_slice`], but a number that is none (`NaN`, `-Infinity`, `1e400`) costs only its own field. It is
/// read as text, since it does not mean that the field does not apply, as null does.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|error| serde_json::from_slice(&with_finite(bytes)).map_err(|_| error))
}

fn with_finite(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.first() {
        let length = if *first == b'"' { text_length(rest) } else { word_length(rest).max(1) };
        let (word, after) = rest.split_at(length);
        let is_number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
        let quote: &[u8] = if is_number.is_some_and(|number| !number.is_finite()) { b"\"" } else { b"" };
        [quote, word, quote].iter().for_each(|part| out.extend_from_slice(part));
        rest = after;
    }
    out
}

fn text_length(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

fn word_length(json: &[u8]) -> usize {
    json.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')).count()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn number_that_is_none_costs_only_its_field() {
        for none in ["NaN", "-NaN", "Infinity", "-Infinity", "1e400", "-1E+999"] {
            let text = format!(r#"{{"a":{none},"b":[{none}, 4.5],"{none}":"\"{none}\\","c":true}}"#);
            let expect = json!({"a": none, "b": [none, 4.5], none: format!("\"{none}\\"), "c": true});
            assert_eq!(parse::<Value>(text.as_bytes()).unwrap(), expect, "{none}");
        }
        for wrong in ["{\"a\":nothing}", "{\"a\":1e400", "\"NaN", "{\"a\":1e400}}", "NaN NaN", "{\"a\":0x7}"] {
            assert!(parse::<Value>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
