//! `holdoff status` and `ledger`.

use super::scene::*;
use holdoff_core::Wall;
use holdoff_core::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, OutcomeKind};
use holdoff_core::text::is_hidden;
use holdoff_engine::storage::history::{self, Row};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn status_colours_only_on_a_terminal() {
    let scene = Scene::new();
    scene.state(42.0, 96.0, 60);
    let plain = text(&scene.run(&["status"], b"").stdout);
    assert!(plain.starts_with("ann@example.com\n  5-hour 42 %, resets ") && !plain.contains('\u{1b}'), "{plain}");
    assert!(plain.contains("The tray app is not running"), "{plain}");
    let on_a_terminal = |variables: &str| {
        let line = format!("{variables} '{}' status", env!("CARGO_BIN_EXE_holdoff"));
        let mut script = scene.program("script");
        text(&finished(script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm"), b"").stdout)
    };
    assert!(on_a_terminal("").contains("\u{1b}[31mweekly 96 %"), "{}", on_a_terminal(""));
    assert!(!on_a_terminal("NO_COLOR=1").contains("\u{1b}["), "{}", on_a_terminal("NO_COLOR=1"));
    assert!(!on_a_terminal("TERM=dumb").contains("\u{1b}["), "{}", on_a_terminal("TERM=dumb"));
}

/// Folder names and server texts appear in output for programs and in error messages: no control sequence reaches a
/// terminal.
#[test]
fn json_and_error_output_contain_no_control_characters() {
    const ODD: &str = "x\u{9b}31m\u{7f}\u{202e}\u{e0041}";
    let scene = Scene::new();
    let place = format!("~/{ODD}/.credentials.json");
    scene.state_in(&place, 42.0, 96.0, 60);
    let event = LedgerEvent::Completed { outcome: OutcomeKind::Unreachable, detail: Some(ODD.to_owned()) };
    let (at, account) = (Wall(now_ms() - 1000), "anthropic:ann".to_owned());
    let entry = LedgerEntry { at, account, endpoint: LedgerEndpoint::Usage, event, next_at: None };
    history::open(&scene.data(), "t", Duration::ZERO).store.unwrap().write(&[Row::Request(entry)]).unwrap();

    let cases = [
        (["status", "--json"], "/accounts/0/places/0/place", &*place),
        (["ledger", "--json"], "/event/came/detail", ODD),
        (["history", "--json"], "/requests/0/detail", ODD),
    ];
    for (command, member, is) in cases {
        let told = text(&scene.run(&command, b"").stdout);
        assert!(!told.chars().any(|c| is_hidden(c) && c != '\n'), "{command:?}: {told:?}");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told.pointer(member).unwrap(), is, "{command:?} says the same");
    }
    let refused = scene.run(&["statusline", "install", "--config-dir", &format!("/nowhere/{ODD}")], b"");
    let complaint = text(&refused.stderr);
    assert!(complaint.contains("/nowhere/x") && !refused.status.success(), "{complaint}");
    assert!(!complaint.chars().any(|c| is_hidden(c) && c != '\n'), "{complaint:?}");
}

#[test]
fn status_account_option_selects_by_name() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    for (name, code, found) in [("ann@example.com", 0, 1), ("ann", 0, 1), ("carol", 69, 0)] {
        let output = scene.run(&["status", "--json", "--account", name], b"");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        assert_eq!(json["accounts"].as_array().map_or(0, Vec::len), found);
    }
}

