//! Extra usage: `spend` in newer bodies, `extra_usage` in all. Both mean the same, so only one is shown.

use crate::quota::{Amount, Spend};
use crate::text;
use serde_json::Value;

pub(super) fn read(body: &Value) -> Vec<Spend> {
    let extra = body.get("extra_usage").and_then(extra_usage);
    let spend = body.get("spend").and_then(spend);
    let balance = body.get("spend").and_then(|spend| spend.get("balance")).and_then(balance);
    let shown = match (spend, extra) {
        (Some(spend), Some(extra)) => Some(Spend {
            used: spend.used.or(extra.used),
            limit: spend.limit.or(extra.limit),
            used_percent: extra.used_percent.or(spend.used_percent),
            note: spend.note.or(extra.note),
            ..spend
        }),
        (spend, extra) => spend.or(extra),
    };
    shown.into_iter().chain(balance).collect()
}

/// `{"is_enabled":true,"monthly_limit":10000,"used_credits":1234.0,"utilization":12.34,"currency":"USD","decimal_places":2,…}`
fn extra_usage(extra: &Value) -> Option<Spend> {
    if extra.get("is_enabled").is_some_and(|enabled| *enabled == Value::Bool(false)) {
        return None;
    }
    let currency = extra.get("currency").and_then(currency).unwrap_or("USD").to_owned();
    let exponent = exponent(extra.get("decimal_places"));
    let amount = |key: &str| {
        let minor = minor(extra.get(key)?)?;
        Some(Amount { minor, currency: currency.clone(), exponent })
    };
    let reached = extra.get("spend_limit_reached").and_then(Value::as_bool) == Some(true);
    let (used, limit) = (amount("used_credits"), amount("monthly_limit"));
    let used_percent = extra.get("utilization").and_then(super::number::percent);
    let is_said = used.is_some() || used_percent.is_some() || extra.get("is_enabled") == Some(&Value::Bool(true));
    is_said.then(|| Spend {
        id: "extra_usage".to_owned(),
        label: "Extra usage".to_owned(),
        used_percent: used_percent.or_else(|| (reached && limit.is_none()).then_some(100.0)),
        used,
        limit,
        note: disabled(extra).or_else(|| reached.then(|| "spend limit reached".to_owned())),
    })
}

/// `{"used":{"amount_minor":1234,"currency":"USD","exponent":2},"limit":{…},"percent":12,"enabled":true,…}`
fn spend(spend: &Value) -> Option<Spend> {
    if spend.get("enabled").is_some_and(|enabled| *enabled == Value::Bool(false)) {
        return None;
    }
    let used = spend.get("used").and_then(amount);
    let used_percent = spend.get("percent").and_then(super::number::percent);
    (used.is_some() || used_percent.is_some()).then(|| Spend {
        id: "extra_usage".to_owned(),
        label: "Extra usage".to_owned(),
        used,
        limit: spend.get("limit").and_then(amount),
        used_percent,
        note: disabled(spend),
    })
}

fn disabled(value: &Value) -> Option<String> {
    value.get("disabled_reason").and_then(reason)
}

fn balance(value: &Value) -> Option<Spend> {
    Some(Spend {
        id: "balance".to_owned(),
        label: "Balance".to_owned(),
        used: Some(amount(value)?),
        limit: None,
        used_percent: None,
        note: None,
    })
}

fn amount(value: &Value) -> Option<Amount> {
    Some(Amount {
        minor: minor(value.get("amount_minor")?)?,
        currency: currency(value.get("currency")?)?.to_owned(),
        exponent: exponent(value.get("exponent")),
    })
}

fn minor(value: &Value) -> Option<i64> {
    let number = super::number::number(value)?.round();
    (number.abs() < 9e15).then_some(number as i64)
}

fn exponent(value: Option<&Value>) -> u8 {
    value
        .and_then(Value::as_u64)
        .and_then(|digits| u8::try_from(digits).ok())
        .filter(|digits| *digits <= 9)
        .unwrap_or(2)
}

