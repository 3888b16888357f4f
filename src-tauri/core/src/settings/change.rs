//! Changes to `settings.json` from a page: checked first, and limited to what was changed.

use super::rules::{OTHER_KIND, check_label};
use super::{Readings, Settings};
use crate::providers::Provider;
use crate::state::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const ACCOUNTS: &str = "accounts";
const LABEL: &str = "label";

/// What is to be written, all of it checked. A page sends the settings that it changes by their keys, beside these; what
/// is missing or null stays.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(optional_fields))]
pub struct SettingsChange {
    #[serde(skip)]
    settings: Map<String, Value>,
    pub account: Option<AccountChange>,
    /// A folder to look at from now on.
    pub add_folder: Option<String>,
    /// A folder not to look at any more, as the settings list it.
    pub remove_folder: Option<String>,
}

/// A change of what is chosen for one account; what is null stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AccountChange {
    pub id: String,
    /// Empty for the sign-in's own name.
    pub label: Option<String>,
    pub enabled: Option<bool>,
    pub renewal: Option<bool>,
    pub readings: Option<Readings>,
}

impl SettingsChange {
    /// Checks a change from a page.
    ///
    /// # Errors
    /// Fails if a value is invalid. The message says what is allowed.
    pub fn read(sent: &Value) -> Result<Self, String> {
        let mut change = Self::deserialize(sent).map_err(|_| OTHER_KIND.to_owned())?;
        if let Some(account) = &mut change.account
            && let Some(label) = &mut account.label
        {
            *label = check_label(label)?.unwrap_or_default();
        }
        change.settings = sent.as_object().map(Settings::from_page).transpose()?.unwrap_or_default();
        Ok(change)
    }

    pub fn start_at_login(&self) -> Option<bool> {
        self.settings.get("start_at_login")?.as_bool()
    }

    /// Applies the change to the object of `settings.json`. Every other value stays.
    pub fn apply(self, object: &mut Map<String, Value>) {
        object.extend(self.settings);
        if let Some(change) = self.account {
            let mut accounts = as_object(object.remove(ACCOUNTS));
            change.apply(&mut accounts);
            object.insert(ACCOUNTS.to_owned(), accounts.into());
        }
        if let Some(setting) = folders_setting()
            && (self.add_folder.is_some() || self.remove_folder.is_some())
        {
            let mut folders = as_list(object.remove(setting));
            folders.retain(|listed| self.remove_folder.is_none() || listed.as_str() != self.remove_folder.as_deref());
            folders.extend(self.add_folder.map(Value::from));
            object.insert(setting.to_owned(), folders.into());
        }
    }
}

impl AccountChange {
    fn apply(self, accounts: &mut Map<String, Value>) {
        let Self { id, label, enabled, renewal, readings } = self;
        let mut account = as_object(accounts.remove(&id));
        let fields = as_object(Some(json!({"enabled": enabled, "renewal": renewal, "readings": readings})));
        account.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        if let Some(label) = label {
            // An empty label hides the label of the login, by which earlier versions identified the account.
            let login = AccountId(id.clone()).login().0;
            let is_inherited = login != id && accounts.get(&login).is_some_and(|login| login.get(LABEL).is_some());
            match label.is_empty() && !is_inherited {
                true => account.remove(LABEL),
                false => account.insert(LABEL.to_owned(), label.into()),
            };
        }
        accounts.insert(id, account.into());
    }
}

/// A page names a folder alone, which is one of the first owner.
fn folders_setting() -> Option<&'static str> {
    Provider::ALL.into_iter().find_map(Provider::owner_info).map(|owner| owner.folders.setting)
}

/// Replaces any other value, which was unusable anyway, by an empty object.
fn as_object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        Some(_) | None => Map::new(),
    }
}

