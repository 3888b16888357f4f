//! What is told unasked, and what is computed when asked.

use super::*;
use crate::notification::{News, Notice, NoticeKind, WindowNews};
use crate::quota::backtest::{Tally, Verdict};
use crate::quota::{Amount, Spend};

#[test]
fn notification_titles_and_texts() {
    let mut text = String::new();
    let news = |news| Some(WindowNews { window: "five_hour".into(), label: "5-hour".into(), news });
    let notices = [
        (NoticeKind::RateLimited, None),
        (NoticeKind::SignInStopped, None),
        (NoticeKind::RenewalLimited, None),
        (NoticeKind::RenewalUnsaved, None),
        (NoticeKind::Recovered, None),
        (NoticeKind::Window, news(News::Threshold { percent: 80 })),
        (NoticeKind::Window, news(News::RunsOut)),
        (NoticeKind::Window, news(News::Reset { used: 96 })),
        (NoticeKind::Window, None),
    ];
    let mut state = account();
    state.gates[Endpoint::Usage].state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(10));
    state.gates[Endpoint::Token].state = cooling(Cooldown::RateLimited { retry_after_s: None }, in_min(70));
    for (kind, about) in notices {
        let (title, body) = notice(&Notice { id: 1, kind, about, also: vec![] }, "ann@example.com", &state, NOW, &UTC);
        text += &format!("{title}\n  {body}\n");
    }
    expect![[r#"
        Rate limited: next check at 15:10
          Anthropic is rate limiting usage checks. Holdoff waits until 15:10, then resumes by itself. Your quota is not affected. Account: ann@example.com.
        Sign-in needed
          Anthropic does not accept Claude Code's sign-in. Checks resume when you sign in again. See the settings for the steps. Account: ann@example.com.
        Renewal rate limited: next try at 16:10
          Anthropic is rate limiting sign-in renewal. Holdoff tries again at 16:10. The current sign-in still works until 15:30. Account: ann@example.com.
        Renewed sign-in not saved
          Holdoff renewed the sign-in but cannot write it where Claude Code keeps it. Holdoff keeps trying. Free some space or fix the folder's permissions before you quit Holdoff, or you will have to sign in again. Account: ann@example.com.
        Readings are back
          Anthropic is answering again, and checks continue as before. Account: ann@example.com.
        5-hour limit: 80 % used
          20 % left. Account: ann@example.com.
        5-hour limit will run out
          That is before its reset. Account: ann@example.com.
        5-hour limit was reset
          New window started. The last one reached 96 %. Account: ann@example.com.
        Quota
          Your quota has changed. Account: ann@example.com.
    "#]].assert_eq(&text);
}

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
    let said = [None, Some("ccstatus")].map(|earlier| {
        [status_line_installed, status_line_removed].map(|say| say(Provider::Anthropic, earlier)).join("\n") + "\n"
    });
    expect![[r#"
        Claude Code's status line now calls Holdoff. It shows your usage in a short line.
        Claude Code's status line no longer calls Holdoff.
        Claude Code's status line now calls Holdoff. Your own command keeps running, and you see its output: ccstatus
        Claude Code's status line is your own command again: ccstatus
    "#]]
    .assert_eq(&said.concat());
}

#[test]
fn backtest_report_text() {
    let minutes = |all: &[u64]| all.iter().map(|minutes| Duration::from_secs(minutes * 60)).collect();
    let verdict = Verdict {
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
    let none = Verdict { label: "5-hour".into(), ..Verdict::default() };
    let no_length = Verdict { duration_s: None, time_errors: vec![], ..verdict.clone() };
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
    "#]].assert_eq(&lines([&verdict, &none, &no_length], backtest));
}
