use super::*;
use serde_json::json;

mod bounds;

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
fn usage_window_ids_have_display_names() {
    let of = |key: &str| label_and_length(key).0;
    assert_eq!([of("five_hour"), of("seven_day")], ["5-hour", "weekly"]);
    assert_eq!([of("seven_day_oauth_apps"), of("seven_day_opus")], ["OAuth apps", "Opus"]);
}

/// Seconds up to 1e11, the year 5138, and milliseconds beyond.
#[test]
fn usage_timestamp_is_seconds_or_milliseconds() {
    let at = |number: i64| time(&json!(number)).map(|at| at.0);
    assert_eq!(at(1_776_000_000), Some(1_776_000_000_000));
    assert_eq!(at(1_776_000_000_000), Some(1_776_000_000_000));
    assert_eq!((at(100_000_000_000), at(100_000_000_001)), (None, Some(100_000_000_001)));
    assert_eq!((at(7_258_118_400), at(7_258_118_401)), (Some(7_258_118_400_000), None));
    assert_eq!((at(0), at(-1)), (None, None));
}

#[test]
fn usage_newer_body_shows_each_limit_once() {
    check(
        &newer(),
        &[
            "five_hour “5-hour” 42 1789399800",
            "seven_day “weekly” 26 1789768800",
            "weekly_scoped:fable “Fable” 82 1789768799 binding",
        ],
    );
    assert_eq!(read(&newer(), NOW).unwrap().money.len(), 1);
}

