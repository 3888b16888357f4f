//! Messages for a terminal or a script only.

use super::{format_duration, format_time, percent};
use crate::account::selector::NotChosen;
use crate::local_time::LocalTime;
use crate::messages::quota::percent_left;
use crate::providers::Provider;
use crate::quota::headroom::{Headroom, Requirement, Unknown, Verdict};
use crate::record::ledger::{LedgerEndpoint, LedgerEntry, LedgerEvent, Trigger, WithheldReason};
use crate::settings::LABEL_MAX;
use crate::status::account::Condition;
use crate::status::template::{FormatError, placeholders};
use crate::text::excerpt;
use crate::time::Wall;

/// Why no account was chosen.
pub fn not_chosen(why: &NotChosen) -> String {
    match why {
        NotChosen::NoneKnown => {
            format!("no account found yet. Start Holdoff while {} is signed in.", Provider::owners())
        }
        NotChosen::NoSuch { wanted, known } => {
            format!("no account is named {}. Accounts: {}.", excerpt(wanted, LABEL_MAX), known.join(", "))
        }
        NotChosen::Several { known } => {
            format!("there are several accounts. Choose one with --account: {}.", known.join(", "))
        }
    }
}

/// Whether enough quota is left, in one line.
pub fn verdict(verdict: &Verdict, wanted: &Requirement<'_>, now: Wall, zone: &LocalTime) -> String {
    match verdict {
        Verdict::Enough(left) => format!("Enough: {}.", headroom(left, now, zone)),
        Verdict::NotEnough(left) => {
            let least = percent(wanted.at_least);
            format!("Not enough: {}; --at-least is {least}.", headroom(left, now, zone))
        }
        Verdict::TooOld { label, age } => {
            let most = format_duration(wanted.max_age);
            format!("Too old: the {label} reading is {} old; --max-age is {most}.", format_duration(*age))
        }
        Verdict::Unknown(Unknown::NoReading) => "Unknown: there is no reading yet.".to_owned(),
        Verdict::Unknown(Unknown::NoSuchWindow { known }) if known.is_empty() => {
            "Unknown: the last reading has no quota windows.".to_owned()
        }
        Verdict::Unknown(Unknown::NoSuchWindow { known }) => format!("Unknown: {}", no_such_window(known)),
        Verdict::Unknown(Unknown::NotReported) => {
            "Unknown: the provider did not report usage for this window.".to_owned()
        }
    }
}

/// Why no window was chosen.
pub fn no_such_window(known: &[String]) -> String {
    format!("there is no window with that name. Windows: {}.", known.join(", "))
}

/// What is wrong with the template of `status --format`.
pub fn format_error(error: &FormatError) -> String {
    match error {
        FormatError::NoSuchPlaceholder(name) => {
            let known: Vec<String> = placeholders().map(|name| format!("{{{name}}}")).collect();
            format!("there is no placeholder {{{}}}. Placeholders: {}", excerpt(name, LABEL_MAX), known.join(" "))
        }
        FormatError::SingleBrace(brace) => format!("a single {brace}. Write {brace}{brace} for the character itself"),
    }
}

/// The state of an account in a few words.
pub fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Unknown => "no reading yet",
        Condition::Ok => "up to date",
        Condition::Stale => "out of date",
        Condition::CoolingDown => "cooling down",
        Condition::Paused => "paused",
        Condition::Expired => "sign-in expired",
        Condition::Absent => "not signed in",
    }
}

/// Said instead of the status of an account while there is none.
pub const NO_READINGS: &str = "No readings yet on this computer.";

fn headroom(left: &Headroom, now: Wall, zone: &LocalTime) -> String {
    let resets = left.resets_at.map(|at| format!(", resets {}", super::resets(at, now, zone))).unwrap_or_default();
    format!("{} {} left{resets}", left.label, percent_left(100.0 - left.left))
}

/// A ledger line without its time: "usage: sent, scheduled".
pub fn ledger_line(entry: &LedgerEntry, zone: &LocalTime) -> String {
    let endpoint = match entry.endpoint {
        LedgerEndpoint::Usage => "usage",
        LedgerEndpoint::Token => "token",
        LedgerEndpoint::Releases => "releases",
    };
    let event = match &entry.event {
        LedgerEvent::Sent { why } => format!("sent, {}", reason(*why)),
        LedgerEvent::Completed { detail, .. } => detail.clone().unwrap_or_else(|| super::UNANSWERED.to_owned()),
        LedgerEvent::Withheld { because, .. } => format!("skipped: {}", withheld(because)),
    };
    let next = entry.next_at.filter(|next| *next > entry.at && !matches!(entry.event, LedgerEvent::Sent { .. }));
    let next = next.map(|next| format!(" (next {})", format_time(next, entry.at, zone))).unwrap_or_default();
    format!("{endpoint}: {event}{next}")
}

