//! Renewal: a refresh token is spent at most once (law 8).
//!
//! Lock, read again, record the intent, send, store, unlock. If it is unclear whether the refresh token was spent, it
//! counts as spent: it is sent again only after a cooldown, or never if an answer may have been received and then lost with
//! the process. The refresh token is in memory only from the read inside the locks until its request is made.

use super::{Account, Action, Step};
use crate::credential::token::{Fingerprint, RefreshToken};
use crate::credential::{Credential, OAuthClient, RenewedTokens, Tokens, WriteBack};
use crate::gate::policy;
use crate::gate::{Cooldown, GateState, Pause, Spacing};
use crate::messages;
use crate::notification::{Notice, NoticeKind};
use crate::record::ledger::{LedgerEvent, Trigger, WithheldReason};
use crate::request::Endpoint;
use crate::response::{GrantOutcome, SendResult};
use crate::state::LastRequest;
use crate::time::Moment;

/// Progress of a renewal.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    Locking,
    /// The locks are held, and the credential is being read again.
    ReadingCredential,
    /// The intent is recorded and being saved.
    SavingIntent,
    Requesting {
        spent: Fingerprint,
    },
    /// The refresh token was refused, and the credential is being read again: another program may have renewed first.
    Checking {
        spent: Fingerprint,
    },
    /// The old token pair is spent, and the new one exists only in memory.
    Storing(Box<Storing>),
    Unlocking,
}

#[derive(Debug, Clone)]
pub(super) struct Storing {
    successor: RenewedTokens,
    failures: u32,
    retry: Option<Moment>,
    /// When to notify the user that it cannot be written; `None` once notified.
    tell: Option<Moment>,
    missed: u32,
}

/// The notification about an unwritten token pair is not in the queue, so it is shown even if the state cannot be saved.
const UNSAVED: u64 = u64::MAX;
const UNUSABLE_CLIENT: &str = "its stored client ID is invalid; its owner has to renew it";

impl Account {
    /// When the sign-in is to be renewed; `None` if that depends on something other than time. Never while usage may not be
    /// requested: a new token must not bypass a rate limit (law 4) or a rejection (law 6).
    pub(super) fn renewal_due_at(&self, now: Moment) -> Option<Moment> {
        if self.login_is_busy {
            return None;
        }
        let credential = self.credential.as_ref().filter(|_| self.preferences.renewal)?;
        if !credential.renewable(now.wall) {
            return None;
        }
        let left = credential.expires_at?.since(now.wall).saturating_sub(policy::RENEW_BEFORE);
        let usage = match &self.state.gates[Endpoint::Usage].state {
            GateState::Open => now,
            GateState::CoolingDown { until, .. } => *until,
            GateState::Paused { .. } => return None,
        };
        let renewed = self.state.renewed.map(|at| at.plus(policy::RENEWAL_SPACING));
        let locked_out = self.locked_out.map(|(_, until)| until);
        let others = [renewed, locked_out, self.sleep.pause_until];
        let due = now.plus(left).later(usage).later(self.state.gates[Endpoint::Token].opens(now)?);
        Some(others.into_iter().flatten().fold(due, Moment::later))
    }

    pub(super) fn renewal_is_due(&self, now: Moment) -> bool {
        self.renewal_due_at(now).is_some_and(|due| !due.is_after(now))
    }

    pub(super) fn begin_renewal(&mut self, now: Moment) -> Action {
        if self.credential.as_ref().is_some_and(|credential| credential.client == OAuthClient::Unusable) {
            self.put_off(UNUSABLE_CLIENT, WithheldReason::Client, now);
            return self.poll(now);
        }
        self.step = Step::Renewing(Stage::Locking);
        Action::Lock
    }

