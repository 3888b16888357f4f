//! Interprets responses of the token endpoint. A refresh token works once, and presenting a spent one may end every session
//! of the user. So a token counts as unspent only if the response proves it.

use super::members::Members;
use crate::credential::Tokens;
use crate::gate::retry_after;
use crate::response::{Body, GrantOutcome, HttpResponse};
use crate::text::{self, is_like_a_token};
use crate::time::Wall;
use serde_json::Value;
use std::time::Duration;

/// Longer lifetimes are not believed: access tokens last 8 h, refresh tokens 30 days.
const LIFETIME_MAX: u64 = 2 * 365 * 86_400;

/// Interprets a response that arrived at `now`.
pub fn parse_token_response(answer: &HttpResponse, now: Wall) -> GrantOutcome {
    let status = answer.status;
    let retry_after = retry_after::parse(answer.retry_after.as_deref(), answer.date.as_deref(), now);
    let json = match &answer.body {
        Body::Whole(bytes) => Members::parse(bytes).ok(),
        Body::Truncated(_) => None,
    };
    let error = json.as_ref().and_then(error_kind);
    let error = error.as_deref();
    if status == 429 || error == Some("rate_limit_error") {
        return GrantOutcome::RateLimited { retry_after };
    }
    match (status, error) {
        (200..=299, None) => granted(answer, json.as_ref(), retry_after, now),
        (400..=499, Some("invalid_grant")) | (404, Some("not_found_error")) => GrantOutcome::Refused,
        (300..=499, error) => GrantOutcome::Denied { status, kind: error.map(named).unwrap_or_default(), retry_after },
        (_, Some("overloaded_error")) | (500..=599, _) => {
            ambiguous(status, format!("server error (HTTP {status})"), retry_after)
        }
        (_, _) => ambiguous(status, format!("unexpected response (HTTP {status})"), retry_after),
    }
}

/// Reads errors of RFC 6749 §5.2 (`{"error":"invalid_grant"}`) and of Anthropic's API (`{"error":{"type":…}}`).
fn error_kind(json: &Members<'_>) -> Option<String> {
    json.said("error")?;
    let error = json.value("error").unwrap_or_default();
    Some(error.as_str().or_else(|| error.get("type")?.as_str()).unwrap_or_default().to_owned())
}

/// Text of a response is only repeated if it cannot be a token.
fn named(kind: &str) -> String {
    let fits = kind.len() <= 40 && kind.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if fits { kind.to_owned() } else { String::new() }
}

fn ambiguous(status: u16, why: String, retry_after: Option<Duration>) -> GrantOutcome {
    GrantOutcome::Ambiguous { status: Some(status), why, retry_after }
}

fn granted(
    answer: &HttpResponse,
    json: Option<&Members<'_>>,
    retry_after: Option<Duration>,
    now: Wall,
) -> GrantOutcome {
    if let Body::Whole(bytes) = &answer.body
        && bytes.trim_ascii_start().starts_with(b"<")
    {
        let why = "a proxy or login page answered instead of Anthropic".to_owned();
        return ambiguous(answer.status, why, retry_after);
    }
    let tokens = json.and_then(|json| tokens(json, now));
    tokens.map_or_else(
        || GrantOutcome::UnusableTokens { why: "the response contains no new token".to_owned() },
        GrantOutcome::Renewed,
    )
}

fn tokens(json: &Members<'_>, now: Wall) -> Option<Tokens> {
    let ends = |key: &str| json.value(key).as_ref().and_then(lifetime).map(|lifetime| now.plus(lifetime));
    Some(Tokens {
        access_token: json.token("access_token")?,
        expires_at: ends("expires_in"),
        refresh_token: json.token("refresh_token"),
        refresh_expires_at: ends("refresh_token_expires_in"),
        scopes: json.text("scope").as_deref().and_then(scopes),
        account: json.value("account").and_then(|named| Some(account(named.get("uuid")?.as_str()?))),
    })
}