#[test]
fn usage_older_body_is_read() {
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
fn usage_model_in_both_forms_is_one_window() {
    let body = json!({
        "seven_day_opus":{"utilization":12.0,"resets_at":null},
        "limits":[{"kind":"weekly_scoped","group":"weekly","percent":12,"resets_at":1_776_000_000,
                   "scope":{"model":{"display_name":"Opus"}},"is_active":true}]});
    check(&body, &["seven_day_opus “Opus” 12 1776000000 binding"]);
}

#[test]
fn usage_limits_list_alone_is_enough() {
    let body = json!({"limits":[
        {"kind":"weekly_all","percent":"7.5"},
        {"kind":"monthly_new","percent":3,"is_active":true},
        {"kind":"weekly_scoped","group":"weekly","percent":1,"scope":{"surface":"chrome","model":"Fable"}},
        {"kind":"session","percent":null}, {"kind":""}, 7, null, "x", {"percent":3}]});
    check(
        &body,
        &[
            "seven_day “weekly” 7.5 -",
            "weekly_scoped:fable (chrome) “Fable (chrome)” 1 -",
            "monthly_new “monthly_new” 3 - binding",
        ],
    );
}

#[test]
fn usage_null_or_invalid_values_are_unknown_not_zero() {
    let body = json!({
        "five_hour":{"utilization":null,"resets_at":0},
        "seven_day":{"utilization":"-3","resets_at":"whenever"},
        "tangelo":{"utilization":[],"resets_at":{}}, "flag":true, "list":[1], "text":"x"});
    check(&body, &["five_hour “5-hour” - -", "seven_day “weekly” - -", "tangelo “tangelo” - -"]);
}

#[test]
fn usage_body_without_quota_gives_no_reading() {
    for body in [json!(null), json!([]), json!({}), json!({"ok":true}), json!("five_hour"), json!({"a":{"b":1}})] {
        assert_eq!(read(&body, NOW), None, "{body}");
    }
    assert!(read(&json!({"five_hour":null,"seven_day":null}), NOW).is_some());
}

#[test]
fn usage_hostile_body_stays_bounded() {
    let many: Map<String, Value> =
        (0..10_000).map(|n| (format!("w{n}\n{}", "x".repeat(500)), json!({"utilization":1}))).collect();
    let windows = read(&Value::Object(many), NOW).unwrap().windows;
    assert_eq!(windows.len(), WINDOWS_MAX);
    assert!(windows.iter().all(|window| window.label.chars().count() <= 48 && !window.label.contains('\n')));
}

#[test]
fn usage_percent_over_1000_is_dropped() {
    for (said, expect) in
        [("104", Some(104.0)), ("1000", Some(1000.0)), ("1001", None), ("1779124800", None), ("1e308", None)]
    {
        let body = format!(r#"{{"five_hour":{{"utilization":{said}}}}}"#);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read(&body, Wall(1)).unwrap().windows[0].used_percent, expect, "{said}");
    }
}

#[test]
fn usage_name_that_looks_like_a_token_is_withheld() {
    for name in ["sk-ant-oat01-x", "SK-ANT-OAT01-X", "s\u{1}k-\u{7f}ant-x", "s\u{212a}-ant-x", "before sk-ant-x"] {
        assert_eq!(clean(name), "(withheld)", "{name:?}");
    }
    assert_eq!(clean(" Opus\n "), "Opus");
}

#[test]
fn usage_windows_are_sorted_by_rank() {
    let window = |id: &str, label: &str, duration_s: Option<u64>| QuotaWindow {
        id: id.into(),
        kind: window_kind(id, duration_s),
        label: label.into(),
        used_percent: None,
        resets_at: None,
        duration_s,
        binding: false,
        origin: None,
        locked: None,
    };
    let mut all = [
        window("odd", "A", None),
        window("fable", "Fable", Some(604_800)),
        window("seven_day", "weekly", None),
        window("opus", "Aardvark", Some(604_800)),
        window("five_hour", "zz", None),
    ];
    all.sort_by_key(QuotaWindow::rank);
    assert_eq!(all.map(|window| window.id), ["five_hour", "seven_day", "opus", "fable", "odd"]);
}

/// Each of `limits`, as `limits[]` has them.
#[track_caller]
fn check_limits(limits: &Value, expect: &[&str]) {
    check(&json!({ "limits": limits }), expect);
}

fn weekly(percent: u32, scope: &Value) -> Value {
    json!({"kind":"weekly_scoped","group":"weekly","percent":percent,"scope":scope,"is_active":percent == 97})
}

#[test]
fn usage_models_with_one_name_are_two_windows() {
    let model = |id: &str| json!({"model":{"id":id,"display_name":"Fable"}});
    let expect =
        ["weekly_scoped:fable-1 “Fable (fable-1)” 12 -", "weekly_scoped:fable-2 “Fable (fable-2)” 97 - binding"];
    check_limits(&json!([weekly(12, &model("fable-1")), weekly(97, &model("fable-2"))]), &expect);
    check_limits(&json!([weekly(97, &model("fable-2")), weekly(12, &model("fable-1"))]), &expect);
    check_limits(&json!([weekly(97, &model("fable-2"))]), &["weekly_scoped:fable-2 “Fable” 97 - binding"]);
}

/// The older key is one of them, and nobody knows which.
#[test]
fn usage_legacy_key_shared_by_two_models_is_a_window_of_its_own() {
    let model = |id: &str| json!({"model":{"id":id,"display_name":"Opus"}});
    let body = json!({"seven_day_opus":{"utilization":3}, "limits":[weekly(12, &model("a")), weekly(97, &model("b"))]});
    check(
        &body,
        &[
            "weekly_scoped:a “Opus (a)” 12 -",
            "weekly_scoped:b “Opus (b)” 97 - binding",
            "seven_day_opus “Opus (seven_day_opus)” 3 -",
        ],
    );
}

#[test]
fn usage_session_and_weekly_limit_of_one_model_are_two_windows() {
    let scope = json!({"model":{"display_name":"Opus"}});
    let session = json!({"kind":"session_scoped","group":"session","percent":31,"scope":scope});
    let reading = read(&json!({"limits":[session, weekly(8, &scope)]}), NOW).unwrap();
    let lines: Vec<String> = reading.windows.iter().map(line).collect();
    assert_eq!(lines, ["weekly_scoped:opus “Opus” 8 -", "session_scoped:opus “Opus (5-hour)” 31 -"]);
    let lengths: Vec<_> = reading.windows.iter().map(|window| window.duration_s).collect();
    assert_eq!(lengths, [Some(SEVEN_DAYS), Some(FIVE_HOURS)]);
}

#[test]
fn usage_limit_name_is_taken_from_any_naming_field() {
    check_limits(
        &json!([
            weekly(1, &json!({"label":"Mythos"})),
            weekly(2, &json!("Bare")),
            weekly(3, &json!({"model":{"id":"model-x","display_name":" "}})),
            weekly(4, &json!({"surface":{"name":"chrome"}})),
            {"kind":"model_scoped","group":"weekly","percent":5,"model":{"display_name":"Saga"}},
            {"group":"weekly","percent":6,"scope":{"model":"Nameless kind"}}]),
        &[
            "weekly_scoped:bare “Bare” 2 -",
            "weekly_scoped:mythos “Mythos” 1 -",
            "weekly:nameless kind “Nameless kind” 6 -",
            "model_scoped:saga “Saga” 5 -",
            "weekly_scoped:chrome “chrome” 4 -",
            "weekly_scoped:model-x “model-x” 3 -",
        ],
    );
}

#[test]
fn usage_limits_without_a_name_are_all_kept() {
    let blank = |percent: u32| weekly(percent, &json!({"model":{"id":null,"display_name":""}}));
    check_limits(
        &json!([blank(12), blank(97), blank(97)]),
        &["weekly_scoped “weekly_scoped” 97 - binding", "weekly_scoped:2 “weekly_scoped (2)” 12 -"],
    );
}

/// Otherwise each would have the other's usage in turn, with false falls and alerts.
#[test]
fn usage_namesakes_are_told_apart_in_any_order() {
    let fable = |percent: u32| weekly(percent, &json!({"model":{"id":null,"display_name":"Fable"}}));
    let expect =
        ["weekly_scoped:fable:2 “Fable (fable:2)” 12 -", "weekly_scoped:fable “Fable (weekly_scoped)” 97 - binding"];
    check_limits(&json!([fable(97), fable(12)]), &expect);
    check_limits(&json!([fable(12), fable(97)]), &expect);
}

#[test]
fn usage_limit_scope_of_unknown_form_still_names_it() {
    check_limits(
        &json!([
            weekly(1, &json!({"title":"Mythos"})),
            weekly(2, &json!({"type":"project","project":{"name":"Apollo"}})),
            weekly(3, &json!({"models":[{"display_name":"Opus"},{"display_name":"Sonnet"}]})),
            weekly(4, &json!([{"model":{"display_name":"Saga"}}])),
            weekly(5, &json!({"type":"model","model":{"display_name":""},"surface":null,"tier":7}))
        ]),
        &[
            "weekly_scoped:apollo “Apollo” 2 -",
            "weekly_scoped:mythos “Mythos” 1 -",
            "weekly_scoped:opus, sonnet “Opus, Sonnet” 3 -",
            "weekly_scoped:saga “Saga” 4 -",
            "weekly_scoped “weekly_scoped” 5 -",
        ],
    );
}

#[test]
fn usage_model_scoped_list_is_read() {
    let models = json!([{"display_name":"Fable","utilization":82,"resets_at":1_789_768_800}, {"display_name":""}, 7]);
    check(&json!({"five_hour":null, "model_scoped": models}), &["weekly_scoped:fable “Fable” 82 1789768800"]);
}

#[test]
fn usage_long_list_keeps_binding_and_fullest_windows() {
    for (many, place) in [(500, 61), (500, 499), (5000, 4999)] {
        let limits: Vec<Value> =
            (0..many).map(|n| json!({"kind":format!("kind_{n}"),"percent":n % 60,"is_active":n == place})).collect();
        let windows = read(&json!({"limits":limits,"five_hour":{"utilization":1}}), NOW).unwrap().windows;
        assert_eq!((windows.len(), windows[0].id.as_str()), (WINDOWS_MAX, "five_hour"));
        let binding: Vec<&str> = windows.iter().filter(|window| window.binding).map(|w| w.id.as_str()).collect();
        assert_eq!(binding, [format!("kind_{place}")]);
        assert_eq!(windows.iter().filter(|window| window.used_percent >= Some(50.0)).count(), WINDOWS_MAX - 2);
    }
}

#[test]
fn usage_empty_code_name_windows_are_hidden() {
    check(
        &json!({"five_hour":{"utilization":0.0,"resets_at":null},
            "nimbus_quill":{"utilization":0.0,"resets_at":null,"limit_dollars":null,"locked_reason":null},
            "seven_day_omelette":{"utilization":0,"resets_at":null},
            "amber_a":{"utilization":null,"resets_at":null},
            "amber_b":{"utilization":0.5,"resets_at":null},
            "amber_c":{"utilization":0,"resets_at":1_789_768_800},
            "wattle_ember":{"utilization":null,"label":"Team credits","used_dollars":5,"limit_dollars":20},
            "limits":[{"kind":"amber_d","percent":0,"resets_at":null},{"kind":"amber_e","percent":0,"is_active":true}]}),
        &[
            "five_hour “5-hour” 0 -",
            "wattle_ember “Team credits” 25 -",
            "amber_b “amber_b” 0.5 -",
            "amber_c “amber_c” 0 1789768800",
            "amber_e “amber_e” 0 - binding",
        ],
    );
}

#[test]
fn usage_fable_limit_in_both_forms_is_one_window() {
    let overage = json!({"utilization":82,"resets_at":1_789_768_800});
    check(&json!({"seven_day_overage_included":overage}), &["seven_day_overage_included “Fable” 82 1789768800"]);
    let both =
        json!({"seven_day_overage_included":overage,"limits":[weekly(82, &json!({"model":{"display_name":"Fable"}}))]});
    check(&both, &["seven_day_overage_included “Fable” 82 1789768800"]);
}

#[test]
fn usage_locked_reason_is_plain_text() {
    let body = json!({"seven_day_opus":{"utilization":100,"locked_reason":"out_of_credits"},
        "five_hour":{"utilization":1,"locked_reason":"<b>sk-ant"},
        "limits":[{"kind":"weekly_all","percent":4,"locked_reason":"plan_paused"}]});
    let windows = read(&body, NOW).unwrap().windows;
    let locked: Vec<_> = windows.iter().map(|window| window.locked.as_deref()).collect();
    assert_eq!(locked, [Some("unknown reason"), Some("plan paused"), Some("out of credits")]);
    let locked = |reason: Value| {
        let read = read(&json!({"limits":[{"kind":"amber","percent":0,"locked_reason":reason}]}), NOW).unwrap();
        read.windows.first().and_then(|window| window.locked.clone())
    };
    assert_eq!(locked(json!({"code":"out_of_credits","id":7})).as_deref(), Some("out of credits"));
    assert_eq!(
        locked(json!("Payment failed. Update your card.")).as_deref(),
        Some("Payment failed. Update your card.")
    );
    assert_eq!(locked(json!(true)).as_deref(), Some("unknown reason"));
    assert_eq!([json!(null), json!(false), json!("")].map(locked), [None, None, None]);
}
