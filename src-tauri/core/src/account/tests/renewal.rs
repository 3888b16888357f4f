//! Renewal: laws 4, 5, 7 and 8.

use super::*;
use crate::state::Renewal;

/// The sign-in of these tests: it ends in eight hours.
pub(super) fn eight_hours() -> CredentialRead {
    pair("sk-1", "rt-1", NOON.plus(Duration::from_secs(8 * HOUR)))
}

pub(super) fn pair(access: &str, refresh: &str, ends: Wall) -> CredentialRead {
    let CredentialRead::Found(mut credential) = credential(access) else { unreachable!() };
    credential.expires_at = Some(ends);
    credential.refresh_token = Token::of(refresh).map(Into::into);
    CredentialRead::Found(credential)
}

pub(super) fn grant(n: usize) -> SendResult {
    status(200, None, &format!(r#"{{"access_token":"sk-{n}","expires_in":28800,"refresh_token":"rt-{n}"}}"#))
}

/// Usage is always good; `token` answers the n-th renewal.
pub(super) fn renewing(token: impl FnMut(usize) -> SendResult + Send + 'static) -> World {
    let mut world = World::new(|_| good());
    world.credential = eight_hours();
    world.token = Box::new(token);
    let wanted = Preferences { renewal: true, ..preferences() };
    world.preferences = wanted;
    world.account.handle(Event::Preferences(wanted), world.now);
    world
}

pub(super) fn token_gaps(world: &World) -> Vec<u64> {
    let times: Vec<i64> = world.spent.iter().map(|(at, _)| at.0).collect();
    times.windows(2).map(|pair| u64::try_from(pair[1] - pair[0]).unwrap() / 1000).collect()
}

pub(super) fn spent(world: &World) -> Vec<&str> {
    world.spent.iter().map(|(_, token)| token.as_str()).collect()
}

/// The world goes on until the account has come to `there`.
fn step_until(world: &mut World, there: impl Fn(&World) -> bool) {
    for _ in 0..1000 {
        if there(world) {
            return;
        }
        world.settle_one();
    }
    panic!("it never came to that");
}

/// Law 7.
#[test]
fn renewal_is_off_by_default() {
    let mut world = World::new(|_| good());
    world.credential = eight_hours();
    world.run(24 * HOUR);
    assert_eq!((world.spent.len(), world.shown.len()), (0, 0));
}

#[test]
fn renewal_happens_five_minutes_before_expiry_and_is_used() {
    let mut world = renewing(|n| grant(n + 1));
    world.run(24 * HOUR);
    assert_eq!(spent(&world), ["rt-1", "rt-2", "rt-3"], "each once, and each time the newest");
    assert_eq!(world.spent[0].0.0 - 1_000_000, i64::try_from((8 * HOUR - 5 * MINUTE) * 1000).unwrap());
    assert_eq!(world.asked.last().unwrap().1, "sk-4");
    assert!(world.gaps().iter().all(|gap| (180..=301).contains(gap)), "no reading is lost: {:?}", world.gaps());
    assert_eq!(world.shown, []);
    assert!(!world.holds_locks);
}

/// Law 5, and the figure of "a day of 429 at the token endpoint".
#[test]
fn renewal_rate_limited_for_a_day_costs_few_requests_one_notification() {
    let mut world = renewing(|_| limited(None));
    world.run(8 * HOUR);
    let asked_while_it_lived = world.asked.len();
    assert_eq!(asked_while_it_lived, 96, "usage is asked as always");
    world.run(24 * HOUR - 5 * MINUTE);
    assert!((5..=9).contains(&world.spent.len()), "{}", world.spent.len());
    assert_eq!(world.asked.len(), asked_while_it_lived, "and not at all with an expired token");
    assert_eq!(world.shown, [NoticeKind::RenewalLimited]);
    let least = [10, 20, 40, 80, 160, 320].map(|minutes| minutes * MINUTE);
    for (gap, least) in token_gaps(&world).iter().zip(least) {
        assert!((least..=least + least / 10).contains(gap), "{gap} for {least}");
    }
}

#[test]
fn renewal_rate_limit_end_is_announced_once() {
    let mut world = renewing(|n| if n < 3 { limited(Some("3600")) } else { grant(n) });
    world.run(14 * HOUR);
    assert_eq!(world.spent.len(), 3);
    assert_eq!(world.shown, [NoticeKind::RenewalLimited, NoticeKind::Recovered]);
}

/// Law 4 and 6.
#[test]
fn renewal_is_not_triggered_by_usage_429_or_403() {
    for answer in [limited(Some("86400")), missing_scope()] {
        let mut answer = Some(answer);
        let mut world = renewing(|n| grant(n + 1));
        world.answer = Box::new(move |_| answer.take().unwrap_or_else(good));
        world.run(23 * HOUR);
        assert_eq!((world.asked.len(), world.spent.len()), (1, 0));
    }
}

#[test]
fn renewal_adopts_a_token_renewed_by_another_process() {
    let mut world = renewing(|n| grant(n + 1));
    world.locked = true;
    world.run(8 * HOUR - 4 * MINUTE);
    assert!(world.spent.is_empty() && world.withheld() > 0, "the lock is another's");
    world.locked = false;
    world.credential = pair("sk-owner", "rt-owner", NOON.plus(Duration::from_secs(16 * HOUR)));
    world.run(HOUR);
    assert!(world.spent.is_empty());
    assert_eq!(world.asked.last().unwrap().1, "sk-owner");
    assert!(world.account.state().last.as_ref().is_none_or(|last| last.endpoint == Endpoint::Usage));
}

/// The look just before a request finds one that its owner has replaced meanwhile, with little time left.
#[test]
fn renewal_precedes_a_request_with_an_almost_expired_token() {
    let mut world = renewing(|n| grant(n + 1));
    world.settle();
    world.advance(Duration::from_secs(300));
    loop {
        let action = world.account.poll(world.now);
        let looks = matches!(world.account.step, Step::ReadingCredential);
        if looks {
            world.credential = pair("sk-short", "rt-short", world.now.wall.plus(Duration::from_secs(60)));
        }
        world.act(action);
        if looks {
            break;
        }
    }
    world.settle();
    assert_eq!(spent(&world), ["rt-short"]);
    assert_eq!(world.asked.iter().map(|(_, token)| token.as_str()).collect::<Vec<_>>(), ["sk-1", "sk-2"]);
}

/// In `status`, the panel and the settings, and not only in the ledger.
#[test]
fn renewal_blocked_is_saved_and_shown_until_cleared() {
    let why = |world: &World| match world.account.state().renewal(world.now) {
        Renewal::HeldUp { why } => Some(why.to_owned()),
        _ => None,
    };
    let mut world = renewing(|n| grant(n + 1));
    world.locked = true;
    world.run(8 * HOUR - 6 * MINUTE);
    assert_eq!(why(&world), None, "it is not due");
    world.advance(Duration::from_secs(2 * MINUTE));
    step_until(&mut world, |world| world.account.state().renewal_blocked.is_some());
    let kept = loop {
        match world.account.poll(world.now) {
            Action::Record(entry) => world.entries.push(entry),
            Action::Persist(state) => break state.renewal_blocked,
            other => panic!("before that is kept: {other:?}"),
        }
    };
    assert_eq!(kept.as_deref(), Some("Claude Code is renewing"), "kept as soon as it is known");
    world.account.handle(Event::Persisted(Ok(())), world.now);
    world.run(2 * MINUTE);
    assert_eq!(why(&world).as_deref(), Some("Claude Code is renewing"));
    assert_eq!(world.disk.renewal_blocked, why(&world), "what is shown with no program running");
    world.locked = false;
    let mut owners = world.account.clone();
    world.run(HOUR);
    assert_eq!((why(&world), world.spent.len()), (None, 1));

    owners
        .handle(Event::Credential(pair("sk-owner", "rt-owner", NOON.plus(Duration::from_secs(16 * HOUR)))), world.now);
    assert_eq!(owners.state().renewal_blocked, None, "its owner was first");
}

/// Whoever lost an action is given it again.
#[test]
fn renewal_lock_action_repeats_until_answered() {
    let mut world = renewing(|n| grant(n + 1));
    world.run(8 * HOUR - 6 * MINUTE);
    world.advance(Duration::from_secs(2 * MINUTE));
    loop {
        match world.account.poll(world.now) {
            Action::Lock => break,
            action => world.act(action),
        }
    }
    assert!(matches!(world.account.poll(world.now), Action::Lock));
    world.settle();
    assert_eq!(spent(&world), ["rt-1"]);
}

#[test]
fn renewal_lock_never_released_backs_off() {
    let mut world = renewing(|n| grant(n + 1));
    world.locked = true;
    world.run(9 * HOUR);
    assert!((10..=20).contains(&world.withheld()), "{}", world.withheld());
    assert!(world.spent.is_empty());
}

#[test]
fn renewal_pause_ended_by_a_new_refresh_token_is_saved_at_once() {
    let mut world = renewing(|_| status(400, None, r#"{"error":"invalid_grant"}"#));
    world.run(8 * HOUR - 5 * MINUTE + 1);
    assert!(matches!(world.disk.gates[Endpoint::Token].state, GateState::Paused { cause: Pause::RefreshRefused, .. }));
    world.credential = pair("sk-1", "rt-other", NOON.plus(Duration::from_secs(8 * HOUR)));
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert_eq!(world.disk.gates[Endpoint::Token].state, GateState::Open);
    assert_eq!(world.spent.len(), 1, "one renewal after the other, at a distance");
}

#[test]
fn renewal_refused_pauses_at_once_until_another_refresh_token() {
    let mut world = renewing(|n| match n {
        1 => status(400, None, r#"{"error":"invalid_grant"}"#),
        _ => grant(n),
    });
    world.run(24 * HOUR);
    assert_eq!(spent(&world), ["rt-1"]);
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
    assert!(matches!(
        world.account.state().gates[Endpoint::Token].state,
        GateState::Paused { cause: Pause::RefreshRefused, .. }
    ));
    assert!(matches!(
        world.account.state().sign_in_trouble(world.now.wall),
        Some(SignInTrouble::Paused(Pause::RefreshRefused))
    ));
    world.crash();
    world.run(24 * HOUR);
    assert_eq!((world.spent.len(), world.shown.len()), (1, 1), "a pause outlives a restart");
    world.credential = pair("sk-new", "rt-new", world.now.wall.plus(Duration::from_secs(8 * HOUR)));
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert_eq!(world.asked.last().unwrap().1, "sk-new");
    assert_eq!(world.shown, [NoticeKind::SignInStopped, NoticeKind::Recovered]);
}

/// The loser of a race is told `invalid_grant`, and the winner's pair is in the file.
#[test]
fn renewal_losing_a_race_is_not_a_refusal() {
    let mut world = renewing(|_| status(404, None, r#"{"error":{"type":"not_found_error"}}"#));
    world.run(8 * HOUR - 5 * MINUTE - 1);
    world.advance(Duration::from_secs(1));
    step_until(&mut world, |world| world.spent.len() == 1);
    world.credential = pair("sk-owner", "rt-owner", NOON.plus(Duration::from_secs(16 * HOUR)));
    world.run(7 * HOUR);
    assert_eq!((world.spent.len(), world.shown.len()), (1, 0));
    assert_eq!(world.asked.last().unwrap().1, "sk-owner");
}

/// Law 8: whatever leaves it open whether the token is spent cools down as a 429 does.
#[test]
fn renewal_with_ambiguous_outcome_cools_down_without_notification() {
    let answers: [fn() -> SendResult; 4] = [
        || SendResult::Lost("reset".into()),
        || status(500, None, ""),
        || status(400, None, r#"{"error":"invalid_client"}"#),
        || status(200, None, "<html>sign in to the network</html>"),
    ];
    for answer in answers {
        let mut world = renewing(move |_| answer());
        world.run(30 * HOUR);
        assert!((5..=9).contains(&world.spent.len()), "{}", world.spent.len());
        assert!(token_gaps(&world)[0] >= 10 * MINUTE && token_gaps(&world)[1] >= 20 * MINUTE);
        assert_eq!(world.shown, []);
    }
}

#[test]
fn renewal_honors_retry_after_of_a_5xx() {
    let mut world = renewing(|n| if n == 1 { status(503, Some("7200"), "") } else { grant(n) });
    world.run(13 * HOUR);
    assert!((2 * HOUR..=2 * HOUR + 720).contains(&token_gaps(&world)[0]), "{:?}", token_gaps(&world));
}

#[test]
fn renewal_not_sent_is_retried_soon() {
    let mut world = renewing(|n| if n < 3 { SendResult::NotSent("no connection".into()) } else { grant(n) });
    world.run(9 * HOUR);
    assert_eq!(spent(&world), ["rt-1", "rt-1", "rt-1"]);
    assert!(token_gaps(&world).iter().all(|gap| *gap <= 66), "{:?}", token_gaps(&world));
}

/// Laws 8 and 12: a lid is closed between the permit and its request.
#[test]
fn renewal_permit_expired_by_sleep_is_retried_after_the_wake_pause() {
    let mut world = renewing(|n| if n == 1 { SendResult::PermitExpired } else { grant(n) });
    world.run(9 * HOUR);
    assert_eq!(spent(&world), ["rt-1", "rt-1"]);
    assert!(matches!(token_gaps(&world)[..], [5..=15]), "{:?}", token_gaps(&world));
}

/// A renewal is due, and what it is about to spend is on disk.
pub(super) fn noted() -> World {
    let mut world = renewing(|n| grant(n + 1));
    world.run(8 * HOUR - 5 * MINUTE - 1);
    world.advance(Duration::from_secs(1));
    step_until(&mut world, |world| world.disk.gates[Endpoint::Token].intent_token.is_some());
    world
}

/// Law 12, found by the simulation (seed 30564): a lid is closed in that very moment.
#[test]
fn renewal_intent_noted_before_sleep_waits_for_the_wake_pause() {
    let mut world = noted();
    world.advance(Duration::from_secs(8 * HOUR));
    let woke = world.now.boot;
    world.run(MINUTE);
    assert_eq!(spent(&world), ["rt-1"]);
    let waited = world.spent[0].0.since(woke).as_secs();
    assert!((5..=15).contains(&waited), "{waited}");
}

/// Law 7, found by the simulation (seed 22270): the switch is used while a renewal is about to leave.
#[test]
fn renewal_turned_off_cancels_a_noted_intent() {
    let mut world = noted();
    assert!(world.account.still_allows(Endpoint::Token));
    world.preferences.renewal = false;
    world.account.handle(Event::Preferences(world.preferences), world.now);
    assert!(!world.account.still_allows(Endpoint::Token), "not even with a permit");
    assert!(world.account.still_allows(Endpoint::Usage));
    world.run(HOUR);
    assert!(world.spent.is_empty() && !world.holds_locks);
    assert_eq!(world.disk.gates[Endpoint::Token].intent_token, None);
}

/// Law 8: the process dies at every step of a renewal in turn.
#[test]
fn renewal_crash_at_any_step_never_resends_a_spent_refresh_token() {
    for steps in 0..40 {
        let mut world = renewing(|n| grant(n + 1));
        world.run(8 * HOUR - 5 * MINUTE - 1);
        world.advance(Duration::from_secs(1));
        for _ in 0..steps {
            world.settle_one();
        }
        let read = world.spent.len();
        world.crash();
        world.holds_locks = false;
        world.run(5 * HOUR);
        let tokens = spent(&world);
        assert!(tokens.iter().filter(|token| **token == "rt-1").count() <= 1, "after {steps} steps: {tokens:?}");
        let paused = matches!(world.account.state().gates[Endpoint::Token].state, GateState::Paused { .. });
        let renewed = world.asked.last().unwrap().1 == "sk-2";
        assert!(paused != renewed, "after {steps} steps and {read} sent: one clear pause, or renewed");
        assert_eq!(world.shown.len(), usize::from(paused), "after {steps} steps");
    }
}

/// Law 13: where the intent cannot be noted, nothing leaves, and nobody is kept waiting for the locks.
#[test]
fn renewal_is_not_sent_if_the_intent_cannot_be_saved() {
    let mut world = renewing(|n| grant(n + 1));
    world.run(8 * HOUR - 5 * MINUTE - 1);
    world.disk_full = true;
    world.run(HOUR);
    assert!(world.spent.is_empty() && !world.holds_locks);
    world.disk_full = false;
    world.run(10 * MINUTE);
    assert_eq!(spent(&world), ["rt-1"]);
}

#[test]
fn renewal_is_not_tried_with_an_expired_refresh_token() {
    let mut world = renewing(|n| grant(n + 1));
    let CredentialRead::Found(mut old) = eight_hours() else { unreachable!() };
    old.refresh_expires_at = Some(NOON.plus(Duration::from_secs(HOUR)));
    world.credential = CredentialRead::Found(old);
    world.run(24 * HOUR);
    assert!(world.spent.is_empty());
}

/// While the access token lives, readings go on; they prove nothing about a sign-in that cannot be renewed any more.
#[test]
fn renewal_refused_is_not_recovered_by_a_reading() {
    let mut world = renewing(|_| status(400, None, r#"{"error":"invalid_grant"}"#));
    world.run(8 * HOUR - 5 * MINUTE + 1);
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
    world.run(4 * MINUTE);
    assert_eq!(world.account.state().sign_in_trouble(world.now.wall), None);
    assert!(matches!(world.account.state().renewal(world.now), Renewal::Stopped(Pause::RefreshRefused)));
    assert!(!world.account.state().sign_in_recovered && world.account.state().sign_in_failed);
    let asked = world.asked.len();
    world.credential = pair("sk-new", "rt-new", world.now.wall.plus(Duration::from_secs(8 * HOUR)));
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(3 * MINUTE);
    assert_eq!(world.asked.len(), asked + 1, "asked as soon as the distance allows");
    assert!(world.account.state().sign_in_recovered && !world.account.state().sign_in_failed);
    assert_eq!(world.shown, [NoticeKind::SignInStopped, NoticeKind::Recovered]);
}
