//! What only a terminal or a script is told.

use super::{clock, format_duration, percent};
use crate::account::selector::NotChosen;
use crate::local_time::LocalTime;
use crate::messages::quota::percent_left;
use crate::quota::headroom::{Left, Unknown, Verdict, Wanted};
use crate::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, Trigger};
use crate::settings::LABEL_MAX;
use crate::text::excerpt;
use crate::time::Wall;

/// Why no account was chosen.
pub fn not_chosen(why: &NotChosen) -> String {
    match why {
        NotChosen::NoneKnown => {
            "no account is known yet. Holdoff has to run once while Claude Code is signed in.".to_owned()
        }
        NotChosen::NoSuch { wanted, known } => {
            format!("no account is called {}. Known: {}.", excerpt(wanted, LABEL_MAX), known.join(", "))
        }
        NotChosen::Several { known } => {
            format!("there are several accounts. Say which with --account: {}.", known.join(", "))
        }
    }
}

/// Whether enough is left, in a line.
pub fn verdict(verdict: &Verdict, wanted: &Wanted<'_>, now: Wall, zone: &LocalTime) -> String {
    match verdict {
        Verdict::Enough(left) => format!("Enough: {}.", told(left, now, zone)),
        Verdict::NotEnough(left) => {
            let least = percent(wanted.at_least);
            format!("Not enough: {}, and {least} must be left.", told(left, now, zone))
        }
        Verdict::TooOld { label, age } => {
            let most = format_duration(wanted.max_age);
            format!("Too old: {label} was read {} ago, and may be {most} old.", format_duration(*age))
        }
        Verdict::Unknown(Unknown::NoReading) => "Unknown: nothing was read yet.".to_owned(),
        Verdict::Unknown(Unknown::NoSuchWindow { known }) if known.is_empty() => {
            "Unknown: no window was told of.".to_owned()
        }
        Verdict::Unknown(Unknown::NoSuchWindow { known }) => {
            format!("Unknown: there is no window of that name. There are: {}.", known.join(", "))
        }
        Verdict::Unknown(Unknown::NotSaid) => "Unknown: how much of it is used is not said.".to_owned(),
    }
}

fn told(left: &Left, now: Wall, zone: &LocalTime) -> String {
    let resets = left.resets_at.map(|at| format!(", resets {}", super::resets(at, now, zone))).unwrap_or_default();
    format!("{} {} left{resets}", left.label, percent_left(100.0 - left.left))
}

/// A line of the ledger without its time: "usage: asked, as planned".
pub fn ledger_line(entry: &LedgerEntry, zone: &LocalTime) -> String {
    let endpoint = match entry.endpoint {
        LedgerEndpoint::Usage => "usage",
        LedgerEndpoint::Token => "token",
        LedgerEndpoint::Releases => "releases",
    };
    let event = match &entry.event {
        LedgerEvent::Sent { why } => format!("asked, {}", reason(*why)),
        LedgerEvent::Completed { detail, .. } => detail.clone().unwrap_or_else(|| super::UNANSWERED.to_owned()),
        LedgerEvent::Withheld { because, .. } => format!("not asked: {}", withheld(because)),
    };
    let next = entry.next_at.filter(|next| *next > entry.at && !matches!(entry.event, LedgerEvent::Sent { .. }));
    let next = next.map(|next| format!(" (next {})", clock(next, entry.at, zone))).unwrap_or_default();
    format!("{endpoint}: {event}{next}")
}

fn reason(why: Trigger) -> &'static str {
    match why {
        Trigger::Poll => "as planned",
        Trigger::Person => "since you wished it",
        Trigger::NewCredential => "since there is a new sign-in",
        Trigger::Expiry => "since the sign-in runs out",
    }
}

/// The keys are those of [`crate::state::Refusal::key`] and of readings that came by themselves.
fn withheld(because: &str) -> &str {
    match because {
        "spacing" => "the last request was less than 3 minutes ago",
        "cooling_down" => "a cooldown is kept",
        "sign_in_absent" => "there is no sign-in",
        "sign_in_expired" => "the sign-in has expired",
        "paused" => "paused until you sign in again",
        "free_only" => "free readings only, as you chose",
        "state_not_saved" => "state cannot be saved",
        "fresh_reading" => "a fresh reading came by itself",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ledger::OutcomeKind;
    use std::time::Duration;

    const NOW: Wall = Wall(1_789_391_820_000); // 2026-09-14 13:17 UTC

    #[track_caller]
    fn check(event: LedgerEvent, expect: &str) {
        let next_at = Some(NOW.plus(Duration::from_secs(300)));
        let entry = LedgerEntry { at: NOW, account: "a".into(), endpoint: LedgerEndpoint::Usage, event, next_at };
        assert_eq!(ledger_line(&entry, &LocalTime::UTC), expect);
    }

    #[test]
    fn what_happened_in_a_line() {
        check(LedgerEvent::Sent { why: Trigger::Poll }, "usage: asked, as planned");
        check(
            LedgerEvent::Completed { outcome: OutcomeKind::Reading, detail: Some("a reading".into()) },
            "usage: a reading (next 13:22)",
        );
        let withheld = LedgerEvent::Withheld { why: Trigger::Poll, because: "fresh_reading".into() };
        check(withheld, "usage: not asked: a fresh reading came by itself (next 13:22)");
        let event = LedgerEvent::Withheld { why: Trigger::Person, because: "spacing".into() };
        let now =
            LedgerEntry { at: NOW, account: "a".into(), endpoint: LedgerEndpoint::Usage, event, next_at: Some(NOW) };
        let line = ledger_line(&now, &LocalTime::UTC);
        assert_eq!(line, "usage: not asked: the last request was less than 3 minutes ago", "what is due is not ahead");
    }

    #[test]
    fn why_no_account_was_chosen() {
        let known = || vec!["ann@example.com".to_owned(), "Work".to_owned()];
        for (why, says) in [
            (NotChosen::NoneKnown, "no account is known yet. Holdoff has to run once while Claude Code is signed in."),
            (
                NotChosen::NoSuch { wanted: "bob".into(), known: known() },
                "no account is called bob. Known: ann@example.com, Work.",
            ),
            (
                NotChosen::Several { known: known() },
                "there are several accounts. Say which with --account: ann@example.com, Work.",
            ),
        ] {
            assert_eq!(not_chosen(&why), says);
        }
    }

    #[test]
    fn a_verdict_says_what_it_rests_on() {
        let wanted = Wanted { window: Some("weekly"), at_least: 20.0, max_age: Duration::from_secs(900) };
        let left = Left { label: "weekly".into(), left: 12.5, resets_at: Some(NOW.plus(Duration::from_secs(7980))) };
        let said = verdict(&Verdict::NotEnough(left), &wanted, NOW, &LocalTime::UTC);
        assert_eq!(said, "Not enough: weekly 12 % left, resets 15:30, and 20 % must be left.");
        let old = Verdict::TooOld { label: "weekly".into(), age: Duration::from_secs(7980) };
        let said = verdict(&old, &wanted, NOW, &LocalTime::UTC);
        assert_eq!(said, "Too old: weekly was read 2 h 13 min ago, and may be 15 min old.");
        let of = |known: &[&str]| {
            let known = known.iter().map(|&id| id.to_owned()).collect();
            verdict(&Verdict::Unknown(Unknown::NoSuchWindow { known }), &wanted, NOW, &LocalTime::UTC)
        };
        assert_eq!(of(&[]), "Unknown: no window was told of.");
        assert_eq!(
            of(&["five_hour", "seven_day"]),
            "Unknown: there is no window of that name. There are: five_hour, seven_day."
        );
    }
}
