//! A single odd reading is not believed (law 17): an early fall, a leap that no usage explains, a limit that disappears. It
//! is kept aside until a second reading, some minutes later, agrees with it. Once the window's reset time has passed,
//! nothing is odd.

use crate::gate::policy;
use crate::quota::{Provenance, QuotaWindow, Source, Spend};
use crate::time::{Wall, millis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Values that were reported and are not believed yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Doubts {
    #[serde(default)]
    windows: Vec<Doubt>,
    /// Ids of the windows that a complete response left out, and since when.
    #[serde(default)]
    gone: Vec<(String, Wall)>,
    #[serde(default)]
    money: Option<(Vec<Spend>, Wall)>,
}

/// An unconfirmed value of one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Doubt {
    window: String,
    /// The latest such value, with its origin.
    said: QuotaWindow,
    since: Wall,
    /// How often it was reported again with a higher usage.
    rises: u8,
}

/// How a new value of a window relates to the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It continues from the known value, or the known cycle is over.
    Plain,
    /// A repeated old response, or a value that does not describe the present.
    Void,
    Odd,
    /// A session reports less usage in the same cycle. This is usually a repeated old response.
    Less,
}

/// Upper limit of separate doubts about one window.
const DOUBTS_MAX: usize = 3;

impl Doubts {
    /// Whether the odd value `new` is believed now.
    pub(super) fn is_second(
        &mut self,
        old: &QuotaWindow,
        new: &QuotaWindow,
        weight: Weight,
        by_endpoint: bool,
    ) -> bool {
        let session = is_from_session(new);
        if let Some(doubt) = self.windows.iter_mut().find(|doubt| doubt.window == old.id && agree(&doubt.said, new)) {
            let by_sessions = session && is_from_session(&doubt.said);
            let rose = new.used_percent > doubt.said.used_percent;
            doubt.rises = doubt.rises.saturating_add(u8::from(rose));
            let enough = match weight {
                Weight::Less => doubt.rises >= policy::RISES,
                // It is of another cycle than the endpoint's, so it may be another account's until the endpoint agrees.
                _ => !(by_sessions && by_endpoint && moved(old, new)),
            };
            if enough && at(new).since(doubt.since) >= policy::CONFIRMED_AFTER {
                return true;
            }
            let newer = at(new).since(at(&doubt.said)) >= policy::SAME_FIGURES;
            if rose || newer {
                // A value from the endpoint keeps that source when a session repeats it.
                let source = if session { doubt.said.origin } else { new.origin }.map(|origin| origin.source);
                let origin = new.origin.zip(source).map(|(origin, source)| Provenance { source, ..origin });
                doubt.said = QuotaWindow { origin, ..new.clone() };
            }
            return false;
        }
        if !session {
            self.windows.retain(|doubt| doubt.window != old.id || is_from_session(&doubt.said));
        }
        let doubt = Doubt { window: old.id.clone(), said: new.clone(), since: at(new), rises: 0 };
        let of_it = self.windows.iter().filter(|doubt| doubt.window == old.id);
        if of_it.clone().count() >= DOUBTS_MAX
            && let Some(oldest) = of_it.map(|doubt| at(&doubt.said)).min()
        {
            self.windows.retain(|doubt| doubt.window != old.id || at(&doubt.said) != oldest);
        }
        self.windows.push(doubt);
        false
    }

    /// `new` continues from the known value. A session that only repeats that value does not refute another source.
    pub(super) fn plain(&mut self, old: &QuotaWindow, new: &QuotaWindow) {
        if !is_from_session(new) || new.used_percent > old.used_percent {
            self.forget(&old.id);
        }
    }

    /// Drops all doubts about a window.
    pub(super) fn forget(&mut self, window: &str) {
        self.windows.retain(|doubt| doubt.window != window);
        self.reported(window);
    }

    /// A complete response includes the window.
    pub(super) fn reported(&mut self, window: &str) {
        self.gone.retain(|(gone, _)| gone != window);
    }

    /// A complete response omits the window. Returns whether that is believed now.
    pub(super) fn is_gone(&mut self, window: &str, now: Wall) -> bool {
        match self.gone.iter().find(|(gone, _)| gone == window) {
            Some((_, since)) => now.since(*since) >= policy::CONFIRMED_AFTER,
            None => {
                self.gone.push((window.to_owned(), now));
                false
            }
        }
    }

