//! The laws of asking, in the decision core: a world around one account, whose time is moved by hand.

mod asking;
mod client;
mod dice;
mod forecasts;
mod free;
mod granted;
mod keeping;
mod odd;
mod pushed;
mod refusals;
mod renewing;
mod retiring;
mod sign_in;
mod sleeping;
mod telling;
mod two_files;
mod windows;

use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, Identity, Naming, OAuthClient};
use crate::gate::{Cooldown, GateState, Pause};
use crate::notification::{NoticeKind, WindowNews};
use crate::providers;
use crate::record::ledger::OutcomeKind;
use crate::response::{Body, HttpResponse};
use crate::state::{NotYet, Provider, SignInTrouble};
use crate::time::{Boot, Wall};

/// 2026-09-14 12:00:00 UTC.
const NOON: Wall = Wall(1_789_387_200_000);
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// The world around one account: a disk, a credential, a provider, a notification service and a clock.
struct World {
    account: Account,
    now: Moment,
    disk: AccountState,
    disk_full: bool,
    credential: CredentialRead,
    service: bool,
    /// Another program holds the owner's locks.
    locked: bool,
    holds_locks: bool,
    /// What comes of writing new tokens; what was written is the credential from then on.
    storing: WriteBack,
    /// When each request for a reading left, on the boot clock, with the token that it carried.
    asked: Vec<(Boot, String)>,
    /// The same of renewals.
    spent: Vec<(Boot, String)>,
    preferences: Preferences,
    shown: Vec<NoticeKind>,
    /// Of the same: when, about what, and its title and body.
    told: Vec<(Moment, Option<WindowNews>)>,
    words: Vec<(String, String)>,
    entries: Vec<LedgerEntry>,
    memories: Vec<HistoryRecord>,
    became: Vec<AccountId>,
    answer: Box<dyn FnMut(usize) -> SendResult>,
    token: Box<dyn FnMut(usize) -> SendResult>,
}

fn ann() -> Identity {
    let text = |text: &str| Some(text.to_owned());
    Identity { account: text("ann"), email: text("ann@example.com"), ..Identity::default() }
}

fn credential(token: &str) -> CredentialRead {
    CredentialRead::Found(Credential {
        access_token: Token::new(token.to_owned()).unwrap(),
        expires_at: Some(NOON.plus(Duration::from_secs(400 * HOUR))),
        refresh_token: None,
        refresh_blanked: false,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec!["user:inference".into(), "user:profile".into()],
        plan: Some("max".into()),
        identity: ann(),
        naming: Naming::Itself,
    })
}

/// The credential after new tokens were written in its place.
fn succeeded(before: &CredentialRead, successor: RenewedTokens) -> CredentialRead {
    let CredentialRead::Found(mut credential) = before.clone() else { panic!("{before:?}") };
    let stored = credential.refresh_token.as_ref().map(|token| token.fingerprint().clone());
    assert_eq!(stored.as_ref(), Some(&successor.replaces), "compare and swap");
    credential.access_token = successor.tokens.access_token;
    credential.expires_at = successor.tokens.expires_at;
    credential.refresh_token = successor.tokens.refresh_token.map(Into::into).or(credential.refresh_token);
    CredentialRead::Found(credential)
}

fn status(status: u16, retry_after: Option<&str>, body: &str) -> SendResult {
    let body = Body::Whole(body.as_bytes().to_vec().into());
    SendResult::Answered(HttpResponse {
        status,
        retry_after: retry_after.map(str::to_owned),
        date: None,
        request_id: true,
        body,
    })
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
    fn new(answer: impl FnMut(usize) -> SendResult + 'static) -> Self {
        let now = Moment { wall: NOON, boot: Boot(1_000_000) };
        let id = AccountId("anthropic:ann".into());
        let state = AccountState::new(Provider::Anthropic);
        let mut account = Account::new(id, "~/.claude".into(), state.clone(), preferences(), now, 7);
        account.handle(Event::NoticeService(true), now);
        Self {
            account,
            now,
            disk: state,
            disk_full: false,
            credential: credential("sk-1"),
            service: true,
            locked: false,
            holds_locks: false,
            storing: WriteBack::Written,
            asked: vec![],
            spent: vec![],
            preferences: preferences(),
            shown: vec![],
            told: vec![],
            words: vec![],
            entries: vec![],
            memories: vec![],
            became: vec![],
            answer: Box::new(answer),
            token: Box::new(|n| panic!("renewal {n} was not expected")),
        }
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
        let event = match action {
            Action::Sleep(_) => return,
            Action::Record(entry) => return self.entries.push(entry),
            Action::RecordHistory(memory) => return self.memories.push(memory),
            Action::Become { id, .. } => return self.became.push(id),
            Action::Unlock => {
                assert!(std::mem::take(&mut self.holds_locks), "what is given back was held");
                return;
            }
            Action::Persist(state) if self.disk_full => {
                drop(state);
                Event::Persisted(Err("no space left".into()))
            }
            Action::Persist(state) => {
                self.disk = *state;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(self.credential.clone()),
            Action::Notify(notice) if self.service => {
                self.shown.push(notice.kind);
                let words =
                    crate::messages::notice(&notice, "ann", self.account.state(), self.now, &crate::LocalTime::UTC);
                self.words.push(words);
                self.told.push((self.now, notice.about));
                Event::NoticeShown(notice.id)
            }
            Action::Notify(notice) => Event::NoticeMissed(notice.id),
            Action::Lock if self.locked => Event::Locked(Err("Claude Code is renewing".into())),
            Action::Lock => {
                self.holds_locks = true;
                Event::Locked(Ok(()))
            }
            Action::Store(successor) => {
                assert!(self.holds_locks, "nothing is written without the locks");
                if self.storing == WriteBack::Written {
                    self.credential = succeeded(&self.credential, successor);
                }
                Event::Stored(self.storing.clone())
            }
            Action::Ask(permitted) => Event::Delivered(self.send(&permitted)),
        };
        self.account.handle(event, self.now);
    }

    fn send(&mut self, permitted: &PermittedRequest) -> SendResult {
        let sent = (self.now.boot, permitted.request().carries.secret().expose().to_owned());
        match permitted.endpoint() {
            Endpoint::Usage => {
                assert!(self.disk.usage.intent.is_some(), "the intent is durable before the request leaves");
                self.asked.push(sent);
                (self.answer)(self.asked.len())
            }
            Endpoint::Token => {
                assert!(self.holds_locks, "nothing is renewed without the locks");
                assert!(self.disk.token.spending.is_some(), "which token is spent is durable before it is");
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
                    self.asked.push((self.now.boot, permitted.request().carries.secret().expose().to_owned()));
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

    /// The process dies and another one starts from what is on disk.
    fn crash(&mut self) {
        let id = self.account.id().clone();
        self.account = Account::new(id, "~/.claude".into(), self.disk.clone(), self.preferences, self.now, 11);
        self.account.handle(Event::NoticeService(self.service), self.now);
    }

    fn gaps(&self) -> Vec<u64> {
        let times: Vec<i64> = self.asked.iter().map(|(at, _)| at.0).collect();
        times.windows(2).map(|pair| u64::try_from(pair[1] - pair[0]).unwrap() / 1000).collect()
    }

    fn withheld(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.event, LedgerEvent::Withheld { .. })).count()
    }
}
