use super::*;
use serde_json::json;

const NOW: Wall = Wall(1_789_000_000_000);

#[track_caller]
fn check(body: &Value, expect: &[&str]) {
    let reading = read(body, NOW).expect("a reading");
    let lines: Vec<String> = reading.windows.iter().map(line).collect();
    assert_eq!(lines, expect);
}

fn line(window: &QuotaWindow) -> String {
    let percent = window.used_percent.map_or("-".into(), |percent| percent.to_string());
    let resets = window.resets_at.map_or("-".into(), |at| (at.0 / 1000).to_string());
    let binding = if window.binding { " binding" } else { "" };
    format!("{} “{}” {percent} {resets}{binding}", window.id, window.label)
}

fn newer() -> Value {
    json!({
    "five_hour":{"utilization":42.0,"resets_at":"2026-09-14T15:30:00.910731+00:00","limit_dollars":null},
    "seven_day":{"utilization":26.0,"resets_at":"2026-09-18T22:00:00.910755+00:00","limit_dollars":null},
    "seven_day_oauth_apps":null,"seven_day_opus":null,"seven_day_sonnet":null,"tangelo":null,
    "nimbus_quill":{"utilization":0.0,"resets_at":null},
    "extra_usage":{"is_enabled":true,"monthly_limit":10000,"used_credits":1234.0,"utilization":12.34,"currency":"USD","decimal_places":2},
    "limits":[
     {"kind":"session","group":"session","percent":42,"resets_at":"2026-09-14T15:30:00.910731+00:00","scope":null,"is_active":false},
     {"kind":"weekly_all","group":"weekly","percent":26,"resets_at":"2026-09-18T22:00:00.910755+00:00","scope":null,"is_active":false},
     {"kind":"weekly_scoped","group":"weekly","percent":82,"severity":"warning","resets_at":"2026-09-18T21:59:59.911047+00:00",
      "scope":{"model":{"id":null,"display_name":"Fable"},"surface":null},"is_active":true}],
    "member_dashboard_available":false,"seven_day_breakdown":null})
}

#[test]
fn a_window_has_a_name_for_people() {
    let of = |key: &str| known(key).0;
    assert_eq!([of("five_hour"), of("seven_day")], ["5-hour", "weekly"]);
    assert_eq!([of("seven_day_oauth_apps"), of("seven_day_opus")], ["OAuth apps", "Opus"]);
}

/// Seconds up to 1e11, the year 5138, and milliseconds beyond.
#[test]
fn a_number_is_seconds_or_milliseconds() {
    let at = |number: i64| time(&json!(number)).map(|at| at.0);
    assert_eq!(at(1_776_000_000), Some(1_776_000_000_000));
    assert_eq!(at(1_776_000_000_000), Some(1_776_000_000_000));
    assert_eq!((at(100_000_000_000), at(100_000_000_001)), (None, Some(100_000_000_001)));
    assert_eq!((at(7_258_118_400), at(7_258_118_401)), (Some(7_258_118_400_000), None));
    assert_eq!((at(0), at(-1)), (None, None));
}

#[test]
fn the_newer_body_shows_each_limit_once() {
    check(
        &newer(),
        &[
            "five_hour “5-hour” 42 1789399800",
            "seven_day “weekly” 26 1789768800",
            "weekly_scoped:fable “Fable” 82 1789768799 binding",
            "nimbus_quill “nimbus_quill” 0 -",
        ],
    );
    assert_eq!(read(&newer(), NOW).unwrap().money.len(), 1);
}

#[test]
fn the_older_body() {
    let body = json!({
        "five_hour":{"utilization":6.0,"resets_at":"2026-04-14T15:30:00Z"},
        "seven_day":{"utilization":35.0,"resets_at":"2026-04-18T22:00:00"},
        "seven_day_opus":{"utilization":101.5,"resets_at":1_776_000_000},
        "seven_day_sonnet":null,"extra_usage":null});
    check(
        &body,
        &[
            "five_hour “5-hour” 6 1776180600",
            "seven_day “weekly” 35 1776549600",
            "seven_day_opus “Opus” 101.5 1776000000",
        ],
    );
}

