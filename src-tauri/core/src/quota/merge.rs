//! Merges readings from several sources into one. For each window the newest value wins, by the time it was true and not by
//! its arrival. A window that a source does not carry keeps its own age.

mod doubts;

pub use doubts::Doubts;
pub(crate) use doubts::is_leap;

use crate::gate::policy;
use crate::quota::{Provenance, QuotaWindow, Reading, Source, Spend};
use crate::state::AccountId;
use crate::time::Wall;
use doubts::{Weight, is_over, weigh};
use std::time::Duration;

/// A reading that arrived without a request, and the account it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct PassiveReading {
    pub account: AccountId,
    pub reading: Reading,
}

/// Limits on the number of windows in a reading and on the length of their names.
pub(crate) const WINDOWS_MAX: usize = 40;
const NAME_MAX: usize = 100;

/// A higher value is not a percentage, but something else in its place.
pub(crate) const PERCENT_MAX: f64 = 1000.0;

impl PassiveReading {
    /// The valid part of the reading. `None` if it claims to come from the usage endpoint, or has no window.
    pub(crate) fn checked(self) -> Option<Reading> {
        let fits = |window: &QuotaWindow| window.id.len() <= NAME_MAX && window.label.len() <= NAME_MAX;
        let Reading { at, source, mut windows, money, .. } = self.reading;
        windows.retain(fits);
        windows.truncate(WINDOWS_MAX);
        windows.iter_mut().for_each(|window| window.origin = None);
        let usable = source != Source::UsageEndpoint && !windows.is_empty();
        usable.then(|| Reading::new(source, at, windows, money))
    }
}

/// Merges a passive reading into the kept one. The caller has already attributed it to the account.
pub fn with_passive(kept: Option<Reading>, pushed: PassiveReading, now: Wall) -> Option<Reading> {
    let Some(new) = pushed.checked() else {
        return kept;
    };
    Some(match kept {
        Some(kept) if kept.is_contradicted_by(&new, now) => kept,
        Some(mut kept) => {
            kept.merge(new, now);
            kept
        }
        None => new.prepared(now),
    })
}

impl Reading {
    /// Merges a reading from another source. Clamps times to `now`. Returns the ids of the windows whose odd value is now
    /// believed, because a second reading confirmed it.
    pub fn merge(&mut self, mut new: Reading, now: Wall) -> Vec<String> {
        self.whole_at = self.whole_at().map(|at| at.min(now));
        self.expand_origins(now);
        new.expand_origins(now);
        new.windows.iter_mut().for_each(drop_implausible);
        self.doubts.prune(&self.windows, now);
        let whole = new.source == Source::UsageEndpoint && self.whole_at.is_none_or(|at| at <= new.at);
        let confirmed = if whole { self.take_whole(new) } else { self.take_part(new) };
        self.compact_origins();
        confirmed
    }

    /// Prepares a first reading at `now` for storage or display: clamps times in the future and drops implausible fields.
    #[must_use]
    pub fn prepared(mut self, now: Wall) -> Self {
        self.whole_at = self.whole_at().map(|at| at.min(now));
        if self.source == Source::UsageEndpoint {
            self.endpoint_windows = self.windows.iter().map(|window| window.id.clone()).collect();
            self.no_limits_at = self.is_empty().then_some(self.at.min(now));
        }
        self.expand_origins(now);
        self.windows.iter_mut().for_each(drop_implausible);
        self.compact_origins();
        self
    }

    /// Whether the passive reading `new` reports a different end for a current window that the endpoint has reported. All of
    /// it then counts as another account's until the endpoint agrees.
    pub fn is_contradicted_by(&self, new: &Reading, now: Wall) -> bool {
        let mut new = new.clone();
        new.expand_origins(now);
        new.windows.iter_mut().for_each(drop_implausible);
        new.windows.iter().any(|window| {
            let reported = self.windows.iter().find(|old| old.is_same(window));
            let ends = |old: &&QuotaWindow| old.resets_at.filter(|ends| *ends > now && !is_over(old, new.at));
            reported.filter(|old| self.is_from_endpoint(old)).is_some_and(|old| {
                let moved = ends(&old).zip(window.resets_at).is_some_and(|(was, is)| !is_same_end(was, is));
                moved && window.resets_at.is_some_and(|is| is > new.at)
            })
        })
    }

