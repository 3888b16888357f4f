use super::*;
use crate::quota::{Level, Spend};
use proptest::prelude::*;
use std::time::Duration;

mod windows;

/// 2026-09-14 12:00:00 UTC.
const NOON: Wall = Wall(1_789_387_200_000);
const LATE: Wall = Wall(NOON.0 + 24 * 3_600_000);

fn min(minutes: i64) -> Wall {
    Wall(NOON.0 + minutes * 60_000)
}

fn window(id: &str, used: f64, resets_at: Wall) -> QuotaWindow {
    QuotaWindow {
        id: id.into(),
        kind: crate::providers::anthropic::window_kind(id, None),
        label: id.into(),
        used_percent: Some(used),
        resets_at: Some(resets_at),
        duration_s: None,
        binding: false,
        origin: None,
        locked: None,
    }
}

fn said(source: Source, at: Wall, windows: &[(&str, f64, Wall)]) -> Reading {
    let windows = windows.iter().map(|(id, used, resets_at)| window(id, *used, *resets_at));
    Reading::new(source, at, windows.collect(), vec![])
}

fn endpoint(at: Wall, windows: &[(&str, f64, Wall)]) -> Reading {
    said(Source::UsageEndpoint, at, windows)
}

fn status_line(at: Wall, windows: &[(&str, f64, Wall)]) -> Reading {
    said(Source::StatusLine, at, windows)
}

/// What is kept after all of these came in this order, by window: how much, from where, from when.
#[track_caller]
fn check(came: &[Reading], expect: &[(&str, f64, Source, Wall)]) -> Reading {
    let mut kept = came[0].clone();
    for reading in &came[1..] {
        kept.merge(reading.clone(), LATE);
    }
    let figures: Vec<_> = kept
        .windows
        .iter()
        .map(|window| {
            let origin = kept.origin(window);
            (window.id.as_str(), window.used_percent.unwrap_or(-1.0), origin.source, origin.at)
        })
        .collect();
    assert_eq!(figures, expect);
    kept
}

use Source::{OwnerCache, StatusLine, UsageEndpoint};

#[test]
fn merge_takes_the_newest_per_window_and_keeps_the_age_of_others() {
    let whole = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("fable", 82.0, min(5000))]);
    let line = status_line(min(10), &[("five_hour", 44.5, min(120))]);
    let kept =
        check(&[whole, line], &[("five_hour", 44.5, StatusLine, min(10)), ("fable", 82.0, UsageEndpoint, min(0))]);
    assert_eq!((kept.at, kept.source), (min(10), StatusLine), "a reading is as new as its newest window");
}

#[test]
fn merge_of_a_late_reading_uses_its_own_time() {
    let whole = endpoint(min(10), &[("five_hour", 44.0, min(120))]);
    let late = status_line(min(3), &[("five_hour", 41.0, min(120))]);
    let cache = said(OwnerCache, min(-900), &[("five_hour", 9.0, min(-700)), ("gone", 5.0, min(5000))]);
    check(&[whole, late, cache], &[("five_hour", 44.0, UsageEndpoint, min(10))]);
}

#[test]
fn merge_takes_a_newer_cached_usage() {
    let whole = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("fable", 80.0, min(5000))]);
    let cache = said(OwnerCache, min(7), &[("five_hour", 43.0, min(120)), ("fable", 81.0, min(5000))]);
    check(&[whole, cache], &[("five_hour", 43.0, OwnerCache, min(7)), ("fable", 81.0, OwnerCache, min(7))]);
}

#[test]
fn merge_ignores_a_session_repeating_an_old_response() {
    let whole = endpoint(min(0), &[("five_hour", 40.0, min(120))]);
    let kept = [("five_hour", 40.0, UsageEndpoint, min(0))];
    check(&[whole.clone(), status_line(min(1), &[("five_hour", 31.0, min(120))])], &kept);
    check(&[whole.clone(), status_line(min(1), &[("five_hour", 99.0, min(-180))])], &kept);
    let rounded = status_line(min(1), &[("five_hour", 39.6, min(120))]);
    check(&[whole.clone(), rounded], &[("five_hour", 39.6, StatusLine, min(1))]);
    let anew = status_line(min(130), &[("five_hour", 2.0, min(430))]);
    check(&[whole.clone(), anew], &[("five_hour", 2.0, StatusLine, min(130))]);
    let lifted = |at| endpoint(min(at), &[("five_hour", 0.0, min(120))]);
    check(&[whole.clone(), lifted(2)], &kept);
    check(&[whole, lifted(2), lifted(5)], &[("five_hour", 0.0, UsageEndpoint, min(5))]);
}

