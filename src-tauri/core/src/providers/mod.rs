//! The provider interface. Each provider has a folder with its specifics as data and pure functions, and one line in
//! [`Provider::spec`]. All other code gets a provider's names, hosts and limits from here.

pub mod anthropic;
mod id;

pub use id::Provider;

use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, Identity};
use crate::gate::policy::EndpointPolicy;
use crate::request::{Endpoint, Request};
use crate::response::{GrantOutcome, HttpResponse, Outcome, SendResult};
use crate::time::Wall;

/// The specifics of a provider. Pure: builds requests and parses responses, without I/O or timing.
pub trait ProviderSpec: Sync {
    fn info(&self) -> &'static ProviderInfo;

    /// Each endpoint, with its host and its policy.
    fn endpoints(&self) -> &'static [EndpointSpec];

    /// Parses a stored sign-in. `beside` is the identity that another file states.
    fn parse_credential(&self, stored: &[u8], beside: Identity) -> CredentialRead;

    /// The scope that a usage request needs, if the sign-in is known to lack it.
    fn missing_scope(&self, _: &Credential) -> Option<&'static str> {
        None
    }

    /// The request for one reading.
    fn usage_request(&self, credential: &Credential) -> Request;

    /// Interprets the response to a usage request.
    fn parse_usage(&self, answer: &HttpResponse, now: Wall) -> Outcome;

    /// How to renew a sign-in, if that is possible on its owner's behalf.
    fn renewal(&self) -> Option<&'static dyn Renewal> {
        None
    }
}

/// Renews a sign-in by spending its refresh token, at most once.
pub trait Renewal: Sync {
    /// The request that spends the refresh token, and the token's fingerprint. `None` if there is no usable refresh token.
    fn request(&self, credential: &Credential) -> Option<(Request, Fingerprint)>;

    /// Interprets the response to a renewal request.
    fn parse(&self, answer: &HttpResponse, now: Wall) -> GrantOutcome;
}

/// A provider's names, for people and for programs.
#[derive(Debug)]
pub struct ProviderInfo {
    /// Used in ids and in `status --json`.
    pub key: &'static str,
    pub name: &'static str,
    /// The program that owns the sign-in.
    pub owner: &'static str,
}

/// One endpoint of a provider.
#[derive(Debug)]
pub struct EndpointSpec {
    pub endpoint: Endpoint,
    /// The base URL, unless the variable names a loopback server instead.
    pub base: &'static str,
    /// The environment variable that names such a server.
    pub variable: &'static str,
    pub policy: EndpointPolicy,
}

impl Provider {
    pub fn spec(self) -> &'static dyn ProviderSpec {
        match self {
            Self::Anthropic => &anthropic::Anthropic,
        }
    }

    /// The provider of an account id in the format of [`crate::AccountId`].
    pub fn of_account(id: &str) -> Option<Self> {
        let key = id.split_once(':').map_or(id, |(key, _)| key);
        Self::ALL.into_iter().find(|provider| provider.key() == key)
    }

    pub fn key(self) -> &'static str {
        self.spec().info().key
    }

    pub fn name(self) -> &'static str {
        self.spec().info().name
    }

    pub fn owner(self) -> &'static str {
        self.spec().info().owner
    }

    /// The policy of an endpoint. An endpoint that the provider lacks gets the policy of its first one.
    pub fn policy(self, endpoint: Endpoint) -> &'static EndpointPolicy {
        let endpoints = self.spec().endpoints();
        let spec = endpoints.iter().find(|spec| spec.endpoint == endpoint).or(endpoints.first());
        spec.map_or(&EndpointPolicy::CAREFUL, |spec| &spec.policy)
    }

    /// The scope that a usage request needs, if the sign-in is known to lack it.
    pub fn missing_scope(self, credential: &Credential) -> Option<&'static str> {
        self.spec().missing_scope(credential)
    }

    /// The outcome of a usage request.
    pub fn parse_usage_response(self, delivery: SendResult, now: Wall) -> Outcome {
        match delivery {
            SendResult::NotSent(why) => Outcome::Unreachable { why },
            SendResult::PermitExpired => Outcome::Lapsed,
            SendResult::Lost(why) => Outcome::Ambiguous { why },
            SendResult::Answered(answer) => self.spec().parse_usage(&answer, now),
        }
    }

    /// The request that spends the refresh token of `credential`, and the token's fingerprint, if that is possible.
    pub fn renewal_request(self, credential: &Credential) -> Option<(Request, Fingerprint)> {
        self.spec().renewal()?.request(credential)
    }

    /// The outcome of a renewal.
    pub fn parse_token_response(self, delivery: SendResult, now: Wall) -> GrantOutcome {
        match (delivery, self.spec().renewal()) {
            (SendResult::NotSent(why), _) => GrantOutcome::Unreachable { why },
            (SendResult::PermitExpired, _) => GrantOutcome::Lapsed,
            (SendResult::Lost(why), _) => GrantOutcome::Ambiguous { status: None, why, retry_after: None },
            (SendResult::Answered(answer), Some(renewal)) => renewal.parse(&answer, now),
            (SendResult::Answered(answer), None) => GrantOutcome::Ambiguous {
                status: Some(answer.status),
                why: "its sign-in cannot be renewed".to_owned(),
                retry_after: None,
            },
        }
    }
}
