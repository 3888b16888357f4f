//! The state machine of one account.
//!
//! Its driver loops: [`Account::poll`] says what to do, the driver does it and tells what came of it with
//! [`Account::handle`]. Spurious calls of either are harmless. Whatever an [`Action::Ask`] rests on was on
//! disk before: [`Action::Persist`] always comes first, and while it fails nothing is asked.

mod bucket;
mod handle;
pub mod label;
mod passive_reading;
mod poll;
mod renewal;
pub mod seats;
pub mod selector;
mod sign_in_seen;
#[cfg(test)]
mod tests;
mod window_alerts;

use bucket::Bucket;

use crate::account::seats::SeatGates;
use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, CredentialStatus, RenewedTokens, Unsettled, WriteBack};
use crate::dice::Dice;
use crate::gate::policy;
use crate::gate::{PermittedRequest, Spacing};
use crate::notification::thresholds::QuietHours;
use crate::notification::{Notice, Wanted};
use crate::quota::merge::PassiveReading;
use crate::record::history::HistoryRecord;
use crate::record::ledger::{LedgerEntry, LedgerEvent, Trigger, WithheldReason};
use crate::request::Endpoint;
use crate::response::Rejection;
use crate::response::SendResult;
use crate::settings::{Readings, Settings};
use crate::state::{AccountId, AccountState, Refusal};
use crate::time::Moment;
use jiff::tz::TimeZone;
use std::collections::VecDeque;
use std::time::Duration;

/// What is to be done next.
#[derive(Debug)]
pub enum Action {
    /// Add a line to the ledger. Nothing is answered.
    Record(LedgerEntry),
    /// Keep this in the history. Nothing is answered.
    RecordHistory(HistoryRecord),
    /// Make the state durable, then answer with [`Event::Persisted`].
    Persist(Box<AccountState>),
    /// Look at the owner's sign-in, then answer with [`Event::Credential`].
    ReadCredential,
    /// Send this one request, then answer with [`Event::Delivered`].
    Ask(PermittedRequest),
    /// Take the owner's locks and Holdoff's own for the sign-in, then answer with [`Event::Locked`]. They are kept,
    /// and touched as their owner would, until [`Action::Unlock`].
    Lock,
    /// Write new tokens to where the owner looks for them, by compare-and-swap, durably; then answer with
    /// [`Event::WriteBack`].
    Store(RenewedTokens),
    /// Give the locks back. Nothing is answered.
    Unlock,
    /// Show this to the person, then answer with [`Event::NoticeShown`] or [`Event::NoticeMissed`].
    Notify(Notice),
    /// The sign-in is another account's: go on as that one, with its own kept state. A name that only became
    /// known (`renamed`) takes the gates along.
    Become { id: AccountId, renamed: bool },
    /// Nothing to do before then, unless something happens; `None` is "until something happens".
    Sleep(Option<Moment>),
}

/// What the world did.
#[derive(Debug)]
pub enum Event {
    /// The state of the last [`Action::Persist`] is durable, or why it is not.
    Persisted(Result<(), String>),
    Credential(CredentialRead),
    /// Something stirred where the sign-in is kept.
    CredentialMayHaveChanged,
    Delivered(SendResult),
    /// Both locks are held, or why not.
    Locked(Result<(), String>),
    Stored(WriteBack),
    NoticeShown(u64),
    NoticeMissed(u64),
    /// Whether there is a service that shows notifications, or one that can be started. Until this is told,
    /// there is none.
    NoticeService(bool),
    Preferences(Preferences),
    /// Begin nothing more, and bring what is under way to its end: then [`Account::is_done`].
    Retire,
    /// A reading came without a request. One of another account changes nothing.
    Reading(PassiveReading),
    /// What the other seats of its login know of their gates. One that is asking keeps this one waiting.
    OtherSeats(Vec<SeatGates>),
    /// The person's time zone, for their quiet hours. Until this is told, it is UTC.
    Zone(TimeZone),
}

/// The settings that bear on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub interval: Duration,
    pub wanted: Wanted,
    /// When nothing is shown. What there is to say waits, and is said after if it is still true.
    pub quiet: Option<QuietHours>,
    /// Whether Holdoff may renew the sign-in (law 7: off).
    pub renewal: bool,
    /// Whether anything is asked at all (law 16); `None` is as it was.
    pub readings: Option<Readings>,
}

