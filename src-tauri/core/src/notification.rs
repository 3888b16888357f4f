//! Notifications to the user, once per episode (law 9).
//!
//! A notice is recorded as being shown before it is shown. If the process dies in between, the user was notified at most
//! once. While the notification service is away, the notice waits.

use crate::gate::policy;
use crate::notification::thresholds::Thresholds;
use crate::settings::Settings;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// From the first refusal to the next success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    pub began: Moment,
    #[serde(rename = "told")]
    pub announced: Announced,
}

/// Whether the user was notified of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announced {
    /// The user turned this kind off.
    No,
    /// The notice waits or is being shown.
    Pending,
    Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The first 429 of an episode.
    RateLimited,
    /// The sign-in stopped working.
    SignInStopped,
    /// The first 429 of the token endpoint.
    RenewalLimited,
    /// A renewed sign-in cannot be written to its owner's store.
    RenewalUnsaved,
    /// Readings work again after a notice of the start of an episode.
    Recovered,
    /// Something happened to a quota window; see [`WindowNews`].
    Window,
}

impl NoticeKind {
    /// Whether it says why no request can be sent. That does not matter while none is wanted.
    fn is_of_asking(self) -> bool {
        match self {
            Self::RateLimited | Self::SignInStopped | Self::RenewalLimited | Self::Recovered => true,
            Self::RenewalUnsaved | Self::Window => false,
        }
    }
}

/// An event of a quota window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowNews {
    /// The window's id.
    pub window: String,
    pub label: String,
    pub news: News,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Usage has reached this level.
    Threshold { percent: u8 },
    /// The window will be used up before its reset.
    RunsOut,
    /// The window has reset; this much was used before.
    Reset { used: u8 },
}

/// One notice for the notification service. Its text comes from [`crate::messages::notification`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u64,
    pub kind: NoticeKind,
    /// Only with [`NoticeKind::Window`].
    pub about: Option<WindowNews>,
    /// The same event of other windows at the same time.
    pub also: Vec<WindowNews>,
}

/// A queued notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    pub id: u64,
    pub kind: NoticeKind,
    pub phase: Phase,
    #[serde(default)]
    pub about: Option<WindowNews>,
    /// While it is shown: other notices of its kind that were merged into it.
    #[serde(default)]
    pub also: Vec<WindowNews>,
    /// How often no service accepted it.
    pub missed: u32,
}

impl Queued {
    fn windows(&self) -> impl Iterator<Item = &str> {
        self.about.iter().chain(&self.also).map(|about| about.window.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Waiting { until: Moment },
    Showing,
}

/// The episodes and the queue; persisted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    pub limit: Option<Episode>,
    pub sign_in: Option<Episode>,
    /// The token endpoint's rate limit.
    #[serde(default)]
    pub renewal: Option<Episode>,
    pub queue: Vec<Queued>,
    pub next_id: u64,
}

/// What a successful reading proves to work again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proved {
    pub sign_in: bool,
    pub renewal: bool,
}

/// The episode ended while its notice was being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Over;

/// The kinds that the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub rate_limit: bool,
    pub sign_in: bool,
    pub recovery: bool,
    /// Window alerts: usage levels, forecasts and resets.
    pub thresholds: Thresholds,
    pub forecast: bool,
    pub reset: bool,
}

impl From<&Settings> for Wanted {
    fn from(settings: &Settings) -> Self {
        Self {
            rate_limit: settings.notify_rate_limit,
            sign_in: settings.notify_sign_in,
            recovery: settings.notify_recovery,
            thresholds: settings.notify_thresholds,
            forecast: settings.notify_forecast,
            reset: settings.notify_reset,
        }
    }
}

impl Notices {
    pub(crate) fn begin_limit(&mut self, now: Moment, wanted: Wanted) {
        if self.limit.is_none() {
            let announced = self.announce(NoticeKind::RateLimited, wanted.rate_limit, now);
            self.limit = Some(Episode { began: now, announced });
        }
    }

    pub(crate) fn begin_sign_in(&mut self, now: Moment, wanted: Wanted) {
        if self.sign_in.is_none() {
            let announced = self.announce(NoticeKind::SignInStopped, wanted.sign_in, now);
            self.sign_in = Some(Episode { began: now, announced });
        }
    }

    pub(crate) fn begin_renewal(&mut self, now: Moment, wanted: Wanted) {
        if self.renewal.is_none() {
            let announced = self.announce(NoticeKind::RenewalLimited, wanted.rate_limit, now);
            self.renewal = Some(Episode { began: now, announced });
        }
    }

