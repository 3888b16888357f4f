//! Renders the known state as OpenMetrics text: gauges built at each scrape, and the request counters.

use super::Requests;
use crate::metrics::counters::key;
use crate::storage::state_store::Snapshot;
use holdoff_core::gate::GateState;
use holdoff_core::quota::{Level, Provenance};
use holdoff_core::status::report::{AccountReport, GateReport};
use holdoff_core::{AccountId, AccountState, Endpoint, Gate, Moment, QuotaWindow, Report, Settings, Wall};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

type Number = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Info {
    account: String,
    provider: &'static str,
    label: String,
    plan: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAccount {
    account: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWindow {
    account: String,
    window: String,
}

/// The labels of a reading's age, including its source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAge {
    account: String,
    window: String,
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGate {
    account: String,
    endpoint: &'static str,
}

/// One series per state; the current state is 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGateState {
    account: String,
    endpoint: &'static str,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSignInState {
    account: String,
    state: &'static str,
}

const GATE_STATES: [&str; 3] = ["open", "cooling_down", "paused"];
const SIGN_IN_STATES: [&str; 4] = ["ok", "expired", "paused", "absent"];

#[derive(Debug, Default)]
struct Series {
    info: Family<Info, Gauge>,
    used: Family<OfWindow, Number>,
    resets: Family<OfWindow, Number>,
    age: Family<OfAge, Number>,
    binding: Family<OfWindow, Gauge>,
    gate: Family<OfGateState, Gauge>,
    strikes: Family<OfGate, Gauge>,
    opens: Family<OfGate, Number>,
    sign_in: Family<OfSignInState, Gauge>,
    free_only: Family<OfAccount, Gauge>,
    expires: Family<OfAccount, Number>,
    next: Family<OfAccount, Number>,
}

/// The complete response to a scrape at `now`.
pub fn render(
    snapshot: &Snapshot,
    requests: &Requests,
    now: Moment,
    settings: &Settings,
) -> Result<String, std::fmt::Error> {
    let series = Series::default();
    let report = Report::of(&snapshot.state, now, settings);
    for account in &report.accounts {
        if let Some(state) = snapshot.state.accounts.get(&AccountId(account.id.clone())) {
            series.account(account, state, now);
        }
    }
    let mut registry = Registry::default();
    series.register(&mut registry);
    requests.register(&mut registry);
    let build: Family<Build, Gauge> = Family::default();
    build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("holdoff_build_info", "The running version", build);
    let saved: Gauge = Gauge::default();
    saved.set(i64::from(snapshot.trouble.is_none()));
    registry.register("holdoff_state_saved", "1 while the state can be saved; while 0, no requests are sent", saved);
    let mut answer = String::new();
    text::encode(&mut answer, &registry)?;
    Ok(answer)
}

impl Series {
    fn account(&self, report: &AccountReport, state: &AccountState, now: Moment) {
        let account = report.id.clone();
        let plan = report.plan.clone().unwrap_or_default();
        let info = Info { account: account.clone(), provider: report.provider, label: report.label.clone(), plan };
        self.info.get_or_create(&info).set(1);
        for known in SIGN_IN_STATES {
            let of = OfSignInState { account: account.clone(), state: known };
            self.sign_in.get_or_create(&of).set(i64::from(known == report.sign_in.state));
        }
        for (endpoint, gate) in &report.gates {
            self.gate(*endpoint, gate, &state.gates[*endpoint], &account, now);
        }
        let of = OfAccount { account: account.clone() };
        self.free_only.get_or_create(&of).set(i64::from(state.free_only()));
        if let Some(at) = state.sign_in.expires_at() {
            self.expires.get_or_create(&of).set(secs(at));
        }
        if let Some(at) = state.next_request(now) {
            self.next.get_or_create(&of).set(secs(at.wall_as_of(now)));
        }
        if let Some(reading) = &state.reading {
            for window in &reading.windows {
                self.window(&account, window, reading.origin(window), now.wall);
            }
        }
    }

    fn gate(&self, endpoint: Endpoint, report: &GateReport, gate: &Gate, account: &str, now: Moment) {
        for known in GATE_STATES {
            let of = OfGateState { account: account.to_owned(), endpoint: endpoint.key(), state: known };
            self.gate.get_or_create(&of).set(i64::from(known == report.state));
        }
        let of = OfGate { account: account.to_owned(), endpoint: endpoint.key() };
        self.strikes.get_or_create(&of).set(i64::from(gate.strikes));
        if let GateState::CoolingDown { until, .. } = &gate.state
            && until.is_after(now)
        {
            self.opens.get_or_create(&of).set(secs(until.wall_as_of(now)));
        }
    }

    /// An unknown value has no series: absent is not zero (law 14).
    fn window(&self, account: &str, window: &QuotaWindow, origin: Provenance, now: Wall) {
        let of = OfWindow { account: account.to_owned(), window: window.id.clone() };
        let of_age = OfAge { account: of.account.clone(), window: of.window.clone(), source: key(origin.source) };
        self.age.get_or_create(&of_age).set(now.since(origin.at).as_secs_f64());
        self.binding.get_or_create(&of).set(i64::from(window.binding));
        if let Level::Used(percent) = window.level(now) {
            self.used.get_or_create(&of).set(percent / 100.0);
        }
        if let Some(at) = window.resets_at {
            self.resets.get_or_create(&of).set(secs(at));
        }
    }

    fn register(self, registry: &mut Registry) {
        registry.register("holdoff_account_info", "Account information", self.info);
        let used = "Used share of the quota window; can exceed 1; absent while unknown";
        registry.register("holdoff_window_used_ratio", used, self.used);
        registry.register("holdoff_window_resets_timestamp_seconds", "When the quota window resets", self.resets);
        let age = "Age of the reading of the quota window";
        registry.register("holdoff_window_age_seconds", age, self.age);
        let binding = "1 for the window that limits now, according to the provider";
        registry.register("holdoff_window_binding", binding, self.binding);
        registry.register("holdoff_gate_state", "1 for the current state of an endpoint's gate", self.gate);
        let strikes = "Consecutive rate-limit responses; 0 after the first success";
        registry.register("holdoff_gate_strikes", strikes, self.strikes);
        let opens = "When the gate opens; only while it cools down";
        registry.register("holdoff_gate_opens_timestamp_seconds", opens, self.opens);
        registry.register("holdoff_sign_in_state", "1 for the current state of the sign-in", self.sign_in);
        let free_only = "1 while the account is set to free readings only (no requests)";
        registry.register("holdoff_free_readings_only", free_only, self.free_only);
        let expires = "When the access token expires, if known";
        registry.register("holdoff_sign_in_expires_timestamp_seconds", expires, self.expires);
        let next = "Earliest time of the next request, if known";
        registry.register("holdoff_next_request_timestamp_seconds", next, self.next);
    }
}

fn secs(at: Wall) -> f64 {
    at.0 as f64 / 1000.0
}
