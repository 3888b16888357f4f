//! One folder per provider: building requests, reading answers, reading credentials. All pure.

pub mod anthropic;

use crate::credential::Credential;
use crate::credential::token::Fingerprint;
use crate::request::Request;
use crate::response::{GrantOutcome, Outcome, SendResult};
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// Whose quota it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Anthropic,
}

impl Provider {
    /// The provider's key in ids and in `status --json`.
    pub fn key(self) -> &'static str {
        match self {
            Provider::Anthropic => "anthropic",
        }
    }

    /// The provider's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Anthropic => "Anthropic",
        }
    }

    /// The program whose sign-in it is, for people.
    pub fn owner(self) -> &'static str {
        match self {
            Provider::Anthropic => "Claude Code",
        }
    }
}

/// The request for one reading.
pub fn usage_request(provider: Provider, credential: &Credential) -> Request {
    match provider {
        Provider::Anthropic => anthropic::usage_request(credential),
    }
}

/// The request that spends the refresh token of `credential` for new tokens. `None` where it has none that can be spent.
pub fn renewal_request(provider: Provider, credential: &Credential) -> Option<(Request, Fingerprint)> {
    match provider {
        Provider::Anthropic => anthropic::renewal_request(credential),
    }
}

/// What came of a request for a reading.
pub fn parse_usage_response(provider: Provider, delivery: SendResult, now: Wall) -> Outcome {
    match (provider, delivery) {
        (_, SendResult::NotSent(why)) => Outcome::Unreachable { why },
        (_, SendResult::PermitExpired) => Outcome::Lapsed,
        (_, SendResult::Lost(why)) => Outcome::Ambiguous { why },
        (Provider::Anthropic, SendResult::Answered(answer)) => anthropic::parse_usage_response(&answer, now),
    }
}

/// What came of a renewal.
pub fn parse_token_response(provider: Provider, delivery: SendResult, now: Wall) -> GrantOutcome {
    match (provider, delivery) {
        (_, SendResult::NotSent(why)) => GrantOutcome::Unreachable { why },
        (_, SendResult::PermitExpired) => GrantOutcome::Lapsed,
        (_, SendResult::Lost(why)) => GrantOutcome::Ambiguous { status: None, why, retry_after: None },
        (Provider::Anthropic, SendResult::Answered(answer)) => anthropic::parse_token_response(&answer, now),
    }
}

/// The scope that a request for a reading needs, where the sign-in is known to be without it.
pub fn missing_scope(provider: Provider, credential: &Credential) -> Option<&'static str> {
    match provider {
        Provider::Anthropic => anthropic::credential::missing_scope(&credential.scopes),
    }
}
