//! What the laws can observe of the core's own state, and whether all is well.

use super::owner::Lock;
use super::{PLACE, Step, World, driver::token_id, process::unnamed};
use crate::observation::{
    GateStatus, Kind, Line, MINUTE, Meaning, Observation, Recorded, SavedAccount, SavedGate, Showing, View, Who,
    thousandths,
};
use holdoff_core::gate::{Cooldown, Gate, GateState};
use holdoff_core::notification::Phase;
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind};
use holdoff_core::state::Provider;
use holdoff_core::{AccountId, AccountState, CredentialRead, Endpoint, Report, State};
use std::time::Duration;

/// The cap of law 3, with its jitter.
const LONGEST_UNASKED: Duration = Duration::from_secs(66 * 60);

impl World {
    pub(super) fn see_kept(&mut self, state: &AccountState) -> Step {
        let queue = state.notices.queue.iter();
        let showing = queue.filter(|queued| queued.phase == Phase::Showing).map(|queued| queued.kind);
        let kept = SavedAccount {
            save: self.saves,
            usage: self.gate(&state.gates[Endpoint::Usage]),
            token: self.gate(&state.gates[Endpoint::Token]),
            reading: state.reading.is_some(),
            showing: Showing::of(showing),
        };
        if self.saves.is_multiple_of(512) {
            let text = format!("{state:?}");
            if text.contains("sk-ant") {
                self.see(Observation::Leaked("the state"))?;
            }
        }
        self.see(Observation::Saved(kept))
    }

    fn gate(&self, gate: &Gate) -> SavedGate {
        let intent_token = gate.intent_token.as_ref().and_then(|spending| {
            let known = [self.owner.refresh_token(), self.owner.previous_refresh_token()];
            let token = known.into_iter().flatten().find(|token| token.fingerprint() == *spending)?;
            Some(token_id(token.expose()))
        });
        SavedGate {
            intent: gate.intent.map(|at| self.machine.really(at)),
            intent_token,
            status: match &gate.state {
                GateState::Open => GateStatus::Open,
                GateState::CoolingDown { until, .. } => GateStatus::Until(self.machine.really(*until)),
                GateState::Paused { .. } => GateStatus::Paused,
            },
        }
    }