fn as_list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        Some(_) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: Value, change: Value, after: Value) {
        let mut object = as_object(Some(before));
        SettingsChange::read(&change).unwrap().apply(&mut object);
        assert_eq!(Value::Object(object), after);
    }

    #[test]
    fn settings_change_touches_only_its_keys() {
        check(
            json!({"theme": "dark", "x": null, "accounts": {"a": {"label": "A", "x": null}, "b": 7, "c": {"enabled": false}}}),
            json!({"percent": "left", "account": {"id": "a", "enabled": false}}),
            json!({"theme": "dark", "x": null, "percent": "left",
                "accounts": {"a": {"label": "A", "x": null, "enabled": false}, "b": 7, "c": {"enabled": false}}}),
        );
    }

    #[test]
    fn settings_change_tells_whether_start_at_login_was_switched() {
        let switched = |change: Value| SettingsChange::read(&change).unwrap().start_at_login();
        let changes = [json!({"start_at_login": true}), json!({"start_at_login": false}), json!({"theme": "dark"})];
        assert_eq!(changes.map(switched), [Some(true), Some(false), None]);
    }

    #[test]
    fn settings_change_sets_readings_globally_and_per_account() {
        check(json!({}), json!({"readings": "free_only"}), json!({"readings": "free_only"}));
        check(
            json!({"readings": "free_only", "accounts": {"a": {"label": "A"}}}),
            json!({"account": {"id": "a", "readings": "ask"}}),
            json!({"readings": "free_only", "accounts": {"a": {"label": "A", "readings": "ask"}}}),
        );
    }

    #[test]
    fn settings_change_trims_the_label_and_removes_an_empty_one() {
        let label = |text: &str| json!({"account": {"id": "a", "label": text}});
        check(json!({}), label("  Work  "), json!({"accounts": {"a": {"label": "Work"}}}));
        check(
            json!({"accounts": {"a": {"label": "W", "renewal": true}}}),
            label(" "),
            json!({"accounts": {"a": {"renewal": true}}}),
        );
        let seat = json!({"account": {"id": "a/acme", "label": " "}});
        check(
            json!({"accounts": {"a": {"label": "W"}}}),
            seat.clone(),
            json!({"accounts": {"a": {"label": "W"}, "a/acme": {"label": ""}}}),
        );
        check(
            json!({"accounts": {"a": {"renewal": true}, "a/acme": {"label": "A"}}}),
            seat,
            json!({"accounts": {"a": {"renewal": true}, "a/acme": {}}}),
        );
        check(json!({"accounts": [1]}), label("W"), json!({"accounts": {"a": {"label": "W"}}}));
        assert!(SettingsChange::read(&label(&"x".repeat(81))).unwrap_err().contains("up to 80"));
    }

    #[test]
    fn settings_change_adds_and_removes_single_config_dirs() {
        check(json!({}), json!({"add_folder": "~/a"}), json!({"claude_config_dirs": ["~/a"]}));
        check(
            json!({"claude_config_dirs": ["~/a", 5, "b", "~/c"]}),
            json!({"remove_folder": "~/a"}),
            json!({"claude_config_dirs": [5, "b", "~/c"]}),
        );
        check(
            json!({"claude_config_dirs": "~/a"}),
            json!({"add_folder": "~/b"}),
            json!({"claude_config_dirs": ["~/b"]}),
        );
    }

    #[test]
    fn settings_change_with_empty_quiet_hours_clears_them() {
        check(json!({}), json!({"quiet_hours": "22:00 – 7:00"}), json!({"quiet_hours": "22:00-07:00"}));
        check(json!({"quiet_hours": "22:00-07:00"}), json!({"quiet_hours": " "}), json!({"quiet_hours": null}));
        check(json!({}), json!({"notify_thresholds": []}), json!({"notify_thresholds": []}));
    }

    #[test]
    fn settings_change_out_of_range_is_rejected_with_the_allowed_values() {
        for (change, says) in [
            (json!({"quiet_hours": "at night"}), "22:00-07:00"),
            (json!({"notify_thresholds": [101]}), "from 1 to 100"),
            (json!({"history_days": 0}), "1 to 3650 days"),
            (json!({"history_mb": 9999}), "1 to 4096 MB"),
        ] {
            let refused = SettingsChange::read(&change).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn settings_change_validates_the_polling_interval() {
        check(json!({}), json!({"polling_interval_s": 600}), json!({"polling_interval_s": 600}));
        for wrong in [json!(5), json!("600"), json!(600.5)] {
            let refused = SettingsChange::read(&json!({"polling_interval_s": wrong})).unwrap_err();
            assert!(refused.starts_with("The polling interval must be"), "{refused}");
        }
    }

    #[test]
    fn settings_change_round_trips_every_setting() {
        let sent = serde_json::to_value(Settings { updates: Some(true), ..Settings::default() }).unwrap();
        let mut object = Map::new();
        SettingsChange::read(&sent).unwrap().apply(&mut object);
        let mut expected = sent;
        expected.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_eq!(Value::Object(object.clone()), expected);
        let (settings, problems) = Settings::parse(&object);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.updates, Some(true));
    }

    #[test]
    fn settings_change_ignores_keys_the_page_may_not_change() {
        check(json!({"x": 1}), json!({"renewal": true, "metrics": {}, "version": 7, "theme": null}), json!({"x": 1}));
    }

    #[test]
    fn settings_change_of_wrong_type_is_rejected() {
        for wrong in [json!(7), json!({"theme": "blue"}), json!({"start_at_login": "yes"}), json!({"account": 3})] {
            assert_eq!(SettingsChange::read(&wrong).unwrap_err(), OTHER_KIND, "{wrong}");
        }
        let change = SettingsChange::read(&json!({"start_at_login": true})).unwrap();
        assert_eq!(change.start_at_login(), Some(true));
    }
}
