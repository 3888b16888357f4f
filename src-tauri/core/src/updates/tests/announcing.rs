//! Announcements of new versions.

use super::*;

/// A release that was taken back, or an old list that somebody shows again.
#[test]
fn update_older_than_an_announced_or_skipped_one_is_not_announced() {
    let mut world = World::new(wanted(true));
    for version in ["0.2.0", "0.3.0"] {
        world.live(2 * DAY, release(version));
        assert_eq!(world.said(), [Did::Announced(version.into())]);
        world.updates.handle(Event::Announced { shown: true }, world.now);
    }
    for version in ["0.2.0", "0.3.0", "0.2.0"] {
        world.live(2 * DAY, release(version));
        assert_eq!(world.said(), [], "{version}");
        assert_eq!(world.updates.status().offer.unwrap().version, version, "it can be installed all the same");
    }
    world.updates.handle(Event::Skip("0.3.0".into()), world.now);
    world.live(2 * DAY, release("0.2.0"));
    world.restart();
    world.live(2 * DAY, release("0.2.0"));
    assert_eq!((world.said(), world.updates.status().offer), (vec![], None));
}

#[test]
fn update_announcement_delayed_by_disk_is_dropped_if_turned_off() {
    for (event, says) in [
        (Event::Preferences(wanted(false)), vec![]),
        (Event::NoticeService(true), vec![Did::Announced("0.2.0".into())]),
    ] {
        let mut world = World::new(wanted(true));
        world.updates.handle(Event::NoticeService(false), world.now);
        world.live(HOUR, release("0.2.0"));
        world.disk = Err("No space left on device".into());
        world.updates.handle(Event::NoticeService(true), world.now);
        world.live(HOUR, release("0.2.0"));
        world.updates.handle(event, world.now);
        world.disk = Ok(());
        world.live(HOUR, release("0.2.0"));
        assert_eq!(world.said(), says);
    }
}

#[test]
fn update_announcement_that_waits_is_shown_after_a_restart_or_by_another_copy() {
    for restarts in [true, false] {
        let mut world = World::new(wanted(true));
        world.updates.handle(Event::NoticeService(false), world.now);
        world.live(HOUR, release("0.2.0"));
        assert_eq!(world.said(), []);
        if restarts {
            world.restart();
        } else {
            world.updates = elsewhere::second(&world);
        }
        world.act();
        assert_eq!(world.said(), [Did::Announced("0.2.0".into())], "{restarts}");
    }
}
