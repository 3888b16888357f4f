//! Every constant of asking, each with its reason. Law numbers refer to `docs/LAWS.md`.

use std::time::Duration;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// How one endpoint of a provider is treated. Each provider has its own numbers, with the reason for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointPolicy {
    /// No two requests of one account are closer than this (law 10).
    pub spacing: Duration,
    /// The wait after a 429 that names none, and the least after one that does (law 3).
    pub limit: Backoff,
}

impl EndpointPolicy {
    /// For an endpoint of which nothing is known.
    pub const CAREFUL: Self =
        Self { spacing: secs(60 * 60), limit: Backoff { base: secs(60 * 60), cap: RETRY_AFTER_MAX } };

    /// The shut time when a request left and its answer was lost with the process. It may have been a 429 with the longest
    /// wait that is usual here (law 13).
    pub const fn unanswered(&self) -> Duration {
        self.limit.cap
    }
}

/// How often a person may have usage asked: not below the least spacing, not above an hour, where a
/// 5-hour window would be shown too coarsely to be of use.
pub const POLL_INTERVAL: std::ops::RangeInclusive<u64> = 180..=3600;

/// Half of the measured budget is left to the owner and to other tools.
pub const DEFAULT_POLL_INTERVAL: Duration = secs(300);

/// A doubling wait with a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub base: Duration,
    pub cap: Duration,
}

impl Backoff {
    /// `base · 2^(count−1)`, at most the cap; zero for no failures.
    pub fn after(self, count: u32) -> Duration {
        let Some(doublings) = count.checked_sub(1) else {
            return Duration::ZERO;
        };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.base.checked_mul(factor).unwrap_or(self.cap).min(self.cap)
    }
}

/// After so many 429s of the provider's edge in a row, and no reading between, it is this program that is turned away (law
/// 3). The doubling has reached its cap by then, which it does with the fifth: those that were reported lasted for hours,
/// under the name of a program, whoever asked with it; nothing that is reported to pass by itself takes five hours.
pub const TURNED_AWAY_AFTER: u32 = 6;

/// From then on, one request in this time: the edge may let it through again one day, and no person's limit is at stake.
pub const TURNED_AWAY: Duration = secs(6 * 60 * 60);

/// A network that is not there (law 10): short at first, since it is often back in seconds.
pub const NETWORK: Backoff = Backoff { base: secs(30), cap: secs(15 * 60) };

/// 5xx, 529 and answers that cannot be read (law 10).
pub const SERVER: Backoff = Backoff { base: secs(60), cap: secs(30 * 60) };

/// The longest `Retry-After` that is honoured (law 3); a longer one is taken for this.
pub const RETRY_AFTER_MAX: Duration = secs(24 * 60 * 60);

/// Jitter only ever lengthens, by 0 to this many thousandths (law 2): 20 of 35 lapsed blocks came back when
/// asked right at the deadline.
pub const JITTER_PER_MILLE: u64 = 100;

/// No cooldown is longer than this: the longest wait that is honoured, with all its jitter.
pub const LONGEST_COOLDOWN: Duration = secs(RETRY_AFTER_MAX.as_secs() * (1000 + JITTER_PER_MILLE) / 1000);

/// 401s on as many polls, with an unchanged credential, pause the account (law 6).
pub const UNAUTHORIZED_STRIKES: u32 = 3;

/// A timer later than this was not late but asleep with the machine (law 12).
pub const ASLEEP: Duration = secs(60);

/// After waking, the wait before asking, drawn from this range (law 12): the network comes up meanwhile.
pub const WAKE_PAUSE: std::ops::RangeInclusive<u64> = 5_000..=15_000;

/// A network failure within this time after waking is no failure, once (law 12).
pub const WAKE_GRACE: Duration = secs(120);

/// A refused wish that comes again within this time is noted once: a program that wishes without end fills no disk.
pub const SAME_WISH: Duration = secs(1);

/// Readings that nobody asked for are taken so many at once, and then one in so long: many more than sessions of Claude Code
/// have to say, and few enough that a program that makes them up fills no disk.
pub const PUSHED_BURST: u32 = 30;
pub const PUSHED_EVERY: Duration = secs(1);

/// With no watcher event, the credential is still looked at this often while a sign-in is waited for.
pub const REREAD: Duration = secs(300);

/// A sign-in is two files, which its owner writes seconds apart, in either order. One that changed in only one of them is
/// left alone for so long: then it was a renewal, or a name that is told late.
pub const SETTLED_AFTER: Duration = secs(20);

/// A torn credential file is usually one being written: look again after this.
pub const REREAD_TORN: Duration = secs(5);

/// How long before its expiry a sign-in is renewed, where Holdoff may: as Claude Code does.
pub const RENEW_BEFORE: Duration = secs(300);

/// No two renewals that succeeded are closer than this. Access tokens last 8 h: one that seems to end
/// sooner tells of a wrong clock, and must not cost a refresh token every few minutes.
pub const RENEWAL_SPACING: Duration = secs(60 * 60);

/// A lock that another program holds is tried again on this backoff: its owner renews in seconds.
pub const LOCK: Backoff = Backoff { base: secs(5), cap: secs(300) };

/// A new pair of tokens that cannot be written is tried again on this backoff: the old pair is spent.
pub const STORE: Backoff = Backoff { base: secs(1), cap: secs(60) };

/// While state cannot be saved nothing is asked (law 13); saving is tried again on this backoff.
pub const SAVE: Backoff = Backoff { base: secs(10), cap: secs(300) };

