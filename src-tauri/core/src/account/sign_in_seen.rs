//! What a credential read means for its account.

use super::{Account, Step};
use crate::account::renewal::Stage;
use crate::credential::token::Fingerprint;
use crate::credential::{
    Credential, CredentialMissing, CredentialPresence, CredentialRead, CredentialStatus, Unsettled,
};
use crate::gate::{GateState, Gates, Pause};
use crate::record::ledger::Trigger;
use crate::request::Endpoint;
use crate::response::Rejection;
use crate::state::AccountId;
use crate::time::Moment;

impl Account {
    pub(super) fn credential_read(&mut self, read: CredentialRead, now: Moment) {
        self.reread_at = Some(now.plus(read.reread_after()));
        let step = std::mem::replace(&mut self.step, Step::Idle);
        match read {
            CredentialRead::Absent(absence) => {
                self.unsettled = None;
                self.no_credential(absence, now);
            }
            CredentialRead::Found(credential) if self.is_half(&credential, now) => self.credential = None,
            CredentialRead::Found(mut credential) => {
                if !matches!(step, Step::Renewing(Stage::ReadingCredential)) {
                    credential.forget_refresh_token();
                }
                self.found(credential, now);
            }
        }
        if !self.state.sign_in_failed && self.state.sign_in_trouble(now.wall).is_some() {
            self.state.sign_in_failed = true;
            self.saving.dirty = true;
        }
        match step {
            Step::Rechecking { fingerprint, rejection } => self.rechecked(fingerprint, rejection, now),
            Step::ReadingCredential if self.becoming.is_none() && self.credential.is_some() => {
                self.step = Step::CredentialRead
            }
            Step::ReadingCredential | Step::Idle | Step::CredentialRead => {}
            Step::SavingIntent { .. } | Step::Requesting { .. } => self.step = step,
            Step::Renewing(stage) => self.read_while_renewing(stage, now),
        }
    }

    /// Whether it may be half of another sign-in.
    fn is_half(&mut self, found: &Credential, now: Moment) -> bool {
        let (before, settled) = (self.unsettled.take(), self.settled_token.as_ref());
        self.unsettled = Unsettled::check(before, &self.state.sign_in, settled, found, now);
        if let Some(half) = &self.unsettled {
            self.reread_at = Some(half.until);
        }
        self.unsettled.is_some()
    }

    pub(super) fn share_login(&mut self, seats: &[Gates], now: Moment) {
        let before = self.state.gates.clone();
        for seat in seats {
            self.state.gates.share(seat, now);
        }
        self.login_is_busy = seats.iter().any(Gates::has_request_in_flight);
        self.saving.dirty |= self.state.gates != before;
    }

    fn no_credential(&mut self, absence: CredentialMissing, now: Moment) {
        self.credential = None;
        // Readings of such an account came from a session with a token of its own, wherever that is set.
        let absence = if self.id.is_of_token() { CredentialMissing::InferenceOnly } else { absence };
        if absence.is_end() {
            self.sign_in_has_ended(now);
        }
        let seen = Some(CredentialPresence::Absent(absence));
        self.saving.dirty |= self.state.sign_in.seen != seen;
        self.state.sign_in.seen = seen;
    }

    /// Notifies the user once, whatever the causes.
    pub(super) fn sign_in_has_ended(&mut self, now: Moment) {
        if self.state.free_only() {
            return;
        }
        self.state.sign_in_failed = true;
        self.saving.dirty |= self.state.notices.sign_in.is_none();
        self.state.notices.begin_sign_in(now, self.preferences.wanted);
    }