#[test]
fn merge_after_reset_takes_a_status_line_without_next_reset() {
    let whole = endpoint(min(0), &[("five_hour", 40.0, min(120))]);
    let mut fresh = status_line(min(125), &[("five_hour", 0.0, min(0))]);
    fresh.windows[0].resets_at = None;
    check(&[whole, fresh], &[("five_hour", 0.0, StatusLine, min(125))]);
}

#[test]
fn merge_takes_window_list_and_binding_flag_from_the_endpoint() {
    let mut first = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("opus", 7.0, min(5000))]);
    first.windows[0].binding = true;
    let line = status_line(min(5), &[("five_hour", 41.0, min(120)), ("new", 3.0, min(90))]);
    let kept = check(
        &[first.clone(), line.clone()],
        &[
            ("five_hour", 41.0, StatusLine, min(5)),
            ("new", 3.0, StatusLine, min(5)),
            ("opus", 7.0, UsageEndpoint, min(0)),
        ],
    );
    assert!(kept.windows[0].binding, "a status line does not say what counts, and so changes nothing about it");
    let second = |at| endpoint(min(at), &[("five_hour", 42.0, min(120))]);
    let left = [("five_hour", 42.0, UsageEndpoint, min(15)), ("new", 3.0, StatusLine, min(5))];
    let kept = check(&[first, line, second(10), second(15)], &left);
    assert!(!kept.windows[0].binding);
}

#[test]
fn merge_matches_legacy_and_current_window_ids() {
    let mut whole = endpoint(min(0), &[("weekly_scoped:opus", 7.0, min(5000))]);
    whole.windows[0] = QuotaWindow { label: "Opus".into(), duration_s: Some(604_800), ..whole.windows[0].clone() };
    let mut line = status_line(min(5), &[("seven_day_opus", 8.0, min(5000))]);
    line.windows[0] = QuotaWindow { label: "opus".into(), duration_s: Some(604_800), ..line.windows[0].clone() };
    check(&[whole, line], &[("weekly_scoped:opus", 8.0, StatusLine, min(5))]);
}

/// Only their names and their lengths together say that two windows of other ids are one.
#[test]
fn windows_are_same_only_with_equal_name_and_known_length() {
    let of =
        |id: &str, label: &str, duration_s| QuotaWindow { label: label.into(), duration_s, ..window(id, 1.0, min(60)) };
    assert!(of("a", "Opus", Some(604_800)).is_same(&of("b", "opus", Some(604_800))));
    assert!(!of("a", "Opus", Some(604_800)).is_same(&of("b", "opus", Some(18_000))));
    assert!(!of("a", "Opus", None).is_same(&of("b", "opus", None)));
    assert!(!of("a", "Opus", Some(604_800)).is_same(&of("b", "Sonnet", Some(604_800))));
    assert!(of("a", "Opus", None).is_same(&of("a", "Sonnet", Some(18_000))));
}

/// What a status line told while no program ran.
#[test]
fn passive_reading_is_merged_with_the_stored_one() {
    let pushed = |at, used| {
        let reading = status_line(at, &[("five_hour", used, min(120))]);
        PassiveReading { account: ann(), reading }
    };
    let first = with_passive(None, pushed(min(0), 40.0), LATE).expect("a reading");
    assert_eq!((first.windows[0].used_percent, first.at), (Some(40.0), min(0)));
    let second = with_passive(Some(first.clone()), pushed(min(5), 41.0), LATE).expect("a reading");
    assert_eq!((second.windows[0].used_percent, second.at), (Some(41.0), min(5)));
    let mut empty = pushed(min(9), 50.0);
    empty.reading.windows.clear();
    assert_eq!(with_passive(Some(first.clone()), empty.clone(), LATE), Some(first), "nothing in it takes nothing away");
    assert_eq!(with_passive(None, empty, LATE), None);
}