#[test]
fn a_model_under_both_names_is_one_window() {
    let body = json!({
        "seven_day_opus":{"utilization":12.0,"resets_at":null},
        "limits":[{"kind":"weekly_scoped","group":"weekly","percent":12,"resets_at":1_776_000_000,
                   "scope":{"model":{"display_name":"Opus"}},"is_active":true}]});
    check(&body, &["seven_day_opus “Opus” 12 1776000000 binding"]);
}

#[test]
fn limits_alone_are_enough() {
    let body = json!({"limits":[
        {"kind":"weekly_all","percent":"7.5"},
        {"kind":"monthly_new","percent":3,"is_active":true},
        {"kind":"weekly_scoped","group":"weekly","percent":1,"scope":{"surface":"chrome","model":"Fable"}},
        {"kind":"session","percent":null}, {"kind":""}, 7, null, "x", {"percent":3}]});
    check(
        &body,
        &[
            "five_hour “5-hour” - -",
            "seven_day “weekly” 7.5 -",
            "weekly_scoped:fable (chrome) “Fable (chrome)” 1 -",
            "monthly_new “monthly_new” 3 - binding",
        ],
    );
}

#[test]
fn null_is_not_zero_and_rubbish_is_not_a_number() {
    let body = json!({
        "five_hour":{"utilization":null,"resets_at":0},
        "seven_day":{"utilization":"-3","resets_at":"whenever"},
        "tangelo":{"utilization":[],"resets_at":{}}, "flag":true, "list":[1], "text":"x"});
    check(&body, &["five_hour “5-hour” - -", "seven_day “weekly” - -", "tangelo “tangelo” - -"]);
}

#[test]
fn what_holds_no_quota_is_no_reading() {
    for body in [json!(null), json!([]), json!({}), json!({"ok":true}), json!("five_hour"), json!({"a":{"b":1}})] {
        assert_eq!(read(&body, NOW), None, "{body}");
    }
    assert!(read(&json!({"five_hour":null,"seven_day":null}), NOW).is_some());
}

#[test]
fn a_hostile_answer_stays_bounded() {
    let many: Map<String, Value> =
        (0..10_000).map(|n| (format!("w{n}\n{}", "x".repeat(500)), json!({"utilization":1}))).collect();
    let windows = read(&Value::Object(many), NOW).unwrap().windows;
    assert_eq!(windows.len(), WINDOWS_MAX);
    assert!(windows.iter().all(|window| window.label.chars().count() <= 48 && !window.label.contains('\n')));
}

#[test]
fn what_is_far_beyond_all_use_is_not_said() {
    for (said, expect) in [("104", Some(104.0)), ("1e6", Some(1e6)), ("1000001", None), ("1e308", None)] {
        let body = format!(r#"{{"five_hour":{{"utilization":{said}}}}}"#);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read(&body, Wall(1)).unwrap().windows[0].used_percent, expect, "{said}");
    }
}

#[test]
fn what_looks_like_a_token_is_withheld_however_it_is_written() {
    for name in ["sk-ant-oat01-x", "SK-ANT-OAT01-X", "s\u{1}k-\u{7f}ant-x", "s\u{212a}-ant-x", "before sk-ant-x"] {
        assert_eq!(clean(name), "(withheld)", "{name:?}");
    }
    assert_eq!(clean(" Opus\n "), "Opus");
}

#[test]
fn windows_stand_in_the_order_in_which_they_matter() {
    let window = |id: &str, label: &str, duration_s: Option<u64>| QuotaWindow {
        id: id.into(),
        label: label.into(),
        used_percent: None,
        resets_at: None,
        duration_s,
        binding: false,
        origin: None,
    };
    let mut all = [
        window("odd", "A", None),
        window("fable", "Fable", Some(604_800)),
        window("seven_day", "weekly", None),
        window("opus", "Aardvark", Some(604_800)),
        window("five_hour", "zz", None),
    ];
    all.sort_by_key(rank);
    assert_eq!(all.map(|window| window.id), ["five_hour", "seven_day", "opus", "fable", "odd"]);
}