    fn found(&mut self, credential: Credential, now: Moment) {
        let id = AccountId::of(self.state.provider, &credential.identity, &self.place);
        // A credential that no longer names its account stays with the account it had. The same goes for its organization.
        let named = credential.identity.account.is_some();
        if named && id != self.id && id != self.id.login() {
            let renamed = self.state.sign_in.identity.account.is_none() || self.id == id.login();
            self.becoming = Some((id, renamed));
            return;
        }
        let mut sign_in = CredentialStatus {
            seen: Some(CredentialPresence::Present {
                fingerprint: credential.fingerprint(),
                expires_at: credential.expires_at,
            }),
            place: self.place.clone(),
            plan: credential.plan.clone(),
            identity: credential.identity.clone(),
            renewable: credential.renewable(now.wall),
            refresh_blanked: credential.refresh_blanked,
            last_token: Some(credential.fingerprint()),
        };
        let known = &self.state.sign_in.identity;
        if !named || id != self.id {
            sign_in.identity = known.clone();
        } else if sign_in.identity.email.is_none() && known.account == sign_in.identity.account {
            // The file with the names may belong to another sign-in by now.
            sign_in.identity = known.clone();
        }
        self.settled_token = None;
        let fingerprint = credential.fingerprint();
        if self.state.sign_in.fingerprint() != Some(&fingerprint) {
            // Another program renewed it.
            self.renewal_blocked(None);
        }
        let unpaused =
            self.state.gates[Endpoint::Usage].credential_seen(&fingerprint, now) | self.scopes_seen(&credential, now);
        self.refresh_token_seen(&credential, now);
        let replaced = self.state.gates[Endpoint::Usage]
            .unauthorized_token
            .as_ref()
            .is_some_and(|refused| *refused != fingerprint);
        let absent = matches!(self.state.sign_in.seen, Some(CredentialPresence::Absent(_)));
        let unusable = absent || self.state.sign_in.expired(now.wall);
        let back = unusable && !credential.expired(now.wall);
        if unpaused || replaced || back {
            self.state.next = Some(now);
            self.why = Trigger::NewCredential;
            self.saving.dirty = true;
        }
        self.saving.dirty |= self.state.sign_in != sign_in;
        self.state.sign_in = sign_in;
        self.credential = Some(credential);
        if self.state.sign_in.has_ended(now.wall) {
            self.sign_in_has_ended(now);
        }
    }

    /// Pauses usage while the credential lacks a required scope. Returns whether a scope was missing before and is present
    /// now.
    fn scopes_seen(&mut self, credential: &Credential, now: Moment) -> bool {
        let paused = |gate: &GateState| matches!(gate, GateState::Paused { cause: Pause::ScopeNotGranted { .. }, .. });
        let was = paused(&self.state.gates[Endpoint::Usage].state);
        let lacking = self.state.provider.missing_scope(credential);
        self.state.gates[Endpoint::Usage].scope_seen(now, lacking, &credential.fingerprint());
        let is = paused(&self.state.gates[Endpoint::Usage].state);
        if is && !was {
            self.state.reject(credential.fingerprint());
            self.saving.dirty = true;
        }
        if is {
            self.sign_in_has_ended(now);
        }
        was && !is
    }

    /// Resolves a 401 after the credential was read again. The same credential is a strike. A different one is tried at
    /// once, unless the rejected request was itself such a retry (law 6).
    pub(super) fn rechecked(&mut self, fingerprint: Fingerprint, rejection: Rejection, now: Moment) {
        if self.becoming.is_some() {
            return;
        }
        let changed = self.state.sign_in.fingerprint().is_some_and(|seen| *seen != fingerprint);
        if changed || self.unsettled.is_some() {
            self.state.next = Some(now);
            self.why = Trigger::NewCredential;
        } else {
            self.rejected(rejection, fingerprint, now);
        }
        self.saving.dirty = true;
    }

    pub(super) fn rejected(&mut self, rejection: Rejection, fingerprint: Fingerprint, now: Moment) {
        let was_paused = self.state.gates[Endpoint::Usage].is_paused();
        self.state.gates[Endpoint::Usage].rejected(now, rejection, fingerprint.clone());
        self.state.next = Some(now.plus(self.preferences.interval));
        if self.state.gates[Endpoint::Usage].is_paused() && !was_paused {
            self.state.sign_in_failed = true;
            self.state.reject(fingerprint);
            self.state.notices.begin_sign_in(now, self.preferences.wanted);
        }
    }
}
