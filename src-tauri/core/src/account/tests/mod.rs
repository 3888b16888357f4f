//! The laws of asking, in the decision core: a world around one account, whose time is moved by hand.

mod asking;
mod keeping;
mod sign_in;
mod telling;

use super::*;
use crate::gate::{Cooldown, GateState, Pause};
use crate::ledger::OutcomeKind;
use crate::notice::NoticeKind;
use crate::outcome::{Answer, Body};
use crate::secret::Token;
use crate::sign_in::{Absence, Identity};
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
    /// When each request left, on the boot clock, with the token that it carried.
    asked: Vec<(Boot, String)>,
    shown: Vec<NoticeKind>,
    entries: Vec<Entry>,
    became: Vec<AccountId>,
    answer: Box<dyn FnMut(usize) -> Delivery>,
}

fn credential(token: &str) -> CredentialRead {
    CredentialRead::Found(Credential {
        access_token: Token::new(token.to_owned()).unwrap(),
        expires_at: Some(NOON.plus(Duration::from_secs(400 * HOUR))),
        scopes: vec!["user:inference".into(), "user:profile".into()],
        plan: Some("max".into()),
        identity: Identity { account: Some("ann".into()), email: Some("ann@example.com".into()), organization: None },
    })
}

fn status(status: u16, retry_after: Option<&str>, body: &str) -> Delivery {
    let body = Body::Whole(body.as_bytes().to_vec());
    Delivery::Answered(Answer { status, retry_after: retry_after.map(str::to_owned), date: None, body })
}

fn good() -> Delivery {
    status(200, None, r#"{"five_hour":{"utilization":42,"resets_at":null}}"#)
}

fn limited(retry_after: Option<&str>) -> Delivery {
    status(429, retry_after, r#"{"error":{"type":"rate_limit_error","message":"Rate limited."}}"#)
}

fn unauthorized() -> Delivery {
    status(401, None, r#"{"type":"error","error":{"type":"authentication_error","message":"expired"}}"#)
}

fn missing_scope() -> Delivery {
    let body =
        r#"{"error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"}}"#;
    status(403, None, body)
}

fn preferences() -> Preferences {
    Preferences::from(&Settings::default())
}

impl World {
    fn new(answer: impl FnMut(usize) -> Delivery + 'static) -> Self {
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
            asked: vec![],
            shown: vec![],
            entries: vec![],
            became: vec![],
            answer: Box::new(answer),
        }
    }

    /// Does what the account says until it sleeps; answers when it would wake.
    fn settle(&mut self) -> Option<Moment> {
        for _ in 0..1000 {
            let event = match self.account.poll(self.now) {
                Action::Sleep(until) => return until,
                Action::Record(entry) => {
                    self.entries.push(entry);
                    continue;
                }
                Action::Become { id, .. } => {
                    self.became.push(id);
                    continue;
                }
                Action::Persist(state) => {
                    if !self.disk_full {
                        self.disk = *state;
                    }
                    Event::Persisted(if self.disk_full { Err("no space left".into()) } else { Ok(()) })
                }
                Action::ReadCredential => Event::Credential(self.credential.clone()),
                Action::Notify(notice) if self.service => {
                    self.shown.push(notice.kind);
                    Event::NoticeShown(notice.id)
                }
                Action::Notify(notice) => Event::NoticeMissed(notice.id),
                Action::Ask(permit, request) => {
                    assert_eq!(permit.endpoint(), Endpoint::Usage);
                    assert!(self.disk.usage.intent.is_some(), "the intent is durable before the request leaves");
                    self.asked.push((self.now.boot, request.bearer.expose().to_owned()));
                    Event::Delivered((self.answer)(self.asked.len()))
                }
            };
            self.account.handle(event, self.now);
        }
        panic!("the account does not come to rest");
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
        self.account = Account::new(id, "~/.claude".into(), self.disk.clone(), preferences(), self.now, 11);
        self.account.handle(Event::NoticeService(self.service), self.now);
    }

    fn gaps(&self) -> Vec<u64> {
        let times: Vec<i64> = self.asked.iter().map(|(at, _)| at.0).collect();
        times.windows(2).map(|pair| u64::try_from(pair[1] - pair[0]).unwrap() / 1000).collect()
    }

    fn withheld(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.event, Happened::Withheld { .. })).count()
    }
}

impl World {
    /// One action, done, whatever it is.
    fn settle_one(&mut self) {
        let action = self.account.poll(self.now);
        self.do_one(action);
    }

    fn do_one(&mut self, action: Action) {
        let event = match action {
            Action::Persist(state) => {
                self.disk = *state;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(self.credential.clone()),
            Action::Notify(notice) => {
                self.shown.push(notice.kind);
                Event::NoticeShown(notice.id)
            }
            Action::Ask(_, request) => {
                self.asked.push((self.now.boot, request.bearer.expose().to_owned()));
                Event::Delivered((self.answer)(self.asked.len()))
            }
            Action::Record(_) | Action::Become { .. } | Action::Sleep(_) => return,
        };
        self.account.handle(event, self.now);
    }
}
