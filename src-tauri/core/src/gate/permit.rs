//! What a gate gives for one request, and how long that holds.

use crate::gate::policy;
use crate::providers::Provider;
use crate::request::{Endpoint, Request};
use crate::state::AccountId;
use crate::time::Moment;
use std::time::Duration;

/// The right to send one request of one account to one endpoint of its provider. Only a [`Gate`](super::Gate) makes one, and it never leaves
/// its request, so that no permit means no request (law 1).
#[derive(Debug)]
pub struct Permit {
    account: AccountId,
    provider: Provider,
    endpoint: Endpoint,
    given: Moment,
    /// So long the access token lives that the request carries.
    life: Option<Duration>,
}

/// A request that its gate allows, once. The HTTP layer takes nothing else, so no permit of one account, provider or
/// endpoint can send another's request.
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

    /// For whoever sends it: there the permit is used up.
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

    /// Whose request it is for.
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

    /// Whether the request may still leave, so long after the permit was given. What is over a minute later slept with
    /// the machine, and is to wait like all that wakes (law 12); and a token that has run out meanwhile is not sent (law 5).
    pub fn holds(&self, waited: Duration) -> bool {
        waited <= policy::ASLEEP && self.life.is_none_or(|life| waited < life)
    }
}
