//! Window alerts: each once in a cycle, restarts included.

use super::*;
use crate::Reading;
use crate::notification::News;
use crate::quota::{QuotaWindow, Source};

pub(super) const FIVE_HOURS: i64 = 5 * 3_600_000;

/// What was shown of windows, and when, in minutes since noon.
pub(super) fn told(world: &World) -> Vec<(u64, News)> {
    let of_windows = world.announced.iter().filter_map(|(at, about)| {
        let since = at.wall.since(NOON).as_secs() / MINUTE;
        Some((since, about.as_ref()?.news))
    });
    of_windows.collect()
}

/// A world whose endpoint cannot be reached, and a status line that tells.
pub(super) fn world() -> World {
    let mut world = World::new(|_| SendResult::NotSent("no route".into()));
    world.settle();
    world
}

/// The 5-hour window that began at noon, as the status line tells it now.
pub(super) fn five_hour(world: &mut World, used: f64) {
    read(world, used, Some(Wall(NOON.0 + FIVE_HOURS)));
}

/// The same a second time, which confirms it.
fn twice(world: &mut World, used: f64) {
    five_hour(world, used);
    world.run(2 * MINUTE);
    five_hour(world, used);
}

fn read(world: &mut World, used: f64, resets_at: Option<Wall>) {
    let window = QuotaWindow {
        id: "five_hour".into(),
        kind: crate::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(used),
        resets_at,
        duration_s: Some(18_000),
        binding: false,
        origin: None,
        locked: None,
    };
    let reading = Reading::new(Source::StatusLine, world.now.wall, vec![window], vec![]);
    let account = world.account.id.clone();
    world.account.handle(Event::Reading(PassiveReading { account, reading }), world.now);
    world.settle();
}

/// Uses it up evenly, `per_hour` points an hour from noon on, until this many minutes after noon.
pub(super) fn use_until(world: &mut World, minutes: u64, per_hour: f64) {
    while world.now.wall.since(NOON).as_secs() < minutes * MINUTE {
        world.run(2 * MINUTE);
        let hours = world.now.wall.since(NOON).as_secs_f64() / 3600.0;
        five_hour(world, (hours * per_hour).min(100.0));
    }
}

pub(super) fn prefer(world: &mut World, change: impl Fn(&mut Preferences)) {
    change(&mut world.preferences);
    world.account.handle(Event::Preferences(world.preferences), world.now);
}

fn only_thresholds(preferences: &mut Preferences) {
    preferences.wanted.forecast = false;
    preferences.wanted.reset = false;
}

#[test]
fn threshold_is_announced_once_per_cycle() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    use_until(&mut world, 180, 50.0);
    for _ in 0..20 {
        world.crash();
        world.run(MINUTE);
        five_hour(&mut world, 100.0);
    }
    assert_eq!(told(&world), [(96, News::Threshold { percent: 80 }), (114, News::Threshold { percent: 95 })]);
}

#[test]
fn threshold_jump_over_both_is_one_notification() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    twice(&mut world, 70.0);
    world.run(MINUTE);
    five_hour(&mut world, 97.0);
    assert_eq!(told(&world), [], "one reading that leaps is no news");
    world.run(2 * MINUTE);
    five_hour(&mut world, 97.0);
    world.run(MINUTE);
    five_hour(&mut world, 81.0);
    assert_eq!(told(&world), [(5, News::Threshold { percent: 95 })]);
}

#[test]
fn threshold_is_announced_again_in_the_next_cycle() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    twice(&mut world, 85.0);
    world.run(5 * HOUR);
    for _ in 0..2 {
        read(&mut world, 82.0, Some(Wall(NOON.0 + 2 * FIVE_HOURS)));
        world.run(2 * MINUTE);
    }
    let once = News::Threshold { percent: 80 };
    assert_eq!(told(&world), [(2, once), (304, once)]);
}

/// The provider computes the time of a reset anew for each answer, and a clock may be set.
#[test]
fn threshold_is_not_repeated_by_reset_jitter_or_clock_changes() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    for n in 0..20 {
        read(&mut world, 85.0, Some(Wall(NOON.0 + FIVE_HOURS + n % 3 * 700)));
        world.run(MINUTE);
    }
    for jump in [30 * 3_600_000, -30 * 3_600_000] {
        world.now.wall = Wall(world.now.wall.0 + jump);
        world.run(MINUTE);
        five_hour(&mut world, 86.0);
    }
    assert_eq!(told(&world).len(), 1, "{:?}", told(&world));
}

#[test]
fn thresholds_are_configurable_and_may_be_empty() {
    for (percents, expect) in [(vec![], 0), (vec![50], 1), (vec![10, 20, 30, 40], 4)] {
        let mut world = world();
        prefer(&mut world, |preferences| {
            only_thresholds(preferences);
            preferences.wanted.thresholds = percents.clone().try_into().unwrap();
        });
        use_until(&mut world, 120, 40.0);
        assert_eq!(told(&world).len(), expect, "{percents:?}: {:?}", told(&world));
    }
}

