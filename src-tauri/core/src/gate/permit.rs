//! What a gate gives for one request, and how long that holds.

use crate::gate::policy;
use crate::request::Endpoint;
use crate::time::Moment;
use std::time::Duration;

/// The right to send one request to one endpoint. Only a [`Gate`](super::Gate) makes one, and the HTTP layer takes it by
/// value, so that no permit means no request (law 1).
#[derive(Debug)]
#[must_use = "a permit that is dropped is a request that was not sent"]
pub struct Permit {
    endpoint: Endpoint,
    given: Moment,
    /// So long the access token lives that the request carries.
    life: Option<Duration>,
}

impl Permit {
    pub(super) fn new(endpoint: Endpoint, given: Moment) -> Self {
        Self { endpoint, given, life: None }
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

    pub(crate) fn while_lives(self, life: Option<Duration>) -> Self {
        Self { life, ..self }
    }
}
