//! The scenarios of the page's mock, rendered by this program, so that no sentence is repeated in TypeScript.

mod scenes;

use crate::sign_in_session::SigningIn;
use crate::view::View;
use crate::view_context::ViewContext;
use crate::view_model::view;
use holdoff_core::credential::token::Token;
use holdoff_core::credential::{CredentialMissing, CredentialPresence, Identity};
use holdoff_core::gate::{Cooldown, GateState, Pause};
use holdoff_core::messages::{self, StatusLine};
use holdoff_core::quota::{Amount, Spend};
use holdoff_core::state::Provider;
use holdoff_core::updates::{Installing, UpdatesStatus};
use holdoff_core::{
    AccountId, AccountState, Boot, CredentialLocation, CredentialRead, Endpoint, LocalTime, Moment, QuotaWindow,
    Reading, Settings, Source, State, Wall,
};
use holdoff_engine::storage::state_store::Snapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) use scenes::scenarios;

/// Monday, 14 September 2026, 13:17 UTC: the time shown in every scenario.
const NOW: Moment = Moment { wall: Wall(1_789_391_820_000), boot: Boot(1_000_000_000) };
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const ANN: &str = "anthropic:ann";
const CLAUDE: &str = "~/.claude/.credentials.json";

fn after(ms: i64) -> Moment {
    Moment { wall: Wall(NOW.wall.0 + ms), boot: Boot(NOW.boot.0 + ms) }
}

/// The inputs of a scenario.
struct Scene {
    snapshot: Snapshot,
    settings: Settings,
    problems: Vec<String>,
    signing_in: SigningIn,
    updates: UpdatesStatus,
}

impl Scene {
    /// No sign-in anywhere; the user has chosen to send requests.
    fn empty() -> Self {
        let snapshot = Snapshot { state: State::new("boot".into()), trouble: None };
        let (signing_in, updates) = (SigningIn::default(), UpdatesStatus::default());
        Self { snapshot, settings: Settings::default(), problems: Vec::new(), signing_in, updates }
            .choosing(json!({"readings": "ask"}))
    }

    fn of(account: AccountState) -> Self {
        Self::empty().with(ANN, account)
    }

    /// Adds an account at the location that its sign-in names.
    fn with(mut self, id: &str, account: AccountState) -> Self {
        self = self.at(&account.sign_in.place.clone(), Some(id), &account);
        self.snapshot.state.active.push(AccountId(id.into()));
        self.before(id, account)
    }

    /// Adds an account that is not polled.
    fn before(mut self, id: &str, account: AccountState) -> Self {
        self.snapshot.state.accounts.insert(AccountId(id.into()), account);
        self
    }

    /// Adds a location where the sign-in of this account is stored or missing.
    fn at(mut self, place: &str, id: Option<&str>, account: &AccountState) -> Self {
        let mut location = CredentialLocation::new(account.provider, place);
        location.account = id.map(|id| AccountId(id.into()));
        location.sign_in = account.sign_in.clone();
        location.sign_in.place = place.into();
        self.snapshot.state.places.push(location);
        self
    }

    /// Applies settings as they are in `settings.json`.
    fn choosing(mut self, settings: Value) -> Self {
        (self.settings, self.problems) = Settings::parse(settings.as_object().unwrap());
        self
    }

    fn view(&self) -> View {
        let context = ViewContext {
            snapshot: &self.snapshot,
            settings: &self.settings,
            setting_problems: &self.problems,
            starts_at_login: self.settings.start_at_login,
            findings: &[],
            history: &Default::default(),
            elsewhere: &BTreeSet::new(),
            unwatched: &BTreeMap::new(),
            signing_in: &self.signing_in,
            updates: &self.updates,
            home: Path::new("/home/ann"),
            now: NOW,
            speed: 1.0,
            zone: &LocalTime::UTC,
        };
        let mut view = View { version: "0.1.0".into(), ..view(&context) };
        // The scenarios stay the same with another provider.
        view.providers.retain(|provider| provider.key == Provider::Anthropic.key());
        view
    }
}

fn fingerprint() -> holdoff_core::credential::token::Fingerprint {
    Token::new("sk-1".to_owned()).unwrap().fingerprint()
}

