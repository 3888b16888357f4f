use super::*;
use crate::credential::token::Token;
use crate::request::{Auth, Method};
use crate::time::Boot;

const NOON: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };
const NONE: Jitter = Jitter(0);

fn after(secs: u64) -> Moment {
    NOON.plus(Duration::from_secs(secs))
}

fn print_of(token: &str) -> Fingerprint {
    Token::new(token.into()).unwrap().fingerprint()
}

fn gate() -> Gate {
    Gate::new(Provider::Anthropic, Endpoint::Usage)
}

fn permitted(gate: &Gate, request_for: Endpoint, now: Moment, spacing: Spacing) -> Option<PermittedRequest> {
    let request = Request {
        provider: Provider::Anthropic,
        endpoint: request_for,
        method: Method::Get,
        path: "/",
        headers: vec![],
        auth: Auth::Bearer(Token::new("sk-1".into()).unwrap()),
    };
    gate.permit(&AccountId("anthropic:ann".into()), request, now, spacing)
}

fn until(gate: &Gate) -> Option<Moment> {
    match gate.state {
        GateState::CoolingDown { until, .. } => Some(until),
        GateState::Open | GateState::Paused { .. } => None,
    }
}

fn cause(gate: &Gate) -> Option<&Pause> {
    match &gate.state {
        GateState::Paused { cause, .. } => Some(cause),
        GateState::Open | GateState::CoolingDown { .. } => None,
    }
}

/// A tenth at most, and only ever longer.
#[test]
fn jitter_lengthens_by_up_to_a_tenth() {
    let minute = Duration::from_secs(60);
    let lengthened = [0, 1, 500, 1000, 5000].map(|draw| Jitter(draw).lengthen(minute).as_millis());
    assert_eq!(lengthened, [60_000, 60_006, 63_000, 66_000, 66_000]);
    assert_eq!(Jitter(1000).lengthen(Duration::MAX), Duration::MAX);
}

#[test]
fn permit_requires_an_intent_and_an_open_gate() {
    let mut gate = gate();
    let usage = |gate: &Gate, now, spacing| permitted(gate, Endpoint::Usage, now, spacing);
    assert!(usage(&gate, NOON, Spacing::Kept).is_none(), "nothing was noted");
    gate.begin(NOON);
    let permit = usage(&gate, NOON, Spacing::Kept).unwrap();
    assert_eq!((permit.endpoint(), permit.permit().account().0.as_str()), (Endpoint::Usage, "anthropic:ann"));
    assert!(permitted(&gate, Endpoint::Token, NOON, Spacing::Kept).is_none(), "a request for another endpoint");
    gate.rate_limited(NOON, None, NONE);
    gate.begin(after(1));
    assert!(usage(&gate, after(299), Spacing::Waived).is_none());
    assert!(usage(&gate, after(300), Spacing::Kept).is_some(), "at the deadline it is open");
    let mut token = Gate::new(Provider::Anthropic, Endpoint::Token);
    token.begin(NOON);
    assert_eq!(permitted(&token, Endpoint::Token, NOON, Spacing::Kept).unwrap().endpoint(), Endpoint::Token);
}

#[test]
fn spacing_ends_at_its_second_and_can_be_waived() {
    let mut gate = gate();
    gate.success(NOON);
    assert_eq!(gate.shut(after(179), Spacing::Kept), Some(Blocked::Spacing { until: after(180) }));
    assert_eq!(gate.shut(after(180), Spacing::Kept), None);
    assert_eq!(gate.shut(after(1), Spacing::Waived), None);
    assert_eq!(gate.opens(NOON), Some(after(180)));
    assert_eq!(gate.opens(after(500)), Some(after(500)));
}

