//! All request timing constants, each with its reason. Law numbers refer to `docs/LAWS.md`.

use std::time::Duration;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Request timing for one endpoint of a provider. Each provider has its own numbers and gives the reason for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointPolicy {
    /// Minimum time between two requests of one account (law 10).
    pub spacing: Duration,
    /// Backoff after a 429 without `Retry-After`, and the minimum wait after one that has it (law 3).
    pub limit: Backoff,
}

impl EndpointPolicy {
    /// For an endpoint whose limits are unknown.
    pub const CAREFUL: Self =
        Self { spacing: secs(60 * 60), limit: Backoff { base: secs(60 * 60), cap: RETRY_AFTER_MAX } };

    /// How long the gate stays closed when a request left and the process ended before its answer was handled. The answer
    /// may have been a 429 with the longest wait that is usual for this endpoint (law 13).
    pub const fn unanswered(&self) -> Duration {
        self.limit.cap
    }
}

/// Allowed polling intervals, in seconds. The minimum is the smallest spacing; above one hour, a 5-hour window would be
/// shown too coarsely to be useful.
pub const POLL_INTERVAL: std::ops::RangeInclusive<u64> = 180..=3600;

/// Leaves half of the measured request budget to the owner and to other tools.
pub const DEFAULT_POLL_INTERVAL: Duration = secs(300);

/// Exponential backoff (doubling) with a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub base: Duration,
    pub cap: Duration,
}

impl Backoff {
    /// `base · 2^(count−1)`, at most the cap. Zero when there were no failures.
    pub fn after(self, count: u32) -> Duration {
        let Some(doublings) = count.checked_sub(1) else {
            return Duration::ZERO;
        };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.base.checked_mul(factor).unwrap_or(self.cap).min(self.cap)
    }
}

/// After this many consecutive 429s from the provider's edge without a reading in between, the edge is assumed to block
/// this program (law 3). The backoff reached its cap at the fifth. The reported blocks lasted for hours and applied to a
/// program's name, whoever used it; no reported block that ends by itself lasts five hours.
pub const TURNED_AWAY_AFTER: u32 = 6;

/// Minimum time between requests from then on. The edge may relent one day, and no account's rate limit is at risk.
pub const TURNED_AWAY: Duration = secs(6 * 60 * 60);

/// Backoff while the network is unavailable (law 10). Short at first, since it is often back within seconds.
pub const NETWORK: Backoff = Backoff { base: secs(30), cap: secs(15 * 60) };

/// Backoff for 5xx, 529 and unreadable answers (law 10).
pub const SERVER: Backoff = Backoff { base: secs(60), cap: secs(30 * 60) };

/// The longest `Retry-After` that is honoured (law 3). Longer values are capped to this.
pub const RETRY_AFTER_MAX: Duration = secs(24 * 60 * 60);

/// Jitter only lengthens a wait, by 0 to this many thousandths (law 2): 20 of 35 expired blocks came back when the request
/// was sent exactly at the deadline.
pub const JITTER_PER_MILLE: u64 = 100;

/// The longest possible cooldown: the longest honoured wait plus the maximum jitter.
pub const LONGEST_COOLDOWN: Duration = secs(RETRY_AFTER_MAX.as_secs() * (1000 + JITTER_PER_MILLE) / 1000);

/// This many 401s on separate polls with an unchanged credential pause the account (law 6).
pub const UNAUTHORIZED_STRIKES: u32 = 3;

/// A timer that fires later than this means that the machine slept (law 12).
pub const ASLEEP: Duration = secs(60);

/// Wait before the first request after waking, in ms, drawn from this range (law 12). The network comes up meanwhile.
pub const WAKE_PAUSE: std::ops::RangeInclusive<u64> = 5_000..=15_000;

/// The first network failure within this time after waking does not count as a failure (law 12).
pub const WAKE_GRACE: Duration = secs(120);

/// A refresh request refused again for the same reason within this time is recorded once: one in a loop cannot fill the
/// disk.
pub const SAME_WISH: Duration = secs(1);

