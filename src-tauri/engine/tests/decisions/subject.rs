//! One account that may renew, and what it does next once an answer has come.

use crate::again;
use crate::cases::{NEW_TOKEN, good};
use crate::servers::token;
use crate::table::in_words;
use holdoff_core::account::{Account, Action, Event, Preferences};
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{Credential, CredentialRead, Identity, OAuthClient, WriteBack};
use holdoff_core::record::ledger::{LedgerEvent, OutcomeKind};
use holdoff_core::state::Provider;
use holdoff_core::{
    AccountId, AccountState, Body, Boot, Endpoint, GateState, HttpResponse, Moment, NoticeKind, PermittedRequest,
    Request, SendResult, Settings, Wall,
};
use std::sync::OnceLock;
use std::time::Duration;

/// 2026-09-14 12:00:00 UTC.
const NOON: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };
/// Longer than everything that ever ends by itself.
const HORIZON: Duration = Duration::from_secs(40 * 3600);
/// A pause never ends by itself; watching one costs a look at the sign-in every few minutes.
const WATCHED: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub read_as: OutcomeKind,
    pub first: Then,
    /// After the same answer three times running; `None` where it never came to that.
    pub third: Option<Then>,
    pub told: Vec<NoticeKind>,
}

/// The gate after an answer, and what goes over the wire next.
#[derive(Debug, Clone, PartialEq)]
pub struct Then {
    pub gate: String,
    /// When the same endpoint is asked again; `None` if not by itself.
    pub again: Option<Duration>,
    /// What the other endpoint sees meanwhile.
    pub meanwhile: String,
}

pub struct Subject {
    endpoint: Endpoint,
    account: Account,
    now: Moment,
    credential: Credential,
    read_as: Option<OutcomeKind>,
    told: Vec<NoticeKind>,
    saved: bool,
}

impl Subject {
    /// An account whose next request is for `endpoint`.
    pub fn new(endpoint: Endpoint, case: usize) -> Self {
        let state = AccountState::new(Provider::Anthropic);
        Self {
            endpoint,
            account: account(state, NOON, seed()),
            now: NOON,
            credential: credential(endpoint, case),
            read_as: None,
            told: Vec::new(),
            saved: false,
        }
    }

    pub fn first_request(&mut self) -> PermittedRequest {
        match self.next(NOON) {
            Some(permitted) if permitted.endpoint() == self.endpoint => permitted,
            other => panic!("asked first: {other:?}"),
        }
    }

    /// The answer came. The same one comes three times in all, and the program is restarted after each.
    pub fn decide(mut self, delivery: &SendResult) -> Decision {
        let first = self.answered(delivery);
        let read_as = self.read_as.expect("the ledger says what came");
        let mut last = first.clone();
        for _ in 0..2 {
            last = match last.again {
                Some(_) => self.answered(delivery),
                None => return Decision { read_as, first, third: None, told: self.told },
            };
        }
        Decision { read_as, first, third: Some(last), told: self.told }
    }

    /// Takes in the answer, and goes on until the same endpoint is asked again.
    fn answered(&mut self, delivery: &SendResult) -> Then {
        let came = self.now;
        self.account.handle(Event::Delivered(again(delivery)), came);
        let mut meanwhile = String::new();
        let mut gate = self.saved();
        self.restart();
        let end = came.plus(if gate.starts_with("paused") { WATCHED } else { HORIZON });
        let again = loop {
            match self.next(end) {
                None => break None,
                Some(permitted) if permitted.endpoint() == self.endpoint => break Some(self.now.since(came)),
                Some(permitted) if permitted.endpoint() == Endpoint::Usage => {
                    if meanwhile.is_empty() {
                        meanwhile = format!("{}, {}", in_words(self.now.since(came)), asked_with(permitted.request()));
                    }
                    self.account.handle(Event::Delivered(reading()), self.now);
                }
                Some(_) => {
                    // No answer of the usage endpoint may lead here (laws 4 and 6).
                    gate.push_str(", RENEWED");
                    break None;
                }
            }
        };
        Then { gate, again, meanwhile }
    }

    /// Everything that follows before the state is saved: only from then on is anything else sent.
    fn saved(&mut self) -> String {
        self.saved = false;
        while !self.saved {
            if let Some(Some(permitted)) = self.step() {
                panic!("nothing is saved, and asked is {permitted:?}");
            }
        }
        let state = self.account.state();
        describe(match self.endpoint {
            Endpoint::Usage => &state.usage.state,
            Endpoint::Token => &state.token.state,
        })
    }

