//! What the person may choose. Wrong values are named and replaced by the default; the file is left as it is.

mod accounts;
mod readings;

pub use accounts::{AccountSettings, LABEL_MAX, LabelOf};
pub use readings::Readings;

use crate::gate::policy::{DEFAULT_POLL_INTERVAL, POLL_INTERVAL};
use crate::local_time::ClockChoice;
use crate::notification::thresholds::{QuietHours, Thresholds};
use crate::state::AccountId;
use crate::text::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What may be chosen for how long the history is kept, in days, and for how large it may get, in megabytes.
pub const HISTORY_DAYS: RangeInclusive<u32> = 1..=3650;
pub const HISTORY_MB: RangeInclusive<u32> = 1..=4096;

/// Longer than every id of an account that is one.
const ID_SHOWN: usize = 80;

/// The version of `settings.json`.
pub const VERSION: u64 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub polling_interval: Duration,
    pub notify_rate_limit: bool,
    pub notify_sign_in: bool,
    pub notify_recovery: bool,
    /// Tell when so much of a window is used.
    pub notify_thresholds: Thresholds,
    /// Tell when a window will run out before its reset.
    pub notify_forecast: bool,
    /// Tell when a window that was nearly used up has begun anew.
    pub notify_reset: bool,
    pub quiet_hours: Option<QuietHours>,
    /// How long the history is kept, and how large it may get.
    pub history_days: u32,
    pub history_mb: u32,
    pub percent: Percent,
    /// 12 or 24 hours.
    pub clock: ClockChoice,
    pub theme: Theme,
    pub start_at_login: bool,
    /// Renewal of sign-ins by Holdoff (law 7: off).
    pub renewal: bool,
    /// Whether anything is asked at all (law 16). `None` is as it was chosen last, and to begin with, yes: a file that is
    /// lost or cannot be read sends no request that its person did not want.
    pub readings: Option<Readings>,
    /// Whether newer versions of Holdoff are looked for (law 18). `None` is not asked yet, and nothing is looked for.
    pub updates: Option<bool>,
    /// Config folders of Claude Code beside the default one: full paths, or below `~/`.
    pub claude_config_dirs: Vec<String>,
    /// What was chosen for single accounts.
    pub accounts: BTreeMap<AccountId, AccountSettings>,
    /// Metrics for a collector on this computer; `None` is off.
    pub metrics: Option<MetricsSettings>,
}

/// Where metrics are served, and where the bearer token stands that a scraper has to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsSettings {
    pub listen: String,
    pub token_file: String,
}

/// Whether a bar grows with what is used or shrinks with what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Percent {
    Used,
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            polling_interval: DEFAULT_POLL_INTERVAL,
            notify_rate_limit: true,
            notify_sign_in: true,
            notify_recovery: true,
            notify_thresholds: Thresholds::DEFAULT,
            notify_forecast: true,
            notify_reset: true,
            quiet_hours: None,
            history_days: 365,
            history_mb: 64,
            percent: Percent::Used,
            clock: ClockChoice::Locale,
            theme: Theme::System,
            start_at_login: false,
            renewal: false,
            readings: None,
            updates: None,
            claude_config_dirs: Vec::new(),
            accounts: BTreeMap::new(),
            metrics: None,
        }
    }
}

impl Settings {
    /// Reads the object of `settings.json`. Each wrong value is a sentence and its default is used.
    pub fn parse(object: &Map<String, Value>) -> (Self, Vec<String>) {
        Self::parse_with(object, Quotes::Values)
    }

    /// What [`Settings::parse`] complains of, with kinds in place of texts and without the ids of accounts: for what a
    /// person shows to others.
    pub fn problems_to_share(object: &Map<String, Value>) -> Vec<String> {
        Self::parse_with(object, Quotes::Kinds).1
    }

