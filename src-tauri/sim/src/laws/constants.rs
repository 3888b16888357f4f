//! The figures of the laws, written down from the laws and not from `holdoff_core::gate::policy`: whoever changes one there
//! is told so here.

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
/// After so many refusals of the edge in a row, one request in this time.
pub(super) const TURNED_AWAY_AFTER: u32 = 6;
pub(super) const TURNED_AWAY: Millis = 6 * HOUR;

/// Law 10.
pub(super) const SPACING: Millis = 180 * SECOND;
pub(super) const NETWORK: Doubling = Doubling { base: 30 * SECOND, cap: 15 * MINUTE };
pub(super) const SERVER: Doubling = Doubling { base: MINUTE, cap: 30 * MINUTE };

/// Law 6.
pub(super) const STRIKES: u32 = 3;

/// A request whose answer was lost with the process: as long as the commonest refusal asks for (law 13).
pub(super) const UNANSWERED: Millis = HOUR;

/// After the loss of both state files without a word of the ledger (law 13).
pub(super) const LOSS: Millis = DAY;

/// A sign-in is renewed this long before it ends, as its owner does: a renewal that is earlier has another reason, and
/// there is none (law 4).
pub(super) const RENEWED_BEFORE: Millis = 5 * MINUTE;

/// The least pause after waking (law 12), and how long after it one failed look-up is no failure.
pub(super) const WAKING: Millis = 5 * SECOND;
pub(super) const WAKE_GRACE: Millis = 120 * SECOND;

/// A notice whose service is there is shown within this: it is offered again at most ten minutes after it was missed.
pub(super) const SHOWN_WITHIN: Millis = 12 * MINUTE;

/// What coming back takes beside the wait and the poll interval: noticing a sign-in that no watcher told of, waking,
/// saving again, an answer that takes its time.
pub(super) const COMING_BACK: Millis = 6 * MINUTE;

/// No two renewals that succeeded are closer than this.
pub(super) const RENEWAL_SPACING: Millis = HOUR;

/// Jitter lengthens by up to a tenth, never shortens (law 2).
pub(super) fn jittered(wait: Millis) -> Millis {
    wait + wait / 10
}
