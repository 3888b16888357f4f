//! The laws of asking, in the decision core: a world around one account, whose time is moved by hand.

mod durability;
mod forecasts;
mod free;
mod identity;
mod implausible;
mod notification;
mod oauth_client;
mod passive_reading;
mod polling;
mod refusals;
mod renewal;
mod retirement;
mod rng;
mod sign_in;
mod suspend;
mod token_responses;
mod two_files;
mod window_alerts;

use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, Identity, Naming};
use crate::gate::{Cooldown, GateState, Pause};
use crate::harness::{self, Harness, answered as status};
use crate::notification::NoticeKind;
use crate::providers;
use crate::record::ledger::OutcomeKind;
use crate::response::HttpResponse;
use crate::state::{NotYet, Provider, SignInTrouble};
use crate::time::{Boot, Wall};

/// 2026-09-14 12:00:00 UTC.
const NOON: Wall = Wall(1_789_387_200_000);
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// The world around one account: a disk, a credential, a provider, a notification service and a clock.
type World = Harness;

fn ann() -> Identity {
    let text = |text: &str| Some(text.to_owned());
    Identity { account: text("ann"), email: text("ann@example.com"), ..Identity::default() }
}

fn credential(token: &str) -> CredentialRead {
    let found = harness::credential(token, None, Some(NOON.plus(Duration::from_secs(400 * HOUR))));
    CredentialRead::Found(Credential { plan: Some("max".into()), identity: ann(), ..found })
}

fn good() -> SendResult {
    status(200, None, r#"{"five_hour":{"utilization":42,"resets_at":null}}"#)
}

fn limited(retry_after: Option<&str>) -> SendResult {
    status(429, retry_after, r#"{"error":{"type":"rate_limit_error","message":"Rate limited."}}"#)
}

fn unauthorized() -> SendResult {
    status(401, None, r#"{"type":"error","error":{"type":"authentication_error","message":"expired"}}"#)
}

fn missing_scope() -> SendResult {
    let body =
        r#"{"error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"}}"#;
    status(403, None, body)
}

fn preferences() -> Preferences {
    Preferences::from(&Settings::default())
}

impl World {
    fn new(answer: impl FnMut(usize) -> SendResult + Send + 'static) -> Self {
        let now = Moment { wall: NOON, boot: Boot(1_000_000) };
        let state = AccountState::new(Provider::Anthropic);
        let harness = Harness::of(state, credential("sk-1"), preferences(), now, 7);
        Self { answer: Box::new(answer), ..harness }
    }

    /// Does what the account says until it sleeps; answers when it would wake.
    fn settle(&mut self) -> Option<Moment> {
        for _ in 0..1000 {
            match self.account.poll(self.now) {
                Action::Sleep(until) => return until,
                action => self.act(action),
            }
        }
        panic!("the account does not come to rest");
    }

    /// One action, done, whatever it is.
    fn act(&mut self, action: Action) {
        match self.perform(action) {
            Some(Action::Ask(permitted)) => {
                let delivery = self.send(&permitted);
                self.account.handle(Event::Delivered(delivery), self.now);
            }
            Some(Action::Become { id, .. }) => self.became.push(id),
            Some(_) | None => {}
        }
    }

    fn send(&mut self, permitted: &PermittedRequest) -> SendResult {
        let sent = (self.now.boot, permitted.request().auth.secret().expose().to_owned());
        match permitted.endpoint() {
            Endpoint::Usage => {
                assert!(
                    self.disk.gates[Endpoint::Usage].intent.is_some(),
                    "the intent is durable before the request leaves"
                );
                self.asked.push(sent);
                (self.answer)(self.asked.len())
            }
            Endpoint::Token => {
                assert!(self.holds_locks, "nothing is renewed without the locks");
                assert!(
                    self.disk.gates[Endpoint::Token].intent_token.is_some(),
                    "which token is spent is durable before it is"
                );
                self.spent.push(sent);
                (self.token)(self.spent.len())
            }
        }
    }

    /// Claude Code's status line tells how much of the 5-hour window is used, as of now.
    fn status_line(&mut self, used: f64) {
        self.push(self.account.id.clone(), used);
    }

    fn push(&mut self, account: AccountId, used: f64) {
        let text = format!(r#"{{"rate_limits":{{"five_hour":{{"used_percentage":{used},"resets_at":1789400000}}}}}}"#);
        let told =
            providers::anthropic::status_line::read(text.as_bytes()).and_then(|told| told.reading(self.now.wall));
        let reading = told.expect("a reading");
        self.account.handle(Event::Reading(PassiveReading { account, reading }), self.now);
    }

    fn used(&self) -> Option<f64> {
        self.account.state().reading.as_ref()?.windows.first()?.used_percent
    }

    /// One step, whatever it is.
    fn settle_one(&mut self) {
        let action = self.account.poll(self.now);
        self.act(action);
    }

    /// Until the next request has left: whoever calls answers it.
    fn run_to_request(&mut self) -> PermittedRequest {
        loop {
            match self.account.poll(self.now) {
                Action::Ask(permitted) => {
                    self.asked.push((self.now.boot, permitted.request().auth.secret().expose().to_owned()));
                    return permitted;
                }
                Action::Sleep(until) => self.now = until.expect("a request comes"),
                action => self.act(action),
            }
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now = self.now.plus(by);
    }

    /// Lets time pass as the account asks for it.
    fn run(&mut self, secs: u64) {
        let end = self.now.plus(Duration::from_secs(secs));
        while let Some(until) = self.settle().filter(|until| !until.is_after(end)) {
            assert!(until.is_after(self.now), "the account wakes in the past: {until:?}");
            self.now = until;
        }
        self.now = end;
        self.settle();
    }

    fn crash(&mut self) {
        self.restart(11);
    }

    fn gaps(&self) -> Vec<u64> {
        let times: Vec<i64> = self.asked.iter().map(|(at, _)| at.0).collect();
        times.windows(2).map(|pair| u64::try_from(pair[1] - pair[0]).unwrap() / 1000).collect()
    }

    fn withheld(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.event, LedgerEvent::Withheld { .. })).count()
    }
}