/// A notice that no service took is offered again on this backoff, or when a service appears.
pub const NOTICE: Backoff = Backoff { base: secs(30), cap: secs(600) };

/// The longest that fresh readings which cost nothing put off a request, from the last one that succeeded. Only the
/// usage endpoint tells the limits of single models and the money; they are weekly and monthly, and an hour old is
/// fresh enough for them. Twelve default intervals: a day of work in Claude Code costs a twelfth of the requests.
pub const POSTPONED_MOST: Duration = secs(60 * 60);

/// Two times of a reset that are no further apart than this are the same reset: the provider computes it anew for every
/// answer (seen: 0.4 s apart), and the status line has whole seconds. Windows are hours long.
pub const SAME_RESET: Duration = secs(60);

/// A status line that says this many points less than is known of the same cycle repeats an older answer: within a
/// cycle use only grows. The usage endpoint may have rounded up by less than one.
pub const REPEATED: f64 = 1.0;

/// A pushed reading with the same figures is not worth writing down before it is this much newer: a status line is
/// drawn several times a second.
pub const SAME_FIGURES: Duration = secs(20);

/// Use of a window that falls by more points than this is of another limit than before: its cycle is over, or its provider
/// raised the limit.
pub const LIFTED: f64 = 10.0;

/// What is odd in one reading is believed when a reading so much later says it again (law 17). Less than
/// the least spacing, so that the next answer of the endpoint can be the second.
pub const CONFIRMED_AFTER: Duration = secs(120);

/// Within a cycle use only grows, but for corrections of less than this many points; what falls by more is odd, and so is
/// what leaps by more to the very end.
pub const ODD_FALL: f64 = 5.0;

/// So often must sessions say less than is known, and each time more than before, until they are believed while the
/// endpoint is shut: a session that tells an old answer again does not rise.
pub const RISES: u8 = 2;

/// No two readings of one window, however close, are a leap for less than this many points; and with time between them as
/// many more as full use would bring that uses a window up in a tenth of its length.
pub const LEAP: f64 = 10.0;
pub const FULL_USE_IN_WINDOW: u32 = 10;

/// A cycle that ended early, with so little used in the next one, was reset; with more it is another limit.
pub const ANEW: f64 = 10.0;

/// No reset of a window lies farther away than its length and this, which covers a clock in the wrong zone; nor, where its
/// length is not known, than [`RESET_FARTHEST`].
pub const RESET_SLACK: Duration = secs(86_400);
pub const RESET_FARTHEST: Duration = secs(400 * 86_400);

/// A window that only sessions tell, and that has no reset, is shown for this long.
pub const UNTOLD_MOST: Duration = secs(86_400);

/// The least time from which a pace is told, however short the window.
pub const FORECAST_AFTER: Duration = secs(10 * 60);

/// A forecast is worth a word between these, in percent used: below it rests on little, above it the level says it.
pub const FORECAST_TOLD_FROM: f64 = 20.0;
pub const FORECAST_TOLD_TO: f64 = 95.0;

/// Before this part of a window is over (30 minutes of 5 hours, 17 hours of a week) its pace may be that of one busy
/// hour, and before it was followed for half of that, that of a time when nobody looked: a first reading that is far
/// ahead of its window is shown with its forecast, and said only if it stays so.
pub const FORECAST_TOLD_AFTER: u32 = 10;
pub const FORECAST_FOLLOWED_IN: u32 = 20;

/// A window that runs out less than this part of its length before its reset is near enough to lasting.
pub const MARGIN_IN_WINDOW: u32 = 20;

/// Percent used from which the reset of a window is worth a word, where the person chose no threshold.
pub const REMARKABLE: u8 = 80;

/// Percent used from which a window runs short: the icon shows it before what works.
pub const RUNS_SHORT: u8 = 80;

/// A reading is called old when two polls in a row have not renewed it; never before this.
pub const STALE_AT_LEAST: Duration = secs(15 * 60);

/// Holdoff's own releases are asked for once in this time at most: a fix that matters is known a day later at the most, and
/// a server hears of a computer that is on no more often than its person does.
pub const UPDATE_SPACING: Duration = secs(24 * 60 * 60);

/// So long an intent to look for updates may wait for its disk. It is on top of the day, which counts from what left.
pub const UPDATE_NOTED: Duration = secs(30 * 60);

/// A look for updates that did not leave this computer did not count as one; a network that is away is often back within
/// the hour, and somebody who starts their computer each morning is not to miss every one.
pub const UPDATE_UNSENT: Duration = secs(60 * 60);

/// After a start, and after waking, a look for updates waits for so long: nothing depends on it, and much else begins then.
pub const UPDATE_PAUSE: Duration = secs(60);

/// While another copy of Holdoff looks for updates, or it is not known whether one does, this one waits for so long: a look
/// is over within half a minute.
pub const UPDATE_BUSY: Duration = secs(5 * 60);

/// The longest `Retry-After` that is honoured of the server of releases. Nobody misses a look for updates as they do a
/// reading, so it is a month.
pub const UPDATE_RETRY_AFTER_MAX: Duration = secs(30 * 24 * 60 * 60);

/// A 429 there that names no wait: as long as the commonest that does.
pub const UPDATE_HELD: Duration = secs(60 * 60);

/// The largest signed list of a release, and the largest package that one may name. Ours have 2 KiB and 9 MiB.
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
