//! Observations of Holdoff and of the world around it, in plain numbers. The laws are written over them.
//!
//! All times are real milliseconds since the world began. No clock of the machine affects them, so a wrong clock is
//! detected.

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

/// The identity of an access or refresh token, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Observation {
    /// Time passed; nothing else happened.
    Tick,
    /// The user's settings from now on.
    Settings(UserSettings),
    /// The content of the owner's credential store from now on, whoever wrote it.
    SignIn(Option<SignIn>),
    /// The account that Holdoff polls from now on.
    Account(Who),
    /// `from` is another organization of the login of `into`, which is loaded.
    Beside {
        from: Who,
        into: Who,
    },
    /// `from` turned out to be an earlier name of `into`.
    Renamed {
        from: Who,
        into: Who,
    },
    /// The owner cleared the tokens after a refused renewal: the sign-in has ended.
    Ended,
    /// Holdoff read the owner's store. `whose`: the account according to the owner's files. If it is not settled, one
    /// of the two files may belong to another sign-in, and Holdoff does not use it.
    CredentialRead {
        account: Option<Who>,
        settled: bool,
    },
    /// Holdoff took the owner's locks or released them.
    Locked(bool),
    /// A new pair of tokens was passed to the owner's store.
    Wrote(Wrote),
    Sent(SentRequest),
    /// The response to a request reached Holdoff.
    Answered {
        request: u32,
        meaning: Meaning,
    },
    /// The state is durable.
    Saved(SavedAccount),
    /// A session of the owner reported its last response; `who` is the account that it really belongs to.
    SessionReading {
        who: Who,
        at: Millis,
        said: Vec<ReportedWindow>,
    },
    /// The state could not be made durable.
    NotKept,
    Recorded(Recorded),
    /// Whether ledger entries wait in memory because they cannot be written.
    LinesWait(bool),
    /// Part of a token was found in something that is written or shown.
    Leaked(&'static str),
    /// Whether the notification service accepts notifications.
    Service(bool),
    /// The text of a notification that is about to be shown.
    Worded(NoticeKind, String),
    Shown(NoticeKind),
    /// What it announced about a window.
    ShownOf(String, WindowNotice),
    /// The user looked at the current status.
    Viewed(View),
    /// The process ended, for whatever reason.
    Died,
    /// A process loaded the saved state.
    Started(Found),
    /// The machine was rebooted since Holdoff last saved, and by its clocks this much more time passed than really
    /// did. Only the wall clock spans a reboot, and somebody may have set it.
    Rebooted {
        ahead: Millis,
    },
    /// Somebody set the wall clock by this much.
    ClockSet(Millis),
    /// The process is awake again; `late` if one of its timers was more than a minute late.
    Woke {
        late: bool,
    },
    /// The machine sleeps: nothing happens, and nothing is due.
    Asleep,
    /// Whether all is well: a usage request sent now would bring a reading.
    Well(bool),
    /// Whether a renewal made now would bring new tokens, and is due.
    Renewable(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserSettings {
    pub interval: Millis,
    pub renewal: bool,
    /// No requests at all (law 16).
    pub free_only: bool,
    pub notify_limit: bool,
    pub notify_sign_in: bool,
    pub notify_recovery: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignIn {
    pub access: TokenId,
    pub refresh: Option<TokenId>,
    /// Whether the stored scopes allow reading usage.
    pub has_scope: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrote {
    Written,
    /// Another sign-in was there by then and was left unchanged.
    Changed,
    Failed,
}

/// A request was sent, or passed to the HTTP layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SentRequest {
    /// Increases: no two requests have the same number.
    pub request: u32,
    pub endpoint: Endpoint,
    /// The permit for it: its unique number and the endpoint that it names.
    pub permit: Option<(u32, Endpoint)>,
    /// The token that it carries.
    pub token: TokenId,
    /// The remaining life of the stored access token by the machine's wall clock; `None` if unknown.
    pub life: Option<Millis>,
    /// It was sent for another account than the token's, seconds after the sign-in changed hands.
    pub stranger: bool,
}

/// The meaning of a response, as intended by its sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A reading and its figures; none if it has no limits.
    Reading { said: Vec<ReportedWindow> },
    /// 429 in any form. `retry_after` is the wait that it asks for, if it is valid.
    Limited { retry_after: Option<Millis> },
    /// 429 of the provider's edge: no request id and no wait.
    AtEdge,
    /// 401.
    Unauthorized,
    /// 401 or 403 for everybody of an organization.
    NotAllowed,
    /// 403 that names a scope.
    MissingScope,
    /// 403 that names no scope.
    Forbidden,
    /// 5xx. At the token endpoint: anything that leaves open whether the refresh token was spent.
    Trouble { retry_after: Option<Millis> },
    /// Not a response of the provider, or not a readable one.
    Unreadable,
    /// The request did not leave this machine.
    NotSent,
    /// No response arrived.
    Lost,
    /// New tokens. `rotated`: including the refresh token, so the one that was sent is spent. `other`: they belong to
    /// another account than the requested one.
    Renewed { access: TokenId, rotated: bool, other: bool },
    /// `invalid_grant`.
    Refused,
    /// The endpoint refuses the request for a reason other than the token.
    Denied,
    /// Accepted, but without usable tokens.
    UnusableTokens,
}

/// How much of a window is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReportedWindow {
    pub window: String,
    /// In thousandths of a percent.
    pub used: u32,
    pub resets: Option<Millis>,
}

/// What a notification announces about a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowNotice {
    Threshold(u8),
    RunsOut,
    Reset,
}

/// The durable state, as far as the laws need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SavedAccount {
    /// Increases with every save.
    pub save: u64,
    pub usage: SavedGate,
    pub token: SavedGate,
    /// Whether a reading is saved.
    pub reading: bool,
    /// Notifications in progress: if the process ends now, they count as shown.
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
            _ => {}
        }
    }

    pub fn has(self, kind: NoticeKind) -> bool {
        match kind {
            NoticeKind::RateLimited => self.limit,
            NoticeKind::SignInStopped => self.sign_in,
            NoticeKind::RenewalLimited => self.renewal,
            NoticeKind::Recovered => self.end,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SavedGate {
    /// When the intent of the next request was recorded.
    pub intent: Option<Millis>,
    /// The refresh token that it spends.
    pub intent_token: Option<TokenId>,
    pub status: GateStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GateStatus {
    Open,
    Until(Millis),
    Paused,
}

/// A ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recorded {
    pub endpoint: LedgerEndpoint,
    pub line: Line,
    /// When it says that the next request may be sent.
    pub next: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    Sent,
    Completed(Kind),
    /// A request of an earlier process was never answered.
    Unanswered,
    Withheld,
}

/// The kinds of outcome that the ledger distinguishes.
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
    /// Holdoff's own releases: no account requests those.
    Release,
    UnusableTokens,
}

/// The saved state that a process found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// A whole state, written by this save.
    State { save: u64 },
    /// Nothing at all, as at the first start.
    Nothing,
    /// Files, but none of them readable.
    Unreadable,
}

/// The reading as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// The displayed windows, in thousandths of a percent used; `None` if no reading is shown.
    pub windows: Option<Vec<(String, Option<u32>)>>,
    /// The displayed age, and whether the reading is marked stale; `None` if no reading is shown.
    pub age: Option<Millis>,
    pub stale: bool,
    /// When the wall clock was last set.
    pub clock_set: Millis,
}

/// A percentage in thousandths, as an integer that can be compared.
pub fn thousandths(percent: f64) -> u32 {
    (percent * 1000.0).round() as u32
}
