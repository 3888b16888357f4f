//! The laws of asking (`docs/LAWS.md`) as invariants over a stream of [`Observation`]s. The simulation and the model
//! checker use the same ones.
//!
//! The laws do not use the core. They derive their requirements from the responses, with constants of their own.

mod constants;
mod durability;
mod gate;
mod learning;
mod ledger;
mod liveness;
mod notification;
mod renewal;
mod showing;
mod spacing;
mod updates;

pub use updates::{UpdatesLaw, UpdatesSeen};

use crate::observation::{Meaning, Millis, Observation, SavedAccount, SignIn, TokenId, UserSettings, Who};
use gate::GateLaw;
use holdoff_core::Endpoint;
use liveness::Returning;
use notification::Notices;
use renewal::Renewing;
use showing::Showing;
use std::collections::BTreeSet;
use std::fmt;

/// A broken law.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Broken {
    /// Its number in `docs/LAWS.md`.
    pub law: u8,
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: {}", self.law, self.why)
    }
}

fn broken(law: u8, why: impl FnOnce() -> String) -> Result<(), Broken> {
    Err(Broken { law, why: why() })
}

/// All laws, with the history that they need.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Laws {
    now: Millis,
    user_settings: UserSettings,
    sign_in: Option<SignIn>,
    /// Access tokens that were stored without the usage scope, and whether the account had one at the last read.
    without_scope: BTreeSet<TokenId>,
    lacks_scope: bool,
    /// Whether no sign-in was stored at the last read.
    absent: bool,
    who: Who,
    accounts: Vec<AccountLaw>,
    running: bool,
    awake: bool,
    /// The last save succeeded.
    saving: bool,
    under_way: Option<UnderWay>,
    /// The number of the last permit.
    permits: u32,
    woke: Woke,
    renewing: Renewing,
    returning: Returning,
    service: bool,
    /// In a ledger entry, but not sent yet.
    announced: Option<Endpoint>,
    /// In a ledger entry, and in a second one (written at this time) that it was not sent; not durable in the state yet.
    taken_back: Option<(Endpoint, Millis)>,
    /// Sent, but in no entry yet.
    unsent: Option<Endpoint>,
    /// Answered, but in no entry yet.
    uncome: Option<(Endpoint, Meaning)>,
    /// An entry allows a request this much too early.
    misdated: Option<(Endpoint, Millis)>,
    /// The entry of a response may not outlive the process.
    lines_wait: bool,
    /// When all state was lost: accounts first seen after that may be closed for the longest wait.
    lost: Option<Millis>,
    /// Whether every response is kept, to check the view and the notifications against.
    watches: bool,
    clock_was_set: bool,
}

/// What one account knows, and which part of it would outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AccountLaw {
    expected: Expected,
    kept: Expected,
    /// The durable intents of requests, with their times.
    saved_intents: Option<SavedAccount>,
    save: u64,
    /// Something was learned that is not durable yet.
    unkept: bool,
    usage_sent: Sent,
    token_sent: Sent,
    /// A response that is in the ledger but not in the state, and for how long it closes its gate.
    recalled: Option<(Endpoint, Millis)>,
    /// A request that a process left unanswered and that still needs a ledger entry.
    orphan: Option<Endpoint>,
    /// Its outcome is in the ledger already; no second entry is needed.
    orphan_told: bool,
    showing: Showing,
    /// The entry was written, but the state does not record that: a process that dies now has it written again.
    settled: Option<Endpoint>,
}

/// When the last request to an endpoint was sent, and the one before, which counts again if the last was not sent after
/// all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Sent {
    last: Option<Millis>,
    before: Option<Millis>,
    /// When the last response came.
    answered: Option<Millis>,
}

/// What has to be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Expected {
    usage: GateLaw,
    token: GateLaw,
    /// There is a reading; it has windows; the last response had none.
    reading: bool,
    has_windows: bool,
    is_silent: bool,
    read_at: Millis,
    notices: Notices,
}

/// A request, from sending until its outcome is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct UnderWay {
    request: u32,
    endpoint: Endpoint,
    token: TokenId,
    left: Millis,
    re_ask: bool,
    answered: bool,
    /// When the response came.
    came: Millis,
    /// The response was 401, and the sign-in has to be read again.
    checking: bool,
}

/// What waking excuses and requires (law 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Woke {
    at: Option<Millis>,
    /// The same for the account that was polled at that time: another one does not know that the machine slept.
    grace_from: Option<Millis>,
    grace_used: bool,
}

impl AccountLaw {
    fn new() -> Self {
        let expected = Expected {
            usage: GateLaw::new(Endpoint::Usage),
            token: GateLaw::new(Endpoint::Token),
            reading: false,
            has_windows: false,
            is_silent: false,
            read_at: 0,
            notices: Notices::default(),
        };
        Self {
            expected,
            kept: expected,
            saved_intents: None,
            save: 0,
            unkept: false,
            usage_sent: Sent::default(),
            token_sent: Sent::default(),
            recalled: None,
            orphan: None,
            orphan_told: false,
            showing: Showing::default(),
            settled: None,
        }
    }

    fn sent(&mut self, endpoint: Endpoint) -> &mut Sent {
        match endpoint {
            Endpoint::Usage => &mut self.usage_sent,
            Endpoint::Token => &mut self.token_sent,
        }
    }
}

