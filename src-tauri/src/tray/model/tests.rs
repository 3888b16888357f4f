use super::*;
use crate::sign_in_session::SigningIn;
use holdoff_core::credential::location::CredentialLocation;
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{CredentialMissing, CredentialPresence, Identity};
use holdoff_core::gate::{Cooldown, GateState, Pause};
use holdoff_core::quota::{Amount, Spend};
use holdoff_core::settings::{AccountSettings, Percent, TrayLimit, TrayShows};
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Endpoint, LocalTime};
use holdoff_core::{Boot, Moment, QuotaWindow, Reading, Settings, Source, State, Wall};
use holdoff_engine::storage::state_store::Snapshot;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// 2026-09-14 12:00:00 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };

fn id(name: &str) -> AccountId {
    AccountId(format!("anthropic:{name}"))
}

fn later(minutes: u64) -> Moment {
    NOW.plus(Duration::from_secs(minutes * 60))
}

/// Signed in, with a fresh reading at this level; the next request is five minutes away.
fn account(name: &str, percent: f64) -> AccountState {
    let mut account = AccountState::new(Provider::Anthropic);
    let fingerprint = Token::new(name.to_owned()).unwrap().fingerprint();
    account.sign_in.seen = Some(CredentialPresence::Present { fingerprint, expires_at: None });
    account.sign_in.identity = Identity { email: Some(format!("{name}@example.com")), ..Identity::default() };
    account.next = Some(later(5));
    account.gates[Endpoint::Usage].last_request = Some(NOW);
    let window = QuotaWindow {
        id: "five_hour".into(),
        kind: holdoff_core::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(percent),
        resets_at: None,
        duration_s: None,
        binding: false,
        origin: None,
        locked: None,
    };
    account.reading = Some(Reading::new(Source::UsageEndpoint, NOW.wall, vec![window], vec![]));
    account
}

fn limited(mut account: AccountState, minutes: u64) -> AccountState {
    let cause = Cooldown::RateLimited { retry_after_s: None };
    account.gates[Endpoint::Usage].state = GateState::CoolingDown { cause, since: NOW, until: later(minutes) };
    account
}

fn paused(mut account: AccountState) -> AccountState {
    let fingerprint = Token::new("x".to_owned()).unwrap().fingerprint();
    account.gates[Endpoint::Usage].state =
        GateState::Paused { cause: Pause::Rejected, since: NOW, fingerprint, beneath: None };
    account
}

fn signed_out(mut account: AccountState) -> AccountState {
    account.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NotSignedIn));
    account
}

struct Desk {
    snapshot: Snapshot,
    settings: Settings,
    /// Polled by another process.
    elsewhere: BTreeSet<AccountId>,
}

impl Desk {
    fn new(accounts: Vec<(&str, AccountState)>) -> Self {
        let mut state = State::new("boot".into());
        for (name, account) in accounts {
            state.active.push(id(name));
            state.accounts.insert(id(name), account);
        }
        let snapshot = Snapshot { state, trouble: None };
        Self { snapshot, settings: Settings::default(), elsewhere: BTreeSet::new() }
    }

    fn model(&self) -> TrayModel {
        self.with_context(tray_model)
    }

