//! What will happen to a simulated world, and when: a plain list, so that a failing one can be made shorter.

use crate::observation::Millis;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub climate: &'static str,
    pub length: Millis,
    pub wishes: Start,
    /// In the order of their times.
    pub happenings: Vec<Planned>,
}

/// How the world is at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub interval: Millis,
    pub renewal: bool,
    /// Whether Holdoff is told when the sign-in changes.
    pub watched: bool,
    /// Whether asking inside a block makes it longer.
    pub re_arms: bool,
    /// Whether things happen between any two actions, and not only while Holdoff waits.
    pub jumpy: bool,
    /// Whether the person wants to be told of windows too.
    pub windows: bool,
    /// Of a hundred readings, so many are odd: a window falls or is full for a moment, is left out, or makes no sense.
    pub odd: u8,
    /// How many requests an hour the provider grants a login.
    pub budget: u32,
    /// The owner is of a version that writes whose a sign-in is, and whose a session is, beside each.
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
    pub what: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The usage endpoint, or the token endpoint, answers in this way for so long.
    Usage(Usage, Millis),
    Token(Token, Millis),
    /// Nothing leaves this machine.
    Offline(Millis),
    /// The machine sleeps.
    Sleep(Millis),
    /// The machine is off for so long, without a word to anybody.
    Reboot(Millis),
    /// The process dies after so many more actions, and is started again some time later.
    Crash {
        actions: u8,
        tear: Tear,
        off: Millis,
    },
    Quit(Millis),
    /// The wall clock is set by so much.
    Clock(Millis),
    Refresh,
    Look,
    Interval(Millis),
    Renewal(bool),
    /// Nothing is to be asked for so long (law 16).
    FreeOnly(Millis),
    /// Which notices are wanted: a limit, the sign-in, the recovery.
    Tell(bool, bool, bool),
    /// The notification service is away.
    Mute(Millis),
    /// Nothing can be saved.
    Full(Millis),
    /// Nothing can be written to where the owner keeps its sign-in.
    Shielded(Millis),
    /// The owner is in use, renews what is about to expire, and asks for usage itself.
    Work(Millis),
    /// The owner holds its lock without an end.
    HeldLock(Millis),
    SignOut,
    SignIn(Person, Named),
    /// The person stores a setup token as their sign-in, and signs in as usual so long after.
    SetupToken(Millis),
    /// The owner drops its refresh token, as after a refused renewal.
    Blank,
    /// The file of the sign-in is half-written.
    Torn(Millis),
    /// The sign-in is ended by its person elsewhere.
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// 429; `hidden`: under the status 200.
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
    /// 429 of the edge, with a `Retry-After` that names no wait.
    AtEdge(RetryAfter),
    /// Everybody of the organization, under this status.
    NotAllowed(u16),
    /// A web page under this status.
    Page(u16),
    /// A body that breaks off.
    Broken,
    /// The connection takes the request and never answers.
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
    /// Accepted, and the answer is cut.
    Wasted,
    /// Without a new refresh token: the old one stays.
    Unrotated,
    /// The new tokens are somebody else's.
    Mixed,
}

/// `Retry-After` in every form that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Absent,
    Zero,
    Negative,
    Rubbish,
    Seconds(u32),
    /// A date so many seconds ahead of the answer's own, which a negative number puts into the past.
    Date(i32),
}

/// What is left of the two state files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// Whatever a process leaves that dies in the middle of a save.
    Cut,
    /// One of them is damaged besides.
    One,
    /// Both are.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Person {
    Ann,
    /// The same login, in another organization.
    AnnAtWork,
    Bob,
}

impl Person {
    pub const ALL: [Self; 3] = [Self::Ann, Self::AnnAtWork, Self::Bob];

    /// Whose limits on asking are the same.
    pub fn login(self) -> usize {
        match self {
            Self::Ann | Self::AnnAtWork => 0,
            Self::Bob => 1,
        }
    }
}

/// Whether the owner's other file says whose sign-in it is, at once, a moment later or before, minutes later or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    AtOnce,
    Soon,
    Before,
    Later,
    Never,
}
