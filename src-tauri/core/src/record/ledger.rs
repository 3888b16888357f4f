//! The ledger: requests sent, requests withheld, and why. Every request can be accounted for (law 15).

use crate::request::Endpoint;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// One ledger entry. It has no field that could hold a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub at: Wall,
    pub account: String,
    pub endpoint: LedgerEndpoint,
    pub event: LedgerEvent,
    /// When the next request may be sent, if known.
    pub next_at: Option<Wall>,
}

/// The target of a request: an endpoint of an account's provider, or the server of Holdoff's releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEndpoint {
    Usage,
    Token,
    Releases,
}

impl LedgerEndpoint {
    /// The account endpoint; `None` if it does not belong to an account.
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
    /// The outcome: its kind, and a description.
    #[serde(rename = "came")]
    Completed { outcome: OutcomeKind, detail: Option<String> },
    /// The request was wanted but not sent.
    Withheld { why: Trigger, because: WithheldReason },
}

/// Why a request was not sent. On disk and in `ledger --json`, this is a key, with details after a colon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum WithheldReason {
    Spacing,
    CoolingDown,
    SignInAbsent,
    SignInExpired,
    Paused,
    FreeOnly,
    StateNotSaved,
    /// A recent reading was available without a request.
    FreshReading,
    /// The locks on the sign-in are not available, for this reason.
    Locked(String),
    /// The stored OAuth client cannot be used, for this reason.
    Client(String),
    /// A reason written by another version.
    Other(String),
}

impl WithheldReason {
    /// All reasons without details.
    const PLAIN: [Self; 8] = [
        Self::Spacing,
        Self::CoolingDown,
        Self::SignInAbsent,
        Self::SignInExpired,
        Self::Paused,
        Self::FreeOnly,
        Self::StateNotSaved,
        Self::FreshReading,
    ];

    /// One of a fixed set of words, without the details.
    pub fn key(&self) -> &str {
        match self {
            Self::Spacing => "spacing",
            Self::CoolingDown => "cooling_down",
            Self::SignInAbsent => "sign_in_absent",
            Self::SignInExpired => "sign_in_expired",
            Self::Paused => "paused",
            Self::FreeOnly => "free_only",
            Self::StateNotSaved => "state_not_saved",
            Self::FreshReading => "fresh_reading",
            Self::Locked(_) => "locked",
            Self::Client(_) => "client",
            Self::Other(text) => text.split([':', ' ']).next().unwrap_or_default(),
        }
    }
}

impl From<String> for WithheldReason {
    fn from(text: String) -> Self {
        match text.split_once(": ") {
            Some(("locked", why)) => Self::Locked(why.to_owned()),
            Some(("client", why)) => Self::Client(why.to_owned()),
            _ => Self::PLAIN.into_iter().find(|plain| plain.key() == text).unwrap_or(Self::Other(text)),
        }
    }
}

impl From<WithheldReason> for String {
    fn from(reason: WithheldReason) -> Self {
        match reason {
            WithheldReason::Locked(why) => format!("locked: {why}"),
            WithheldReason::Client(why) => format!("client: {why}"),
            WithheldReason::Other(text) => text,
            plain => plain.key().to_owned(),
        }
    }
}

/// Why a request was sent or wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Poll,
    /// The user pressed "Refresh".
    Person,
    /// The credential changed after a 401 (law 6).
    NewCredential,
    /// The access token has expired or is about to.
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
    /// The token endpoint issued new tokens.
    Renewed,
    /// The token endpoint no longer accepts the refresh token.
    GrantRefused,
    /// The token endpoint denied the request for a reason unrelated to the token.
    Denied,
    /// The token endpoint accepted the refresh token but returned no usable token.
    #[serde(rename = "wasted")]
    UnusableTokens,
    /// A signed release list.
    Release,
    /// A package as described by the release list.
    Package,
    /// The program ended before the answer came.
    Unanswered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withheld_reason_round_trips_through_json() {
        let with_details = [WithheldReason::Locked("by pid 7: busy".into()), WithheldReason::Client("none".into())];
        let later = WithheldReason::Other("a_later_key: why".into());
        for reason in WithheldReason::PLAIN.into_iter().chain(with_details).chain([later]) {
            let text = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<WithheldReason>(&text).unwrap(), reason, "{text}");
            assert!(text.starts_with(&format!("\"{}", reason.key())) && !reason.key().contains(':'), "{text}");
        }
        assert_eq!(serde_json::to_string(&WithheldReason::Locked("by pid 7".into())).unwrap(), "\"locked: by pid 7\"");
    }
}
