//! The JSON of `holdoff status --json`. A field that does not apply is null, never omitted.

use super::account::{AccountStatus, StatusContext, is_stale};
use crate::account::label;
use crate::credential::location;
use crate::credential::location::CredentialLocation;
use crate::credential::{CredentialMissing, CredentialPresence, KeyringTrouble};
use crate::gate::{Cooldown, Gate, GateState, Pause};
use crate::messages::rfc3339;
use crate::quota::forecast::Forecast;
use crate::quota::{Level, QuotaWindow, Reading, Source, Spend};
use crate::request::Endpoint;
use crate::response::Barred;
use crate::settings::{Readings, Settings};
use crate::state::{AccountId, AccountState, SignInTrouble, State};
use crate::time::{Moment, Wall};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub version: u32,
    pub at: String,
    pub accounts: Vec<AccountReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountReport {
    pub provider: &'static str,
    pub id: String,
    pub label: String,
    pub plan: Option<String>,
    pub sign_in: SignInReport,
    /// Every location that holds its sign-in.
    pub places: Vec<PlaceReport>,
    pub gates: BTreeMap<Endpoint, GateReport>,
    pub reading: Option<ReadingReport>,
    pub last_request: Option<LastRequestReport>,
    pub next_request_at: Option<String>,
    /// `ask`, or `free_only`: no requests are sent for it.
    pub readings: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignInReport {
    /// `ok`, `expired`, `paused` or `absent`.
    pub state: &'static str,
    pub reason: Option<String>,
    pub expires_at: Option<String>,
    /// `owner` or `holdoff`.
    pub renewed_by: &'static str,
    /// Why Holdoff cannot even try to renew it, although it may.
    pub renewal_held_up: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceReport {
    pub place: String,
    /// Whether requests use the sign-in from this location.
    pub used: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateReport {
    /// `open`, `cooling_down` or `paused`.
    pub state: &'static str,
    pub cause: Option<&'static str>,
    pub since: Option<String>,
    pub until: Option<String>,
    pub strikes: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingReport {
    pub at: String,
    pub source: Source,
    pub stale: bool,
    pub windows: Vec<WindowReport>,
    pub money: Vec<Spend>,
    pub money_at: Option<String>,
    pub money_source: Option<Source>,
    /// When the usage endpoint last responded without any limit, after it had reported those shown.
    pub no_limits_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowReport {
    pub id: String,
    pub label: String,
    /// Null if unknown, or if the window was reset since the reading.
    pub used_percent: Option<f64>,
    pub resets_at: Option<String>,
    pub duration_s: Option<u64>,
    pub binding: bool,
    /// Whether the reset time has passed.
    pub was_reset: bool,
    /// When this window was read, which may be earlier than the reading's own time.
    pub at: String,
    pub source: Source,
    pub stale: bool,
    pub forecast: Option<ForecastReport>,
    /// Why it is locked, in the provider's words.
    pub locked_reason: Option<String>,
}

/// When a window will be used up at the current rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForecastReport {
    /// `lasts_until_reset`, `runs_out` or `too_early`.
    pub state: &'static str,
    pub at: Option<String>,
    pub earliest: Option<String>,
    pub latest: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastRequestReport {
    pub at: String,
    pub endpoint: Endpoint,
    pub outcome: Option<String>,
}

impl Report {
    /// The report of `state` at `now`, for the polled accounts.
    pub fn of(state: &State, now: Moment, settings: &Settings) -> Self {
        let accounts = state.active.iter().filter_map(|id| {
            let account = state.accounts.get(id)?;
            let mut report = AccountReport::of(id, account, now, settings);
            report.label = label::label(id, state, settings);
            report.places = places_of(state, id, account);
            Some(report)
        });
        Self { version: 1, at: rfc3339(now.wall), accounts: accounts.collect() }
    }
}

impl AccountReport {
    fn of(id: &AccountId, state: &AccountState, now: Moment, settings: &Settings) -> Self {
        let interval = settings.polling_interval;
        let status = AccountStatus::of(state, &StatusContext::new(now, interval));
        let next = status.next_request.map(|at| rfc3339(at.wall_as_of(now)));
        Self {
            provider: state.provider.key(),
            id: id.0.clone(),
            label: String::new(),
            plan: state.sign_in.plan.clone(),
            sign_in: sign_in(&status),
            places: Vec::new(),
            gates: state.gates.iter().map(|of| (of.endpoint, gate(of, now))).collect(),
            reading: reading(&status, interval),
            last_request: state.last.as_ref().map(|last| LastRequestReport {
                at: rfc3339(last.at),
                endpoint: last.endpoint,
                outcome: last.outcome.clone(),
            }),
            next_request_at: next,
            readings: if state.free_only() { Readings::FreeOnly.key() } else { Readings::Ask.key() },
        }
    }
}

fn places_of(state: &State, id: &AccountId, account: &AccountState) -> Vec<PlaceReport> {
    let used = &account.sign_in.place;
    let report =
        |place: &CredentialLocation| PlaceReport { place: place.name().to_owned(), used: place.name() == used };
    let places: Vec<PlaceReport> = location::of(&state.places, id).map(report).collect();
    if places.is_empty() && !used.is_empty() {
        return vec![PlaceReport { place: used.clone(), used: true }];
    }
    places
}

fn reading(status: &AccountStatus<'_>, interval: Duration) -> Option<ReadingReport> {
    let (state, now) = (status.account, status.now.wall);
    let reading = state.reading.as_ref()?;
    let money = reading.money_origin();
    let has_money = !reading.money.is_empty();
    Some(ReadingReport {
        at: rfc3339(reading.at),
        source: reading.source,
        stale: status.is_stale,
        windows: reading.windows.iter().map(|window| window_report(state, reading, window, now, interval)).collect(),
        money: reading.money.clone(),
        money_at: has_money.then(|| rfc3339(money.at)),
        money_source: has_money.then_some(money.source),
        no_limits_at: reading.no_limits_at.map(rfc3339),
    })
}

fn window_report(
    state: &AccountState,
    reading: &Reading,
    window: &QuotaWindow,
    now: Wall,
    interval: Duration,
) -> WindowReport {
    let origin = reading.origin(window);
    let (used_percent, was_reset) = match window.level(now) {
        Level::Used(percent) => (Some(percent), false),
        Level::Reset => (None, true),
        Level::Unknown => (None, false),
    };
    WindowReport {
        id: window.id.clone(),
        label: window.label.clone(),
        used_percent,
        resets_at: window.resets_at.map(rfc3339),
        duration_s: window.duration_s,
        binding: window.binding,
        was_reset,
        at: rfc3339(origin.at),
        source: origin.source,
        stale: is_stale(origin.at, now, interval),
        forecast: state.forecast(window, now).map(forecast),
        locked_reason: window.locked.clone(),
    }
}

fn forecast(forecast: Forecast) -> ForecastReport {
    let (state, times) = match forecast {
        Forecast::LastsUntilReset => ("lasts_until_reset", None),
        Forecast::TooEarly => ("too_early", None),
        Forecast::RunsOut { at, earliest, latest } => ("runs_out", Some([at, earliest, latest].map(rfc3339))),
    };
    let [at, earliest, latest] = times.map_or([None, None, None], |times| times.map(Some));
    ForecastReport { state, at, earliest, latest }
}

fn sign_in(status: &AccountStatus<'_>) -> SignInReport {
    let state = status.account;
    let (name, reason) = match &status.trouble {
        Some(SignInTrouble::Absent(absence)) => ("absent", Some(absence_key(absence))),
        Some(SignInTrouble::Paused(cause)) => ("paused", Some(pause_reason(cause))),
        Some(SignInTrouble::Expired) => ("expired", Some("expired".to_owned())),
        None if matches!(state.sign_in.seen, Some(CredentialPresence::Present { .. })) => ("ok", None),
        None => ("absent", Some("not_looked_yet".to_owned())),
    };
    let renewed_by = if state.renewal_enabled && !state.free_only() { "holdoff" } else { "owner" };
    SignInReport {
        state: name,
        reason,
        expires_at: state.sign_in.expires_at().map(rfc3339),
        renewed_by,
        renewal_held_up: state.renewal_blocked.clone().filter(|_| state.renewal_enabled),
    }
}

fn absence_key(absence: &CredentialMissing) -> String {
    match absence {
        CredentialMissing::NoFile => "no_file".to_owned(),
        CredentialMissing::NotSignedIn => "not_signed_in".to_owned(),
        CredentialMissing::InferenceOnly => "inference_only_token".to_owned(),
        CredentialMissing::EmptyToken => "empty_token".to_owned(),
        CredentialMissing::Blanked => "ended".to_owned(),
        CredentialMissing::LoginEnded(why) if why.is_empty() => "ended".to_owned(),
        CredentialMissing::LoginEnded(why) => format!("ended: {why}"),
        CredentialMissing::Unreadable(why) => format!("unreadable: {why}"),
        CredentialMissing::Forbidden(why) => format!("cannot be opened: {why}"),
        CredentialMissing::Keyring(KeyringTrouble::Locked) => "keyring_locked".to_owned(),
        CredentialMissing::Keyring(KeyringTrouble::Unavailable(why)) => format!("no_keyring: {why}"),
    }
}

fn pause_reason(cause: &Pause) -> String {
    match cause {
        Pause::Rejected => "rejected".to_owned(),
        Pause::MissingScope { scope } => format!("missing_scope {scope}"),
        Pause::ScopeNotGranted { scope } => format!("missing_scope {scope}"),
        Pause::NotAllowed { status, .. } => format!("{} {status}", pause_key(cause)),
        Pause::Forbidden { message } => format!("forbidden {message}"),
        Pause::RefreshRefused | Pause::RenewalCutOff | Pause::RenewalWasted | Pause::OtherAccount => {
            pause_key(cause).to_owned()
        }
    }
}

fn gate(gate: &Gate, now: Moment) -> GateReport {
    let (name, cause, since, until) = match &gate.state {
        GateState::CoolingDown { cause, since, until } if until.is_after(now) => {
            ("cooling_down", Some(cooldown_key(cause)), Some(*since), Some(*until))
        }
        GateState::Paused { cause, since, .. } => ("paused", Some(pause_key(cause)), Some(*since), None),
        GateState::CoolingDown { .. } | GateState::Open => ("open", None, None, None),
    };
    let told = |at: Option<Moment>| at.map(|at| rfc3339(at.wall_as_of(now)));
    GateReport { state: name, cause, since: told(since), until: told(until), strikes: gate.strikes }
}

/// The cause of a cooldown, for scripts.
pub fn cooldown_key(cause: &Cooldown) -> &'static str {
    match cause {
        Cooldown::RateLimited { .. } => "rate_limited",
        Cooldown::TurnedAway => "turned_away",
        Cooldown::Network { .. } => "network",
        Cooldown::Server { .. } => "server",
        Cooldown::Unreadable { .. } => "unreadable_answer",
        Cooldown::Unanswered => "unanswered_request",
        Cooldown::StateLost => "state_lost",
    }
}

fn pause_key(cause: &Pause) -> &'static str {
    match cause {
        Pause::Rejected => "rejected",
        Pause::MissingScope { .. } | Pause::ScopeNotGranted { .. } => "missing_scope",
        Pause::NotAllowed { to: Barred::Organization, .. } => "organization_not_allowed",
        Pause::NotAllowed { to: Barred::Account, .. } => "account_not_allowed",
        Pause::Forbidden { .. } => "forbidden",
        Pause::RefreshRefused => "refresh_token_refused",
        Pause::RenewalCutOff => "renewal_cut_off",
        Pause::RenewalWasted => "renewal_wasted",
        Pause::OtherAccount => "other_account",
    }
}

#[cfg(test)]
mod tests;