#[test]
fn longer_cooldown_wins_and_does_not_replace_a_pause() {
    let mut gate = gate();
    let (short, long) = (after(600), after(900));
    gate.shut_until(Cooldown::Unanswered, NOON, long);
    gate.shut_until(Cooldown::StateLost, NOON, short);
    assert_eq!(gate.state, GateState::CoolingDown { cause: Cooldown::Unanswered, since: NOON, until: long });
    gate.shut_until(Cooldown::StateLost, NOON, long);
    assert_eq!(gate.state, GateState::CoolingDown { cause: Cooldown::Unanswered, since: NOON, until: long });
    gate.shut_until(Cooldown::StateLost, NOON, after(901));
    assert_eq!(until(&gate), Some(after(901)));
    gate.pause(NOON, Pause::Rejected, print_of("a"));
    gate.shut_until(Cooldown::StateLost, NOON, after(9000));
    assert_eq!(
        (cause(&gate), gate.opens(NOON)),
        (Some(&Pause::Rejected), None),
        "a pause is not shortened to a cooldown"
    );
}

#[test]
fn cooldown_length_depends_on_the_endpoint() {
    for (endpoint, first, second) in [(Endpoint::Usage, 300, 600), (Endpoint::Token, 600, 1200)] {
        let mut gate = Gate::new(Provider::Anthropic, endpoint);
        gate.rate_limited(NOON, None, NONE);
        assert_eq!(until(&gate), Some(after(first)));
        gate.rate_limited(NOON, Some(Duration::from_secs(30)), NONE);
        assert_eq!(until(&gate), Some(after(second)), "a short Retry-After shortens nothing");
        gate.rate_limited(NOON, Some(Duration::from_secs(7200)), NONE);
        let asked = Cooldown::RateLimited { retry_after_s: Some(7200) };
        assert_eq!(gate.state, GateState::CoolingDown { cause: asked, since: NOON, until: after(7200) });
    }
}

/// What is doubtful waits as a refusal for frequency would, and more each time.
#[test]
fn ambiguous_grant_backs_off_exponentially() {
    let mut gate = Gate::new(Provider::Anthropic, Endpoint::Token);
    let cause = || Cooldown::Server { status: 502 };
    gate.begin(NOON);
    gate.ambiguous_grant(NOON, cause(), None, NONE);
    assert_eq!((until(&gate), gate.intent, gate.last_request), (Some(after(600)), None, Some(NOON)));
    gate.ambiguous_grant(NOON, cause(), None, NONE);
    assert_eq!(until(&gate), Some(after(1200)));
    gate.strikes = 1;
    gate.network_failures = 4;
    gate.ambiguous_grant(NOON, cause(), Some(Duration::from_secs(1)), NONE);
    assert_eq!((until(&gate), gate.network_failures), (Some(after(4800)), 0));
}

#[test]
fn pause_follows_the_third_strike_or_a_missing_scope_at_once() {
    for (rejection, pause) in [
        (Rejection::Unauthorized, Pause::Rejected),
        (Rejection::Forbidden("no".into()), Pause::Forbidden { message: "no".into() }),
    ] {
        let mut gate = gate();
        for _ in 0..2 {
            gate.rejected(NOON, rejection.clone(), print_of("a"));
            assert_eq!(gate.state, GateState::Open);
        }
        gate.rejected(NOON, rejection, print_of("a"));
        assert_eq!(cause(&gate), Some(&pause));
    }
    let mut gate = gate();
    gate.rejected(NOON, Rejection::MissingScope("user:profile".into()), print_of("a"));
    assert!(matches!(cause(&gate), Some(Pause::MissingScope { .. })));
}

#[test]
fn pause_and_its_strikes_end_with_another_credential() {
    let mut gate = gate();
    assert!(!gate.credential_seen(&print_of("a"), NOON), "nothing was paused");
    for _ in 0..3 {
        gate.rejected(NOON, Rejection::Unauthorized, print_of("a"));
    }
    assert!(!gate.credential_seen(&print_of("a"), NOON));
    assert!(gate.credential_seen(&print_of("b"), NOON));
    assert_eq!((&gate.state, gate.unauthorized), (&GateState::Open, 0));
    gate.rate_limited(NOON, None, NONE);
    assert!(!gate.credential_seen(&print_of("c"), NOON), "a cooldown does not end with one");
    assert_eq!(until(&gate), Some(after(300)));
}

