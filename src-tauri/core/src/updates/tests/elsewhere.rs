//! Two copies of one user, each with its own data folder.

use super::*;

/// A second copy of the same build, which knows what the first kept.
pub(super) fn second(world: &World) -> Updates {
    let mut second = Updates::new(build(&world.signer), UpdatesState::default(), wanted(true), world.now, 9);
    second.handle(Event::NoticeService(true), world.now);
    second.handle(Event::Elsewhere(Box::new(world.kept.clone())), world.now);
    second
}

#[test]
fn update_check_by_one_copy_counts_for_all_that_day() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    world.updates.handle(Event::Announced { shown: true }, world.now);
    world.act();
    assert_eq!(world.asked().len(), 1);
    world.updates = second(&world);
    world.said();
    world.live(DAY - 2 * HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 0);
    let status = world.updates.status();
    assert_eq!(status.offer.map(|offer| offer.version).as_deref(), Some("0.2.0"), "what was found is one person's");
    assert_eq!(world.said(), [], "and was said");
    world.live(6 * HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 1);
}

/// The other copy was ended in the middle of its look, or asked before this one.
#[test]
fn update_state_of_another_copy_is_taken_if_later_and_signed() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    let forged = Signer::new().sign(&list("9.9.9").to_string());
    let asked = Some(world.now);
    let next = Some(world.now.plus(3 * DAY));
    let other = UpdatesState { asked, next, under_way: true, signed: Some(forged), ..UpdatesState::default() };
    world.updates.handle(Event::Elsewhere(Box::new(other)), world.now);
    world.act();
    assert_eq!((world.updates.status().offer, world.kept.next, world.kept.under_way), (None, next, false));
    let earlier = UpdatesState { asked: Some(START), next: Some(START), ..UpdatesState::default() };
    world.updates.handle(Event::Elsewhere(Box::new(earlier)), world.now);
    world.act();
    assert_eq!((world.kept.asked, world.kept.next), (asked, next));
}

#[test]
fn update_check_of_a_busy_copy_waits_and_is_sent_afterwards() {
    let mut world = World::new(wanted(true));
    world.act();
    world.now = world.now.plus(2 * policy::UPDATE_PAUSE);
    for _ in 0..5 {
        assert!(world.updates.is_due(world.now));
        world.updates.handle(Event::NotNow, world.now);
        let until = world.act().unwrap();
        assert!((policy::UPDATE_BUSY..2 * policy::UPDATE_BUSY).contains(&until.since(world.now)));
        assert!(!world.updates.is_due(world.now) && world.asked().is_empty());
        world.now = until;
    }
    world.live(HOUR, release("0.1.0"));
    assert_eq!(world.asked().len(), 1);
}

/// Before its own state is saved no request is made, so the lock of all copies is not needed yet.
#[test]
fn update_check_is_not_due_while_the_state_is_unsaved() {
    let mut world = World::new(wanted(true));
    world.act();
    world.now = world.now.plus(2 * policy::UPDATE_PAUSE);
    assert!(world.updates.is_due(world.now));
    world.updates.handle(Event::Skip("0.2.0".into()), world.now);
    assert!(!world.updates.is_due(world.now), "not saved");
    let Action::Persist(state) = world.updates.poll(world.now) else { panic!("nothing is saved") };
    assert_eq!(state.skipped.as_deref(), Some("0.2.0"));
    assert!(!world.updates.is_due(world.now), "being saved");
    world.updates.handle(Event::Persisted(Ok(())), world.now);
    assert!(world.updates.is_due(world.now));
}

/// Also of a copy whose own look is older, or of which none is known.
#[test]
fn update_wait_of_another_copy_is_saved() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.1.0"));
    let at = |days: u32| Some(world.now.plus(days * DAY));
    for (asked, next, held) in [(None, at(3), None), (Some(START), at(3), at(4)), (None, at(5), at(4))] {
        let other = UpdatesState { asked, next, held, ..UpdatesState::default() };
        world.updates.handle(Event::Elsewhere(Box::new(other)), world.now);
        world.act();
        assert_eq!((world.kept.next, world.kept.held), (next, held));
    }
    world.updates.handle(Event::Elsewhere(Box::default()), world.now);
    assert!(matches!(world.updates.poll(world.now), Action::Sleep(_)), "nothing new, nothing to save");
}
