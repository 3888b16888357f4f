//! Newer versions of Holdoff itself: when to look for one, whether what is found is one, and what its person is told.
//!
//! Off until its person chose (law 18). Its driver loops as that of an account does: [`Updates::poll`] says what to do, and
//! [`Updates::handle`] takes what came of it. Nothing here depends on an account, and no token goes with any of it.

mod announcing;
mod answers;
mod elsewhere;
mod installing;
mod kept;
mod permit;
mod release;
mod status;
#[cfg(test)]
mod tests;

pub use kept::{Announcement, Checked, Phase, UpdatesState};
pub use minisign_verify::PublicKey;
pub use permit::ReleasePermit;
pub use release::{FORMAT, LIST, NotUsable, Package, PackageKind, Release};
pub use semver::Version;
pub use status::{FetchFailure, InstallFailure, Installed, Installing, Offer, UpdatesStatus};

use crate::dice::Dice;
use crate::gate::policy;
use crate::messages;
use crate::notification::thresholds::QuietHours;
use crate::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, OutcomeKind, Trigger};
use crate::response::SendResult;
use crate::settings::Settings;
use crate::time::Moment;
use jiff::tz::TimeZone;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// In the ledger, whose request it is.
pub const LEDGER_ACCOUNT: &str = "holdoff";

/// What this copy of Holdoff is.
#[derive(Debug, Clone)]
pub struct Build {
    pub version: Version,
    /// What it was installed from; `None` where that is for somebody else to update.
    pub package: Option<PackageKind>,
    /// Such as `linux-x86_64`.
    pub system: String,
    /// The key of its releases; `None` where it was built without one, and cannot look for any.
    pub key: Option<PublicKey>,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Action {
    /// Add a line to the ledger. Nothing is answered.
    Record(LedgerEntry),
    /// Make it durable, then answer with [`Event::Persisted`].
    Persist(Box<UpdatesState>),
    /// Fetch the list, then answer with [`Event::Listed`].
    Look(ReleasePermit),
    /// Say that this version is there, then answer with [`Event::Announced`].
    Announce(String),
    /// Fetch this package and look whether it is what was signed, then answer with [`Event::Fetched`].
    Fetch(ReleasePermit, Package),
    /// Install what was fetched, then answer with [`Event::Installed`].
    Install(PackageKind),
    /// Nothing until then, or until something is handled.
    Sleep(Option<Moment>),
}

/// What the world did.
#[derive(Debug)]
pub enum Event {
    Preferences(Preferences),
    Zone(TimeZone),
    Persisted(Result<(), String>),
    /// What another copy of this person's knows; before each look, and at the start.
    Elsewhere(Box<UpdatesState>),
    /// It is to be looked for later: another copy is at it.
    NotNow,
    Listed(SendResult),
    /// Whether a notification service is there.
    NoticeService(bool),
    Announced {
        shown: bool,
    },
    /// Its person does not want to hear of this version any more.
    Skip(String),
    /// Its person wants this version installed.
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
    /// The intent is noted, and to be durable before anything leaves.
    Noted,
    Looking,
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
    /// The newer version, read from what is kept of it.
    offer: Option<Release>,
    preferences: Preferences,
    zone: TimeZone,
    notice_service: bool,
    step: Step,
    /// After a start or a sleep, nothing is asked before.
    pause: Option<Moment>,
    installing: Installing,
    to_announce: Option<String>,
    ledger: VecDeque<LedgerEntry>,
    saving: Saving,
    dice: Dice,
}

impl Updates {
    /// Goes on where the state left it. The same seed and the same events give the same actions.
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
            dice: Dice(seed),
        };
        updates.believe_what_is_kept();
        if std::mem::take(&mut updates.state.under_way) {
            let why = messages::UNANSWERED.to_owned();
            updates.state.outcome = Some(Checked::Failed { why: why.clone() });
            updates.record(now, LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, detail: Some(why) });
            updates.saving.dirty = true;
        }
        updates.state.announcement = updates.state.announcement.take().map(elsewhere::cut_off_showing);
        updates
    }

    /// What to do now. Call it again after each action but [`Action::Sleep`], [`Action::Look`], [`Action::Fetch`] and
    /// [`Action::Install`]; after these, when the time has come or something was handled.
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
            // The intent may have waited for its disk, or the machine have slept: the next day counts from what left.
            let is_late = self.state.asked.is_none_or(|asked| now.since(asked) > policy::UPDATE_NOTED);
            if self.is_wanted() && !is_late {
                self.step = Step::Looking;
                return Action::Look(ReleasePermit::list(now));
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

    /// Takes what the world did.
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
            can_look: self.build.key.is_some(),
            package: self.build.package,
            wanted: self.preferences.wanted,
            asked: self.state.asked.map(|at| at.wall),
            next: if self.is_wanted() { self.not_before() } else { None },
            outcome: self.state.outcome.clone(),
            offer,
            installing: self.installing.clone(),
        }
    }

    /// Whether a look that has not left yet may leave.
    pub fn is_wanted(&self) -> bool {
        self.preferences.wanted && self.build.key.is_some()
    }

    /// The newer version, where its person wants to hear of it.
    fn offered(&self) -> Option<&Release> {
        let skipped = self.state.skipped.as_deref();
        self.offer.as_ref().filter(|release| self.is_wanted() && !release.is_at_most(skipped))
    }

    /// What there is of it for this copy.
    fn package<'a>(&self, release: &'a Release) -> Option<&'a Package> {
        release.package(self.build.package?, &self.build.system)
    }

    /// As Semantic Versioning has it: what stands after a plus has no say.
    fn compare(&self, release: &Release) -> Ordering {
        release.version.cmp_precedence(&self.build.version)
    }

    fn not_before(&self) -> Option<Moment> {
        [self.state.next, self.state.held].into_iter().flatten().max_by_key(|at| at.boot)
    }

    /// When the list is asked for next; `None` if it is not.
    fn due(&mut self, now: Moment) -> Option<Moment> {
        if self.step != Step::Idle || !self.is_wanted() {
            return None;
        }
        let at = self.not_before();
        if let Some(at) = at.filter(|at| at.is_after(now)) {
            self.pause = None;
            return Some(at);
        }
        // What is late slept with the machine, or was not there to be done.
        let is_late = at.is_none_or(|at| now.since(at) > policy::ASLEEP);
        if is_late && self.pause.is_none() {
            self.pause = Some(now.plus(self.dice.jitter().lengthen(policy::UPDATE_PAUSE)));
        }
        Some(self.pause.unwrap_or(now))
    }

    /// Whatever comes of it, the next time is a day away.
    fn note_intent(&mut self, now: Moment) {
        (self.pause, self.step) = (None, Step::Noted);
        self.state.asked = Some(now);
        self.state.under_way = true;
        let day = policy::UPDATE_SPACING + policy::UPDATE_NOTED;
        self.state.next = Some(now.plus(self.dice.jitter().lengthen(day)));
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