    fn parse_with(object: &Map<String, Value>, quotes: Quotes) -> (Self, Vec<String>) {
        let mut from = Parser { object, quotes, problems: Vec::new() };
        let default = Self::default();
        from.version();
        let settings = Self {
            polling_interval: from.interval(default.polling_interval),
            notify_rate_limit: from.flag("notify_rate_limit", default.notify_rate_limit),
            notify_sign_in: from.flag("notify_sign_in", default.notify_sign_in),
            notify_recovery: from.flag("notify_recovery", default.notify_recovery),
            notify_thresholds: from.choice(
                "notify_thresholds",
                default.notify_thresholds,
                "a list of whole percents from 1 to 100",
            ),
            notify_forecast: from.flag("notify_forecast", default.notify_forecast),
            notify_reset: from.flag("notify_reset", default.notify_reset),
            quiet_hours: from.choice("quiet_hours", default.quiet_hours, r#""22:00-07:00" or the like, or null"#),
            history_days: from.whole("history_days", default.history_days, HISTORY_DAYS),
            history_mb: from.whole("history_mb", default.history_mb, HISTORY_MB),
            percent: from.choice("percent", default.percent, r#""used" or "left""#),
            clock: from.choice("clock", default.clock, r#""locale", "12h" or "24h""#),
            theme: from.choice("theme", default.theme, r#""system", "light" or "dark""#),
            start_at_login: from.flag("start_at_login", default.start_at_login),
            renewal: from.flag("renewal", default.renewal),
            readings: from.readings(object, "readings"),
            updates: from.updates(),
            claude_config_dirs: from.folders(),
            accounts: from.accounts(),
            metrics: from.choice("metrics", default.metrics, r#"null or {"listen": …, "token_file": …}"#),
        };
        (settings, from.problems)
    }

    /// Checks one interval as a person gives it, in seconds.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn check_interval(secs: u64) -> Result<Duration, String> {
        if POLL_INTERVAL.contains(&secs) {
            return Ok(Duration::from_secs(secs));
        }
        let (least, most) = (POLL_INTERVAL.start(), POLL_INTERVAL.end());
        Err(format!(
            "The polling interval must be between {} and {} minutes ({least}–{most} s).",
            least / 60,
            most / 60
        ))
    }
}

/// What a problem repeats of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Values,
    Kinds,
}

struct Parser<'a> {
    object: &'a Map<String, Value>,
    quotes: Quotes,
    problems: Vec<String>,
}

impl Parser<'_> {
    fn version(&mut self) {
        let found = self.object.get("version");
        if found.is_none_or(|version| version.as_u64() == Some(VERSION)) {
            return;
        }
        self.problems.push(format!(
            "settings.json: \"version\" is {}; this Holdoff knows version {VERSION} and reads what it can.",
            self.quotes.shown(found)
        ));
    }

    fn interval(&mut self, default: Duration) -> Duration {
        let Some(value) = self.object.get("polling_interval_s") else {
            return default;
        };
        let checked = value
            .as_u64()
            .ok_or_else(|| "The polling interval must be a whole number of seconds.".to_owned())
            .and_then(Settings::check_interval);
        checked.unwrap_or_else(|problem| {
            self.problems.push(format!(
                "settings.json: \"polling_interval_s\" is {}. {problem} Holdoff uses {} minutes.",
                self.quotes.shown(Some(value)),
                default.as_secs() / 60
            ));
            default
        })
    }

    fn whole(&mut self, key: &str, default: u32, allowed: RangeInclusive<u32>) -> u32 {
        let Some(value) = self.object.get(key) else {
            return default;
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| allowed.contains(number)).unwrap_or_else(|| {
            self.problems.push(format!(
                "settings.json: \"{key}\" is {}; it must be a whole number from {} to {}. Holdoff uses {default}.",
                self.quotes.shown(Some(value)),
                allowed.start(),
                allowed.end()
            ));
            default
        })
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        self.choice(key, default, "true or false")
    }

    /// A value that is neither is as good as no: a request cannot be taken back.
    fn updates(&mut self) -> Option<bool> {
        self.object.contains_key("updates").then(|| self.flag("updates", false))
    }

    fn choice<T: for<'de> Deserialize<'de>>(&mut self, key: &str, default: T, allowed: &str) -> T {
        self.choice_in(self.object, key, key, allowed).unwrap_or(default)
    }

    /// `None` where nothing is said, or nothing that can be used. `name` is what `key` is called in a problem.
    fn choice_in<T: for<'de> Deserialize<'de>>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        name: &str,
        allowed: &str,
    ) -> Option<T> {
        let value = object.get(key)?;
        let parsed = serde_json::from_value(value.clone()).ok();
        if parsed.is_none() {
            self.problems.push(format!(
                "settings.json: \"{name}\" is {}; it must be {allowed}. Holdoff uses its default.",
                self.quotes.shown(Some(value))
            ));
        }
        parsed
    }
}

impl Quotes {
    /// A wrong value as it stands, cut short, or what kind of value it is.
    fn shown(self, value: Option<&Value>) -> String {
        match (self, value) {
            (_, None) => "missing".to_owned(),
            (Self::Kinds, Some(Value::String(_))) => "a text".to_owned(),
            (Self::Kinds, Some(Value::Array(_))) => "a list".to_owned(),
            (Self::Kinds, Some(Value::Object(_))) => "an object".to_owned(),
            (_, Some(value)) => excerpt(&value.to_string(), 40),
        }
    }