    /// Whether `newer` has the same figures and is only a few seconds newer.
    pub(crate) fn is_as_good_as(&self, newer: &Reading) -> bool {
        self.windows.len() == newer.windows.len()
            && self.money == newer.money
            && self.whole_at == newer.whole_at
            && self.no_limits_at == newer.no_limits_at
            && self.doubts == newer.doubts
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
    pub fn money_origin(&self) -> Provenance {
        self.money_origin.unwrap_or(Provenance { at: self.at, source: self.source })
    }

    /// Readings stored by an earlier version lack the field; those have a single source.
    fn whole_at(&self) -> Option<Wall> {
        self.whole_at.or((self.source == Source::UsageEndpoint).then_some(self.at))
    }

    /// When the usage endpoint last reported limits, or that there are none.
    pub(crate) fn endpoint_read_at(&self) -> Option<Wall> {
        self.whole_at().max(self.no_limits_at)
    }

    /// Merges a reading from the endpoint, which decides which windows exist and which of them is binding.
    fn take_whole(&mut self, new: Reading) -> Vec<String> {
        let at = new.at;
        if self.is_left_without(&new) {
            self.no_limits_at = Some(at);
            self.whole_at = if self.is_empty() { Some(at) } else { self.whole_at };
            if !new.money.is_empty() {
                self.take_money(new.money, new.money_origin, at);
            }
            return Vec::new();
        }
        self.take_money(new.money, new.money_origin, at);
        let mut kept = std::mem::take(&mut self.windows);
        let mut confirmed = Vec::new();
        let mut windows = Vec::new();
        for reported in &new.windows {
            let window = match counterpart(&kept, reported, &new.windows).map(|found| kept.remove(found)) {
                Some(old) => self.continue_window(old, reported, &mut confirmed),
                None => reported.clone(),
            };
            windows.push(window);
        }
        let reported: Vec<String> = windows.iter().map(|window| window.id.clone()).collect();
        let is_marked = windows.iter().any(|window| window.binding);
        for mut old in kept {
            if self.stays(&old, at) {
                old.binding &= !is_marked;
                windows.push(old);
            } else {
                self.doubts.forget(&old.id);
            }
        }
        self.endpoint_windows.retain(|id| !reported.contains(id) && windows.iter().any(|window| window.id == *id));
        self.endpoint_windows.extend(reported);
        windows.sort_by_key(QuotaWindow::rank);
        (self.windows, self.whole_at, self.no_limits_at) = (windows, Some(at), None);
        confirmed
    }

    /// A response without windows removes none: the known ones stay, and `no_limits_at` records the response. A plan that has
    /// only money takes over once the known windows have ended.
    fn is_left_without(&self, new: &Reading) -> bool {
        new.is_empty() || (new.windows.is_empty() && self.windows.iter().any(|window| !is_over(window, new.at)))
    }

    /// Only the endpoint knows which window is binding and why it is locked. Its figures may be older than the known ones.
    fn continue_window(
        &mut self,
        old: QuotaWindow,
        reported: &QuotaWindow,
        confirmed: &mut Vec<String>,
    ) -> QuotaWindow {
        self.doubts.reported(&old.id);
        let QuotaWindow { kind, label, duration_s, binding, locked, .. } = reported.clone();
        let mut window = QuotaWindow { kind, label, duration_s, binding, locked, ..old };
        if at_of(&window) <= at_of(reported) {
            confirmed.extend(self.believe(&mut window, reported));
        }
        window
    }

    /// Whether a window that is missing from the endpoint's response of `at` is still shown. It goes at its end; if the
    /// endpoint reported it before, once the endpoint has omitted it twice; else when its own source stops refreshing it.
    fn stays(&mut self, old: &QuotaWindow, at: Wall) -> bool {
        if at_of(old) > at {
            return true;
        }
        if is_over(old, at) {
            return false;
        }
        let source = old.origin.map(|origin| origin.source);
        if source == Some(Source::UsageEndpoint) || self.endpoint_windows.contains(&old.id) {
            return !self.doubts.is_gone(&old.id, at);
        }
        old.resets_at.is_some() || at.since(at_of(old)) < policy::UNTOLD_MOST
    }

    fn take_part(&mut self, new: Reading) -> Vec<String> {
        let mut confirmed = Vec::new();
        if !new.money.is_empty() && new.money_origin().at > self.money_origin().at {
            self.take_money(new.money, new.money_origin, new.at);
        }
        let mut kept = std::mem::take(&mut self.windows);
        for window in &new.windows {
            let at = at_of(window);
            match counterpart(&kept, window, &new.windows).and_then(|found| kept.get_mut(found)) {
                Some(old) if at_of(old) < at => {
                    old.duration_s = old.duration_s.or(window.duration_s);
                    confirmed.extend(self.believe(old, window));
                }
                Some(_) => {}
                // The endpoint has omitted it since, so it no longer applies.
                None if self.whole_at.is_some_and(|whole| at <= whole) => {}
                None if is_over(window, at) || window.used_percent.is_none() => {}
                None => {
                    self.make_room(&mut kept);
                    kept.push(window.clone());
                }
            }
        }
        kept.sort_by_key(QuotaWindow::rank);
        self.windows = kept;
        confirmed
    }

    /// Evicts the oldest window that the endpoint does not report: a source with ever-changing ids must not fill the list.
    fn make_room(&self, kept: &mut Vec<QuotaWindow>) {
        let others = kept.iter().enumerate().filter(|(_, window)| !self.endpoint_windows.contains(&window.id));
        if kept.len() >= WINDOWS_MAX
            && let Some((oldest, _)) = others.min_by_key(|(_, window)| at_of(window))
        {
            kept.remove(oldest);
        }
    }

    /// Updates `old` with the figures of `new`, if they are believed. Returns the id if that took a second reading. Fields
    /// that `new` lacks, or that are implausible, keep their value.
    fn believe(&mut self, old: &mut QuotaWindow, new: &QuotaWindow) -> Option<String> {
        let confirmed = match weigh(new, old) {
            Weight::Void => return None,
            Weight::Plain => {
                self.doubts.plain(old, new);
                None
            }
            weight => {
                let by_endpoint = self.is_from_endpoint(old);
                if !self.doubts.is_second(old, new, weight, by_endpoint) {
                    return None;
                }
                self.doubts.forget(&old.id);
                Some(old.id.clone())
            }
        };
        let (over, at) = (is_over(old, at_of(new)), at_of(new));
        let began_anew = over || (confirmed.is_some() && new.used_percent < old.used_percent);
        if new.used_percent.is_some() {
            old.resets_at = new.resets_at.or(old.resets_at.filter(|_| !began_anew));
            (old.used_percent, old.origin) = (new.used_percent, new.origin);
        } else if over && new.resets_at.is_some_and(|ends| ends > at) {
            (old.used_percent, old.resets_at, old.origin) = (None, new.resets_at, new.origin);
        } else {
            old.resets_at = old.resets_at.or(new.resets_at);
        }
        confirmed
    }

    /// Whether the endpoint has reported the current cycle of this window.
    fn is_from_endpoint(&self, window: &QuotaWindow) -> bool {
        let began = window
            .resets_at
            .zip(window.duration_s)
            .map(|(ends, length)| Wall(ends.0.saturating_sub(crate::time::millis(Duration::from_secs(length)))));
        let read = self.whole_at.zip(began).is_some_and(|(whole, began)| began < whole);
        read && self.endpoint_windows.contains(&window.id)
    }

    fn take_money(&mut self, money: Vec<Spend>, origin: Option<Provenance>, at: Wall) {
        if self.doubts.is_money_believed(&self.money, &money, at) {
            (self.money, self.money_origin) = (money, origin);
        }
    }

    /// Gives every item its own origin. Clamps times to `now`, since the clock may have been set back.
    fn expand_origins(&mut self, now: Wall) {
        let whole = Provenance { at: self.at.min(now), source: self.source };
        let spelled = |origin: Option<Provenance>| {
            let origin = origin.unwrap_or(whole);
            Some(Provenance { at: origin.at.min(now), ..origin })
        };
        for window in &mut self.windows {
            window.origin = spelled(window.origin);
        }
        self.money_origin = spelled(self.money_origin);
        self.at = whole.at;
    }

    /// Makes the newest origin the reading's own, and removes it from the items that share it.
    fn compact_origins(&mut self) {
        let endpoint = self.whole_at.map(|at| Provenance { at, source: Source::UsageEndpoint });
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

fn is_same_end(a: Wall, b: Wall) -> bool {
    a.since(b).max(b.since(a)) <= policy::SAME_RESET
}

/// Finds the window in `kept` that matches `reported`, one of `all`: by id, else as the same limit under another name.
fn counterpart(kept: &[QuotaWindow], reported: &QuotaWindow, all: &[QuotaWindow]) -> Option<usize> {
    let named = kept.iter().position(|old| old.id == reported.id);
    let is_free = |old: &QuotaWindow| all.iter().all(|other| other.id != old.id);
    named.or_else(|| kept.iter().position(|old| old.is_same(reported) && is_free(old)))
}

fn at_of(window: &QuotaWindow) -> Wall {
    window.origin.map_or(Wall(0), |origin| origin.at)
}

/// Drops implausible fields one by one, such as an epoch in place of a percentage or an end in the year 2199.
fn drop_implausible(window: &mut QuotaWindow) {
    let at = at_of(window);
    let farthest = window.duration_s.map_or(policy::RESET_FARTHEST, |length| {
        (Duration::from_secs(length) + policy::RESET_SLACK).min(policy::RESET_FARTHEST)
    });
    window.used_percent.take_if(|used| !(0.0..=PERCENT_MAX).contains(used));
    window.resets_at.take_if(|ends| ends.since(at) > farthest || at.since(*ends) > farthest);
}

#[cfg(test)]
mod tests;
