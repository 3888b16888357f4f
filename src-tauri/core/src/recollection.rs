//! What the ledger still knows of the gates, for when the state does not.
//!
//! The line of an answer is in the ledger before the state that follows from it is saved. So the ledger is ahead of a
//! state whose save was cut off, whose newer file is damaged, or that came back from an older copy; and it is all there
//! is where no state can be read.

use crate::gate::{Cooldown, Gate};
use crate::ledger::{Entry, Happened, OutcomeKind};
use crate::policy;
use crate::request::Endpoint;
use crate::state::{AccountId, AccountState, State};
use crate::time::{Moment, Wall};
use std::time::Duration;

/// What older entries say holds nothing shut any more.
pub const SPAN: Duration = policy::LONGEST_COOLDOWN;

/// The last word of the ledger on each gate of each account.
#[derive(Debug, Clone, Default)]
pub struct Recollection {
    words: Vec<Word>,
    lost: Option<Loss>,
}

/// No state could be read, though there was one.
#[derive(Debug, Clone)]
struct Loss {
    at: Moment,
    /// The last words from before it.
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    account: String,
    endpoint: Endpoint,
    at: Wall,
    /// `None` where only another sign-in helped.
    until: Option<Wall>,
    /// It left, and no answer to it is known of.
    unanswered: bool,
}

impl Recollection {
    /// `entries` from the oldest to the newest. `lost` says when there was a state and none of it could be read.
    pub fn new(entries: &[Entry], lost: Option<Moment>, now: Moment) -> Self {
        let lost = lost.filter(|at| now.since(*at) < SPAN).map(|at| {
            // Where it was only now, all lines are from before, whatever was done to the clock.
            let before = entries.iter().filter(|entry| at == now || entry.at <= at.wall);
            Loss { at, words: Word::last(before) }
        });
        let words = Word::last(entries.iter());
        Self { words, lost }
    }

    /// Shuts the gates of all that is kept for as long as the ledger knows better.
    pub fn remind_all(&self, state: &mut State, now: Moment) {
        for (id, account) in &mut state.accounts {
            for gate in [&mut account.usage, &mut account.token] {
                let left = self.missed(id, gate, now);
                self.hold(id, gate, left, now);
            }
        }
    }

    /// Shuts the gates of an account of which nothing is kept for as long as the ledger knows, or as long as it might
    /// have been shut.
    pub fn remind(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in [&mut account.usage, &mut account.token] {
            let left = match &self.lost {
                Some(loss) => self.after_loss(loss, id, gate.endpoint, now),
                None => self.missed(id, gate, now),
            };
            self.hold(id, gate, left, now);
        }
    }

    fn hold(&self, id: &AccountId, gate: &mut Gate, left: Duration, now: Moment) {
        if !left.is_zero() {
            gate.shut_until(Cooldown::MemoryLost, now, now.plus(left));
        }
        // Now it is known, and no news at the next start.
        gate.told = self.word(id, gate.endpoint).map(|word| word.at).or(gate.told);
    }

    fn word(&self, id: &AccountId, endpoint: Endpoint) -> Option<&Word> {
        self.words.iter().find(|word| word.endpoint == endpoint && word.account == id.0)
    }

    /// Whatever was said to any account, for its name may have been lost too; and where nothing is known of this one, as
    /// long as the longest wait that is ever honoured: it may have been paused for longer than the ledger is read back.
    /// An account that is met days after the loss waits for nothing.
    fn after_loss(&self, loss: &Loss, id: &AccountId, endpoint: Endpoint, now: Moment) -> Duration {
        let longest = SPAN.saturating_sub(now.since(loss.at));
        let words = loss.words.iter().filter(|word| word.endpoint == endpoint);
        // A pause has no end that time brings: it becomes the longest wait there is, however long ago it began.
        let left = |word: &Word| word.until.map_or(longest, |until| word.left(until, now.wall));
        let unknown = if words.clone().any(|word| word.account == id.0) { Duration::ZERO } else { longest };
        words.map(left).max().unwrap_or_default().max(unknown)
    }

    /// What the state has not learned: an answer that is newer than the last one it knows of.
    fn missed(&self, id: &AccountId, gate: &Gate, now: Moment) -> Duration {
        let word = self.word(id, gate.endpoint);
        // Of all lines, only the last is held against it: the clock may have been set between two of them.
        let newer = word.filter(|word| match gate.told {
            Some(told) => told != word.at,
            None => gate.last_request.is_none_or(|last| last.wall < word.at),
        });
        // The gate settles the intent of that request by itself. That of an earlier one is further back than any two
        // requests are apart.
        let noted = |word: &&Word| gate.intent.is_some_and(|at| word.at.since(at.wall) < policy::MIN_SPACING);
        let unknown = newer.filter(|word| !(word.unanswered && noted(word)));
        // A rejection is only spaced: whether it paused the account is what was lost, and the next one tells.
        let left = unknown.map(|word| word.left(word.until.unwrap_or(word.at.plus(policy::MIN_SPACING)), now.wall));
        left.filter(|left| gate.opens(now).is_some_and(|opens| now.plus(*left).is_after(opens))).unwrap_or_default()
    }
}

impl Word {
    /// The last one on each gate.
    fn last<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for word in entries.filter_map(Self::of) {
            words.retain(|older| older.endpoint != word.endpoint || older.account != word.account);
            words.push(word);
        }
        words
    }

    fn of(entry: &Entry) -> Option<Self> {
        let (until, unanswered) = match &entry.event {
            Happened::Withheld { .. } => return None,
            Happened::Sent { .. } => (Some(entry.at.plus(unanswered(entry.endpoint))), true),
            Happened::Came { outcome, .. } if rejects(*outcome) => (None, false),
            // When it is wished for next is no cooldown.
            Happened::Came { outcome: OutcomeKind::Reading | OutcomeKind::Renewed, .. } => {
                (Some(entry.at.plus(policy::MIN_SPACING)), false)
            }
            // It did not leave: there is no distance to keep from it.
            Happened::Came { outcome: OutcomeKind::Unreachable, .. } => (entry.next_at, false),
            Happened::Came { .. } => (entry.next_at.map(|next| next.max(entry.at.plus(policy::MIN_SPACING))), false),
        };
        let account = entry.account.clone();
        Some(Self { account, endpoint: entry.endpoint, at: entry.at, until, unanswered })
    }

    /// Time from `now` to `until`, at most the whole length: a clock that was set back must not lengthen it.
    fn left(&self, until: Wall, now: Wall) -> Duration {
        until.since(now).min(until.since(self.at)).min(SPAN)
    }
}

/// How long a request without an answer shuts its gate. A renewal without one may have spent its token.
fn unanswered(endpoint: Endpoint) -> Duration {
    match endpoint {
        Endpoint::Usage => policy::UNANSWERED,
        Endpoint::Token => SPAN,
    }
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
