use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialPresence, Identity};
use crate::gate::Cooldown;
use crate::gate::Pause;
use crate::time::Boot;
use std::time::Duration;

const NOW: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(5_000_000) };

fn after(secs: u64) -> Moment {
    NOW.plus(Duration::from_secs(secs))
}

fn fingerprint() -> Fingerprint {
    Token::new("sk-1".to_owned()).unwrap().fingerprint()
}

fn renewing() -> AccountState {
    let mut state = AccountState::new(Provider::Anthropic);
    state.sign_in.seen =
        Some(CredentialPresence::Present { fingerprint: fingerprint(), expires_at: Some(after(3600).wall) });
    state.sign_in.renewable = true;
    state.renewal_enabled = true;
    state
}

#[test]
fn account_id_is_from_the_provider_or_the_credential_location() {
    let named = Identity { account: Some("3f2c".into()), ..Identity::default() };
    assert_eq!(AccountId::of(Provider::Anthropic, &named, "~/a").to_string(), "anthropic:3f2c");
    // printf '%s' '~/.claude/.credentials.json' | sha256sum | cut -c1-12
    let unnamed = AccountId::of(Provider::Anthropic, &Identity::default(), "~/.claude/.credentials.json");
    assert_eq!(unnamed.to_string(), "anthropic:at-80455f97404d");
}

#[test]
fn account_state_adopted_from_an_earlier_id_keeps_its_trouble() {
    for (here, there) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut state = AccountState { sign_in_failed: here, ..renewing() };
        state.adopt_gates(&AccountState { sign_in_failed: there, ..renewing() });
        assert_eq!(state.sign_in_failed, here || there);
    }
}

#[test]
fn renewal_status_by_gate_lock_and_setting() {
    let mut state = renewing();
    assert_eq!(state.renewal(NOW), Renewal::Ready);
    let cause = Cooldown::RateLimited { retry_after_s: None };
    state.gates[Endpoint::Token].state = GateState::CoolingDown { cause: cause.clone(), since: NOW, until: after(60) };
    assert_eq!(state.renewal(after(59)), Renewal::Waits { cause: &cause, until: after(60) });
    assert_eq!(state.renewal(after(60)), Renewal::Ready, "what is over holds nothing back");
    state.renewal_blocked = Some("locked".into());
    assert_eq!(state.renewal(after(60)), Renewal::HeldUp { why: "locked" });
    assert_eq!(state.renewal(after(59)), Renewal::Waits { cause: &cause, until: after(60) });
    state.sign_in.renewable = false;
    assert_eq!(state.renewal(NOW), Renewal::Impossible);
    state.gates[Endpoint::Token].state =
        GateState::Paused { cause: Pause::RefreshRefused, since: NOW, fingerprint: fingerprint(), beneath: None };
    assert_eq!(state.renewal(NOW), Renewal::Stopped(&Pause::RefreshRefused));
    state.renewal_enabled = false;
    assert_eq!(state.renewal(NOW), Renewal::Off);
}

/// A pause of renewal is in nobody's way while the access token lives.
#[test]
fn sign_in_trouble_by_expiry_and_paused_gates() {
    let mut state = renewing();
    let at = |state: &AccountState, secs: u64| state.sign_in_trouble(after(secs).wall);
    assert_eq!((at(&state, 3599), at(&state, 3600)), (None, Some(SignInTrouble::Expired)));
    state.gates[Endpoint::Token].state =
        GateState::Paused { cause: Pause::RenewalCutOff, since: NOW, fingerprint: fingerprint(), beneath: None };
    assert_eq!((at(&state, 3599), at(&state, 3600)), (None, Some(SignInTrouble::Paused(Pause::RenewalCutOff))));
    state.gates[Endpoint::Usage].state =
        GateState::Paused { cause: Pause::Rejected, since: NOW, fingerprint: fingerprint(), beneath: None };
    assert_eq!(at(&state, 0), Some(SignInTrouble::Paused(Pause::Rejected)));
}

/// The machine was off for 100 s by the wall clock, and its boot clock began anew.
#[test]
fn state_times_after_reboot_are_rebased_next_request_within_an_hour() {
    let mut state = State::new("first".into());
    let id = AccountId("anthropic:ann".into());
    state.saved = Some(NOW);
    state.accounts.insert(id.clone(), AccountState { next: Some(after(300)), renewed: Some(NOW), ..renewing() });
    let now = Moment { wall: after(100).wall, boot: Boot(7) };
    let rebased = |mut state: State, boot_id: &str, now: Moment| {
        state.rebase_to(boot_id, now);
        let account = &state.accounts[&id];
        (account.next.map(|at| at.since(now).as_secs()), account.renewed.map(|at| now.since(at).as_secs()))
    };
    assert_eq!(rebased(state.clone(), "second", now), (Some(200), Some(100)));
    assert_eq!(rebased(state.clone(), "first", after(100)), (Some(200), Some(100)), "the same boot rebases nothing");

    state.accounts.get_mut(&id).unwrap().next = Some(after(9_000));
    assert_eq!(rebased(state.clone(), "second", now).0, Some(3600), "no longer than the longest interval");
    state.saved = None;
    assert_eq!(rebased(state, "second", now).0, Some(3600), "nor where nobody knows when it was saved");
}

