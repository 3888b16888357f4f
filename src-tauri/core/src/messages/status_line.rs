//! Messages for the status line of an owner program: the line itself, and the effect of installing it.

use super::format_duration;
use crate::local_time::LocalTime;
use crate::providers::Provider;
use crate::quota::{Level, Provenance, QuotaWindow, Reading, WindowKind};
use crate::settings::Percent;
use crate::text::{LONG_NAME_MAX, excerpt};
use crate::time::Wall;
use std::time::Duration;

/// A figure older than this says how old it is.
const OLD: Duration = Duration::from_secs(600);

/// Whether to use terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Ansi,
}

/// The windows in their shortest form: "5h 42% · week 26% · Fable 82% · resets 15:30". Omits windows that are unknown and
/// untouched. A plan without windows shows its spend: "Spend 12% ($12.34 of $100.00)". Empty if there is nothing to show.
pub fn status_line(reading: &Reading, shown: Percent, now: Wall, zone: &LocalTime, paint: Paint) -> String {
    let reported: Vec<&QuotaWindow> = reading.windows.iter().filter(|window| is_reported(window, now)).collect();
    if reported.is_empty() {
        return of_money(reading, shown, now, paint);
    }
    let ages: Vec<Option<String>> = reported.iter().map(|window| age(reading.origin(window), now)).collect();
    let alike = ages.windows(2).all(|pair| pair[0] == pair[1]);
    let mut parts: Vec<String> = reported
        .iter()
        .zip(&ages)
        .map(|(window, age)| match age {
            Some(age) if !alike => format!("{} ({age})", figure(window, shown, now, paint)),
            Some(_) | None => figure(window, shown, now, paint),
        })
        .collect();
    parts.extend(resets(&reported, now, zone));
    if alike {
        parts.extend(ages.into_iter().next().flatten());
    }
    parts.join(" · ")
}

fn is_reported(window: &QuotaWindow, now: Wall) -> bool {
    let main = window.kind.is_main();
    match window.level(now) {
        Level::Used(used) => main || used > 0.0,
        Level::Reset => main,
        Level::Unknown => false,
    }
}

fn of_money(reading: &Reading, shown: Percent, now: Wall, paint: Paint) -> String {
    let figures = reading.money.iter().map(|money| {
        let level = super::money_level(money);
        match money.percent().filter(|_| money.used.is_some() || money.limit.is_some()) {
            Some(used) => format!("{} {} ({level})", money.label, level_of(used, shown, paint)),
            None => format!("{} {level}", money.label),
        }
    });
    let mut parts: Vec<String> = figures.collect();
    if !parts.is_empty() {
        parts.extend(age(reading.money_origin(), now));
    }
    parts.join(" · ")
}

fn age(origin: Provenance, now: Wall) -> Option<String> {
    let age = now.since(origin.at);
    (age >= OLD).then(|| format!("{} ago", format_duration(age)))
}

fn name(window: &QuotaWindow) -> &str {
    match window.kind {
        WindowKind::Session => "5h",
        WindowKind::Weekly => "week",
        WindowKind::Model | WindowKind::Balance | WindowKind::Other => &window.label,
    }
}

fn figure(window: &QuotaWindow, shown: Percent, now: Wall, paint: Paint) -> String {
    let name = name(window);
    let Level::Used(used) = window.level(now) else {
        return format!("{name} was reset");
    };
    format!("{name} {}", level_of(used, shown, paint))
}

fn level_of(used: f64, shown: Percent, paint: Paint) -> String {
    let figure = match shown {
        Percent::Used => super::percent(used),
        Percent::Left => format!("{} left", crate::messages::quota::percent_left(used)),
    };
    painted(&figure.replace(' ', "").replace("left", " left"), used, paint)
}

/// Yellow or red when little is left.
fn painted(figure: &str, used: f64, paint: Paint) -> String {
    let colour = match used {
        _ if paint == Paint::Plain => return figure.to_owned(),
        95.0.. => "31",
        80.0.. => "33",
        _ => return figure.to_owned(),
    };
    format!("\u{1b}[{colour}m{figure}\u{1b}[0m")
}

/// When the fullest window is reset, which is the reset that matters to the user.
fn resets(reported: &[&QuotaWindow], now: Wall, zone: &LocalTime) -> Option<String> {
    let ahead = reported.iter().filter_map(|window| match window.level(now) {
        Level::Used(used) => Some((window, used, window.resets_at?)),
        Level::Reset | Level::Unknown => None,
    });
    // Of two equally full windows, the first.
    let (fullest, _, at) = ahead.rev().max_by(|(_, a, _), (_, b, _)| a.total_cmp(b))?;
    let at = super::resets(at, now, zone);
    Some(if fullest.kind == WindowKind::Session {
        format!("resets {at}")
    } else {
        format!("{} resets {at}", name(fullest))
    })
}

