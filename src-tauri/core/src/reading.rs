//! One reading out of many. Of each window the newest is kept, by the time it was true and not the time it arrived;
//! a window that a source does not carry keeps its own age.

use crate::policy;
use crate::quota::{Origin, QuotaWindow, Reading, Source};
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// A reading that came without a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    pub whose: Whose,
    pub reading: Reading,
}

/// Whose limits a pushed reading tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The provider's own id of the account.
    Account(String),
    /// The account whose sign-in is kept in this place.
    Place(String),
}

/// At most this many windows are taken, each with a name of at most this length.
const WINDOWS_MAX: usize = 40;
const NAME_MAX: usize = 100;

impl Pushed {
    /// Whether it can be of the sign-in that was written to its place at `written`. A session goes on telling what it
    /// was told before, perhaps as another account.
    pub fn can_be_of(&self, written: Option<Wall>) -> bool {
        match &self.whose {
            Whose::Account(_) => true,
            Whose::Place(_) => written.is_none_or(|written| written <= self.reading.at),
        }
    }

    /// What may be taken in: `None` if it claims to be an answer that nobody asked for, or holds no window.
    pub(crate) fn checked(self) -> Option<Reading> {
        let fits = |window: &QuotaWindow| {
            let percent = window.used_percent.is_none_or(|used| used.is_finite() && used >= 0.0);
            percent && window.id.len() <= NAME_MAX && window.label.len() <= NAME_MAX
        };
        let Reading { at, source, mut windows, money, .. } = self.reading;
        windows.retain(fits);
        windows.truncate(WINDOWS_MAX);
        windows.iter_mut().for_each(|window| window.origin = None);
        let usable = source != Source::UsageEndpoint && !windows.is_empty();
        usable.then(|| Reading::new(source, at, windows, money))
    }
}

/// What is known once a pushed reading is taken in; whose it is was looked at before.
pub fn known(kept: Option<Reading>, pushed: Pushed, now: Wall) -> Option<Reading> {
    let Some(new) = pushed.checked() else {
        return kept;
    };
    Some(match kept {
        Some(mut kept) => {
            kept.take_in(new, now);
            kept
        }
        None => new.known_at(now),
    })
}

impl Reading {
    /// Takes in what another source said. Nothing counts as newer than `now`.
    pub fn take_in(&mut self, mut new: Reading, now: Wall) {
        self.whole_at = self.whole_at().map(|at| at.min(now));
        self.spell_out(now);
        new.spell_out(now);
        let whole = new.source == Source::UsageEndpoint && self.whole_at.is_none_or(|at| at <= new.at);
        if whole {
            self.take_whole(new)
        } else {
            self.take_part(new)
        }
        self.sum_up();
    }

    /// As it may be kept at `now`, with nothing from the future.
    pub(crate) fn known_at(mut self, now: Wall) -> Self {
        self.whole_at = self.whole_at().map(|at| at.min(now));
        self.spell_out(now);
        self.sum_up();
        self
    }

    /// The same figures, some seconds later at most.
    pub(crate) fn is_as_good_as(&self, newer: &Reading) -> bool {
        self.windows.len() == newer.windows.len()
            && self.money == newer.money
            && self.whole_at == newer.whole_at
            && self.windows.iter().zip(&newer.windows).all(|(old, new)| {
                let aged = newer.origin(new).at.since(self.origin(old).at);
                let figures =
                    QuotaWindow { origin: None, ..old.clone() } == QuotaWindow { origin: None, ..new.clone() };
                figures && aged < policy::SAME_FIGURES
            })
    }

    /// When the oldest of the windows that `other` also carries was true.
    pub(crate) fn oldest_of(&self, other: &Reading) -> Option<Wall> {
        let shared = self.windows.iter().filter(|window| other.windows.iter().any(|carried| window.is_same(carried)));
        shared.map(|window| self.origin(window).at).min()
    }

    /// Where and when the money was read.
    pub fn money_origin(&self) -> Origin {
        self.money_origin.unwrap_or(Origin { at: self.at, source: self.source })
    }

    /// Kept by an earlier version, a reading does not say; then it is of one source.
    fn whole_at(&self) -> Option<Wall> {
        self.whole_at.or((self.source == Source::UsageEndpoint).then_some(self.at))
    }