#[test]
fn refresh_outcomes_are_reported_in_the_order_of_what_may_come_first() {
    let refused = |refusal| RefreshOutcome::Refused { refusal, state: Box::new(renewing()), at: NOW };
    let until = |secs| refused(Refusal::NotBefore { until: after(secs), cause: NotYet::Spacing });
    let sorted = [RefreshOutcome::Requested, until(60), until(120), refused(Refusal::FreeOnly)];
    assert!(sorted.windows(2).all(|pair| pair[0].order() < pair[1].order()));
    assert!(until(60).order() >= RefreshOutcome::Busy.order() && RefreshOutcome::Busy.order() < until(0).order());
    assert!(RefreshOutcome::Requested.is_requested() && !RefreshOutcome::Busy.is_requested());
}

#[test]
fn account_of_a_session_token_is_known_by_its_id() {
    let place = "~/.claude/.credentials.json";
    assert!(AccountId::of_token(Provider::Anthropic, place).is_of_token());
    assert!(!AccountId::of(Provider::Anthropic, &Identity::default(), place).is_of_token());
}

#[test]
fn expired_sign_in_whose_owner_cleared_its_tokens_has_ended() {
    let mut state = renewing();
    assert_eq!(state.sign_in_trouble(after(3600).wall), Some(SignInTrouble::Expired));
    state.sign_in.refresh_blanked = true;
    assert_eq!(
        state.sign_in_trouble(after(3600).wall),
        Some(SignInTrouble::Absent(crate::credential::CredentialMissing::Blanked))
    );
    assert_eq!(state.sign_in_trouble(after(3599).wall), None, "it still works");
}

#[test]
fn choosing_free_readings_twice_changes_nothing_the_second_time() {
    let mut state = renewing();
    assert!(!state.choose(Some(Readings::Ask)));
    assert!(state.choose(Some(Readings::FreeOnly)) && !state.choose(Some(Readings::FreeOnly)));
    assert!(!state.choose(None) && state.free_only(), "no choice keeps the last one");
    assert!(state.choose(Some(Readings::Ask)));
}

#[test]
fn free_readings_are_offered_only_where_requests_are_refused_for_good() {
    use crate::response::Barred;
    let of = |gate: GateState| {
        let mut state = renewing();
        state.gates[Endpoint::Usage].state = gate;
        state
    };
    let cooling = |cause| of(GateState::CoolingDown { cause, since: NOW, until: after(60) });
    let paused = |cause| of(GateState::Paused { cause, since: NOW, fingerprint: fingerprint(), beneath: None });
    assert!(cooling(Cooldown::TurnedAway).is_refused_as_a_program());
    assert!(!cooling(Cooldown::RateLimited { retry_after_s: None }).is_refused_as_a_program());
    let barred = Pause::NotAllowed { to: Barred::Organization, status: 403 };
    assert!(paused(barred.clone()).is_refused_as_a_program());
    assert!(!paused(Pause::Rejected).is_refused_as_a_program() && !renewing().is_refused_as_a_program());
    let mut chosen = paused(barred);
    chosen.choose(Some(Readings::FreeOnly));
    assert!(!chosen.is_refused_as_a_program(), "they are chosen already");
}

#[test]
fn next_request_is_unknown_until_the_sign_in_was_read() {
    assert_eq!(AccountState::new(Provider::Anthropic).next_request(NOW), None);
    assert_eq!(renewing().next_request(NOW), Some(NOW));
}

#[test]
fn waits_of_both_gates_outlast_a_reboot_by_the_wall_clock() {
    let mut state = State::new("before".into());
    let mut account = renewing();
    for endpoint in [Endpoint::Usage, Endpoint::Token] {
        let cause = Cooldown::RateLimited { retry_after_s: None };
        account.gates[endpoint].state = GateState::CoolingDown { cause, since: NOW, until: after(600) };
    }
    let id = AccountId("anthropic:ann".into());
    state.accounts.insert(id.clone(), account);
    state.saved = Some(NOW);
    let rebooted = Moment { wall: after(60).wall, boot: Boot(1000) };
    state.rebase_to("after", rebooted);
    for endpoint in [Endpoint::Usage, Endpoint::Token] {
        let opens = state.accounts[&id].gates[endpoint].opens(rebooted).expect("a time");
        assert_eq!(opens.since(rebooted), Duration::from_secs(540), "{endpoint:?}");
    }
}
