use super::*;
use crate::credential::Identity;
use crate::gate::{Cooldown, GateState};
use crate::providers::Provider;
use crate::quota::{Source, WindowKind};
use crate::request::Endpoint;
use crate::settings::PaceDays;
use crate::state::AccountState;
use crate::status::template::{FormatError, WAYBAR, placeholders};
use crate::time::{Boot, Wall};
use serde_json::Value;
use std::time::Duration;

/// A Monday, 2026-09-14 13:17 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_391_820_000), boot: Boot(1_000_000) };

fn window(id: &str, label: &str, kind: WindowKind, used: f64, resets_in_min: i64, hours: u64) -> QuotaWindow {
    QuotaWindow {
        id: id.into(),
        kind,
        label: label.into(),
        used_percent: Some(used),
        resets_at: Some(Wall(NOW.wall.0 + resets_in_min * 60_000)),
        duration_s: Some(hours * 3600),
        binding: false,
        origin: None,
        locked: None,
    }
}

/// Read five minutes ago: 42 % of the 5 hours, of which 2 h 13 min are left, and `weekly` percent of the week.
fn account(email: &str, weekly: f64) -> AccountState {
    let mut account = AccountState::new(Provider::Anthropic);
    account.sign_in.plan = Some("max".into());
    account.sign_in.identity = Identity { email: Some(email.into()), ..Identity::default() };
    account.sign_in.seen = Some(crate::credential::CredentialPresence::Present {
        fingerprint: crate::credential::token::Token::new(email.to_owned()).unwrap().fingerprint(),
        expires_at: None,
    });
    let windows = vec![
        window("five_hour", "5-hour", WindowKind::Session, 42.0, 133, 5),
        window("seven_day", "weekly", WindowKind::Weekly, weekly, 6283, 168),
    ];
    let at = Wall(NOW.wall.0 - 300_000);
    account.reading = Some(Reading::new(Source::UsageEndpoint, at, windows, vec![]));
    account
}

fn state(accounts: Vec<AccountState>) -> State {
    let mut state = State::new("boot".into());
    for account in accounts {
        let name = account.sign_in.identity.email.clone().unwrap();
        let id = AccountId(format!("anthropic:{}", name.split('@').next().unwrap()));
        state.active.push(id.clone());
        state.accounts.insert(id, account);
    }
    state
}

fn line_at(state: &State, window: Option<&str>, format: &str, now: Moment) -> Result<String, NoSuchWindow> {
    let settings = Settings { pace_days: PaceDays::Seven, ..Settings::default() };
    let input = FormatInput { state, settings: &settings, now, zone: &LocalTime::UTC, window };
    format.parse::<Format>().expect("a format").line(&input)
}

fn line(state: &State, format: &str) -> String {
    line_at(state, None, format, NOW).expect("a line")
}

#[test]
fn every_placeholder_shows_its_part_of_the_state() {
    let state = state(vec![account("ann@example.com", 26.0)]);
    for (format, shown) in [
        ("{account}", "ann@example.com"),
        ("{plan}", "Max"),
        ("{condition}", "up to date"),
        ("{window}", "5-hour"),
        ("{used}", "42 %"),
        ("{left}", "58 %"),
        ("{reset}", "15:30"),
        ("{reset_in}", "2 h 13 min"),
        ("{pace}", "14 % behind an even pace"),
        ("{forecast}", "—"),
        ("{age}", "5 min"),
        ("{symbol}", "◑"),
        ("{symbol} {used}, resets {reset}", "◑ 42 %, resets 15:30"),
        ("{{used}} {{{used}}} }}{{", "{used} {42 %} }{"),
        ("plain", "plain"),
        ("", ""),
    ] {
        assert_eq!(line(&state, format), shown, "{format}");
    }
    assert_eq!(placeholders().count(), 12, "each is in the table above");
}

#[test]
fn forecast_is_shown_once_there_is_one() {
    let mut ann = account("ann@example.com", 26.0);
    for (minutes, used) in [(-120, 20.0), (-60, 31.0), (-5, 42.0)] {
        let mut reading = ann.reading.clone().unwrap();
        reading.at = Wall(NOW.wall.0 + minutes * 60_000);
        reading.windows[0].used_percent = Some(used);
        ann.cycles.follow(&reading, &[], reading.at);
    }
    assert_eq!(line(&state(vec![ann]), "{forecast}"), "lasts until reset");
}

#[test]
fn wrong_templates_are_refused_with_the_reason() {
    let no_such = |name: &str| FormatError::NoSuchPlaceholder(name.into());
    for (format, error) in [
        ("{usage}", no_such("usage")),
        ("{}", no_such("")),
        ("{Used}", no_such("Used")),
        ("{ used }", no_such(" used ")),
        ("{used", FormatError::SingleBrace('{')),
        ("used}", FormatError::SingleBrace('}')),
        ("{{used}", FormatError::SingleBrace('}')),
        ("{", FormatError::SingleBrace('{')),
    ] {
        assert_eq!(format.parse::<Format>(), Err(error), "{format}");
    }
    let said = messages::format_error(&no_such("usage"));
    assert!(said.starts_with("there is no placeholder {usage}. Placeholders: {account} {plan} "), "{said}");
    assert!(placeholders().all(|name| said.contains(&format!("{{{name}}}"))), "{said}");
}