/// The status line in the owner's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusLine<'a> {
    None,
    /// Another status line, with its command if it is a command.
    Other(Option<&'a str>),
    /// Holdoff, followed by the earlier command if there was one.
    Holdoff(Option<&'a str>),
    /// This command should call Holdoff, whose program is missing.
    Lost(&'a str),
}

/// The current state, before any change.
pub fn status_line_now(provider: Provider, found: StatusLine<'_>) -> String {
    let owner = provider.owner();
    match found {
        StatusLine::None => format!("{owner} has no status line, so it does not call Holdoff."),
        StatusLine::Other(Some(command)) => format!(
            "Your own status line does not call Holdoff. If Holdoff is added, your command keeps running and you see its output: {}",
            shown(command)
        ),
        StatusLine::Other(None) => {
            format!("{owner} has a status line of an unknown kind, which does not call Holdoff.")
        }
        StatusLine::Holdoff(None) => "The status line calls Holdoff.".to_owned(),
        StatusLine::Holdoff(Some(command)) => {
            format!("The status line calls Holdoff, then your own command: {}", shown(command))
        }
        StatusLine::Lost(command) => {
            format!(
                "The status line calls Holdoff at an old location: {}. Install it again, or remove it.",
                shown(command)
            )
        }
    }
}

/// Shown once, after an update.
pub fn status_line_copies_removed(provider: Provider) -> String {
    format!(
        "Earlier versions of Holdoff kept copies of {}'s settings, which can contain keys and tokens. Holdoff has removed these copies. Uninstalling the status line still works.",
        provider.owner()
    )
}

/// The removed status line has no earlier one to restore.
pub fn status_line_forgotten(provider: Provider) -> String {
    format!(
        "Holdoff has no record of your earlier status line. If you had a command of your own, restore it with /statusline in {}.",
        provider.owner()
    )
}

/// The change differs from the one that the user reviewed.
pub fn status_line_changed(provider: Provider) -> String {
    format!(
        "{}'s settings have changed in the meantime. Nothing was written. Review the change again.",
        provider.owner()
    )
}

/// Installed. `earlier` is the previous command.
pub fn status_line_installed(provider: Provider, earlier: Option<&str>) -> String {
    let after = match earlier {
        Some(command) => {
            format!("Your own command keeps running, and you see its output: {}", shown(command))
        }
        None => "It shows your usage in a short line.".to_owned(),
    };
    format!("{}'s status line now calls Holdoff. {after}", provider.owner())
}

/// Removed. `earlier` is the restored command.
pub fn status_line_removed(provider: Provider, earlier: Option<&str>) -> String {
    let owner = provider.owner();
    match earlier {
        Some(command) => format!("{owner}'s status line is your own command again: {}", shown(command)),
        None => format!("{owner}'s status line no longer calls Holdoff."),
    }
}

/// There is nothing to install.
pub fn status_line_there(provider: Provider) -> String {
    format!("{}'s status line already calls Holdoff. Nothing was changed.", provider.owner())
}

/// There is nothing to remove.
pub fn status_line_not_there(provider: Provider) -> String {
    format!("{}'s status line does not call Holdoff. Nothing was changed.", provider.owner())
}

/// The owner's settings are no longer among those that Holdoff knows.
pub fn status_line_folder_gone() -> String {
    format!("This is no longer a {} folder. Open the settings again.", Provider::owners())
}

/// A user's own command, which can be a long script.
fn shown(command: &str) -> String {
    excerpt(command, LONG_NAME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Amount, Source, Spend};

    const NOW: Wall = Wall(1_789_391_820_000); // 2026-09-14 13:17 UTC

    fn window(id: &str, label: &str, used: f64, resets_in_min: i64) -> QuotaWindow {
        QuotaWindow {
            id: id.into(),
            kind: crate::providers::anthropic::window_kind(id, None),
            label: label.into(),
            used_percent: Some(used),
            resets_at: Some(Wall(NOW.0 + resets_in_min * 60_000)),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        }
    }

    fn reading() -> Reading {
        let windows = vec![
            window("five_hour", "5-hour", 42.0, 133),
            window("seven_day", "weekly", 26.0, 6283),
            window("nimbus_quill", "nimbus_quill", 0.0, 10),
        ];
        Reading::new(Source::StatusLine, NOW, windows, vec![])
    }

    #[track_caller]
    fn check(reading: &Reading, expect: &str) {
        assert_eq!(status_line(reading, Percent::Used, NOW, &LocalTime::UTC, Paint::Plain), expect);
    }

    #[test]
    fn status_line_shows_used_or_left_and_the_next_reset() {
        check(&reading(), "5h 42% · week 26% · resets 15:30");
        let left = status_line(&reading(), Percent::Left, NOW, &LocalTime::UTC, Paint::Ansi);
        assert_eq!(left, "5h 58% left · week 74% left · resets 15:30");
        check(&Reading::new(Source::StatusLine, NOW, vec![], vec![]), "");
    }

    #[test]
    fn status_line_of_a_spend_only_plan_shows_the_spend() {
        let dollars = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
        let spend = Spend {
            id: "spend".into(),
            label: "Spend".into(),
            used: dollars(9634),
            limit: dollars(10_000),
            used_percent: Some(96.34),
            note: None,
        };
        let mut reading = Reading::new(Source::UsageEndpoint, NOW, vec![], vec![spend.clone()]);
        check(&reading, "Spend 96% ($96.34 of $100.00)");
        let left = status_line(&reading, Percent::Left, NOW, &LocalTime::UTC, Paint::Ansi);
        assert_eq!(left, "Spend \u{1b}[31m4% left\u{1b}[0m ($96.34 of $100.00)");
        reading.at = Wall(NOW.0 - 40 * 60_000);
        reading.money = vec![Spend { limit: None, ..spend.clone() }];
        check(&reading, "Spend 96% ($96.34) · 40 min ago");
        let unlimited = Spend { limit: None, used_percent: None, ..spend };
        reading.money = vec![unlimited];
        check(&reading, "Spend $96.34 · 40 min ago");
        reading.windows = vec![window("nimbus_quill", "nimbus_quill", 0.0, 10)];
        check(&reading, "Spend $96.34 · 40 min ago");
        reading.windows = vec![window("five_hour", "5-hour", 0.0, 133)];
        check(&reading, "5h 0% · resets 15:30 · 40 min ago");
    }

    #[test]
    fn status_line_shows_the_reset_of_the_fullest_window() {
        let mut week = reading();
        week.windows[1].used_percent = Some(96.2);
        check(&week, "5h 42% · week 96% · week resets Fri 22:00");
        week.windows[2].used_percent = Some(99.0);
        check(&week, "5h 42% · week 96% · nimbus_quill 99% · nimbus_quill resets 13:27");
        let painted = status_line(&week, Percent::Used, NOW, &LocalTime::UTC, Paint::Ansi);
        assert!(painted.contains("5h 42% · week \u{1b}[31m96%\u{1b}[0m"), "{painted:?}");
        week.windows[1].used_percent = Some(80.0);
        let painted = status_line(&week, Percent::Used, NOW, &LocalTime::UTC, Paint::Ansi);
        assert!(painted.contains("week \u{1b}[33m80%\u{1b}[0m"), "{painted:?}");
    }

    #[test]
    fn status_line_setup_state_is_described() {
        for (found, says) in [
            (StatusLine::None, "Claude Code has no status line"),
            (StatusLine::Other(Some("my-line")), "your command keeps running and you see its output: my-line"),
            (StatusLine::Holdoff(Some("my-line")), "then your own command: my-line"),
            (StatusLine::Lost("/x/holdoff statusline"), "Install it again, or remove it."),
        ] {
            assert!(status_line_now(Provider::Anthropic, found).contains(says), "{found:?}");
        }
    }

    #[test]
    fn status_line_shows_the_age_of_old_readings() {
        let mut old = reading();
        old.at = Wall(NOW.0 - 25 * 60_000);
        check(&old, "5h 42% · week 26% · resets 15:30 · 25 min ago");
        let mut mixed = reading();
        mixed.windows[2].used_percent = Some(3.0);
        mixed.windows[2].origin = Some(Provenance { at: Wall(NOW.0 - 40 * 60_000), source: Source::UsageEndpoint });
        check(&mixed, "5h 42% · week 26% · nimbus_quill 3% (40 min ago) · resets 15:30");
    }

    #[test]
    fn status_line_window_past_its_reset_hides_the_old_value() {
        let mut past = reading();
        past.windows[0].resets_at = Some(NOW);
        check(&past, "5h was reset · week 26% · week resets Fri 22:00");
        past.windows[1].used_percent = None;
        check(&past, "5h was reset");
    }
}
