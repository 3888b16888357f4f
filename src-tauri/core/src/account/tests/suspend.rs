//! A machine that sleeps: law 12.

use super::*;

/// Law 12: the machine slept over a poll.
#[test]
fn wake_polls_after_a_pause_and_forgives_one_dns_failure() {
    let mut world = World::new(|n| if n == 2 { SendResult::NotSent("no name".into()) } else { good() });
    let poll = world.settle().unwrap();
    world.now = poll.plus(Duration::from_secs(8 * HOUR));
    let woke = world.now.boot;
    world.run(MINUTE);
    let waited = world.asked[1].0.since(woke).as_secs();
    assert!((5..=15).contains(&waited), "{waited}");
    assert_eq!(world.account.state().gates[Endpoint::Usage].network_failures, 0);
    let again = world.gaps()[1];
    assert!((30..=33).contains(&again), "{again}");
}

/// Law 12: a lid is closed between the permit and its request.
#[test]
fn permit_expired_by_sleep_is_retried_after_the_wake_pause() {
    let mut world = World::new(|_| good());
    let permitted = world.run_to_request();
    let permit = permitted.permit();
    world.settle();
    world.advance(Duration::from_secs(60));
    assert!(permit.holds(world.now.since(permit.given())), "a timer may be late");
    world.advance(Duration::from_millis(1));
    assert!(!permit.holds(world.now.since(permit.given())));
    world.account.handle(Event::Delivered(SendResult::PermitExpired), world.now);
    let (woke, before) = (world.now, world.asked.len());
    world.run(15);
    let waited: Vec<u64> = world.asked[before..].iter().map(|(at, _)| at.since(woke.boot).as_secs()).collect();
    assert!(matches!(waited[..], [5..=15]), "{waited:?}");
    let unsent =
        |entry: &&LedgerEntry| matches!(entry.event, LedgerEvent::Completed { outcome: OutcomeKind::Unreachable, .. });
    assert_eq!(world.entries.iter().filter(unsent).count(), 1, "the ledger says that it was not sent");
    assert_eq!(world.account.state().gates[Endpoint::Usage].network_failures, 0);
}

/// Law 12, found by the simulation (seed 35733): a lid is closed just when an account was taken up.
#[test]
fn account_started_before_sleep_waits_for_the_wake_pause() {
    let mut world = World::new(|_| good());
    world.advance(Duration::from_secs(8 * HOUR));
    let woke = world.now.boot;
    world.run(MINUTE);
    let waited = world.asked[0].0.since(woke).as_secs();
    assert!((5..=15).contains(&waited), "{waited}");
}

/// Found by the simulation (seed 413): until the pause after waking was over, it asked to be woken in the past.
#[test]
fn account_change_after_sleep_waits_for_the_wake_pause() {
    for delivery in [SendResult::PermitExpired, SendResult::NotSent("no name".into())] {
        let mut world = World::new(|_| good());
        let _left = world.run_to_request();
        let CredentialRead::Found(mut bobs) = credential("sk-2") else { unreachable!() };
        bobs.identity.account = Some("bob".into());
        world.credential = CredentialRead::Found(bobs);
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
        world.advance(Duration::from_secs(8 * HOUR));
        world.account.handle(Event::Delivered(delivery), world.now);
        let until = world.settle().unwrap();
        assert!((5..=15).contains(&until.since(world.now).as_secs()), "{until:?}");
        assert!(matches!(world.account.poll(until), Action::Become { .. }));
    }
}

/// Law 12, found by the simulation (seed 521): the failure was there before anything else told of the sleep.
#[test]
fn dns_failure_during_sleep_is_not_counted() {
    let mut world = World::new(|_| good());
    let _left = world.run_to_request();
    world.settle();
    world.advance(Duration::from_secs(8 * HOUR));
    world.account.handle(Event::Delivered(SendResult::NotSent("no name".into())), world.now);
    assert_eq!(world.account.state().gates[Endpoint::Usage].network_failures, 0);
    let (woke, before) = (world.now, world.asked.len());
    world.run(MINUTE);
    let waited = world.asked[before].0.since(woke.boot).as_secs();
    assert!((30..=33).contains(&waited), "{waited}");
}

