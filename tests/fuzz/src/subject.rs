//! One account in a minimal world, for as long as an input needs.

use crate::answers::NOON;
use holdoff_core::account::{Action, Event, Preferences};
use holdoff_core::harness::{self, Harness};
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::{AccountState, Boot, CredentialRead, Endpoint, Moment, NoticeKind, Request, SendResult, Settings};
use std::time::Duration;

pub const START: Moment = Moment { wall: NOON, boot: Boot(1_000_000) };
/// More actions than this between two sleeps are an endless loop.
const ACTIONS_MAX: usize = 2000;

/// The environment of the account.
pub trait World {
    /// Makes the state durable, or ends the process.
    fn persist(&mut self, state: &AccountState) -> Result<(), Died>;
    fn record(&mut self, entry: &LedgerEntry);
    /// Responds to a request, or ends the process before the response.
    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died>;
    /// A history entry, printed.
    fn remember(&mut self, _memory: &str) {}
    fn told(&mut self, _kind: NoticeKind) {}
}

#[derive(Debug)]
pub struct Died;

pub struct Subject(pub Harness);

/// A sign-in that expires after `left`.
pub fn credential(left: Duration) -> CredentialRead {
    let ends = Some(NOON.plus(left));
    CredentialRead::Found(harness::credential("sk-ant-oat01-first", Some("sk-ant-ort01-first"), ends))
}

impl Subject {
    pub fn new(state: AccountState, credential: CredentialRead, renewal: bool, now: Moment, seed: u64) -> Self {
        let preferences = Preferences::from(&Settings { renewal, ..Settings::default() });
        Self(Harness::of(state, credential, preferences, now, seed))
    }

    /// Lets time pass as the account requests, until `end`.
    pub fn run(&mut self, world: &mut impl World, end: Moment) -> Result<(), Died> {
        let mut actions = 0;
        loop {
            actions += 1;
            assert!(actions < ACTIONS_MAX, "it does not come to rest");
            if let Some(until) = self.step(world)? {
                let Some(until) = until.filter(|until| !until.is_after(end)) else {
                    self.0.now = end;
                    return Ok(());
                };
                assert!(until.is_after(self.0.now), "it wakes in the past: {until:?}");
                self.0.now = until;
                actions = 0;
            }
        }
    }

    /// Performs one action. Returns the wake-up time if the action is to sleep.
    fn step(&mut self, world: &mut impl World) -> Result<Option<Option<Moment>>, Died> {
        let harness = &mut self.0;
        let action = harness.poll();
        match &action {
            Action::Record(entry) => world.record(entry),
            Action::RecordHistory(memory) => world.remember(&format!("{memory:?}")),
            Action::Persist(state) => world.persist(state)?,
            Action::Notify(notice) => world.told(notice.kind),
            _ => {}
        }
        match harness.perform(action) {
            None => Ok(None),
            Some(Action::Sleep(until)) => Ok(Some(until)),
            Some(Action::Ask(permitted)) => {
                assert_eq!(permitted.endpoint(), permitted.request().endpoint);
                // The ledger entry of a request is written while the request is on its way.
                if let Action::Record(entry) = harness.poll() {
                    world.record(&entry);
                }
                let answer = world.answer(permitted.request(), harness.now)?;
                harness.handle(Event::Delivered(answer));
                Ok(None)
            }
            Some(other) => panic!("{other:?}"),
        }
    }
}

/// The minimum wait after the `nth` consecutive 429 (law 3), implemented independently.
pub fn least_wait(endpoint: Endpoint, nth: u32) -> Duration {
    let (base, cap) = match endpoint {
        Endpoint::Usage => (5, 60),
        Endpoint::Token => (10, 360),
    };
    let minutes = (1..nth).fold(base, |wait: u64, _| (wait * 2).min(cap));
    Duration::from_secs(minutes * 60)
}