    pub(super) fn record(&mut self, entry: LedgerEntry) -> Step {
        let line = match &entry.event {
            LedgerEvent::Sent { .. } => Line::Sent,
            LedgerEvent::Withheld { .. } => Line::Withheld,
            LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, .. } => Line::Unanswered,
            LedgerEvent::Completed { outcome, .. } => Line::Completed(kind(*outcome)),
        };
        let said: String = match entry.event.clone() {
            LedgerEvent::Completed { detail, .. } => detail.unwrap_or_default(),
            LedgerEvent::Withheld { because, .. } => because.into(),
            LedgerEvent::Sent { .. } => String::new(),
        };
        if said.contains("sk-ant") {
            self.see(Observation::Leaked("the ledger"))?;
        }
        let next = entry.next_at.map(|at| self.machine.really_by_wall(at));
        let recorded = Recorded { endpoint: entry.endpoint, line, next };
        let waited = self.disk.lines_wait();
        if let Some(again) = self.disk.record(entry) {
            self.write_lines_later(again);
        }
        if waited != self.disk.lines_wait() {
            self.see(Observation::LinesWait(!waited))?;
        }
        self.see(Observation::Recorded(recorded))
    }

    /// The user looks at the current status, whether Holdoff runs or not.
    pub(super) fn view(&mut self) -> Step {
        let Some(process) = &self.process else {
            return Ok(());
        };
        let now = self.machine.moment(self.now);
        let mut state = State::new(self.machine.boot_id());
        let id = process.account.id().clone();
        state.accounts.insert(id.clone(), process.account.state().clone());
        state.active.push(id);
        let report = Report::of(&state, now, &self.settings());
        let reading = report.accounts.first().and_then(|account| account.reading.as_ref());
        let view = View {
            windows: reading.map(|reading| {
                let windows = reading.windows.iter();
                windows.map(|window| (window.id.clone(), window.used_percent.map(thousandths))).collect()
            }),
            age: reading.and_then(|reading| {
                let at: jiff::Timestamp = reading.at.parse().ok()?;
                let at = self.machine.really_by_wall(holdoff_core::Wall(at.as_millisecond()));
                Some(self.now - at)
            }),
            clock_set: self.clock_set,
            stale: reading.is_some_and(|reading| reading.stale),
        };
        self.see(Observation::Viewed(view))
    }

    /// Whose sign-in is stored, according to the owner's files. If they do not say, it still belongs to the account it
    /// belonged to.
    pub(super) fn account_signed_in(&mut self) -> Option<Who> {
        let CredentialRead::Found(found) = self.owner.read() else {
            return None;
        };
        let current = self.process.as_ref().map(|process| process.account.id().clone());
        let id = match found.identity.account {
            Some(_) => AccountId::of(Provider::Anthropic, &found.identity, PLACE),
            None => current.unwrap_or_else(unnamed),
        };
        Some(self.who(&id))
    }

    /// Whether what was read belongs to the polled account, according to its owner.
    pub(super) fn is_this(&mut self, account: Option<Who>) -> bool {
        let current = self.process.as_ref().map(|process| process.account.id().clone());
        let current = current.map(|id| self.who(&id));
        account.is_none() || account == current
    }

    /// Reports whether all is well, if that has changed.
    pub(super) fn observe_health(&mut self) -> Step {
        self.provider.settle(self.now);
        let (well, renewable) = (self.is_well(), self.is_renewable());
        if well != self.well {
            self.well = well;
            self.see(Observation::Well(well))?;
        }
        let (paused, longer) = self.usage_gate();
        self.stats.all_is(well && !paused, longer, self.now);
        if renewable != self.renewable {
            self.renewable = renewable;
            self.see(Observation::Renewable(renewable))?;
        }
        if !well
            && let Some(stored) = self.owner.sign_in()
            && let Some(at) = self.provider.changes_at(stored.access, self.now)
            && self.looks_at != at
        {
            self.looks_at = at;
            self.later(at, super::events::Timed::Settle);
        }
        Ok(())
    }

    /// Whether only another sign-in helps, and whether the gate is closed for longer than the laws do by themselves.
    fn usage_gate(&self) -> (bool, bool) {
        let Some(process) = &self.process else {
            return (false, false);
        };
        match &process.account.state().gates[Endpoint::Usage].state {
            GateState::Open => (false, false),
            GateState::CoolingDown { cause, since, until } => {
                let longer = until.since(*since) > LONGEST_UNASKED;
                (false, longer || matches!(cause, Cooldown::StateLost))
            }
            GateState::Paused { .. } => (true, false),
        }
    }

    fn can_ask(&self) -> bool {
        let up = !self.machine.asleep && !self.machine.off && !self.offline && !self.user_settings.free_only;
        let runs = self.process.as_ref().is_some_and(|process| process.ends.is_none());
        up && runs && !self.disk.full
    }

    fn is_well(&self) -> bool {
        let Some(stored) = self.owner.sign_in().filter(|_| self.can_ask()) else {
            return false;
        };
        let wall = self.machine.wall(self.now);
        let lives = self.owner.expires_at().is_none_or(|ends| ends > wall);
        lives && self.provider.would_read(stored.access, self.now)
    }

    fn is_renewable(&self) -> bool {
        let stored =
            self.owner.sign_in().filter(|_| self.can_ask() && self.user_settings.renewal && !self.owner.shielded);
        let Some(refresh) = stored.and_then(|stored| stored.refresh) else {
            return false;
        };
        let wall = self.machine.wall(self.now);
        let soon = self.owner.expires_at().is_some_and(|ends| ends.0 - wall.0 <= 5 * MINUTE);
        let free = self.owner.lock == Lock::Free || self.owner.lock == Lock::Holdoff;
        soon && free && !self.owner.refresh_ended(wall) && self.provider.would_renew(refresh, self.now)
    }

    pub(super) fn count(&mut self, meaning: &Meaning) {
        self.stats.answered(meaning, self.now);
    }
}

fn kind(outcome: OutcomeKind) -> Kind {
    match outcome {
        OutcomeKind::Reading => Kind::Reading,
        OutcomeKind::RateLimited => Kind::Limited,
        OutcomeKind::Unauthorized => Kind::Unauthorized,
        OutcomeKind::MissingScope => Kind::MissingScope,
        OutcomeKind::Forbidden => Kind::Forbidden,
        OutcomeKind::ServerTrouble => Kind::Trouble,
        OutcomeKind::Unreachable => Kind::NotSent,
        OutcomeKind::Ambiguous | OutcomeKind::Unanswered => Kind::Ambiguous,
        OutcomeKind::Unreadable => Kind::Unreadable,
        OutcomeKind::Renewed => Kind::Renewed,
        OutcomeKind::GrantRefused => Kind::Refused,
        OutcomeKind::Denied => Kind::Denied,
        OutcomeKind::UnusableTokens => Kind::UnusableTokens,
        OutcomeKind::Release | OutcomeKind::Package => Kind::Release,
    }
}
