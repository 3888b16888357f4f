//! When usage is asked: laws 2, 3 and 10.

use super::*;

#[test]
fn a_quiet_day_is_one_request_every_five_minutes() {
    let mut world = World::new(|_| good());
    world.run(HOUR);
    assert_eq!(world.asked.len(), 13);
    assert!(world.gaps().iter().all(|gap| *gap == 300), "{:?}", world.gaps());
    assert_eq!(world.shown, []);
    assert_eq!(world.account.state().reading.as_ref().unwrap().windows.len(), 1);
}

/// Law 2, 3, 9, 10: a day of unbroken 429.
#[test]
fn a_day_of_429_is_few_requests_and_one_notice() {
    for retry_after in [None, Some("0"), Some("-1"), Some("soon"), Some("990")] {
        let mut world = World::new(move |_| limited(retry_after));
        world.run(24 * HOUR);
        assert!((15..=28).contains(&world.asked.len()), "{retry_after:?}: {}", world.asked.len());
        assert!(world.gaps().iter().all(|gap| *gap >= 300), "{:?}", world.gaps());
        assert_eq!(world.shown, [NoticeKind::RateLimited]);
    }
}

#[test]
fn cooldowns_double_up_to_an_hour_and_jitter_only_lengthens() {
    let mut world = World::new(|_| limited(None));
    world.run(12 * HOUR);
    let least = [5, 10, 20, 40, 60, 60, 60].map(|minutes| minutes * MINUTE);
    for (gap, least) in world.gaps().iter().zip(least) {
        assert!((least..=least + least / 10).contains(gap), "{gap} for {least}");
    }
}

#[test]
fn retry_after_is_kept_up_to_a_day() {
    for (header, least) in [("3600", HOUR), ("3037", 3037), ("86400", 24 * HOUR), ("999999", 24 * HOUR), ("10", 300)] {
        let mut world = World::new(move |n| if n == 1 { limited(Some(header)) } else { good() });
        world.run(30 * HOUR);
        let gap = world.gaps()[0];
        assert!((least..=least + least / 10).contains(&gap), "{header}: {gap}");
    }
}

/// Law 2: nothing opens a cooldown early.
#[test]
fn neither_crash_nor_person_nor_new_token_opens_a_cooldown() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.settle();
    for n in 0..8 {
        world.advance(Duration::from_secs(5 * MINUTE));
        world.crash();
        world.credential = credential(&format!("sk-new-{n}"));
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
        let refused = world.account.refresh(world.now).unwrap_err();
        assert!(matches!(refused, Refusal::NotBefore { cause: NotYet::Cooldown(_), .. }), "{refused:?}");
        world.settle();
    }
    assert_eq!(world.asked.len(), 1);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
    assert_eq!(world.withheld(), 8);
}

/// Law 3: strikes fall on success, never with time.
#[test]
fn strikes_fall_on_success_only() {
    let mut world = World::new(|n| if n == 4 { good() } else { limited(None) });
    world.run(3 * HOUR);
    let gaps = world.gaps();
    assert!(gaps[2] >= 20 * MINUTE && gaps[3] == 300, "{gaps:?}");
    assert!((300..=330).contains(&gaps[4]), "after a success the first cooldown is the base again: {gaps:?}");
    assert_eq!(world.shown[..3], [NoticeKind::RateLimited, NoticeKind::Recovered, NoticeKind::RateLimited]);
}

/// Law 10: a network that is away.
#[test]
fn a_network_that_is_away_is_asked_for_ever_more_seldom() {
    let mut world = World::new(|_| SendResult::NotSent("no route".into()));
    world.run(3 * HOUR);
    let least = [30, 60, 120, 240, 480, 900, 900];
    for (gap, least) in world.gaps().iter().zip(least) {
        assert!((least..=least + least / 10).contains(gap), "{gap} for {least}");
    }
    assert_eq!(world.shown, []);
}

#[test]
fn a_lost_answer_keeps_the_distance_of_a_request() {
    let mut world = World::new(|_| SendResult::Lost("timed out".into()));
    world.run(HOUR);
    assert!(world.gaps().iter().all(|gap| *gap >= 180), "{:?}", world.gaps());
}

