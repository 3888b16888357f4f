//! Texts of spend, of the status line's setup and of the backtest.

use super::*;
use crate::quota::backtest::{Tally, WindowResult};
use crate::quota::{Amount, Spend};

#[test]
fn spend_line_texts() {
    let dollars = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
    let money = |used, limit, used_percent, note: Option<&str>| Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used,
        limit,
        used_percent,
        note: note.map(str::to_owned),
    };
    let all = [
        money(dollars(1234), dollars(10_000), Some(12.34), None),
        money(dollars(1234), None, None, Some("out of credits")),
        money(None, dollars(10_000), None, None),
        money(None, None, Some(12.5), None),
        money(None, None, None, None),
    ];
    expect![[r#"
        Extra usage $12.34 of $100.00
        Extra usage $12.34 (out of credits)
        Extra usage limit $100.00
        Extra usage 13 %
        Extra usage —
    "#]]
    .assert_eq(&lines(&all, money_line));
}

#[test]
fn status_line_install_and_remove_texts() {
    let said = [None, Some("ccstatus")]
        .map(|earlier| lines([status_line_installed, status_line_removed], |say| say(ANTHROPIC, earlier)));
    let say: [fn(Provider) -> String; 5] = [
        status_line_copies_removed,
        status_line_forgotten,
        status_line_changed,
        status_line_there,
        status_line_not_there,
    ];
    let said = said.concat() + &lines(say, |say| say(ANTHROPIC)) + &status_line_folder_gone() + "\n";
    expect![[r#"
        Claude Code's status line now calls Holdoff. It shows your usage in a short line.
        Claude Code's status line no longer calls Holdoff.
        Claude Code's status line now calls Holdoff. Your own command keeps running, and you see its output: ccstatus
        Claude Code's status line is your own command again: ccstatus
        Earlier versions of Holdoff kept copies of Claude Code's settings, which can contain keys and tokens. Holdoff has removed these copies. Uninstalling the status line still works.
        Holdoff has no record of your earlier status line. If you had a command of your own, restore it with /statusline in Claude Code.
        Claude Code's settings have changed in the meantime. Nothing was written. Review the change again.
        Claude Code's status line already calls Holdoff. Nothing was changed.
        Claude Code's status line does not call Holdoff. Nothing was changed.
        This is no longer a Claude Code folder. Open the settings again.
    "#]]
    .assert_eq(&said);
}

#[test]
fn backtest_report_text() {
    let minutes = |all: &[u64]| all.iter().map(|minutes| Duration::from_secs(minutes * 60)).collect();
    let result = WindowResult {
        label: "weekly".into(),
        duration_s: Some(604_800),
        cycles: 12,
        ran_out: 3,
        forecasts: 200,
        too_early: 50,
        lasted: Tally { right: 90, wrong: 10 },
        runs_out: Tally { right: 30, wrong: 20 },
        time_errors: minutes(&[1, 2, 30, 60, 600, 7, 8, 9, 10, 11]),
        time_shares: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
        in_range: 7,
        point_errors: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
    };
    let none = WindowResult { label: "5-hour".into(), ..WindowResult::default() };
    let no_length = WindowResult { duration_s: None, time_errors: vec![], ..result.clone() };
    expect![[r#"
        weekly: 12 cycles, 3 used up before reset; 200 forecasts
          too early to say: 25 %
          "lasts until reset": 100 forecasts, 90 % correct
          "runs out": 50 forecasts, 60 % correct
          time of running out: median error 10 min, 90th percentile 1 h (60 % and 90 % of the time left); 70 % within the range
          usage 1 d ahead: median error 6.0 points, 90th percentile 9.0
        5-hour: 0 cycles, 0 used up before reset; 0 forecasts
          too early to say: —
          "lasts until reset": no forecasts
          "runs out": no forecasts
        weekly: 12 cycles, 3 used up before reset; 200 forecasts
          too early to say: 25 %
          "lasts until reset": 100 forecasts, 90 % correct
          "runs out": 50 forecasts, 60 % correct
          usage: median error 6.0 points, 90th percentile 9.0
    "#]].assert_eq(&lines([&result, &none, &no_length], backtest));
}
