//! The state machine of one account.
//!
//! A driver calls [`Account::poll`] in a loop, carries out the returned [`Action`], and reports the result to
//! [`Account::handle`]. Extra calls of either are harmless. All state that an [`Action::Ask`] depends on is already on
//! disk: [`Action::Persist`] always comes first, and no request is sent while it fails.

mod bucket;
mod handle;
pub mod label;
mod passive_reading;
mod poll;
pub mod privacy;
mod renewal;
pub mod seats;
pub mod selector;
mod sign_in_seen;
#[cfg(test)]
mod tests;
mod window_alerts;

use bucket::Bucket;

use crate::credential::token::Fingerprint;
use crate::credential::{Credential, CredentialRead, CredentialStatus, RenewedTokens, Unsettled, WriteBack};
use crate::gate::policy;
use crate::gate::{Gates, PermittedRequest, Spacing};
use crate::notification::thresholds::QuietHours;
use crate::notification::{Notice, Wanted};
use crate::quota::merge::PassiveReading;
use crate::record::history::HistoryRecord;
use crate::record::ledger::{LedgerEntry, LedgerEvent, Trigger, WithheldReason};
use crate::request::Endpoint;
use crate::response::Rejection;
use crate::response::SendResult;
use crate::rng::Rng;
use crate::settings::{Readings, Settings};
use crate::state::{AccountId, AccountState, Refusal};
use crate::time::Moment;
use jiff::tz::TimeZone;
use std::collections::VecDeque;
use std::time::Duration;

/// What the driver must do next.
#[derive(Debug)]
pub enum Action {
    /// Append an entry to the ledger. No event is expected.
    Record(LedgerEntry),
    /// Add a record to the history. No event is expected.
    RecordHistory(HistoryRecord),
    /// Save the state durably, then report [`Event::Persisted`].
    Persist(Box<AccountState>),
    /// Read the owner's credential, then report [`Event::Credential`].
    ReadCredential,
    /// Send this one request, then report [`Event::Delivered`].
    Ask(PermittedRequest),
    /// Take the owner's locks and Holdoff's own lock for the credential, then report [`Event::Locked`]. Hold them, and
    /// touch them as the owner would, until [`Action::Unlock`].
    Lock,
    /// Write new tokens durably to the owner's store by compare-and-swap, then report [`Event::Stored`].
    Store(RenewedTokens),
    /// Release the locks. No event is expected.
    Unlock,
    /// Show this notification, then report [`Event::NoticeShown`] or [`Event::NoticeMissed`].
    Notify(Notice),
    /// The credential belongs to another account: continue as that one, with its own saved state. If only the name was
    /// unknown before (`renamed`), the gates move along.
    Become { id: AccountId, renamed: bool },
    /// Nothing to do until then or until the next event. `None` means until the next event.
    Sleep(Option<Moment>),
}

/// What happened, as reported by the driver.
#[derive(Debug)]
pub enum Event {
    /// The state of the last [`Action::Persist`] is durable, or the error.
    Persisted(Result<(), String>),
    Credential(CredentialRead),
    /// The credential store may have changed.
    CredentialMayHaveChanged,
    Delivered(SendResult),
    /// Both locks are held, or the reason why not.
    Locked(Result<(), String>),
    Stored(WriteBack),
    NoticeShown(u64),
    NoticeMissed(u64),
    /// Whether a notification service is running or can be started. Before this event, none is assumed.
    NoticeService(bool),
    Preferences(Preferences),
    /// Start nothing new and complete what is in progress; then [`Account::is_done`] returns true.
    Retire,
    /// A passive reading arrived. A reading of another account is ignored.
    Reading(PassiveReading),
    /// The gates of the other seats of the login. While one of them has a request in progress, this one waits.
    OtherSeats(Vec<Gates>),
    /// The user's time zone, for quiet hours. UTC before this event.
    Zone(TimeZone),
}

/// The settings that apply to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub interval: Duration,
    pub wanted: Wanted,
    /// Quiet hours. Notifications are held back and shown afterwards if they still apply.
    pub quiet: Option<QuietHours>,
    /// Whether Holdoff may renew the sign-in (off by default, law 7).
    pub renewal: bool,
    /// Whether requests are sent at all (law 16); `None` keeps the current mode.
    pub readings: Option<Readings>,
}

impl From<&Settings> for Preferences {
    fn from(settings: &Settings) -> Self {
        Self {
            interval: settings.polling_interval,
            wanted: settings.into(),
            quiet: settings.quiet_hours,
            renewal: settings.renewal,
            readings: settings.readings,
        }
    }
}

impl Preferences {
    /// The settings of this account, falling back to the global ones.
    pub fn of(settings: &Settings, account: &AccountId) -> Self {
        Self { renewal: settings.may_renew(account), readings: settings.readings(account), ..Self::from(settings) }
    }
}

/// A running account: its saved state, and what lives only as long as the process.
#[derive(Debug, Clone)]
pub struct Account {
    id: AccountId,
    /// Where the credential is stored. Shown to the user, and identifies an account that has no other name.
    place: String,
    state: AccountState,
    preferences: Preferences,
    credential: Option<Credential>,
    step: Step,
    why: Trigger,
    /// When to read the credential again without a change event; `None` means now.
    reread_at: Option<Moment>,
    becoming: Option<(AccountId, bool)>,
    /// The credential read last may be half of another sign-in, so it is neither used nor trusted.
    unsettled: Option<Unsettled>,
    /// An access token known to be this account's: Holdoff wrote it, or both files changed.
    settled_token: Option<Fingerprint>,
    /// Another seat of the login has a request in progress.
    login_is_busy: bool,
    ledger: VecDeque<LedgerEntry>,
    history: VecDeque<HistoryRecord>,
    zone: TimeZone,
    saving: Saving,
    to_show: Option<Notice>,
    notice_service: bool,
    sleep: Sleep,
    /// Fresh readings postponed the next poll, and the ledger has an entry for it.
    postponed: bool,
    /// How many times in a row another program held the locks, and when to try again.
    locked_out: Option<(u32, Moment)>,
    retiring: bool,
    /// Why a manual refresh was last refused, and when that was recorded.
    last_refusal: Option<(WithheldReason, Moment)>,
    bucket: Bucket,
    rng: Rng,
}

