//! What the windows show: plain data, made by [`crate::view_model`] and sent to the page as JSON.
//!
//! Times are milliseconds since the Unix epoch on the program's clock. `*_clock` fields are the same
//! instants in words for the person's time zone ("15:30", "Fri 22:00"). No token is ever in here.

#[cfg(test)]
mod mock;
mod provider;
mod sign_in;
mod status_line;
mod updates;

pub use provider::{FoldersView, PastedKeyView, ProviderView};
pub use sign_in::{OfferView, SignInState, SignInView, StepProgress, StepView};
pub use status_line::{DiffKind, DiffLine, StatusLineAnswer, StatusLinePlan, StatusLineView};
pub use updates::{UpdateView, UpdatesView};

use holdoff_core::Condition;
use holdoff_core::Settings;
use holdoff_core::settings::Readings;
use serde::{Deserialize, Serialize};

/// Everything that the panel and the settings show.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct View {
    pub version: String,
    pub clock: ClockView,
    /// Problems that affect the whole program, such as a full disk.
    pub troubles: Vec<TroubleView>,
    pub accounts: Vec<AccountView>,
    pub settings: SettingsView,
    /// All providers.
    pub providers: Vec<ProviderView>,
    pub updates: UpdatesView,
    /// The account for whose sign-in the settings were opened, if any.
    pub turned_to: Option<TurnedTo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TurnedTo {
    pub account: String,
    /// A different number each time.
    pub time: u32,
}

/// The program's clock when the view was made, and its speed, so that the page can compute the current time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ClockView {
    #[cfg_attr(test, ts(type = "number"))]
    pub now_ms: i64,
    /// 1 unless `HOLDOFF_CLOCK` sets another speed.
    pub speed: f64,
}

/// What happened, what Holdoff does about it and what the user can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TroubleView {
    pub title: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AccountView {
    pub provider: String,
    pub id: String,
    pub label: String,
    pub plan: Option<String>,
    pub condition: Condition,
    /// What is unusual about its requests, in sentences; empty if only the next request is to come.
    pub status: String,
    /// Null unless no request may be sent before a certain time.
    pub cooldown: Option<CooldownView>,
    pub windows: Vec<WindowView>,
    /// The id of the window to show first: the one that limits the user now. Null without windows.
    pub leading: Option<String>,
    /// The current cycle of the leading window. Null while there is too little to draw.
    pub cycle: Option<CycleView>,
    pub money: Vec<MoneyView>,
    pub reading: Option<ReadingView>,
    pub refresh: RefreshView,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub next_request_ms: Option<i64>,
    pub next_request_clock: Option<String>,
    pub sign_in: SignInView,
    /// No requests are sent for it: its readings are free ones.
    pub free_only: bool,
    /// Whether to offer free readings, because its provider refuses requests.
    pub offers_free: bool,
}

/// A cooldown of usage requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CooldownView {
    #[cfg_attr(test, ts(type = "number"))]
    pub since_ms: i64,
    pub since_clock: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub until_ms: i64,
}

/// One quota window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WindowView {
    pub id: String,
    pub label: String,
    /// 0–100, or more; null if unknown or if the window was reset since the reading.
    pub used_percent: Option<f64>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub resets_at_ms: Option<i64>,
    pub resets_clock: Option<String>,
    /// The window was reset since the reading.
    pub was_reset: bool,
    /// The window that limits the user now, according to the provider.
    pub binding: bool,
    /// "runs out 14:20 (13:40–15:30)"; null if there is no forecast.
    pub forecast: Option<String>,
    /// It is forecast to run out before its reset.
    pub runs_out: bool,
    /// Used by its reset, according to the forecast, in percent, at most 100.
    pub expected_percent: Option<f64>,
    /// The share of its time that has passed, in percent: what an even pace would have used. Null if its length is unknown.
    pub even_percent: Option<f64>,
    /// "18 % ahead of an even pace"; null if that is unknown or nothing is left.
    pub pace: Option<String>,
    /// When it was read, if earlier than the reading's newest window.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub read_at_ms: Option<i64>,
    /// The source of that earlier read.
    pub read_source: Option<String>,
}