#[test]
fn status_watch_json_prints_a_line_per_change() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    let mut child = scene.holdoff(&["status", "--json", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut used = || {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        line["accounts"][0]["reading"]["windows"][0]["used_percent"].as_f64()
    };
    assert_eq!(used(), Some(42.0));
    scene.run(&["statusline"], &told(43.0, 26.0));
    assert_eq!(used(), Some(43.0));
    scene.state(44.0, 26.0, 0);
    assert_eq!(used(), Some(44.0));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// On a terminal that is too narrow for its lines, with and without colours.
#[test]
fn status_watch_on_a_terminal_redraws_in_place() {
    let scene = Scene::new();
    let watched = |variables: &str, until: &str| {
        scene.state(42.0, 26.0, 60);
        let line = format!("stty cols 20; {variables} exec '{}' status --watch", env!("CARGO_BIN_EXE_holdoff"));
        let mut script = scene.program("script");
        script.args(["-qefc", &line, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut said = String::new();
        let mut read_until = |what: &str| {
            let mut byte = [0];
            while !said.ends_with(what) {
                assert_eq!(out.read(&mut byte).unwrap(), 1, "{said:?} and not {what:?}");
                said.push(char::from(byte[0]));
            }
        };
        read_until(until);
        scene.state(43.0, 26.0, 60);
        read_until("43 %");
        read_until(until);
        child.kill().unwrap();
        child.wait().unwrap();
        said
    };
    for variables in ["", "NO_COLOR=1"] {
        let said = watched(variables, "\u{1b}[?7h");
        let frames: Vec<&str> = said.split_terminator("\u{1b}[?7h").collect();
        assert!(frames[0].starts_with("\u{1b}[?7l"), "{said:?}");
        for pair in frames.windows(2) {
            let rows = pair[0].matches('\n').count();
            assert!(pair[1].starts_with(&format!("\u{1b}[{rows}A\u{1b}[J\u{1b}[?7l")), "{said:?}");
        }
        assert_eq!(said.contains("\u{1b}[1m"), variables.is_empty(), "{said:?}");
    }
    let said = watched("TERM=dumb", "holdoff\r\n");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn ledger_lists_requests_sent_and_withheld() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    assert_eq!(text(&scene.run(&["ledger"], b"").stdout), "No requests sent or withheld in the last 1 d.\n");
    let entry = |ago_s: i64, event: Value| {
        let at = now_ms() - ago_s * 1000;
        let entry = json!({"at": at, "account": "anthropic:ann", "endpoint": "usage", "event": event, "next_at": null});
        Row::Request(serde_json::from_value(entry).unwrap())
    };
    let rows = [
        entry(7200, json!({"sent": {"why": "poll"}})),
        entry(60, json!({"withheld": {"why": "person", "because": "cooling_down"}})),
    ];
    history::open(&scene.data(), "t", Duration::ZERO).store.unwrap().write(&rows).unwrap();
    let told = text(&scene.run(&["ledger"], b"").stdout);
    let told: Vec<&str> = told.lines().map(|line| &line["2026-09-14 12:00:00  ".len()..]).collect();
    assert_eq!(told, ["usage: sent, scheduled", "usage: skipped: cooling down"]);
    let recent = text(&scene.run(&["ledger", "--since", "1h", "--json"], b"").stdout);
    let recent: Vec<Value> = recent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(recent.len(), 1);
    assert_eq!(recent[0]["event"]["withheld"]["because"], "cooling_down");
}

#[test]
fn status_format_prints_one_line_for_a_bar() {
    let scene = Scene::new();
    scene.state(42.0, 96.0, 60);
    for (args, line) in [
        (&["--format", "{symbol} {window} {used}"][..], "● weekly 96 %\n"),
        (&["--format", "{left} left of {window}", "--window", "5h"], "58 % left of 5-hour\n"),
        (&["--format", "{account}", "--account", "ann"], "ann@example.com\n"),
    ] {
        let output = scene.run(&[&["status"], args].concat(), b"");
        assert_eq!((text(&output.stdout).as_str(), output.status.code()), (line, Some(0)), "{output:?}");
    }
    let waybar: Value = serde_json::from_slice(&scene.run(&["status", "--format", "waybar"], b"").stdout).unwrap();
    assert_eq!((&waybar["text"], &waybar["percentage"]), (&json!("● 96 %"), &json!(96)));
}

#[test]
fn status_format_refuses_unknown_placeholders_and_windows() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    let wrong = scene.run(&["status", "--format", "{usage}"], b"");
    assert_eq!(wrong.status.code(), Some(64), "{wrong:?}");
    assert!(
        text(&wrong.stderr).contains("there is no placeholder {usage}. Placeholders: {account} {plan}"),
        "{wrong:?}"
    );
    for args in [&["--format", "{used}", "--json"][..], &["--window", "5h"]] {
        assert_eq!(scene.run(&[&["status"], args].concat(), b"").status.code(), Some(64), "{args:?}");
    }
    let none = scene.run(&["status", "--format", "{used}", "--window", "opus"], b"");
    assert_eq!((none.status.code(), none.stdout.len()), (Some(69), 0), "{none:?}");
    assert!(text(&none.stderr).contains("Windows: 5-hour, weekly."), "{none:?}");
}

#[test]
fn status_format_watch_prints_a_line_per_change() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    let mut child = scene.holdoff(&["status", "--format", "{used}", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "42 %");
    scene.state(43.0, 26.0, 0);
    assert_eq!(lines.next().unwrap().unwrap(), "43 %");
    child.kill().unwrap();
    child.wait().unwrap();
}
