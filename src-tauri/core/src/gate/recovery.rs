//! What the ledger still knows of the gates, for when the state does not.
//!
//! The line of an answer is in the ledger before the state that follows from it is saved. So the ledger is ahead of a
//! state whose save was cut off, whose newer file is damaged, or that came back from an older copy; and it is all there
//! is where no state can be read.

use super::state_loss::{Remembered, StateLoss};
use crate::gate::policy::{self, EndpointPolicy};
use crate::gate::{Cooldown, Gate};
use crate::providers::Provider;
use crate::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind};
use crate::request::Endpoint;
use crate::state::{AccountId, AccountState, State};
use crate::time::{Moment, Wall};
use std::collections::BTreeSet;
use std::time::Duration;

/// What older entries say holds nothing shut any more.
pub const SPAN: Duration = policy::LONGEST_COOLDOWN;

/// The last word of the ledger on each gate of each account, as it stood at a start.
#[derive(Debug, Clone, Default)]
pub struct GateRecovery {
    words: Vec<LastEvent>,
    /// When each of the lines was written that are read back: for finding the one that a state knows of. Which are newer
    /// than that is told by their order and not by their times, for the clock may have been set between two of them.
    lines: Vec<Wall>,
    loss: Option<StateLoss>,
    /// The accounts that are kept: what they were told, the other seats of their logins learn from them.
    kept: BTreeSet<AccountId>,
}

#[derive(Debug, Clone)]
struct LastEvent {
    account: String,
    endpoint: Endpoint,
    at: Wall,
    /// Where among the lines it stands.
    order: usize,
    /// Until when it shuts the gate, on the clock that nobody can set; `None` where only another sign-in helped.
    until: Option<Moment>,
    /// Until when the next request keeps its distance.
    spaced: Moment,
    /// It left, and no answer to it is known of.
    unanswered: bool,
    /// It was answered so that its token is of use as before.
    unspent: bool,
    renewed: bool,
}

impl StateLoss {
    /// The loss is found at `now`, and the ledger says this, from the oldest line to the newest. Each wait that it tells of
    /// counts from now: nothing is left that knows what was done to the clock since.
    pub fn found(entries: &[LedgerEntry], now: Moment) -> Self {
        let words = LastEvent::last(entries, |until, at| whole(until, at, now));
        let longest = now.plus(SPAN);
        // No reading since a renewal: its tokens may be another account's, and the pause that this was is lost.
        let doubtful = |usage: &LastEvent| {
            usage.endpoint == Endpoint::Usage
                && words.iter().any(|word| word.renewed && word.account == usage.account && word.order > usage.order)
        };
        let remembered = |endpoint: Endpoint| {
            let words = words.iter().filter(|word| word.endpoint == endpoint);
            // A pause has no end that time brings: it becomes the longest wait there is, however long ago it began.
            let ends = words.clone().map(|word| word.until.filter(|_| !doubtful(word)).unwrap_or(longest));
            Remembered {
                accounts: words.map(|word| word.account.clone()).collect(),
                until: ends.fold(now, Moment::later),
            }
        };
        Self { longest, usage: remembered(Endpoint::Usage), token: remembered(Endpoint::Token) }
    }
}

impl GateRecovery {
    /// `entries` from the oldest to the newest, as they are found at a start.
    pub fn new(entries: &[LedgerEntry], loss: Option<StateLoss>, now: Moment) -> Self {
        // At most the whole length from now: a clock that was set back must not lengthen it.
        let left = |until: Wall, at| now.plus(until.since(now.wall)).sooner(whole(until, at, now));
        let lines = entries.iter().map(|entry| entry.at).collect();
        Self { words: LastEvent::last(entries, left), lines, loss, kept: BTreeSet::new() }
    }

    /// Shuts the gates of all that is kept for as long as the ledger knows better, and for as long as another seat of the
    /// login was told.
    pub fn remind_all(&mut self, state: &mut State, now: Moment) {
        for (id, account) in &mut state.accounts {
            self.remind_known(id, account, now);
        }
        state.share_gates(now);
        self.kept = state.accounts.keys().cloned().collect();
    }

    /// The same for one account.
    pub fn remind_known(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in [&mut account.usage, &mut account.token] {
            let until = self.missed(self.word(id, gate.endpoint), gate, now);
            self.hold(id, gate, until, now);
        }
    }

    /// Shuts the gates of an account of which nothing is kept for as long as the ledger knows, or as long as it might
    /// have been shut.
    pub fn remind(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in [&mut account.usage, &mut account.token] {
            let until = match &self.loss {
                Some(loss) => Some(loss.until(id, gate.endpoint)),
                None => self.missed(self.word_of_login(id, gate.endpoint), gate, now),
            };
            self.hold(id, gate, until, now);
            // What there is already is no news, not even what is only read back once the clock was set back.
            gate.told = gate.told.or(self.lines.last().copied());
        }
    }

    fn hold(&self, id: &AccountId, gate: &mut Gate, until: Option<Moment>, now: Moment) {
        // What came of the noted request is known after all: it need not be settled as if it were not, which would pause
        // a renewal until there is another sign-in.
        let answer = self.word(id, gate.endpoint).filter(|word| word.unspent && is_noted(word, gate));
        if gate.spending.is_some() && answer.is_some_and(|word| self.newer_than_state(word, gate)) {
            gate.last_request = gate.intent.or(gate.last_request);
            gate.withdraw();
        }
        if let Some(until) = until.filter(|until| until.is_after(now)) {
            gate.shut_until(Cooldown::MemoryLost, now, until);
        }
        // Now it is known, and no news at the next start.
        gate.told = self.word(id, gate.endpoint).map(|word| word.at).or(gate.told);
    }

