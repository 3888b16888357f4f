//! The seam of a provider: one folder each, with what is particular to it as data and pure functions, and one line in
//! [`Provider::spec`]. Everything else in Holdoff takes a provider's names, hosts and limits from here.

pub mod anthropic;

use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, Identity};
use crate::gate::policy::EndpointPolicy;
use crate::request::{Endpoint, Request};
use crate::response::{GrantOutcome, HttpResponse, Outcome, SendResult};
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// Whose quota it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    #[default]
    Anthropic,
}

/// What is particular to a provider. Pure: it builds requests and reads answers, and does neither I/O nor timing.
pub trait ProviderSpec: Sync {
    fn info(&self) -> &'static ProviderInfo;

    /// Each endpoint of an account, with its host and how it is treated.
    fn endpoints(&self) -> &'static [EndpointSpec];

    /// Reads a stored sign-in. `beside` is what another file says of whose it is.
    fn parse_credential(&self, stored: &[u8], beside: Identity) -> CredentialRead;

    /// The scope that a request for a reading needs, where the sign-in is known to be without it.
    fn missing_scope(&self, _: &Credential) -> Option<&'static str> {
        None
    }

    /// The request for one reading.
    fn usage_request(&self, credential: &Credential) -> Request;

    /// What the answer to it means.
    fn parse_usage(&self, answer: &HttpResponse, now: Wall) -> Outcome;

    /// How its sign-in is renewed, where that can be done in its owner's name.
    fn renewal(&self) -> Option<&'static dyn Renewal> {
        None
    }
}

/// How a sign-in is renewed: by spending its refresh token, at most once.
pub trait Renewal: Sync {
    /// The request that spends the refresh token, and which one that is. `None` where there is none that can be spent.
    fn request(&self, credential: &Credential) -> Option<(Request, Fingerprint)>;

    /// What the answer to it means.
    fn parse(&self, answer: &HttpResponse, now: Wall) -> GrantOutcome;
}

/// A provider's names, for people and for programs.
#[derive(Debug)]
pub struct ProviderInfo {
    /// In ids and in `status --json`.
    pub key: &'static str,
    pub name: &'static str,
    /// The program whose sign-in it is.
    pub owner: &'static str,
}

/// One endpoint of a provider.
#[derive(Debug)]
pub struct EndpointSpec {
    pub endpoint: Endpoint,
    /// Where it answers, unless a loopback stand-in is named.
    pub base: &'static str,
    /// The environment variable that names such a stand-in.
    pub variable: &'static str,
    pub policy: EndpointPolicy,
}

impl Provider {
    pub const ALL: [Self; 1] = [Self::Anthropic];

    pub fn spec(self) -> &'static dyn ProviderSpec {
        match self {
            Self::Anthropic => &anthropic::Anthropic,
        }
    }

    /// The provider of the account with this id, as [`crate::AccountId`] has it.
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

    /// How one of its endpoints is treated; one that it does not have is treated like its first.
    pub fn policy(self, endpoint: Endpoint) -> &'static EndpointPolicy {
        let endpoints = self.spec().endpoints();
        let spec = endpoints.iter().find(|spec| spec.endpoint == endpoint).or(endpoints.first());
        spec.map_or(&EndpointPolicy::CAREFUL, |spec| &spec.policy)
    }

    /// The scope that a request for a reading needs, where the sign-in is known to be without it.
    pub fn missing_scope(self, credential: &Credential) -> Option<&'static str> {
        self.spec().missing_scope(credential)
    }

    /// What came of a request for a reading.
    pub fn parse_usage_response(self, delivery: SendResult, now: Wall) -> Outcome {
        match delivery {
            SendResult::NotSent(why) => Outcome::Unreachable { why },
            SendResult::PermitExpired => Outcome::Lapsed,
            SendResult::Lost(why) => Outcome::Ambiguous { why },
            SendResult::Answered(answer) => self.spec().parse_usage(&answer, now),
        }
    }

    /// The request that spends the refresh token of `credential` for new tokens, where there is one that can be spent.
    pub fn renewal_request(self, credential: &Credential) -> Option<(Request, Fingerprint)> {
        self.spec().renewal()?.request(credential)
    }

    /// What came of a renewal.
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
