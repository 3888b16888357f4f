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
            Action::Record(_) | Action::Remember(_) => continue,
            other => panic!("{other:?}"),
        };
        world.account.handle(event, world.now);
    }
    world.crash();
    world.run(30 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}
