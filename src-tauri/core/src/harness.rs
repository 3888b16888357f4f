//! One account with a minimal environment, for the tests of every crate: a disk, a sign-in, its locks and notifications.
//! Everything succeeds at once unless a field says otherwise. The test answers the requests.

use crate::account::{Account, Action, Event, Preferences};
use crate::credential::token::Token;
use crate::credential::{Credential, CredentialRead, Identity, Naming, OAuthClient, RenewedTokens, WriteBack};
use crate::gate::PermittedRequest;
use crate::local_time::LocalTime;
use crate::messages;
use crate::notification::{NoticeKind, WindowNews};
use crate::record::history::HistoryRecord;
use crate::record::ledger::LedgerEntry;
use crate::response::{Body, HttpResponse, SendResult};
use crate::state::{AccountId, AccountState};
use crate::time::{Boot, Moment, Wall};
use std::fmt;

/// More actions than this between two sleeps count as an endless loop.
const RESTLESS: usize = 2000;

/// The result of the `n`th request, from 1.
type Answers = Box<dyn FnMut(usize) -> SendResult + Send>;

pub struct Harness {
    pub account: Account,
    pub now: Moment,
    pub preferences: Preferences,
    pub disk: AccountState,
    pub disk_full: bool,
    pub credential: CredentialRead,
    /// A notification service is available.
    pub service: bool,
    /// Another program holds the owner's locks.
    pub locked: bool,
    pub holds_locks: bool,
    /// The result of writing new tokens. Written tokens become the credential.
    pub storing: WriteBack,
    pub shown: Vec<NoticeKind>,
    /// For the same notices: when, about what, and the title and body.
    pub announced: Vec<(Moment, Option<WindowNews>)>,
    pub words: Vec<(String, String)>,
    pub entries: Vec<LedgerEntry>,
    pub memories: Vec<HistoryRecord>,
    /// For tests that answer at once: when each usage request left (boot clock) and its token, the same for renewals, and
    /// the results of both.
    pub asked: Vec<(Boot, String)>,
    pub spent: Vec<(Boot, String)>,
    pub answer: Answers,
    pub token: Answers,
    pub became: Vec<AccountId>,
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("account", &self.account).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Harness {
    /// Ann's account, resumed from `state`.
    pub fn of(
        state: AccountState,
        credential: CredentialRead,
        preferences: Preferences,
        now: Moment,
        seed: u64,
    ) -> Self {
        let disk = state.clone();
        let mut account = Account::new(ann(), "~/.claude".into(), state, preferences, now, seed);
        account.handle(Event::NoticeService(true), now);
        Self {
            account,
            now,
            preferences,
            disk,
            disk_full: false,
            credential,
            service: true,
            locked: false,
            holds_locks: false,
            storing: WriteBack::Written,
            shown: vec![],
            announced: vec![],
            words: vec![],
            entries: vec![],
            memories: vec![],
            asked: vec![],
            spent: vec![],
            answer: Box::new(|n| panic!("request {n} for usage was not expected")),
            token: Box::new(|n| panic!("renewal {n} was not expected")),
            became: vec![],
        }
    }

    /// The process dies, and a new one starts from what is on disk.
    pub fn restart(&mut self, seed: u64) {
        let id = self.account.id().clone();
        self.account = Account::new(id, "~/.claude".into(), self.disk.clone(), self.preferences, self.now, seed);
        self.handle(Event::NoticeService(self.service));
    }

    pub fn poll(&mut self) -> Action {
        self.account.poll(self.now)
    }

    pub fn handle(&mut self, event: Event) {
        self.account.handle(event, self.now);
    }

    /// Carries out an action. Returns those that it cannot: a request, a sleep, and becoming another account.
    pub fn perform(&mut self, action: Action) -> Option<Action> {
        let event = match action {
            Action::Sleep(_) | Action::Ask(_) | Action::Become { .. } => return Some(action),
            Action::Record(entry) => {
                self.entries.push(entry);
                return None;
            }
            Action::RecordHistory(memory) => {
                self.memories.push(memory);
                return None;
            }
            Action::Unlock => {
                assert!(std::mem::take(&mut self.holds_locks), "what is given back was held");
                return None;
            }
            Action::Persist(_) if self.disk_full => Event::Persisted(Err("no space left".into())),
            Action::Persist(state) => {
                self.disk = *state;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(self.credential.clone()),
            Action::Notify(notice) if self.service => {
                self.shown.push(notice.kind);
                let state = self.account.state();
                self.words.push(messages::notice(&notice, "ann", state, self.now, &LocalTime::UTC));
                self.announced.push((self.now, notice.about));
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
                    self.apply_tokens(successor);
                }
                Event::Stored(self.storing.clone())
            }
        };
        self.handle(event);
        None
    }

    /// Runs until an action cannot be carried out here.
    pub fn drive(&mut self) -> Action {
        for _ in 0..RESTLESS {
            let action = self.poll();
            if let Some(left) = self.perform(action) {
                return left;
            }
        }
        panic!("the account does not come to rest");
    }

    /// Lets time pass as the account asks, up to its next request; `None` if there is none before `end`.
    pub fn next_request(&mut self, end: Moment) -> Option<PermittedRequest> {
        loop {
            match self.drive() {
                Action::Ask(permitted) => return Some(permitted),
                Action::Sleep(Some(until)) if !until.is_after(end) => {
                    assert!(until.is_after(self.now), "the account wakes in the past: {until:?}");
                    self.now = until;
                }
                Action::Sleep(_) => {
                    self.now = end;
                    return None;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Replaces the old tokens with the new ones.
    fn apply_tokens(&mut self, successor: RenewedTokens) {
        let CredentialRead::Found(credential) = &mut self.credential else { panic!("{:?}", self.credential) };
        let stored = credential.refresh_token.as_ref().map(|token| token.fingerprint().clone());
        assert_eq!(stored.as_ref(), Some(&successor.replaces), "compare and swap");
        credential.access_token = successor.tokens.access_token;
        credential.expires_at = successor.tokens.expires_at;
        if let Some(refresh) = successor.tokens.refresh_token {
            credential.refresh_token = Some(refresh.into());
        }
    }
}

pub fn ann() -> AccountId {
    AccountId("anthropic:ann".into())
}

/// Ann's sign-in, as newer versions of its owner store it.
pub fn credential(access: &str, refresh: Option<&str>, expires_at: Option<Wall>) -> Credential {
    let token = |text: &str| Token::new(text.to_owned()).unwrap_or_else(|| panic!("{text} is no token"));
    Credential {
        access_token: token(access),
        expires_at,
        refresh_token: refresh.map(|text| token(text).into()),
        refresh_blanked: false,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec!["user:inference".into(), "user:profile".into()],
        plan: None,
        identity: Identity { account: Some("ann".into()), ..Identity::default() },
        naming: Naming::Itself,
    }
}

/// A complete answer from the provider itself.
pub fn answered(status: u16, retry_after: Option<&str>, body: &str) -> SendResult {
    let body = Body::Whole(body.as_bytes().to_vec().into());
    let retry_after = retry_after.map(str::to_owned);
    SendResult::Answered(HttpResponse { status, retry_after, date: None, request_id: true, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Provider;
    use crate::request::Endpoint;
    use crate::settings::Settings;
    use std::time::Duration;

    const START: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };

    fn started() -> Harness {
        let sign_in = CredentialRead::Found(credential("sk-1", None, None));
        let preferences = Preferences::from(&Settings::default());
        Harness::of(AccountState::new(Provider::default()), sign_in, preferences, START, 7)
    }

    #[test]
    fn harness_time_passes_up_to_the_next_request_or_the_end() {
        let mut world = started();
        let first = world.next_request(START).expect("a request at once");
        assert_eq!((first.endpoint(), world.now), (Endpoint::Usage, START));
        let usage = answered(200, None, r#"{"five_hour":{"utilization":42,"resets_at":null}}"#);
        world.handle(Event::Delivered(usage));
        let soon = START.plus(Duration::from_secs(60));
        assert!(world.next_request(soon).is_none(), "the next one is not due within a minute");
        assert_eq!(world.now, soon);
        let end = START.plus(Duration::from_secs(3600));
        assert!(world.next_request(end).is_some());
        assert!(world.now.is_after(soon) && end.is_after(world.now), "{:?}", world.now);
    }

    #[test]
    fn harness_sign_in_is_that_of_its_account() {
        let sign_in = credential("sk-1", None, None);
        assert_eq!(AccountId::of(Provider::default(), &sign_in.identity, "~/.claude"), ann());
    }

    #[test]
    fn harness_debug_output_names_the_account_and_the_time() {
        let shown = format!("{:?}", started());
        assert!(shown.contains("anthropic:ann") && shown.contains("now: Moment"), "{shown}");
    }
}