/// Each kind of failure has a count of its own, which another kind ends where that proves something.
#[test]
fn failures_are_counted_per_kind() {
    let mut gate = gate();
    gate.unreachable(NOON, "no route".into(), NONE);
    gate.unreachable(NOON, "no route".into(), NONE);
    assert_eq!((gate.network_failures, until(&gate), gate.last_request), (2, Some(after(60)), None));
    gate.network_warming_up(NOON, "no route".into(), NONE);
    assert_eq!((gate.network_failures, until(&gate)), (2, Some(after(30))));
    gate.begin(NOON);
    gate.ambiguous(NOON, "reset".into(), NONE);
    assert_eq!((gate.network_failures, until(&gate), gate.last_request), (3, Some(after(120)), Some(NOON)));
    gate.server_trouble(NOON, Cooldown::Server { status: 500 }, None, NONE);
    gate.server_trouble(NOON, Cooldown::Server { status: 500 }, Some(Duration::from_secs(400)), NONE);
    assert_eq!((gate.network_failures, gate.server_failures, until(&gate)), (0, 2, Some(after(400))));
    gate.unauthorized_once(NOON, Some(print_of("a")));
    gate.success(after(1));
    assert_eq!(gate, Gate { last_request: Some(after(1)), ..self::gate() });
}

#[test]
fn superseded_renewal_opens_the_gate_and_counts_as_a_request() {
    let mut gate = Gate::new(Provider::Anthropic, Endpoint::Token);
    gate.rate_limited(NOON, None, NONE);
    gate.begin(after(1));
    gate.intent_token = Some(print_of("a"));
    gate.superseded(after(2));
    assert_eq!((&gate.state, gate.strikes, gate.last_request), (&GateState::Open, 1, Some(after(2))));
    assert_eq!((gate.intent, &gate.intent_token), (None, &None));
}

#[test]
fn withdrawn_request_is_not_counted() {
    let mut gate = gate();
    gate.begin(NOON);
    gate.cancel();
    assert_eq!(gate, self::gate());
}

#[test]
fn unanswered_request_cools_down_for_an_hour_from_sending() {
    let mut gate = gate();
    gate.settle(NOON, NONE);
    assert_eq!(gate, self::gate(), "nothing was under way");
    gate.begin(NOON);
    gate.settle(after(60), Jitter(1000));
    assert_eq!((until(&gate), gate.last_request, gate.intent), (Some(after(3960)), Some(NOON), None));
    let mut gate = self::gate();
    gate.begin(NOON);
    gate.settle(after(3600), NONE);
    assert_eq!(gate.state, GateState::Open, "that hour is over");
}

#[test]
fn merge_keeps_the_stricter_of_both_gates() {
    let mut other = gate();
    other.rate_limited(NOON, None, NONE);
    other.rate_limited(after(10), None, NONE);
    other.begin(after(20));
    other.intent_token = Some(print_of("a"));

    let mut fresh = gate();
    fresh.merge(&other);
    assert_eq!((fresh.strikes, until(&fresh), fresh.last_request), (2, Some(after(610)), Some(after(10))));
    assert_eq!((fresh.intent, &fresh.intent_token), (Some(after(20)), &Some(print_of("a"))));

    let mut busy = gate();
    busy.strikes = 5;
    busy.last_request = Some(after(15));
    busy.begin(after(30));
    busy.merge(&other);
    assert_eq!((busy.strikes, busy.last_request), (5, Some(after(15))));
    assert_eq!((busy.intent, &busy.intent_token), (Some(after(30)), &None), "its own note stands");

    other.pause(after(40), Pause::RefreshRefused, print_of("a"));
    busy.merge(&other);
    assert_eq!(cause(&busy), Some(&Pause::RefreshRefused));
    busy.merge(&gate());
    assert_eq!((cause(&busy), busy.last_request), (Some(&Pause::RefreshRefused), Some(after(40))));
}

