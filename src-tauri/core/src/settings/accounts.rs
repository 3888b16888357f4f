//! The settings as they apply to one account: its own ones, else its login's, else those for all.

use super::{AccountSettings, Readings, Settings};
use crate::providers::Provider;
use crate::state::AccountId;

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

    /// The choice for this account, or else for all accounts; `None` if neither is set.
    pub fn readings(&self, account: &AccountId) -> Option<Readings> {
        self.accounts.get(account).and_then(|chosen| chosen.readings).or(self.readings)
    }

    /// Whether the user has chosen a source of readings for any account.
    pub fn has_readings_choice(&self) -> bool {
        self.readings.is_some() || self.accounts.values().any(|chosen| chosen.readings.is_some())
    }

    /// The config folders of a provider's owner beside the default one.
    pub fn config_dirs(&self, provider: Provider) -> &[String] {
        self.config_dirs.get(&provider).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::rules::Quotes;
    use crate::settings::{LABEL_MAX, check_label};
    use serde_json::{Value, json};

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
        assert_eq!(check_label(&longest), Ok(Some(longest.clone())));
        assert!(check_label(&format!("{longest}x")).is_err());
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
            assert!(problems[0].ends_with("Until it is, Holdoff sends no requests."), "{problems:?}");
        }
        let (settings, problems) = parse(json!({"accounts": {"a": {"readings": "none"}}}));
        assert!(problems.len() == 1 && problems[0].contains("accounts.a.readings"), "{problems:?}");
        assert_eq!((of(&settings, "a"), of(&settings, "b")), (FREE, None));
    }

    #[test]
    fn readings_setting_presence_is_detected() {
        let says = |value: Value| parse(value).0.has_readings_choice();
        assert!(says(json!({"readings": "ask"})) && says(json!({"accounts": {"a": {"readings": "ask"}}})));
        assert!(!says(json!({"version": 1, "accounts": {"a": {"label": "A"}}})));
    }
}
