//! Updates of Holdoff itself: when to check, whether a release is newer, and what to announce.
//!
//! Off until the user chooses otherwise (law 18). A driver calls [`Updates::poll`] for the next action and reports the
//! result to [`Updates::handle`], as for an account. Updates do not depend on an account, and no token is sent.

mod announcing;
mod elsewhere;
mod installing;
mod permit;
mod persisted;
mod release;
mod responses;
mod status;
#[cfg(test)]
mod tests;

pub use minisign_verify::PublicKey;
pub use permit::ReleasePermit;
pub use persisted::{Announcement, Checked, Phase, UpdatesState};
pub use release::{FORMAT, LIST, NotUsable, Package, PackageKind, Release};
pub use semver::Version;
pub use status::{FetchFailure, InstallFailure, Installed, Installing, Offer, UpdatesStatus};

use crate::gate::policy;
use crate::messages;
use crate::notification::thresholds::QuietHours;
use crate::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, OutcomeKind, Trigger};
use crate::response::SendResult;
use crate::rng::Rng;
use crate::settings::Settings;
use crate::time::Moment;
use jiff::tz::TimeZone;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// The account name of update requests in the ledger.
pub const LEDGER_ACCOUNT: &str = "holdoff";

/// The build and installation of this copy of Holdoff.
#[derive(Debug, Clone)]
pub struct Build {
    pub version: Version,
    /// What it was installed from; `None` if something else updates it.
    pub package: Option<PackageKind>,
    /// Such as `linux-x86_64`.
    pub system: String,
    /// The key of its releases; `None` if it was built without one and cannot check for updates.
    pub key: Option<PublicKey>,
}

/// What the driver must do next.
#[derive(Debug)]
pub enum Action {
    /// Append an entry to the ledger. No event is expected.
    Record(LedgerEntry),
    /// Save the state durably, then report [`Event::Persisted`].
    Persist(Box<UpdatesState>),
    /// Fetch the list, then report [`Event::Listed`].
    Check(ReleasePermit),
    /// Announce this version, then report [`Event::Announced`].
    Announce(String),
    /// Fetch this package and check it against the signed list, then report [`Event::Fetched`].
    Fetch(ReleasePermit, Package),
    /// Install the fetched package, then report [`Event::Installed`].
    Install(PackageKind),
    /// Nothing to do until then or until the next event.
    Sleep(Option<Moment>),
}

/// What happened, as reported by the driver.
#[derive(Debug)]
pub enum Event {
    Preferences(Preferences),
    Zone(TimeZone),
    Persisted(Result<(), String>),
    /// The state of this user's other copy of Holdoff; sent at startup and before each check.
    Elsewhere(Box<UpdatesState>),
    /// Check later: another copy is checking now.
    NotNow,
    Listed(SendResult),
    /// Whether a notification service is available.
    NoticeService(bool),
    Announced {
        shown: bool,
    },
    /// The user does not want this version.
    Skip(String),
    /// The user wants to install this version.
    Install(String),
    Fetched(Result<(), FetchFailure>),
    Installed(Result<Installed, String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub wanted: bool,
    pub quiet: Option<QuietHours>,
}

impl From<&Settings> for Preferences {
    fn from(settings: &Settings) -> Self {
        Self { wanted: settings.updates == Some(true), quiet: settings.quiet_hours }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    /// The intent is recorded and must be saved before the request leaves.
    Noted,
    Checking,
}

#[derive(Debug, Default)]
struct Saving {
    dirty: bool,
    pending: bool,
    failures: u32,
    retry: Option<Moment>,
}

#[derive(Debug)]
pub struct Updates {
    build: Build,
    state: UpdatesState,
    /// The newer version, parsed from the saved list.
    offer: Option<Release>,
    preferences: Preferences,
    zone: TimeZone,
    notice_service: bool,
    step: Step,
    /// After a start or a sleep, no request is sent before then.
    pause: Option<Moment>,
    installing: Installing,
    to_announce: Option<String>,
    ledger: VecDeque<LedgerEntry>,
    saving: Saving,
    rng: Rng,
}

impl Updates {
    /// Resumes from the saved state. The same seed and events give the same actions.
    pub fn new(build: Build, state: UpdatesState, preferences: Preferences, now: Moment, seed: u64) -> Self {
        let mut updates = Self {
            build,
            state,
            offer: None,
            preferences,
            zone: TimeZone::UTC,
            notice_service: false,
            step: Step::Idle,
            pause: None,
            installing: Installing::No,
            to_announce: None,
            ledger: VecDeque::new(),
            saving: Saving::default(),
            rng: Rng(seed),
        };
        updates.verify_saved_list();
        if std::mem::take(&mut updates.state.under_way) {
            let why = messages::UNANSWERED.to_owned();
            updates.state.outcome = Some(Checked::Failed { why: why.clone() });
            updates.record(now, LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, detail: Some(why) });
            updates.saving.dirty = true;
        }
        updates.state.announcement = updates.state.announcement.take().map(elsewhere::cut_off_showing);
        updates
    }