impl Sent {
    fn left(&mut self, now: Millis) {
        (self.before, self.last) = (self.last, Some(now));
    }

    fn did_not_leave(&mut self) {
        self.last = self.before;
    }

    /// Counts the requests of another seat or name too. Returns whether its last one is the later one.
    fn share(&mut self, other: Self) -> bool {
        let is_newer = other.last > self.last;
        (self.last, self.answered) = (self.last.max(other.last), self.answered.max(other.answered));
        is_newer
    }

    fn shifted(&mut self, by: Millis) {
        for at in [&mut self.last, &mut self.answered] {
            *at = at.map(|at| at + by);
        }
    }
}

impl Expected {
    fn gate(&mut self, endpoint: Endpoint) -> &mut GateLaw {
        match endpoint {
            Endpoint::Usage => &mut self.usage,
            Endpoint::Token => &mut self.token,
        }
    }
}

impl Laws {
    pub fn new(user_settings: UserSettings) -> Self {
        Self {
            now: 0,
            user_settings,
            sign_in: None,
            without_scope: BTreeSet::new(),
            lacks_scope: false,
            absent: false,
            who: Who(0),
            accounts: vec![AccountLaw::new()],
            running: false,
            awake: true,
            saving: true,
            under_way: None,
            permits: 0,
            woke: Woke::default(),
            renewing: Renewing::default(),
            returning: Returning::default(),
            service: false,
            announced: None,
            taken_back: None,
            unsent: None,
            uncome: None,
            misdated: None,
            lines_wait: false,
            lost: None,
            watches: false,
            clock_was_set: false,
        }
    }

    /// Also checks the view and the notifications against every response, all of which it keeps.
    pub fn watching(user_settings: UserSettings) -> Self {
        Self { watches: true, ..Self::new(user_settings) }
    }

    /// Applies an observation made at `at`. Time never goes back.
    ///
    /// # Errors
    /// The law that the observation breaks.
    pub fn observe(&mut self, at: Millis, seen: &Observation) -> Result<(), Broken> {
        self.time_passes(at)?;
        match seen {
            Observation::Tick => {}
            Observation::Settings(user_settings) => self.user_settings = *user_settings,
            Observation::SignIn(sign_in) => {
                self.sign_in = *sign_in;
                self.without_scope.extend(sign_in.filter(|stored| !stored.has_scope).map(|stored| stored.access));
                self.renewing.overwritten = true;
            }
            Observation::Account(who) => self.go_on_as(*who),
            Observation::Renamed { from, into } => self.rename(*from, *into),
            Observation::Ended => self.ended(),
            Observation::CredentialRead { account, settled } => self.credential_read(*account, *settled)?,
            Observation::Beside { from, into } => self.share(*from, *into),
            Observation::Locked(held) => self.locked(*held)?,
            Observation::Wrote(wrote) => self.wrote(*wrote)?,
            Observation::Sent(sent) => self.sent_request(sent)?,
            Observation::Answered { request, meaning } => self.answered(*request, meaning),
            Observation::Saved(kept) => self.kept(kept)?,
            Observation::SessionReading { who, at, said } => self.hear(*who, *at, said),
            Observation::NotKept => self.saving = false,
            Observation::Recorded(recorded) => self.recorded(recorded)?,
            Observation::LinesWait(wait) => self.lines_wait = *wait,
            Observation::Leaked(place) => return broken(15, || format!("part of a token stands in {place}")),
            Observation::Service(there) => self.service = *there,
            Observation::Worded(kind, words) => self.worded(*kind, words)?,
            Observation::Shown(kind) => self.shown(*kind)?,
            Observation::ShownOf(window, told) => self.check_window_notice(window, *told)?,
            Observation::Viewed(view) => self.viewed(view)?,
            Observation::Died => self.died(),
            Observation::Started(found) => self.started(*found)?,
            Observation::ClockSet(by) => {
                self.clock_was_set = true;
                self.clock_set(*by);
            }
            Observation::Rebooted { ahead } => self.rebooted(*ahead),
            Observation::Woke { late } => self.woke(*late),
            Observation::Asleep => self.awake = false,
            Observation::Well(_) | Observation::Renewable(_) => {}
        }
        self.expect_return(seen);
        Ok(())
    }

    /// The account that is polled now.
    fn account(&mut self) -> &mut AccountLaw {
        self.account_of(self.who)
    }

    fn account_of(&mut self, who: Who) -> &mut AccountLaw {
        let at = usize::from(who.0);
        if self.accounts.len() <= at {
            let lost = self.lost;
            self.accounts.resize_with(at + 1, || AccountLaw::since_loss(lost));
        }
        &mut self.accounts[at]
    }

    fn time_passes(&mut self, at: Millis) -> Result<(), Broken> {
        let gone_by = at - self.now;
        self.now = at;
        self.owe_notices(gone_by)?;
        self.expect_back()
    }

    fn go_on_as(&mut self, who: Who) {
        // Notices in progress count as shown when their account is loaded again, which may be at once.
        self.account().cut_off_showing();
        if self.who != who {
            self.account().saved_intents = None;
            self.woke = Woke { at: self.woke.at, ..Woke::default() };
        }
        (self.who, self.lacks_scope) = (who, false);
        self.account();
    }

    fn woke(&mut self, late: bool) {
        self.awake = true;
        if late {
            (self.woke.at, self.woke.grace_from) = (Some(self.now), Some(self.now));
        }
    }
}