    /// Actions that must not wait for the state to be saved: storing a token pair that exists nowhere else, reading the
    /// credential after a refusal (a crash in between must not lose the pause), and releasing the locks that other programs
    /// wait for.
    pub(super) fn before_saving(&mut self, now: Moment) -> Option<Action> {
        let Step::Renewing(stage) = &mut self.step else {
            return None;
        };
        match stage {
            Stage::Checking { .. } => Some(Action::ReadCredential),
            Stage::Storing(storing) => storing.act(self.notice_service, now),
            Stage::Unlocking => {
                self.forget_refresh_token();
                self.step = Step::Idle;
                self.reread_at = None;
                Some(Action::Unlock)
            }
            Stage::Locking | Stage::ReadingCredential | Stage::SavingIntent | Stage::Requesting { .. } => None,
        }
    }

    pub(super) fn renew(&mut self, now: Moment) -> Action {
        match &self.step {
            Step::Renewing(Stage::Locking) => Action::Lock,
            Step::Renewing(Stage::ReadingCredential) => Action::ReadCredential,
            Step::Renewing(Stage::SavingIntent) => self.spend(now),
            _ => self.sleep(now),
        }
    }

    pub(super) fn locked(&mut self, result: Result<(), String>, now: Moment) {
        if !matches!(self.step, Step::Renewing(Stage::Locking)) {
            return;
        }
        match result {
            Ok(()) => {
                self.renewal_blocked(None);
                self.locked_out = None;
                self.step = Step::Renewing(Stage::ReadingCredential);
            }
            Err(why) => self.put_off(&why, WithheldReason::Locked, now),
        }
    }

    /// A renewal is due but cannot be tried now.
    fn put_off(&mut self, why: &str, reason: fn(String) -> WithheldReason, now: Moment) {
        self.renewal_blocked(Some(why.to_owned()));
        let times = self.locked_out.map_or(1, |(times, _)| times.saturating_add(1));
        self.locked_out = Some((times, now.plus(policy::LOCK.after(times))));
        self.step = Step::Idle;
        self.reread_at = None;
        let event = LedgerEvent::Withheld { why: Trigger::Expiry, because: reason(why.to_owned()) };
        self.record(now, Endpoint::Token, event);
    }

    pub(super) fn renewal_blocked(&mut self, why: Option<String>) {
        self.saving.dirty |= self.state.renewal_blocked != why;
        self.state.renewal_blocked = why;
    }

    /// The credential was read inside the locks.
    pub(super) fn read_while_renewing(&mut self, stage: Stage, now: Moment) {
        let next = match stage {
            Stage::ReadingCredential => self.decide(now),
            Stage::Checking { spent } => self.checked(spent, now),
            other => other,
        };
        self.step = Step::Renewing(next);
    }

    /// Adopts another program's renewal, or records that the refresh token is about to be spent.
    fn decide(&mut self, now: Moment) -> Stage {
        let due = self.becoming.is_none() && !self.retiring && self.renewal_is_due(now);
        let Some(token) = self.refresh_token().filter(|_| due).map(|token| token.fingerprint().clone()) else {
            return Stage::Unlocking;
        };
        self.state.gates[Endpoint::Token].begin(now);
        self.state.gates[Endpoint::Token].intent_token = Some(token);
        self.state.last = Some(LastRequest { at: now.wall, endpoint: Endpoint::Token, outcome: None });
        self.saving.dirty = true;
        Stage::SavingIntent
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.credential.as_ref()?.refresh_token.as_ref()
    }

    fn forget_refresh_token(&mut self) {
        self.credential.iter_mut().for_each(Credential::forget_refresh_token);
    }

    /// Whether a permitted request may still leave: the current settings allow it (laws 7 and 16), and the stored sign-in
    /// is not paused (law 6).
    pub fn still_allows(&self, endpoint: Endpoint) -> bool {
        let renews = endpoint == Endpoint::Usage || self.preferences.renewal;
        let is_paused = self.state.gates[Endpoint::Usage].is_paused();
        renews && !is_paused && !self.state.free_only()
    }

