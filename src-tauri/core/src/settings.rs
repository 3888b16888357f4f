//! User settings. An invalid value is reported and replaced by its default; the file is not changed.

mod accounts;
mod change;
mod parser;
mod rules;
mod schema;
mod values;

pub use accounts::LabelOf;
pub use change::{AccountChange, SettingsChange};
pub use rules::{check_folder, check_label};
pub use schema::Settings;
pub use values::{
    AccountSettings, LABEL_MAX, MetricsSettings, PaceDays, Percent, Readings, Theme, TrayLimit, TrayShows, TrayStyle,
};

use parser::Parser;
use rules::Quotes;
use serde_json::{Map, Value};

/// The version of `settings.json`.
pub const VERSION: u64 = 1;

impl Settings {
    /// Parses the object of `settings.json`. Each invalid value yields a sentence, and its default applies.
    pub fn parse(object: &Map<String, Value>) -> (Self, Vec<String>) {
        Self::parse_with(object, Quotes::Values)
    }

    /// The problems that [`Settings::parse`] reports, safe to share: value kinds replace strings, and account ids are left
    /// out.
    pub fn problems_to_share(object: &Map<String, Value>) -> Vec<String> {
        Self::parse_with(object, Quotes::Kinds).1
    }

    fn parse_with(object: &Map<String, Value>, quotes: Quotes) -> (Self, Vec<String>) {
        let mut file = Parser { object, quotes, problems: Vec::new() };
        file.version();
        (Self::from_file(&mut file), file.problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::policy::DEFAULT_POLL_INTERVAL;
    use crate::local_time::ClockChoice;
    use crate::providers::Provider;
    use crate::text::excerpt;
    use expect_test::expect;
    use serde_json::json;
    use std::time::Duration;

    fn parse(value: Value) -> (Settings, Vec<String>) {
        Settings::parse(value.as_object().unwrap())
    }

    #[test]
    fn settings_empty_file_gives_defaults() {
        assert_eq!(parse(json!({})), (Settings::default(), vec![]));
        assert_eq!(parse(json!({"version": 1, "someone_elses": [1]})).1, Vec::<String>::new());
    }

    #[test]
    fn settings_valid_values_are_applied() {
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
        assert_eq!(settings.config_dirs(Provider::Anthropic), [folder]);
    }

    #[test]
    fn settings_updates_are_on_only_if_set_to_true() {
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
    fn settings_invalid_value_is_reported_and_only_it_ignored() {
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
    fn settings_for_notifications_and_history_are_validated() {
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

    /// What is wrong, what is allowed, and what Holdoff uses instead.
    #[test]
    fn settings_problems_say_what_is_used_instead() {
        let keys = [
            ("version", json!(9)),
            ("theme", json!(3)),
            ("renewal", json!("yes")),
            ("readings", json!("all")),
            ("updates", json!("yes")),
            ("notify_thresholds", json!([0])),
            ("quiet_hours", json!("22-7")),
            ("history_days", json!(0)),
            ("polling_interval_s", json!(60)),
            ("claude_config_dirs", json!({})),
            ("accounts", json!([])),
        ];
        let said = keys.map(|(key, wrong)| parse(json!({key: wrong})).1.join("\n")).join("\n") + "\n";
        expect![[r#"
            settings.json: "version" is 9; this version of Holdoff supports version 1 and reads what it can.
            settings.json: "theme" is 3; it must be "system", "light" or "dark". Holdoff uses its default.
            settings.json: "renewal" is "yes"; it must be true or false. Holdoff uses its default.
            settings.json: "readings" is "all"; it must be "ask" or "free_only". Until it is, Holdoff sends no requests.
            settings.json: "updates" is "yes"; it must be true or false. Until it is, Holdoff does not check for updates.
            settings.json: "notify_thresholds" is [0]; it must be a list of whole percents from 1 to 100. Holdoff uses its default.
            settings.json: "quiet_hours" is "22-7"; it must be a range such as "22:00-07:00", or null. Holdoff uses its default.
            settings.json: "history_days" is 0; it must be a whole number from 1 to 3650. Holdoff uses 365.
            settings.json: "polling_interval_s" is 60. The polling interval must be between 3 and 60 minutes (180–3600 s). Holdoff uses 5 minutes.
            settings.json: "claude_config_dirs" is {}; it must be a list of folders. Holdoff uses its default.
            settings.json: "accounts" is []; it must be an object with an entry for each account. Holdoff uses its default.
        "#]].assert_eq(&said);
    }

    #[test]
    fn settings_problem_truncates_a_long_value() {
        let (_, problems) = parse(json!({"theme": "x".repeat(5000)}));
        assert!(problems[0].len() < 200, "{problems:?}");
    }

    /// Found by fuzzing: JSON leaves the delete character as it is.
    #[test]
    fn settings_problem_contains_no_control_characters() {
        let (_, problems) = parse(json!({"claude_config_dirs": ["a\u{7f}b"], "theme": "x".repeat(39)}));
        assert!(problems.iter().all(|problem| !problem.chars().any(char::is_control)), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains(&format!("\"{}…;", "x".repeat(39)))), "{problems:?}");
        assert_eq!((excerpt("12345", 5), excerpt("123456", 5)), ("12345".to_owned(), "12345…".to_owned()));
    }

    #[test]
    fn settings_problems_to_share_contain_no_text_of_the_user() {
        let said = Settings::problems_to_share(
            json!({
                "version": "secret", "theme": 3, "clock": null, "percent": "secret", "history_days": ["secret"],
                "quiet_hours": {"secret": 1}, "claude_config_dirs": ["secret"],
                "accounts": {"secret": {"label": ["secret"], "enabled": "secret"}},
            })
            .as_object()
            .unwrap(),
        );
        expect![[r#"
            settings.json: "version" is a string; this version of Holdoff supports version 1 and reads what it can.
            settings.json: "quiet_hours" is an object; it must be a range such as "22:00-07:00", or null. Holdoff uses its default.
            settings.json: "history_days" is a list; it must be a whole number from 1 to 3650. Holdoff uses 365.
            settings.json: "percent" is a string; it must be "used" or "left". Holdoff uses its default.
            settings.json: "clock" is null; it must be "locale", "12h" or "24h". Holdoff uses its default.
            settings.json: "theme" is 3; it must be "system", "light" or "dark". Holdoff uses its default.
            settings.json: "claude_config_dirs" lists a string, which is ignored. Use the full path of the folder, such as ~/.claude-work.
            settings.json: "accounts.<account>.label" is a list; it must be a string. Holdoff uses its default.
            settings.json: "accounts.<account>.enabled" is a string; it must be true or false. Holdoff uses its default.
        "#]].assert_eq(&(said.join("\n") + "\n"));
        assert_eq!(Settings::problems_to_share(&Map::new()), Vec::<String>::new());
    }
}