    fn announce(&mut self, kind: NoticeKind, wanted: bool, now: Moment) -> Announced {
        if !wanted {
            return Announced::No;
        }
        // A notice still being shown for an episode that has ended covers this episode too.
        let being_said = |queued: &Queued| queued.kind == kind && queued.phase == Phase::Showing;
        if kind == NoticeKind::Recovered || !self.queue.iter().any(being_said) {
            self.push(kind, None, now);
        }
        Announced::Pending
    }

    fn push(&mut self, kind: NoticeKind, about: Option<WindowNews>, now: Moment) {
        self.push_missed(kind, about, now, 0);
    }

    fn push_missed(&mut self, kind: NoticeKind, about: Option<WindowNews>, until: Moment, missed: u32) {
        let phase = Phase::Waiting { until };
        self.queue.push(Queued { id: self.next_id, kind, about, also: Vec::new(), phase, missed });
        self.next_id = self.next_id.wrapping_add(1);
    }

    /// Queues an alert. It replaces an alert that waits for the same window.
    pub(crate) fn announce_window(&mut self, about: WindowNews, now: Moment) {
        self.withdraw(&about.window, |_| true);
        self.push(NoticeKind::Window, Some(about), now);
    }

    /// Withdraws waiting alerts of a window. Returns whether there were any.
    pub(crate) fn withdraw(&mut self, window: &str, which: impl Fn(&News) -> bool) -> bool {
        let before = self.queue.len();
        self.queue.retain(|queued| {
            let is_of_window = queued.about.as_ref().is_some_and(|about| about.window == window && which(&about.news));
            !is_of_window || queued.phase == Phase::Showing
        });
        self.queue.len() < before
    }

    /// Ends the episodes that a success disproves. Queues one recovery notice if the start of any was shown, else none.
    pub(crate) fn end(&mut self, now: Moment, proved: Proved, wanted: Wanted) {
        let ended =
            [self.limit.take(), self.sign_in.take_if(|_| proved.sign_in), self.renewal.take_if(|_| proved.renewal)];
        if ended.iter().all(Option::is_none) {
            return;
        }
        let goes_on = self.goes_on();
        self.queue.retain(|queued| goes_on(queued.kind) || queued.phase == Phase::Showing);
        if ended.iter().flatten().any(|episode| episode.announced == Announced::Shown) {
            self.announce(NoticeKind::Recovered, wanted.recovery, now);
        }
    }

    /// The next notice to offer. Notices about requests wait while none are sent (law 16).
    pub(crate) fn due(&self, now: Moment, free_only: bool) -> Option<u64> {
        self.waiting(free_only).find(|(_, until)| !until.is_after(now)).map(|(id, _)| id)
    }

    pub(crate) fn next_offer(&self, free_only: bool) -> Option<Moment> {
        self.waiting(free_only).map(|(_, until)| until).min_by_key(|until| until.boot)
    }

    fn waiting(&self, free_only: bool) -> impl Iterator<Item = (u64, Moment)> {
        let offered = self.queue.iter().filter(move |queued| !free_only || !queued.kind.is_of_asking());
        offered.filter(|queued| !self.is_held_back(queued)).filter_map(|queued| match queued.phase {
            Phase::Waiting { until } => Some((queued.id, until)),
            Phase::Showing => None,
        })
    }

    /// Whether an earlier alert of its window is being shown. The service may take its time, and the earlier one must not
    /// come last.
    fn is_held_back(&self, queued: &Queued) -> bool {
        let mut showing = self.queue.iter().filter(|other| other.phase == Phase::Showing && other.id != queued.id);
        showing.any(|other| other.windows().any(|window| queued.windows().any(|own| own == window)))
    }

    pub(crate) fn is_showing(&self) -> bool {
        self.queue.iter().any(|queued| queued.phase == Phase::Showing)
    }

    /// Merges the same event of several windows into one notice.
    pub(crate) fn start_showing(&mut self, id: u64) -> Option<Notice> {
        let queued = self.queue.iter().find(|queued| queued.id == id)?;
        let class = queued.about.as_ref().map(|about| std::mem::discriminant(&about.news));
        let held: Vec<u64> = self.queue.iter().filter(|other| self.is_held_back(other)).map(|other| other.id).collect();
        let mut also = Vec::new();
        self.queue.retain_mut(|other| {
            let alike = other.about.as_ref().map(|about| std::mem::discriminant(&about.news)) == class;
            let free = other.id != id && other.phase != Phase::Showing && !held.contains(&other.id);
            let joins = class.is_some() && alike && free;
            also.extend(other.about.take_if(|_| joins));
            !joins
        });
        let queued = self.queue.iter_mut().find(|queued| queued.id == id)?;
        (queued.phase, queued.also) = (Phase::Showing, also.clone());
        Some(Notice { id, kind: queued.kind, about: queued.about.clone(), also })
    }