fn window(id: &str, label: &str, used: Option<f64>, resets_in: Option<i64>) -> QuotaWindow {
    QuotaWindow {
        id: id.into(),
        kind: holdoff_core::providers::anthropic::window_kind(id, None),
        label: label.into(),
        used_percent: used,
        resets_at: resets_in.map(|ms| after(ms).wall),
        duration_s: None,
        binding: false,
        origin: None,
        locked: None,
    }
}

fn five_hour() -> QuotaWindow {
    QuotaWindow { duration_s: Some(18_000), ..window("five_hour", "5-hour", Some(42.0), Some(2 * HOUR + 13 * MINUTE)) }
}

const FRIDAY: i64 = 4 * DAY + 8 * HOUR + 43 * MINUTE;

fn weekly() -> QuotaWindow {
    QuotaWindow { duration_s: Some(604_800), ..window("seven_day", "weekly", Some(26.0), Some(FRIDAY)) }
}

fn fable() -> QuotaWindow {
    let fable = window("weekly_scoped:fable", "Fable", Some(82.0), Some(FRIDAY));
    QuotaWindow { duration_s: Some(604_800), binding: true, ..fable }
}

fn dollars(cents: i64) -> Option<Amount> {
    Some(Amount { minor: cents, currency: "USD".into(), exponent: 2 })
}

fn extra_usage(cents: i64) -> Spend {
    Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used: dollars(cents),
        limit: dollars(10_000),
        used_percent: None,
        note: None,
    }
}

/// Signed in until 18:29. Read three minutes ago; the next request is due in two minutes.
fn account() -> AccountState {
    let mut account = AccountState::new(Provider::Anthropic);
    account.sign_in.place = CLAUDE.into();
    account.sign_in.plan = Some("max".into());
    account.sign_in.renewable = true;
    account.sign_in.identity = Identity { email: Some("ann@example.com".into()), ..Identity::default() };
    account.next = Some(after(2 * MINUTE));
    account.gates[Endpoint::Usage].last_request = Some(after(-3 * MINUTE));
    let account = followed(expiring(account, Some(5 * HOUR + 12 * MINUTE)));
    read(account, 3 * MINUTE, vec![five_hour(), weekly(), fable()])
}

/// With what is known of the current cycles, up to three minutes ago: a calm session and week, and much use of one model.
fn followed(account: AccountState) -> AccountState {
    let last = 3 * MINUTE;
    let session = [(167, 0.0), (150, 4.0), (120, 11.0), (90, 20.0), (60, 27.0), (30, 35.0)];
    let session = session.map(|(minutes, used)| (minutes * MINUTE, used));
    let week = [(2 * DAY + 15 * HOUR, 0.0), (2 * DAY, 7.0), (DAY + 2 * HOUR, 15.0), (4 * HOUR, 22.0)];
    let model = [
        (2 * DAY + 15 * HOUR, 0.0),
        (2 * DAY + 4 * HOUR, 14.0),
        (DAY + 18 * HOUR, 38.0),
        (DAY, 54.0),
        (5 * HOUR, 71.0),
    ];
    let cycles = serde_json::from_value(json!({
        "five_hour": cycle(five_hour(), &session, (last, 42.0)),
        "seven_day": cycle(weekly(), &week, (last, 26.0)),
        "weekly_scoped:fable": cycle(fable(), &model, (last, 82.0)),
    }));
    AccountState { cycles: cycles.unwrap(), ..account }
}

/// One cycle of `window`, with its usage at these times in the past, oldest first.
fn cycle(window: QuotaWindow, points: &[(i64, f64)], last: (i64, f64)) -> Value {
    let points: Vec<_> = points.iter().chain([&last]).map(|(ago, used)| json!([after(-ago).wall, used])).collect();
    json!({"label": window.label, "resets_at": window.resets_at, "duration_s": window.duration_s, "points": points})
}

fn expiring(mut account: AccountState, expires_in: Option<i64>) -> AccountState {
    let expires_at = expires_in.map(|ms| after(ms).wall);
    account.sign_in.seen = Some(CredentialPresence::Present { fingerprint: fingerprint(), expires_at });
    account
}