fn currency(value: &Value) -> Option<&str> {
    value.as_str().filter(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Why something is locked, if it is: in the provider's words where they can be repeated.
pub(super) fn locked(value: &Value) -> Option<String> {
    let is_locked = !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("");
    let words = || ["reason", "code", "message"].iter().find_map(|key| reason(value.get(key)?));
    is_locked.then(|| reason(value).or_else(words).unwrap_or_else(|| "unknown reason".to_owned()))
}

/// Converts a key such as `out_of_credits` to words. A sentence is kept if it is plain text, without words as long as a token.
fn reason(value: &Value) -> Option<String> {
    let reason = value.as_str()?;
    let fits = |c: char| c.is_alphanumeric() || "_-.,:;'’()/%".contains(c);
    let is_word = |word: &str| word.len() <= REASON_MAX && word.chars().all(fits);
    let plain = !reason.trim().is_empty() && !text::is_like_a_token(reason) && reason.split(' ').all(is_word);
    plain.then(|| text::excerpt(&reason.replace('_', " "), REASON_MAX))
}

/// Maximum length, also of a single word.
const REASON_MAX: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(body: Value, expect: &[&str]) {
        let lines: Vec<String> = read(&body)
            .iter()
            .map(|money| {
                let side = |amount: &Option<Amount>| amount.as_ref().map_or("-".into(), ToString::to_string);
                let percent = money.used_percent.map_or("-".into(), |p| p.to_string());
                let note = money.note.as_deref().unwrap_or("-");
                format!("{} {} {} {percent} {note}", money.label, side(&money.used), side(&money.limit))
            })
            .collect();
        assert_eq!(lines, expect, "{body}");
    }

    fn extra() -> Value {
        json!({"is_enabled": true, "monthly_limit": 10000, "used_credits": 1234.0, "utilization": 12.34,
               "currency": "USD", "decimal_places": 2, "disabled_reason": null, "spend_limit_reached": false})
    }

    fn spend() -> Value {
        json!({"used": {"amount_minor": 1234, "currency": "USD", "exponent": 2},
               "limit": {"amount_minor": 10000, "currency": "USD", "exponent": 2}, "percent": 12,
               "enabled": true, "disabled_reason": null, "balance": null})
    }

    #[test]
    fn spend_in_both_fields_is_shown_once() {
        let line = "Extra usage $12.34 $100.00 12.34 -";
        check(json!({"extra_usage": extra(), "spend": spend()}), &[line]);
        check(json!({"extra_usage": extra()}), &[line]);
        check(json!({"spend": spend()}), &["Extra usage $12.34 $100.00 12 -"]);
    }

    #[test]
    fn spend_disabled_or_unknown_is_not_shown_as_zero() {
        let mut off = extra();
        off["is_enabled"] = json!(false);
        check(json!({"extra_usage": off}), &[]);
        check(json!({"extra_usage": null, "spend": null}), &[]);
        check(json!({}), &[]);
        let mut unknown = extra();
        unknown["used_credits"] = json!(null);
        unknown["monthly_limit"] = json!("lots");
        check(json!({"extra_usage": unknown}), &["Extra usage - - 12.34 -"]);
    }

    #[test]
    fn spend_is_shown_if_its_use_is_known_or_it_is_on() {
        check(json!({"extra_usage": {"used_credits": 1234}}), &["Extra usage $12.34 - - -"]);
        check(json!({"extra_usage": {"utilization": 12.5}}), &["Extra usage - - 12.5 -"]);
        check(json!({"extra_usage": {"is_enabled": true}}), &["Extra usage - - - -"]);
        check(json!({"extra_usage": {"monthly_limit": 10000}}), &[]);
    }

    #[test]
    fn spend_shows_limit_reached_and_balance() {
        let mut reached = extra();
        reached["spend_limit_reached"] = json!(true);
        check(json!({"extra_usage": reached}), &["Extra usage $12.34 $100.00 12.34 spend limit reached"]);
        let mut with = spend();
        with["balance"] = json!({"amount_minor": 500, "currency": "EUR", "exponent": 2});
        with["disabled_reason"] = json!("out_of_credits");
        check(json!({"spend": with}), &["Extra usage $12.34 $100.00 12 out of credits", "Balance €5.00 - - -"]);
    }

    #[test]
    fn spend_missing_in_one_field_is_taken_from_the_other() {
        let mut half = spend();
        half["used"] = json!(null);
        half["limit"] = json!(null);
        half["percent"] = json!(99);
        check(json!({"extra_usage": extra(), "spend": half}), &["Extra usage $12.34 $100.00 12.34 -"]);
        let mut other = extra();
        other["utilization"] = json!(null);
        other["monthly_limit"] = json!(null);
        other["disabled_reason"] = json!("paused");
        check(json!({"extra_usage": other, "spend": spend()}), &["Extra usage $12.34 $100.00 12 paused"]);
    }

    #[test]
    fn spend_amount_beyond_exact_range_is_dropped() {
        let shown = |minor: Value| {
            read(&json!({"spend": {"enabled": true, "used": {"amount_minor": minor, "currency": "USD"}}}))
        };
        assert_eq!(shown(json!(8_999_999_999_999_999_i64)).len(), 1);
        assert_eq!(shown(json!(9_000_000_000_000_000_i64)).len(), 0);
        assert_eq!(shown(json!(-9e15)).len(), 0);
    }

    #[test]
    fn spend_disabled_reason_is_short_plain_text() {
        let of = |text: &str| reason(&json!(text));
        assert_eq!(of("out_of_credits").as_deref(), Some("out of credits"));
        assert_eq!(of(&"a".repeat(60)), Some("a".repeat(60)));
        for sentence in ["Payment failed. Update your card.", "plan:max", "Spend limit (100 %) reached"] {
            assert_eq!(of(sentence).as_deref(), Some(sentence));
        }
        assert_eq!(of(&"a ".repeat(31)), Some("a ".repeat(30) + "…"));
        for wrong in ["", " ", "<b>", "sk-ant:1", "a\nb", &"a".repeat(61), &"<".repeat(61)] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn currency_exponent_out_of_range_defaults_to_two() {
        let of = |value: Value| exponent(Some(&value));
        assert_eq!([of(json!(0)), of(json!(3)), of(json!(9))], [0, 3, 9]);
        assert_eq!([of(json!(10)), of(json!(300)), of(json!(-1)), of(json!("2")), exponent(None)], [2; 5]);
    }

    #[test]
    fn currency_code_is_three_capital_letters() {
        let of = |text: &str| currency(&json!(text)).map(str::to_owned);
        assert_eq!(of("EUR").as_deref(), Some("EUR"));
        for wrong in ["", "usd", "EU", "EURO", "US$", "DOLLARS", "E1R"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