/// Token bucket for passive readings: burst size, and the refill interval for one more. An owner's sessions report far less
/// than this, and a program that forges readings cannot fill the disk.
pub const PUSHED_BURST: u32 = 30;
pub const PUSHED_EVERY: Duration = secs(1);

/// An owner's cache that is dated further ahead than this was written by a wrong clock, and its age is unknown.
pub const CACHE_AHEAD: Duration = secs(60);

/// How often the credential is read without a watcher event while Holdoff waits for a sign-in.
pub const REREAD: Duration = secs(300);

/// A sign-in consists of two files, which its owner writes seconds apart in either order. After a change of either, Holdoff
/// waits this long for the other. After that, the change was complete, a renewal, or a late account name.
pub const SETTLED_AFTER: Duration = secs(20);

/// A torn credential file is usually being written. It is read again after this time.
pub const REREAD_TORN: Duration = secs(5);

/// How long before its expiry a sign-in is renewed, if Holdoff may renew it: as its owner does.
pub const RENEW_BEFORE: Duration = secs(300);

/// Minimum time between two successful renewals. Access tokens last 8 h. One that seems to expire sooner indicates a wrong
/// clock, which must not cost a refresh token every few minutes.
pub const RENEWAL_SPACING: Duration = secs(60 * 60);

/// Backoff for a lock that another program holds. Its owner renews within seconds.
pub const LOCK: Backoff = Backoff { base: secs(5), cap: secs(300) };

/// Backoff for writing a new token pair that could not be written: the old pair is already spent.
pub const STORE: Backoff = Backoff { base: secs(1), cap: secs(60) };

/// Backoff for saving the state. Nothing is requested while it cannot be saved (law 13).
pub const SAVE: Backoff = Backoff { base: secs(10), cap: secs(300) };

/// Backoff for a notification that no service accepted. It is also offered again when a service appears.
pub const NOTICE: Backoff = Backoff { base: secs(30), cap: secs(600) };

/// The longest that free readings may postpone a request, counted from the last successful one. Only the usage endpoint
/// reports per-model limits and spend; these are weekly and monthly, so an hour old is fresh enough. This is twelve default
/// intervals: a day of work with the owner costs a twelfth of the requests.
pub const POSTPONED_MOST: Duration = secs(60 * 60);

/// Two reset times at most this far apart are the same reset. The provider computes it anew for every answer (seen: 0.4 s
/// apart), and the status line has whole seconds. Windows are hours long.
pub const SAME_RESET: Duration = secs(60);

/// A status line that reports over this many points less than is known for the same cycle repeats an older answer: usage
/// only grows within a cycle, and the usage endpoint may have rounded up by less than one point.
pub const REPEATED: f64 = 1.0;

/// A passive reading with unchanged figures is not recorded until it is this much newer: a status line is drawn several
/// times a second.
pub const SAME_FIGURES: Duration = secs(20);

/// If the usage of a window falls by more points than this, it belongs to a different limit: its cycle is over, or its
/// provider raised the limit.
pub const LIFTED: f64 = 10.0;

/// An implausible value is accepted when a reading at least this much later repeats it (law 17). Shorter than the minimum
/// spacing, so that the endpoint's next answer can confirm it.
pub const CONFIRMED_AFTER: Duration = secs(120);

/// Within a cycle usage only grows, except for corrections of up to this many points. A larger fall is implausible, and so
/// is a larger jump to full usage.
pub const ODD_FALL: f64 = 5.0;

/// Sessions that report less than is known must rise this often before they are believed while the endpoint is closed. A
/// session that repeats an old answer does not rise.
pub const RISES: u8 = 2;

/// A rise of up to this many points between two readings of a window is never a leap. Time between them allows more: what a
/// pace that uses up the window in a tenth of its length would add.
pub const LEAP: f64 = 10.0;
pub const FULL_USE_IN_WINDOW: u32 = 10;

/// A cycle that ended early was reset if the next one starts at or below this usage; above it, it is a different limit.
pub const ANEW: f64 = 10.0;