#[test]
fn server_trouble_backs_off_without_a_strike_and_keeps_the_reading() {
    for body in ["", "<html>", r#"{"error":{"type":"overloaded_error"}}"#] {
        let mut world = World::new(move |n| if n == 1 { good() } else { status(529, None, body) });
        world.run(4 * HOUR);
        let least = [300, 180, 180, 240, 480, 960, 1800];
        for (gap, least) in world.gaps().iter().zip(least) {
            assert!((least..=least + least / 10).contains(gap), "{:?}", world.gaps());
        }
        assert_eq!(world.account.state().usage.strikes, 0);
        assert!(world.account.state().reading.is_some());
        assert_eq!(world.shown, []);
    }
}

#[test]
fn hostile_answers_leave_the_last_reading() {
    let bodies = ["", "<html>", "{\"five_hour\":NaN}", "[[[[", "{}"];
    let mut world = World::new(move |n| if n == 1 { good() } else { status(200, None, bodies[n % bodies.len()]) });
    world.run(6 * HOUR);
    assert!(world.asked.len() > 5);
    let reading = world.account.state().reading.as_ref().unwrap();
    assert_eq!(reading.windows[0].used_percent, Some(42.0));
    assert_eq!(reading.at, NOON, "an old reading keeps its age");
}

/// An interval is for polls: what comes after a cooldown comes when that is over.
#[test]
fn a_longer_interval_keeps_nobody_from_coming_back_after_a_cooldown() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    world.settle();
    let slow = Preferences { interval: Duration::from_secs(3600), ..preferences() };
    world.account.handle(Event::Preferences(slow), world.now);
    world.run(20 * MINUTE);
    assert_eq!(world.asked.len(), 2);
}

#[test]
fn what_is_chosen_for_one_account_is_for_it_alone() {
    let (ann, bob) = (AccountId("anthropic:ann".into()), AccountId("anthropic:bob".into()));
    for all in [false, true] {
        let mut settings = Settings { renewal: all, ..Settings::default() };
        settings.accounts.entry(ann.clone()).or_default().renewal = Some(!all);
        let renews = |id| Preferences::of(&settings, id).renewal;
        assert_eq!((renews(&ann), renews(&bob)), (!all, all));
    }
}

#[test]
fn a_shorter_interval_moves_the_next_poll_but_not_below_the_distance() {
    let mut world = World::new(|_| good());
    let slow = Preferences { interval: Duration::from_secs(3600), ..preferences() };
    world.account.handle(Event::Preferences(slow), world.now);
    world.settle();
    world.advance(Duration::from_secs(60));
    world.account.handle(Event::Preferences(preferences()), world.now);
    world.run(10 * MINUTE);
    assert_eq!(world.gaps()[0], 300);
}

#[test]
fn a_person_may_ask_three_minutes_after_the_last_request() {
    let mut world = World::new(|_| good());
    world.settle();
    world.advance(Duration::from_secs(179));
    let refused = world.account.refresh(world.now).unwrap_err();
    assert!(matches!(refused, Refusal::NotBefore { cause: NotYet::Spacing, .. }));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.account.refresh(world.now), Ok(()));
    world.settle();
    assert_eq!(world.gaps(), [180]);
}

/// What was not asked is no line that the ledger and the gate are held against each other by.
#[test]
fn a_wish_that_is_refused_is_no_sign_of_a_request() {
    let mut world = World::new(|_| limited(None));
    world.settle();
    let told = world.account.state().usage.told;
    assert_eq!(told, Some(NOON));
    world.advance(Duration::from_secs(60));
    world.account.refresh(world.now).unwrap_err();
    world.settle();
    assert_eq!((world.withheld(), world.account.state().usage.told), (1, told));
}

/// A program of the same user may wish as often as it likes.
#[test]
fn a_wish_that_is_repeated_without_end_is_noted_once_a_second() {
    let mut world = World::new(|_| limited(None));
    world.settle();
    for _ in 0..1000 {
        world.account.refresh(world.now).unwrap_err();
        world.settle();
        world.advance(Duration::from_millis(10));
    }
    assert_eq!((world.asked.len(), world.withheld()), (1, 10));
}