    /// The intent is on disk, so the refresh token may be sent.
    fn spend(&mut self, now: Moment) -> Action {
        let credential = self.credential.as_ref();
        let request = credential.and_then(|credential| self.state.provider.renewal_request(credential));
        // The clock may have been set since the intent was recorded.
        let may = self.renewal_is_due(now) && self.still_allows(Endpoint::Token) && !self.retiring;
        let noted = request
            .filter(|_| may)
            .filter(|(_, token)| self.state.gates[Endpoint::Token].intent_token.as_ref() == Some(token));
        let permitted = noted.and_then(|(request, spent)| {
            Some((self.state.gates[Endpoint::Token].permit(&self.id, request, now, Spacing::Kept)?, spent))
        });
        let Some((permitted, spent)) = permitted else {
            self.take_back();
            self.saving.dirty = true;
            return self.poll(now);
        };
        self.forget_refresh_token();
        self.step = Step::Renewing(Stage::Requesting { spent });
        self.record(now, Endpoint::Token, LedgerEvent::Sent { why: Trigger::Expiry });
        Action::Ask(permitted)
    }

    /// The state could not be saved: no request is sent (law 13), and the locks are released.
    pub(super) fn renewal_intent_not_saved(&mut self) {
        if matches!(self.step, Step::Renewing(Stage::Locking | Stage::ReadingCredential | Stage::SavingIntent)) {
            self.take_back();
        }
    }

    fn take_back(&mut self) {
        if self.state.gates[Endpoint::Token].intent.is_some() {
            self.state.gates[Endpoint::Token].cancel();
            self.state.last = None;
        }
        self.step = Step::Renewing(Stage::Unlocking);
    }

    /// Handles the answer of the token endpoint.
    pub(super) fn granted(&mut self, delivery: SendResult, now: Moment) {
        let Step::Renewing(Stage::Requesting { spent }) = &self.step else {
            return;
        };
        let spent = spent.clone();
        let grant = self.state.provider.parse_token_response(delivery, now.wall);
        let text = messages::grant(self.state.provider, &grant);
        if let Some(last) = &mut self.state.last {
            last.outcome = Some(text.clone());
        }
        let kind = messages::grant_kind(&grant);
        let stage = self.learn_grant(grant, spent, now);
        self.step = Step::Renewing(stage);
        self.saving.dirty = true;
        self.record(now, Endpoint::Token, LedgerEvent::Completed { outcome: kind, detail: Some(text) });
    }

    fn learn_grant(&mut self, grant: GrantOutcome, spent: Fingerprint, now: Moment) -> Stage {
        let jitter = self.rng.jitter();
        let gate = &mut self.state.gates[Endpoint::Token];
        match grant {
            GrantOutcome::Renewed(tokens) => return Stage::Storing(Box::new(Storing::new(spent, tokens))),
            GrantOutcome::Refused => return Stage::Checking { spent },
            GrantOutcome::UnusableTokens { .. } => self.refused(Pause::RenewalWasted, spent, now),
            GrantOutcome::RateLimited { retry_after } => {
                gate.rate_limited(now, retry_after, jitter);
                self.state.notices.begin_renewal(now, self.preferences.wanted);
            }
            GrantOutcome::Ambiguous { status, why, retry_after } => {
                let cause = match status {
                    None => Cooldown::Network { why },
                    Some(status @ 500..) => Cooldown::Server { status },
                    Some(status) => Cooldown::Unreadable { status, why },
                };
                gate.ambiguous_grant(now, cause, retry_after, jitter);
            }
            GrantOutcome::Denied { status, retry_after, .. } => {
                gate.ambiguous_grant(now, Cooldown::Server { status }, retry_after, jitter);
            }
            GrantOutcome::Unreachable { why } => gate.unreachable(now, why, jitter),
            GrantOutcome::PermitExpired => {
                gate.cancel();
                self.woke(now);
            }
        }
        Stage::Unlocking
    }

    /// After a refused refresh token: if another one is stored, another program renewed first; otherwise the token is dead.
    fn checked(&mut self, spent: Fingerprint, now: Moment) -> Stage {
        // The stored pair is a different one, even if its account is not clear yet.
        let replaced = self.unsettled.as_ref().is_some_and(|half| half.refresh.as_ref() != Some(&spent));
        if !replaced && self.refresh_token().is_none_or(|stored| *stored.fingerprint() == spent) {
            self.refused(Pause::RefreshRefused, spent, now);
        } else {
            self.state.gates[Endpoint::Token].superseded(now);
        }
        self.saving.dirty = true;
        Stage::Unlocking
    }

