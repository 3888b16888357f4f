//! What the laws require of one gate, derived from the responses alone: laws 2, 3, 6 and 10.

use super::{Broken, broken};
use crate::laws::constants::{
    Doubling, NETWORK, RETRY_AFTER_MOST, SERVER, STRIKES, TOKEN_LIMIT, TURNED_AWAY, TURNED_AWAY_AFTER, USAGE_LIMIT,
    jittered,
};
use crate::observation::{GateStatus, Meaning, Millis, SECOND, TokenId};
use holdoff_core::Endpoint;

/// The required state of one gate of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GateLaw {
    endpoint: Endpoint,
    /// 429s since the last success.
    strikes: u32,
    /// Consecutive 429s from the provider's edge.
    edge_refusals: u32,
    /// `troubles`: failed responses since then. `silences`: requests without any response.
    troubles: u32,
    silences: u32,
    /// 401s and 403s without a scope since then.
    rejections: u32,
    /// The gate stays closed until `least`, and no longer than until `most`.
    pub(super) least: Millis,
    pub(super) most: Millis,
    pub(super) why: Why,
    /// The earliest opening that the ledger proves once all other state is lost.
    told: Millis,
    /// No request is sent with this token, and none at all until another token is seen.
    pub(super) paused: Option<TokenId>,
    /// The pause comes from an intent whose request was never sent, so the gate need not be paused.
    moot: bool,
    /// The pause comes from the stored sign-in; no request was sent with it.
    unsent: bool,
    /// The token that was answered with 401, while the one repeated request with another token is still available.
    pub(super) re_ask: Option<TokenId>,
}

/// Which law closes a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Why {
    Nothing,
    Limited,
    /// A refresh token may have been spent.
    Doubtful,
    Trouble,
    /// The process ended before the answer came.
    Unanswered,
    /// The state was lost.
    Lost,
}

impl Why {
    pub(super) fn law(self) -> u8 {
        match self {
            Why::Limited => 2,
            Why::Doubtful => 8,
            Why::Nothing | Why::Trouble => 10,
            Why::Unanswered | Why::Lost => 13,
        }
    }
}

/// Whether the request reached the endpoint itself.
fn is_of_the_endpoint(meaning: &Meaning) -> bool {
    matches!(
        meaning,
        Meaning::Limited { .. }
            | Meaning::Unauthorized
            | Meaning::NotAllowed
            | Meaning::MissingScope
            | Meaning::Forbidden
    )
}

