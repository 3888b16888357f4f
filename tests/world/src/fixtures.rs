//! Anthropic's responses, verbatim as seen in 2026, with made-up values.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);
const FIVE_HOURS: Duration = Duration::from_secs(5 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// When the windows of a made-up account reset: always in the future, and stable between polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resets {
    /// End of the 5-hour window.
    pub five_hour: SystemTime,
    /// End of the weekly windows.
    pub seven_day: SystemTime,
}

impl Resets {
    /// The next resets at `now` for an account first seen at `anchor` (both program time): the 5-hour window ends 2 h
    /// 30 min after the anchor and every 5 h from there, the weekly one 4 days after it and every 7.
    pub fn ahead(anchor: SystemTime, now: SystemTime) -> Self {
        Self { five_hour: next(anchor + HOUR * 5 / 2, FIVE_HOURS, now), seven_day: next(anchor + HOUR * 96, WEEK, now) }
    }
}

fn next(first: SystemTime, period: Duration, now: SystemTime) -> SystemTime {
    let mut reset = first;
    while reset <= now {
        reset += period;
    }
    reset
}

/// The current shape of the usage body: 5-hour 42 %, weekly 26 %, Fable 82 % and binding.
pub fn usage(resets: Resets) -> Value {
    usage_at(resets, 42.0, 26.0, 82)
}

/// The current shape, with other percentages for the 5-hour, the weekly and the Fable window.
pub fn usage_at(resets: Resets, five_hour: f64, seven_day: f64, fable: i64) -> Value {
    let (session, weekly) = (rfc3339(resets.five_hour), rfc3339(resets.seven_day));
    json!({
        "five_hour": window(five_hour, Some(&session)),
        "seven_day": window(seven_day, Some(&weekly)),
        "seven_day_oauth_apps": null, "seven_day_opus": null, "seven_day_sonnet": null, "seven_day_cowork": null,
        "tangelo": null, "iguana_necktie": null,
        "nimbus_quill": window(0.0, None),
        "extra_usage": {"is_enabled": true, "monthly_limit": 10000, "used_credits": 1234.0, "utilization": 12.34,
            "currency": "USD", "decimal_places": 2, "disabled_reason": null, "spend_limit_reached": false,
            "daily": null, "weekly": null},
        "limits": [
            {"kind": "session", "group": "session", "percent": five_hour as i64, "severity": "normal",
             "resets_at": session, "scope": null, "is_active": false},
            {"kind": "weekly_all", "group": "weekly", "percent": seven_day as i64, "severity": "normal",
             "resets_at": weekly, "scope": null, "is_active": false},
            {"kind": "weekly_scoped", "group": "weekly", "percent": fable, "severity": "warning",
             "resets_at": weekly, "scope": {"model": {"id": null, "display_name": "Fable"}, "surface": null},
             "is_active": true}],
        "spend": {"used": {"amount_minor": 1234, "currency": "USD", "exponent": 2},
            "limit": {"amount_minor": 10000, "currency": "USD", "exponent": 2}, "percent": 12, "severity": "normal",
            "enabled": true, "disabled_reason": null, "balance": null, "disclaimer": "…"},
        "member_dashboard_available": false, "seven_day_breakdown": null,
    })
}

/// The older shape (April 2026): no `limits`, no `spend`.
pub fn older_usage(resets: Resets) -> Value {
    let (session, weekly) = (rfc3339(resets.five_hour), rfc3339(resets.seven_day));
    json!({
        "five_hour": {"utilization": 42.0, "resets_at": session},
        "seven_day": {"utilization": 26.0, "resets_at": weekly},
        "seven_day_opus": {"utilization": 11.0, "resets_at": weekly},
        "seven_day_sonnet": null,
        "extra_usage": {"is_enabled": false, "monthly_limit": null, "used_credits": null, "utilization": null},
    })
}

fn window(utilization: f64, resets_at: Option<&str>) -> Value {
    json!({"utilization": utilization, "resets_at": resets_at, "limit_dollars": null, "used_dollars": null,
        "remaining_dollars": null, "locked_reason": null})
}

/// The body of a 429, of either endpoint.
pub fn rate_limited() -> Value {
    json!({"error": {"type": "rate_limit_error", "message": "Rate limited. Please try again later."}})
}

/// The body of a 401.
pub fn unauthorized() -> Value {
    error("authentication_error", "OAuth token has expired. Please obtain a new token or refresh your existing token.")
}

/// The body of a 403 for a scope that the token does not have.
pub fn missing_scope(scope: &str) -> Value {
    error("permission_error", &format!("OAuth token does not meet scope requirement {scope}"))
}

/// The body of a 401 or 403 for everybody of an organization.
pub fn organization_not_allowed(status: u16) -> Value {
    let kind = if status == 401 { "authentication_error" } else { "permission_error" };
    error(kind, "OAuth authentication is currently not allowed for this organization.")
}

/// The body of a 529.
pub fn overloaded() -> Value {
    json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
}

/// An error body with a custom type and message.
pub fn error(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_x"})
}

/// The token endpoint's response to a successful grant.
pub fn renewed(access_token: &str, refresh_token: Option<&str>) -> Value {
    let mut body = json!({"token_type": "Bearer", "access_token": access_token, "expires_in": 28800,
        "refresh_token_expires_in": 2_592_000, "scope": "user:inference user:profile",
        "organization": {"uuid": "0b0c7f5e-0000-4000-8000-000000000002", "name": "Ann's Organization"},
        "account": {"uuid": "0b0c7f5e-0000-4000-8000-000000000001", "email_address": "ann@example.com"}});
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    body
}

/// The token endpoint's response to a spent or unknown refresh token.
pub fn invalid_grant() -> Value {
    json!({"error": "invalid_grant", "error_description": "Refresh token not found or invalid"})
}

/// Times as Anthropic writes them: microseconds and a numeric offset.
fn rfc3339(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).expect("a time within jiff's range");
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}