    fn with_context<R>(&self, show: impl FnOnce(&ViewContext<'_>) -> R) -> R {
        show(&ViewContext {
            snapshot: &self.snapshot,
            settings: &self.settings,
            setting_problems: &[],
            starts_at_login: false,
            findings: &[],
            history: &holdoff_engine::storage::history::News::default(),
            elsewhere: &self.elsewhere,
            unwatched: &Default::default(),
            signing_in: &SigningIn::default(),
            updates: &Default::default(),
            home: Path::new("/home/ann"),
            now: NOW,
            speed: 1.0,
            zone: &LocalTime::UTC,
        })
    }

    fn labels(&self) -> Vec<String> {
        let label = |entry: Entry| match entry {
            Entry::Item { label, .. } => label,
            Entry::Separator => "-".to_owned(),
        };
        self.model().menu.into_iter().map(label).collect()
    }
}

#[track_caller]
fn check_icon(accounts: Vec<AccountState>, glyph: Glyph, percent: u8) {
    let names = ["a", "b", "c"];
    for turn in 0..accounts.len() {
        let mut turned = accounts.clone();
        turned.rotate_left(turn);
        let icon = Desk::new(names.into_iter().zip(turned).collect()).model().icon;
        assert_eq!((icon.glyph, icon.used_percent), (glyph, Some(percent)), "whatever the order");
    }
}

#[test]
fn icon_shows_the_most_urgent_account() {
    check_icon(vec![account("a", 40.0), account("b", 12.0)], Glyph::Level, 40);
    check_icon(vec![account("a", 40.0), limited(account("b", 12.0), 60)], Glyph::CoolingDown, 12);
    check_icon(vec![account("a", 81.0), limited(account("b", 12.0), 60)], Glyph::Level, 81);
    check_icon(vec![account("a", 97.0), paused(account("b", 12.0))], Glyph::Paused, 12);
    check_icon(vec![account("a", 40.0), signed_out(account("b", 95.0)), account("c", 3.0)], Glyph::Level, 40);
}

#[test]
fn menu_and_tooltip_have_a_section_per_account() {
    let mut desk = Desk::new(vec![("ann", account("ann", 42.0)), ("bob", limited(account("bob", 7.0), 60))]);
    let label = Some("The office".to_owned());
    desk.settings.accounts.insert(id("bob"), AccountSettings { label, ..AccountSettings::default() });
    let labels = desk.labels();
    let expect = [
        "ann@example.com",
        "5-hour 42 %",
        "Read at 12:00",
        "Next check at 12:05",
        "-",
        "The office",
        "5-hour 7 %",
        "Read at 12:00",
        "Anthropic is rate limiting usage checks (HTTP 429). Next check at 13:00",
        "-",
        "Refresh (available at 12:03)",
        "-",
        "Open panel",
        "Settings…",
        "Hide names",
        "Quit Holdoff",
    ];
    assert_eq!(labels, expect);
    let tooltip = desk.model().tooltip;
    let lines: Vec<&str> = tooltip.lines().collect();
    assert_eq!(lines[..3], ["ann@example.com", "5-hour 42 %", "The office"]);
    assert!(lines[3].starts_with("5-hour 7 % (read 12:00)") && lines[4].contains("Next check at 13:00"));
}

/// Entries are changed in place: what is there and in which order must not hang on numbers.
#[test]
fn menu_layout_does_not_depend_on_percentages() {
    let kinds = |percent| {
        let desk = Desk::new(vec![("ann", account("ann", percent)), ("bob", account("bob", percent))]);
        desk.model().menu.iter().map(|entry| matches!(entry, Entry::Separator)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(1.0), kinds(99.0));
}

#[test]
fn refresh_entry_is_enabled_once_any_account_may_be_polled() {
    let mut free = account("ann", 1.0);
    free.gates[Endpoint::Usage].last_request = None;
    let desk = Desk::new(vec![("ann", free), ("bob", limited(account("bob", 7.0), 60))]);
    assert!(desk.model().menu.contains(&Entry::item("Refresh", TrayAction::Refresh)));
    let desk = Desk::new(vec![("ann", signed_out(account("ann", 1.0))), ("bob", limited(account("bob", 7.0), 60))]);
    assert!(desk.labels().contains(&"Refresh (available at 13:00)".to_owned()));
}

#[test]
fn tooltip_omits_the_name_of_a_single_account() {
    let tooltip = Desk::new(vec![("ann", account("ann", 42.0))]).model().tooltip;
    assert_eq!(tooltip, "5-hour 42 %");
}

#[test]
fn tooltip_and_menu_say_when_all_accounts_are_disabled() {
    let mut desk = Desk::new(vec![]);
    assert_eq!(desk.model().tooltip, "No readings yet.");
    let mut place = CredentialLocation::saved(&desk.snapshot.state, Provider::Anthropic, "~/.claude/.credentials.json");
    place.account = Some(id("ann"));
    desk.snapshot.state.places.push(place);
    assert_eq!(desk.model().tooltip, "All accounts are switched off.");
    assert_eq!(desk.labels()[0], "All accounts are switched off");
}

/// Never "up to date" beside nothing.
#[test]
fn response_without_limits_shows_unknown_or_stale() {
    let mut never = account("ann", 42.0);
    let mut once = never.clone();
    never.reading = Some(Reading::new(Source::UsageEndpoint, NOW.wall, vec![], vec![]));
    for reading in [&mut never.reading, &mut once.reading].into_iter().flatten() {
        reading.no_limits_at = Some(NOW.wall);
    }
    let model = Desk::new(vec![("ann", never)]).model();
    assert_eq!((model.icon.glyph, model.icon.used_percent), (Glyph::Unknown, None));
    assert_eq!(model.tooltip, "Anthropic reported no limits for this account at 12:00.\nNext check at 12:05.");
    let model = Desk::new(vec![("ann", once)]).model();
    assert_eq!((model.icon.glyph, model.icon.used_percent), (Glyph::Stale, Some(42)));
    assert!(model.tooltip.contains("Anthropic reported no limits at 12:00."), "{}", model.tooltip);
}

/// An enterprise seat.
#[test]
fn plan_without_windows_shows_its_spend() {
    let amount = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
    let spent = Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used: amount(8100),
        limit: amount(10_000),
        used_percent: None,
        note: None,
    };
    let mut seat = account("ann", 42.0);
    seat.reading = Some(Reading::new(Source::UsageEndpoint, NOW.wall, vec![], vec![spent]));
    let model = Desk::new(vec![("ann", seat)]).model();
    assert_eq!((model.icon.glyph, model.icon.used_percent), (Glyph::Level, Some(81)));
    assert_eq!(model.tooltip, "Extra usage 81 %, $81.00 of $100.00");
}

#[test]
fn accounts_polled_by_another_process_are_named_in_panel_and_tray() {
    let mut desk = Desk::new(vec![("ann", account("ann", 42.0)), ("bob", account("bob", 7.0))]);
    for name in ["ann", "bob"] {
        let state = &mut desk.snapshot.state;
        let mut place = CredentialLocation::saved(state, Provider::Anthropic, &format!("~/{name}/.credentials.json"));
        place.account = Some(id(name));
        place.sign_in = state.accounts[&id(name)].sign_in.clone();
        state.places.push(place);
    }
    let troubles = |desk: &Desk| desk.with_context(crate::view_model::view).troubles;
    assert!(troubles(&desk).is_empty());
    desk.elsewhere = [id("ann"), id("bob"), id("never-asked-here")].into();
    let said = troubles(&desk);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].title, "Another copy of Holdoff is running");
    assert_eq!(
        said[0].text,
        "Another copy checks ann@example.com and bob@example.com, so this one does not. It takes over by itself when the other copy quits."
    );
    // Of one that it has kept nothing of, there is no name to say.
    desk.snapshot.state = State::new("boot".into());
    assert!(troubles(&desk).is_empty());
    assert_eq!(desk.model().tooltip, "Another copy of Holdoff is running, so this one sends no requests.");
}

