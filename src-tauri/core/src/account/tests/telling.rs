//! What the person is told: law 9.

use super::*;

/// Law 9.
#[test]
fn a_missing_notification_service_loses_no_notice() {
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

/// Only a service that comes is a reason to offer a notice sooner: not one that is there, nor one that goes.
#[test]
fn a_notice_that_was_missed_waits_its_time() {
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

#[test]
fn an_end_is_only_said_where_the_beginning_was() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    world.service = false;
    world.run(20 * MINUTE);
    world.service = true;
    world.run(HOUR);
    assert_eq!(world.shown, [], "what is over when the service comes back is not told any more");
}

#[test]
fn kinds_that_are_switched_off_are_not_shown() {
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
fn it_does_not_retire_while_the_service_has_a_notice() {
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
fn a_notice_that_is_shown_after_its_episode_is_followed_by_its_end() {
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
fn a_notice_that_no_service_took_before_its_episode_ended_is_not_offered_again() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    let id = being_shown(&mut world);
    world.run(HOUR);
    world.account.handle(Event::NoticeMissed(id), world.now);
    world.run(HOUR);
    assert_eq!(world.shown, []);
}

#[test]
fn a_notice_that_is_shown_in_the_next_episode_says_that_one_too() {
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
fn a_crash_while_a_notice_of_the_past_is_shown_counts_it_as_shown() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    being_shown(&mut world);
    world.run(HOUR);
    world.crash();
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::Recovered]);
}

/// Law 9: at most once, even if the process dies while showing.
#[test]
fn a_crash_while_showing_does_not_show_it_again() {
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