    /// Returns the next action. Call it again after each action; after [`Action::Sleep`], [`Action::Check`],
    /// [`Action::Fetch`] and [`Action::Install`], once the time has come or an event was handled.
    pub fn poll(&mut self, now: Moment) -> Action {
        if let Some(entry) = self.ledger.pop_front() {
            return Action::Record(entry);
        }
        if self.saving.pending {
            return Action::Sleep(None);
        }
        if self.saving.dirty {
            return match self.saving.retry.filter(|retry| retry.is_after(now)) {
                Some(retry) => Action::Sleep(Some(retry)),
                None => self.persist(),
            };
        }
        if let Some(version) = self.still_to_announce(now) {
            return Action::Announce(version);
        }
        if self.saving.dirty {
            return self.persist();
        }
        if self.start_announcing(now) {
            return self.persist();
        }
        if let Some(action) = self.go_on_installing(now) {
            return action;
        }
        if self.step == Step::Noted {
            // Saving the intent may have taken long, or the machine may have slept. The next day counts from the request
            // that left.
            let is_late = self.state.asked.is_none_or(|asked| now.since(asked) > policy::UPDATE_NOTED);
            if self.is_wanted() && !is_late {
                self.step = Step::Checking;
                return Action::Check(ReleasePermit::list(now));
            }
            self.step = Step::Idle;
            self.answered(SendResult::PermitExpired, now);
            return self.poll(now);
        }
        let due = self.due(now);
        if due.is_some_and(|due| !due.is_after(now)) {
            self.note_intent(now);
            return self.poll(now);
        }
        let times = [due, self.announcement_due(now)].into_iter().flatten();
        Action::Sleep(times.min_by_key(|at| at.boot))
    }

    /// Applies an event.
    pub fn handle(&mut self, event: Event, now: Moment) {
        match event {
            Event::Preferences(preferences) => self.preferences = preferences,
            Event::Zone(zone) => self.zone = zone,
            Event::Persisted(result) => self.persisted(result, now),
            Event::Elsewhere(state) => self.take_over(*state),
            Event::NotNow => self.not_now(now),
            Event::Listed(delivery) => {
                self.step = Step::Idle;
                self.answered(delivery, now);
            }
            Event::NoticeService(there) => {
                self.notice_service = there;
                if let (true, Some(Phase::Waiting { until })) = (there, self.phase()) {
                    *until = now;
                }
            }
            Event::Announced { shown } => self.announced(shown, now),
            Event::Skip(version) => self.skip(version),
            Event::Install(version) => self.install(&version, now),
            Event::Fetched(result) => self.fetched(result, now),
            Event::Installed(result) => self.installed(result),
        }
    }

    pub fn status(&self) -> UpdatesStatus {
        let offer = self.offered().map(|release| Offer {
            version: release.version.to_string(),
            date: release.date.clone(),
            notes: release.notes.clone(),
            can_install: self.package(release).is_some(),
        });
        UpdatesStatus {
            can_check: self.build.key.is_some(),
            package: self.build.package,
            wanted: self.preferences.wanted,
            asked: self.state.asked.map(|at| at.wall),
            next: if self.is_wanted() { self.not_before() } else { None },
            outcome: self.state.outcome.clone(),
            offer,
            installing: self.installing.clone(),
        }
    }

    /// Whether a check that has not left yet may leave.
    pub fn is_wanted(&self) -> bool {
        self.preferences.wanted && self.build.key.is_some()
    }

    /// The newer version, unless the user skipped it.
    fn offered(&self) -> Option<&Release> {
        let skipped = self.state.skipped.as_deref();
        self.offer.as_ref().filter(|release| self.is_wanted() && !release.is_at_most(skipped))
    }

    /// The package for this copy.
    fn package<'a>(&self, release: &'a Release) -> Option<&'a Package> {
        release.package(self.build.package?, &self.build.system)
    }

    /// Compares by Semantic Versioning precedence, which ignores build metadata.
    fn compare(&self, release: &Release) -> Ordering {
        release.version.cmp_precedence(&self.build.version)
    }

    fn not_before(&self) -> Option<Moment> {
        [self.state.next, self.state.held].into_iter().flatten().max_by_key(|at| at.boot)
    }

    /// When the list is requested next; `None` if it is not.
    fn due(&mut self, now: Moment) -> Option<Moment> {
        if self.step != Step::Idle || !self.is_wanted() {
            return None;
        }
        let at = self.not_before();
        if let Some(at) = at.filter(|at| at.is_after(now)) {
            self.pause = None;
            return Some(at);
        }
        // It is overdue: the machine slept, or Holdoff was not running.
        let is_late = at.is_none_or(|at| now.since(at) > policy::ASLEEP);
        if is_late && self.pause.is_none() {
            self.pause = Some(now.plus(self.rng.jitter().lengthen(policy::UPDATE_PAUSE)));
        }
        Some(self.pause.unwrap_or(now))
    }

    /// Whatever the outcome, the next check is a day away.
    fn note_intent(&mut self, now: Moment) {
        (self.pause, self.step) = (None, Step::Noted);
        self.state.asked = Some(now);
        self.state.under_way = true;
        let day = policy::UPDATE_SPACING + policy::UPDATE_NOTED;
        self.state.next = Some(now.plus(self.rng.jitter().lengthen(day)));
        self.record(now, LedgerEvent::Sent { why: Trigger::Poll });
        self.saving.dirty = true;
    }

    fn record(&mut self, now: Moment, event: LedgerEvent) {
        let next_at = self.not_before().map(|at| at.wall_as_of(now));
        let (account, endpoint) = (LEDGER_ACCOUNT.to_owned(), LedgerEndpoint::Releases);
        self.ledger.push_back(LedgerEntry { at: now.wall, account, endpoint, event, next_at });
    }

    fn persist(&mut self) -> Action {
        (self.saving.dirty, self.saving.pending) = (false, true);
        Action::Persist(Box::new(self.state.clone()))
    }

    fn persisted(&mut self, result: Result<(), String>, now: Moment) {
        self.saving.pending = false;
        match result {
            Ok(()) => (self.saving.failures, self.saving.retry) = (0, None),
            Err(_) => {
                self.saving.failures = self.saving.failures.saturating_add(1);
                self.saving.retry = Some(now.plus(policy::SAVE.after(self.saving.failures)));
                self.saving.dirty = true;
            }
        }
    }
}
