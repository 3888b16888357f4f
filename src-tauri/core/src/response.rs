//! The result of a request: as the HTTP layer saw it, and what it means.

use crate::credential::Tokens;
use crate::quota::Reading;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The result from the HTTP layer.
#[derive(Debug)]
pub enum SendResult {
    /// A status line was received.
    Answered(HttpResponse),
    /// Known not to have left: DNS, connection or TLS failed.
    NotSent(String),
    /// Known not to have left: its permit expired first.
    PermitExpired,
    /// The request left, or may have, but no status line was received.
    Lost(String),
}

pub struct HttpResponse {
    pub status: u16,
    /// The `Retry-After` header, unparsed.
    pub retry_after: Option<String>,
    /// The `Date` header, unparsed.
    pub date: Option<String>,
    /// Whether it has a `request-id`. Refusals by the provider's edge have none.
    pub request_id: bool,
    pub body: Body,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only whether the headers are present: a server can put anything in them.
        let headers = (self.retry_after.is_some(), self.date.is_some());
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("retry_after", &headers.0)
            .field("date", &headers.1)
            .field("request_id", &self.request_id)
            .field("body", &self.body)
            .finish()
    }
}

impl HttpResponse {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.body, Body::Whole(bytes) if bytes.trim_ascii().is_empty())
    }
}

/// The body. It may contain tokens, so `Debug` shows only its length, and it is wiped on drop.
pub enum Body {
    Whole(Zeroizing<Vec<u8>>),
    /// Ended early, or exceeded the time or size limit; with the reason in words.
    Truncated(String),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Truncated(why) => f.debug_tuple("Truncated").field(why).finish(),
        }
    }
}

/// The meaning of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Reading(Reading),
    /// 429, or the body of one with another status.
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// 429 from the provider's edge without `Retry-After`: the request did not reach the endpoint.
    RefusedAtEdge,
    Rejected(Rejection),
    /// 5xx, 529.
    ServerTrouble {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// Nothing left this machine.
    Unreachable {
        why: String,
    },
    /// The machine slept before the request could leave.
    PermitExpired,
    /// The request may have arrived, but there was no answer.
    Ambiguous {
        why: String,
    },
    /// An answer without usable content that is not a rejection of the sign-in by the provider.
    Unreadable {
        status: u16,
        why: String,
        retry_after: Option<Duration>,
    },
}

/// The provider rejects this sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// 401.
    Unauthorized,
    /// 403 that names a scope missing from the sign-in.
    MissingScope(String),
    /// 401 or 403 that applies to the organization or account, whatever the sign-in.
    NotAllowed { to: Barred, status: u16 },
    /// Any other 403 from the provider itself, with its message.
    Forbidden(String),
}

/// Who is denied the request, whatever their sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barred {
    Organization,
    Account,
}

/// The meaning of an answer to a renewal. Only `Unreachable` and `PermitExpired` prove that the refresh token is unspent.
#[derive(Debug, Clone)]
pub enum GrantOutcome {
    Renewed(Tokens),
    /// `invalid_grant`, or the 404 for a token that no longer exists: final for this refresh token.
    Refused,
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// The token may have been spent: there was no answer, or an inconclusive one.
    Ambiguous {
        /// The status of the answer, if there was one.
        status: Option<u16>,
        why: String,
        retry_after: Option<Duration>,
    },
    /// The endpoint denies the request for a reason unrelated to the token.
    Denied {
        status: u16,
        kind: String,
        retry_after: Option<Duration>,
    },
    /// The grant was accepted, but its tokens are unusable: the refresh token was wasted.
    UnusableTokens {
        why: String,
    },
    /// Nothing left this machine.
    Unreachable {
        why: String,
    },
    /// The machine slept before the request could leave, or renewal was turned off.
    PermitExpired,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_response_debug_output_shows_only_the_body_length() {
        let secret = "sk-ant-ort01-in-an-answer";
        let answer = || HttpResponse {
            status: 200,
            retry_after: Some(secret.to_owned()),
            date: Some(secret.to_owned()),
            request_id: false,
            body: Body::Whole(secret.as_bytes().to_vec().into()),
        };
        let event = crate::Event::Delivered(SendResult::Answered(answer()));
        let shown = format!("{:?} {:#?} {:?} {event:?}", answer(), answer(), answer().body);
        assert!(shown.contains("Whole(25 bytes)") && shown.contains("status: 200"), "{shown}");
        // As text and as byte values.
        for form in ["sk-ant", "115, 107", "115,\n"] {
            assert!(!shown.contains(form), "{form} in {shown}");
        }
    }
}
