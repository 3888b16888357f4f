//! What came of a request: as the HTTP layer saw it, and what it means.

use crate::credential::Tokens;
use crate::quota::Reading;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// What the HTTP layer knows when it is done with a request.
#[derive(Debug)]
pub enum SendResult {
    /// A status line came back.
    Answered(HttpResponse),
    /// Known not to have left: no name, no connection, no TLS.
    NotSent(String),
    /// Known not to have left: its permit did not hold any more when it could have.
    PermitExpired,
    /// It left, or may have, and no status line came back.
    Lost(String),
}

pub struct HttpResponse {
    pub status: u16,
    /// `Retry-After` as it stands in the answer.
    pub retry_after: Option<String>,
    /// `Date` as it stands in the answer.
    pub date: Option<String>,
    /// Whether it has a `request-id`: the provider's edge gives none to what it refuses.
    pub request_id: bool,
    pub body: Body,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the headers, only that they are there: a server can say anything in them.
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

/// There may be tokens in it: `Debug` shows how long it is and no more, and it is wiped when it is dropped.
pub enum Body {
    Whole(Zeroizing<Vec<u8>>),
    /// It ended early, trickled past the time limit or went over the size limit: why, in words.
    Truncated(String),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Truncated(why) => f.debug_tuple("Broken").field(why).finish(),
        }
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Reading(Reading),
    /// 429, or its body under another status.
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// 429 of the provider's edge, with no wait named: the request did not reach what it was for.
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
    /// The machine slept before it could leave.
    Lapsed,
    /// The request may have arrived, its answer did not.
    Ambiguous {
        why: String,
    },
    /// An answer that says nothing we can use, and is not the provider's word on the sign-in.
    Unreadable {
        status: u16,
        why: String,
        retry_after: Option<Duration>,
    },
}

/// The provider does not take this sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// 401.
    Unauthorized,
    /// 403 that names a scope the sign-in lacks.
    MissingScope(String),
    /// It is not the sign-in that is refused, but every one of this organization or account: 401 or 403.
    NotAllowed { to: Barred, status: u16 },
    /// Any other 403 of the provider itself, with its message.
    Forbidden(String),
}

/// Whom a provider does not allow what was asked, however they sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barred {
    Organization,
    Account,
}

/// What an answer to a renewal means. Only `Unreachable` and `Lapsed` leave no doubt that the refresh token is
/// unspent.
#[derive(Debug, Clone)]
pub enum GrantOutcome {
    Renewed(Tokens),
    /// `invalid_grant`, or the 404 of a token that is not there any more: final for this refresh token.
    Refused,
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// It may have been spent: no answer, or one that does not say.
    Ambiguous {
        /// Of the answer, where there is one.
        status: Option<u16>,
        why: String,
        retry_after: Option<Duration>,
    },
    /// The endpoint does not want the request, for no reason that lies in the token.
    Denied {
        status: u16,
        kind: String,
        retry_after: Option<Duration>,
    },
    /// It was accepted, and what came for it cannot be used: spent for nothing.
    UnusableTokens {
        why: String,
    },
    /// Nothing left this machine.
    Unreachable {
        why: String,
    },
    /// The machine slept before it could leave, or renewal was turned off.
    Lapsed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_holds_an_answer_shows_how_long_it_is_and_no_more() {
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
        // As text, and as the numbers of its bytes.
        for form in ["sk-ant", "115, 107", "115,\n"] {
            assert!(!shown.contains(form), "{form} in {shown}");
        }
    }
}
