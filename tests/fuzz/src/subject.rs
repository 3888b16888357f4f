//! One account with the least of a world around it, for as long as an input needs.

use crate::answers::NOON;
use holdoff_core::account::{Account, Action, Event, Preferences};
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{Credential, CredentialRead, Identity, OAuthClient, WriteBack};
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::{AccountId, AccountState, Boot, Endpoint, Moment, NoticeKind, Request, SendResult, Settings};
use std::time::Duration;

pub const START: Moment = Moment { wall: NOON, boot: Boot(1_000_000) };
/// More than this between two sleeps is no end at all.
const ACTIONS_MAX: usize = 2000;

/// What the world does.
pub trait World {
    /// Makes the state durable, or ends the process.
    fn persist(&mut self, state: &AccountState) -> Result<(), Died>;
    fn record(&mut self, entry: &LedgerEntry);
    /// Answers a request, or ends the process before the answer.
    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died>;
    /// What goes into the history, printed.
    fn remember(&mut self, _memory: &str) {}
    fn told(&mut self, _kind: NoticeKind) {}
}

#[derive(Debug)]
pub struct Died;

pub struct Subject {
    pub account: Account,
    pub credential: Credential,
    pub now: Moment,
}

pub fn ann() -> AccountId {
    AccountId("anthropic:ann".into())
}

/// A sign-in that ends after `left`.
pub fn credential(left: Duration) -> Credential {
    Credential {
        access_token: Token::new("sk-ant-oat01-first".into()).expect("a token"),
        expires_at: Some(NOON.plus(left)),
        refresh_token: Token::new("sk-ant-ort01-first".into()).map(Into::into),
        refresh_blanked: false,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec!["user:profile".into()],
        plan: None,
        identity: Identity { account: Some("ann".into()), ..Identity::default() },
        naming: holdoff_core::credential::Naming::Itself,
    }
}

impl Subject {
    pub fn new(state: AccountState, credential: Credential, renewal: bool, now: Moment, seed: u64) -> Self {
        let preferences = Preferences::from(&Settings { renewal, ..Settings::default() });
        let mut account = Account::new(ann(), "here".into(), state, preferences, now, seed);
        account.handle(Event::NoticeService(true), now);
        Self { account, credential, now }
    }

    /// Lets time pass as the account asks for it, until `end`.
    pub fn run(&mut self, world: &mut impl World, end: Moment) -> Result<(), Died> {
        let mut actions = 0;
        loop {
            actions += 1;
            assert!(actions < ACTIONS_MAX, "it does not come to rest");
            if let Some(until) = self.step(world)? {
                let Some(until) = until.filter(|until| !until.is_after(end)) else {
                    self.now = end;
                    return Ok(());
                };
                assert!(until.is_after(self.now), "it wakes in the past: {until:?}");
                self.now = until;
                actions = 0;
            }
        }
    }

    /// One action; until when it sleeps, if that is it.
    fn step(&mut self, world: &mut impl World) -> Result<Option<Option<Moment>>, Died> {
        let event = match self.account.poll(self.now) {
            Action::Sleep(until) => return Ok(Some(until)),
            Action::Record(entry) => {
                world.record(&entry);
                return Ok(None);
            }
            Action::RecordHistory(memory) => {
                world.remember(&format!("{memory:?}"));
                return Ok(None);
            }
            Action::Unlock => return Ok(None),
            Action::Persist(state) => {
                world.persist(&state)?;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(CredentialRead::Found(self.credential.clone())),
            Action::Lock => Event::Locked(Ok(())),
            Action::Store(successor) => {
                self.credential.access_token = successor.tokens.access_token;
                self.credential.expires_at = successor.tokens.expires_at;
                self.credential.refresh_token =
                    successor.tokens.refresh_token.map(Into::into).or(self.credential.refresh_token.take());
                Event::Stored(WriteBack::Written)
            }
            Action::Notify(notice) => {
                world.told(notice.kind);
                Event::NoticeShown(notice.id)
            }
            Action::Ask(permitted) => {
                assert_eq!(permitted.endpoint(), permitted.request().endpoint);
                // The line of a request is written while it is on its way.
                if let Action::Record(entry) = self.account.poll(self.now) {
                    world.record(&entry);
                }
                Event::Delivered(world.answer(permitted.request(), self.now)?)
            }
            Action::Become { id, .. } => panic!("it became {id}"),
        };
        self.account.handle(event, self.now);
        Ok(None)
    }
}

/// The least wait after the `nth` refusal for frequency in a row (law 3), written out anew.
pub fn least_wait(endpoint: Endpoint, nth: u32) -> Duration {
    let (base, cap) = match endpoint {
        Endpoint::Usage => (5, 60),
        Endpoint::Token => (10, 360),
    };
    let minutes = (1..nth).fold(base, |wait: u64, _| (wait * 2).min(cap));
    Duration::from_secs(minutes * 60)
}
