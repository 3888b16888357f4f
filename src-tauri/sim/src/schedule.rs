//! The schedule of a simulated world: a plain list of events, so that a failing one can be shortened.

use crate::observation::Millis;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub climate: &'static str,
    pub length: Millis,
    pub user_settings: Start,
    /// In the order of their times.
    pub happenings: Vec<Planned>,
}

/// The initial conditions of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub interval: Millis,
    pub renewal: bool,
    /// Whether Holdoff is notified when the sign-in changes.
    pub watched: bool,
    /// Whether a request during a block extends it.
    pub re_arms: bool,
    /// Whether events happen between any two actions, and not only while Holdoff waits.
    pub jumpy: bool,
    /// Whether window notifications are turned on too.
    pub windows: bool,
    /// Percentage of anomalous readings: a window drops or is full for a moment, is missing, or makes no sense.
    pub odd: u8,
    /// How many requests per hour the provider allows a login.
    pub budget: u32,
    /// Whether the owner's version records the account of each sign-in and of each session.
    pub names_itself: bool,
    pub hours: Hours,
}

/// When the windows are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    DayAndNight,
    /// From nine to five on weekdays.
    Office,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    pub at: Millis,
    pub what: WorldEvent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldEvent {
    /// For how long the usage endpoint, or the token endpoint, responds in this way.
    Usage(Usage, Millis),
    Token(Token, Millis),
    /// Nothing leaves this machine.
    Offline(Millis),
    /// The machine sleeps.
    Sleep(Millis),
    /// The machine is off for this long, without a shutdown notice.
    Reboot(Millis),
    /// The process dies after this many more actions and is started again later.
    Crash {
        actions: u8,
        tear: Tear,
        off: Millis,
    },
    Quit(Millis),
    /// The wall clock is set by this much.
    Clock(Millis),
    Refresh,
    View,
    Interval(Millis),
    Renewal(bool),
    /// No requests for this long (law 16).
    FreeOnly(Millis),
    /// Which notifications are on: rate limit, sign-in, recovery.
    Notifications(bool, bool, bool),
    /// The notification service is unavailable.
    Mute(Millis),
    /// Nothing can be saved.
    Full(Millis),
    /// The credential location cannot be written.
    Shielded(Millis),
    /// The owner is in use: it renews tokens that are about to expire, and requests usage itself.
    Work(Millis),
    /// The owner never releases its lock.
    HeldLock(Millis),
    SignOut,
    SignIn(Person, Named),
    /// The user stores a setup token as the sign-in, and signs in as usual this much later.
    SetupToken(Millis),
    /// The owner clears its refresh token, as after a refused renewal.
    Blank,
    /// The credential file is half-written.
    Torn(Millis),
    /// The user ends the sign-in elsewhere.
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// 429; `hidden`: with status 200.
    Limited {
        asks: RetryAfter,
        hidden: bool,
    },
    Trouble {
        status: u16,
        asks: RetryAfter,
    },
    Unauthorized,
    MissingScope,
    Forbidden,
    /// 429 of the edge, with a `Retry-After` that is no valid wait.
    AtEdge(RetryAfter),
    /// Applies to everybody of the organization, with this status.
    NotAllowed(u16),
    /// A web page with this status.
    Page(u16),
    /// A truncated body.
    Broken,
    /// The connection accepts the request and never responds.
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Limited(RetryAfter),
    /// `spent`: it took effect before it failed.
    Trouble {
        status: u16,
        asks: RetryAfter,
        spent: bool,
    },
    Silent {
        spent: bool,
    },
    Refused {
        status: u16,
    },
    Denied {
        status: u16,
    },
    Page,
    /// Accepted, but the response is truncated.
    UnusableTokens,
    /// Without a new refresh token: the old one stays valid.
    Unrotated,
    /// The new tokens belong to another account.
    Mixed,
}

/// Every observed form of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Absent,
    Zero,
    Negative,
    Rubbish,
    Seconds(u32),
    /// A date this many seconds after the response's own; a negative number makes it lie in the past.
    Date(i32),
}

/// The state files after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// Whatever remains when a process dies in the middle of a save.
    Cut,
    /// One of them is also damaged.
    One,
    /// Both are damaged.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Person {
    Ann,
    /// The same login in another organization.
    AnnAtWork,
    Bob,
}

impl Person {
    pub const ALL: [Self; 3] = [Self::Ann, Self::AnnAtWork, Self::Bob];

    /// People with the same login share one rate limit.
    pub fn login(self) -> usize {
        match self {
            Self::Ann | Self::AnnAtWork => 0,
            Self::Bob => 1,
        }
    }
}

/// Whether and when the owner's other file names the person: at once, a moment later or before, minutes later, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    AtOnce,
    Soon,
    Before,
    Later,
    Never,
}