    /// Whether a notice is still relevant: its episode continues, or it has none.
    fn goes_on(&self) -> impl Fn(NoticeKind) -> bool + use<> {
        let (limit, sign_in, renewal) = (self.limit.is_some(), self.sign_in.is_some(), self.renewal.is_some());
        move |kind| match kind {
            NoticeKind::Recovered | NoticeKind::RenewalUnsaved | NoticeKind::Window => true,
            NoticeKind::RateLimited => limit,
            NoticeKind::SignInStopped => sign_in,
            NoticeKind::RenewalLimited => renewal,
        }
    }

    /// A service accepted the notice. If its episode has ended meanwhile, the recovery is announced too.
    pub(crate) fn shown(&mut self, id: u64, wanted: Wanted, now: Moment) {
        if self.take_shown(id) == Some(Over) {
            self.announce(NoticeKind::Recovered, wanted.recovery, now);
        }
    }

    fn take_shown(&mut self, id: u64) -> Option<Over> {
        let at = self.queue.iter().position(|queued| queued.id == id)?;
        let episode = match self.queue.remove(at).kind {
            NoticeKind::RateLimited => &mut self.limit,
            NoticeKind::SignInStopped => &mut self.sign_in,
            NoticeKind::RenewalLimited => &mut self.renewal,
            NoticeKind::Recovered | NoticeKind::RenewalUnsaved | NoticeKind::Window => return None,
        };
        let Some(episode) = episode else {
            return Some(Over);
        };
        episode.announced = Announced::Shown;
        None
    }

    /// No service accepted the notice. It waits and is offered again, unless it is no longer relevant.
    pub(crate) fn missed(&mut self, id: u64, now: Moment) {
        let goes_on = self.goes_on();
        self.queue.retain(|queued| queued.id != id || goes_on(queued.kind));
        let Some(at) = self.queue.iter().position(|queued| queued.id == id) else {
            return;
        };
        let newer: Vec<String> =
            self.queue.iter().filter(|other| other.id != id).flat_map(Queued::windows).map(str::to_owned).collect();
        let is_replaced = |about: &WindowNews| newer.contains(&about.window);
        let queued = &mut self.queue[at];
        let missed = queued.missed.saturating_add(1);
        let until = now.plus(policy::NOTICE.after(missed));
        (queued.missed, queued.phase) = (missed, Phase::Waiting { until });
        // Merged notices are queued separately again, since each may become untrue by itself.
        let (kind, also) = (queued.kind, std::mem::take(&mut queued.also));
        if queued.about.as_ref().is_some_and(is_replaced) {
            self.queue.remove(at);
        }
        for about in also.into_iter().filter(|about| !is_replaced(about)) {
            self.push_missed(kind, Some(about), until, missed);
        }
    }

    /// A notification service is available (again), so waiting notices are due now.
    pub(crate) fn service_appeared(&mut self, now: Moment) {
        self.offer_by(now);
    }

    /// The service was replaced, so waiting notices are due soon. Not at once: one that dies of a notice and is started
    /// again would be offered it in a loop.
    pub(crate) fn service_replaced(&mut self, now: Moment) {
        self.offer_by(now.plus(policy::NOTICE.base));
    }

    fn offer_by(&mut self, latest: Moment) {
        for queued in &mut self.queue {
            if let Phase::Waiting { until } = &mut queued.phase {
                *until = until.sooner(latest);
            }
        }
    }

    /// Takes over the notices and episodes of the same account under an earlier id. Otherwise an episode would be announced
    /// twice and its end never (law 9).
    pub(crate) fn adopt(&mut self, other: &Notices) {
        let mut other = other.clone();
        for id in other.showing() {
            other.take_shown(id);
        }
        self.limit = self.limit.take().or(other.limit);
        self.sign_in = self.sign_in.take().or(other.sign_in);
        self.renewal = self.renewal.take().or(other.renewal);
        for queued in other.queue {
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            self.queue.push(Queued { id, ..queued });
        }
    }

    /// After a restart, notices that were being shown when the process ended count as shown.
    pub(crate) fn settle(&mut self, wanted: Wanted, now: Moment) {
        for id in self.showing() {
            self.shown(id, wanted, now);
        }
    }

    fn showing(&self) -> Vec<u64> {
        self.queue.iter().filter(|queued| queued.phase == Phase::Showing).map(|queued| queued.id).collect()
    }

    pub(crate) fn rebase_after_reboot(&mut self, last: Option<Moment>, now: Moment) {
        for episode in [&mut self.limit, &mut self.sign_in, &mut self.renewal].into_iter().flatten() {
            episode.began = episode.began.rebase_after_reboot(last.unwrap_or(episode.began), now);
        }
        self.service_appeared(now);
    }
}

#[cfg(test)]
mod tests;
pub mod thresholds;
