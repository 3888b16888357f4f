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
    events: Vec<LastEvent>,
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
        let events = LastEvent::last(entries, |until, at| whole(until, at, now));
        let longest = now.plus(SPAN);
        // No reading since a renewal: the tokens may belong to another account, and the pause for that is lost.
        let doubtful = |usage: &LastEvent| {
            usage.endpoint == Endpoint::Usage
                && events
                    .iter()
                    .any(|event| event.renewed && event.account == usage.account && event.order > usage.order)
        };
        let remembered = |endpoint: Endpoint| {
            let events = events.iter().filter(|event| event.endpoint == endpoint);
            // A pause does not end by time, so it becomes the longest possible wait, however long ago it began.
            let ends = events.clone().map(|event| event.until.filter(|_| !doubtful(event)).unwrap_or(longest));
            Remembered {
                accounts: events.map(|event| event.account.clone()).collect(),
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
        Self { events: LastEvent::last(entries, left), lines, loss, kept: BTreeSet::new() }
    }

    /// Closes the gates of all saved accounts where the ledger is ahead, and shares cooldowns between seats of a login.
    pub fn apply_to_all(&mut self, state: &mut State, now: Moment) {
        for (id, account) in &mut state.accounts {
            self.apply_to_known(id, account, now);
        }
        state.share_gates(now);
        self.kept = state.accounts.keys().cloned().collect();
    }

    /// The same for one account.
    pub fn apply_to_known(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in account.gates.iter_mut() {
            let until = self.unseen_cooldown(self.event(id, gate.endpoint), gate, now);
            self.apply(id, gate, until, now);
        }
    }

    /// Closes the gates of an account without saved state, as the ledger says or for as long as they might have been
    /// closed.
    pub fn apply_to_new(&self, id: &AccountId, account: &mut AccountState, now: Moment) {
        for gate in account.gates.iter_mut() {
            let until = match &self.loss {
                Some(loss) => Some(loss.until(id, gate.endpoint)),
                None => self.unseen_cooldown(self.event_of_login(id, gate.endpoint), gate, now),
            };
            self.apply(id, gate, until, now);
            // Existing entries are not news, not even those that are read again after the clock was set back.
            gate.ledger_watermark = gate.ledger_watermark.or(self.lines.last().copied());
        }
    }

    fn apply(&self, id: &AccountId, gate: &mut Gate, until: Option<Moment>, now: Moment) {
        // The answer to the recorded intent is known after all. Otherwise the intent would be resolved as unanswered, which
        // would pause renewal until there is another sign-in.
        let answer = self.event(id, gate.endpoint).filter(|event| event.unspent && is_of_intent(event, gate));
        if gate.intent_token.is_some() && answer.is_some_and(|event| self.newer_than_state(event, gate)) {
            gate.last_request = gate.intent.or(gate.last_request);
            gate.cancel();
        }
        if let Some(until) = until.filter(|until| until.is_after(now)) {
            gate.shut_until(Cooldown::StateLost, now, until);
        }
        // The entry is included now, so it is not news at the next start.
        gate.ledger_watermark = self.event(id, gate.endpoint).map(|event| event.at).or(gate.ledger_watermark);
    }

    fn event(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        self.events.iter().find(|event| event.endpoint == endpoint && event.account == id.0)
    }

    /// The last event of any seat of the login that has no saved state. It closes the gate of a new seat.
    fn event_of_login(&self, id: &AccountId, endpoint: Endpoint) -> Option<&LastEvent> {
        let is_kept = |event: &LastEvent| self.kept.iter().any(|kept| kept.0 == event.account);
        let events = self.events.iter().filter(|event| event.endpoint == endpoint && is_of_login(&event.account, id));
        let events = events.filter(|event| !is_kept(event));
        events.max_by_key(|event| event.order)
    }

    /// Until when an answer that the state does not include closes the gate.
    fn unseen_cooldown(&self, event: Option<&LastEvent>, gate: &Gate, now: Moment) -> Option<Moment> {
        let event = event.filter(|event| self.newer_than_state(event, gate))?;
        if event.unanswered && is_of_intent(event, gate) {
            return None;
        }
        // A rejection only causes spacing. Whether it paused the account is lost, and the next rejection will show it.
        let until = event.until.unwrap_or(event.spaced);
        until.is_after(gate.waits_until(now)).then_some(until)
    }

    /// Whether the event is after the last entry that the state includes. That entry may be missing if it is old or could
    /// not be written. Then the clock decides, or whether the event belongs to the recorded intent.
    fn newer_than_state(&self, event: &LastEvent, gate: &Gate) -> bool {
        let Some(watermark) = gate.ledger_watermark.or(gate.last_request.map(|last| last.wall)) else {
            return true;
        };
        match self.lines.iter().rposition(|at| *at == watermark) {
            Some(known) => event.order > known,
            None => event.at > watermark || is_of_intent(event, gate),
        }
    }
}

fn is_of_login(account: &str, id: &AccountId) -> bool {
    AccountId(account.to_owned()).login() == id.login()
}

/// Whether the event belongs to the recorded intent, which the gate resolves itself. Events of an earlier request are at
/// least one spacing earlier.
fn is_of_intent(event: &LastEvent, gate: &Gate) -> bool {
    gate.intent
        .is_some_and(|at| event.at >= at.wall && event.at.since(at.wall) < gate.provider.policy(gate.endpoint).spacing)
}

impl LastEvent {
    /// The last event of each gate.
    fn last(entries: &[LedgerEntry], left: impl Fn(Wall, Wall) -> Moment) -> Vec<Self> {
        let mut events: Vec<Self> = Vec::new();
        for event in entries.iter().enumerate().filter_map(|(order, entry)| Self::of(entry, order, &left)) {
            events.retain(|older| older.endpoint != event.endpoint || older.account != event.account);
            events.push(event);
        }
        events
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
        | OutcomeKind::UnusableTokens => true,
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