/// One cycle of a window, to be drawn. Each point is a time in milliseconds and a percentage, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CycleView {
    #[cfg_attr(test, ts(type = "[number, number][]"))]
    pub used: Vec<(i64, f64)>,
    /// From its start to its reset.
    #[cfg_attr(test, ts(type = "[number, number][]"))]
    pub even: Vec<(i64, f64)>,
    /// From the last reading to the expected end; empty without a forecast.
    #[cfg_attr(test, ts(type = "[number, number][]"))]
    pub forecast: Vec<(i64, f64)>,
}

/// Extra usage or spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MoneyView {
    pub id: String,
    pub label: String,
    /// Formatted, such as "$12.34".
    pub used: String,
    pub limit: Option<String>,
    pub used_percent: Option<f64>,
    /// Why it is switched off or used up, as text.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReadingView {
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: i64,
    /// Its source in words, such as "the status line".
    pub source: String,
    pub stale: bool,
}

/// Whether a manual refresh is allowed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefreshView {
    pub allowed: bool,
    /// Why not and until when, such as "Refresh available at 14:32: the last request was less than 3 minutes ago."
    pub reason: Option<String>,
    /// Short form for the button, such as "Available at 14:32". Null if only a sign-in helps.
    pub button: Option<String>,
}

/// The settings that the user chose, and related information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SettingsView {
    /// `start_at_login` is as the desktop has it.
    #[serde(flatten)]
    #[cfg_attr(test, ts(skip))]
    pub chosen: Settings,
    /// The user has not chosen yet where readings come from.
    pub offers_readings: bool,
    /// Invalid values in settings.json, and what is used instead.
    pub problems: Vec<String>,
    /// All accounts with a sign-in, enabled or not.
    pub accounts: Vec<AccountChoice>,
    /// Monitored locations that never had a sign-in.
    pub folders: Vec<PlaceView>,
}

/// The settings of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AccountChoice {
    pub id: String,
    /// Its name wherever it is shown.
    pub label: String,
    /// Its default name, such as the sign-in's e-mail address.
    pub name: String,
    pub plan: Option<String>,
    pub places: Vec<PlaceView>,
    /// Whether it is checked and shown.
    pub enabled: bool,
    pub provider: ProviderView,
    /// Whether Holdoff may renew its sign-in.
    pub renewal: bool,
    pub readings: Readings,
}

/// A location of a sign-in, whether or not there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlaceView {
    pub place: String,
    /// Its state in a few words.
    pub state: String,
    /// The folder as listed in the settings; null for the default location.
    pub listed: Option<String>,
}