/// A reset may be at most the window's length plus this ahead, which allows for a clock in the wrong time zone. If the
/// length is unknown, the limit is [`RESET_FARTHEST`].
pub const RESET_SLACK: Duration = secs(86_400);
pub const RESET_FARTHEST: Duration = secs(400 * 86_400);

/// How long a window without a reset time is shown if only sessions report it.
pub const UNTOLD_MOST: Duration = secs(86_400);

/// Minimum elapsed time before a forecast is made, however short the window.
pub const FORECAST_AFTER: Duration = secs(10 * 60);

/// Percent used between which a forecast is announced: below, there is too little data; above, the level alert covers it.
pub const FORECAST_TOLD_FROM: f64 = 20.0;
pub const FORECAST_TOLD_TO: f64 = 95.0;

/// A forecast is announced only after 1/10 of the window (30 minutes of 5 hours, 17 hours of a week), since an earlier pace
/// may be that of one busy hour; and only once the window was followed for half of that, since the pace may come from time
/// before. A first reading that is far ahead of its window shows its forecast, and announces it only if it stays so.
pub const FORECAST_TOLD_AFTER: u32 = 10;
pub const FORECAST_FOLLOWED_IN: u32 = 20;

/// A window that runs out less than this fraction of its length before its reset counts as lasting.
pub const MARGIN_IN_WINDOW: u32 = 20;

/// Percent used from which a reset is announced if no threshold is set.
pub const REMARKABLE: u8 = 80;

/// Percent used from which a window is nearly used up: the icon shows it before accounts in a normal state.
pub const RUNS_SHORT: u8 = 80;

/// A reading is stale when two consecutive polls have not renewed it, but never before this age.
pub const STALE_AT_LEAST: Duration = secs(15 * 60);

/// Minimum time between two update checks for Holdoff itself. An important fix is found within a day, and the server learns
/// about a running computer no more often than its user starts it.
pub const UPDATE_SPACING: Duration = secs(24 * 60 * 60);

/// How long the intent of an update check may wait to be saved. This is added to the day, which counts from the request
/// that left.
pub const UPDATE_NOTED: Duration = secs(30 * 60);

/// Retry delay for an update check that did not leave this computer, since it does not count as one. A network is often
/// back within the hour, and someone who starts the computer each morning must not miss every check.
pub const UPDATE_UNSENT: Duration = secs(60 * 60);

/// Delay of an update check after startup and after waking. Nothing depends on it, and much else starts at that time.
pub const UPDATE_PAUSE: Duration = secs(60);

/// Delay while another copy of Holdoff checks for updates, or may be doing so. A check takes less than half a minute.
pub const UPDATE_BUSY: Duration = secs(5 * 60);

/// The longest honoured `Retry-After` from the release server. A missed update check matters less than a missed reading, so
/// it is a month.
pub const UPDATE_RETRY_AFTER_MAX: Duration = secs(30 * 24 * 60 * 60);

/// Wait after a 429 from the release server without `Retry-After`: the most common value in those that have it.
pub const UPDATE_HELD: Duration = secs(60 * 60);

/// Maximum size of a release's signed list, and of a package that it may name. Ours have 2 KiB and 9 MiB.
pub const UPDATE_LIST_MAX: usize = 16 * 1024;
pub const UPDATE_PACKAGE_MAX: u64 = 128 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Provider;
    use crate::request::Endpoint;

    #[test]
    fn backoff_doubles_up_to_the_cap() {
        let limit = |endpoint| Provider::Anthropic.policy(endpoint).limit;
        let minutes = |count| limit(Endpoint::Usage).after(count).as_secs() / 60;
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 40, u32::MAX].map(minutes), [0, 5, 10, 20, 40, 60, 60, 60, 60]);
        assert_eq!(limit(Endpoint::Token).after(6), secs(320 * 60));
        assert_eq!(limit(Endpoint::Token).after(7), secs(360 * 60));
        assert_eq!(NETWORK.after(1), secs(30));
        assert_eq!(NETWORK.after(6), secs(900));
        assert_eq!(SERVER.after(6), secs(1800));
    }
}