/// Progress of the next request.
#[derive(Debug, Clone)]
enum Step {
    Idle,
    /// A request is due, and the credential is being read for it.
    ReadingCredential,
    /// The credential has just been read.
    CredentialRead,
    /// The intent is recorded and being saved.
    SavingIntent {
        spacing: Spacing,
    },
    Requesting {
        fingerprint: Fingerprint,
        spacing: Spacing,
    },
    /// The answer was 401, and the credential is being read again (law 6).
    Rechecking {
        fingerprint: Fingerprint,
        rejection: Rejection,
    },
    Renewing(renewal::Stage),
}

/// Progress of saving the state.
#[derive(Debug, Clone, Default)]
struct Saving {
    /// There are changes newer than the last state handed over for saving.
    dirty: bool,
    /// A state was handed over, and its result is not known yet.
    pending: bool,
    failures: u32,
    retry: Option<Moment>,
    trouble: Option<String>,
}

/// Distinguishes a machine that slept from a late timer (law 12).
#[derive(Debug, Clone, Default)]
struct Sleep {
    expected: Option<Moment>,
    pause_until: Option<Moment>,
    woke: Option<Moment>,
    /// The one network failure that does not count was used.
    grace_used: bool,
}

impl Account {
    /// Resumes an account from its saved state. `seed` is the account's randomness: the same seed and events give the same
    /// actions.
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
            reread_at: None,
            becoming: None,
            unsettled: None,
            settled_token: None,
            login_is_busy: false,
            ledger: VecDeque::new(),
            history: VecDeque::new(),
            zone: TimeZone::UTC,
            saving: Saving::default(),
            to_show: None,
            notice_service: false,
            // The first poll follows at once, unless the machine goes to sleep in between.
            sleep: Sleep { expected: Some(now), ..Sleep::default() },
            postponed: false,
            locked_out: None,
            retiring: false,
            last_refusal: None,
            bucket: Bucket::full(now),
            rng: Rng(seed),
        };
        account.resume(now);
        account
    }

    pub fn id(&self) -> &AccountId {
        &self.id
    }

    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// Records that this sign-in is known to belong to this account.
    pub fn settled_with(&mut self, sign_in: &CredentialStatus) {
        if self.state.sign_in.seen.is_none() {
            self.state.sign_in = CredentialStatus { place: self.place.clone(), ..sign_in.clone() };
        }
        self.settled_token = sign_in.fingerprint().cloned();
    }

    /// Whether the credential read last may be half of another sign-in.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }

    /// Whether [`Event::OtherSeats`] must be sent again once no other seat is left.
    pub fn waits_for_login(&self) -> bool {
        self.login_is_busy
    }

    /// Takes over what blocks another seat of its login that is no longer polled.
    pub fn share_left_behind(&mut self, other: &Gates, now: Moment) {
        let before = self.state.gates.clone();
        self.state.gates.share_left_behind(other, now);
        self.saving.dirty |= self.state.gates != before;
    }

    /// The sign-in at this location belonged to `other` until now. Polls at once, if this account's gate allows it, and
    /// notifies the user.
    pub fn set_previous_account(&mut self, other: AccountId, now: Moment) {
        self.state.previous_account = Some(other);
        self.state.sign_in_failed = true;
        self.state.next = Some(now);
        self.why = Trigger::NewCredential;
        self.saving.dirty = true;
    }

    /// Whether it was told to retire and nothing is in progress any more. Does not wait for a state that cannot be saved.
    pub fn is_done(&self) -> bool {
        let saved = !self.saving.pending && (!self.saving.dirty || self.saving.trouble.is_some());
        let announced = self.to_show.is_none() && !self.state.notices.is_showing();
        self.retiring && matches!(self.step, Step::Idle) && saved && announced && self.ledger.is_empty()
    }

    /// The current save error, if any.
    pub fn saving_trouble(&self) -> Option<&str> {
        self.saving.trouble.as_deref()
    }

    /// Handles a manual refresh. A refusal is recorded in the ledger.
    ///
    /// # Errors
    /// Fails with the reason if no request is allowed now.
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
        if self.last_refusal.as_ref().is_some_and(|(last, at)| *last == reason && now.since(*at) < policy::SAME_WISH) {
            return;
        }
        self.last_refusal = Some((reason.clone(), now));
        // The user may just have signed in, and reading the credential costs nothing.
        self.reread_at = None;
        let event = LedgerEvent::Withheld { why: Trigger::Person, because: reason };
        self.record(now, Endpoint::Usage, event);
    }

    fn record(&mut self, now: Moment, endpoint: Endpoint, event: LedgerEvent) {
        let next = match endpoint {
            Endpoint::Usage => self.state.next_request(now),
            Endpoint::Token => self.state.gates[Endpoint::Token].opens(now),
        };
        if !matches!(event, LedgerEvent::Withheld { .. }) {
            self.state.gates[endpoint].ledger_watermark = Some(now.wall);
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
