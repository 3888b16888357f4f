//! The gates of one account, by endpoint.

use super::{Gate, Jitter};
use crate::providers::Provider;
use crate::request::Endpoint;
use crate::time::Moment;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Index, IndexMut};

/// One gate for each endpoint. Saved as a map; a gate that is missing there is that of an endpoint which no request was sent
/// to yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates([Gate; Endpoint::ALL.len()]);

impl Gates {
    pub fn new(provider: Provider) -> Self {
        Self(Endpoint::ALL.map(|endpoint| Gate::new(provider, endpoint)))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Gate> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Gate> {
        self.0.iter_mut()
    }

    /// Whether a request to any endpoint is in progress.
    pub fn has_request_in_flight(&self) -> bool {
        self.iter().any(|gate| gate.intent.is_some())
    }

    pub(crate) fn settle(&mut self, now: Moment, jitter: Jitter) {
        self.iter_mut().for_each(|gate| gate.settle(now, jitter));
    }

    pub(crate) fn rebase_after_reboot(&mut self, last: Option<Moment>, now: Moment) {
        self.iter_mut().for_each(|gate| gate.rebase_after_reboot(last, now));
    }

    /// Adopts the cooldowns and the spacing that another seat of the login received.
    pub fn share(&mut self, other: &Self, now: Moment) {
        self.with(other, |gate, other| gate.share(other, now));
    }

    /// The same for a seat that is no longer polled: a request that it left behind was never answered.
    pub fn share_left_behind(&mut self, other: &Self, now: Moment) {
        self.share(other, now);
        self.with(other, |gate, other| gate.share_unanswered(other, now));
    }

    /// Takes over the gates of the same account under another id.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.with(other, Gate::merge);
    }

    /// Applies each gate of `other` to the one of the same endpoint.
    fn with(&mut self, other: &Self, apply: impl Fn(&mut Gate, &Gate)) {
        self.iter_mut().zip(other.iter()).for_each(|(gate, other)| apply(gate, other));
    }
}

impl Index<Endpoint> for Gates {
    type Output = Gate;

    fn index(&self, endpoint: Endpoint) -> &Gate {
        &self.0[endpoint as usize]
    }
}

impl IndexMut<Endpoint> for Gates {
    fn index_mut(&mut self, endpoint: Endpoint) -> &mut Gate {
        &mut self.0[endpoint as usize]
    }
}

impl Serialize for Gates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Endpoint::ALL.map(|endpoint| (endpoint, &self[endpoint])))
    }
}

impl<'de> Deserialize<'de> for Gates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Gates", &Endpoint::KEYS, ByEndpoint)
    }
}

struct ByEndpoint;

impl<'de> Visitor<'de> for ByEndpoint {
    type Value = Gates;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a gate for each endpoint")
    }

    /// Fails without any gate: a damaged state must not open what was closed (law 13).
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Gates, A::Error> {
        let mut gates: Option<Gates> = None;
        while let Some((endpoint, gate)) = map.next_entry::<Endpoint, Gate>()? {
            let provider = gate.provider;
            gates.get_or_insert_with(|| Gates::new(provider))[endpoint] = gate;
        }
        gates.ok_or_else(|| A::Error::missing_field(Endpoint::Usage.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_indexed_and_saved_by_endpoint() {
        let gates = Gates::new(Provider::Anthropic);
        let saved = serde_json::to_value(&gates).unwrap();
        for endpoint in Endpoint::ALL {
            assert_eq!(gates[endpoint].endpoint, endpoint);
            assert_eq!(saved[endpoint.key()]["endpoint"], endpoint.key());
        }
        assert_eq!(serde_json::from_value::<Gates>(saved).unwrap(), gates);
    }

    #[test]
    fn gate_that_is_missing_in_the_file_is_new_and_no_gate_at_all_is_an_error() {
        let mut gates = Gates::new(Provider::Anthropic);
        gates[Endpoint::Usage].strikes = 3;
        let mut saved = serde_json::to_value(&gates).unwrap();
        saved.as_object_mut().unwrap().remove(Endpoint::Token.key());
        assert_eq!(serde_json::from_value::<Gates>(saved.clone()).unwrap(), gates);
        saved.as_object_mut().unwrap().clear();
        assert!(serde_json::from_value::<Gates>(saved).is_err());
    }

    #[test]
    fn gates_of_another_form_are_refused_with_what_was_expected() {
        let error = serde_json::from_str::<Gates>("3").unwrap_err().to_string();
        assert!(error.contains("expected a gate for each endpoint"), "{error}");
    }
}