    fn word(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        self.words.iter().find(|word| word.endpoint == endpoint && word.account == id.0)
    }

    /// What was said to any seat of the login shuts it for a new one, if nobody else knows of it.
    fn word_of_login(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        let is_kept = |word: &LastEvent| self.kept.iter().any(|kept| kept.0 == word.account);
        let words = self.words.iter().filter(|word| word.endpoint == endpoint && is_of_login(&word.account, id));
        let words = words.filter(|word| !is_kept(word));
        words.max_by_key(|word| word.order)
    }

    /// Until when an answer shuts the gate that the state has not learned.
    fn missed(&self, word: Option<&LastEvent>, gate: &Gate, now: Moment) -> Option<Moment> {
        let word = word.filter(|word| self.newer_than_state(word, gate))?;
        if word.unanswered && is_noted(word, gate) {
            return None;
        }
        // A rejection is only spaced: whether it paused the account is what was lost, and the next one tells.
        let until = word.until.unwrap_or(word.spaced);
        until.is_after(gate.waits_until(now)).then_some(until)
    }

    /// Whether it stands after the last line that the state knows of. That line may be missing, where it is long past, or the
    /// ledger could not be written: then the clock has to tell, or that it is of the request that was noted.
    fn newer_than_state(&self, word: &LastEvent, gate: &Gate) -> bool {
        let Some(told) = gate.told.or(gate.last_request.map(|last| last.wall)) else {
            return true;
        };
        match self.lines.iter().rposition(|at| *at == told) {
            Some(known) => word.order > known,
            None => word.at > told || is_noted(word, gate),
        }
    }
}

fn is_of_login(account: &str, id: &AccountId) -> bool {
    AccountId(account.to_owned()).login() == id.login()
}

/// Whether it is of the request whose intent was noted, which the gate settles by itself. That of an earlier one is
/// further back than any two requests are apart.
fn is_noted(word: &LastEvent, gate: &Gate) -> bool {
    gate.intent
        .is_some_and(|at| word.at >= at.wall && word.at.since(at.wall) < gate.provider.policy(gate.endpoint).spacing)
}

impl LastEvent {
    /// The last one on each gate.
    fn last(entries: &[LedgerEntry], left: impl Fn(Wall, Wall) -> Moment) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for word in entries.iter().enumerate().filter_map(|(order, entry)| Self::of(entry, order, &left)) {
            words.retain(|older| older.endpoint != word.endpoint || older.account != word.account);
            words.push(word);
        }
        words
    }

    /// `left` is until when that shuts which was said at one time and holds until another.
    fn of(entry: &LedgerEntry, order: usize, left: impl Fn(Wall, Wall) -> Moment) -> Option<Self> {
        let endpoint = entry.endpoint.of_account()?;
        let policy = Provider::of_account(&entry.account).unwrap_or_default().policy(endpoint);
        let spaced = entry.at.plus(policy.spacing);
        let (until, unanswered) = match &entry.event {
            // That of the request itself says the same.
            LedgerEvent::Withheld { .. } | LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, .. } => {
                return None;
            }
            LedgerEvent::Sent { .. } => (Some(entry.at.plus(unanswered(endpoint, policy))), true),
            LedgerEvent::Completed { outcome, .. } if rejects(*outcome) => (None, false),
            // When it is wished for next is no cooldown.
            LedgerEvent::Completed { outcome: OutcomeKind::Reading | OutcomeKind::Renewed, .. } => {
                (Some(spaced), false)
            }
            // It did not leave: there is no distance to keep from it.
            LedgerEvent::Completed { outcome: OutcomeKind::Unreachable, .. } => (entry.next_at, false),
            LedgerEvent::Completed { .. } => (entry.next_at.map(|next| next.max(spaced)), false),
        };
        let left = |until| left(until, entry.at);
        Some(Self {
            account: entry.account.clone(),
            endpoint,
            at: entry.at,
            order,
            until: until.map(left),
            spaced: left(spaced),
            unanswered,
            unspent: matches!(&entry.event, LedgerEvent::Completed { outcome, .. } if !spends(*outcome)),
            renewed: matches!(entry.event, LedgerEvent::Completed { outcome: OutcomeKind::Renewed, .. }),
        })
    }
}

/// As long again as it was from the first, but for a wait that is too long to be one.
fn whole(until: Wall, at: Wall, now: Moment) -> Moment {
    now.plus(until.since(at).min(SPAN))
}

/// How long a request without an answer shuts its gate. A renewal without one may have spent its token.
fn unanswered(endpoint: Endpoint, policy: &EndpointPolicy) -> Duration {
    match endpoint {
        Endpoint::Usage => policy.unanswered(),
        Endpoint::Token => SPAN,
    }
}

/// After these, a refresh token is not shown again.
fn spends(outcome: OutcomeKind) -> bool {
    matches!(outcome, OutcomeKind::Renewed | OutcomeKind::Unanswered) || rejects(outcome)
}

/// After these, only another sign-in helps, at the latest the third time.
fn rejects(outcome: OutcomeKind) -> bool {
    match outcome {
        OutcomeKind::Unauthorized
        | OutcomeKind::MissingScope
        | OutcomeKind::Forbidden
        | OutcomeKind::GrantRefused
        | OutcomeKind::Wasted => true,
        OutcomeKind::Reading
        | OutcomeKind::Release
        | OutcomeKind::Package
        | OutcomeKind::RateLimited
        | OutcomeKind::ServerTrouble
        | OutcomeKind::Unreachable
        | OutcomeKind::Ambiguous
        | OutcomeKind::Unreadable
        | OutcomeKind::Renewed
        | OutcomeKind::Denied
        | OutcomeKind::Unanswered => false,
    }
}

#[cfg(test)]
mod tests;
