//! Permits for single requests, and how long they are valid.

use crate::gate::policy;
use crate::providers::Provider;
use crate::request::{Endpoint, Request};
use crate::state::AccountId;
use crate::time::Moment;
use std::time::Duration;

/// The right to send one request of one account to one endpoint of its provider. Only a [`Gate`](super::Gate) makes one,
/// and it stays with its request: no permit, no request (law 1).
#[derive(Debug)]
pub struct Permit {
    account: AccountId,
    provider: Provider,
    endpoint: Endpoint,
    given: Moment,
    /// The remaining lifetime of the request's access token.
    life: Option<Duration>,
}

/// A request with its permit, valid once. The HTTP layer accepts nothing else, so a permit cannot send a request of another
/// account, provider or endpoint.
#[derive(Debug)]
#[must_use = "a permitted request that is dropped was not sent"]
pub struct PermittedRequest {
    permit: Permit,
    request: Request,
}

impl PermittedRequest {
    pub(super) fn new(permit: Permit, request: Request) -> Self {
        Self { permit, request }
    }

    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn endpoint(&self) -> Endpoint {
        self.permit.endpoint
    }

    /// For the sender: this uses up the permit.
    pub fn into_parts(self) -> (Permit, Request) {
        (self.permit, self.request)
    }

    pub(crate) fn while_lives(mut self, life: Option<Duration>) -> Self {
        self.permit.life = life;
        self
    }
}

impl Permit {
    pub(super) fn new(account: AccountId, provider: Provider, endpoint: Endpoint, given: Moment) -> Self {
        Self { account, provider, endpoint, given, life: None }
    }

    /// The account that the request is for.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    pub fn provider(&self) -> Provider {
        self.provider
    }

    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    pub fn given(&self) -> Moment {
        self.given
    }

    /// Whether the request may still leave this long after the permit was given. More than a minute means that the machine
    /// slept, so the request must wait as after any waking (law 12). An expired token is not sent (law 5).
    pub fn holds(&self, waited: Duration) -> bool {
        waited <= policy::ASLEEP && self.life.is_none_or(|life| waited < life)
    }
}
