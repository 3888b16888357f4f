//! Counts requests since the program started, at the point where the ledger is written.

use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde::Serialize;

/// Counters shared by all runners.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    sent: Family<OfEndpoint, Counter>,
    came: Family<OfOutcome, Counter>,
    withheld: Family<OfCause, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEndpoint {
    account: String,
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    account: String,
    endpoint: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCause {
    account: String,
    endpoint: String,
    because: String,
}

impl Requests {
    pub fn count(&self, entry: &LedgerEntry) {
        let (account, endpoint) = (entry.account.clone(), key(entry.endpoint));
        match &entry.event {
            LedgerEvent::Sent { .. } => self.sent.get_or_create(&OfEndpoint { account, endpoint }).inc(),
            LedgerEvent::Completed { outcome, .. } => {
                self.came.get_or_create(&OfOutcome { account, endpoint, outcome: key(outcome) }).inc()
            }
            LedgerEvent::Withheld { because, .. } => {
                self.withheld.get_or_create(&OfCause { account, endpoint, because: because.key().to_owned() }).inc()
            }
        };
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let sent = "Requests sent to the provider since the program started";
        registry.register("holdoff_requests", sent, self.sent.clone());
        let came = "Outcomes of requests since the program started";
        registry.register("holdoff_request_outcomes", came, self.came.clone());
        let withheld = "Requests withheld since the program started";
        registry.register("holdoff_requests_withheld", withheld, self.withheld.clone());
    }
}

/// The name of a state as the ledger and `status --json` write it.
pub(super) fn key(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(key)) => key,
        _ => String::new(),
    }
}
