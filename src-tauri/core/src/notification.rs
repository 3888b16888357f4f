//! What the person is told, once per episode (law 9).
//!
//! A notice is noted as being shown before it is shown. A process that dies in between has told the
//! person at most once; a notification service that is away leaves the notice waiting.

use crate::gate::policy;
use crate::notification::thresholds::Thresholds;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// From the first refusal to the next success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    pub began: Moment,
    pub told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The person switched this kind off.
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
    /// A renewed sign-in cannot be written to where its owner looks for it.
    RenewalUnsaved,
    /// Readings are back after a notice of either kind.
    Recovered,
    /// Something has become of a window: [`WindowNews`] says what.
    Window,
}

impl NoticeKind {
    /// Whether it says why nothing can be asked, which is nobody's concern while nothing is to be.
    fn is_of_asking(self) -> bool {
        match self {
            Self::RateLimited | Self::SignInStopped | Self::RenewalLimited | Self::Recovered => true,
            Self::RenewalUnsaved | Self::Window => false,
        }
    }
}

/// What has become of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowNews {
    /// Its id.
    pub window: String,
    pub label: String,
    pub news: News,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// So much is used.
    Threshold { percent: u8 },
    /// It will be used up before its reset.
    RunsOut,
    /// It has begun anew; so much was used before.
    Reset { used: u8 },
}

/// One notice, ready for the notification service. Its words come from [`crate::messages::notification`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u64,
    pub kind: NoticeKind,
    /// With [`NoticeKind::Window`] only.
    pub about: Option<WindowNews>,
    /// The same of other windows, at the same time.
    pub also: Vec<WindowNews>,
}

/// A notice in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    pub id: u64,
    pub kind: NoticeKind,
    pub phase: Phase,
    #[serde(default)]
    pub about: Option<WindowNews>,
    /// While it is shown: what else of its kind waited, and is said with it.
    #[serde(default)]
    pub also: Vec<WindowNews>,
    /// Offers that no service took.
    pub missed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Waiting { until: Moment },
    Showing,
}

/// The episodes and the queue, as kept over restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    pub limit: Option<Episode>,
    pub sign_in: Option<Episode>,
    /// Of the token endpoint's limit.
    #[serde(default)]
    pub renewal: Option<Episode>,
    pub queue: Vec<Queued>,
    pub next_id: u64,
}

/// What a reading that came proves to be well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proved {
    pub sign_in: bool,
    pub renewal: bool,
}

/// The episode of a notice that was shown had ended meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Over;

/// Which kinds the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub rate_limit: bool,
    pub sign_in: bool,
    pub recovery: bool,
    /// Of windows: when so much is used, when one will run out, when one begins anew.
    pub thresholds: Thresholds,
    pub forecast: bool,
    pub reset: bool,
}

impl Notices {
    pub(crate) fn begin_limit(&mut self, now: Moment, wanted: Wanted) {
        if self.limit.is_none() {
            let told = self.announce(NoticeKind::RateLimited, wanted.rate_limit, now);
            self.limit = Some(Episode { began: now, told });
        }
    }

    pub(crate) fn begin_sign_in(&mut self, now: Moment, wanted: Wanted) {
        if self.sign_in.is_none() {
            let told = self.announce(NoticeKind::SignInStopped, wanted.sign_in, now);
            self.sign_in = Some(Episode { began: now, told });
        }
    }

    pub(crate) fn begin_renewal(&mut self, now: Moment, wanted: Wanted) {
        if self.renewal.is_none() {
            let told = self.announce(NoticeKind::RenewalLimited, wanted.rate_limit, now);
            self.renewal = Some(Episode { began: now, told });
        }
    }

    fn announce(&mut self, kind: NoticeKind, wanted: bool, now: Moment) -> Told {
        if !wanted {
            return Told::No;
        }
        // One that is still being shown, of an episode that ended meanwhile, says it of this one too.
        let being_said = |queued: &Queued| queued.kind == kind && queued.phase == Phase::Showing;
        if kind == NoticeKind::Recovered || !self.queue.iter().any(being_said) {
            self.push(kind, None, now);
        }
        Told::Pending
    }

    fn push(&mut self, kind: NoticeKind, about: Option<WindowNews>, now: Moment) {
        self.push_missed(kind, about, now, 0);
    }

    fn push_missed(&mut self, kind: NoticeKind, about: Option<WindowNews>, until: Moment, missed: u32) {
        let phase = Phase::Waiting { until };
        self.queue.push(Queued { id: self.next_id, kind, about, also: Vec::new(), phase, missed });
        self.next_id = self.next_id.wrapping_add(1);
    }

    /// The newest that there is to say of a window takes the place of what waits to be said of it.
    pub(crate) fn tell_of_window(&mut self, about: WindowNews, now: Moment) {
        self.withdraw(&about.window, |_| true);
        self.push(NoticeKind::Window, Some(about), now);
    }

    /// Takes back what waits to be said of a window. Answers whether there was anything.
    pub(crate) fn withdraw(&mut self, window: &str, which: impl Fn(&News) -> bool) -> bool {
        let before = self.queue.len();
        self.queue.retain(|queued| {
            let told = queued.about.as_ref().is_some_and(|about| about.window == window && which(&about.news));
            !told || queued.phase == Phase::Showing
        });
        self.queue.len() < before
    }

