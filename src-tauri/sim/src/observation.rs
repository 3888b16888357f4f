//! What can be seen of Holdoff and of the world around it, in plain numbers: what the laws are written over.
//!
//! All times are milliseconds that really went by since the world began. No clock of the machine has a say in them,
//! so that a clock that lies is caught lying.

use holdoff_core::record::ledger::LedgerEndpoint;
use holdoff_core::{Endpoint, NoticeKind};

pub type Millis = i64;

pub const SECOND: Millis = 1000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// An account as the owner's files name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who(pub u8);

/// An access or a refresh token, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Observation {
    /// Nothing but that it is this late.
    Tick,
    /// What the person wants from now on.
    Settings(Wishes),
    /// What the owner's store holds from now on, whoever put it there.
    SignIn(Option<SignIn>),
    /// Holdoff polls this account from now on.
    Account(Who),
    /// `from` is another seat of the login of `into`, which is taken up.
    Beside {
        from: Who,
        into: Who,
    },
    /// `from` turned out to be an earlier name of `into`.
    Renamed {
        from: Who,
        into: Who,
    },
    /// Holdoff read the owner's store, and whose sign-in the owner's files say it is.
    /// It is over, and its owner knows: it emptied its tokens after a refused renewal.
    Ended,
    /// Where it is not settled, one of two files may be another sign-in's, and Holdoff does not go by it.
    Looked {
        whose: Option<Who>,
        settled: bool,
    },
    /// Holdoff holds the owner's locks, or gave them back.
    Locked(bool),
    /// A new pair of tokens was handed to the owner's store.
    Wrote(Wrote),
    Left(Left),
    /// The answer to a request reached Holdoff.
    Answered {
        request: u32,
        meaning: Meaning,
    },
    /// The state is durable.
    Kept(Kept),
    /// A session of the owner told what it was answered last; whose it really is.
    Told {
        who: Who,
        at: Millis,
        said: Vec<Said>,
    },
    /// It could not be made durable.
    NotKept,
    Recorded(Recorded),
    /// Whether lines of the ledger wait in memory because they cannot be written.
    LinesWait(bool),
    /// Part of a token was found in something that is written or shown.
    Leaked(&'static str),
    /// Whether the notification service takes notices.
    Service(bool),
    /// The words of a notice that is about to be shown.
    Worded(NoticeKind, String),
    Shown(NoticeKind),
    /// What it said of a window.
    ShownOf(String, WindowTold),
    /// Somebody looked at what is known.
    Viewed(View),
    /// The process ended, however it did.
    Died,
    /// A process took up what was kept.
    Started(Found),
    /// The machine started anew since Holdoff last kept anything, and this much more seems to have gone by meanwhile
    /// than really did: only the wall clock can tell, and someone may have set it.
    Rebooted {
        ahead: Millis,
    },
    /// Somebody set the wall clock, by so much.
    ClockSet(Millis),
    /// The process is awake again; `late` if a timer of its was over a minute late for it.
    Woke {
        late: bool,
    },
    /// The machine sleeps: nothing happens, and nothing is owed.
    Asleep,
    /// Whether all is well: a request for usage that left now would bring a reading.
    Well(bool),
    /// Whether a renewal that was made now would bring new tokens, and is due.
    Renewable(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wishes {
    pub interval: Millis,
    pub renewal: bool,
    /// Nothing is to be asked at all (law 16).
    pub free_only: bool,
    pub tell_limit: bool,
    pub tell_sign_in: bool,
    pub tell_recovery: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignIn {
    pub access: TokenId,
    pub refresh: Option<TokenId>,
    /// As it is stored, it may read usage.
    pub has_scope: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrote {
    Written,
    /// Another sign-in was there by then, and was left alone.
    Changed,
    Failed,
}

/// A request left, or was handed to what sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Left {
    /// Counts up: no two requests have the same.
    pub request: u32,
    pub endpoint: Endpoint,
    /// The permit that was given for it: its number, of which no two have the same, and the endpoint that it names.
    pub permit: Option<(u32, Endpoint)>,
    /// What it carries.
    pub token: TokenId,
    /// How long the stored access token lives, by the machine's wall clock; `None` if it does not say.
    pub life: Option<Millis>,
    /// It was asked for another account than the token's, seconds after the sign-in changed hands.
    pub stranger: bool,
}

/// What an answer means, as whoever gave it meant it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A reading, and the figures in it; none if it holds no limit at all.
    Reading { said: Vec<Said> },
    /// 429, in whatever dress. `retry_after` is what it asks for, if it is a wait at all.
    Limited { retry_after: Option<Millis> },
    /// 429 of the provider's edge: no request id, and no wait.
    AtEdge,
    /// 401.
    Unauthorized,
    /// 401 or 403 for everybody of an organization.
    NotAllowed,
    /// 403 that names a scope.
    MissingScope,
    /// 403 that names none.
    Forbidden,
    /// 5xx. At the token endpoint: whatever leaves it open whether the refresh token was spent.
    Trouble { retry_after: Option<Millis> },
    /// No answer of the provider, or none that can be read.
    Unreadable,
    /// Nothing left this machine.
    NotSent,
    /// No answer came.
    Lost,
    /// New tokens. `rotated`: the refresh token too, and the one that was sent is spent. `other`: they are another
    /// account's than they were asked for.
    Renewed { access: TokenId, rotated: bool, other: bool },
    /// `invalid_grant`.
    Refused,
    /// The endpoint does not want the request, for no reason that lies in the token.
    Denied,
    /// Accepted, and nothing usable came for it.
    Wasted,
}

/// How much of a window is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Said {
    pub window: String,
    /// In thousandths of a percent.
    pub used: u32,
    pub resets: Option<Millis>,
}

/// What a notice says of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowTold {
    Threshold(u8),
    RunsOut,
    Reset,
}

