//! Notifications: law 9.

use super::*;

/// Law 9.
#[test]
fn notification_waits_for_a_missing_service() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.service = false;
    world.run(10 * MINUTE);
    world.crash();
    world.run(10 * MINUTE);
    assert_eq!(world.shown, []);
    world.service = true;
    world.account.handle(Event::NoticeService(true), world.now);
    world.settle();
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
    world.crash();
    world.run(30 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}

/// Only a service that comes is a reason to offer a notice at once: not one that is there, nor one that goes.
#[test]
fn notification_missed_is_offered_again_when_a_service_appears() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.service = false;
    world.settle();
    let offered = world.account.state().notices.next_offer(false);
    assert!(offered.unwrap().is_after(world.now));
    for there in [true, false, false] {
        world.account.handle(Event::NoticeService(there), world.now);
        assert_eq!(world.account.state().notices.next_offer(false), offered, "{there}");
    }
    world.account.handle(Event::NoticeService(true), world.now);
    assert_eq!(world.account.state().notices.next_offer(false), Some(world.now));
}

/// Found by the simulation (seed 1607): nobody said that the service was gone, and the next offer may be ten minutes away.
#[test]
fn notification_missed_is_offered_soon_after_the_service_is_replaced() {
    let mut world = World::new(|_| limited(Some("36000")));
    world.service = false;
    world.run(HOUR);
    let offered = world.account.state().notices.next_offer(false).unwrap();
    assert!(offered.since(world.now) > Duration::from_secs(2 * MINUTE), "{offered:?}");
    world.service = true;
    world.account.handle(Event::NoticeService(true), world.now);
    world.run(29);
    assert_eq!(world.shown, [], "one that dies of it is not offered it in a loop");
    world.run(1);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}

#[test]
fn recovery_is_announced_only_if_the_limit_was() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    world.service = false;
    world.run(20 * MINUTE);
    world.service = true;
    world.run(HOUR);
    assert_eq!(world.shown, [], "what is over when the service comes back is not told any more");
}

#[test]
fn notification_kinds_turned_off_are_not_shown() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    let mut quiet = preferences();
    quiet.wanted.rate_limit = false;
    world.account.handle(Event::Preferences(quiet), world.now);
    world.run(HOUR);
    assert_eq!(world.shown, []);
}

/// The first notice is handed to the service, which takes its time: answers with the id of the notice.
fn being_shown(world: &mut World) -> u64 {
    loop {
        match world.account.poll(world.now) {
            Action::Notify(notice) => return notice.id,
            Action::Sleep(until) => world.now = until.expect("there is something to say"),
            action => world.act(action),
        }
    }
}

/// A notice in the hands of the service is waited for at the end of the program.
#[test]
fn retire_waits_while_the_service_holds_a_notification() {
    let mut world = World::new(|_| limited(Some("3600")));
    let id = being_shown(&mut world);
    world.account.handle(Event::Retire, world.now);
    world.settle();
    assert!(!world.account.is_done());
    world.account.handle(Event::NoticeShown(id), world.now);
    world.settle();
    assert!(world.account.is_done());
}

/// Law 9, found by the simulation (seeds 174 and 394).
#[test]
fn notification_shown_after_its_episode_is_followed_by_recovery() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    let id = being_shown(&mut world);
    world.run(HOUR);
    assert_eq!(world.shown, [], "the service has not said anything of it");
    world.account.handle(Event::NoticeShown(id), world.now);
    world.run(MINUTE);
    assert_eq!(world.shown, [NoticeKind::Recovered]);
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::Recovered]);
}

#[test]
fn notification_missed_until_its_episode_ended_is_dropped() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    let id = being_shown(&mut world);
    world.run(HOUR);
    world.account.handle(Event::NoticeMissed(id), world.now);
    world.run(HOUR);
    assert_eq!(world.shown, []);
}

#[test]
fn notification_shown_in_the_next_episode_counts_for_it() {
    let mut world = World::new(|n| if n % 8 == 1 { limited(None) } else { good() });
    let id = being_shown(&mut world);
    world.run(42 * MINUTE);
    assert!(world.account.state().notices.limit.is_some(), "the next one has begun");
    world.account.handle(Event::NoticeShown(id), world.now);
    world.run(MINUTE);
    assert_eq!(world.shown, []);
    world.run(10 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::Recovered]);
}

#[test]
fn notification_of_an_ended_episode_counts_as_shown_after_a_crash() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    being_shown(&mut world);
    world.run(HOUR);
    world.crash();
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::Recovered]);
}

/// Law 9: at most once, even if the process dies while showing.
#[test]
fn notification_is_not_repeated_after_a_crash_while_showing() {
    let mut world = World::new(|_| limited(Some("3600")));
    loop {
        let event = match world.account.poll(world.now) {
            Action::Notify(notice) => {
                world.shown.push(notice.kind);
                break;
            }
            Action::Persist(state) => {
                world.disk = *state;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(world.credential.clone()),
            Action::Ask(..) => Event::Delivered(limited(Some("3600"))),
            Action::Record(_) | Action::RecordHistory(_) => continue,
            other => panic!("{other:?}"),
        };
        world.account.handle(event, world.now);
    }
    world.crash();
    world.run(30 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}

#[test]
fn nothing_is_shown_without_a_notification_service_until_there_is_one() {
    let mut world = World::new(|_| limited(None));
    world.service = false;
    world.account.handle(Event::NoticeService(false), world.now);
    world.settle();
    assert!(world.shown.is_empty(), "{:?}", world.shown);
    world.service = true;
    world.account.handle(Event::NoticeService(true), world.now);
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}
