//! Interprets responses of the usage endpoint.

use super::error::{ApiError, unreadable};
use super::{number, usage};
use crate::gate::retry_after;
use crate::response::{Body, HttpResponse, Outcome, Rejection};
use crate::time::Wall;
use serde_json::Value;

/// Interprets a response that arrived at `now`. The status takes precedence, but a body with a rate-limit error under another
/// status counts as a 429 (seen under 200).
pub fn parse_usage_response(answer: &HttpResponse, now: Wall) -> Outcome {
    let retry_after = retry_after::parse(answer.retry_after.as_deref(), answer.date.as_deref(), now);
    let status = answer.status;
    if status == 429 {
        // A real rate limit has a request id, and usually a Retry-After.
        let at_edge = !answer.request_id && retry_after.is_none();
        return if at_edge { Outcome::RefusedAtEdge } else { Outcome::RateLimited { retry_after } };
    }
    let json = match &answer.body {
        Body::Whole(bytes) => parse(bytes),
        Body::Truncated(why) => Err(why.clone()),
    };
    if let Ok(json) = &json
        && let Some(outcome) = ApiError::of(json).and_then(|error| error.outcome(status, retry_after))
    {
        return outcome;
    }
    let unreadable = |why: &str| unreadable(status, why, retry_after);
    match (status, json) {
        (200..=299, Ok(json)) => match usage::read(&json, now) {
            Some(reading) => Outcome::Reading(reading),
            None => unreadable("it contains no quota"),
        },
        (500..=599, _) => Outcome::ServerTrouble { status, retry_after },
        // The provider's own 401 and 403 are JSON. Any other body comes from an intermediary.
        (401, Ok(_)) => Outcome::Rejected(Rejection::Unauthorized),
        (401, Err(_)) if answer.is_empty() => Outcome::Rejected(Rejection::Unauthorized),
        (401 | 403 | 407, _) => unreadable("a proxy or login page answered instead of Anthropic"),
        (300..=399, _) => unreadable("it is a redirect, and Holdoff sends no token to another address"),
        (_, Err(why)) => unreadable(&why),
        (_, Ok(_)) => unreadable("it is not a usage response"),
    }
}

