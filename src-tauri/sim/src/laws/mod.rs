//! The laws of asking (`docs/LAWS.md`) as invariants, written once over a stream of [`Observation`]s: the simulation and
//! the model checker hold the same ones.
//!
//! The laws know no core. What they demand they learn from the answers themselves, with figures of their own.

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

use crate::observation::{Kept, Meaning, Millis, Observation, SignIn, TokenId, Who, Wishes};
use gate::GateLaw;
use holdoff_core::Endpoint;
use liveness::Returning;
use notification::Telling;
use renewal::Renewing;
use showing::Showing;
use std::collections::BTreeSet;
use std::fmt;

/// A law that was seen broken.
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

/// All laws, and what they have to remember of what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Laws {
    now: Millis,
    wishes: Wishes,
    sign_in: Option<SignIn>,
    /// Access tokens that were stored without the scope of usage, and whether the account's is one, as read last.
    without_scope: BTreeSet<TokenId>,
    lacks_scope: bool,
    who: Who,
    accounts: Vec<AccountLaw>,
    running: bool,
    awake: bool,
    /// The last save went well.
    saving: bool,
    under_way: Option<UnderWay>,
    /// The number of the last permit.
    permits: u32,
    woke: Woke,
    renewing: Renewing,
    returning: Returning,
    service: bool,
    /// In a line of the ledger, and not sent yet.
    announced: Option<Endpoint>,
    /// In a line of the ledger, and in another one, since when, that it did not leave: not durable in the state yet.
    taken_back: Option<(Endpoint, Millis)>,
    /// Sent, and in no line yet.
    unsent: Option<Endpoint>,
    /// Answered, and in no line yet.
    uncome: Option<(Endpoint, Meaning)>,
    /// A line says that a request may go before it may, by so much.
    misdated: Option<(Endpoint, Millis)>,
    /// What was answered may stand in no line that outlives the process.
    lines_wait: bool,
    /// When all memory was lost: accounts that are met after that may be shut for as long as anything may.
    lost: Option<Millis>,
    /// Whether every answer is kept, which what is shown and notified is held against.
    watches: bool,
    clock_was_set: bool,
}

/// What one account knows, and what of it would outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AccountLaw {
    known: Known,
    kept: Known,
    /// The notes of requests that are durable: when each was made.
    noted: Option<Kept>,
    save: u64,
    /// Something was learned that is not durable.
    unkept: bool,
    /// When the last request for usage left, and the one before: one that did not leave after all is taken back.
    last_left: Option<Millis>,
    before_last: Option<Millis>,
    /// An answer that stands in the ledger and not in the state, and for how long it shuts its gate.
    recalled: Option<(Endpoint, Millis)>,
    /// A request that a process left unanswered, which is still to stand in the ledger.
    orphan: Option<Endpoint>,
    /// What came of it stands there, and it need not stand there again.
    orphan_told: bool,
    showing: Showing,
    /// It does, and that it does is not durable: a process that dies now has it written again.
    settled: Option<Endpoint>,
}

/// What is to be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Known {
    usage: GateLaw,
    token: GateLaw,
    /// There is a reading, and it has windows; the last answer had none.
    reading: bool,
    has_windows: bool,
    is_silent: bool,
    read_at: Millis,
    telling: Telling,
}

/// A request, from when it leaves until what came of it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct UnderWay {
    request: u32,
    endpoint: Endpoint,
    token: TokenId,
    left: Millis,
    re_ask: bool,
    answered: bool,
    /// When it was.
    came: Millis,
    /// It was answered with 401, and the sign-in is to be read again.
    checking: bool,
}

/// What waking excuses and demands (law 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Woke {
    at: Option<Millis>,
    /// The same, for the account that was polled then: another does not know that the machine slept.
    grace_from: Option<Millis>,
    grace_used: bool,
}

impl AccountLaw {
    fn new() -> Self {
        let known = Known {
            usage: GateLaw::new(Endpoint::Usage),
            token: GateLaw::new(Endpoint::Token),
            reading: false,
            has_windows: false,
            is_silent: false,
            read_at: 0,
            telling: Telling::default(),
        };
        Self {
            known,
            kept: known,
            noted: None,
            save: 0,
            unkept: false,
            last_left: None,
            before_last: None,
            recalled: None,
            orphan: None,
            orphan_told: false,
            showing: Showing::default(),
            settled: None,
        }
    }
}

impl Known {
    fn gate(&mut self, endpoint: Endpoint) -> &mut GateLaw {
        match endpoint {
            Endpoint::Usage => &mut self.usage,
            Endpoint::Token => &mut self.token,
        }
    }
}

impl Laws {
    pub fn new(wishes: Wishes) -> Self {
        Self {
            now: 0,
            wishes,
            sign_in: None,
            without_scope: BTreeSet::new(),
            lacks_scope: false,
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

    /// Also holds what is shown and notified against every answer that came, for which all of them are kept.
    pub fn watching(wishes: Wishes) -> Self {
        Self { watches: true, ..Self::new(wishes) }
    }

    /// Takes in what was seen at `at`, which never goes back.
    ///
    /// # Errors
    /// The law that this breaks.
    pub fn observe(&mut self, at: Millis, seen: &Observation) -> Result<(), Broken> {
        self.time_passes(at)?;
        match seen {
            Observation::Tick => {}
            Observation::Settings(wishes) => self.wishes = *wishes,
            Observation::SignIn(sign_in) => {
                self.sign_in = *sign_in;
                self.without_scope.extend(sign_in.filter(|stored| !stored.has_scope).map(|stored| stored.access));
                self.renewing.overwritten = true;
            }
            Observation::Account(who) => self.go_on_as(*who),
            Observation::Renamed { from, into } => self.rename(*from, *into),
            Observation::Ended => self.ended(),
            Observation::Looked { whose, settled } => self.looked(*whose, *settled)?,
            Observation::Beside { from, into } => self.share(*from, *into),
            Observation::Locked(held) => self.locked(*held)?,
            Observation::Wrote(wrote) => self.wrote(*wrote)?,
            Observation::Left(left) => self.left(left)?,
            Observation::Answered { request, meaning } => self.answered(*request, meaning),
            Observation::Kept(kept) => self.kept(kept)?,
            Observation::Told { who, at, said } => self.hear(*who, *at, said),
            Observation::NotKept => self.saving = false,
            Observation::Recorded(recorded) => self.recorded(recorded)?,
            Observation::LinesWait(wait) => self.lines_wait = *wait,
            Observation::Leaked(place) => return broken(15, || format!("part of a token stands in {place}")),
            Observation::Service(there) => self.service = *there,
            Observation::Worded(kind, words) => self.worded(*kind, words)?,
            Observation::Shown(kind) => self.shown(*kind)?,
            Observation::ShownOf(window, told) => self.told_of(window, *told)?,
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

    /// The account that is polled.
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
        // What was being shown counts as shown when its account is taken up again, which may be at once.
        self.account().cut_off_showing();
        if self.who != who {
            self.account().noted = None;
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
