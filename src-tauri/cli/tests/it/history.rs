//! `holdoff history`.

use super::scene::*;
use holdoff_core::quota::{Amount, Spend};
use holdoff_core::record::history::{HistoryRecord, MoneyRecord, WindowRecord};
use holdoff_core::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, OutcomeKind};
use holdoff_core::{AccountId, Source, Wall};
use holdoff_engine::storage::history::{Row, open};
use serde_json::Value;
use std::time::Duration;

/// Records two windows of Ann's account, with one reading per day for `days` days, the last one a minute ago.
fn remember(scene: &Scene, days: i64) {
    scene.state(42.0, 26.0, 60);
    let mut store = open(&scene.data(), "t", Duration::ZERO).store.unwrap();
    let record = |window: &str, label: &str, days_ago: i64| {
        let at = now_ms() - 60_000 - days_ago * 86_400_000;
        Row::Record(HistoryRecord::Window(WindowRecord {
            account: AccountId("anthropic:ann".into()),
            window: window.into(),
            label: label.into(),
            duration_s: None,
            used_percent: Some(90.0 - days_ago as f64),
            resets_at: Some(Wall(at + 3_600_000)),
            at: Wall(at),
            source: Source::StatusLine,
        }))
    };
    let rows: Vec<Row> = (0..days)
        .rev()
        .flat_map(|ago| [record("five_hour", "5-hour", ago), record("seven_day", "weekly", ago)])
        .collect();
    store.write(&rows).unwrap();
}

#[test]
fn history_prints_text_csv_and_json() {
    let scene = Scene::new();
    let none = scene.run(&["history"], b"");
    assert_eq!(none.status.code(), Some(69), "{none:?}");
    remember(&scene, 10);
    let told = text(&scene.run(&["history", "--since", "50h"], b"").stdout);
    let used: Vec<&str> = told.lines().map(|line| line.split("  resets").next().unwrap().trim()).collect();
    assert_eq!(used[0], "ann@example.com: 5-hour", "{told}");
    assert_eq!((used.len(), used[4], used[5]), (9, "", "ann@example.com: weekly"), "{told}");
    assert!(used[1].ends_with("88 %") && used[3].ends_with("90 %"), "the oldest first: {told}");

    let csv = text(&scene.run(&["history", "--since", "7d", "--csv"], b"").stdout);
    assert!(csv.starts_with("account,window,label,used_percent,"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 14);
    let requests = text(&scene.run(&["history", "--csv", "requests"], b"").stdout);
    assert_eq!(requests.lines().count(), 1, "{requests}");
    let json: Value =
        serde_json::from_slice(&scene.run(&["history", "--since", "365d", "--json"], b"").stdout).unwrap();
    assert_eq!(json["windows"].as_array().map(Vec::len), Some(20));
    assert_eq!(scene.run(&["history", "--csv", "--json"], b"").status.code(), Some(64));
    let quiet = text(&scene.run(&["history", "--since", "10s"], b"").stdout);
    assert_eq!(quiet, "No readings in the last 10 s.\n");
}

/// Ann's extra usage, yesterday and now.
fn spend(scene: &Scene) {
    let mut store = open(&scene.data(), "t", Duration::ZERO).store.unwrap();
    let spent = |minutes_ago: i64, minor: i64| {
        let amount = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
        Row::Record(HistoryRecord::Money(MoneyRecord {
            account: AccountId("anthropic:ann".into()),
            money: Spend {
                id: "extra_usage".into(),
                label: "Extra usage".into(),
                used: amount(minor),
                limit: amount(2000),
                used_percent: Some(minor as f64 / 20.0),
                note: (minor >= 2000).then(|| "spend limit reached".into()),
            },
            at: Wall(now_ms() - minutes_ago * 60_000),
            source: Source::UsageEndpoint,
        }))
    };
    store.write(&[spent(1500, 1234), spent(1, 2000)]).unwrap();
}

#[test]
fn history_includes_spend() {
    let scene = Scene::new();
    remember(&scene, 2);
    spend(&scene);
    let told = text(&scene.run(&["history", "--since", "2d"], b"").stdout);
    let spent = told.split("\n\n").last().unwrap();
    let lines: Vec<&str> = spent.lines().map(|line| line.get(20..).unwrap_or(line)).collect();
    assert_eq!(spent.lines().next(), Some("ann@example.com: Extra usage"), "{told}");
    assert_eq!(lines[1..], ["$12.34 of $20.00", "$20.00 of $20.00 (spend limit reached)"], "{told}");
    let csv = text(&scene.run(&["history", "--csv", "money"], b"").stdout);
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "account,money,label,used,used_currency,limit,limit_currency,used_percent,note,at,source");
    assert!(rows[1].starts_with("anthropic:ann,extra_usage,Extra usage,20.0,USD,20.0,USD,100.0,spend limit reached,"));
    assert_eq!(rows.len(), 2, "of the last 24 hours: {csv}");
    let json: Value = serde_json::from_slice(&scene.run(&["history", "--since", "2d", "--json"], b"").stdout).unwrap();
    assert_eq!((&json["money"][0]["used"], &json["money"][1]["used"]), (&12.34.into(), &20.0.into()), "{json}");
}

/// Parses it as a spreadsheet does (RFC 4180): one cell per value, quoted or not.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    rows
}

