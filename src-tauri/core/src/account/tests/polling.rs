//! When usage is polled: laws 2, 3 and 10.

use super::*;

#[test]
fn polling_sends_one_request_every_five_minutes() {
    let mut world = World::new(|_| good());
    world.run(HOUR);
    assert_eq!(world.asked.len(), 13);
    assert!(world.gaps().iter().all(|gap| *gap == 300), "{:?}", world.gaps());
    assert_eq!(world.shown, []);
    assert_eq!(world.account.state().reading.as_ref().unwrap().windows.len(), 1);
}

/// Law 2, 3, 9, 10: a day of unbroken 429.
#[test]
fn rate_limit_for_a_day_costs_few_requests_and_one_notification() {
    for retry_after in [None, Some("0"), Some("-1"), Some("soon"), Some("990")] {
        let mut world = World::new(move |_| limited(retry_after));
        world.run(24 * HOUR);
        assert!((15..=28).contains(&world.asked.len()), "{retry_after:?}: {}", world.asked.len());
        assert!(world.gaps().iter().all(|gap| *gap >= 300), "{:?}", world.gaps());
        assert_eq!(world.shown, [NoticeKind::RateLimited]);
    }
}

#[test]
fn cooldown_doubles_up_to_an_hour_and_jitter_only_lengthens() {
    let mut world = World::new(|_| limited(None));
    world.run(12 * HOUR);
    let least = [5, 10, 20, 40, 60, 60, 60].map(|minutes| minutes * MINUTE);
    for (gap, least) in world.gaps().iter().zip(least) {
        assert!((least..=least + least / 10).contains(gap), "{gap} for {least}");
    }
}

#[test]
fn retry_after_is_honored_up_to_a_day() {
    for (header, least) in [("3600", HOUR), ("3037", 3037), ("86400", 24 * HOUR), ("999999", 24 * HOUR), ("10", 300)] {
        let mut world = World::new(move |n| if n == 1 { limited(Some(header)) } else { good() });
        world.run(30 * HOUR);
        let gap = world.gaps()[0];
        assert!((least..=least + least / 10).contains(&gap), "{header}: {gap}");
    }
}

/// Law 2: nothing opens a cooldown early.
#[test]
fn cooldown_survives_crash_manual_refresh_and_new_token() {
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
fn strikes_reset_on_success_only() {
    let mut world = World::new(|n| if n == 4 { good() } else { limited(None) });
    world.run(3 * HOUR);
    let gaps = world.gaps();
    assert!(gaps[2] >= 20 * MINUTE && gaps[3] == 300, "{gaps:?}");
    assert!((300..=330).contains(&gaps[4]), "after a success the first cooldown is the base again: {gaps:?}");
    assert_eq!(world.shown[..3], [NoticeKind::RateLimited, NoticeKind::Recovered, NoticeKind::RateLimited]);
}

/// Law 10: a network that is away.
#[test]
fn network_outage_backs_off_exponentially() {
    let mut world = World::new(|_| SendResult::NotSent("no route".into()));
    world.run(3 * HOUR);
    let least = [30, 60, 120, 240, 480, 900, 900];
    for (gap, least) in world.gaps().iter().zip(least) {
        assert!((least..=least + least / 10).contains(gap), "{gap} for {least}");
    }
    assert_eq!(world.shown, []);
}

#[test]
fn lost_response_keeps_request_spacing() {
    let mut world = World::new(|_| SendResult::Lost("timed out".into()));
    world.run(HOUR);
    assert!(world.gaps().iter().all(|gap| *gap >= 180), "{:?}", world.gaps());
}

#[test]
fn server_error_backs_off_without_a_strike_and_keeps_the_reading() {
    for body in ["", "<html>", r#"{"error":{"type":"overloaded_error"}}"#] {
        let mut world = World::new(move |n| if n == 1 { good() } else { status(529, None, body) });
        world.run(4 * HOUR);
        let least = [300, 180, 180, 240, 480, 960, 1800];
        for (gap, least) in world.gaps().iter().zip(least) {
            assert!((least..=least + least / 10).contains(gap), "{:?}", world.gaps());
        }
        assert_eq!(world.account.state().gates[Endpoint::Usage].strikes, 0);
        assert!(world.account.state().reading.is_some());
        assert_eq!(world.shown, []);
    }
}

#[test]
fn malformed_responses_keep_the_last_reading() {
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
fn polling_interval_increase_does_not_delay_retry_after_cooldown() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    world.settle();
    let slow = Preferences { interval: Duration::from_secs(3600), ..preferences() };
    world.account.handle(Event::Preferences(slow), world.now);
    world.run(20 * MINUTE);
    assert_eq!(world.asked.len(), 2);
}

#[test]
fn account_setting_overrides_global_for_that_account_only() {
    let (ann, bob) = (AccountId("anthropic:ann".into()), AccountId("anthropic:bob".into()));
    for all in [false, true] {
        let mut settings = Settings { renewal: all, ..Settings::default() };
        let own = settings.accounts.entry(ann.clone()).or_default();
        (own.renewal, own.readings) = (Some(!all), Some(Readings::FreeOnly));
        let of = |id| Preferences::of(&settings, id);
        assert_eq!((of(&ann).renewal, of(&bob).renewal), (!all, all));
        assert_eq!((of(&ann).readings, of(&bob).readings), (Some(Readings::FreeOnly), None));
    }
}

#[test]
fn polling_interval_decrease_advances_next_poll_within_spacing() {
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
fn manual_refresh_is_allowed_three_minutes_after_the_last_request() {
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
fn refresh_refused_does_not_advance_ledger_watermark() {
    let mut world = World::new(|_| limited(None));
    world.settle();
    let told = world.account.state().gates[Endpoint::Usage].ledger_watermark;
    assert_eq!(told, Some(NOON));
    world.advance(Duration::from_secs(60));
    world.account.refresh(world.now).unwrap_err();
    world.settle();
    assert_eq!((world.withheld(), world.account.state().gates[Endpoint::Usage].ledger_watermark), (1, told));
}

/// A program of the same user may wish as often as it likes.
#[test]
fn refresh_flood_is_logged_at_most_once_a_second() {
    let mut world = World::new(|_| limited(None));
    world.settle();
    for _ in 0..1000 {
        world.account.refresh(world.now).unwrap_err();
        world.settle();
        world.advance(Duration::from_millis(10));
    }
    assert_eq!((world.asked.len(), world.withheld()), (1, 10));
}