/// Scopes as in RFC 6749 §3.3. One that is invalid, or that could be an echoed token, makes the whole list unknown.
fn scopes(text: &str) -> Option<Vec<String>> {
    let is_one = |scope: &str| scope.chars().all(|c| c.is_ascii_graphic()) && !is_like_a_token(scope);
    let all: Vec<&str> = text.split_whitespace().collect();
    all.iter().all(|scope| is_one(scope)).then(|| all.into_iter().map(str::to_owned).collect())
}

/// Cleaned like the id of the sign-in, so that the two can be compared. A token in its place is withheld.
fn account(id: &str) -> String {
    text::clean(id, text::LONG_NAME_MAX)
}

/// Seconds, as a number or as digits. Zero, negative and absurd values count as absent.
fn lifetime(value: &Value) -> Option<Duration> {
    let secs = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let secs = secs.or_else(|| value.as_f64().filter(|secs| (1.0..1e9).contains(secs)).map(|secs| secs as u64));
    secs.filter(|secs| (1..=LIFETIME_MAX).contains(secs)).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall(1_789_000_000_000);
    const WHOLE: &str = r#"{"token_type":"Bearer","access_token":"sk-ant-oat01-NEW","expires_in":28800,
        "refresh_token":"sk-ant-ort01-NEW","refresh_token_expires_in":2592000,"scope":"user:inference user:profile",
        "organization":{"uuid":"o","name":"O"},"account":{"uuid":"ann","email_address":"ann@example.com"}}"#;

    fn understand(status: u16, body: &str) -> GrantOutcome {
        let body = Body::Whole(body.as_bytes().to_vec().into());
        parse_token_response(
            &HttpResponse { status, retry_after: Some("3600".into()), date: None, request_id: true, body },
            NOW,
        )
    }

    fn renewed(body: &str) -> Tokens {
        match understand(200, body) {
            GrantOutcome::Renewed(tokens) => tokens,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn token_lifetime_over_two_years_is_ignored() {
        let of = |secs: u64| lifetime(&Value::from(secs)).map(|time| time.as_secs());
        assert_eq!((of(63_072_000), of(63_072_001)), (Some(63_072_000), None));
        assert_eq!((of(1), of(0)), (Some(1), None));
    }

    #[test]
    fn token_response_with_all_fields_is_read() {
        let tokens = renewed(WHOLE);
        assert_eq!(tokens.access_token.expose(), "sk-ant-oat01-NEW");
        assert_eq!(tokens.refresh_token.unwrap().expose(), "sk-ant-ort01-NEW");
        assert_eq!(tokens.expires_at, Some(NOW.plus(Duration::from_secs(28_800))));
        assert_eq!(tokens.refresh_expires_at, Some(NOW.plus(Duration::from_secs(2_592_000))));
        assert_eq!(tokens.scopes.unwrap(), ["user:inference", "user:profile"]);
        assert_eq!(tokens.account.as_deref(), Some("ann"));
    }

    #[test]
    fn token_response_needs_only_the_access_token() {
        let tokens = renewed(r#"{"access_token":"t","refresh_token":null,"account":null,"scope":7,"extra":[1]}"#);
        assert!(tokens.refresh_token.is_none() && tokens.scopes.is_none() && tokens.account.is_none());
        for lifetime in ["null", "0", "-5", "\"soon\"", "1e300", "99999999999999", "{}"] {
            let tokens = renewed(&format!(r#"{{"access_token":"t","expires_in":{lifetime}}}"#));
            assert_eq!(tokens.expires_at, None, "{lifetime}");
        }
        for lifetime in ["60", "\"60\"", "60.0"] {
            let tokens = renewed(&format!(r#"{{"access_token":"t","expires_in":{lifetime}}}"#));
            assert_eq!(tokens.expires_at, Some(NOW.plus(Duration::from_secs(60))), "{lifetime}");
        }
    }

    #[test]
    fn token_response_200_without_usable_token_is_unusable_tokens() {
        for body in ["", "{}", "[]", "null", r#"{"access_token":null}"#, r#"{"access_token":"a b"}"#, "{\"access_tok"] {
            assert!(matches!(understand(200, body), GrantOutcome::UnusableTokens { .. }), "{body}");
        }
        let torn = HttpResponse {
            status: 200,
            retry_after: None,
            date: None,
            request_id: true,
            body: Body::Truncated("cut".into()),
        };
        assert!(matches!(parse_token_response(&torn, NOW), GrantOutcome::UnusableTokens { .. }));
    }

    #[test]
    fn token_response_html_page_is_ambiguous() {
        assert!(matches!(understand(200, " <html>"), GrantOutcome::Ambiguous { .. }));
    }

    #[test]
    fn token_response_is_refused_only_for_known_error_types() {
        for (status, body) in [
            (400, r#"{"error":"invalid_grant","error_description":"Refresh token not found or invalid"}"#),
            (401, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"error":{"type":"invalid_grant"}}"#),
            (404, r#"{"type":"error","error":{"type":"not_found_error","message":"x"}}"#),
        ] {
            assert!(matches!(understand(status, body), GrantOutcome::Refused), "{status} {body}");
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"invalid_request"}"#),
            (401, "{}"),
            (403, "<html>"),
            (404, "<html>"),
            (404, "{}"),
            (302, ""),
            (400, r#"{"error":{"type":"not_found_error"}}"#),
        ] {
            assert!(matches!(understand(status, body), GrantOutcome::Denied { .. }), "{status} {body}");
        }
    }

    #[test]
    fn token_response_retry_after_is_honored_without_a_grant() {
        let hour = Some(Duration::from_secs(3600));
        for (status, body) in [(200, "<html>"), (302, ""), (400, "{}"), (503, "")] {
            let waits = match understand(status, body) {
                GrantOutcome::Denied { retry_after, .. } | GrantOutcome::Ambiguous { retry_after, .. } => retry_after,
                other => panic!("{status} {body}: {other:?}"),
            };
            assert_eq!(waits, hour, "{status} {body}");
        }
    }

    #[test]
    fn token_response_429_or_rate_limit_error_is_rate_limited() {
        for (status, body) in [(429, ""), (429, WHOLE), (400, r#"{"error":{"type":"rate_limit_error"}}"#)] {
            let limited = matches!(understand(status, body), GrantOutcome::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 3600);
            assert!(limited, "{status} {body}");
        }
    }

    #[test]
    fn token_response_server_error_is_ambiguous() {
        for (status, body) in [(500, ""), (503, "<html>"), (529, r#"{"error":{"type":"overloaded_error"}}"#), (100, "")]
        {
            assert!(matches!(understand(status, body), GrantOutcome::Ambiguous { .. }), "{status} {body}");
        }
        assert!(matches!(understand(200, r#"{"error":"server_error"}"#), GrantOutcome::Ambiguous { .. }));
    }

    #[test]
    fn token_response_debug_output_hides_tokens() {
        let denied = understand(400, r#"{"error":"sk-ant-ort01-SECRET"}"#);
        assert!(!format!("{denied:?} {:?}", understand(200, WHOLE)).contains("sk-ant"));
    }

    #[test]
    fn token_response_error_kind_is_kept_only_if_it_cannot_be_a_token() {
        let kind = |kind: &str| match understand(400, &format!(r#"{{"error":"{kind}"}}"#)) {
            GrantOutcome::Denied { kind, .. } => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind("invalid_client"), "invalid_client");
        assert_eq!(kind(&"a".repeat(40)), "a".repeat(40));
        for hidden in ["a".repeat(41), "sk-ant-ort01-abc".into(), "Invalid".into(), "a b".into()] {
            assert_eq!(kind(&hidden), "");
        }
    }

    /// Found by fuzzing.
    #[test]
    fn token_response_with_tokens_in_other_fields_leaks_none() {
        let back = r#"{"access_token":"t","scope":"user:profile xSK-ant-oat01-A","account":{"uuid":"sk-ant-ort01-A"}}"#;
        let tokens = renewed(back);
        assert_eq!((&tokens.scopes, tokens.account.as_deref()), (&None, Some("(withheld)")));
        assert!(!format!("{tokens:?}").to_lowercase().contains("sk-ant"), "{tokens:?}");
        assert_eq!(renewed(r#"{"access_token":"t","scope":"user:é"}"#).scopes, None);
    }
}