/// Names come from a provider and are not trusted: in a spreadsheet, a name is never a formula or more than one cell.
#[test]
fn history_csv_escapes_names_against_formula_injection() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    // The name, and the expected cell.
    let names = [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1:A9)", "'@SUM(A1:A9)"),
        ("＝1+1", "'＝1+1"),
        ("\"=1+1", "'\"=1+1"),
        ("x;=1+1;y", "x;'=1+1;y"),
        ("say \"hi\", twice", "say \"hi\", twice"),
        ("\"", "\""),
        ("two\r\n=1+1", "two  =1+1"),
        ("a\t=1", "a =1"),
        ("5-hour", "5-hour"),
    ];
    let mut store = open(&scene.data(), "t", Duration::ZERO).store.unwrap();
    let rows = names.iter().enumerate().flat_map(|(n, (name, _))| {
        let (account, at) = (AccountId(format!("anthropic:{name}")), Wall(now_ms() - 60_000 + n as i64));
        let label = (*name).to_owned();
        let window = WindowRecord {
            account: account.clone(),
            window: label.clone(),
            label: label.clone(),
            duration_s: None,
            used_percent: Some(1.0),
            resets_at: None,
            at,
            source: Source::StatusLine,
        };
        let used = Some(Amount { minor: 1, currency: label.clone(), exponent: 2 });
        let money = Spend {
            id: label.clone(),
            label: label.clone(),
            used,
            limit: None,
            used_percent: None,
            note: Some(label.clone()),
        };
        let money = MoneyRecord { account: account.clone(), money, at, source: Source::UsageEndpoint };
        let event = LedgerEvent::Completed { outcome: OutcomeKind::Unreachable, detail: Some(label) };
        let request = LedgerEntry { at, account: account.0, endpoint: LedgerEndpoint::Usage, event, next_at: None };
        [Row::Record(HistoryRecord::Window(window)), Row::Record(HistoryRecord::Money(money)), Row::Request(request)]
    });
    store.write(&rows.collect::<Vec<Row>>()).unwrap();
    for (table, columns) in [
        ("windows", &["window", "label"][..]),
        ("money", &["money", "label", "note", "used_currency"]),
        ("requests", &["detail"]),
    ] {
        let csv = text(&scene.run(&["history", "--csv", table], b"").stdout);
        let rows = cells(&csv);
        assert_eq!((rows.len(), csv.lines().count()), (1 + names.len(), 1 + names.len()), "a line each: {csv}");
        let by_name = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
        for ((name, safe), row) in names.iter().zip(&rows[1..]) {
            assert_eq!(row.len(), rows[0].len(), "{name:?} in {csv}");
            for column in columns {
                assert_eq!(row[by_name(column)], *safe, "{name:?} in {column}: {csv}");
            }
            assert!(row[by_name("account")].starts_with("anthropic:"), "{csv}");
        }
        // Whatever separator a spreadsheet uses, no cell is a formula.
        let first = |part: &str| part.chars().find(|c| !c.is_whitespace() && *c != '"');
        let formula = |part: &str| matches!(first(part), Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
        let parts = rows.iter().flatten().flat_map(|cell| cell.split(';'));
        assert_eq!(parts.filter(|part| formula(part)).collect::<Vec<_>>(), Vec::<&str>::new(), "{csv}");
    }
}

/// Ten cycles of the 5-hour window: every other one is used up steadily in 200 minutes, the others to a quarter.
fn work(scene: &Scene) {
    const MINUTE: i64 = 60_000;
    let mut store = open(&scene.data(), "t", Duration::ZERO).store.unwrap();
    let begun = now_ms() - 10 * 300 * MINUTE;
    let rows = (0..10).flat_map(|cycle| {
        let began = begun + cycle * 300 * MINUTE;
        (1..=100).map(move |n| {
            let minute = 2 * n;
            let used = if cycle % 2 == 0 { minute as f64 / 2.0 } else { minute as f64 / 8.0 };
            Row::Record(HistoryRecord::Window(WindowRecord {
                account: AccountId("anthropic:ann".into()),
                window: "five_hour".into(),
                label: "5-hour".into(),
                duration_s: Some(18_000),
                used_percent: Some(used),
                resets_at: Some(Wall(began + 300 * MINUTE)),
                at: Wall(began + minute * MINUTE),
                source: Source::StatusLine,
            }))
        })
    });
    store.write(&rows.collect::<Vec<Row>>()).unwrap();
}

#[test]
fn history_backtest_compares_forecasts_with_outcomes() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    work(&scene);
    let told = scene.run(&["history", "--backtest"], b"");
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let told = text(&told.stdout);
    let says = |part: &str| assert!(told.contains(part), "{part}: {told}");
    says("ann@example.com: 5-hour: 10 cycles, 5 used up before reset;");
    says("\"runs out\": 460 forecasts, 100 % correct");
    says("time of running out: median error 0 s, ");
    says("100 % within the range");
    says("42 min ahead: median error 0.0 points, ");
    let none = scene.run(&["history", "--backtest", "--since", "1s"], b"");
    assert!(text(&none.stdout).starts_with("Not enough history for a backtest"), "{none:?}");
    assert_eq!(scene.run(&["history", "--backtest", "--csv"], b"").status.code(), Some(64));
}

#[test]
fn history_with_a_closed_pipe_is_not_an_error() {
    let scene = Scene::new();
    remember(&scene, 2000);
    for form in ["", "--csv", "--json"] {
        let line = format!("'{}' history --since 3650d {form} | head -n 1", env!("CARGO_BIN_EXE_holdoff"));
        let output = finished(scene.program("bash").args(["-o", "pipefail", "-c", &line]), b"");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{form}");
    }
}