impl GateLaw {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            strikes: 0,
            edge_refusals: 0,
            troubles: 0,
            silences: 0,
            rejections: 0,
            least: 0,
            most: 0,
            why: Why::Nothing,
            told: 0,
            paused: None,
            moot: false,
            unsent: false,
            re_ask: None,
        }
    }

    fn limit(&self) -> Doubling {
        match self.endpoint {
            Endpoint::Usage => USAGE_LIMIT,
            Endpoint::Token => TOKEN_LIMIT,
        }
    }

    /// Applies a response. `forgiven`: it came just after waking (law 12). A 401 allows one request with another
    /// token, unless it answered such a request itself.
    pub(super) fn learn(&mut self, at: Millis, meaning: &Meaning, carried: TokenId, was_re_ask: bool, forgiven: bool) {
        self.re_ask = None;
        if is_of_the_endpoint(meaning) {
            self.edge_refusals = 0;
        }
        match meaning {
            Meaning::Reading { .. } => self.succeed(),
            Meaning::AtEdge => {
                self.strikes += 1;
                self.edge_refusals += 1;
                (self.troubles, self.silences) = (0, 0);
                let turned_away = self.edge_refusals >= TURNED_AWAY_AFTER;
                let wait = if turned_away { TURNED_AWAY } else { self.limit().after(self.strikes) };
                self.shut(at, wait, None, Why::Limited);
            }
            Meaning::Limited { retry_after } => {
                self.strikes += 1;
                (self.troubles, self.silences) = (0, 0);
                self.shut(at, self.limit().after(self.strikes), *retry_after, Why::Limited);
            }
            Meaning::Trouble { retry_after } => self.trouble(at, *retry_after),
            Meaning::Unreadable | Meaning::Denied => self.trouble(at, None),
            Meaning::NotSent if forgiven => self.shut(at, NETWORK.after(1), None, Why::Trouble),
            Meaning::NotSent => self.silence(at),
            Meaning::Lost if self.endpoint == Endpoint::Token => self.trouble(at, None),
            Meaning::Lost => self.silence(at),
            Meaning::Unauthorized => {
                self.re_ask = (!was_re_ask).then_some(carried);
                self.reject(at, carried);
            }
            Meaning::Forbidden => self.reject(at, carried),
            Meaning::MissingScope | Meaning::NotAllowed => {
                (self.troubles, self.silences) = (0, 0);
                self.pause(at, carried);
            }
            Meaning::UnusableTokens => self.pause(at, carried),
            // Their effect is known only after the sign-in is read again.
            Meaning::Refused | Meaning::Renewed { .. } => {}
        }
    }

    pub(super) fn succeed(&mut self) {
        let (paused, unsent) = (self.lacking(), self.unsent);
        *self = Self { paused, unsent, ..Self::new(self.endpoint) };
    }

    /// The stored token that lacks the usage scope. Only another token ends that pause: a response that came after it was
    /// read answers a request with the token before.
    pub(super) fn lacking(&self) -> Option<TokenId> {
        self.paused.filter(|_| self.unsent)
    }

    fn trouble(&mut self, at: Millis, retry_after: Option<Millis>) {
        self.troubles += 1;
        self.silences = 0;
        let (wait, why) = match self.endpoint {
            Endpoint::Usage => (SERVER.after(self.troubles), Why::Trouble),
            // The token may have been spent: wait as long as after a 429 (law 8).
            Endpoint::Token => (TOKEN_LIMIT.after(self.strikes + self.troubles), Why::Doubtful),
        };
        self.shut(at, wait, retry_after, why);
    }

    fn silence(&mut self, at: Millis) {
        self.silences += 1;
        self.shut(at, NETWORK.after(self.silences), None, Why::Trouble);
    }

    fn shut(&mut self, at: Millis, wait: Millis, retry_after: Option<Millis>, why: Why) {
        let wait = wait.max(retry_after.unwrap_or(0).min(RETRY_AFTER_MOST));
        (self.least, self.most, self.why) = (at + wait, at + jittered(wait), why);
    }

    fn reject(&mut self, at: Millis, carried: TokenId) {
        self.rejections += 1;
        (self.troubles, self.silences) = (0, 0);
        if self.rejections >= STRIKES {
            self.pause(at, carried);
        }
    }

    pub(super) fn pause(&mut self, at: Millis, token: TokenId) {
        if self.lacking().is_none() {
            (self.paused, self.moot, self.unsent) = (Some(token), false, false);
        }
        // A cooldown that was already running continues underneath (law 2).
        (self.least, self.most) = (self.least.max(at), self.most.max(at));
    }

    /// The stored sign-in lacks the usage scope. No response says so; every read of the sign-in finds it again.
    pub(super) fn lacks_scope(&mut self, at: Millis, token: TokenId) {
        if self.paused.is_none() {
            self.pause(at, token);
            self.unsent = true;
        }
    }

    /// The refusal was caused by another program that renewed first.
    pub(super) fn reopen(&mut self, at: Millis) {
        (self.least, self.most) = (at, at);
    }

    /// Paused as if the request of the intent had been sent.
    pub(super) fn pause_for_nothing(&mut self, at: Millis, token: TokenId) {
        self.pause(at, token);
        self.moot = true;
    }

    /// A request with another token followed the 401, or the token was replaced: the 401 is no strike.
    pub(super) fn forgive(&mut self) {
        self.rejections = self.rejections.saturating_sub(1);
        if self.rejections < STRIKES {
            self.paused = self.lacking();
        }
    }

    /// A token other than the paused one was seen.
    pub(super) fn seen(&mut self, token: TokenId) {
        if self.paused.is_some_and(|paused| paused != token) {
            self.paused = None;
            self.rejections = 0;
        }
    }

    /// Closed for at least `least` and at most `most`, in addition to what closes the gate already.
    pub(super) fn shut_also(&mut self, least: Millis, most: Millis, why: Why) {
        if least > self.least {
            (self.least, self.why) = (least, why);
        }
        if why != Why::Lost {
            self.told = self.told.max(least);
        }
        self.most = self.most.max(most);
    }

    /// What the process learned too late to save may still be in the ledger.
    pub(super) fn could_be_shut(&mut self, most: Millis) {
        self.most = self.most.max(most);
    }

    pub(super) fn may_open_sooner(&mut self, by: Millis) {
        self.least -= by;
        self.told = self.told.min(self.least);
    }

    pub(super) fn shifted(&mut self, by: Millis) {
        self.least += by;
        self.told += by;
        self.most += by;
    }

    /// The state was lost; only the ledger says that the gate is closed. A pause becomes the longest wait. Time that
    /// was itself due to an earlier loss is in no ledger entry and cannot be recovered.
    pub(super) fn forget(&mut self, at: Millis, longest: Millis) {
        let told = if self.why == Why::Lost { self.told } else { self.least };
        let least = if self.paused.is_some() && !self.moot && !self.unsent { at + longest } else { told };
        let most = self.most.max(at + jittered(longest));
        *self = Self { least, most, told, why: Why::Lost, ..Self::new(self.endpoint) };
    }

    /// Applies the state of another organization of the same login.
    pub(super) fn share(&mut self, other: &Self, is_newer: bool) {
        if is_newer {
            self.strikes = other.strikes;
        }
        if matches!(other.why, Why::Limited | Why::Unanswered | Why::Lost) {
            self.shut_also(other.least, other.most, other.why);
        }
        self.could_be_shut(other.most);
    }

    /// One account under two names: what closes either gate closes both.
    pub(super) fn merge(&mut self, other: &Self) {
        self.strikes = self.strikes.max(other.strikes);
        self.edge_refusals = self.edge_refusals.max(other.edge_refusals);
        self.shut_also(other.least, other.most, other.why);
        self.told = self.told.max(other.told);
        if other.paused.is_some() {
            (self.paused, self.unsent) = (other.paused, other.unsent);
        }
    }

    /// Compares the durable state with the required one.
    pub(super) fn check_kept(&mut self, at: Millis, status: GateStatus) -> Result<(), Broken> {
        if self.moot && status != GateStatus::Paused {
            (self.paused, self.moot) = (None, false);
        }
        let name = match self.endpoint {
            Endpoint::Usage => "usage",
            Endpoint::Token => "token",
        };
        match (status, self.paused) {
            (GateStatus::Paused, Some(_)) => Ok(()),
            (GateStatus::Paused, None) => broken(6, || format!("the {name} gate is paused, and nothing was refused")),
            (GateStatus::Open | GateStatus::Until(_), Some(token)) => {
                broken(6, || format!("the {name} gate is not paused, though token {} was refused", token.0))
            }
            (GateStatus::Open, None) if self.least > at => {
                let left = (self.least - at) / SECOND;
                broken(self.why.law(), || {
                    format!("the {name} gate is open, {left} s before it may be ({:?})", self.why)
                })
            }
            (GateStatus::Until(until), None) if until < self.least && at < self.least => {
                let early = (self.least - until) / SECOND;
                broken(self.why.law(), || format!("the {name} gate is to open {early} s early ({:?})", self.why))
            }
            (GateStatus::Until(until), None) if until > self.most.max(at) => {
                let late = (until - self.most.max(at)) / SECOND;
                broken(3, || format!("the {name} gate is to open {late} s later than it has to ({:?})", self.why))
            }
            (GateStatus::Open | GateStatus::Until(_), None) => Ok(()),
        }
    }
}
