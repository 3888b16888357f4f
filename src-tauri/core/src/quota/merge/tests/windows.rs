//! Which windows a merged reading shows, and whose figures they have.

use super::*;
use crate::quota::WindowKind;

fn five_hour(at: i64, source: Source, used: f64, ends: i64) -> Reading {
    let mut reading = said(source, min(at), &[("five_hour", used, min(ends))]);
    reading.windows[0].duration_s = Some(18_000);
    reading
}

fn money(percent: f64) -> Vec<Spend> {
    let spend =
        Spend { id: "m".into(), label: "m".into(), used: None, limit: None, used_percent: Some(percent), note: None };
    vec![spend]
}

fn ids(reading: &Reading) -> Vec<&str> {
    reading.windows.iter().map(|window| window.id.as_str()).collect()
}

#[test]
fn window_with_a_long_label_alone_is_no_window() {
    let mut reading = status_line(min(0), &[("ok", 1.0, min(9)), ("long", 1.0, min(9))]);
    reading.windows[1].label = "x".repeat(101);
    let checked = PassiveReading { account: ann(), reading }.checked().unwrap();
    assert_eq!(ids(&checked), ["ok"]);
}

#[test]
fn late_reading_of_another_end_is_no_contradiction_once_the_window_is_over() {
    let kept = five_hour(0, UsageEndpoint, 40.0, 120).prepared(LATE);
    let late = five_hour(119, StatusLine, 3.0, 300);
    assert!(kept.is_contradicted_by(&late, min(119)));
    assert!(!kept.is_contradicted_by(&late, min(120)) && !kept.is_contradicted_by(&late, min(125)));
    let ends_as_told = five_hour(5, StatusLine, 93.0, 5);
    assert!(!kept.is_contradicted_by(&ends_as_told, min(5)), "it describes nothing that goes on");
}

#[test]
fn session_contradicts_only_a_cycle_that_the_endpoint_has_reported() {
    let mut kept = endpoint(min(0), &[("seven_day", 20.0, min(5000))]).prepared(LATE);
    kept.merge(five_hour(5, StatusLine, 40.0, 120), LATE);
    assert!(!kept.is_contradicted_by(&five_hour(9, StatusLine, 40.0, 200), min(9)), "by another source");

    // The endpoint was read at the very moment when the next cycle began.
    let mut kept = five_hour(0, UsageEndpoint, 90.0, 0).prepared(LATE);
    kept.merge(five_hour(1, StatusLine, 2.0, 300), LATE);
    assert_eq!(kept.windows[0].used_percent, Some(2.0));
    assert!(!kept.is_contradicted_by(&five_hour(5, StatusLine, 2.0, 250), min(5)));
}

#[test]
fn money_without_limits_replaces_the_money_and_leaves_the_windows_until_their_end() {
    let mut kept = five_hour(0, UsageEndpoint, 40.0, 120).prepared(LATE);
    kept.money = money(10.0);
    let only_money = |at: i64| Reading::new(UsageEndpoint, min(at), vec![], money(12.0));
    for at in [5, 10, 15] {
        kept.merge(only_money(at), LATE);
        assert_eq!((ids(&kept), kept.money[0].used_percent), (vec!["five_hour"], Some(12.0)), "{at}");
    }
    kept.merge(only_money(120), LATE);
    assert!(kept.windows.is_empty(), "a plan that has only money now");
}

#[test]
fn window_left_out_once_stays_and_does_not_limit_any_more() {
    let mut kept = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("seven_day", 9.0, min(5000))]).prepared(LATE);
    kept.windows[0].binding = true;
    let mut next = endpoint(min(5), &[("seven_day", 9.0, min(5000))]);
    next.windows[0].binding = true;
    kept.merge(next, LATE);
    let shown: Vec<_> = kept.windows.iter().map(|window| (window.id.as_str(), window.binding)).collect();
    assert_eq!(shown, [("five_hour", false), ("seven_day", true)]);

    // Where the endpoint marks none, what it marked before still counts.
    let mut kept = endpoint(min(0), &[("five_hour", 40.0, min(120)), ("seven_day", 9.0, min(5000))]).prepared(LATE);
    kept.windows[0].binding = true;
    kept.merge(endpoint(min(5), &[("seven_day", 9.0, min(5000))]), LATE);
    assert!(kept.windows[0].binding);
}

#[test]
fn window_that_the_endpoint_gave_up_is_shown_as_long_as_a_session_reports_it() {
    let first = endpoint(min(0), &[("a", 1.0, min(5000)), ("b", 2.0, min(5000))]);
    let without = |at: i64| endpoint(min(at), &[("a", 1.0, min(5000))]);
    let mut kept = first.prepared(LATE);
    kept.merge(without(5), LATE);
    kept.merge(without(10), LATE);
    assert_eq!(ids(&kept), ["a"]);
    kept.merge(status_line(min(11), &[("b", 3.0, min(5000))]), LATE);
    for at in [15, 20, 25] {
        kept.merge(without(at), LATE);
        assert_eq!(ids(&kept), ["a", "b"], "{at}");
    }
}