/// Told by the clock and not by a reading: at the very time.
#[test]
fn reset_is_announced_on_time_if_the_window_was_nearly_used_up() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.forecast = false);
    twice(&mut world, 85.0);
    world.run(7 * HOUR);
    assert_eq!(told(&world), [(2, News::Threshold { percent: 80 }), (300, News::Reset { used: 85 })]);
    world.crash();
    read(&mut world, 1.0, Some(Wall(NOON.0 + 2 * FIVE_HOURS)));
    world.run(5 * HOUR);
    assert_eq!(told(&world).len(), 2, "and not of a window that was hardly used");
}

/// With nobody to tell it to, it waits on disk.
#[test]
fn reset_alert_is_saved_on_time_without_a_notification_service() {
    let mut world = world();
    world.service = false;
    world.account.handle(Event::NoticeService(false), world.now);
    prefer(&mut world, |preferences| preferences.wanted.forecast = false);
    five_hour(&mut world, 85.0);
    world.run(NOON.plus(Duration::from_secs(5 * HOUR)).since(world.now.wall).as_secs() - 1);
    let woken = world.settle().expect("the reset is ahead");
    assert_eq!(woken.wall, NOON.plus(Duration::from_secs(5 * HOUR)), "nothing else is needed to notice it");
    world.now = woken;
    world.settle();
    assert!(world.disk.cycles.get("five_hour").unwrap().alerted.reset);
    assert_eq!(world.disk.notices, world.account.state().notices);
}

#[test]
fn reset_long_ago_is_not_announced() {
    let mut world = world();
    twice(&mut world, 85.0);
    world.now = world.now.plus(Duration::from_secs(11 * HOUR));
    world.crash();
    world.run(HOUR);
    assert_eq!(told(&world), [(2, News::Threshold { percent: 80 })]);
}

