//! Arbitrary responses, again and again, and the account's reaction: checks the laws from outside.

use crate::answers::delivery;
use crate::given::Given;
use crate::shown;
use crate::subject::{Died, START, Subject, World, credential, least_wait};
use holdoff_core::LocalTime;
use holdoff_core::gate::retry_after;
use holdoff_core::harness::ann;
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind};
use holdoff_core::state::Provider;
use holdoff_core::{
    AccountState, AccountStatus, Body, Endpoint, HttpResponse, Moment, NoticeKind, Report, Request, SendResult,
    Settings, State, StatusContext, messages,
};
use serde_json::Value;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const SPACING: Duration = Duration::from_secs(180);

pub fn error_body(bytes: &[u8]) {
    let mut given = Given(bytes);
    let renewal = given.flag();
    let answers = (0..=given.byte() % 3).map(|_| given.piece()).collect();
    let left = if renewal { HOUR } else { 1000 * HOUR };
    let mut subject = Subject::new(AccountState::new(Provider::Anthropic), credential(left), renewal, START, 7);
    let mut provider = Answering { answers, asked: 0, usage: Asked::new(), token: Asked::new(), told: 0, renewal };
    let ended = subject.run(&mut provider, START.plus(4 * HOUR));
    assert!(ended.is_ok(), "nothing ends the process here");
    let mut state = State::new("boot".to_owned());
    state.accounts.insert(ann(), subject.0.account.state().clone());
    state.active.push(ann());
    let report = Report::of(&state, subject.0.now, &Settings::default());
    shown::token_free(&serde_json::to_string(&report).expect("a report"));
}

struct Answering<'a> {
    answers: Vec<&'a [u8]>,
    asked: usize,
    usage: Asked,
    token: Asked,
    /// Notifications of a rate limit since the last reading.
    told: u32,
    renewal: bool,
}

/// Requests to one endpoint, and for how long it must be left alone.
struct Asked {
    last: Option<Moment>,
    /// 429s since the last success.
    strikes: u32,
    until: Moment,
    spent: Vec<String>,
}

impl Asked {
    fn new() -> Self {
        Self { last: None, strikes: 0, until: START, spent: Vec::new() }
    }
}

impl World for Answering<'_> {
    fn persist(&mut self, state: &AccountState) -> Result<(), Died> {
        shown::token_free(&serde_json::to_string(state).expect("a state can be kept"));
        let status = AccountStatus::of(state, &StatusContext::new(START, Duration::from_secs(300)));
        messages::status(&status, &LocalTime::UTC).iter().for_each(|line| shown::token_free(line));
        Ok(())
    }

    fn record(&mut self, entry: &LedgerEntry) {
        shown::token_free(&serde_json::to_string(entry).expect("a line of the ledger"));
        if let LedgerEvent::Completed { outcome: OutcomeKind::Reading | OutcomeKind::Renewed, .. } = entry.event {
            match entry.endpoint.of_account().expect("an account asks for no releases") {
                Endpoint::Usage => self.usage.strikes = 0,
                Endpoint::Token => self.token.strikes = 0,
            }
            self.told = 0;
        }
    }

    fn remember(&mut self, memory: &str) {
        shown::token_free(memory);
    }

    fn told(&mut self, kind: NoticeKind) {
        if kind == NoticeKind::RateLimited {
            self.told += 1;
            assert_eq!(self.told, 1, "the limit is told once");
        }
    }

    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died> {
        let answer = self.answers[self.asked % self.answers.len()];
        self.asked += 1;
        let (status, delivery) = delivery(&mut Given(answer));
        match request.endpoint {
            Endpoint::Usage => self.usage.sent(Endpoint::Usage, now, status, &delivery),
            Endpoint::Token => {
                assert!(self.renewal, "no answer leads to a renewal that was not wished for");
                self.token.sent(Endpoint::Token, now, status, &delivery);
                let token = request.auth.secret().expose().to_owned();
                assert!(!self.token.spent.contains(&token), "a refresh token goes out again that bought another");
                if let Some(new) = bought(&delivery).filter(|_| (200..300).contains(&status)) {
                    self.token.spent.push(token);
                    self.token.spent.retain(|spent| *spent != new);
                }
            }
        }
        Ok(delivery)
    }
}

impl Asked {
    fn sent(&mut self, endpoint: Endpoint, now: Moment, status: u16, delivery: &SendResult) {
        assert!(!self.until.is_after(now), "it was to be left alone until {:?}", self.until);
        assert!(self.last.is_none_or(|last| now.since(last) >= SPACING), "two requests are closer than 180 s");
        self.last = Some(now);
        if status == 429 {
            self.strikes += 1;
            let asked_for = match delivery {
                SendResult::Answered(HttpResponse { retry_after, date, .. }) => {
                    retry_after::parse(retry_after.as_deref(), date.as_deref(), now.wall)
                }
                SendResult::NotSent(_) | SendResult::PermitExpired | SendResult::Lost(_) => None,
            };
            self.until = now.plus(least_wait(endpoint, self.strikes).max(asked_for.unwrap_or_default()));
        }
    }
}

/// The new refresh token that replaced the old one.
fn bought(delivery: &SendResult) -> Option<String> {
    let SendResult::Answered(HttpResponse { body: Body::Whole(bytes), .. }) = delivery else {
        return None;
    };
    let body = serde_json::from_slice::<Value>(bytes).ok()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let fits = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let granted = body.get("error").is_none_or(Value::is_null) && fits(text("access_token"));
    (granted && fits(text("refresh_token"))).then(|| text("refresh_token").to_owned())
}