    /// An account's id as a sentence may hold it.
    fn account(self, id: &str) -> String {
        match self {
            Self::Values => excerpt(id, ID_SHOWN),
            Self::Kinds => "<account>".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> (Settings, Vec<String>) {
        Settings::parse(value.as_object().unwrap())
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(parse(json!({})), (Settings::default(), vec![]));
        assert_eq!(parse(json!({"version": 1, "someone_elses": [1]})).1, Vec::<String>::new());
    }

    #[test]
    fn good_values_are_taken() {
        let folder = if cfg!(windows) { r"C:\Users\ann\.claude-work" } else { "/home/ann/.claude-work" };
        let (settings, problems) = parse(json!({
            "version": 1, "polling_interval_s": 180, "percent": "left", "clock": "12h", "theme": "dark",
            "notify_recovery": false, "claude_config_dirs": [folder],
            "notify_thresholds": [50, 90], "notify_forecast": false, "notify_reset": false,
            "quiet_hours": "22:00-07:00", "history_days": 30, "history_mb": 1,
        }));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.polling_interval, Duration::from_secs(180));
        assert_eq!((settings.percent, settings.clock), (Percent::Left, ClockChoice::H12));
        assert!(!settings.notify_recovery && settings.notify_sign_in);
        assert_eq!(Vec::from(settings.notify_thresholds), [50, 90]);
        assert!(!settings.notify_forecast && !settings.notify_reset);
        assert_eq!(settings.quiet_hours.map(|hours| hours.to_string()).as_deref(), Some("22:00-07:00"));
        assert_eq!((settings.history_days, settings.history_mb), (30, 1));
        assert_eq!(settings.claude_config_dirs, [folder]);
    }

    #[test]
    fn updates_are_looked_for_only_where_the_file_says_so() {
        let of = |value: Value| parse(value).0.updates;
        assert_eq!(
            [json!({}), json!({"updates": true}), json!({"updates": false})].map(of),
            [None, Some(true), Some(false)]
        );
        for wrong in [json!("on"), json!(1), json!(null), json!([true])] {
            let (settings, problems) = parse(json!({"updates": wrong}));
            assert_eq!((settings.updates, problems.len()), (Some(false), 1), "{wrong}: {problems:?}");
        }
    }

    #[test]
    fn each_wrong_value_is_named_and_costs_only_itself() {
        for wrong in [json!(5), json!(179), json!(3601), json!(-1), json!("300"), json!(null), json!(300.5)] {
            let (settings, problems) = parse(json!({"polling_interval_s": wrong, "percent": "left"}));
            assert_eq!(settings.polling_interval, DEFAULT_POLL_INTERVAL, "{wrong}");
            assert_eq!(settings.percent, Percent::Left);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains("polling_interval_s"), "{problems:?}");
        }
        let (settings, problems) = parse(json!({
            "version": 9, "percent": "most", "theme": 3, "clock": 12, "notify_sign_in": "yes", "claude_config_dirs": {},
        }));
        assert_eq!(settings, Settings::default());
        assert_eq!(problems.len(), 6, "{problems:?}");
    }

    #[test]
    fn what_is_said_of_notices_and_history_is_checked() {
        for (key, wrong) in [
            ("notify_thresholds", json!([0])),
            ("notify_thresholds", json!([101])),
            ("notify_thresholds", json!(80)),
            ("notify_thresholds", json!(["80"])),
            ("notify_forecast", json!(1)),
            ("notify_reset", json!("on")),
            ("quiet_hours", json!("22-7")),
            ("quiet_hours", json!(false)),
            ("history_days", json!(0)),
            ("history_days", json!(1.5)),
            ("history_mb", json!(5000)),
            ("history_mb", json!(-1)),
        ] {
            let (settings, problems) = parse(json!({key: wrong}));
            assert_eq!(settings, Settings::default(), "{key} {wrong}");
            assert!(problems.len() == 1 && problems[0].contains(key), "{problems:?}");
        }
        let (settings, problems) = parse(json!({"notify_thresholds": [], "quiet_hours": null}));
        assert_eq!((settings.notify_thresholds.lowest(), settings.quiet_hours, problems), (None, None, vec![]));
    }

    #[test]
    fn a_long_wrong_value_is_cut() {
        let (_, problems) = parse(json!({"theme": "x".repeat(5000)}));
        assert!(problems[0].len() < 200, "{problems:?}");
    }

    /// Found by fuzzing: JSON leaves the delete character as it is.
    #[test]
    fn a_wrong_value_stays_on_its_line() {
        let (_, problems) = parse(json!({"claude_config_dirs": ["a\u{7f}b"], "theme": "x".repeat(39)}));
        assert!(problems.iter().all(|problem| !problem.chars().any(char::is_control)), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains(&format!("\"{}…;", "x".repeat(39)))), "{problems:?}");
        assert_eq!((excerpt("12345", 5), excerpt("123456", 5)), ("12345".to_owned(), "12345…".to_owned()));
    }
}