/// Somebody whose desktop shows only menus sees all that the panel says of a window.
#[test]
fn menu_has_figure_reset_and_pace_of_each_window() {
    let mut ann = account("ann", 42.0);
    let window = &mut ann.reading.as_mut().unwrap().windows[0];
    (window.resets_at, window.duration_s) = (Some(later(150).wall), Some(5 * 3600));
    let line = |account| Desk::new(vec![("ann", account)]).labels()[1].clone();
    assert_eq!(line(ann.clone()), "5-hour 42 %, resets 14:30 · 8 % behind an even pace");
    ann.reading.as_mut().unwrap().windows[0].used_percent = Some(100.0);
    assert_eq!(line(ann), "5-hour 100 %, resets 14:30", "only the reset matters");
}

#[test]
fn icon_has_the_style_and_the_limits_of_the_settings() {
    let mut desk = Desk::new(vec![("ann", account("ann", 42.0)), ("bob", account("bob", 7.0))]);
    let style = |desk: &Desk| desk.model().icon.style;
    assert_eq!(style(&desk), Style::Ring);
    desk.settings.tray_style = TrayStyle::Number;
    assert_eq!(style(&desk), Style::Number(Number::new("42")));
    desk.settings.percent = Percent::Left;
    assert_eq!(style(&desk), Style::Number(Number::new("58")));
    let limit = |name: &str| TrayLimit { account: id(name).0, window: Some("five_hour".into()) };
    desk.settings.tray_shows = TrayShows(vec![limit("bob")]);
    assert_eq!((style(&desk), desk.model().icon.used_percent), (Style::Number(Number::new("93")), Some(7)));
    desk.settings.tray_shows = TrayShows(vec![limit("bob"), limit("ann")]);
    desk.settings.tray_style = TrayStyle::Bars;
    assert_eq!((style(&desk), desk.model().icon.used_percent), (Style::Bars { second: Some(42) }, Some(7)));
}

#[test]
fn icon_with_a_countdown_changes_without_an_event() {
    let mut ann = account("ann", 100.0);
    ann.reading.as_mut().unwrap().windows[0].resets_at = Some(later(150).wall);
    let mut desk = Desk::new(vec![("ann", ann)]);
    assert_eq!(desk.with_context(icon_changes), None);
    desk.settings.tray_style = TrayStyle::NumberReset;
    assert_eq!(desk.model().icon.style, Style::Number(Number::new("3h")));
    let changes = desk.with_context(icon_changes).expect("a time");
    assert_eq!(changes.since(later(30).wall), Duration::from_millis(1), "then two hours are left");
}
