//! Reads `settings.json`: each valid value, and a problem for each invalid one.

use super::VERSION;
use super::rules::{Quotes, Rule, check_folder, check_label, choice, flag, readings};
use super::values::{AccountSettings, Readings};
use crate::providers::Provider;
use crate::state::AccountId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The object of `settings.json`, and the problems found in it.
pub(super) struct Parser<'a> {
    pub object: &'a Map<String, Value>,
    pub quotes: Quotes,
    pub problems: Vec<String>,
}

impl Parser<'_> {
    pub fn version(&mut self) {
        let found = self.object.get("version");
        if found.is_none_or(|version| version.as_u64() == Some(VERSION)) {
            return;
        }
        self.problems.push(format!(
            "settings.json: \"version\" is {}; this version of Holdoff supports version {VERSION} and reads what it can.",
            self.quotes.shown(found)
        ));
    }

    pub fn setting<T: 'static>(&mut self, key: &str, default: T, rule: Rule<T>) -> T {
        self.setting_in(self.object, key, key, &default, rule).unwrap_or(default)
    }

    /// `None` if the value is absent or unusable. `name` is what a problem calls `key`.
    fn setting_in<T: 'static>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        name: &str,
        default: &T,
        rule: Rule<T>,
    ) -> Option<T> {
        rule.of_file(name, object.get(key)?, default, self.quotes).map_or_else(
            |(problem, instead)| {
                self.problems.push(problem);
                instead
            },
            Some,
        )
    }

    pub fn folders(&mut self) -> BTreeMap<Provider, Vec<String>> {
        let owned = Provider::ALL.into_iter().filter_map(|provider| Some((provider, provider.owner_info()?)));
        let folders = owned.map(|(provider, owner)| (provider, self.folders_in(owner.folders.setting)));
        folders.filter(|(_, listed)| !listed.is_empty()).collect()
    }

    fn folders_in(&mut self, key: &str) -> Vec<String> {
        let listed: Vec<Value> = self.setting(key, Vec::new(), choice("a list of folders"));
        listed.iter().filter_map(|value| self.folder(key, value)).collect()
    }

    fn folder(&mut self, key: &str, value: &Value) -> Option<String> {
        let text = value.as_str().unwrap_or_default();
        if let Err(allowed) = check_folder(text) {
            self.problems.push(format!(
                "settings.json: \"{key}\" lists {}, which is ignored. {allowed}",
                self.quotes.shown(Some(value))
            ));
            return None;
        }
        Some(text.to_owned())
    }

    pub fn accounts(&mut self) -> BTreeMap<AccountId, AccountSettings> {
        let listed: Map<String, Value> =
            self.setting("accounts", Map::new(), choice("an object with an entry for each account"));
        listed.iter().map(|(id, value)| (AccountId(id.clone()), self.account(id, value))).collect()
    }

    fn account(&mut self, id: &str, value: &Value) -> AccountSettings {
        let Some(object) = value.as_object() else {
            self.problems.push(format!(
                "settings.json: \"accounts.{}\" is {}; it must be an object. Holdoff uses its default.",
                self.quotes.account(id),
                self.quotes.shown(Some(value))
            ));
            return AccountSettings::default();
        };
        let id = self.quotes.account(id);
        let name = |key: &str| format!("accounts.{id}.{key}");
        AccountSettings {
            label: self.label(object, &name("label")),
            readings: self.readings_of(object, &name("readings")),
            enabled: self.setting_in(object, "enabled", &name("enabled"), &true, flag()),
            renewal: self.setting_in(object, "renewal", &name("renewal"), &None, choice("true or false")).flatten(),
        }
    }

    /// Null means the setting for all accounts.
    fn readings_of(&mut self, object: &Map<String, Value>, name: &str) -> Option<Readings> {
        if object.get("readings").is_some_and(Value::is_null) {
            return None;
        }
        self.setting_in(object, "readings", name, &None, readings()).flatten()
    }

    fn label(&mut self, object: &Map<String, Value>, name: &str) -> Option<String> {
        let text: Option<String> = self.setting_in(object, "label", name, &None, choice("a string")).flatten();
        check_label(&text?).map(|label| Some(label.unwrap_or_default())).unwrap_or_else(|problem| {
            self.problems.push(format!("settings.json: \"{name}\" cannot be used. {problem}"));
            None
        })
    }
}
