//! Settings for several sign-ins: their folders, their labels, and which ones are checked.

use super::rules::{choice, flag, readings};
use super::{Parser, Readings, Settings};
use crate::providers::Provider;
use crate::state::AccountId;
use crate::text::clean;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Maximum length of a label in characters: it appears in menus and notifications.
pub const LABEL_MAX: usize = 80;

/// Settings of one account. They outlast its sign-in, which may be gone for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountSettings {
    /// The user's name for the account. `None` or empty means its e-mail address.
    pub label: Option<String>,
    /// Whether Holdoff sends requests for it. `None` means yes.
    pub enabled: Option<bool>,
    /// `None` means the setting for all accounts.
    pub renewal: Option<bool>,
    /// `None` means the setting for all accounts.
    pub readings: Option<Readings>,
}

/// What a label applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelOf {
    Seat,
    /// All seats of the login.
    Login,
}

impl Settings {
    /// The user's label for an account, if there is one, and whether it applies to the seat or to its login. Earlier versions
    /// identified accounts by login.
    pub fn label(&self, account: &AccountId) -> Option<(&str, LabelOf)> {
        let of = |id: &AccountId| self.accounts.get(id)?.label.as_deref();
        let label = of(account).map(|label| (label, LabelOf::Seat));
        label.or_else(|| Some((of(&account.login())?, LabelOf::Login))).filter(|(label, _)| !label.is_empty())
    }

    /// The setting of a seat, or else of its login.
    fn chosen<T>(&self, account: &AccountId, of: impl Fn(&AccountSettings) -> Option<T>) -> Option<T> {
        self.accounts.get(account).and_then(&of).or_else(|| self.accounts.get(&account.login()).and_then(of))
    }

    /// Whether Holdoff sends requests for an account.
    pub fn is_enabled(&self, account: &AccountId) -> bool {
        self.chosen(account, |chosen| chosen.enabled).unwrap_or(true)
    }

    /// Whether Holdoff may renew an account's sign-in.
    pub fn may_renew(&self, account: &AccountId) -> bool {
        self.chosen(account, |chosen| chosen.renewal).unwrap_or(self.renewal)
    }

    /// Checks a label that the user entered. An empty one restores the e-mail address.
    ///
    /// # Errors
    /// Fails if the label is too long or not a single line. The message says what is allowed.
    pub fn check_label(text: &str) -> Result<Option<String>, String> {
        let text = text.trim();
        if text.chars().count() > LABEL_MAX {
            return Err(format!("A label may have up to {LABEL_MAX} characters."));
        }
        if text.chars().any(char::is_control) {
            return Err("A label must be a single line.".to_owned());
        }
        Ok(Some(clean(text, LABEL_MAX)).filter(|text| !text.is_empty()))
    }

    /// The config folders of a provider's owner beside the default one.
    pub fn config_dirs(&self, provider: Provider) -> &[String] {
        self.config_dirs.get(&provider).map(Vec::as_slice).unwrap_or_default()
    }

    /// Checks a folder that the user entered, without accessing the disk.
    ///
    /// # Errors
    /// Fails if the path is neither absolute nor below `~`. The message says what is allowed.
    pub fn check_folder(text: &str) -> Result<(), String> {
        let below_home = text == "~" || text.starts_with("~/") || text.starts_with("~\\");
        if below_home || Path::new(text).is_absolute() {
            return Ok(());
        }
        let examples = Provider::ALL.map(|provider| provider.info().folders.example).join(" or ");
        Err(format!("Use the full path of the folder, such as {examples}."))
    }
}