/// The result of a command of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Answer {
    pub done: bool,
    /// What happened, or why not and what to do, as sentences; null if there is nothing to add.
    pub message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::local_time::ClockChoice;
    use holdoff_core::notification::thresholds::{QuietHours, Thresholds};
    use holdoff_core::settings::{
        AccountChange, PaceDays, Percent, SettingsChange, Theme, TrayLimit, TrayShows, TrayStyle,
    };
    use serde_json::Value;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use ts_rs::{Config, TS};

    const WRITE: &str = "HOLDOFF_WRITE_BINDINGS";

    /// The page's types match these types. To regenerate: `HOLDOFF_WRITE_BINDINGS=1 cargo test -p holdoff-tray bindings`.
    #[test]
    fn bindings_committed_match_the_rust_types() {
        let mut files = vec![
            binding::<View>(),
            binding::<ClockView>(),
            binding::<TroubleView>(),
            binding::<Condition>(),
            binding::<AccountView>(),
            binding::<CooldownView>(),
            binding::<WindowView>(),
            binding::<CycleView>(),
            binding::<MoneyView>(),
            binding::<ReadingView>(),
            binding::<RefreshView>(),
            binding::<SignInState>(),
            binding::<SignInView>(),
            binding::<StepView>(),
            binding::<StepProgress>(),
            binding::<OfferView>(),
            binding::<ProviderView>(),
            binding::<FoldersView>(),
            binding::<PastedKeyView>(),
            settings_view_binding(),
            binding::<TurnedTo>(),
            binding::<UpdatesView>(),
            binding::<UpdateView>(),
            settings_binding(),
            binding::<Thresholds>(),
            binding::<QuietHours>(),
            binding::<Readings>(),
            binding::<Percent>(),
            binding::<PaceDays>(),
            binding::<TrayLimit>(),
            binding::<TrayShows>(),
            binding::<TrayStyle>(),
            binding::<ClockChoice>(),
            binding::<Theme>(),
            binding::<AccountChoice>(),
            binding::<PlaceView>(),
            binding::<SettingsChange>(),
            binding::<AccountChange>(),
            binding::<StatusLineView>(),
            binding::<StatusLinePlan>(),
            binding::<StatusLineAnswer>(),
            binding::<DiffLine>(),
            binding::<DiffKind>(),
            binding::<Answer>(),
        ];
        assert_committed("ui/src/bindings", &mut files);
    }

    /// The scenarios and answers of the page's mock match this program's. Paths are those of Linux.
    #[cfg(target_os = "linux")]
    #[test]
    fn mock_data_committed_matches_the_bindings() {
        let json = |value: serde_json::Result<String>| value.unwrap() + "\n";
        let scenarios = mock::scenarios();
        let scenarios: BTreeMap<_, _> =
            scenarios.iter().map(|(name, view)| (name, without_default_settings(view))).collect();
        let mut files = vec![
            ("answers.json".into(), json(serde_json::to_string_pretty(&mock::answers()))),
            ("scenarios.json".into(), json(serde_json::to_string_pretty(&scenarios))),
        ];
        assert_committed("ui/src/mock/shown", &mut files);
    }

    #[track_caller]
    fn assert_committed(folder: &str, files: &mut [(PathBuf, String)]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if std::env::var_os(WRITE).is_some() {
            for (name, text) in files.iter() {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        let committed = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut committed: Vec<(PathBuf, String)> =
            committed.map(|path| (path.file_name().unwrap().into(), std::fs::read_to_string(&path).unwrap())).collect();
        files.sort();
        committed.sort();
        let names = |files: &[(PathBuf, String)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&committed), names(files), "set {WRITE} to write them anew");
        for ((name, committed), (_, now)) in committed.iter().zip(files.iter()) {
            assert_eq!(committed, now, "{}: set {WRITE} to write it anew", name.display());
        }
    }

    fn binding<T: TS + 'static>() -> (PathBuf, String) {
        (T::output_path().unwrap(), T::export_to_string(&Config::default()).unwrap())
    }

    /// The settings and their defaults: the only generated file that names each setting.
    fn settings_binding() -> (PathBuf, String) {
        let (name, text) = binding::<Settings>();
        let defaults = serde_json::to_string_pretty(&Settings::default()).unwrap();
        (name, format!("{text}\nexport const DEFAULT_SETTINGS: Settings = {defaults};\n"))
    }

    fn settings_view_binding() -> (PathBuf, String) {
        let (name, text) = binding::<SettingsView>();
        let before = "import type { PlaceView } from \"./PlaceView\";\n";
        let text = text.replace(before, &format!("{before}import type {{ Settings }} from \"./Settings\";\n"));
        (name, text.replace("SettingsView = {", "SettingsView = Settings & {"))
    }

    /// The mock adds the default settings.
    fn without_default_settings(view: &View) -> Value {
        let mut view = serde_json::to_value(view).unwrap();
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        view["settings"].as_object_mut().unwrap().retain(|key, value| defaults.get(key) != Some(value));
        view
    }
}