#[test]
fn endpoint_decides_kind_name_length_and_lock_of_a_window() {
    let mut session = status_line(min(0), &[("five_hour", 40.0, min(120))]).prepared(LATE);
    session.windows[0] = QuotaWindow { kind: WindowKind::Other, label: "session".into(), ..session.windows[0].clone() };
    let mut told = five_hour(5, UsageEndpoint, 41.0, 120);
    told.windows[0] = QuotaWindow {
        kind: WindowKind::Session,
        label: "5-hour".into(),
        locked: Some("out of credits".into()),
        ..told.windows[0].clone()
    };
    session.merge(told, LATE);
    let window = &session.windows[0];
    assert_eq!((window.kind, window.label.as_str(), window.duration_s), (WindowKind::Session, "5-hour", Some(18_000)));
    assert_eq!(window.locked.as_deref(), Some("out of credits"));
}

#[test]
fn omission_counts_from_a_response_that_is_as_new_as_the_window() {
    let begun = |session: i64| {
        let mut kept = endpoint(min(0), &[("a", 1.0, min(5000)), ("b", 2.0, min(5000))]).prepared(LATE);
        kept.merge(status_line(min(session), &[("b", 2.0, min(5000))]), LATE);
        kept.merge(endpoint(min(5), &[("a", 1.0, min(5000))]), LATE);
        kept.merge(endpoint(min(10), &[("a", 1.0, min(5000))]), LATE);
        kept
    };
    assert_eq!(ids(&begun(5)), ["a"]);
    assert_eq!(ids(&begun(6)), ["a", "b"], "only the second response is newer than the window");
}

#[test]
fn window_without_a_reset_that_only_a_session_reports_stays_for_a_day() {
    let day = 24 * 60;
    let mut kept = status_line(min(0), &[("odd", 3.0, min(5000))]).prepared(Wall(i64::MAX));
    kept.windows[0].resets_at = None;
    let after = |minutes: i64| {
        let mut kept = kept.clone();
        kept.merge(endpoint(min(minutes), &[("a", 1.0, min(50_000))]), Wall(min(minutes).0));
        kept.windows.iter().any(|window| window.id == "odd")
    };
    assert!(after(day - 1) && !after(day) && !after(day + 1));
}

#[test]
fn session_adds_no_window_that_is_over_or_of_unknown_use() {
    let mut kept = endpoint(min(0), &[("a", 1.0, min(5000))]).prepared(LATE);
    let mut told = status_line(min(5), &[("over", 9.0, min(5)), ("unknown", 9.0, min(500)), ("new", 9.0, min(500))]);
    told.windows[1].used_percent = None;
    kept.merge(told, LATE);
    assert_eq!(ids(&kept), ["a", "new"]);
}

#[test]
fn small_correction_without_a_reset_keeps_the_known_reset() {
    let mut kept = five_hour(0, UsageEndpoint, 40.0, 120).prepared(LATE);
    let mut next = five_hour(5, UsageEndpoint, 39.5, 120);
    next.windows[0].resets_at = None;
    kept.merge(next, LATE);
    let window = &kept.windows[0];
    assert_eq!((window.used_percent, window.resets_at), (Some(39.5), Some(min(120))));
}

#[test]
fn next_cycle_of_unknown_use_begins_only_if_it_has_not_ended() {
    let after = |ends: i64| {
        let mut kept = five_hour(0, UsageEndpoint, 40.0, 60).prepared(LATE);
        let mut next = five_hour(70, UsageEndpoint, 0.0, ends);
        next.windows[0].used_percent = None;
        kept.merge(next, LATE);
        (kept.windows[0].used_percent, kept.windows[0].resets_at)
    };
    assert_eq!(after(400), (None, Some(min(400))));
    assert_eq!(after(70), (Some(40.0), Some(min(60))));
}

#[test]
fn reset_is_implausible_beyond_a_day_more_than_the_length() {
    let kept = |ends_in: i64| {
        let mut reading = five_hour(0, UsageEndpoint, 40.0, 0);
        reading.windows[0].resets_at = Some(Wall(NOON.0 + ends_in));
        reading.prepared(LATE).windows[0].resets_at.is_some()
    };
    let farthest = 18_000_000 + 86_400_000;
    assert!(kept(farthest) && !kept(farthest + 1));
    assert!(kept(-farthest) && !kept(-farthest - 1));
}
