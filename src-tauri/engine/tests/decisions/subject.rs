//! One account with renewal on, and what it does after a response.

use crate::again;
use crate::cases::{NEW_TOKEN, good};
use crate::servers::token;
use crate::table::in_words;
use holdoff_core::account::{Action, Event, Preferences};
use holdoff_core::credential::CredentialRead;
use holdoff_core::harness::{self, Harness};
use holdoff_core::record::ledger::{LedgerEvent, OutcomeKind};
use holdoff_core::state::Provider;
use holdoff_core::{
    AccountState, Boot, Endpoint, GateState, Moment, NoticeKind, PermittedRequest, Request, SendResult, Settings, Wall,
};
use std::sync::OnceLock;
use std::time::Duration;

/// 2026-09-14 12:00:00 UTC.
const NOON: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };
/// Longer than anything that ends by itself.
const HORIZON: Duration = Duration::from_secs(40 * 3600);
/// A pause never ends by itself; simulating one costs a read of the sign-in every few minutes.
const WATCHED: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// The consequences of a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub read_as: OutcomeKind,
    pub first: Then,
    /// After the same response three times in a row; `None` if that never happened.
    pub third: Option<Then>,
    pub told: Vec<NoticeKind>,
}

/// The gate after a response, and the next request.
#[derive(Debug, Clone, PartialEq)]
pub struct Then {
    pub gate: String,
    /// When the same endpoint is asked again; `None` if not by itself.
    pub again: Option<Duration>,
    /// The requests to the other endpoint in the meantime.
    pub meanwhile: String,
}

pub struct Subject {
    endpoint: Endpoint,
    harness: Harness,
}

impl Subject {
    /// An account whose next request goes to `endpoint`.
    pub fn new(endpoint: Endpoint, case: usize) -> Self {
        Self { endpoint, harness: harness(endpoint, case, seed()) }
    }

    pub fn first_request(&mut self) -> PermittedRequest {
        match self.harness.next_request(NOON) {
            Some(permitted) if permitted.endpoint() == self.endpoint => permitted,
            other => panic!("asked first: {other:?}"),
        }
    }

    /// Applies the response three times in all, and restarts the program after each.
    pub fn decide(mut self, delivery: &SendResult) -> Decision {
        let first = self.answered(delivery);
        let read_as = self.harness.entries.iter().find_map(|entry| match entry.event {
            LedgerEvent::Completed { outcome, .. } => Some(outcome),
            _ => None,
        });
        let read_as = read_as.expect("the ledger says what came");
        let mut last = first.clone();
        for _ in 0..2 {
            last = match last.again {
                Some(_) => self.answered(delivery),
                None => return Decision { read_as, first, third: None, told: self.harness.shown },
            };
        }
        Decision { read_as, first, third: Some(last), told: self.harness.shown }
    }

    /// Applies the response and continues until the same endpoint is asked again.
    fn answered(&mut self, delivery: &SendResult) -> Then {
        let came = self.harness.now;
        self.harness.handle(Event::Delivered(again(delivery)));
        let mut meanwhile = String::new();
        let mut gate = self.saved();
        self.harness.restart(seed());
        let end = came.plus(if gate.starts_with("paused") { WATCHED } else { HORIZON });
        let again = loop {
            match self.harness.next_request(end) {
                None => break None,
                Some(permitted) if permitted.endpoint() == self.endpoint => break Some(self.harness.now.since(came)),
                Some(permitted) if permitted.endpoint() == Endpoint::Usage => {
                    if meanwhile.is_empty() {
                        meanwhile =
                            format!("{}, {}", in_words(self.harness.now.since(came)), asked_with(permitted.request()));
                    }
                    self.harness.handle(Event::Delivered(reading()));
                }
                Some(_) => {
                    // No response of the usage endpoint may lead here (laws 4 and 6).
                    gate.push_str(", RENEWED");
                    break None;
                }
            }
        };
        Then { gate, again, meanwhile }
    }

    /// Everything up to the save of the state: nothing else may be sent before it.
    fn saved(&mut self) -> String {
        loop {
            let action = self.harness.poll();
            let saves = matches!(action, Action::Persist(_));
            if let Some(left) = self.harness.perform(action) {
                panic!("nothing is saved, and next is {left:?}");
            }
            if saves {
                break;
            }
        }
        let state = &self.harness.disk;
        describe(match self.endpoint {
            Endpoint::Usage => &state.gates[Endpoint::Usage].state,
            Endpoint::Token => &state.gates[Endpoint::Token].state,
        })
    }
}

fn harness(endpoint: Endpoint, case: usize, seed: u64) -> Harness {
    let settings = Settings { renewal: true, ..Settings::default() };
    let state = AccountState::new(Provider::Anthropic);
    Harness::of(state, credential(endpoint, case), Preferences::from(&settings), NOON, seed)
}

/// A sign-in that is due for renewal at once, or not for days.
fn credential(endpoint: Endpoint, case: usize) -> CredentialRead {
    let left = match endpoint {
        Endpoint::Usage => HORIZON * 4,
        Endpoint::Token => 4 * MINUTE,
    };
    let (access, refresh) = (token("oat", case), token("ort", case));
    CredentialRead::Found(harness::credential(&access, Some(&refresh), Some(NOON.wall.plus(left))))
}

/// Waits get random jitter: this seed draws none, so the table has the minimum of each.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| (0..).find(|seed| lengthened(*seed).is_zero()).unwrap())
}

fn lengthened(seed: u64) -> Duration {
    let mut subject = Subject { endpoint: Endpoint::Usage, harness: harness(Endpoint::Usage, 0, seed) };
    let _asked = subject.first_request();
    subject.harness.handle(Event::Delivered(harness::answered(429, None, "")));
    match &subject.harness.account.state().gates[Endpoint::Usage].state {
        GateState::CoolingDown { until, .. } => {
            until.since(NOON) - Provider::Anthropic.policy(Endpoint::Usage).limit.base
        }
        other => panic!("a 429, and then {other:?}"),
    }
}

fn reading() -> SendResult {
    harness::answered(200, None, &good(Endpoint::Usage))
}

fn asked_with(request: &Request) -> &'static str {
    match request.auth.secret().expose() == NEW_TOKEN {
        true => "with the new token",
        false => "with the old token",
    }
}

/// The gate, with its names on disk.
fn describe(gate: &GateState) -> String {
    let kind = |cause: serde_json::Value| cause["kind"].as_str().unwrap().to_owned();
    match gate {
        GateState::Open => "open".to_owned(),
        GateState::CoolingDown { cause, .. } => {
            format!("cooling down: {}", kind(serde_json::to_value(cause).unwrap()))
        }
        GateState::Paused { cause, .. } => format!("paused: {}", kind(serde_json::to_value(cause).unwrap())),
    }
}