#[test]
fn merged_window_past_its_reset_reads_as_reset() {
    let kept = check(
        &[endpoint(min(0), &[("five_hour", 40.0, min(60))]), status_line(min(10), &[("five_hour", 50.0, min(60))])],
        &[("five_hour", 50.0, StatusLine, min(10))],
    );
    assert_eq!(kept.windows[0].level(min(59)), Level::Used(50.0));
    assert_eq!(kept.windows[0].level(min(60)), Level::Reset);
}

#[test]
fn merge_after_clock_set_back_treats_future_readings_as_now() {
    let mut kept = endpoint(min(600), &[("five_hour", 40.0, min(900))]);
    kept.merge(status_line(min(9000), &[("five_hour", 90.0, min(900))]), min(10));
    kept.merge(endpoint(min(10), &[("five_hour", 42.0, min(900))]), min(10));
    assert_eq!((kept.windows[0].used_percent, kept.at), (Some(42.0), min(10)), "a clock that was set back");
    let mut kept = endpoint(min(600), &[("five_hour", 40.0, min(900)), ("seven_day", 9.0, min(900))]);
    kept.merge(status_line(min(700), &[("five_hour", 90.0, min(900))]), LATE);
    kept.merge(endpoint(min(10), &[("five_hour", 92.0, min(900)), ("seven_day", 11.0, min(900))]), min(10));
    assert_eq!([kept.windows[0].used_percent, kept.windows[1].used_percent], [Some(92.0), Some(11.0)], "also of one");
}

#[test]
fn merge_keeps_the_age_of_spend_separately() {
    let money = |used| Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used: None,
        limit: None,
        used_percent: Some(used),
        note: None,
    };
    let mut kept = endpoint(min(0), &[("five_hour", 40.0, min(120))]);
    kept.money = vec![money(1.0)];
    kept.merge(status_line(min(5), &[("five_hour", 41.0, min(120))]), LATE);
    assert_eq!(kept.money_origin(), Provenance { at: min(0), source: UsageEndpoint });
    let mut cache = said(OwnerCache, min(7), &[("five_hour", 43.0, min(120))]);
    cache.money = vec![money(2.0)];
    kept.merge(cache, LATE);
    assert_eq!((kept.money_origin().at, kept.money[0].used_percent), (min(7), Some(2.0)));
    let mut again = said(OwnerCache, min(7), &[("five_hour", 43.0, min(120))]);
    again.money = vec![money(3.0)];
    kept.merge(again, LATE);
    assert_eq!(kept.money[0].used_percent, Some(2.0), "of the same age, what is there stays");
}

#[test]
fn reading_stored_by_an_earlier_version_is_loaded() {
    let old = r#"{"at":1789387200000,"source":"usage_endpoint","windows":[{"id":"five_hour","label":"5-hour",
        "used_percent":42.0,"resets_at":1789394400000,"duration_s":18000,"binding":true}]}"#;
    let mut kept: Reading = serde_json::from_str(old).unwrap();
    assert_eq!(kept.origin(&kept.windows[0]), Provenance { at: NOON, source: UsageEndpoint });
    kept.merge(status_line(min(-5), &[("five_hour", 80.0, min(120)), ("x", 1.0, min(120))]), min(1));
    assert_eq!((kept.windows.len(), kept.windows[0].used_percent), (1, Some(42.0)));
    let again: Reading = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
    assert_eq!(again, kept);
}

