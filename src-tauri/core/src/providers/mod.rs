//! One folder per provider: building requests, reading answers, reading credentials. All pure.

pub mod anthropic;

use crate::outcome::{Delivery, Outcome};
use crate::request::{Endpoint, Request};
use crate::sign_in::Credential;
use crate::state::Provider;
use crate::time::Wall;

/// The request for one reading.
pub fn usage_request(provider: Provider, credential: &Credential) -> Request {
    match provider {
        Provider::Anthropic => anthropic::usage_request(credential),
    }
}

/// What came of a request.
pub fn understand(provider: Provider, endpoint: Endpoint, delivery: Delivery, now: Wall) -> Outcome {
    let answer = match delivery {
        Delivery::Answered(answer) => answer,
        Delivery::NotSent(why) => return Outcome::Unreachable { why },
        Delivery::Lost(why) => return Outcome::Ambiguous { why },
    };
    match (provider, endpoint) {
        (Provider::Anthropic, Endpoint::Usage) => anthropic::understand_usage(&answer, now),
        (Provider::Anthropic, Endpoint::Token) => {
            Outcome::Unreadable { status: answer.status, why: "no renewal was asked for".to_owned() }
        }
    }
}
