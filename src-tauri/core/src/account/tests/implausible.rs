//! A single implausible reading is neither shown nor notified (law 17).

use super::window_alerts::{FIVE_HOURS, told};
use super::*;
use crate::messages;
use crate::notification::News;
use crate::quota::Source;
use crate::quota::headroom;
use crate::quota::headroom::{Requirement, Verdict};
use crate::settings::Percent;

const ENDS: &str = "2026-09-14T17:00:00Z";

/// A body with this 5-hour window; a bare number is its level, until [`ENDS`].
fn body(window: &str) -> String {
    match window.parse::<f64>() {
        Ok(used) => format!(r#"{{"five_hour":{{"utilization":{used},"resets_at":"{ENDS}"}}}}"#),
        Err(_) => format!(r#"{{"five_hour":{window}}}"#),
    }
}

/// A world whose endpoint answers with these bodies, one after the other, and then with the last for ever.
fn bodies(bodies: Vec<String>) -> World {
    let mut world = World::new(move |n| status(200, None, bodies.get(n - 1).or(bodies.last()).unwrap()));
    world.preferences.wanted.forecast = false;
    world.account.handle(Event::Preferences(world.preferences), world.now);
    world.settle();
    world
}

fn windows(each: &[&str]) -> World {
    bodies(each.iter().map(|window| body(window)).collect())
}

/// What is shown after each of the polls, five minutes apart.
fn shown(world: &mut World, polls: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..polls {
        all.push(tooltip(world));
        world.run(5 * MINUTE);
    }
    all
}

fn tooltip(world: &World) -> String {
    let reading = world.account.state().reading.as_ref().unwrap();
    messages::tooltip(reading, Percent::Used, world.now.wall, &crate::LocalTime::UTC)
}

fn status_words(world: &World) -> String {
    messages::status(&world.account.state().status(world.now), &crate::LocalTime::UTC).join(" ")
}

const ONCE: [(u64, News); 1] = [(5, News::Threshold { percent: 80 })];

#[test]
fn implausible_reading_that_flips_back_is_neither_shown_nor_announced() {
    for odd in [
        r#"{"utilization":0.0,"resets_at":null}"#,
        r#"{"utilization":0.0,"resets_at":"2026-09-14T19:00:00Z"}"#,
        "0",
        "43",
        "100",
        "null",
        r#"{"utilization":null,"resets_at":null}"#,
        r#"{"utilization":-5,"resets_at":null}"#,
        r#"{"utilization":1e308,"resets_at":"2199-01-01T00:00:00Z"}"#,
        r#"{"utilization":99,"resets_at":"2026-09-14T11:00:00Z"}"#,
    ] {
        let mut each = vec!["86", "86"];
        each.extend([odd, "86"].repeat(5));
        let mut world = windows(&each);
        let shown = shown(&mut world, 12);
        assert!(shown.iter().all(|line| line == "5-hour 86 %, resets 17:00"), "{odd}: {shown:?}");
        assert_eq!(told(&world), ONCE, "{odd}");
    }
}

#[test]
fn early_reset_confirmed_by_a_second_reading_is_shown_and_announced() {
    for (fell, line) in [
        (r#"{"utilization":0.0,"resets_at":null}"#, "5-hour 0 %"),
        (r#"{"utilization":1.0,"resets_at":"2026-09-14T17:25:00Z"}"#, "5-hour 1 %, resets 17:25"),
    ] {
        let mut world = windows(&["86", "86", fell]);
        let shown = shown(&mut world, 5);
        assert_eq!(shown[2], "5-hour 86 %, resets 17:00");
        assert_eq!((shown[3].as_str(), shown[4].as_str()), (line, line));
        assert_eq!(told(&world), [ONCE[0], (15, News::Reset { used: 86 })]);
    }
}

#[test]
fn jump_to_100_percent_is_accepted_on_the_second_reading() {
    let mut world = windows(&["40", "40", "100"]);
    let shown = shown(&mut world, 5);
    let levels: Vec<&str> = shown.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(levels, ["5-hour 40 %", "5-hour 40 %", "5-hour 40 %", "5-hour 100 %", "5-hour 100 %"]);
    assert_eq!(told(&world), [(15, News::Threshold { percent: 95 })]);
}

/// Law 14: what is held back shows how old it is.
#[test]
fn implausible_reading_keeps_the_age_of_the_shown_value() {
    let mut world = windows(&["86", "0", "86"]);
    world.run(5 * MINUTE);
    let reading = world.account.state().reading.clone().unwrap();
    assert_eq!(reading.origin(&reading.windows[0]).at, NOON);
    assert_eq!(reading.at, NOON.plus(Duration::from_secs(5 * MINUTE)));
    world.crash();
    assert_eq!(world.account.state().reading.as_ref(), Some(&reading), "and is kept over a restart");
}

#[test]
fn reading_after_the_reset_time_is_accepted_at_once() {
    let mut world = windows(&["86"]);
    world.run(299 * MINUTE);
    world.answer = Box::new(|_| status(200, None, &body(r#"{"utilization":3,"resets_at":"2026-09-14T22:00:00Z"}"#)));
    world.run(6 * MINUTE);
    assert_eq!(tooltip(&world), "5-hour 3 %, resets 22:00");
    assert_eq!(told(&world), [ONCE[0], (300, News::Reset { used: 86 })]);
}

#[test]
fn limit_increase_is_no_reset_and_repeats_no_threshold() {
    let mut world = windows(&["86", "86", "43", "43", "60", "79", "81", "84", "96", "97"]);
    let shown = shown(&mut world, 10);
    assert_eq!(shown[4], "5-hour 60 %, resets 17:00");
    assert_eq!(told(&world), [ONCE[0], (40, News::Threshold { percent: 95 })]);
}

/// Two readings of each kind in turn: what is believed goes to and fro, and each thing is said once all the same.
#[test]
fn thresholds_and_resets_are_announced_once_despite_alternating_readings() {
    let anew = r#"{"utilization":0.0,"resets_at":null}"#;
    let mut world = windows(&["86", "86", anew, anew].repeat(6));
    world.run(2 * HOUR);
    assert_eq!(told(&world), [ONCE[0], (15, News::Reset { used: 86 })]);
}

/// What was told of a cycle is known until its end, whatever came between.
#[test]
fn window_reappearing_remembers_its_announced_alerts() {
    let anew = r#"{"utilization":0.0,"resets_at":null}"#;
    let gone = r#"null,"seven_day":{"utilization":3,"resets_at":"2026-09-18T22:00:00Z"}"#;
    let mut world = windows(&["86", "86", anew, anew, "88", gone, gone, "89"]);
    world.run(2 * HOUR);
    assert_eq!(told(&world), [ONCE[0], (15, News::Reset { used: 86 })]);
}

/// Found by the simulation (seed 961): the window is not known any more, so the reading has none that it could contradict.
#[test]
fn window_reappearing_unused_for_one_reading_is_no_reset() {
    let anew = r#"{"utilization":0.0,"resets_at":null}"#;
    let gone = r#"null,"seven_day":{"utilization":3,"resets_at":"2026-09-18T22:00:00Z"}"#;
    let mut world = windows(&["86", "86", gone, gone, anew, "88", "88", "89"]);
    world.run(299 * MINUTE);
    assert_eq!(told(&world), ONCE);
    world.run(6 * MINUTE);
    assert_eq!(told(&world), [ONCE[0], (300, News::Reset { used: 89 })], "its own is announced");
}

/// Two people in turn, whose sign-ins do not say whose they are. Found by the simulation (seeds 1963 and 961).
#[test]
fn thresholds_are_announced_once_for_each_reset_time_of_alternating_windows() {
    let early = |used: u8| format!(r#"{{"utilization":{used},"resets_at":"2026-09-14T16:00:00Z"}}"#);
    let (low, high) = (early(18), early(90));
    let mut each = vec!["86", "86", &low, &low];
    each.extend(["87", "87", &high, &high].repeat(5));
    let mut world = windows(&each);
    world.run(2 * HOUR);
    assert_eq!(told(&world), ONCE);
}

/// Found by the simulation (seed 577): the reset time says that it is another limit, however likely the rise is.
#[test]
fn threshold_crossed_by_a_reading_with_another_reset_time_waits_for_a_second() {
    for ends in ["2026-09-14T16:42:00Z", "2026-09-14T17:18:00Z"] {
        let other = format!(r#"{{"utilization":82,"resets_at":"{ends}"}}"#);
        let mut once = windows(&["60", "60", &other, "61", "61"]);
        once.run(HOUR);
        assert_eq!(told(&once), [], "{ends}");
        let mut twice = windows(&["60", "60", &other, &other]);
        twice.run(HOUR);
        assert_eq!(told(&twice), [(15, News::Threshold { percent: 80 })], "{ends}");
    }
}

/// A reset time that is always as far away is no other limit's.
#[test]
fn threshold_of_a_sliding_window_is_announced() {
    let sliding: Vec<String> = (0..12)
        .map(|n| format!(r#"{{"utilization":{},"resets_at":"2026-09-14T17:{:02}:00Z"}}"#, 72 + n * 2, n * 5))
        .collect();
    let mut world = windows(&sliding.iter().map(String::as_str).collect::<Vec<_>>());
    world.run(50 * MINUTE);
    assert_eq!(told(&world), [(20, News::Threshold { percent: 80 })]);
}

#[test]
fn threshold_crossed_by_a_single_reading_is_not_announced() {
    let mut world = windows(&["97", "12"]);
    world.run(30 * MINUTE);
    assert_eq!(told(&world), []);
}

/// Three windows and twelve models leap over the threshold between two polls.
#[test]
fn threshold_crossed_by_many_windows_is_one_notification() {
    let of = |used: u32| {
        let models = (0..12).map(|n| {
            format!(r#"{{"kind":"weekly_scoped","group":"weekly","percent":{},"scope":{{"label":"M{n}"}}}}"#, used + n)
        });
        let models: Vec<String> = models.collect();
        format!(r#"{{"five_hour":{{"utilization":{used},"resets_at":"{ENDS}"}},"limits":[{}]}}"#, models.join(","))
    };
    let mut world = bodies(vec![of(76), of(80)]);
    world.run(HOUR);
    let words = world.words.clone();
    assert_eq!(words.len(), 1, "{words:?}");
    let body = "Used: M11 91 %, M10 90 %, M9 89 %, M8 88 %, M7 87 % and 8 more. Account: ann.";
    assert_eq!(words[0], ("13 limits: up to 91 % used".to_owned(), body.to_owned()));
}

#[test]
fn usage_response_with_an_invalid_field_loses_only_that_field() {
    for (odd, line) in [
        (r#"{"utilization":1789405200,"resets_at":1789405200}"#, "5-hour 42 %, resets 17:00"),
        (r#"{"utilization":"NaN","resets_at":1789405200}"#, "5-hour 42 %, resets 17:00"),
        (r#"{"utilization":45,"resets_at":"2199-01-01T00:00:00Z"}"#, "5-hour 45 %, resets 17:00"),
        (r#"{"utilization":45,"resets_at":-1}"#, "5-hour 45 %, resets 17:00"),
        (r#"{"utilization":1e308,"resets_at":1e308}"#, "5-hour 42 %, resets 17:00"),
        (r#"{"utilization":45,"resets_at":1e309}"#, "5-hour 45 %, resets 17:00"),
        (r#"{"utilization":NaN,"resets_at":-Infinity}"#, "5-hour 42 %, resets 17:00"),
    ] {
        let mut world = windows(&["42", odd]);
        world.run(2 * HOUR);
        assert_eq!(tooltip(&world), line, "{odd}");
        let state = world.account.state();
        let wanted = Requirement { window: Some("5h"), at_least: 10.0, max_age: Duration::from_secs(3 * HOUR) };
        let verdict = headroom::evaluate(state.reading.as_ref(), &wanted, world.now.wall);
        assert!(matches!(verdict, Verdict::Enough(_)), "{odd}: {verdict:?}");
    }
}

fn push(world: &mut World, limits: &str) {
    let text = format!(r#"{{"rate_limits":{limits}}}"#);
    let told = providers::anthropic::status_line::read(text.as_bytes()).unwrap();
    let reading = told.reading(world.now.wall).expect("a reading");
    let account = world.account.id.clone();
    world.account.handle(Event::Reading(PassiveReading { account, reading }), world.now);
    world.settle();
}

/// Ends at 17:00, as the endpoint says.
fn session(world: &mut World, used: &str) {
    let ends = (NOON.0 + FIVE_HOURS) / 1000;
    push(world, &format!(r#"{{"five_hour":{{"used_percentage":{used},"resets_at":{ends}}}}}"#));
}

/// Claude Code does so after `/clear`; and so does a session that was open for too long.
#[test]
fn passive_reading_with_invalid_values_is_ignored_and_delays_no_poll() {
    for limits in [
        r#"{"five_hour":{"used_percentage":1779124800,"resets_at":1779124800}}"#,
        r#"{"five_hour":{"used_percentage":null,"resets_at":1789405200}}"#,
        r#"{"five_hour":{"used_percentage":"NaN","resets_at":1789405200}}"#,
        r#"{"five_hour":{"used_percentage":-5,"resets_at":1789405200}}"#,
        r#"{"five_hour":{"used_percentage":NaN,"resets_at":1789405200}}"#,
        r#"{"five_hour":{"used_percentage":1e309,"resets_at":1789405200}}"#,
        r#"{"five_hour":{"used_percentage":1e308,"resets_at":7258118400}}"#,
        r#"{"five_hour":{"used_percentage":88,"resets_at":1789380000}}"#,
        r#"{"five_hour":{"used_percentage":100,"resets_at":1789405200}}"#,
    ] {
        let mut world = windows(&["42"]);
        for _ in 0..10 {
            world.run(MINUTE);
            push(&mut world, limits);
            assert_eq!(tooltip(&world), "5-hour 42 %, resets 17:00", "{limits}");
            if limits.contains(":100,") {
                world.run(30 * MINUTE);
                break;
            }
        }
        let asked = world.asked.len() as u64;
        assert_eq!(asked, world.now.wall.since(NOON).as_secs() / (5 * MINUTE) + 1, "{limits}");
    }
}

/// The endpoint said 96 % and shut for a day; the limit was lifted.
#[test]
fn passive_readings_that_rise_override_an_old_usage_response() {
    let mut world = World::new(|n| match n {
        1 => status(200, None, &body("96")),
        _ => limited(Some("86400")),
    });
    world.run(10 * MINUTE);
    for (used, line) in [("4", "96"), ("5", "96"), ("6", "6"), ("6.5", "7"), ("31", "31")] {
        session(&mut world, used);
        assert_eq!(tooltip(&world), format!("5-hour {line} %, resets 17:00"), "{used}");
        world.run(2 * MINUTE);
    }
    assert_eq!(told(&world), [], "and nobody was told of a reset");
}

/// Each repeats what it was told when it answered last.
#[test]
fn passive_readings_that_repeat_do_not_override_the_usage_response() {
    let mut world = World::new(|n| match n {
        1 => status(200, None, &body("96")),
        _ => limited(Some("86400")),
    });
    world.run(10 * MINUTE);
    for _ in 0..20 {
        for used in ["12", "31", "55"] {
            session(&mut world, used);
            world.run(MINUTE);
        }
    }
    assert_eq!(tooltip(&world), "5-hour 96 %, resets 17:00");
}

/// Of one source, they have their own age, and neither come nor go with the answers of another.
#[test]
fn windows_from_passive_readings_survive_usage_responses() {
    let mut world = windows(&["42"]);
    world.run(MINUTE);
    push(
        &mut world,
        r#"{"seven_day_opus":{"used_percentage":7,"resets_at":1789700000},"spend_limit":{"used_percentage":12,"resets_at":1790000000}}"#,
    );
    for _ in 0..6 {
        assert_eq!(tooltip(&world), "5-hour 42 %, resets 17:00 · Opus 7 % · spend limit 12 %");
        world.run(5 * MINUTE);
    }
    let reading = world.account.state().reading.clone().unwrap();
    let opus = &reading.windows[1];
    assert_eq!(
        (reading.origin(opus).at, reading.origin(opus).source),
        (NOON.plus(Duration::from_secs(MINUTE)), Source::StatusLine)
    );
    world.run(5 * 86_400);
    assert_eq!(world.account.state().reading.as_ref().unwrap().windows.len(), 2, "until its end");
}

#[test]
fn window_missing_from_two_readings_is_removed() {
    let both = format!(
        r#"{{"five_hour":{{"utilization":42,"resets_at":"{ENDS}"}},"seven_day":{{"utilization":9,"resets_at":"2026-09-18T22:00:00Z"}}}}"#
    );
    let mut world = bodies(vec![both, body("42")]);
    let shown = shown(&mut world, 4);
    let with = "5-hour 42 %, resets 17:00 · weekly 9 %, resets Friday";
    assert_eq!(shown, [with, with, "5-hour 42 %, resets 17:00", "5-hour 42 %, resets 17:00"]);
}

#[test]
fn usage_response_without_limits_keeps_the_last_ones_and_reports_it() {
    let nothing = r#"{"five_hour":null,"seven_day":null,"limits":[],"extra_usage":null}"#.to_owned();
    let mut world = bodies(vec![body("42"), nothing]);
    world.run(30 * MINUTE);
    assert_eq!(tooltip(&world), "5-hour 42 %, resets 17:00");
    let words = status_words(&world);
    assert!(words.starts_with("Anthropic reported no limits at 12:30. Showing the last known ones."), "{words}");
    assert_eq!(world.account.state().reading.as_ref().unwrap().at, NOON, "it is as old as it is");
    world.answer = Box::new(|_| status(200, None, &body("44")));
    world.run(5 * MINUTE);
    assert!(!status_words(&world).contains("no limits"), "{}", status_words(&world));
}

#[test]
fn account_without_any_limits_reports_it() {
    let mut world = bodies(vec![r#"{"five_hour":null,"seven_day":null}"#.to_owned()]);
    world.run(10 * MINUTE);
    let words = status_words(&world);
    assert!(words.starts_with("Anthropic reported no limits for this account at 12:10."), "{words}");
}

/// An enterprise seat.
#[test]
fn plan_without_windows_is_tracked_by_spend() {
    let of = |spent: u32| {
        format!(
            r#"{{"five_hour":null,"seven_day":null,"extra_usage":{{"is_enabled":true,"monthly_limit":10000,"used_credits":{spent},"utilization":null,"currency":"USD","decimal_places":2}}}}"#
        )
    };
    let mut world = bodies([7600, 8100, 0, 8150, 9600, 9600].map(of).to_vec());
    assert_eq!(tooltip(&world), "Extra usage 76 %, $76.00 of $100.00");
    world.run(10 * MINUTE);
    assert_eq!(tooltip(&world), "Extra usage 81 %, $81.00 of $100.00", "one odd answer of money is no news either");
    world.run(HOUR);
    let reading = world.account.state().reading.clone().unwrap();
    assert_eq!(reading.highest(world.now.wall), Some(96.0));
    assert_eq!(told(&world), [(5, News::Threshold { percent: 80 }), (25, News::Threshold { percent: 95 })]);
    for window in [None, Some("extra_usage"), Some("extra usage")] {
        let wanted = Requirement { window, at_least: 5.0, max_age: Duration::from_secs(HOUR) };
        let verdict = headroom::evaluate(Some(&reading), &wanted, world.now.wall);
        assert!(matches!(&verdict, Verdict::NotEnough(left) if left.left == 4.0), "{verdict:?}");
    }
}
