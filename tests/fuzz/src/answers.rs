//! Complete responses of both endpoints.

use crate::given::Given;
use crate::shown;
use holdoff_core::gate::policy;
use holdoff_core::response::{GrantOutcome, Outcome};
use holdoff_core::state::Provider;
use holdoff_core::{Body, HttpResponse, SendResult, Wall, messages};
use serde_json::{Value, json};
use std::time::Duration;

/// 2026-09-14 12:00:00 UTC.
pub const NOON: Wall = Wall(1_789_387_200_000);
const TWO_YEARS: Duration = Duration::from_secs(2 * 365 * 86_400);

/// Parses status, `Retry-After`, `Date` and then the body.
pub fn delivery(given: &mut Given<'_>) -> (u16, SendResult) {
    const USUAL: [u16; 12] = [200, 200, 200, 201, 302, 400, 401, 403, 404, 429, 500, 529];
    let choice = given.byte();
    let status = match choice {
        0xff => given.short() % 600,
        _ => USUAL[usize::from(choice) % USUAL.len()],
    };
    let header = |line: Option<String>| line.filter(|line| !line.is_empty());
    let (retry_after, date) = (header(given.line()), header(given.line()));
    let cut = given.byte() == 0xff;
    let body =
        if cut { Body::Truncated("it was cut off".to_owned()) } else { Body::Whole(given.rest().to_vec().into()) };
    (
        status,
        SendResult::Answered(HttpResponse { status, retry_after, date, request_id: choice.is_multiple_of(2), body }),
    )
}

pub fn usage(bytes: &[u8]) {
    let (_, delivery) = delivery(&mut Given(bytes));
    check_usage(delivery);
    many(bytes);
}

fn check_usage(delivery: SendResult) {
    let outcome = Provider::Anthropic.parse_usage_response(delivery, NOON);
    shown::text(&messages::outcome(Provider::Anthropic, &outcome));
    shown::token_free(&format!("{outcome:?}"));
    match &outcome {
        Outcome::Reading(reading) => shown::reading(reading, NOON),
        Outcome::RateLimited { retry_after }
        | Outcome::ServerTrouble { retry_after, .. }
        | Outcome::Unreadable { retry_after, .. } => honoured(*retry_after),
        Outcome::RefusedAtEdge
        | Outcome::Rejected(_)
        | Outcome::Unreachable { .. }
        | Outcome::PermitExpired
        | Outcome::Ambiguous { .. } => {}
    }
}

pub fn honoured(retry_after: Option<Duration>) {
    assert!(retry_after.is_none_or(|wait| !wait.is_zero() && wait <= policy::RETRY_AFTER_MAX), "{retry_after:?}");
}

/// One window may be repeated a thousand times, under new and existing names.
fn many(bytes: &[u8]) {
    const COPIES: usize = 1000;
    let (Some(0xfe), Ok(value)) = (bytes.first(), serde_json::from_slice::<Value>(bytes.get(1..).unwrap_or_default()))
    else {
        return;
    };
    if bytes.len() > 512 {
        return;
    }
    let windows = (0..COPIES).map(|n| (format!("seven_day_k{n}"), value.clone()));
    let mut body: serde_json::Map<String, Value> = windows.collect();
    body.insert("limits".to_owned(), json!(vec![value; COPIES]));
    let body = Body::Whole(Value::Object(body).to_string().into_bytes().into());
    check_usage(SendResult::Answered(HttpResponse {
        status: 200,
        retry_after: None,
        date: None,
        request_id: true,
        body,
    }));
}

pub fn token(bytes: &[u8]) {
    let (status, delivery) = delivery(&mut Given(bytes));
    let grant = Provider::Anthropic.parse_token_response(delivery, NOON);
    shown::text(&messages::grant(Provider::Anthropic, &grant));
    shown::token_free(&format!("{grant:?}"));
    match &grant {
        GrantOutcome::Renewed(tokens) => {
            assert!((200..=299).contains(&status), "renewed under {status}");
            assert!(!tokens.access_token.expose().is_empty());
            for at in [tokens.expires_at, tokens.refresh_expires_at].into_iter().flatten() {
                assert!(at > NOON && at <= NOON.plus(TWO_YEARS), "{at:?}");
            }
        }
        GrantOutcome::Refused => assert!((400..=499).contains(&status), "refused under {status}"),
        GrantOutcome::UnusableTokens { .. } => assert!((200..=299).contains(&status), "wasted under {status}"),
        GrantOutcome::RateLimited { retry_after }
        | GrantOutcome::Ambiguous { retry_after, .. }
        | GrantOutcome::Denied { retry_after, .. } => honoured(*retry_after),
        GrantOutcome::Unreachable { .. } | GrantOutcome::PermitExpired => panic!("an answer came, and yet: {grant:?}"),
    }
}
