//! Recovers gates from the ledger if the state is behind or missing.
//!
//! The ledger entry of an answer is written before the state that follows from it. So the ledger is ahead of a state whose
//! save was interrupted, whose newer file is damaged, or that was restored from an older copy. If no state can be read, the
//! ledger is all there is.

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

/// Older entries no longer close any gate.
pub const SPAN: Duration = policy::LONGEST_COOLDOWN;

/// The last ledger event of each gate of each account, as of startup.
#[derive(Debug, Clone, Default)]
pub struct GateRecovery {
    words: Vec<LastEvent>,
    /// Timestamps of the entries that were read, to find the last one that a state includes. Order decides which entries
    /// are newer, not time: the clock may have been set between two of them.
    lines: Vec<Wall>,
    loss: Option<StateLoss>,
    /// Accounts with saved state. The other seats of their logins learn from that state.
    kept: BTreeSet<AccountId>,
}

#[derive(Debug, Clone)]
struct LastEvent {
    account: String,
    endpoint: Endpoint,
    at: Wall,
    /// Index of the entry in the ledger.
    order: usize,
    /// When the gate opens, on the clock that nobody can set; `None` if only a new sign-in helped.
    until: Option<Moment>,
    /// When the spacing after this event ends.
    spaced: Moment,
    /// The request left, and no answer is known.
    unanswered: bool,
    /// It was answered without spending the refresh token.
    unspent: bool,
    renewed: bool,
}