fn reason(why: Trigger) -> &'static str {
    match why {
        Trigger::Poll => "scheduled",
        Trigger::Person => "requested manually",
        Trigger::NewCredential => "new sign-in",
        Trigger::Expiry => "sign-in expires",
    }
}

fn withheld(because: &WithheldReason) -> String {
    let text = match because {
        WithheldReason::Spacing => "the last request was less than 3 minutes ago",
        WithheldReason::CoolingDown => "cooling down",
        WithheldReason::SignInAbsent => "no sign-in found",
        WithheldReason::SignInExpired => "the sign-in has expired",
        WithheldReason::Paused => "paused until you sign in again",
        WithheldReason::FreeOnly => "this account uses free readings only",
        WithheldReason::StateNotSaved => "the state cannot be saved",
        WithheldReason::FreshReading => "a recent reading was available",
        details => return details.clone().into(),
    };
    text.to_owned()
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
    fn ledger_line_describes_the_event_and_next_request() {
        check(LedgerEvent::Sent { why: Trigger::Poll }, "usage: sent, scheduled");
        check(
            LedgerEvent::Completed { outcome: OutcomeKind::Reading, detail: Some("a reading".into()) },
            "usage: a reading (next 13:22)",
        );
        let withheld = LedgerEvent::Withheld { why: Trigger::Poll, because: WithheldReason::FreshReading };
        check(withheld, "usage: skipped: a recent reading was available (next 13:22)");
        let event = LedgerEvent::Withheld { why: Trigger::Person, because: WithheldReason::Spacing };
        let now =
            LedgerEntry { at: NOW, account: "a".into(), endpoint: LedgerEndpoint::Usage, event, next_at: Some(NOW) };
        let line = ledger_line(&now, &LocalTime::UTC);
        assert_eq!(line, "usage: skipped: the last request was less than 3 minutes ago", "what is due is not ahead");
    }

    #[test]
    fn not_chosen_error_lists_known_accounts() {
        let known = || vec!["ann@example.com".to_owned(), "Work".to_owned()];
        for (why, says) in [
            (NotChosen::NoneKnown, "no account found yet. Start Holdoff while Claude Code is signed in."),
            (
                NotChosen::NoSuch { wanted: "bob".into(), known: known() },
                "no account is named bob. Accounts: ann@example.com, Work.",
            ),
            (
                NotChosen::Several { known: known() },
                "there are several accounts. Choose one with --account: ann@example.com, Work.",
            ),
        ] {
            assert_eq!(not_chosen(&why), says);
        }
    }

    #[test]
    fn headroom_verdict_explains_its_basis() {
        let wanted = Requirement { window: Some("weekly"), at_least: 20.0, max_age: Duration::from_secs(900) };
        let left =
            Headroom { label: "weekly".into(), left: 12.5, resets_at: Some(NOW.plus(Duration::from_secs(7980))) };
        let said = verdict(&Verdict::NotEnough(left), &wanted, NOW, &LocalTime::UTC);
        assert_eq!(said, "Not enough: weekly 12 % left, resets 15:30; --at-least is 20 %.");
        let old = Verdict::TooOld { label: "weekly".into(), age: Duration::from_secs(7980) };
        let said = verdict(&old, &wanted, NOW, &LocalTime::UTC);
        assert_eq!(said, "Too old: the weekly reading is 2 h 13 min old; --max-age is 15 min.");
        let of = |known: &[&str]| {
            let known = known.iter().map(|&id| id.to_owned()).collect();
            verdict(&Verdict::Unknown(Unknown::NoSuchWindow { known }), &wanted, NOW, &LocalTime::UTC)
        };
        assert_eq!(of(&[]), "Unknown: the last reading has no quota windows.");
        assert_eq!(
            of(&["five_hour", "seven_day"]),
            "Unknown: there is no window with that name. Windows: five_hour, seven_day."
        );
    }
}
