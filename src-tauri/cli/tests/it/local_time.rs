//! The displayed local time, compared with date(1), which asks the C library.

use super::scene::*;
use std::process::Command;

/// The output of `date` for an instant in this environment.
fn date(env: &[(&str, &str)], at: &str, form: &str) -> String {
    let mut date = Command::new("date");
    date.env_clear().env("PATH", "/usr/bin:/bin").envs(env.iter().copied()).args(["-d", at, form]);
    text(&date.output().unwrap().stdout).trim().to_owned()
}

/// The reset of the 5-hour window, as `holdoff status` and as the C library show it, to the minute.
#[track_caller]
fn check(env: &[(&str, &str)], form: &str) {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    let said = told(42.0, 26.0);
    let status = |args: &[&str]| {
        let mut command = scene.holdoff(args);
        command.env_remove("TZ").envs(env.iter().copied());
        text(&finished(&mut command, &said).stdout)
    };
    let json: serde_json::Value = serde_json::from_str(&status(&["status", "--json"])).unwrap();
    let resets = json["accounts"][0]["reading"]["windows"][0]["resets_at"].as_str().unwrap().to_owned();
    let rounded = |resets: &str| date(&[("TZ", "UTC")], &format!("{resets} 30 seconds"), "+%Y-%m-%d %H:%MZ");
    let is_today = |at: &str| date(env, "now", "+%F") == date(env, at, "+%F");
    let at = rounded(&resets);
    let expect = date(env, &at, if is_today(&at) { form } else { "+%A" });
    let shown = status(&["status"]);
    assert!(shown.contains(&format!("resets {expect}")), "{env:?}: {expect} in {shown}");
    // The session names the same reset but computed a moment later, so it may fall in the next minute.
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
    let later = format!("@{}", said["rate_limits"]["five_hour"]["resets_at"]);
    let later = rounded(&date(&[("TZ", "UTC")], &later, "+%FT%TZ"));
    let shown = status(&["statusline"]);
    let expect = [at, later].map(|at| {
        let day = if is_today(&at) { String::new() } else { date(env, &at, "+%a") + " " };
        format!("resets {day}{}", date(env, &at, form))
    });
    assert!(expect.iter().any(|expect| shown.contains(expect)), "{env:?}: {expect:?} in {shown}");
}

#[test]
fn tz_variable_is_interpreted_as_by_the_c_library() {
    for zone in [
        "Asia/Kolkata",
        ":Asia/Kolkata",
        "/usr/share/zoneinfo/Pacific/Chatham",
        "NST3:30NDT,M3.2.0,M11.1.0",
        "<+0545>-5:45",
        "",
        "Mars/Olympus_Mons",
    ] {
        check(&[("TZ", zone)], "+%H:%M");
    }
    check(&[], "+%H:%M");
    check(&[("TZ", "Kolkata"), ("TZDIR", "/usr/share/zoneinfo/Asia")], "+%H:%M");
}

#[test]
fn clock_format_follows_the_lc_time_locale() {
    let zone = ("TZ", "Asia/Kolkata");
    for locale in
        [&[("LC_TIME", "en_US.UTF-8")][..], &[("LANG", "en_US.UTF-8")], &[("LC_ALL", "hi_IN"), ("LC_TIME", "de_DE")]]
    {
        check(&[&[zone][..], locale].concat(), "+%-I:%M %p");
    }
    for locale in [&[("LC_TIME", "en_GB.UTF-8"), ("LANG", "en_US.UTF-8")][..], &[("LC_ALL", ""), ("LANG", "C.UTF-8")]] {
        check(&[&[zone][..], locale].concat(), "+%H:%M");
    }
}

#[test]
fn clock_format_setting_overrides_the_locale() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    for (choice, is_12) in [("12h", true), ("24h", false), ("locale", false)] {
        std::fs::write(scene.data().join("settings.json"), format!(r#"{{"clock":"{choice}"}}"#)).unwrap();
        let status = text(&scene.run(&["status"], b"").stdout);
        assert_eq!(status.contains(" AM") || status.contains(" PM"), is_12, "{choice}: {status}");
    }
}