    fn restart(&mut self) {
        self.account = account(self.account.state().clone(), self.now, seed());
    }

    /// The next request, with the time at which it is made; `None` if there is none before `end`.
    fn next(&mut self, end: Moment) -> Option<PermittedRequest> {
        loop {
            match self.step() {
                Some(Some(asked)) => return Some(asked),
                Some(None) => {}
                None => match self.wakes() {
                    Some(until) if !until.is_after(end) => self.now = until,
                    _ => return None,
                },
            }
        }
    }

    fn wakes(&mut self) -> Option<Moment> {
        match self.account.poll(self.now) {
            Action::Sleep(until) => until,
            other => panic!("it slept, and now: {other:?}"),
        }
    }

    /// One action, done; `None` if there is nothing to do now.
    fn step(&mut self) -> Option<Option<PermittedRequest>> {
        let event = match self.account.poll(self.now) {
            Action::Sleep(_) => return None,
            Action::Ask(permitted) => return Some(Some(permitted)),
            Action::Record(entry) => {
                if let LedgerEvent::Completed { outcome, .. } = entry.event {
                    self.read_as.get_or_insert(outcome);
                }
                return Some(None);
            }
            Action::Unlock | Action::RecordHistory(_) => return Some(None),
            Action::Persist(_) => {
                self.saved = true;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(CredentialRead::Found(self.credential.clone())),
            Action::Lock => Event::Locked(Ok(())),
            Action::Store(successor) => {
                self.credential.access_token = successor.tokens.access_token;
                self.credential.expires_at = successor.tokens.expires_at;
                self.credential.refresh_token = successor.tokens.refresh_token.map(Into::into);
                Event::Stored(WriteBack::Written)
            }
            Action::Notify(notice) => {
                self.told.push(notice.kind);
                Event::NoticeShown(notice.id)
            }
            Action::Become { id, .. } => panic!("it became {id}"),
        };
        self.account.handle(event, self.now);
        Some(None)
    }
}

fn account(state: AccountState, now: Moment, seed: u64) -> Account {
    let settings = Settings { renewal: true, ..Settings::default() };
    let id = AccountId("anthropic:ann".into());
    let mut account = Account::new(id, "here".into(), state, Preferences::from(&settings), now, seed);
    account.handle(Event::NoticeService(true), now);
    account
}

/// A sign-in that is to be renewed at once, or not for days.
fn credential(endpoint: Endpoint, case: usize) -> Credential {
    let left = match endpoint {
        Endpoint::Usage => HORIZON * 4,
        Endpoint::Token => 4 * MINUTE,
    };
    Credential {
        access_token: Token::new(token("oat", case)).unwrap(),
        expires_at: Some(NOON.wall.plus(left)),
        refresh_token: Token::new(token("ort", case)).map(Into::into),
        refresh_blanked: false,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec![],
        plan: None,
        identity: Identity { account: Some("ann".into()), ..Identity::default() },
        naming: holdoff_core::credential::Naming::Itself,
    }
}

/// Waits are lengthened at random: this seed draws nothing on top, so the table has the least of each.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| (0..).find(|seed| lengthened(*seed).is_zero()).unwrap())
}

fn lengthened(seed: u64) -> Duration {
    let mut subject = Subject {
        endpoint: Endpoint::Usage,
        account: account(AccountState::new(Provider::Anthropic), NOON, seed),
        now: NOON,
        credential: credential(Endpoint::Usage, 0),
        read_as: None,
        told: Vec::new(),
        saved: false,
    };
    let _asked = subject.first_request();
    subject.account.handle(Event::Delivered(whole(429, "")), NOON);
    match &subject.account.state().usage.state {
        GateState::CoolingDown { until, .. } => {
            until.since(NOON) - holdoff_core::state::Provider::Anthropic.policy(Endpoint::Usage).limit.base
        }
        other => panic!("a 429, and then {other:?}"),
    }
}

fn reading() -> SendResult {
    whole(200, &good(Endpoint::Usage))
}

fn whole(status: u16, body: &str) -> SendResult {
    let body = Body::Whole(body.as_bytes().to_vec().into());
    SendResult::Answered(HttpResponse { status, retry_after: None, date: None, request_id: true, body })
}

fn asked_with(request: &Request) -> &'static str {
    match request.carries.secret().expose() == NEW_TOKEN {
        true => "with the new token",
        false => "with the old token",
    }
}

/// The gate by the names that it has on disk.
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