impl From<&Settings> for Preferences {
    fn from(settings: &Settings) -> Self {
        Self {
            interval: settings.polling_interval,
            wanted: Wanted {
                rate_limit: settings.notify_rate_limit,
                sign_in: settings.notify_sign_in,
                recovery: settings.notify_recovery,
                thresholds: settings.notify_thresholds,
                forecast: settings.notify_forecast,
                reset: settings.notify_reset,
            },
            quiet: settings.quiet_hours,
            renewal: settings.renewal,
            readings: settings.readings,
        }
    }
}

impl Preferences {
    /// As chosen for this account, or else for all.
    pub fn of(settings: &Settings, account: &AccountId) -> Self {
        Self { renewal: settings.may_renew(account), readings: settings.readings(account), ..Self::from(settings) }
    }
}

/// One account at work: its kept state, and what only lives as long as the process.
#[derive(Debug, Clone)]
pub struct Account {
    id: AccountId,
    /// Where its sign-in is kept, for people and for telling accounts apart that have no other name.
    place: String,
    state: AccountState,
    preferences: Preferences,
    credential: Option<Credential>,
    step: Step,
    why: Trigger,
    /// When to look at the sign-in again without being told to; `None` is now.
    look_at: Option<Moment>,
    becoming: Option<(AccountId, bool)>,
    /// What was read last may be half of another sign-in: it is neither used nor believed.
    unsettled: Option<Unsettled>,
    /// The access token that is this account's for sure: Holdoff put it there, or both files changed.
    settled_token: Option<Fingerprint>,
    /// A request of another seat of the login is under way.
    login_is_asking: bool,
    ledger: VecDeque<LedgerEntry>,
    memories: VecDeque<HistoryRecord>,
    zone: TimeZone,
    saving: Saving,
    to_show: Option<Notice>,
    notice_service: bool,
    sleep: Sleep,
    /// Fresh readings put off the next poll, and the ledger says so.
    postponed: bool,
    /// The locks were held by another program, this often in a row, and until when that is left alone.
    locked_out: Option<(u32, Moment)>,
    retiring: bool,
    /// Why a person's wish was last refused, and when that was noted.
    refused: Option<(WithheldReason, Moment)>,
    bucket: Bucket,
    dice: Dice,
}

/// How far the next request is.
#[derive(Debug, Clone)]
enum Step {
    Idle,
    /// It is due, and the sign-in is being read for it.
    Looking,
    /// The sign-in has just been read.
    Ready,
    /// The intent is noted and being made durable.
    Noting {
        spacing: Spacing,
    },
    Asking {
        fingerprint: Fingerprint,
        spacing: Spacing,
    },
    /// It was answered with 401, and the sign-in is being read again (law 6).
    Rechecking {
        fingerprint: Fingerprint,
        rejection: Rejection,
    },
    Renewing(renewal::Stage),
}

/// Whether what is durable is what is true.
#[derive(Debug, Clone, Default)]
struct Saving {
    /// There is something newer than what was last handed over to be saved.
    dirty: bool,
    /// It was handed over, and nobody has said yet what came of it.
    pending: bool,
    failures: u32,
    retry: Option<Moment>,
    trouble: Option<String>,
}

/// Tells a machine that slept from a timer that was late (law 12).
#[derive(Debug, Clone, Default)]
struct Sleep {
    expected: Option<Moment>,
    pause_until: Option<Moment>,
    woke: Option<Moment>,
    /// The one failure that is no failure was used up.
    grace_used: bool,
}

impl Account {
    /// Takes up an account where its state left it. `seed` is the account's randomness: the same seed and
    /// the same events give the same actions.
    pub fn new(
        id: AccountId,
        place: String,
        state: AccountState,
        preferences: Preferences,
        now: Moment,
        seed: u64,
    ) -> Self {
        let mut account = Self {
            id,
            place,
            state,
            preferences,
            credential: None,
            step: Step::Idle,
            why: Trigger::Poll,
            look_at: None,
            becoming: None,
            unsettled: None,
            settled_token: None,
            login_is_asking: false,
            ledger: VecDeque::new(),
            memories: VecDeque::new(),
            zone: TimeZone::UTC,
            saving: Saving::default(),
            to_show: None,
            notice_service: false,
            // It is polled at once, unless the machine goes to sleep in the middle of taking it up.
            sleep: Sleep { expected: Some(now), ..Sleep::default() },
            postponed: false,
            locked_out: None,
            retiring: false,
            refused: None,
            bucket: Bucket::full(now),
            dice: Dice(seed),
        };
        account.take_up(now);
        account
    }