impl StateLoss {
    /// A loss found at `now`, with the ledger entries from oldest to newest. All waits are counted from now, since nothing
    /// shows how the clock was changed since.
    pub fn found(entries: &[LedgerEntry], now: Moment) -> Self {
        let words = LastEvent::last(entries, |until, at| whole(until, at, now));
        let longest = now.plus(SPAN);
        // No reading since a renewal: the tokens may belong to another account, and the pause for that is lost.
        let doubtful = |usage: &LastEvent| {
            usage.endpoint == Endpoint::Usage
                && words.iter().any(|word| word.renewed && word.account == usage.account && word.order > usage.order)
        };
        let remembered = |endpoint: Endpoint| {
            let words = words.iter().filter(|word| word.endpoint == endpoint);
            // A pause does not end by time, so it becomes the longest possible wait, however long ago it began.
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
    /// `entries` are ordered from oldest to newest, as read at startup.
    pub fn new(entries: &[LedgerEntry], loss: Option<StateLoss>, now: Moment) -> Self {
        // At most the full length from now: a clock that was set back must not lengthen it.
        let left = |until: Wall, at| now.plus(until.since(now.wall)).sooner(whole(until, at, now));
        let lines = entries.iter().map(|entry| entry.at).collect();
        Self { words: LastEvent::last(entries, left), lines, loss, kept: BTreeSet::new() }
    }

    /// Closes the gates of all saved accounts where the ledger is ahead, and shares cooldowns between seats of a login.
    pub fn remind_all(&mut self, state: &mut State, now: Moment) {
        for (id, account) in &mut state.accounts {
            self.remind_known(id, account, now);
        }
        state.share_gates(now);
        self.kept = state.accounts.keys().cloned().collect();
    }

    /// The same for one account.
    pub fn remind_known(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in account.gates.iter_mut() {
            let until = self.missed(self.word(id, gate.endpoint), gate, now);
            self.hold(id, gate, until, now);
        }
    }

    /// Closes the gates of an account without saved state, as the ledger says or for as long as they might have been
    /// closed.
    pub fn remind(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in account.gates.iter_mut() {
            let until = match &self.loss {
                Some(loss) => Some(loss.until(id, gate.endpoint)),
                None => self.missed(self.word_of_login(id, gate.endpoint), gate, now),
            };
            self.hold(id, gate, until, now);
            // Existing entries are not news, not even those that are read again after the clock was set back.
            gate.told = gate.told.or(self.lines.last().copied());
        }
    }

    fn hold(&self, id: &AccountId, gate: &mut Gate, until: Option<Moment>, now: Moment) {
        // The answer to the recorded intent is known after all. Otherwise the intent would be resolved as unanswered, which
        // would pause renewal until there is another sign-in.
        let answer = self.word(id, gate.endpoint).filter(|word| word.unspent && is_noted(word, gate));
        if gate.spending.is_some() && answer.is_some_and(|word| self.newer_than_state(word, gate)) {
            gate.last_request = gate.intent.or(gate.last_request);
            gate.withdraw();
        }
        if let Some(until) = until.filter(|until| until.is_after(now)) {
            gate.shut_until(Cooldown::MemoryLost, now, until);
        }
        // The entry is included now, so it is not news at the next start.
        gate.told = self.word(id, gate.endpoint).map(|word| word.at).or(gate.told);
    }

    fn word(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        self.words.iter().find(|word| word.endpoint == endpoint && word.account == id.0)
    }

    /// The last event of any seat of the login that has no saved state. It closes the gate of a new seat.
    fn word_of_login(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        let is_kept = |word: &LastEvent| self.kept.iter().any(|kept| kept.0 == word.account);
        let words = self.words.iter().filter(|word| word.endpoint == endpoint && is_of_login(&word.account, id));
        let words = words.filter(|word| !is_kept(word));
        words.max_by_key(|word| word.order)
    }

    /// Until when an answer that the state does not include closes the gate.
    fn missed(&self, word: Option<&LastEvent>, gate: &Gate, now: Moment) -> Option<Moment> {
        let word = word.filter(|word| self.newer_than_state(word, gate))?;
        if word.unanswered && is_noted(word, gate) {
            return None;
        }
        // A rejection only causes spacing. Whether it paused the account is lost, and the next rejection will show it.
        let until = word.until.unwrap_or(word.spaced);
        until.is_after(gate.waits_until(now)).then_some(until)
    }

    /// Whether the event is after the last entry that the state includes. That entry may be missing if it is old or could
    /// not be written. Then the clock decides, or whether the event belongs to the recorded intent.
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

/// Whether the event belongs to the recorded intent, which the gate resolves itself. Events of an earlier request are at
/// least one spacing earlier.
fn is_noted(word: &LastEvent, gate: &Gate) -> bool {
    gate.intent
        .is_some_and(|at| word.at >= at.wall && word.at.since(at.wall) < gate.provider.policy(gate.endpoint).spacing)
}

impl LastEvent {
    /// The last event of each gate.
    fn last(entries: &[LedgerEntry], left: impl Fn(Wall, Wall) -> Moment) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for word in entries.iter().enumerate().filter_map(|(order, entry)| Self::of(entry, order, &left)) {
            words.retain(|older| older.endpoint != word.endpoint || older.account != word.account);
            words.push(word);
        }
        words
    }

    /// `left` converts the end of a cooldown, and the time it was recorded, to the current boot clock.
    fn of(entry: &LedgerEntry, order: usize, left: impl Fn(Wall, Wall) -> Moment) -> Option<Self> {
        let endpoint = entry.endpoint.of_account()?;
        let policy = Provider::of_account(&entry.account).unwrap_or_default().policy(endpoint);
        let spaced = entry.at.plus(policy.spacing);
        let (until, unanswered) = match &entry.event {
            // The entry of the request itself says the same.
            LedgerEvent::Withheld { .. } | LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, .. } => {
                return None;
            }
            LedgerEvent::Sent { .. } => (Some(entry.at.plus(unanswered(endpoint, policy))), true),
            LedgerEvent::Completed { outcome, .. } if rejects(*outcome) => (None, false),
            // The next scheduled poll is not a cooldown.
            LedgerEvent::Completed { outcome: OutcomeKind::Reading | OutcomeKind::Renewed, .. } => {
                (Some(spaced), false)
            }
            // Nothing left, so no spacing is needed.
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

/// The original length of a wait counted from now, capped to the longest possible one.
fn whole(until: Wall, at: Wall, now: Moment) -> Moment {
    now.plus(until.since(at).min(SPAN))
}

/// How long an unanswered request closes its gate. An unanswered renewal may have spent its token.
fn unanswered(endpoint: Endpoint, policy: &EndpointPolicy) -> Duration {
    match endpoint {
        Endpoint::Usage => policy.unanswered(),
        Endpoint::Token => SPAN,
    }
}

/// Outcomes after which the refresh token is not sent again.
fn spends(outcome: OutcomeKind) -> bool {
    matches!(outcome, OutcomeKind::Renewed | OutcomeKind::Unanswered) || rejects(outcome)
}

/// Outcomes after which only a new sign-in helps, at the latest at the third one.
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