/// Law 12: a reading that was slept through tells as well that the machine slept.
#[test]
fn response_arriving_after_sleep_delays_the_next_request() {
    let mut world = World::new(|_| good());
    let _left = world.run_to_request();
    world.settle();
    world.advance(Duration::from_secs(8 * HOUR));
    world.account.handle(Event::Delivered(unauthorized()), world.now);
    world.credential = credential("sk-2");
    let (woke, before) = (world.now, world.asked.len());
    world.run(MINUTE);
    let waited = world.asked[before].0.since(woke.boot).as_secs();
    assert!((5..=15).contains(&waited), "{waited}");
}

/// The lid closes in the middle of something: while state is saved, while a credential is read, while the note of a
/// request is made durable.
#[test]
fn sleep_between_any_two_actions_is_detected() {
    for actions in 0..8 {
        let mut world = World::new(|n| if n == 2 { SendResult::NotSent("no name".into()) } else { good() });
        let poll = world.settle().unwrap();
        world.now = poll;
        (0..actions).for_each(|_| world.settle_one());
        if world.asked.len() > 1 {
            return assert!(actions > 2, "the request has left before the lid was closed");
        }
        let action = world.account.poll(world.now);
        world.advance(Duration::from_secs(8 * HOUR));
        let woke = world.now.boot;
        match action {
            Action::Ask(..) => return,
            action => world.act(action),
        }
        world.run(MINUTE);
        let waited = world.asked[1].0.since(woke).as_secs();
        assert!((5..=15).contains(&waited), "after {actions} actions: {waited}");
        assert_eq!(world.account.state().gates[Endpoint::Usage].network_failures, 0, "after {actions} actions");
    }
    unreachable!("a request is due");
}

/// Law 12, found by the simulation (seed 49): the other account is new, and knows nothing of the sleep.
#[test]
fn wake_with_another_accounts_credential_waits_for_the_wake_pause() {
    let mut world = World::new(|_| good());
    world.settle();
    let CredentialRead::Found(mut other) = credential("sk-bob") else { unreachable!() };
    other.identity.account = Some("bob".into());
    world.credential = CredentialRead::Found(other);
    world.advance(Duration::from_secs(8 * HOUR));
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    let woke = world.now;
    world.settle();
    assert!(world.became.is_empty() && world.asked.len() == 1, "it holds still at first");
    let until = world.settle().unwrap();
    assert!((5..=15).contains(&until.since(woke).as_secs()));
    world.now = until;
    while world.became.is_empty() {
        world.settle_one();
    }
    assert_eq!(world.asked.len(), 1);
}

/// Law 12: the network may take a moment, not two; and not two minutes.
#[test]
fn wake_forgives_only_one_network_failure_shortly_after() {
    let slept = |network: fn(usize) -> SendResult| {
        let mut world = World::new(network);
        world.settle();
        world.advance(Duration::from_secs(8 * HOUR));
        world
    };
    let mut twice = slept(|n| if n == 1 { good() } else { SendResult::NotSent("no name".into()) });
    twice.run(50);
    assert_eq!(
        (twice.asked.len(), twice.account.state().gates[Endpoint::Usage].network_failures),
        (3, 1),
        "the second one counts"
    );
    let mut later = slept(|n| match n {
        1 | 2 => good(),
        _ => SendResult::NotSent("no name".into()),
    });
    later.run(5 * MINUTE + 25);
    assert_eq!(
        (later.asked.len(), later.account.state().gates[Endpoint::Usage].network_failures),
        (3, 1),
        "it has been awake for long"
    );
}