    pub fn id(&self) -> &AccountId {
        &self.id
    }

    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// It is taken up because this sign-in is its own.
    pub fn settled_with(&mut self, sign_in: &CredentialStatus) {
        if self.state.sign_in.seen.is_none() {
            self.state.sign_in = CredentialStatus { place: self.place.clone(), ..sign_in.clone() };
        }
        self.settled_token = sign_in.fingerprint().cloned();
    }

    /// What was read last may be half of another sign-in.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }

    /// Whether [`Event::OtherSeats`] is to be told once more when none is left.
    pub fn waits_for_login(&self) -> bool {
        self.login_is_asking
    }

    /// Takes over what shuts another seat of its login that nobody asks for now.
    pub fn share_left_behind(&mut self, other: &SeatGates, now: Moment) {
        let before = self.state.gates();
        self.state.share_left_behind(other, now);
        self.saving.dirty |= self.state.gates() != before;
    }

    /// The sign-in in this place was `other`'s until now. It is asked at once, as far as this account's gate allows,
    /// and the person is told.
    pub fn takes_the_place_of(&mut self, other: AccountId, now: Moment) {
        self.state.previous_account = Some(other);
        self.state.troubled = true;
        self.state.next = Some(now);
        self.why = Trigger::NewCredential;
        self.saving.dirty = true;
    }

    /// Whether it was told to retire and nothing is under way any more. What cannot be saved is not waited for.
    pub fn is_done(&self) -> bool {
        let saved = !self.saving.pending && (!self.saving.dirty || self.saving.trouble.is_some());
        let told = self.to_show.is_none() && !self.state.notices.is_showing();
        self.retiring && matches!(self.step, Step::Idle) && saved && told && self.ledger.is_empty()
    }

    /// Why the state cannot be saved, while it cannot.
    pub fn saving_trouble(&self) -> Option<&str> {
        self.saving.trouble.as_deref()
    }

    /// A person wants a reading now. What is refused stands in the ledger.
    ///
    /// # Errors
    /// Why it may not be asked now.
    pub fn refresh(&mut self, now: Moment) -> Result<(), Refusal> {
        if !matches!(self.step, Step::Idle) {
            return Ok(());
        }
        let verdict = match &self.saving.trouble {
            Some(trouble) => Err(Refusal::Unsaved { trouble: trouble.clone() }),
            None => self.state.refresh_verdict(now),
        };
        match &verdict {
            Ok(()) => {
                self.state.next = Some(now);
                self.why = Trigger::Person;
                self.saving.dirty = true;
            }
            Err(refusal) => self.withheld(now, refusal),
        }
        verdict
    }

    fn withheld(&mut self, now: Moment, refusal: &Refusal) {
        let reason = refusal.reason();
        if self.refused.as_ref().is_some_and(|(last, at)| *last == reason && now.since(*at) < policy::SAME_WISH) {
            return;
        }
        self.refused = Some((reason.clone(), now));
        // The person may just have signed in: looking costs nothing.
        self.look_at = None;
        let event = LedgerEvent::Withheld { why: Trigger::Person, because: reason };
        self.record(now, Endpoint::Usage, event);
    }

    fn record(&mut self, now: Moment, endpoint: Endpoint, event: LedgerEvent) {
        let next = match endpoint {
            Endpoint::Usage => self.state.next_request(now),
            Endpoint::Token => self.state.token.opens(now),
        };
        if !matches!(event, LedgerEvent::Withheld { .. }) {
            self.state.gate(endpoint).told = Some(now.wall);
        }
        self.ledger.push_back(LedgerEntry {
            at: now.wall,
            account: self.id.0.clone(),
            endpoint: endpoint.into(),
            event,
            next_at: next.map(|at| at.wall_as_of(now)),
        });
    }
}
