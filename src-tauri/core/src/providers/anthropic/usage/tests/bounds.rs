//! Which limits of a list are read, which windows are kept, and what is known of each.

use super::*;

/// What is read of a limit that comes after `many` empty ones.
#[test]
fn usage_list_is_read_up_to_1000_limits_and_2000_active_ones() {
    for (is_active, many, is_read) in
        [(false, 999, true), (false, 1000, false), (true, 1000, true), (true, 1999, true), (true, 2000, false)]
    {
        let mut limits = vec![json!({ "is_active": is_active }); many];
        limits.push(json!({"kind":"amber","percent":50,"is_active":is_active}));
        let windows = read(&json!({ "limits": limits }), NOW).unwrap().windows;
        assert_eq!(windows.len(), usize::from(is_read), "{is_active} {many}");
    }
}

#[test]
fn usage_window_of_unknown_level_yields_to_one_at_zero() {
    let limit = |kind: String, percent: Value| json!({"kind":kind,"percent":percent,"resets_at":1_789_768_800});
    let mut limits = vec![limit("unknown".to_owned(), json!(null))];
    limits.extend((0..WINDOWS_MAX - 1).map(|n| limit(format!("kind_{n}"), json!(0))));
    let has_unknown = |limits: &[Value]| {
        let windows = read(&json!({ "limits": limits }), NOW).unwrap().windows;
        assert_eq!(windows.len(), WINDOWS_MAX);
        windows.iter().any(|window| window.id == "unknown")
    };
    assert!(has_unknown(&limits));
    limits.push(limit("one_more".to_owned(), json!(0)));
    assert!(!has_unknown(&limits));
}

/// A namesake without a figure would else take the id, and the history, of the one with a figure.
#[test]
fn usage_namesake_of_unknown_level_is_numbered_last_in_any_order() {
    let scope = json!({"model":{"id":null,"display_name":"Fable"}});
    let unknown = json!({"kind":"weekly_scoped","group":"weekly","resets_at":1_789_768_800,"scope":scope});
    let expect =
        ["weekly_scoped:fable:2 “Fable (fable:2)” - 1789768800", "weekly_scoped:fable “Fable (weekly_scoped)” 0 -"];
    check_limits(&json!([unknown, weekly(0, &scope)]), &expect);
    check_limits(&json!([weekly(0, &scope), unknown]), &expect);
}

#[test]
fn usage_limit_is_shown_if_its_level_or_its_reset_is_known() {
    check_limits(
        &json!([
            {"kind":"session","percent":0},
            {"kind":"weekly_all","percent":null,"resets_at":1_789_768_800},
            {"kind":"weekly_scoped","group":"weekly","percent":null,"scope":{"model":"Opus"}}]),
        &["five_hour “5-hour” 0 -", "seven_day “weekly” - 1789768800"],
    );
}

#[test]
fn usage_limit_listed_twice_is_binding_if_either_is() {
    let weekly = |is_active: bool| json!({"kind":"weekly_all","percent":26,"is_active":is_active});
    for (first, second) in [(true, false), (false, true), (true, true)] {
        check_limits(&json!([weekly(first), weekly(second)]), &["seven_day “weekly” 26 - binding"]);
    }
    check_limits(&json!([weekly(false), weekly(false)]), &["seven_day “weekly” 26 -"]);
}

/// A blank label names nothing, and the names of the known windows are Holdoff's own.
#[test]
fn usage_label_of_the_provider_names_only_unknown_windows() {
    check(
        &json!({
            "five_hour":{"utilization":1,"label":"Session"},
            "amber":{"utilization":2,"label":" "},
            "wattle":{"utilization":3,"label":"Team credits"}}),
        &["five_hour “5-hour” 1 -", "wattle “Team credits” 3 -", "amber “amber” 2 -"],
    );
}

#[test]
fn usage_in_dollars_is_unknown_without_a_limit() {
    for (limit, percent) in
        [(json!(20), "25"), (json!(0), "-"), (json!(-0.0), "-"), (json!("-0"), "-"), (json!(null), "-")]
    {
        let window = json!({"utilization":null,"resets_at":1_789_768_800,"used_dollars":5,"limit_dollars":limit});
        check(&json!({ "five_hour": window }), &[&format!("five_hour “5-hour” {percent} 1789768800")]);
    }
}
