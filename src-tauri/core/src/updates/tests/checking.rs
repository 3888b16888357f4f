//! When a check leaves, and what is noted of its answer.

use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn update_settings_turn_the_check_on_only_by_choice() {
    for (updates, is_wanted) in [(None, false), (Some(false), false), (Some(true), true)] {
        let quiet_hours = Some("22:00-07:00".parse().unwrap());
        let preferences = Preferences::from(&Settings { updates, quiet_hours, ..Settings::default() });
        assert_eq!(preferences, Preferences { wanted: is_wanted, quiet: quiet_hours });
    }
}

/// Law 12: what is late by more than a minute was slept through, or Holdoff was not running.
#[test]
fn update_check_late_by_more_than_a_minute_pauses_first() {
    for (late, is_at_once) in
        [(Duration::ZERO, true), (policy::ASLEEP, true), (policy::ASLEEP + MILLISECOND, false), (DAY, false)]
    {
        let mut world = World::new(wanted(true));
        world.kept.next = Some(world.now);
        world.now = world.now.plus(late);
        world.restart();
        assert_eq!(world.updates.is_due(world.now), is_at_once, "{late:?}");
        let until = world.act();
        assert_eq!(world.asked().len(), usize::from(is_at_once), "{late:?}");
        if !is_at_once {
            let pause = until.unwrap().since(world.now);
            assert!((policy::UPDATE_PAUSE..2 * policy::UPDATE_PAUSE).contains(&pause), "{late:?}: {pause:?}");
        }
    }
}

#[test]
fn update_check_lapses_if_saving_its_intent_takes_over_half_an_hour() {
    for (saving, leaves) in [(policy::UPDATE_NOTED, true), (policy::UPDATE_NOTED + MILLISECOND, false)] {
        let mut world = World::new(wanted(true));
        world.act();
        world.now = world.now.plus(2 * policy::UPDATE_PAUSE);
        world.kept = loop {
            match world.updates.poll(world.now) {
                Action::Record(entry) => world.ledger.push(entry),
                Action::Persist(state) => break *state,
                other => panic!("{other:?}"),
            }
        };
        world.now = world.now.plus(saving);
        world.updates.handle(Event::Persisted(Ok(())), world.now);
        world.act();
        assert_eq!(world.asked().len(), usize::from(leaves), "{saving:?}");
    }
}

#[test]
fn update_request_leaves_within_a_minute_of_its_permit() {
    let permit = ReleasePermit::list(START);
    assert!(permit.holds(Duration::ZERO) && permit.holds(policy::ASLEEP));
    assert!(!permit.holds(policy::ASLEEP + MILLISECOND));
}

#[test]
fn update_answer_of_any_status_is_noted_in_the_ledger() {
    for (code, expect) in [
        (403, OutcomeKind::Forbidden),
        (404, OutcomeKind::Forbidden),
        (429, OutcomeKind::RateLimited),
        (499, OutcomeKind::Forbidden),
        (500, OutcomeKind::ServerTrouble),
        (503, OutcomeKind::ServerTrouble),
        (200, OutcomeKind::Unreadable),
    ] {
        let mut world = World::new(wanted(true));
        world.live(HOUR, |_| status(code, None, "<html>"));
        let events: Vec<&LedgerEvent> = world.ledger.iter().map(|entry| &entry.event).collect();
        let [LedgerEvent::Sent { .. }, LedgerEvent::Completed { outcome, .. }] = events[..] else {
            panic!("{code}: {events:?}")
        };
        assert_eq!(*outcome, expect, "{code}");
    }
}