    /// The endpoint's word on which windows there are and which of them counts is the last one.
    fn take_whole(&mut self, new: Reading) {
        let kept = std::mem::take(&mut self.windows);
        let newer = |window: &&QuotaWindow| self.at_of(window) > new.at;
        let mut windows = new.windows;
        for window in &mut windows {
            if let Some(old) = kept.iter().find(|old| old.is_same(window)).filter(newer) {
                *window = QuotaWindow { used_percent: old.used_percent, resets_at: old.resets_at, ..window.clone() };
                window.origin = old.origin;
            }
        }
        let unheard = kept.iter().filter(newer).filter(|old| !windows.iter().any(|window| window.is_same(old)));
        let unheard: Vec<QuotaWindow> = unheard.cloned().collect();
        windows.extend(unheard);
        self.windows = windows;
        (self.money, self.money_origin, self.whole_at) = (new.money, new.money_origin, Some(new.at));
    }

    fn take_part(&mut self, new: Reading) {
        if !new.money.is_empty() && new.money_origin().at > self.money_origin().at {
            (self.money, self.money_origin) = (new.money, new.money_origin);
        }
        for window in new.windows {
            let at = window.origin.map_or(new.at, |origin| origin.at);
            match self.windows.iter_mut().find(|old| old.is_same(&window)) {
                Some(old) if supersedes(&window, old) => {
                    old.used_percent = window.used_percent;
                    old.resets_at = window.resets_at;
                    old.duration_s = old.duration_s.or(window.duration_s);
                    old.origin = window.origin;
                }
                Some(_) => {}
                // What the endpoint has not told since does not apply any more.
                None if self.whole_at.is_some_and(|whole| at <= whole) => {}
                None => self.windows.push(window),
            }
        }
    }

    fn at_of(&self, window: &QuotaWindow) -> Wall {
        self.origin(window).at
    }

    /// Gives everything an origin of its own, none of them in the future: a clock may have been set back.
    fn spell_out(&mut self, now: Wall) {
        let whole = Origin { at: self.at.min(now), source: self.source };
        let spelled = |origin: Option<Origin>| {
            let origin = origin.unwrap_or(whole);
            Some(Origin { at: origin.at.min(now), ..origin })
        };
        for window in &mut self.windows {
            window.origin = spelled(window.origin);
        }
        self.money_origin = spelled(self.money_origin);
        self.at = whole.at;
    }

    /// The newest origin becomes the reading's own, and is left out where it is the same.
    fn sum_up(&mut self) {
        let endpoint = self.whole_at.map(|at| Origin { at, source: Source::UsageEndpoint });
        let origins = self.windows.iter().filter_map(|window| window.origin).chain(endpoint);
        let Some(newest) = origins.max_by_key(|origin| (origin.at, origin.source == Source::UsageEndpoint)) else {
            return;
        };
        (self.at, self.source) = (newest.at, newest.source);
        for window in &mut self.windows {
            window.origin.take_if(|origin| *origin == newest);
        }
        self.money_origin.take_if(|origin| *origin == newest);
    }
}

/// Whether `new` is nearer to the present than `old`. Both say when they were read.
fn supersedes(new: &QuotaWindow, old: &QuotaWindow) -> bool {
    let (Some(new_origin), Some(old_origin)) = (new.origin, old.origin) else {
        return false;
    };
    if new_origin.at <= old_origin.at {
        return false;
    }
    new_origin.source != Source::StatusLine || !repeats(new, old)
}

/// Each session of Claude Code repeats its own last answer: one that speaks of an earlier cycle, or says less of the
/// same one, is an old answer told again.
fn repeats(new: &QuotaWindow, old: &QuotaWindow) -> bool {
    let Some(ends) = old.resets_at else {
        return false;
    };
    if new.resets_at.is_some_and(|at| at.plus(policy::SAME_RESET) < ends) {
        return true;
    }
    let another = new.resets_at.is_some_and(|at| ends.plus(policy::SAME_RESET) < at);
    let over = new.origin.is_some_and(|origin| ends <= origin.at);
    let less = |(new, old): (f64, f64)| new + policy::REPEATED < old;
    !another && !over && new.used_percent.zip(old.used_percent).is_some_and(less)
}

#[cfg(test)]
mod tests;