impl Parser<'_> {
    pub(super) fn folders(&mut self) -> BTreeMap<Provider, Vec<String>> {
        let folders = Provider::ALL.map(|provider| (provider, self.folders_in(provider.info().folders.setting)));
        folders.into_iter().filter(|(_, listed)| !listed.is_empty()).collect()
    }

    fn folders_in(&mut self, key: &str) -> Vec<String> {
        let listed: Vec<Value> = self.setting(key, Vec::new(), choice("a list of folders"));
        listed.iter().filter_map(|value| self.folder(key, value)).collect()
    }

    fn folder(&mut self, key: &str, value: &Value) -> Option<String> {
        let text = value.as_str().unwrap_or_default();
        if let Err(allowed) = Settings::check_folder(text) {
            self.problems.push(format!(
                "settings.json: \"{key}\" lists {}, which is ignored. {allowed}",
                self.quotes.shown(Some(value))
            ));
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn accounts(&mut self) -> BTreeMap<AccountId, AccountSettings> {
        let listed: serde_json::Map<String, Value> =
            self.setting("accounts", serde_json::Map::new(), choice("an object with an entry for each account"));
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
    fn readings_of(&mut self, object: &serde_json::Map<String, Value>, name: &str) -> Option<Readings> {
        if object.get("readings").is_some_and(Value::is_null) {
            return None;
        }
        self.setting_in(object, "readings", name, &None, readings()).flatten()
    }

    fn label(&mut self, object: &serde_json::Map<String, Value>, name: &str) -> Option<String> {
        let text: Option<String> = self.setting_in(object, "label", name, &None, choice("a string")).flatten();
        Settings::check_label(&text?).map(|label| Some(label.unwrap_or_default())).unwrap_or_else(|problem| {
            self.problems.push(format!("settings.json: \"{name}\" cannot be used. {problem}"));
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Quotes;
    use serde_json::json;

    const ANN: &str = "anthropic:ann";

    fn parse(value: Value) -> (Settings, Vec<String>) {
        Settings::parse(value.as_object().unwrap())
    }

    fn ann() -> AccountId {
        AccountId(ANN.to_owned())
    }

    #[test]
    fn account_settings_default_to_enabled_and_global_renewal() {
        let (settings, problems) = parse(json!({"renewal": true, "accounts": {"anthropic:bob": {}}}));
        assert_eq!(problems, Vec::<String>::new());
        for id in [ann(), AccountId("anthropic:bob".into())] {
            assert!(settings.is_enabled(&id) && settings.may_renew(&id));
            assert_eq!(settings.label(&id), None);
        }
    }

    #[test]
    fn account_settings_apply_to_that_account_only() {
        let (settings, problems) = parse(json!({"accounts": {
            ANN: {"label": "  Work ", "enabled": false, "renewal": true, "someone_elses": 1},
        }}));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.label(&ann()), Some(("Work", LabelOf::Seat)));
        assert!(!settings.is_enabled(&ann()) && settings.may_renew(&ann()));
        let bob = AccountId("anthropic:bob".into());
        assert!(settings.is_enabled(&bob) && !settings.may_renew(&bob));
    }

    /// Earlier versions identified accounts by login.
    #[test]
    fn account_settings_of_a_login_apply_to_its_seats_unless_overridden() {
        let (mut settings, problems) = parse(json!({"accounts": {
            ANN: {"label": "Work", "enabled": false, "renewal": true},
            "anthropic:ann/acme": {"label": "Acme", "enabled": true},
            "anthropic:ann/home": {"label": ""},
        }}));
        assert_eq!(problems, Vec::<String>::new());
        let seat = |name: &str| AccountId(format!("{ANN}/{name}"));
        assert_eq!(settings.label(&seat("acme")), Some(("Acme", LabelOf::Seat)));
        assert_eq!(settings.label(&seat("other")), Some(("Work", LabelOf::Login)));
        assert_eq!(settings.label(&seat("home")), None, "an empty one is none on purpose");
        assert!(settings.is_enabled(&seat("acme")) && !settings.is_enabled(&seat("home")));
        assert!(settings.may_renew(&seat("acme")));
        settings.accounts.clear();
        assert!(settings.is_enabled(&seat("home")) && !settings.may_renew(&seat("acme")));
    }

    #[test]
    fn account_settings_null_or_empty_label_counts_as_absent() {
        let (settings, problems) =
            parse(json!({"accounts": {ANN: {"label": null, "renewal": null}, "b": {"label": " "}}}));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!((settings.label(&ann()), settings.label(&AccountId("b".into()))), (None, None));
        assert!(!settings.may_renew(&ann()));
    }

    #[test]
    fn account_label_at_maximum_length_is_accepted() {
        let longest = "é".repeat(LABEL_MAX);
        assert_eq!(Settings::check_label(&longest), Ok(Some(longest.clone())));
        assert!(Settings::check_label(&format!("{longest}x")).is_err());
    }

    #[test]
    fn account_settings_invalid_value_is_reported_and_only_it_ignored() {
        let long = "x".repeat(LABEL_MAX + 1);
        for (wrong, named) in [
            (json!({"label": 5, "enabled": false}), "accounts.anthropic:ann.label"),
            (json!({"label": long, "enabled": false}), "up to 80 characters"),
            (json!({"label": "a\nb", "enabled": false}), "single line"),
            (json!({"renewal": "yes", "enabled": false}), "accounts.anthropic:ann.renewal"),
        ] {
            let (settings, problems) = parse(json!({"accounts": {ANN: wrong}}));
            assert!(problems.len() == 1 && problems[0].contains(named), "{problems:?}");
            assert_eq!(
                settings.accounts[&ann()],
                AccountSettings { enabled: Some(false), ..AccountSettings::default() }
            );
        }
        for (wrong, named) in [
            (json!({"accounts": []}), "\"accounts\" is []"),
            (json!({"accounts": {ANN: true, "b": {}}}), "\"accounts.anthropic:ann\" is true"),
            (json!({"accounts": {ANN: {"enabled": "no"}}}), "accounts.anthropic:ann.enabled"),
        ] {
            let (settings, problems) = parse(wrong);
            assert!(problems.len() == 1 && problems[0].contains(named), "{problems:?}");
            assert!(settings.is_enabled(&ann()));
        }
    }

    #[test]
    fn account_settings_problem_sanitizes_an_invalid_id() {
        let (_, problems) = parse(json!({"accounts": {"x".repeat(5000): 3, "a\nb": 3, "c\u{0}": {"label": 7}}}));
        assert_eq!(problems.len(), 3);
        for problem in problems {
            assert!(problem.chars().count() < 200 && !problem.chars().any(char::is_control), "{problem}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn config_dir_that_is_not_absolute_is_reported_and_ignored() {
        for wrong in
            [json!("work"), json!("./work"), json!("../work"), json!(""), json!("~ann/x"), json!(7), json!(null)]
        {
            let (settings, problems) = parse(json!({"claude_config_dirs": ["~/a", wrong, "/b", "~"]}));
            assert_eq!(settings.config_dirs(Provider::Anthropic), ["~/a", "/b", "~"]);
            assert!(problems.len() == 1 && problems[0].contains("ignored"), "{problems:?}");
        }
        assert_eq!(parse(json!({"claude_config_dirs": "~/a"})).1.len(), 1);
    }

    #[test]
    fn account_id_in_problems_is_truncated_to_80_characters() {
        assert_eq!(Quotes::Values.account(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(Quotes::Values.account(&"x".repeat(81)), "x".repeat(80) + "…");
    }
}