/// What is durable now, as far as the laws speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Counts up with every save.
    pub save: u64,
    pub usage: GateKept,
    pub token: GateKept,
    /// Whether a reading is kept.
    pub reading: bool,
    /// Notices that are being shown just now, so that a process that ends counts them as shown.
    pub showing: Showing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Showing {
    pub limit: bool,
    pub sign_in: bool,
    pub renewal: bool,
    pub end: bool,
}

impl Showing {
    pub fn of(kinds: impl Iterator<Item = NoticeKind>) -> Self {
        let mut showing = Self::default();
        for kind in kinds {
            showing.set(kind, true);
        }
        showing
    }

    pub fn set(&mut self, kind: NoticeKind, showing: bool) {
        match kind {
            NoticeKind::RateLimited => self.limit = showing,
            NoticeKind::SignInStopped => self.sign_in = showing,
            NoticeKind::RenewalLimited => self.renewal = showing,
            NoticeKind::Recovered => self.end = showing,
            NoticeKind::RenewalUnsaved | NoticeKind::Window => {}
        }
    }

    pub fn has(self, kind: NoticeKind) -> bool {
        match kind {
            NoticeKind::RateLimited => self.limit,
            NoticeKind::SignInStopped => self.sign_in,
            NoticeKind::RenewalLimited => self.renewal,
            NoticeKind::Recovered => self.end,
            NoticeKind::RenewalUnsaved | NoticeKind::Window => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GateKept {
    /// When the request that is about to leave was noted.
    pub intent: Option<Millis>,
    /// The refresh token that it spends.
    pub spending: Option<TokenId>,
    pub door: Door,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    Open,
    Until(Millis),
    Paused,
}

/// A line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recorded {
    pub endpoint: LedgerEndpoint,
    pub line: Line,
    /// When it says that the next request may go.
    pub next: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    Sent,
    Came(Kind),
    /// What an earlier process asked was never answered.
    Unanswered,
    Withheld,
}

/// The kinds of outcome that the ledger tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Reading,
    Limited,
    Unauthorized,
    MissingScope,
    Forbidden,
    Trouble,
    Unreadable,
    NotSent,
    Ambiguous,
    Renewed,
    Refused,
    Denied,
    /// Of Holdoff's own releases: no account asks for those.
    Release,
    Wasted,
}

/// What a process found of what was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// A whole state, of this save.
    State { save: u64 },
    /// Nothing at all, as at the first start.
    Nothing,
    /// Files, and none of them readable.
    Unreadable,
}

/// What `status` tells of the reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// The windows as they are shown, in thousandths of a percent used; `None` if no reading is.
    pub windows: Option<Vec<(String, Option<u32>)>>,
    /// How old the reading is called, and whether it is called old; `None` where no reading is shown.
    pub age: Option<Millis>,
    pub stale: bool,
    /// When the wall clock was last set.
    pub clock_set: Millis,
}

/// A percentage in thousandths, which can be compared.
pub fn thousandths(percent: f64) -> u32 {
    (percent * 1000.0).round() as u32
}