    /// A success ends the episodes that it disproves: one notice if the beginning of any was shown, none otherwise.
    pub(crate) fn end(&mut self, now: Moment, proved: Proved, wanted: Wanted) {
        let ended =
            [self.limit.take(), self.sign_in.take_if(|_| proved.sign_in), self.renewal.take_if(|_| proved.renewal)];
        if ended.iter().all(Option::is_none) {
            return;
        }
        let goes_on = self.goes_on();
        self.queue.retain(|queued| goes_on(queued.kind) || queued.phase == Phase::Showing);
        if ended.iter().flatten().any(|episode| episode.told == Told::Shown) {
            self.announce(NoticeKind::Recovered, wanted.recovery, now);
        }
    }

    /// The next notice that may be offered. While nothing is asked (law 16), what is to be said of asking waits.
    pub(crate) fn due(&self, now: Moment, free_only: bool) -> Option<u64> {
        self.waiting(free_only).find(|(_, until)| !until.is_after(now)).map(|(id, _)| id)
    }

    pub(crate) fn next_offer(&self, free_only: bool) -> Option<Moment> {
        self.waiting(free_only).map(|(_, until)| until).min_by_key(|until| until.boot)
    }

    fn waiting(&self, free_only: bool) -> impl Iterator<Item = (u64, Moment)> {
        self.queue.iter().filter(move |queued| !free_only || !queued.kind.is_of_asking()).filter_map(|queued| {
            match queued.phase {
                Phase::Waiting { until } => Some((queued.id, until)),
                Phase::Showing => None,
            }
        })
    }

    pub(crate) fn is_showing(&self) -> bool {
        self.queue.iter().any(|queued| queued.phase == Phase::Showing)
    }

    /// Many windows of which there is the same to say are one notice.
    pub(crate) fn start_showing(&mut self, id: u64) -> Option<Notice> {
        let queued = self.queue.iter().find(|queued| queued.id == id)?;
        let class = queued.about.as_ref().map(|about| std::mem::discriminant(&about.news));
        let mut also = Vec::new();
        self.queue.retain_mut(|other| {
            let alike = other.about.as_ref().map(|about| std::mem::discriminant(&about.news)) == class;
            let joins = class.is_some() && alike && other.id != id && other.phase != Phase::Showing;
            also.extend(other.about.take_if(|_| joins));
            !joins
        });
        let queued = self.queue.iter_mut().find(|queued| queued.id == id)?;
        (queued.phase, queued.also) = (Phase::Showing, also.clone());
        Some(Notice { id, kind: queued.kind, about: queued.about.clone(), also })
    }

    /// Whether there is still reason to say it: its episode goes on, or it has none.
    fn goes_on(&self) -> impl Fn(NoticeKind) -> bool + use<> {
        let (limit, sign_in, renewal) = (self.limit.is_some(), self.sign_in.is_some(), self.renewal.is_some());
        move |kind| match kind {
            NoticeKind::Recovered | NoticeKind::RenewalUnsaved | NoticeKind::Window => true,
            NoticeKind::RateLimited => limit,
            NoticeKind::SignInStopped => sign_in,
            NoticeKind::RenewalLimited => renewal,
        }
    }

    /// A service took it. What it is about may have ended meanwhile: then that is said too.
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
        episode.told = Told::Shown;
        None
    }

    /// No service took it: it waits and is offered again, unless there is no more reason to say it.
    pub(crate) fn missed(&mut self, id: u64, now: Moment) {
        let goes_on = self.goes_on();
        self.queue.retain(|queued| queued.id != id || goes_on(queued.kind));
        let Some(queued) = self.queue.iter_mut().find(|queued| queued.id == id) else {
            return;
        };
        let missed = queued.missed.saturating_add(1);
        let until = now.plus(policy::NOTICE.after(missed));
        (queued.missed, queued.phase) = (missed, Phase::Waiting { until });
        // What was to be said with it may cease to be true by itself.
        let (kind, also) = (queued.kind, std::mem::take(&mut queued.also));
        for about in also {
            self.push_missed(kind, Some(about), until, missed);
        }
    }

    /// A notification service is there (again): what waits need not wait any longer.
    pub(crate) fn service_appeared(&mut self, now: Moment) {
        for queued in &mut self.queue {
            if let Phase::Waiting { until } = &mut queued.phase {
                *until = now;
            }
        }
    }

    /// Takes over what the same account was told, or is to be told, under an earlier name: else its episode would be
    /// said twice, and its end never (law 9).
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

    /// After a restart: what was being shown when the process ended counts as shown.
    pub(crate) fn settle(&mut self, wanted: Wanted, now: Moment) {
        for id in self.showing() {
            self.shown(id, wanted, now);
        }
    }

    fn showing(&self) -> Vec<u64> {
        self.queue.iter().filter(|queued| queued.phase == Phase::Showing).map(|queued| queued.id).collect()
    }

    pub(crate) fn carry_over_reboot(&mut self, last: Option<Moment>, now: Moment) {
        for episode in [&mut self.limit, &mut self.sign_in, &mut self.renewal].into_iter().flatten() {
            episode.began = episode.began.carried(last.unwrap_or(episode.began), now);
        }
        self.service_appeared(now);
    }
}

#[cfg(test)]
mod tests;
pub mod thresholds;
