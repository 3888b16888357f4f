//! Responses as a provider writes them, each with its intended meaning.

use super::machine::Machine;
use super::tokens::{LIFE, Pair};
use crate::observation::{Meaning, Millis, SECOND, TokenId};
use crate::rng::Rng;
use crate::schedule::{Person, RetryAfter, Token, Usage};
use holdoff_core::response::{Body, HttpResponse, SendResult};
use std::time::{Duration, UNIX_EPOCH};

/// The result of a request, its meaning, and how long it takes.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) delivery: SendResult,
    pub(super) meaning: Meaning,
    pub(super) takes: Millis,
}

const LIMIT: &str = r#"{"error":{"type":"rate_limit_error","message":"Rate limited. Please try again later."}}"#;
const NOT_ALLOWED: &str = r#"{"type":"error","error":{"type":"permission_error","message":"OAuth authentication is currently not allowed for this organization."}}"#;
const SCOPE: &str = r#"{"type":"error","error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"},"request_id":"req_x"}"#;
const FORBIDDEN: &str = r#"{"type":"error","error":{"type":"permission_error","message":"Not allowed."}}"#;
const OVERLOADED: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
const PAGE: &str = "<html><title>Sign in to the network</title></html>";

pub(super) fn reply(status: u16, asks: RetryAfter, body: Body, meaning: Meaning, now: Millis) -> Reply {
    let (retry_after, dated) = header(asks, now);
    let delivery = SendResult::Answered(HttpResponse {
        status,
        retry_after,
        date: dated.then(|| date(now)),
        request_id: true,
        body,
    });
    Reply { delivery, meaning, takes: 150 }
}

pub(super) fn text(body: &str) -> Body {
    Body::Whole(body.as_bytes().to_vec().into())
}

/// The `Retry-After` header, and whether the response needs a `Date` header for it to make sense.
fn header(asks: RetryAfter, now: Millis) -> (Option<String>, bool) {
    match asks {
        RetryAfter::Absent => (None, false),
        RetryAfter::Zero => (Some("0".to_owned()), false),
        RetryAfter::Negative => (Some("-30".to_owned()), false),
        RetryAfter::Rubbish => (Some("in a while".to_owned()), false),
        RetryAfter::Seconds(secs) => (Some(secs.to_string()), false),
        RetryAfter::Date(ahead) => (Some(date(now + Millis::from(ahead) * SECOND)), true),
    }
}

/// The wait that a header asks for, according to the laws.
fn wait(asks: RetryAfter) -> Option<Millis> {
    match asks {
        RetryAfter::Absent | RetryAfter::Zero | RetryAfter::Negative | RetryAfter::Rubbish => None,
        RetryAfter::Seconds(secs) => Some(Millis::from(secs) * SECOND).filter(|wait| *wait > 0),
        RetryAfter::Date(ahead) => Some(Millis::from(ahead) * SECOND).filter(|wait| *wait > 0),
    }
}

fn date(at: Millis) -> String {
    let secs = u64::try_from(Machine::server_time(at).0 / 1000).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs))
}

/// No response arrived.
pub(super) fn silence() -> Reply {
    let delivery = SendResult::Lost("the connection was lost".to_owned());
    Reply { delivery, meaning: Meaning::Lost, takes: 30 * SECOND }
}

/// The request was not sent.
pub(super) fn offline() -> Reply {
    let delivery = SendResult::NotSent("the name could not be found".to_owned());
    Reply { delivery, meaning: Meaning::NotSent, takes: 40 }
}