#[test]
fn most_urgent_account_and_its_leading_window_are_shown() {
    let busy = state(vec![account("ann@example.com", 26.0), account("bob@example.com", 91.0)]);
    assert_eq!(line(&busy, "{account} {window} {used} {reset}"), "bob@example.com weekly 91 % Fri 22:00");
    let mut limited = busy.clone();
    limited.accounts.get_mut(&AccountId("anthropic:bob".into())).unwrap().reading.as_mut().unwrap().windows[0]
        .binding = true;
    assert_eq!(line(&limited, "{account} {window}"), "bob@example.com 5-hour");
}

#[test]
fn window_option_chooses_by_common_name_id_or_label() {
    let state = state(vec![account("ann@example.com", 26.0)]);
    for (name, shown) in [("weekly", "weekly 26 %"), ("seven_day", "weekly 26 %"), ("5h", "5-hour 42 %")] {
        assert_eq!(line_at(&state, Some(name), "{window} {used}", NOW).as_deref(), Ok(shown), "{name}");
    }
    let known = vec!["5-hour".to_owned(), "weekly".to_owned()];
    assert_eq!(line_at(&state, Some("opus"), "{used}", NOW), Err(NoSuchWindow { known }));
}

#[test]
fn what_is_not_known_is_a_dash() {
    let nobody = State::new("boot".into());
    assert_eq!(line(&nobody, "{symbol} {used} {account} {reset} {condition}"), "? — — — no reading yet");
    assert_eq!(line_at(&nobody, Some("weekly"), "{used}", NOW).as_deref(), Ok("—"));
    let ann = state(vec![account("ann@example.com", 26.0)]);
    let later = NOW.plus(Duration::from_secs(8 * 3600));
    let shown = line_at(&ann, Some("5h"), "{symbol} {used} {left} {reset} {reset_in} {pace}", later);
    assert_eq!(shown.as_deref(), Ok("◷ — — — — —"), "its reset has passed");
}

#[test]
fn symbol_tells_level_and_condition_apart() {
    let at = |used| line(&state(vec![account("ann@example.com", used)]), "{symbol}");
    let mut seen: Vec<String> = [70.0, 96.0].map(at).into();
    let conditions = [
        (Condition::Ok, Some(0.0)),
        (Condition::Ok, Some(20.0)),
        (Condition::Ok, Some(50.0)),
        (Condition::Unknown, None),
        (Condition::Stale, Some(50.0)),
        (Condition::CoolingDown, Some(50.0)),
        (Condition::Paused, Some(50.0)),
        (Condition::Expired, Some(50.0)),
        (Condition::Absent, Some(50.0)),
    ];
    seen.extend(conditions.map(|(condition, used)| symbol(condition, used).to_owned()));
    assert_eq!(seen.len(), 11);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 11, "{seen:?}");
}

/// Polybar runs the command of `%{A1:command:}` on a click, tmux styles with `#[…]`, and Pango shows nothing for bad markup.
#[test]
fn markup_in_names_reaches_no_bar() {
    let mut ann = account("%{A1:xterm:}#[fg=red]<b>R&D@example.com", 26.0);
    ann.reading.as_mut().unwrap().windows[0].label = "#(reboot) | bash=x".into();
    let state = state(vec![ann]);
    assert_eq!(line(&state, "{account} {window}"), "%(A1:xterm:)♯(fg=red)‹b›R+D@example.com ♯(reboot) ¦ bash=x");
    let waybar: Value = serde_json::from_str(&line(&state, WAYBAR)).unwrap();
    assert!(waybar["tooltip"].as_str().unwrap().contains("&lt;b&gt;R&amp;D@"), "{waybar}");
}

#[test]
fn waybar_json_has_text_tooltip_class_and_percentage() {
    let of = |state: &State| -> Value { serde_json::from_str(&line(state, WAYBAR)).unwrap() };
    let mut ann = account("ann@example.com", 26.0);
    let calm = of(&state(vec![ann.clone()]));
    assert_eq!(calm["text"], "◑ 42 %");
    assert_eq!(calm["class"], serde_json::json!(["ok"]));
    assert_eq!(calm["percentage"], 42);
    let tooltip = calm["tooltip"].as_str().unwrap();
    assert!(
        tooltip
            .starts_with("ann@example.com\n5-hour 42 %, resets 15:30\n14 % behind an even pace\nweekly 26 %, resets"),
        "{tooltip}"
    );
    let classes = |weekly| of(&state(vec![account("ann@example.com", weekly)]))["class"].clone();
    assert_eq!(classes(80.0), serde_json::json!(["ok", "high"]));
    assert_eq!(classes(95.0), serde_json::json!(["ok", "full"]));
    let until = NOW.plus(Duration::from_secs(1200));
    let cause = Cooldown::RateLimited { retry_after_s: None };
    ann.gates[Endpoint::Usage].state = GateState::CoolingDown { cause, since: NOW, until };
    let limited = of(&state(vec![ann]));
    assert_eq!((&limited["text"], &limited["class"]), (&"⋈ 42 %".into(), &serde_json::json!(["cooling_down"])));
    let nobody = of(&State::new("boot".into()));
    assert_eq!(nobody["text"], "?");
    assert_eq!(nobody["tooltip"], "No readings yet on this computer.");
}

#[test]
fn condition_key_is_the_word_in_json() {
    for condition in [
        Condition::Unknown,
        Condition::Ok,
        Condition::Stale,
        Condition::CoolingDown,
        Condition::Paused,
        Condition::Expired,
        Condition::Absent,
    ] {
        assert_eq!(serde_json::to_value(condition).unwrap(), condition.key());
    }
}