/// The machine was off for 100 s of a cooldown's 300.
#[test]
fn reboot_preserves_the_remaining_cooldown() {
    let mut gate = gate();
    gate.rate_limited(NOON, None, NONE);
    gate.begin(after(50));
    let now = Moment { wall: after(150).wall, boot: Boot(7) };
    gate.rebase_after_reboot(Some(after(50)), now);
    let left = until(&gate).map(|until| until.since(now));
    assert_eq!(left, Some(Duration::from_secs(150)));
    assert_eq!(gate.last_request.map(|at| now.since(at)), Some(Duration::from_secs(150)));
    assert_eq!(gate.intent.map(|at| now.since(at)), Some(Duration::from_secs(100)));
    let GateState::CoolingDown { since, .. } = gate.state else { panic!("{gate:?}") };
    assert_eq!(now.since(since), Duration::from_secs(150));
    gate.pause(now, Pause::Rejected, print_of("a"));
    let later = Moment { wall: now.wall.plus(Duration::from_secs(60)), boot: Boot(3) };
    gate.rebase_after_reboot(None, later);
    let GateState::Paused { since, .. } = gate.state else { panic!("{gate:?}") };
    assert_eq!(later.since(since), Duration::from_secs(60));
}

/// Law 6: the third strike pauses, whichever kind the others were.
#[test]
fn rejections_pause_on_the_third_strike_only() {
    for forbidden in [false, true] {
        let rejection = || if forbidden { Rejection::Forbidden("no".into()) } else { Rejection::Unauthorized };
        let mut gate = gate();
        for n in 1..=2 {
            gate.rejected(after(n * 300), rejection(), print_of("a"));
            assert_eq!((&gate.state, gate.unauthorized), (&GateState::Open, u32::try_from(n).unwrap()));
        }
        gate.rejected(after(900), rejection(), print_of("a"));
        let expect = if forbidden { Pause::Forbidden { message: "no".into() } } else { Pause::Rejected };
        assert_eq!(cause(&gate), Some(&expect));
    }
}

/// Law 2.
#[test]
fn cooldown_is_never_shortened_and_a_pause_never_replaced() {
    let mut gate = gate();
    gate.shut_until(Cooldown::Unanswered, NOON, after(600));
    gate.shut_until(Cooldown::StateLost, NOON, after(599));
    gate.shut_until(Cooldown::StateLost, NOON, after(600));
    let GateState::CoolingDown { cause, until, .. } = &gate.state else { panic!("{gate:?}") };
    assert_eq!((cause, *until), (&Cooldown::Unanswered, after(600)));
    gate.shut_until(Cooldown::StateLost, NOON, after(601));
    assert_eq!(self::until(&gate), Some(after(601)));
    gate.pause(after(10), Pause::Rejected, print_of("a"));
    gate.shut_until(Cooldown::StateLost, NOON, after(9999));
    assert_eq!(self::cause(&gate), Some(&Pause::Rejected));
}

/// How long a gate waits at `at` once another sign-in was seen, and what it said until then.
fn waits_with_another(gate: &Gate, at: Moment) -> (u64, Option<Pause>) {
    let mut gate = gate.clone();
    let paused = cause(&gate).cloned();
    assert_eq!(gate.credential_seen(&print_of("new"), at), paused.is_some());
    gate.begin(at);
    let opens = gate.opens(at).unwrap();
    assert_eq!(permitted(&gate, Endpoint::Usage, at, Spacing::Kept).is_some(), opens == at);
    (opens.since(at).as_secs(), paused)
}