#[test]
fn early_reset_by_the_provider_is_announced() {
    let mut world = World::new(|n| {
        let (used, ends) = if n <= 2 { (90, r#""2026-09-14T17:00:00Z""#) } else { (0, "null") };
        status(200, None, &format!(r#"{{"five_hour":{{"utilization":{used},"resets_at":{ends}}}}}"#))
    });
    prefer(&mut world, |preferences| preferences.wanted.forecast = false);
    world.run(30 * MINUTE);
    assert_eq!(told(&world), [(5, News::Threshold { percent: 80 }), (15, News::Reset { used: 90 })]);
}

/// 13:00–15:00 is quiet here.
fn quiet(preferences: &mut Preferences) {
    preferences.quiet = Some("13:00-15:00".parse().unwrap());
}

#[test]
fn quiet_hours_defer_the_highest_threshold_until_they_end() {
    let mut world = world();
    prefer(&mut world, quiet);
    prefer(&mut world, only_thresholds);
    use_until(&mut world, 290, 50.0);
    assert_eq!(told(&world), [(180, News::Threshold { percent: 95 })], "the higher one, once, when it is over");
}

#[test]
fn quiet_hours_drop_alerts_that_are_outdated_when_they_end() {
    let mut world = world();
    prefer(&mut world, |preferences| {
        preferences.quiet = Some("13:00-18:00".parse().unwrap());
        preferences.wanted.reset = false;
    });
    world.run(2 * HOUR);
    use_until(&mut world, 200, 50.0);
    world.run(8 * HOUR);
    assert_eq!(told(&world), []);
}

#[test]
fn quiet_hours_defer_rate_limit_notifications() {
    let mut world = World::new(|n| if n < 18 { good() } else { limited(Some("7200")) });
    prefer(&mut world, quiet);
    world.run(3 * HOUR - MINUTE);
    assert_eq!((world.shown.len(), world.account.state().gates[Endpoint::Usage].strikes), (0, 1));
    world.run(2 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
}

#[test]
fn quiet_hours_follow_the_local_time_zone() {
    let mut world = world();
    prefer(&mut world, quiet);
    prefer(&mut world, only_thresholds);
    world.account.handle(Event::Zone(jiff::tz::TimeZone::fixed(jiff::tz::offset(2))), world.now);
    twice(&mut world, 85.0);
    world.run(57 * MINUTE);
    assert_eq!(told(&world), []);
    world.run(MINUTE);
    assert_eq!(told(&world), [(60, News::Threshold { percent: 80 })]);
}

#[test]
fn window_alert_waits_for_a_missing_notification_service() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    world.service = false;
    twice(&mut world, 85.0);
    world.run(8 * MINUTE);
    world.crash();
    world.service = true;
    world.account.handle(Event::NoticeService(true), world.now);
    world.settle();
    assert_eq!(told(&world), [(10, News::Threshold { percent: 80 })]);
}

/// Law 9 has its own episodes, which windows have no part in.
#[test]
fn window_alerts_are_independent_of_rate_limit_episodes() {
    let nearly = r#"{"five_hour":{"utilization":85,"resets_at":"2026-09-14T17:00:00Z"}}"#;
    let mut world = World::new(move |n| if n == 2 { limited(None) } else { status(200, None, nearly) });
    prefer(&mut world, only_thresholds);
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![90].try_into().unwrap());
    world.run(6 * MINUTE);
    world.service = false;
    five_hour(&mut world, 90.0);
    world.run(7 * MINUTE);
    five_hour(&mut world, 91.0);
    world.service = true;
    world.run(10 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited, NoticeKind::Window, NoticeKind::Recovered]);
}

#[test]
fn history_records_each_usage_change_once() {
    let mut world = world();
    use_until(&mut world, 20, 30.0);
    world.run(20 * MINUTE);
    let windows = world.memories.iter().filter_map(|memory| match memory {
        HistoryRecord::Window(record) => Some((record.at.since(NOON).as_secs() / MINUTE, record.used_percent?)),
        HistoryRecord::Money(_) | HistoryRecord::Episode(_) => None,
    });
    let mut windows: Vec<_> = windows.collect();
    windows.dedup();
    assert_eq!(windows, (1..=10).map(|n| (n * 2, n as f64)).collect::<Vec<_>>());
}

#[test]
fn history_records_spend_changes_not_every_response() {
    let mut world = World::new(|n| {
        let spent = if n < 4 { 1200 } else { 1234 };
        let extra = format!(r#"{{"is_enabled":true,"used_credits":{spent},"monthly_limit":10000,"currency":"USD"}}"#);
        status(200, None, &format!(r#"{{"five_hour":{{"utilization":9}},"extra_usage":{extra}}}"#))
    });
    world.run(40 * MINUTE);
    let spent = world.memories.iter().filter_map(|memory| match memory {
        HistoryRecord::Money(record) => {
            Some((record.at.since(NOON).as_secs() / MINUTE, record.money.used.clone()?.minor))
        }
        HistoryRecord::Window(_) | HistoryRecord::Episode(_) => None,
    });
    assert_eq!(spent.collect::<Vec<_>>(), [(0, 1200), (10, 1200), (15, 1234)]);
}

#[test]
fn history_records_episodes() {
    let mut world = World::new(|n| if n == 2 { limited(None) } else { good() });
    world.run(30 * MINUTE);
    let episodes = world.memories.iter().filter_map(|memory| match memory {
        HistoryRecord::Episode(record) => Some((record.kind, record.ended.is_some(), record.announced)),
        HistoryRecord::Window(_) | HistoryRecord::Money(_) => None,
    });
    use crate::notification::Announced::{Pending, Shown};
    use crate::record::history::EpisodeKind::UsageLimit;
    let told: Vec<_> = episodes.collect();
    assert_eq!(told, [(UsageLimit, false, Pending), (UsageLimit, false, Shown), (UsageLimit, true, Shown)]);
}

/// The end of the quiet hours comes twice, and the account sleeps towards the second.
#[test]
fn quiet_hours_ending_in_a_repeated_dst_hour_end_at_the_second() {
    let mut world = world();
    prefer(&mut world, only_thresholds);
    prefer(&mut world, |preferences| preferences.quiet = Some("12:00-14:30".parse().unwrap()));
    // It is 14:00 there at noon, and an hour later again.
    let zone = jiff::tz::TimeZone::posix("WIN-1SUM,M3.5.0,M9.2.1/15").unwrap();
    world.account.handle(Event::Zone(zone), world.now);
    world.run(65 * MINUTE);
    twice(&mut world, 85.0);
    world.run(23 * MINUTE);
    assert_eq!(told(&world), [(90, News::Threshold { percent: 80 })]);
}

/// As quickly as no work fills a window.
#[test]
fn leap_of_a_single_usage_response_is_neither_shown_nor_announced() {
    const EACH: [u32; 7] = [42, 97, 42, 43, 69, 96, 97];
    let mut world = World::new(|n| {
        let used = EACH[(n - 1).min(EACH.len() - 1)];
        let window = format!(r#"{{"utilization":{used},"resets_at":"2026-09-14T17:00:00Z"}}"#);
        status(200, None, &format!(r#"{{"five_hour":{window}}}"#))
    });
    world.settle();
    for shown in [42.0, 42.0, 42.0, 43.0, 69.0, 69.0, 97.0] {
        assert_eq!((world.used(), told(&world).is_empty()), (Some(shown), shown < 97.0));
        world.run(5 * MINUTE);
    }
    assert_eq!(told(&world), [(30, News::Threshold { percent: 95 })]);
}
