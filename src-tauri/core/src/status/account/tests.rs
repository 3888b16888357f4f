use super::*;
use crate::credential::token::Token;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, Pause};
use crate::quota::{QuotaWindow, Source};
use crate::settings::Readings;
use crate::state::Provider;
use crate::time::Boot;

const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };
const INTERVAL: Duration = Duration::from_secs(300);

fn in_min(minutes: u64) -> Moment {
    NOW.plus(Duration::from_secs(minutes * 60))
}

fn token() -> crate::credential::token::Fingerprint {
    Token::new("sk-1".to_owned()).unwrap().fingerprint()
}

/// Signed in for half an hour more, with a reading of now.
fn account(used: f64) -> AccountState {
    let mut state = AccountState::new(Provider::Anthropic);
    state.sign_in.seen = Some(CredentialPresence::Present { fingerprint: token(), expires_at: Some(in_min(30).wall) });
    let window = QuotaWindow {
        id: "five_hour".into(),
        kind: crate::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(used),
        resets_at: Some(in_min(60).wall),
        duration_s: None,
        binding: false,
        origin: None,
        locked: None,
    };
    state.reading = Some(Reading::new(Source::UsageEndpoint, NOW.wall, vec![window], vec![]));
    state
}

fn limited(until: Moment) -> GateState {
    GateState::CoolingDown { cause: Cooldown::RateLimited { retry_after_s: None }, since: NOW, until }
}

fn paused() -> GateState {
    GateState::Paused { cause: Pause::Rejected, since: NOW, fingerprint: token(), beneath: None }
}

fn of(change: impl Fn(&mut AccountState)) -> AccountState {
    let mut state = account(40.0);
    change(&mut state);
    state
}

#[test]
fn first_response_without_limits_is_no_older_than_it_is() {
    let state = of(|state| {
        let none = Reading::new(Source::UsageEndpoint, NOW.wall, vec![], vec![]);
        state.reading = Some(Reading { no_limits_at: Some(NOW.wall), ..none });
    });
    assert_eq!([in_min(15), in_min(16)].map(|now| state.status(now).is_stale), [false, true]);
}

#[test]
fn account_condition_prefers_blockers_over_reading_age() {
    let absent = |state: &mut AccountState| {
        state.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NoFile));
    };
    let check = |state: &AccountState, now: Moment, expect: Condition| {
        assert_eq!(state.status(now).condition, expect, "{state:?}");
    };
    check(&of(|_| {}), NOW, Condition::Ok);
    check(&of(|state| state.reading = None), NOW, Condition::Unknown);
    let no_limits = of(|state| state.reading.as_mut().unwrap().windows.clear());
    check(&no_limits, NOW, Condition::Unknown);
    check(&no_limits, in_min(16), Condition::Unknown);
    check(&of(|_| {}), in_min(15), Condition::Ok);
    check(&of(|_| {}), in_min(16), Condition::Stale);
    check(&of(|state| state.reading.as_mut().unwrap().no_limits_at = Some(NOW.wall)), NOW, Condition::Stale);
    check(&of(|state| state.gates[Endpoint::Usage].state = limited(in_min(20))), NOW, Condition::CoolingDown);
    check(&of(|state| state.gates[Endpoint::Usage].state = limited(NOW)), NOW, Condition::Ok);
    check(&of(|_| {}), in_min(30), Condition::Expired);
    check(&of(|state| state.gates[Endpoint::Usage].state = paused()), NOW, Condition::Paused);
    check(&of(absent), NOW, Condition::Absent);
    // Nothing is asked for it, so nothing of that is in its way.
    let free = of(|state| {
        absent(state);
        state.gates[Endpoint::Usage].state = limited(in_min(20));
        state.choose(Some(Readings::FreeOnly));
    });
    check(&free, NOW, Condition::Ok);
}