/// Law 2: the cooldown is the account's, under whichever of its names the pause was.
#[test]
fn merge_with_another_credential_ends_the_pause_not_the_cooldown() {
    let limited = |wait| {
        let mut gate = gate();
        gate.rate_limited(NOON, Some(Duration::from_secs(wait)), NONE);
        gate
    };
    let paused = |mut gate: Gate| {
        gate.pause(NOON, Pause::Rejected, print_of("old"));
        gate
    };
    let gates = [
        (0, gate()),
        (3600, limited(3600)),
        (7200, limited(7200)),
        (0, paused(gate())),
        (3600, paused(limited(3600))),
        (7200, paused(limited(7200))),
    ];
    for ((left, one), (right, other)) in gates.iter().flat_map(|one| gates.iter().map(move |other| (one, other))) {
        let mut both = one.clone();
        both.merge(other);
        let pause = cause(one).or(cause(other)).cloned();
        let expect = (u64::saturating_sub(*left.max(right), 600), pause);
        assert_eq!(waits_with_another(&both, after(600)), expect, "{one:?} {other:?}");
        assert_eq!(waits_with_another(&both, after(7200)).0, 0, "{one:?} {other:?}");
    }
}

#[test]
fn pause_keeps_an_underlying_cooldown_until_it_ends() {
    let mut gate = gate();
    gate.rate_limited(NOON, None, NONE);
    let limited = gate.clone();
    gate.pause(after(299), Pause::Rejected, print_of("a"));
    gate.pause(after(299), Pause::Rejected, print_of("b"));
    assert!(gate.credential_seen(&print_of("c"), after(299)));
    assert_eq!(gate.state, limited.state);
    let mut over = limited;
    over.pause(after(300), Pause::Rejected, print_of("a"));
    assert!(matches!(over.state, GateState::Paused { beneath: None, .. }));
    let mut later = gate;
    later.pause(after(299), Pause::Rejected, print_of("a"));
    assert!(later.credential_seen(&print_of("c"), after(300)));
    assert_eq!(later.state, GateState::Open);
}

/// Laws 8 and 13: the ledger knew of a cooldown, and the renewal that was noted was cut off.
#[test]
fn interrupted_renewal_pauses_and_keeps_the_cooldown() {
    let mut gate = Gate::new(Provider::Anthropic, Endpoint::Token);
    gate.begin(NOON);
    gate.intent_token = Some(print_of("a"));
    gate.shut_until(Cooldown::StateLost, after(10), after(3600));
    assert_eq!(gate.interrupted_renewal(), None, "it is under way");
    gate.settle(after(10), NONE);
    assert_eq!(gate.interrupted_renewal(), Some(&print_of("a")));
    assert_eq!(waits_with_another(&gate, after(600)), (3000, Some(Pause::RenewalCutOff)));
}

/// Law 12: the machine was off for 100 s of a cooldown's 300, which a pause lay over.
#[test]
fn reboot_preserves_the_remaining_cooldown_beneath_a_pause() {
    for back_s in [0, 50] {
        let mut gate = gate();
        gate.rate_limited(NOON, None, NONE);
        gate.pause(after(20), Pause::Rejected, print_of("a"));
        let now = Moment { wall: Wall(after(150).wall.0 - back_s * 1000), boot: Boot(7) };
        gate.rebase_after_reboot(Some(after(50)), now);
        assert_eq!(waits_with_another(&gate, now).0, 150 + u64::try_from(back_s).unwrap());
    }
}

/// Both ways: a state of an earlier version, and one that an earlier version can read.
#[test]
fn pause_without_underlying_cooldown_keeps_the_old_format() {
    let mut gate = gate();
    gate.pause(NOON, Pause::Rejected, print_of("a"));
    let kept = serde_json::to_value(&gate.state).unwrap();
    let keys: Vec<&str> = kept.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["cause", "fingerprint", "since", "state"]);
    assert_eq!(serde_json::from_value::<GateState>(kept).unwrap(), gate.state);
    gate.shut_until(Cooldown::StateLost, NOON, after(600));
    let kept = serde_json::to_string(&gate).unwrap();
    assert_eq!(serde_json::from_str::<Gate>(&kept).unwrap(), gate);
}
