//! The statistics of one run or of many.

use crate::observation::{DAY, HOUR, Meaning, Millis, WindowNotice};
use holdoff_core::NoticeKind;
use std::ops::AddAssign;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub worlds: u64,
    pub lived: Millis,
    pub usage: u64,
    pub token: u64,
    pub readings: u64,
    pub limited: u64,
    pub saves: u64,
    pub starts: u64,
    pub crashes: u64,
    pub episodes: u64,
    pub notices: u64,
    /// Window notifications, and what they announced: one can announce several things.
    pub of_windows: u64,
    pub thresholds: u64,
    pub forecasts: u64,
    pub resets: u64,
    /// Notifications about the sign-in and its renewal.
    pub of_sign_ins: u64,
    pub ends: u64,
    /// Sign-ins that were stored without the usage scope.
    pub setup_tokens: u64,
    pub renewed: u64,
    /// Sign-ins that the provider ended because a spent refresh token was presented, by any program.
    pub reuses: u64,
    /// The longest time from "all is well" to the next reading: `longest` only counts refusals with a wait up to the
    /// cap of law 3, `longest_of_all` counts every one.
    pub longest: Millis,
    pub longest_of_all: Millis,
    limited_now: bool,
    asked_for_more: bool,
    well: bool,
    well_since: Option<Millis>,
}

impl Stats {
    pub(crate) fn answered(&mut self, meaning: &Meaning, now: Millis) {
        match meaning {
            Meaning::Reading { .. } => {
                self.readings += 1;
                if let Some(since) = self.well_since.take() {
                    self.longest_of_all = self.longest_of_all.max(now - since);
                    if !self.asked_for_more {
                        self.longest = self.longest.max(now - since);
                    }
                }
                (self.limited_now, self.asked_for_more) = (false, false);
            }
            Meaning::Limited { retry_after } => {
                self.limited += 1;
                self.episodes += u64::from(!std::mem::replace(&mut self.limited_now, true));
                self.asked_for_more |= retry_after.is_some_and(|wait| wait > HOUR);
            }
            Meaning::AtEdge => {
                self.limited += 1;
                self.episodes += u64::from(!std::mem::replace(&mut self.limited_now, true));
                self.asked_for_more = true;
            }
            Meaning::Trouble { retry_after } => self.asked_for_more |= retry_after.is_some_and(|wait| wait > HOUR),
            Meaning::Renewed { .. } => self.renewed += 1,
            _ => {}
        }
    }

    /// `longer`: the gate is closed for longer than the cap of law 3, because a response asked for that (of this
    /// account, or of another one before its next reading) or because the state was lost.
    pub(crate) fn all_is(&mut self, well: bool, longer: bool, now: Millis) {
        self.asked_for_more |= longer;
        match (well, self.well) {
            (true, false) => self.well_since = Some(now),
            (false, _) => self.well_since = None,
            (true, true) => {}
        }
        self.well = well;
    }

    pub(crate) fn shown(&mut self, kind: NoticeKind) {
        match kind {
            NoticeKind::RateLimited => self.notices += 1,
            NoticeKind::Recovered => self.ends += 1,
            NoticeKind::Window => self.of_windows += 1,
            // The others are about a sign-in.
            _ => self.of_sign_ins += 1,
        }
    }

    pub(crate) fn shown_of(&mut self, told: WindowNotice) {
        match told {
            WindowNotice::Threshold(_) => self.thresholds += 1,
            WindowNotice::RunsOut => self.forecasts += 1,
            WindowNotice::Reset => self.resets += 1,
        }
    }

    /// The average count per day.
    pub fn a_day(&self, count: u64) -> f64 {
        count as f64 * DAY as f64 / self.lived.max(1) as f64
    }

    pub fn years(&self) -> f64 {
        self.lived as f64 / DAY as f64 / 365.25
    }
}

impl AddAssign<&Stats> for Stats {
    fn add_assign(&mut self, other: &Stats) {
        self.worlds += other.worlds;
        self.lived += other.lived;
        self.usage += other.usage;
        self.token += other.token;
        self.readings += other.readings;
        self.limited += other.limited;
        self.saves += other.saves;
        self.starts += other.starts;
        self.crashes += other.crashes;
        self.episodes += other.episodes;
        self.notices += other.notices;
        self.of_windows += other.of_windows;
        self.thresholds += other.thresholds;
        self.forecasts += other.forecasts;
        self.resets += other.resets;
        self.of_sign_ins += other.of_sign_ins;
        self.ends += other.ends;
        self.setup_tokens += other.setup_tokens;
        self.renewed += other.renewed;
        self.reuses += other.reuses;
        self.longest = self.longest.max(other.longest);
        self.longest_of_all = self.longest_of_all.max(other.longest_of_all);
    }
}