/// The reason never quotes the body, which may echo the token that was sent.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    let text = bytes.trim_ascii_start();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.starts_with(b"<") {
        return Err("it is a web page instead of data".to_owned());
    }
    number::parse(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "it is incomplete".to_owned(),
        _ => "it is not valid JSON".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::response::Barred;
    use serde_json::json;

    const NOW: Wall = Wall(1_789_000_000_000);

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse {
            status,
            retry_after: None,
            date: None,
            request_id: true,
            body: Body::Whole(body.as_bytes().to_vec().into()),
        }
    }

    #[track_caller]
    fn check(status: u16, body: &str, expect: Outcome) {
        assert_eq!(parse_usage_response(&answer(status, body), NOW), expect, "{status} {body}");
    }

    const LIMITED: Outcome = Outcome::RateLimited { retry_after: None };
    const LIMIT_BODY: &str =
        r#"{"error":{"type":"rate_limit_error","message":"Rate limited. Please try again later."}}"#;

    #[test]
    fn usage_response_429_is_rate_limited_whatever_the_body() {
        for body in ["", "<html>", LIMIT_BODY, "{}", r#"{"error":{"type":"authentication_error"}}"#] {
            check(429, body, LIMITED);
        }
        let broken = HttpResponse { body: Body::Truncated("cut".into()), ..answer(429, "") };
        assert_eq!(parse_usage_response(&broken, NOW), LIMITED);
    }

    #[test]
    fn usage_response_rate_limit_error_is_rate_limited_at_any_status() {
        for status in [200, 400, 401, 403, 500] {
            check(status, LIMIT_BODY, LIMITED);
        }
    }

    /// Law 3: what has neither an id nor a wait did not come from the endpoint.
    #[test]
    fn usage_response_429_from_the_edge_is_distinguished() {
        let edge = |retry_after: Option<&str>, request_id: bool, status: u16| {
            let retry_after = retry_after.map(str::to_owned);
            parse_usage_response(&HttpResponse { retry_after, request_id, ..answer(status, LIMIT_BODY) }, NOW)
        };
        for nothing in [None, Some("0"), Some("-5"), Some("soon")] {
            assert_eq!(edge(nothing, false, 429), Outcome::RefusedAtEdge, "{nothing:?}");
            assert_eq!(edge(nothing, true, 429), LIMITED, "{nothing:?}");
        }
        let waits = Outcome::RateLimited { retry_after: Some(Duration::from_secs(60)) };
        assert_eq!(edge(Some("60"), false, 429), waits);
        assert_eq!(edge(None, false, 200), LIMITED, "an answer in the body of another status is the endpoint's");
    }

    #[test]
    fn usage_response_retry_after_is_read() {
        let answer = HttpResponse { retry_after: Some("3600".into()), ..answer(429, LIMIT_BODY) };
        let expect = Outcome::RateLimited { retry_after: Some(Duration::from_secs(3600)) };
        assert_eq!(parse_usage_response(&answer, NOW), expect);
    }

    #[test]
    fn usage_response_rejections_are_distinguished() {
        let unauthorized = Outcome::Rejected(Rejection::Unauthorized);
        check(401, r#"{"type":"error","error":{"type":"authentication_error","message":"x"}}"#, unauthorized.clone());
        check(401, "{}", unauthorized.clone());
        check(401, r#"{"error":{"type":"invalid_token","message":"x"}}"#, unauthorized.clone());
        check(403, r#"{"error":{"type":"authentication_error","message":"x"}}"#, unauthorized);
        let scope = Outcome::Rejected(Rejection::MissingScope("user:profile".into()));
        let body = r#"{"type":"error","error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"},"request_id":"req_x"}"#;
        check(403, body, scope);
        let forbidden = Outcome::Rejected(Rejection::Forbidden("permission_error".into()));
        check(403, r#"{"error":{"type":"permission_error","message":"not for you"}}"#, forbidden);
    }

    /// "OAuth token does not meet scope requirement any_of(user:profile, user:office)".
    #[test]
    fn missing_scope_is_read_from_every_message_form() {
        for (said, named) in [
            ("user:profile", "user:profile"),
            ("`user:profile`.", "user:profile"),
            ("any_of(user:profile, user:office)", "user:profile or user:office"),
            ("any_of(user:office,user:profile)", "user:office or user:profile"),
            ("[user:profile]", "user:profile"),
            ("all_of(user:profile, user:a.b)", "user:profile and user:a.b"),
            ("profile", "profile"),
            (": \"profile\"", "profile"),
            ("{user:profile|user:office}", "user:profile or user:office"),
            ("user:profile; it has user:inference", "user:profile"),
            ("user:profile. It has user:inference.", "user:profile"),
        ] {
            let message = format!("OAuth token does not meet scope requirement {said}");
            let body = json!({"error": {"type": "permission_error", "message": message}}).to_string();
            check(403, &body, Outcome::Rejected(Rejection::MissingScope(named.into())));
        }
        for message in [
            "Missing required scope: user:profile",
            "OAuth token requires scopes `user:profile`",
            "The user:profile scope is required.",
        ] {
            let body = json!({"error": {"type": "permission_error", "message": message}}).to_string();
            check(403, &body, Outcome::Rejected(Rejection::MissingScope("user:profile".into())));
        }
    }

    #[test]
    fn usage_response_barred_account_or_organization_is_not_unauthorized() {
        let barred = |to, status| Outcome::Rejected(Rejection::NotAllowed { to, status });
        for (message, to) in [
            ("OAuth authentication is currently not allowed for this organization.", Barred::Organization),
            ("This organization has been disabled.", Barred::Organization),
            (
                "Your organization does not have access to Claude. Please contact your administrator.",
                Barred::Organization,
            ),
            ("OAuth authentication is not supported for this organization.", Barred::Organization),
            ("OAuth authentication isn't allowed for this organisation.", Barred::Organization),
            ("OAuth access is restricted by your organization's administrator.", Barred::Organization),
            ("Your account has been disabled.", Barred::Account),
            ("This account is on hold.", Barred::Account),
        ] {
            for (status, kind) in [
                (403, "permission_error"),
                (401, "authentication_error"),
                (403, "forbidden"),
                (400, "invalid_request_error"),
            ] {
                let body = json!({"type": "error", "error": {"type": kind, "message": message}}).to_string();
                check(status, &body, barred(to, status));
            }
        }
        for message in ["Sign in to your organization again.", "Account session has expired.", ""] {
            let body = json!({"error": {"type": "authentication_error", "message": message}}).to_string();
            check(401, &body, Outcome::Rejected(Rejection::Unauthorized));
            let body = json!({"error": {"type": "invalid_request_error", "message": message}}).to_string();
            check(400, &body, unreadable(400, "it is an unknown error", None));
        }
    }

    #[test]
    fn usage_response_401_with_empty_body_is_unauthorized() {
        for body in ["", " \r\n"] {
            check(401, body, Outcome::Rejected(Rejection::Unauthorized));
        }
    }

    /// Law 10: trouble of the server is no strike against the sign-in.
    #[test]
    fn usage_response_5xx_redirect_or_407_never_rejects_the_sign_in() {
        for kind in ["authentication_error", "permission_error"] {
            let body = format!(r#"{{"error":{{"type":"{kind}","message":"scope requirement user:profile"}}}}"#);
            check(500, &body, Outcome::ServerTrouble { status: 500, retry_after: None });
            check(599, &body, Outcome::ServerTrouble { status: 599, retry_after: None });
            for status in [300, 302, 399, 407] {
                let outcome = parse_usage_response(&answer(status, &body), NOW);
                assert!(matches!(outcome, Outcome::Unreadable { .. }), "{status} {outcome:?}");
            }
        }
    }

    #[test]
    fn usage_response_unreadable_keeps_retry_after() {
        for (status, body) in [(200, "{}"), (302, ""), (403, "<html>"), (408, LIMIT_BODY), (413, "")] {
            let answer = HttpResponse { retry_after: Some("5400".into()), ..answer(status, body) };
            let outcome = parse_usage_response(&answer, NOW);
            let waits = match outcome {
                Outcome::Unreadable { retry_after, .. } | Outcome::RateLimited { retry_after } => retry_after,
                other => panic!("{status} {body}: {other:?}"),
            };
            assert_eq!(waits, Some(Duration::from_secs(5400)), "{status} {body}");
        }
    }

    #[test]
    fn usage_response_error_message_with_a_token_is_not_repeated() {
        let body = r#"{"error":{"type":"permission_error","message":"scope requirement sk-ant-oat01-SECRET"}}"#;
        let outcome = parse_usage_response(&answer(403, body), NOW);
        assert!(!format!("{outcome:?}").contains("SECRET"), "{outcome:?}");
    }

    #[test]
    fn usage_response_captive_portal_page_is_unreadable_not_rejected() {
        for status in [401, 403, 407] {
            let outcome = parse_usage_response(&answer(status, "<html>sign in to the hotel</html>"), NOW);
            assert!(matches!(outcome, Outcome::Unreadable { .. }), "{status} {outcome:?}");
        }
    }

    #[test]
    fn usage_response_5xx_or_overloaded_is_server_error() {
        check(
            529,
            r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Outcome::ServerTrouble { status: 529, retry_after: None },
        );
        check(503, "<html>", Outcome::ServerTrouble { status: 503, retry_after: None });
        check(500, "", Outcome::ServerTrouble { status: 500, retry_after: None });
        let overloaded = r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        check(400, overloaded, Outcome::ServerTrouble { status: 400, retry_after: None });
    }

    /// A truncated download is distinguished from a page of another kind.
    #[test]
    fn usage_response_unreadable_body_says_why() {
        let why = |body: &str| match parse_usage_response(&answer(200, body), NOW) {
            Outcome::Unreadable { why, .. } => why,
            other => panic!("{body}: {other:?}"),
        };
        for cut in ["{\"a\":", "[", "{\"five_hour\":{\"utilization\":4"] {
            assert_eq!(why(cut), "it is incomplete");
        }
        for wrong in ["{]", "hello", "{\"a\":None}"] {
            assert_eq!(why(wrong), "it is not valid JSON");
        }
        assert_eq!((why(" "), why("\n<html>")), ("it is empty".into(), "it is a web page instead of data".into()));
        assert_eq!(why("{}"), "it contains no quota");
    }

    /// It was reported, so it is not left out.
    #[test]
    fn usage_response_with_a_number_that_is_none_keeps_the_window() {
        for none in ["NaN", "-Infinity", "1e400"] {
            let window = format!(r#"{{"utilization":{none},"resets_at":null}}"#);
            let body = format!(r#"{{"five_hour":{window},"seven_day":{{"utilization":26.0,"resets_at":null}}}}"#);
            let Outcome::Reading(reading) = parse_usage_response(&answer(200, &body), NOW) else { panic!("{body}") };
            let windows: Vec<_> = reading.windows.iter().map(|window| (&*window.id, window.used_percent)).collect();
            assert_eq!(windows, [("five_hour", None), ("seven_day", Some(26.0))], "{body}");
        }
    }

    #[test]
    fn usage_response_hostile_body_or_status_is_unreadable() {
        let deep = "[".repeat(200_000);
        let bodies =
            ["", "   ", "<html>", "null", "[]", "{}", "{\"five_hour\":None}", "\u{feff}{}", "\0", &deep, "{\"a\":"];
        for body in bodies {
            let outcome = parse_usage_response(&answer(200, body), NOW);
            assert!(matches!(outcome, Outcome::Unreadable { .. }), "{body:.40} {outcome:?}");
        }
        for status in [100, 204, 301, 302, 307, 308, 400, 404, 418] {
            let outcome = parse_usage_response(&answer(status, ""), NOW);
            assert!(matches!(outcome, Outcome::Unreadable { .. }), "{status} {outcome:?}");
        }
    }
}