#[test]
fn passive_reading_is_validated_before_use() {
    let checked = |reading| PassiveReading { account: ann(), reading }.checked();
    assert_eq!(checked(endpoint(min(0), &[("five_hour", 40.0, min(120))])), None, "nobody asked for it");
    assert_eq!(checked(status_line(min(0), &[])), None);
    let long = "x".repeat(101);
    let bad = [("ok", 1.0, min(9)), ("nan", f64::NAN, min(9)), ("less", -1.0, min(9)), (long.as_str(), 1.0, min(9))];
    let mut reading = status_line(min(0), &bad);
    reading.windows[0].origin = Some(Provenance { at: LATE, source: UsageEndpoint });
    let kept = checked(reading).unwrap().prepared(LATE);
    let used: Vec<Option<f64>> = kept.windows.iter().map(|window| window.used_percent).collect();
    assert_eq!((used, kept.origin(&kept.windows[0]).source), (vec![Some(1.0), None, None], StatusLine));
}

/// Whether it is worth being written down and shown.
#[test]
fn reading_with_same_figures_within_20_s_is_no_update() {
    let first = status_line(min(0), &[("five_hour", 40.0, min(120))]);
    let merged = |at: Wall, used: f64| {
        let mut kept = first.clone();
        kept.merge(status_line(at, &[("five_hour", used, min(120))]), LATE);
        kept
    };
    let seconds = |n: u64| NOON.plus(Duration::from_secs(n));
    assert!(first.is_as_good_as(&first));
    assert!(first.is_as_good_as(&merged(seconds(19), 40.0)));
    assert!(!first.is_as_good_as(&merged(seconds(20), 40.0)));
    assert!(!first.is_as_good_as(&merged(seconds(1), 40.1)));
}

fn ann() -> AccountId {
    AccountId("anthropic:ann".into())
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let source = prop_oneof![Just(UsageEndpoint), Just(StatusLine), Just(OwnerCache)];
    let figure = (prop::sample::select(vec!["a", "b", "c"]), 0..=100_u8);
    (source, 0..600_i64, prop::collection::btree_map(figure.0, figure.1, 0..3)).prop_map(|(source, at, figures)| {
        let resets_at = min(10_000);
        // Within a cycle use only grows with time.
        let windows = figures.iter().map(|(id, extra)| (*id, at as f64 / 10.0 + f64::from(*extra) / 100.0, resets_at));
        said(source, min(at), &windows.collect::<Vec<_>>())
    })
}

proptest! {
    /// No order of arrival makes a window older than the newest that was ever told of it since the endpoint last
    /// told everything, and none invents anything.
    #[test]
    fn merge_in_any_order_keeps_the_newest_of_each_window(came in prop::collection::vec(any_reading(), 1..8)) {
        let mut kept = came[0].clone();
        for reading in &came[1..] {
            kept.merge(reading.clone(), LATE);
        }
        for window in &kept.windows {
            let origin = kept.origin(window);
            let told = came.iter().filter_map(|reading| {
                let told = reading.windows.iter().find(|told| told.id == window.id)?;
                Some((reading.at, reading.source, told.used_percent))
            });
            let newest = told.clone().map(|(at, ..)| at).max();
            prop_assert_eq!(Some(origin.at), newest);
            prop_assert!(told.into_iter().any(|told| told == (origin.at, origin.source, window.used_percent)));
        }
        prop_assert!(kept.windows.iter().all(|window| kept.origin(window).at <= kept.at));
    }

    /// Telling the same once more changes nothing.
    #[test]
    fn merge_is_idempotent(first in any_reading(), second in any_reading()) {
        let mut once = first;
        once.merge(second.clone(), LATE);
        let mut twice = once.clone();
        twice.merge(second, LATE);
        prop_assert_eq!(once, twice);
    }
}

/// Clocks differ by a minute at most, and figures are rounded by less than one point.
#[test]
fn merge_weighs_repeated_windows_by_use_and_reset() {
    let window = |used: f64, resets_at: i64, at: i64| QuotaWindow {
        origin: Some(Provenance { at: min(at), source: StatusLine }),
        ..window("five_hour", used, Wall(NOON.0 + resets_at))
    };
    let old = window(40.0, 600_000, 0);
    let again = |used, resets_at, at| weigh(&window(used, resets_at, at), &old);
    assert_eq!(again(90.0, 539_999, 1), Weight::Void, "it speaks of an earlier cycle");
    assert_eq!((again(90.0, 540_000, 1), again(39.0, 540_000, 1)), (Weight::Plain, Weight::Plain));
    assert_eq!(again(38.9, 600_000, 1), Weight::Less, "use only grows");
    assert_eq!(again(38.9, 660_000, 1), Weight::Less, "a minute later is the same end");
    assert_eq!(again(38.9, 660_001, 1), Weight::Odd, "another cycle begins with less, and not before its time");
    assert_eq!(again(38.9, 600_000, 9), Weight::Less);
    assert_eq!(again(38.9, 1_200_000, 10), Weight::Plain, "the old cycle is over at its end");
    let open = QuotaWindow { resets_at: None, ..old.clone() };
    assert_eq!(weigh(&window(39.5, 600_000, 1), &open), Weight::Plain);
}

