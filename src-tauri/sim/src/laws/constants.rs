//! The constants of the laws, copied from the laws and not from `holdoff_core::gate::policy`, so that a change there
//! fails here.

use crate::observation::{DAY, HOUR, MINUTE, Millis, SECOND};

#[derive(Debug, Clone, Copy)]
pub(super) struct Doubling {
    base: Millis,
    cap: Millis,
}

impl Doubling {
    /// `base · 2^(count−1)`, at most the cap.
    pub(super) fn after(self, count: u32) -> Millis {
        (0..count.saturating_sub(1).min(20)).fold(self.base, |wait, _| (wait * 2).min(self.cap))
    }
}

/// Law 3.
pub(super) const USAGE_LIMIT: Doubling = Doubling { base: 5 * MINUTE, cap: 60 * MINUTE };
pub(super) const TOKEN_LIMIT: Doubling = Doubling { base: 10 * MINUTE, cap: 6 * HOUR };
pub(super) const RETRY_AFTER_MOST: Millis = DAY;
/// After this many edge refusals in a row, one request per interval is allowed.
pub(super) const TURNED_AWAY_AFTER: u32 = 6;
pub(super) const TURNED_AWAY: Millis = 6 * HOUR;

/// Law 10.
pub(super) const SPACING: Millis = 180 * SECOND;
pub(super) const NETWORK: Doubling = Doubling { base: 30 * SECOND, cap: 15 * MINUTE };
pub(super) const SERVER: Doubling = Doubling { base: MINUTE, cap: 30 * MINUTE };

/// Law 6.
pub(super) const STRIKES: u32 = 3;

/// The wait after a request whose response was lost with the process: as long as the most common `Retry-After` (law 13).
pub(super) const UNANSWERED: Millis = HOUR;

/// The wait after both state files were lost and the ledger has no entry (law 13).
pub(super) const LOSS: Millis = DAY;

/// A sign-in is renewed this long before it expires, as its owner does. There is no reason for an earlier renewal (law 4).
pub(super) const RENEWED_BEFORE: Millis = 5 * MINUTE;

/// The minimum pause after waking (law 12), and for how long afterwards one failed name lookup does not count.
pub(super) const WAKING: Millis = 5 * SECOND;
pub(super) const WAKE_GRACE: Millis = 120 * SECOND;

/// A notice is shown within this time if its service is available: it is retried at most ten minutes after a failure.
pub(super) const SHOWN_WITHIN: Millis = 12 * MINUTE;

/// The time that recovery takes in addition to the wait and the poll interval: detecting a new sign-in without a
/// watcher event, waking, saving again, a slow response.
pub(super) const COMING_BACK: Millis = 6 * MINUTE;

/// The minimum time between two successful renewals.
pub(super) const RENEWAL_SPACING: Millis = HOUR;

/// Jitter adds up to a tenth and never shortens (law 2).
pub(super) fn jittered(wait: Millis) -> Millis {
    wait + wait / 10
}
