//! What was asked, what was not, and why: every request can be accounted for (law 15).

use crate::request::Endpoint;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// One line of the ledger. It has no field that could hold a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub at: Wall,
    pub account: String,
    pub endpoint: LedgerEndpoint,
    pub event: LedgerEvent,
    /// When the next request may go, if a time can be told.
    pub next_at: Option<Wall>,
}

/// What was asked: an endpoint of an account's provider, or where Holdoff's own releases are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEndpoint {
    Usage,
    Token,
    Releases,
}

impl LedgerEndpoint {
    /// The endpoint of an account; `None` where it is of none.
    pub fn of_account(self) -> Option<Endpoint> {
        match self {
            Self::Usage => Some(Endpoint::Usage),
            Self::Token => Some(Endpoint::Token),
            Self::Releases => None,
        }
    }
}

impl From<Endpoint> for LedgerEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Usage => Self::Usage,
            Endpoint::Token => Self::Token,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A permit was given and the request handed to the HTTP layer.
    Sent { why: Trigger },
    /// What came of it: the kind, and in words.
    #[serde(rename = "came")]
    Completed { outcome: OutcomeKind, detail: Option<String> },
    /// It was wished for and not sent.
    Withheld { why: Trigger, because: String },
}

/// Why a request was made or wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Poll,
    /// A person pressed "Refresh".
    Person,
    /// The credential changed after a 401 (law 6).
    NewCredential,
    /// The access token has ended or is about to.
    Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    Reading,
    RateLimited,
    Unauthorized,
    MissingScope,
    Forbidden,
    ServerTrouble,
    Unreachable,
    Ambiguous,
    Unreadable,
    /// The token endpoint gave new tokens.
    Renewed,
    /// It does not take the refresh token any more.
    GrantRefused,
    /// It does not want the request, for no reason that lies in the token.
    Denied,
    /// It accepted the refresh token, and no usable token came for it.
    Wasted,
    /// A signed list of what was released.
    Release,
    /// A package as that list describes it.
    Package,
    /// The program ended before the answer came.
    Unanswered,
}