/// With a reading from a request `ago` milliseconds in the past.
fn read(account: AccountState, ago: i64, windows: Vec<QuotaWindow>) -> AccountState {
    let reading = Reading::new(Source::UsageEndpoint, after(-ago).wall, windows, vec![extra_usage(1234)]);
    AccountState { reading: Some(reading), ..account }
}

fn old(account: AccountState, ago: i64) -> AccountState {
    let mut account = read(account, ago, vec![five_hour(), weekly(), fable()]);
    account.gates[Endpoint::Usage].last_request = Some(after(-ago));
    account
}

fn unread(account: AccountState) -> AccountState {
    AccountState { reading: None, ..account }
}

/// Since five minutes ago.
fn cooling(ms: i64, cause: Cooldown) -> GateState {
    GateState::CoolingDown { cause, since: after(-5 * MINUTE), until: after(ms) }
}

fn cooling_down(mut account: AccountState, ms: i64, cause: Cooldown) -> AccountState {
    account.gates[Endpoint::Usage].state = cooling(ms, cause);
    AccountState { next: Some(after(ms)), ..account }
}

fn pause(cause: Pause) -> GateState {
    GateState::Paused { cause, since: NOW, fingerprint: fingerprint(), beneath: None }
}

fn paused(cause: Pause) -> AccountState {
    let mut account = expiring(old(account(), 26 * MINUTE), None);
    account.gates[Endpoint::Usage].state = pause(cause);
    AccountState { sign_in_failed: true, next: None, ..account }
}

fn expired() -> AccountState {
    let account = expiring(old(account(), 41 * MINUTE), Some(-37 * MINUTE));
    AccountState { sign_in_failed: true, next: None, ..account }
}

fn absent() -> AccountState {
    let mut account = unread(account());
    account.sign_in.seen = Some(CredentialPresence::Absent(CredentialMissing::NoFile));
    account.sign_in.plan = None;
    account.sign_in.identity = Identity::default();
    AccountState { sign_in_failed: true, next: None, ..account }
}

/// Signed in until 15:30, with renewal allowed.
fn renewing() -> AccountState {
    AccountState { renewal_enabled: true, ..expiring(account(), Some(2 * HOUR + 13 * MINUTE)) }
}

/// Rate limited until 16:10.
fn renewal_limited(mut account: AccountState) -> AccountState {
    account.gates[Endpoint::Token].state =
        cooling(2 * HOUR + 53 * MINUTE, Cooldown::RateLimited { retry_after_s: None });
    AccountState { renewal_enabled: true, ..account }
}

/// The mock's answers to clicks.
pub(super) fn answers() -> BTreeMap<&'static str, String> {
    let downloads = "/home/ann/Downloads";
    let written = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("holdoff-{name}")).collect();
        messages::history_exported(downloads, Ok(&names))
    };
    let tables = ["windows-20260914.csv", "money-20260914.csv", "requests-20260914.csv", "episodes-20260914.csv"];
    let own = Some("my-line");
    let updates = |wanted| {
        let status = UpdatesStatus { can_check: true, wanted, ..UpdatesStatus::default() };
        messages::updates_status(&status, NOW, &LocalTime::UTC)
    };
    let no_sign_in = CredentialRead::Absent(CredentialMissing::NoFile);
    BTreeMap::from([
        ("exported_csv", written(&tables)),
        ("exported_json", written(&["history-20260914.json"])),
        ("not_exported", messages::history_exported(downloads, Err(&"the disk is full".to_owned()))),
        ("history_deleted", messages::HISTORY_DELETED.to_owned()),
        ("folder_added", messages::folder_added(Provider::Anthropic, "~/.claude-work", &no_sign_in, None, None)),
        ("status_line_own", messages::status_line_now(Provider::Anthropic, StatusLine::Other(own))),
        ("status_line_holdoff", messages::status_line_now(Provider::Anthropic, StatusLine::Holdoff(own))),
        ("status_line_installed", messages::status_line_installed(Provider::Anthropic, own)),
        ("status_line_removed", messages::status_line_removed(Provider::Anthropic, own)),
        ("status_line_changed", messages::status_line_changed(Provider::Anthropic)),
        ("updates_on", updates(true)),
        ("updates_off", updates(false)),
        ("downloading", messages::update_installing(&Installing::Fetching, NOW, &LocalTime::UTC).unwrap_or_default()),
    ])
}
