//! Retiring an account: switched off, moved to another location, or at the end of the program.

use super::*;

fn ends_of_day(access: &str, refresh: &str) -> CredentialRead {
    let CredentialRead::Found(mut credential) = credential(access) else { unreachable!() };
    credential.expires_at = Some(NOON.plus(Duration::from_secs(8 * HOUR)));
    credential.refresh_token = Token::of(refresh).map(Into::into);
    CredentialRead::Found(credential)
}

/// Eight hours before the sign-in ends, or 5 minutes; whether the next request is for a reading or for new tokens.
fn at_work(renewing: bool) -> World {
    let mut world = World::new(|n| if n % 3 == 2 { limited(Some("600")) } else { good() });
    world.token = Box::new(|n| {
        let body = format!(r#"{{"access_token":"sk-{n}","expires_in":28800,"refresh_token":"rt-{n}"}}"#);
        status(200, None, &body)
    });
    world.credential = ends_of_day("sk-a", "rt-a");
    if renewing {
        let wanted = Preferences { renewal: true, ..preferences() };
        world.account.handle(Event::Preferences(wanted), world.now);
        world.run(8 * HOUR - 6 * MINUTE);
        world.advance(Duration::from_secs(2 * MINUTE));
    }
    world
}

/// Retires after so many steps, then lets a day go by.
fn retired_after(steps: usize, renewing: bool) -> World {
    let mut world = at_work(renewing);
    for _ in 0..steps {
        world.settle_one();
    }
    let before = (world.asked.len(), world.spent.len());
    world.account.handle(Event::Retire, world.now);
    world.run(24 * HOUR);
    assert_eq!((world.asked.len(), world.spent.len()), before, "nothing is begun, after {steps} steps");
    world
}

#[test]
fn retire_finishes_operations_in_progress_and_starts_none() {
    for (steps, renewing) in (0..40).flat_map(|steps| [(steps, false), (steps, true)]) {
        let world = retired_after(steps, renewing);
        assert!(world.account.is_done(), "{steps} {renewing}");
        assert!(!world.holds_locks, "{steps} {renewing}");
        assert_eq!(world.disk, *world.account.state(), "{steps} {renewing}");
        assert!(
            world.disk.gates[Endpoint::Usage].intent.is_none() && world.disk.gates[Endpoint::Token].intent.is_none(),
            "{steps} {renewing}"
        );
    }
}

#[test]
fn retire_test_steps_cover_a_request_and_a_renewal() {
    assert!(retired_after(39, false).asked.len() == 1);
    assert!(retired_after(39, true).spent.len() == 1);
}

#[test]
fn retire_waits_for_a_notification_being_shown() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.service = true;
    while !world.account.state().notices.is_showing() {
        assert!(!world.account.is_done());
        world.settle_one();
    }
    world.account.handle(Event::Retire, world.now);
    assert!(!world.account.is_done());
    world.settle();
    assert!(world.account.is_done());
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}

#[test]
fn retire_waits_for_state_to_be_saved() {
    let mut world = World::new(|_| good());
    world.settle();
    world.account.handle(Event::Preferences(Preferences { renewal: true, ..preferences() }), world.now);
    world.account.handle(Event::Retire, world.now);
    assert!(!world.account.is_done(), "it is to be saved");
    let save = world.account.poll(world.now);
    assert!(matches!(save, Action::Persist(_)));
    assert!(!world.account.is_done(), "it is being saved");
    world.act(save);
    world.settle();
    assert!(world.account.is_done());
}

#[test]
fn retire_completes_with_a_full_disk() {
    let mut world = World::new(|_| good());
    world.settle();
    world.disk_full = true;
    world.account.handle(Event::NoticeMissed(0), world.now);
    world.settle();
    world.account.handle(Event::Retire, world.now);
    assert!(world.account.is_done());
}

/// Law 2: switched off within a cooldown and on again, it keeps to it.
#[test]
fn retired_account_keeps_its_cooldown_when_resumed() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.settle();
    world.account.handle(Event::Retire, world.now);
    world.settle();
    world.run(10 * MINUTE);
    world.crash();
    world.run(49 * MINUTE);
    assert_eq!(world.asked.len(), 1);
    world.run(8 * MINUTE);
    assert_eq!(world.asked.len(), 2);
}

/// Law 6: the other place's sign-in is asked with, and a rejected one is remembered until there is a reading.
#[test]
fn rejected_credential_is_remembered_until_the_next_reading() {
    let mut world = World::new(|n| if n == 1 { missing_scope() } else { good() });
    world.settle();
    let rejected = Token::new("sk-1".to_owned()).unwrap().fingerprint();
    assert_eq!(world.disk.rejected_credentials, [rejected]);
    world.crash();
    world.credential = credential("sk-2");
    world.run(4 * MINUTE);
    assert_eq!(world.asked.len(), 2);
    assert_eq!(world.disk.rejected_credentials, []);
}

#[test]
fn seat_takes_over_the_cooldown_that_a_retired_seat_of_its_login_left() {
    let mut world = World::new(|_| good());
    world.settle();
    let mut left = world.account.state().gates.clone();
    left[Endpoint::Usage].state = GateState::CoolingDown {
        cause: Cooldown::RateLimited { retry_after_s: None },
        since: world.now,
        until: world.now.plus(Duration::from_secs(2 * HOUR)),
    };
    world.account.share_left_behind(&left, world.now);
    world.settle();
    assert_eq!(world.disk.gates[Endpoint::Usage], world.account.state().gates[Endpoint::Usage]);
    let asked = world.asked.len();
    world.run(2 * HOUR - MINUTE);
    assert_eq!(world.asked.len(), asked);
    let saves = world.disk.saves;
    world.account.share_left_behind(&left, world.now);
    world.settle();
    assert_eq!(world.disk.saves, saves, "nothing new");
}

#[test]
fn seat_waits_for_its_login_while_another_seat_has_a_request_in_flight() {
    let mut world = World::new(|_| good());
    let mut busy = world.account.state().gates.clone();
    busy[Endpoint::Usage].begin(world.now);
    world.account.handle(Event::OtherSeats(vec![busy]), world.now);
    assert!(world.account.waits_for_login());
    world.account.handle(Event::OtherSeats(vec![]), world.now);
    assert!(!world.account.waits_for_login());
}
