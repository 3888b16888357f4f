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
    /// No state could be read, though there was one.
    lost: bool,
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
    /// `entries` from the oldest to the newest. `lost` says that there was a state and none of it can be read.
    pub fn new(entries: &[Entry], lost: bool) -> Self {
        let mut words: Vec<Word> = Vec::new();
        for word in entries.iter().filter_map(Word::of) {
            words.retain(|older| older.endpoint != word.endpoint || older.account != word.account);
            words.push(word);
        }
        Self { words, lost }
    }

    /// Shuts the gates of all that is kept for as long as the ledger knows better.
    pub fn remind_all(&self, state: &mut State, now: Moment) {
        for (id, account) in &mut state.accounts {
            self.remind(id, account, now);
        }
    }

    /// Shuts the gates of one account for as long as the ledger knows better, or as long as it might have been.
    pub fn remind(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in [&mut account.usage, &mut account.token] {
            let left = if self.lost { self.after_loss(gate.endpoint, now.wall) } else { self.missed(id, gate, now) };
            if !left.is_zero() {
                gate.shut_until(Cooldown::MemoryLost, now, now.plus(left));
            }
        }
    }

    /// Whatever was said to any account, for its name may have been lost too; and where nothing is known, as long as
    /// the longest wait that is ever honoured.
    fn after_loss(&self, endpoint: Endpoint, now: Wall) -> Duration {
        let words = self.words.iter().filter(|word| word.endpoint == endpoint);
        // A pause has no end that time brings: it becomes the longest wait there is, however long ago it began.
        let left = words.map(|word| word.until.map_or(SPAN, |until| word.left(until, now)));
        left.max().unwrap_or(SPAN)
    }

    /// What the state has not learned: an answer that is newer than the last one it knows of.
    fn missed(&self, id: &AccountId, gate: &Gate, now: Moment) -> Duration {
        let word = self.words.iter().find(|word| word.endpoint == gate.endpoint && word.account == id.0);
        let newer = word.filter(|word| gate.last_request.is_none_or(|last| last.wall < word.at));
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
    fn of(entry: &Entry) -> Option<Self> {
        let (until, unanswered) = match &entry.event {
            Happened::Withheld { .. } => return None,
            Happened::Sent { .. } => (Some(entry.at.plus(unanswered(entry.endpoint))), true),
            Happened::Came { outcome, .. } if rejects(*outcome) => (None, false),
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
