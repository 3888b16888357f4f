//! The table for human readers: adjacent statuses with the same decision share a row.

use crate::cases::{Case, RETRY_AFTER, Row};
use crate::subject::{Decision, Then};
use holdoff_core::Endpoint;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const WRITE: &str = "HOLDOFF_WRITE_DECISIONS";

/// Compares `table` with the reviewed one.
#[track_caller]
pub fn check(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/decisions.md");
    if std::env::var_os(WRITE).is_some_and(|value| value == "1") {
        std::fs::write(&path, table).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = table.lines().zip(reviewed.lines().chain(std::iter::repeat(""))).find(|(now, was)| now != was);
    if let Some((now, was)) = differs {
        panic!(
            "a decision differs from the reviewed table.\nreviewed: {was}\nnow:      {now}\n{WRITE}=1 rewrites the table. Review the difference as a change in Holdoff's behaviour."
        );
    }
    assert_eq!(table.lines().count(), reviewed.lines().count(), "decisions.md has rows without a case");
}

pub fn write(cases: &[Case], decided: &[(usize, Decision)]) -> String {
    let mut text = intro();
    let rows: Vec<(&Case, &Decision)> = decided.iter().map(|(n, decision)| (&cases[*n], decision)).collect();
    for endpoint in rows.chunk_by(|(a, _), (b, _)| a.endpoint == b.endpoint) {
        let name = match endpoint[0].0.endpoint {
            Endpoint::Usage => "The usage endpoint",
            Endpoint::Token => "The token endpoint (renewal on)",
        };
        let _ = write!(text, "\n# {name}\n");
        for section in endpoint.chunk_by(|(a, _), (b, _)| a.section == b.section) {
            let _ = write!(text, "\n## {}\n\n", section[0].0.section);
            text.push_str(&lines(section));
        }
    }
    text
}

fn intro() -> String {
    format!(
        "<!-- Written by the test `decisions`; see main.rs beside it. A difference is a change in behaviour. -->\n\
         What Holdoff does after each response, measured with a real request to a loopback server that sends it. Renewal is\n\
         on, and the stored sign-in never changes. \"Gate\" is the state of the endpoint's gate after the response; \"next\n\
         request\" is the shortest time until the next automatic request (jitter adds up to 10 %). \"After 3\" is the same\n\
         after three such responses in a row, with a restart after each. \"Notifications\" lists all shown until then.\n\
         `RA` is `Retry-After: {RETRY_AFTER}` (90 min); \"-\" means none.\n"
    )
}

fn lines(section: &[(&Case, &Decision)]) -> String {
    let meanwhile = section[0].0.endpoint == Endpoint::Token;
    let mut header =
        vec!["response", "RA", "outcome", "gate", "next request", "after 3: gate", "after 3: next", "notifications"];
    if meanwhile {
        header.insert(5, "usage gate");
    }
    let mut grid = vec![header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    for (name, retry_after, decision) in collapsed(section) {
        let mut row = vec![name, retry_after.to_owned()];
        row.extend(cells(decision, meanwhile));
        grid.push(row);
    }
    aligned(&grid)
}

fn cells(decision: &Decision, meanwhile: bool) -> Vec<String> {
    let again = |then: &Then| then.again.map_or_else(|| "none".to_owned(), in_words);
    let kind = serde_json::to_value(decision.read_as).unwrap();
    let mut cells = vec![kind.as_str().unwrap().to_owned(), decision.first.gate.clone(), again(&decision.first)];
    if meanwhile {
        cells.push(decision.first.meanwhile.clone());
    }
    match &decision.third {
        Some(third) => cells.extend([third.gate.clone(), again(third)]),
        None => cells.extend([String::new(), String::new()]),
    }
    let told: Vec<String> =
        decision.told.iter().map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()).collect();
    cells.push(told.join(", "));
    cells
}

/// One row per range of statuses with the same decisions; two if `Retry-After` makes a difference.
fn collapsed<'a>(section: &[(&Case, &'a Decision)]) -> Vec<(String, &'static str, &'a Decision)> {
    let mut runs: Vec<(u16, u16, Vec<&Decision>)> = Vec::new();
    let mut rows = Vec::new();
    let by_status = section.chunk_by(|(a, _), (b, _)| status(a).is_some() && status(a) == status(b));
    for group in by_status {
        let decisions: Vec<&'a Decision> = group.iter().map(|(_, decision)| *decision).collect();
        match (&group[0].0.row, runs.last_mut()) {
            (Row::Named(name), _) => rows.push((name.clone(), "", decisions[0])),
            (Row::Status { status, .. }, Some(run)) if run.2 == decisions => run.1 = *status,
            (Row::Status { status, .. }, _) => runs.push((*status, *status, decisions)),
        }
    }
    for (first, last, decisions) in runs {
        let name = if first == last { first.to_string() } else { format!("{first}–{last}") };
        match decisions[..] {
            [without, with] if without != with => {
                rows.push((name.clone(), "-", without));
                rows.push((name, "RA", with));
            }
            _ => rows.push((name, "", decisions[0])),
        }
    }
    rows
}

fn status(case: &Case) -> Option<u16> {
    match case.row {
        Row::Status { status, .. } => Some(status),
        Row::Named(_) => None,
    }
}

fn aligned(grid: &[Vec<String>]) -> String {
    let columns = grid[0].len();
    let widths: Vec<usize> =
        (0..columns).map(|n| grid.iter().map(|row| row[n].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (n, row) in grid.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if n == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", rule.join(" | "));
        }
    }
    text
}

pub fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0 => "at once".to_owned(),
        secs if secs.is_multiple_of(3600) && secs > 7200 => format!("{} h", secs / 3600),
        secs if secs.is_multiple_of(60) => format!("{} min", secs / 60),
        secs => format!("{secs} s"),
    }
}