/// Of the same moment, the answer of the endpoint is what a reading is called by.
#[test]
fn merge_at_equal_time_names_the_endpoint_as_source() {
    let mut kept = status_line(min(0), &[("five_hour", 44.0, min(120))]);
    kept.merge(endpoint(min(0), &[("fable", 82.0, min(5000))]), LATE);
    assert_eq!((kept.at, kept.source), (min(0), UsageEndpoint));
    // Both are from now, once the clock was set back.
    let mut kept = endpoint(min(600), &[("five_hour", 44.0, min(900)), ("fable", 82.0, min(5000))]);
    kept.merge(status_line(min(700), &[("five_hour", 45.0, min(900))]), LATE);
    assert_eq!(kept.source, StatusLine);
    let kept = kept.prepared(min(10));
    assert_eq!((kept.at, kept.source), (min(10), UsageEndpoint));
}

/// Law 14: a figure and its reset belong together, whoever told the rest later.
#[test]
fn merge_of_a_late_endpoint_reading_keeps_newer_use_with_its_reset() {
    let mut kept = status_line(min(10), &[("five_hour", 3.0, min(400))]);
    kept.merge(endpoint(min(5), &[("five_hour", 97.0, min(8))]), LATE);
    let window = &kept.windows[0];
    assert_eq!((window.used_percent, window.resets_at), (Some(3.0), Some(min(400))));
}

/// Law 17: while a window that the endpoint told lasts, one with another end of it is somebody else's, all of it.
#[test]
fn passive_reading_with_a_different_reset_is_rejected_as_foreign() {
    let lasting = |mut reading: Reading| {
        for window in &mut reading.windows {
            window.duration_s = Some(if window.id == "five_hour" { 18_000 } else { 604_800 });
        }
        reading
    };
    let endpoint = |at, windows: &[(&str, f64, Wall)]| lasting(endpoint(at, windows));
    let status_line = |at, windows: &[(&str, f64, Wall)]| lasting(status_line(at, windows));
    let kept = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("seven_day", 20.0, min(5000))]).prepared(LATE);
    let is_foreign = |at: i64, five_hour: (f64, i64), now: i64| {
        let pushed =
            status_line(min(at), &[("five_hour", five_hour.0, min(five_hour.1)), ("seven_day", 21.0, min(5000))]);
        kept.is_contradicted_by(&pushed, min(now))
    };
    assert!(!is_foreign(5, (41.0, 120), 5) && !is_foreign(5, (41.0, 121), 5));
    assert!(is_foreign(5, (93.0, 122), 5) && is_foreign(5, (93.0, 90), 5));
    assert!(!is_foreign(125, (3.0, 400), 125), "what was told is over");
    assert!(!is_foreign(5, (41.0, 90_000_000), 5), "nonsense costs the field alone");
    let weekly = status_line(min(5), &[("seven_day", 93.0, min(6000))]);
    assert!(kept.is_contradicted_by(&weekly, min(5)));
    let pushed = PassiveReading { account: ann(), reading: status_line(min(5), &[("five_hour", 93.0, min(200))]) };
    assert_eq!(with_passive(Some(kept.clone()), pushed, min(5)), Some(kept.clone()));
    let by_session = status_line(min(0), &[("five_hour", 40.0, min(120))]).prepared(LATE);
    assert!(!by_session.is_contradicted_by(&status_line(min(5), &[("five_hour", 93.0, min(200))]), min(5)));
}