    /// Whether `new` may replace the known spend.
    pub(super) fn is_money_believed(&mut self, old: &[Spend], new: &[Spend], now: Wall) -> bool {
        let percent = |money: &[Spend]| money.first().and_then(Spend::percent);
        let odd = match (percent(old), percent(new)) {
            (Some(was), Some(is)) => was - is > policy::ODD_FALL || is_filled(was, is),
            (was, is) => (new.is_empty() && !old.is_empty()) || (was.is_some() && is.is_none()),
        };
        if !odd {
            self.money = None;
            return true;
        }
        let near = |said: &[Spend]| match (percent(said), percent(new)) {
            (Some(was), Some(is)) => (was - is).abs() <= policy::LEAP,
            (None, None) => said.is_empty() == new.is_empty(),
            _ => false,
        };
        match &self.money {
            Some((said, since)) if near(said) => {
                let believed = now.since(*since) >= policy::CONFIRMED_AFTER;
                self.money.take_if(|_| believed);
                believed
            }
            _ => {
                self.money = Some((new.to_vec(), now));
                false
            }
        }
    }

    /// Drops doubts about unknown windows and clamps times to `now`.
    pub(super) fn prune(&mut self, windows: &[QuotaWindow], now: Wall) {
        let known = |id: &str| windows.iter().any(|window| window.id == id);
        self.windows.retain(|doubt| known(&doubt.window));
        self.gone.retain(|(window, _)| known(window));
        for doubt in &mut self.windows {
            doubt.since = doubt.since.min(now);
            if let Some(origin) = &mut doubt.said.origin {
                origin.at = origin.at.min(now);
            }
        }
        for since in self.gone.iter_mut().map(|(_, since)| since).chain(self.money.as_mut().map(|(_, since)| since)) {
            *since = (*since).min(now);
        }
    }
}

/// Compares `new` with `old`. Both have an origin, and `new` is the newer one.
pub(super) fn weigh(new: &QuotaWindow, old: &QuotaWindow) -> Weight {
    let session = is_from_session(new);
    if is_over(old, at(new)) {
        return if is_earlier(new, old) { Weight::Void } else { Weight::Plain };
    }
    if is_over(new, at(new)) || (session && is_earlier(new, old)) {
        return Weight::Void;
    }
    let Some((is, was)) = new.used_percent.zip(old.used_percent) else {
        return Weight::Plain;
    };
    let fall = was - is;
    if session && !is_earlier(old, new) && fall > policy::REPEATED {
        return Weight::Less;
    }
    let moved = moved(old, new) || (new.resets_at.is_none() && old.resets_at.is_some());
    let length = new.duration_s.or(old.duration_s).map(Duration::from_secs);
    // A session's leap is shown at once: while the endpoint is shut, nothing else may come.
    let endpoint = new.origin.is_some_and(|origin| origin.source == Source::UsageEndpoint);
    let leaps = is_filled(was, is) || (endpoint && is_leap(was, is, at(new).since(at(old)), length));
    if fall > policy::ODD_FALL || (moved && fall > policy::REPEATED) || leaps { Weight::Odd } else { Weight::Plain }
}

/// Whether usage rose too fast to be believed at once. The limit grows with time: full use of a tenth of the window's length
/// is no leap.
pub(crate) fn is_leap(was: f64, is: f64, time: Duration, length: Option<Duration>) -> bool {
    let length = length.unwrap_or(Duration::from_secs(86_400)).max(Duration::from_secs(3600));
    let share = millis(time) as f64 / millis(length) as f64;
    is - was > policy::LEAP + share * 100.0 * f64::from(policy::FULL_USE_IN_WINDOW)
}

pub(super) fn is_over(window: &QuotaWindow, now: Wall) -> bool {
    window.resets_at.is_some_and(|at| at <= now)
}

fn is_filled(was: f64, is: f64) -> bool {
    was < 100.0 && is >= 100.0 && is - was > policy::ODD_FALL
}

/// Whether `new` confirms `said`.
fn agree(said: &QuotaWindow, new: &QuotaWindow) -> bool {
    let Some((was, is)) = said.used_percent.zip(new.used_percent) else {
        return false;
    };
    let length = new.duration_s.or(said.duration_s).map(Duration::from_secs);
    is + policy::REPEATED >= was && !is_leap(was, is, at(new).since(at(said)), length) && !moved(said, new)
}

/// Whether both ends are known and differ.
fn moved(a: &QuotaWindow, b: &QuotaWindow) -> bool {
    is_earlier(a, b) || is_earlier(b, a)
}

fn is_earlier(a: &QuotaWindow, b: &QuotaWindow) -> bool {
    a.resets_at.zip(b.resets_at).is_some_and(|(a, b)| a.plus(policy::SAME_RESET) < b)
}

fn is_from_session(window: &QuotaWindow) -> bool {
    window.origin.is_some_and(|origin| origin.source == Source::StatusLine)
}

fn at(window: &QuotaWindow) -> Wall {
    window.origin.map_or(Wall(0), |origin| origin.at)
}

#[cfg(test)]
mod tests;
