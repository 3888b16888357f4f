//! Translates the core's state for the laws: moments to real time, fingerprints to tokens.

use crate::clock::{moment, really};
use crate::provider::token;
use holdoff_core::credential::token::Fingerprint;
use holdoff_core::gate::{Gate, GateState};
use holdoff_core::notification::Phase;
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind};
use holdoff_core::{AccountState, Endpoint, Wall};
use holdoff_sim::observation::{GateStatus, Kind, Line, Millis, Recorded, SavedAccount, SavedGate, Showing, TokenId};

/// More tokens than a world can contain within its bounds.
const TOKENS: u32 = 64;

fn token_of(fingerprint: &Fingerprint) -> Option<TokenId> {
    (0..TOKENS).map(TokenId).find(|id| token(*id).is_some_and(|token| token.fingerprint() == *fingerprint))
}

pub fn kept(save: u64, state: &AccountState) -> SavedAccount {
    let showing = state.notices.queue.iter().filter(|queued| queued.phase == Phase::Showing);
    SavedAccount {
        save,
        usage: gate(&state.gates[Endpoint::Usage]),
        token: gate(&state.gates[Endpoint::Token]),
        reading: state.reading.is_some(),
        showing: Showing::of(showing.map(|queued| queued.kind)),
    }
}

fn gate(gate: &Gate) -> SavedGate {
    let status = match &gate.state {
        GateState::Open => GateStatus::Open,
        GateState::CoolingDown { until, .. } => GateStatus::Until(really(*until)),
        GateState::Paused { .. } => GateStatus::Paused,
    };
    SavedGate { intent: gate.intent.map(really), intent_token: gate.intent_token.as_ref().and_then(token_of), status }
}

pub fn recorded(entry: &LedgerEntry) -> Recorded {
    let line = match &entry.event {
        LedgerEvent::Sent { .. } => Line::Sent,
        LedgerEvent::Withheld { .. } => Line::Withheld,
        LedgerEvent::Completed { outcome, .. } => kind(*outcome).map_or(Line::Unanswered, Line::Completed),
    };
    let next = entry.next_at.map(wall_millis);
    Recorded { endpoint: entry.endpoint, line, next }
}

fn wall_millis(at: Wall) -> Millis {
    at.0 - moment(0).wall.0
}

/// `None` is a request that an earlier process left unanswered.
fn kind(outcome: OutcomeKind) -> Option<Kind> {
    Some(match outcome {
        OutcomeKind::Reading => Kind::Reading,
        OutcomeKind::RateLimited => Kind::Limited,
        OutcomeKind::Unauthorized => Kind::Unauthorized,
        OutcomeKind::MissingScope => Kind::MissingScope,
        OutcomeKind::Forbidden => Kind::Forbidden,
        OutcomeKind::ServerTrouble => Kind::Trouble,
        OutcomeKind::Unreachable => Kind::NotSent,
        OutcomeKind::Ambiguous => Kind::Ambiguous,
        OutcomeKind::Unreadable => Kind::Unreadable,
        OutcomeKind::Renewed => Kind::Renewed,
        OutcomeKind::GrantRefused => Kind::Refused,
        OutcomeKind::Denied => Kind::Denied,
        OutcomeKind::UnusableTokens => Kind::UnusableTokens,
        OutcomeKind::Release | OutcomeKind::Package => Kind::Release,
        OutcomeKind::Unanswered => return None,
    })
}
