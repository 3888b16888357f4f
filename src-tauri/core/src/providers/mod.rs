//! One folder per provider: building requests, reading answers, reading credentials. All pure.

pub mod anthropic;

use crate::credential::Credential;
use crate::credential::token::Fingerprint;
use crate::request::Request;
use crate::response::{Delivery, Grant, Outcome};
use crate::state::Provider;
use crate::time::Wall;

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
pub fn understand_usage(provider: Provider, delivery: Delivery, now: Wall) -> Outcome {
    match (provider, delivery) {
        (_, Delivery::NotSent(why)) => Outcome::Unreachable { why },
        (_, Delivery::Lapsed) => Outcome::Lapsed,
        (_, Delivery::Lost(why)) => Outcome::Ambiguous { why },
        (Provider::Anthropic, Delivery::Answered(answer)) => anthropic::understand_usage(&answer, now),
    }
}

/// What came of a renewal.
pub fn understand_grant(provider: Provider, delivery: Delivery, now: Wall) -> Grant {
    match (provider, delivery) {
        (_, Delivery::NotSent(why)) => Grant::Unreachable { why },
        (_, Delivery::Lapsed) => Grant::Lapsed,
        (_, Delivery::Lost(why)) => Grant::Ambiguous { status: None, why, retry_after: None },
        (Provider::Anthropic, Delivery::Answered(answer)) => anthropic::understand_grant(&answer, now),
    }
}

/// The scope that a request for a reading needs, where the sign-in is known to be without it.
pub fn missing_scope(provider: Provider, credential: &Credential) -> Option<&'static str> {
    match provider {
        Provider::Anthropic => anthropic::credential::missing_scope(&credential.scopes),
    }
}