#[test]
fn account_urgency_order_is_action_needed_then_low_quota_then_ok() {
    let mut all = [
        ("absent", of(|state| state.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NoFile)))),
        ("works", account(40.0)),
        ("works, a little fuller", account(40.5)),
        ("works, fuller", account(79.0)),
        ("runs short", account(80.0)),
        ("nearly out", account(99.0)),
        ("limited", of(|state| state.gates[Endpoint::Usage].state = limited(in_min(5)))),
        ("paused", of(|state| state.gates[Endpoint::Usage].state = paused())),
        ("unknown", of(|state| state.reading = None)),
    ];
    all.sort_by_key(|(_, state)| state.status(NOW).urgency());
    let order = all.map(|(name, _)| name);
    let works = ["works, fuller", "works, a little fuller", "works"];
    assert_eq!(order[..4], ["paused", "nearly out", "runs short", "limited"]);
    assert_eq!((&order[4..7], &order[7..]), (&works[..], &["unknown", "absent"][..]));
}

#[test]
fn account_status_with_unsaved_state_has_no_next_request_or_refresh() {
    let state = account(40.0);
    let context = StatusContext { saving_failure: Some("disk full"), ..StatusContext::new(NOW, INTERVAL) };
    let status = AccountStatus::of(&state, &context);
    assert_eq!(status.next_request, None);
    assert_eq!(status.refresh, Err(Refusal::Unsaved { trouble: "disk full".to_owned() }));
    assert_eq!((state.status(NOW).next_request, state.status(NOW).refresh), (Some(NOW), Ok(())));
}

#[test]
fn first_refusal_is_the_earliest_to_end_or_none_if_any_is_allowed() {
    let [free, soon, late, shut] = [
        account(1.0),
        of(|state| state.gates[Endpoint::Usage].state = limited(in_min(3))),
        of(|state| state.gates[Endpoint::Usage].state = limited(in_min(9))),
        of(|state| state.gates[Endpoint::Usage].state = paused()),
    ];
    let first = |all: &[&AccountState]| {
        let all: Vec<AccountStatus<'_>> = all.iter().map(|state| state.status(NOW)).collect();
        first_refusal(&all).map(|refusal| refusal.ends())
    };
    assert_eq!(first(&[&late, &soon, &shut]), Some((0, Some(in_min(3).boot))));
    assert_eq!(first(&[&shut]), Some((1, None)));
    assert_eq!(first(&[&late, &free]), None);
}

#[test]
fn account_status_next_changes_lists_every_timed_change() {
    let state = of(|state| state.gates[Endpoint::Usage].state = limited(in_min(7)));
    let mut changes: Vec<Wall> = state.status(NOW).next_changes(INTERVAL).filter(|at| *at > NOW.wall).collect();
    changes.sort();
    changes.dedup();
    let old = in_min(15).wall.plus(Duration::from_millis(1));
    assert_eq!(changes, [in_min(7).wall, old, in_min(30).wall, in_min(60).wall]);
}

/// Where a click in the tray leads, and whether the tray says more than figures while the sign-in works.
#[test]
fn account_with_sign_in_trouble_leads_to_the_steps_and_a_blocked_renewal_is_told() {
    let renewing = |gate: GateState, why: Option<&str>| {
        of(|state| {
            (state.renewal_enabled, state.sign_in.renewable) = (true, true);
            state.gates[Endpoint::Token].state = gate.clone();
            state.renewal_blocked = why.map(str::to_owned);
        })
    };
    let absent = of(|state| state.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NoFile)));
    for (name, state, now, renewal_blocked, to_sign_in) in [
        ("works", account(40.0), NOW, false, false),
        ("stale", account(40.0), in_min(16), false, false),
        ("limited", of(|state| state.gates[Endpoint::Usage].state = limited(in_min(5))), NOW, false, false),
        ("renewal is ready", renewing(GateState::Open, None), NOW, false, false),
        ("renewal waits", renewing(limited(in_min(5)), None), NOW, true, false),
        ("renewal is held up", renewing(GateState::Open, Some("it is locked")), NOW, true, false),
        ("renewal is refused", renewing(paused(), None), NOW, true, true),
        ("expired", account(40.0), in_min(30), false, true),
        ("paused", of(|state| state.gates[Endpoint::Usage].state = paused()), NOW, false, true),
        ("absent", absent, NOW, false, true),
    ] {
        let status = state.status(now);
        assert_eq!((status.is_renewal_blocked(), status.leads_to_sign_in()), (renewal_blocked, to_sign_in), "{name}");
    }
}