    fn refused(&mut self, cause: Pause, spent: Fingerprint, now: Moment) {
        self.state.gates[Endpoint::Token].pause(now, cause, spent);
        self.state.sign_in_failed = true;
        self.state.notices.begin_sign_in(now, self.preferences.wanted);
    }

    /// A different refresh token ends a pause of renewal; the same one confirms that the sign-in has ended.
    pub(super) fn refresh_token_seen(&mut self, credential: &Credential, now: Moment) {
        let GateState::Paused { .. } = &self.state.gates[Endpoint::Token].state else {
            return;
        };
        let changed = credential
            .refresh_token
            .as_ref()
            .is_some_and(|token| self.state.gates[Endpoint::Token].credential_seen(token.fingerprint(), now));
        if changed {
            self.state.next = Some(now);
            self.why = Trigger::NewCredential;
        } else {
            self.sign_in_has_ended(now);
        }
        self.saving.dirty |= changed;
    }

    pub(super) fn stored(&mut self, stored: WriteBack, now: Moment) {
        let Step::Renewing(Stage::Storing(storing)) = &mut self.step else {
            return;
        };
        match stored {
            WriteBack::Failed(_) => storing.failed(now),
            WriteBack::Written | WriteBack::Changed => {
                let tokens = storing.successor.tokens.clone();
                self.state.gates[Endpoint::Token].success(now);
                self.state.renewed = Some(now);
                self.saving.dirty = true;
                self.step = Step::Renewing(Stage::Unlocking);
                if stored == WriteBack::Written {
                    self.settled_token = Some(tokens.access_token.fingerprint());
                    self.check_account(&tokens, now);
                }
            }
        }
    }

    /// Pauses if the new tokens belong to another account, so that its readings are not shown as this one's.
    fn check_account(&mut self, tokens: &Tokens, now: Moment) {
        let this = self.state.sign_in.identity.account.as_ref();
        if this.is_some_and(|this| tokens.account.as_ref().is_some_and(|named| named != this)) {
            let fingerprint = tokens.access_token.fingerprint();
            self.state.gates[Endpoint::Usage].pause(now, Pause::OtherAccount, fingerprint.clone());
            self.state.reject(fingerprint);
            self.state.sign_in_failed = true;
            self.state.notices.begin_sign_in(now, self.preferences.wanted);
        }
    }

    pub(super) fn store_retry(&self) -> Option<Moment> {
        match &self.step {
            Step::Renewing(Stage::Storing(storing)) => [storing.retry, storing.tell.filter(|_| self.notice_service)]
                .into_iter()
                .flatten()
                .min_by_key(|at| at.boot),
            _ => None,
        }
    }

    pub(super) fn unsaved_missed(&mut self, id: u64, now: Moment) {
        if let Step::Renewing(Stage::Storing(storing)) = &mut self.step
            && id == UNSAVED
        {
            storing.missed = storing.missed.saturating_add(1);
            storing.tell = Some(now.plus(policy::NOTICE.after(storing.missed)));
        }
    }
}

impl Storing {
    fn new(spent: Fingerprint, tokens: Tokens) -> Self {
        let successor = RenewedTokens { replaces: spent, tokens };
        Self { successor, failures: 0, retry: None, tell: None, missed: 0 }
    }

    fn act(&mut self, notice_service: bool, now: Moment) -> Option<Action> {
        if notice_service && self.tell.take_if(|at| !at.is_after(now)).is_some() {
            return Some(Action::Notify(Notice {
                id: UNSAVED,
                kind: NoticeKind::RenewalUnsaved,
                about: None,
                also: Vec::new(),
            }));
        }
        let waits = self.retry.is_some_and(|retry| retry.is_after(now));
        (!waits).then(|| Action::Store(self.successor.clone()))
    }

    fn failed(&mut self, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        self.retry = Some(now.plus(policy::STORE.after(self.failures)));
        if self.failures == 1 {
            self.tell = Some(now);
        }
    }
}