pub(super) fn usage(mood: Usage, token: TokenId, now: Millis, rng: &mut Rng) -> Reply {
    let absent = RetryAfter::Absent;
    match mood {
        Usage::Limited { asks, hidden } => {
            let status = if hidden { 200 } else { 429 };
            reply(status, asks, text(LIMIT), Meaning::Limited { retry_after: wait(asks) }, now)
        }
        Usage::AtEdge(asks) => {
            let reply = reply(429, asks, text(LIMIT), Meaning::AtEdge, now);
            match reply.delivery {
                SendResult::Answered(answer) => {
                    Reply { delivery: SendResult::Answered(HttpResponse { request_id: false, ..answer }), ..reply }
                }
                _ => reply,
            }
        }
        Usage::NotAllowed(status) => reply(status, absent, text(NOT_ALLOWED), Meaning::NotAllowed, now),
        Usage::Trouble { status, asks } => {
            let body = if status == 529 { OVERLOADED } else { PAGE };
            reply(status, asks, text(body), Meaning::Trouble { retry_after: wait(asks) }, now)
        }
        Usage::Unauthorized => {
            // Some servers echo what they were sent.
            let body = format!(
                r#"{{"type":"error","error":{{"type":"authentication_error","message":"sk-ant-oat01-{} has expired."}}}}"#,
                token.0
            );
            reply(401, absent, text(&body), Meaning::Unauthorized, now)
        }
        Usage::MissingScope => reply(403, absent, text(SCOPE), Meaning::MissingScope, now),
        Usage::Forbidden => reply(403, absent, text(FORBIDDEN), Meaning::Forbidden, now),
        Usage::Page(502) => reply(502, absent, text(PAGE), Meaning::Trouble { retry_after: None }, now),
        Usage::Page(status) => reply(status, absent, text(PAGE), Meaning::Unreadable, now),
        Usage::Broken => {
            let body = if rng.percent(50) { text(r#"{"five_hour":{"util"#) } else { broken() };
            reply(200, absent, body, Meaning::Unreadable, now)
        }
        Usage::Silent => silence(),
    }
}

fn broken() -> Body {
    Body::Truncated("it ends too early".to_owned())
}

/// A response of the token endpoint without new tokens.
pub(super) fn no_grant(mood: Option<Token>, token: TokenId, now: Millis) -> Reply {
    let absent = RetryAfter::Absent;
    match mood {
        Some(Token::Limited(asks)) => reply(429, asks, text(LIMIT), Meaning::Limited { retry_after: wait(asks) }, now),
        Some(Token::Trouble { status, asks, .. }) => {
            reply(status, asks, text(OVERLOADED), Meaning::Trouble { retry_after: wait(asks) }, now)
        }
        Some(Token::Refused { status }) => {
            let body = match status {
                404 => r#"{"type":"error","error":{"type":"not_found_error","message":"x"}}"#.to_owned(),
                _ => format!(
                    r#"{{"error":"invalid_grant","error_description":"sk-ant-ort01-{} is not valid"}}"#,
                    token.0
                ),
            };
            reply(status, absent, text(&body), Meaning::Refused, now)
        }
        Some(Token::Denied { status }) => {
            reply(status, absent, text(r#"{"error":"invalid_client"}"#), Meaning::Denied, now)
        }
        Some(Token::Page) => reply(200, absent, text(PAGE), Meaning::Trouble { retry_after: None }, now),
        Some(Token::UnusableTokens) => reply(200, absent, broken(), Meaning::UnusableTokens, now),
        Some(Token::Silent { .. } | Token::Unrotated | Token::Mixed) | None => silence(),
    }
}

/// `known` is the name of the requesting account, as far as it is known.
pub(super) fn grant(pair: Pair, mixed: bool, known: Option<&str>, rng: &mut Rng) -> Reply {
    let refresh = pair.refresh.map(|refresh| format!(r#","refresh_token":"sk-ant-ort01-{}""#, refresh.0));
    let person = match (pair.person, mixed) {
        (Person::Ann | Person::AnnAtWork, false) | (Person::Bob, true) => "ann",
        (Person::Bob, false) | (Person::Ann | Person::AnnAtWork, true) => "bob",
    };
    let named = mixed || rng.percent(50);
    let account = named.then(|| format!(r#","account":{{"uuid":"{person}"}}"#));
    let other = named && known.is_some_and(|known| known != person);
    let body = format!(
        r#"{{"token_type":"Bearer","access_token":"sk-ant-oat01-{}","expires_in":{}{}{}}}"#,
        pair.access.0,
        LIFE / SECOND,
        refresh.unwrap_or_default(),
        account.unwrap_or_default()
    );
    let meaning = Meaning::Renewed { access: pair.access, rotated: pair.refresh.is_some(), other };
    reply(200, RetryAfter::Absent, text(&body), meaning, 0)
}
