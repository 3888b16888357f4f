//! What the person chooses in the settings, as changes of `settings.json`: checked first, and only what was meant is
//! touched.

use crate::view::{AccountChange, SettingsChange};
use holdoff_core::notification::thresholds::{QuietHours, Thresholds};
use holdoff_core::settings::{HISTORY_DAYS, HISTORY_MB};
use holdoff_core::{AccountId, Settings};
use serde_json::{Map, Value, json};

const FOLDERS: &str = "claude_config_dirs";
const ACCOUNTS: &str = "accounts";
const LABEL: &str = "label";
const QUIET: &str = "quiet_hours";

/// What is to be written, all of it checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    plain: Map<String, Value>,
    account: Option<(String, Map<String, Value>)>,
    add_folder: Option<String>,
    remove_folder: Option<String>,
}

impl Edit {
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn of(change: SettingsChange) -> Result<Self, String> {
        if let Some(secs) = change.polling_interval_s {
            Settings::check_interval(secs.into())?;
        }
        check_limits(&change)?;
        let SettingsChange { account, add_folder, remove_folder, quiet_hours, .. } = change.clone();
        let plain =
            SettingsChange { account: None, add_folder: None, remove_folder: None, quiet_hours: None, ..change };
        let account = account.map(fields_of).transpose()?;
        let mut plain = said(serde_json::to_value(plain).unwrap_or_default());
        if let Some(hours) = quiet_hours {
            plain.insert(QUIET.to_owned(), quiet(&hours)?);
        }
        Ok(Self { plain, account, add_folder, remove_folder })
    }

    /// Writes it into the object of `settings.json`, where every other value stays.
    pub fn apply(self, object: &mut Map<String, Value>) {
        object.extend(self.plain);
        if let Some((id, fields)) = self.account {
            let mut accounts = as_object(object.remove(ACCOUNTS));
            let mut account = as_object(accounts.remove(&id));
            account.extend(fields);
            // Where earlier versions took the login for the account, its label would show again.
            let login = AccountId(id.clone()).login().0;
            let is_inherited = login != id && accounts.get(&login).is_some_and(|login| login.get(LABEL).is_some());
            if is_inherited && account.get(LABEL).is_some_and(Value::is_null) {
                account.insert(LABEL.to_owned(), "".into());
            }
            account.retain(|key, value| key != LABEL || !value.is_null());
            accounts.insert(id, account.into());
            object.insert(ACCOUNTS.to_owned(), accounts.into());
        }
        if self.add_folder.is_some() || self.remove_folder.is_some() {
            let mut folders = as_list(object.remove(FOLDERS));
            folders.retain(|listed| self.remove_folder.is_none() || listed.as_str() != self.remove_folder.as_deref());
            folders.extend(self.add_folder.map(Value::from));
            object.insert(FOLDERS.to_owned(), folders.into());
        }
    }
}

/// What is said of windows, and how much of the history is kept.
fn check_limits(change: &SettingsChange) -> Result<(), String> {
    if let Some(percents) = change.notify_thresholds.clone() {
        Thresholds::try_from(percents).map_err(|_| "Each threshold is a whole percent from 1 to 100.".to_owned())?;
    }
    if change.history_days.is_some_and(|days| !HISTORY_DAYS.contains(&days)) {
        return Err(format!("The history is kept for {} to {} days.", HISTORY_DAYS.start(), HISTORY_DAYS.end()));
    }
    if change.history_mb.is_some_and(|size| !HISTORY_MB.contains(&size)) {
        return Err(format!("The history may take {} to {} MB.", HISTORY_MB.start(), HISTORY_MB.end()));
    }
    Ok(())
}

/// Nothing written is no quiet hours.
fn quiet(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let hours: QuietHours =
        text.parse().map_err(|_| "Quiet hours are two different times of the day, such as 22:00-07:00.".to_owned())?;
    Ok(hours.to_string().into())
}

/// A label that is null is taken away.
fn fields_of(change: AccountChange) -> Result<(String, Map<String, Value>), String> {
    let AccountChange { id, label, enabled, renewal, readings } = change;
    let mut fields = said(json!({"enabled": enabled, "renewal": renewal, "readings": readings}));
    if let Some(label) = label {
        fields.insert(LABEL.to_owned(), Settings::check_label(&label)?.into());
    }
    Ok((id, fields))
}

/// The keys that were given; null is "stays".
fn said(change: Value) -> Map<String, Value> {
    match change {
        Value::Object(object) => object.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// What is there and is no object could not be used either.
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
        Edit::of(serde_json::from_value(change).unwrap()).unwrap().apply(&mut object);
        assert_eq!(Value::Object(object), after);
    }

    #[test]
    fn only_what_is_meant_is_touched() {
        check(
            json!({"theme": "dark", "x": null, "accounts": {"a": {"label": "A", "x": null}, "b": 7, "c": {"enabled": false}}}),
            json!({"percent": "left", "account": {"id": "a", "enabled": false}}),
            json!({"theme": "dark", "x": null, "percent": "left",
                "accounts": {"a": {"label": "A", "x": null, "enabled": false}, "b": 7, "c": {"enabled": false}}}),
        );
    }

    #[test]
    fn where_readings_come_from_is_chosen_for_all_and_for_one() {
        check(json!({}), json!({"readings": "free_only"}), json!({"readings": "free_only"}));
        check(
            json!({"readings": "free_only", "accounts": {"a": {"label": "A"}}}),
            json!({"account": {"id": "a", "readings": "ask"}}),
            json!({"readings": "free_only", "accounts": {"a": {"label": "A", "readings": "ask"}}}),
        );
    }

    #[test]
    fn a_label_is_trimmed_and_an_empty_one_is_taken_away() {
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
            seat,
            json!({"accounts": {"a": {"label": "W"}, "a/acme": {"label": ""}}}),
        );
        check(json!({"accounts": [1]}), label("W"), json!({"accounts": {"a": {"label": "W"}}}));
        let long = serde_json::from_value(label(&"x".repeat(81))).unwrap();
        assert!(Edit::of(long).unwrap_err().contains("up to 80"));
    }

    #[test]
    fn folders_are_added_and_removed_one_by_one() {
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
    fn quiet_hours_that_are_emptied_are_none() {
        check(json!({}), json!({"quiet_hours": "22:00 – 7:00"}), json!({"quiet_hours": "22:00-07:00"}));
        check(json!({"quiet_hours": "22:00-07:00"}), json!({"quiet_hours": " "}), json!({"quiet_hours": null}));
        check(json!({}), json!({"notify_thresholds": []}), json!({"notify_thresholds": []}));
    }

    #[test]
    fn what_is_not_allowed_is_refused_in_a_sentence() {
        for (change, says) in [
            (json!({"quiet_hours": "at night"}), "22:00-07:00"),
            (json!({"notify_thresholds": [101]}), "from 1 to 100"),
            (json!({"history_days": 0}), "1 to 3650 days"),
            (json!({"history_mb": 9999}), "1 to 4096 MB"),
        ] {
            let refused = Edit::of(serde_json::from_value(change).unwrap()).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn an_interval_that_is_not_allowed_is_refused() {
        let change = SettingsChange { polling_interval_s: Some(5), ..SettingsChange::default() };
        assert!(Edit::of(change).is_err());
    }
}
