//! Whether Holdoff requests usage, or only shows readings that need no request (law 16).

use super::Settings;
use crate::state::AccountId;
use serde::{Deserialize, Serialize};

/// Where readings come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Readings {
    /// From requests to the provider too.
    #[default]
    Ask,
    /// From the owner's status line and its cache alone: no request is sent, and no token leaves this computer.
    FreeOnly,
}

impl Readings {
    /// The value in `settings.json` and `status --json`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::FreeOnly => "free_only",
        }
    }
}

impl Settings {
    /// The choice for this account, or else for all accounts; `None` if neither is set.
    pub fn readings(&self, account: &AccountId) -> Option<Readings> {
        self.accounts.get(account).and_then(|chosen| chosen.readings).or(self.readings)
    }

    /// Whether the user has chosen a source of readings for any account.
    pub fn says_readings(&self) -> bool {
        self.readings.is_some() || self.accounts.values().any(|chosen| chosen.readings.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(value: Value) -> (Settings, Vec<String>) {
        Settings::parse(value.as_object().unwrap())
    }

    const ASK: Option<Readings> = Some(Readings::Ask);
    const FREE: Option<Readings> = Some(Readings::FreeOnly);

    fn of(settings: &Settings, account: &str) -> Option<Readings> {
        settings.readings(&AccountId(account.into()))
    }

    #[test]
    fn readings_setting_of_an_account_overrides_the_global_one() {
        let (settings, problems) =
            parse(json!({"readings": "free_only", "accounts": {"a": {"readings": "ask"}, "b": {"readings": null}}}));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(["a", "b", "c"].map(|id| of(&settings, id)), [ASK, FREE, FREE]);
        let (settings, _) = parse(json!({"accounts": {"a": {"readings": "free_only"}}}));
        assert_eq!((of(&settings, "a"), of(&settings, "b")), (FREE, None));
    }

    #[test]
    fn readings_setting_invalid_is_reported_and_falls_back_to_free_only() {
        for wrong in [json!("free"), json!("FREE_ONLY"), json!(true), json!(7), json!(null), json!([])] {
            let (settings, problems) = parse(json!({"readings": wrong}));
            assert_eq!(settings, Settings { readings: FREE, ..Settings::default() }, "{wrong}");
            assert!(problems.len() == 1 && problems[0].contains("\"ask\" or \"free_only\""), "{problems:?}");
        }
        let (settings, problems) = parse(json!({"accounts": {"a": {"readings": "none"}}}));
        assert!(problems.len() == 1 && problems[0].contains("accounts.a.readings"), "{problems:?}");
        assert_eq!((of(&settings, "a"), of(&settings, "b")), (FREE, None));
    }

    #[test]
    fn readings_setting_presence_is_detected() {
        let says = |value: Value| parse(value).0.says_readings();
        assert!(says(json!({"readings": "ask"})) && says(json!({"accounts": {"a": {"readings": "ask"}}})));
        assert!(!says(json!({"version": 1, "accounts": {"a": {"label": "A"}}})));
    }
}
