//! Hides names, addresses and organizations from everything that is shown, while the user wants that. Whatever shows
//! something takes a state and settings from here, so nothing has to know.

use crate::credential::Identity;
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, State};
use std::borrow::Cow;

/// What may be shown of `state` and `settings`.
pub fn shown<'a>(state: &'a State, settings: &'a Settings) -> (Cow<'a, State>, Cow<'a, Settings>) {
    if !settings.hide_names {
        return (Cow::Borrowed(state), Cow::Borrowed(settings));
    }
    let (mut hidden, mut unnamed) = (state.clone(), settings.clone());
    for (id, account) in &mut hidden.accounts {
        account.sign_in.identity = named(number(id, state));
    }
    for place in &mut hidden.places {
        place.sign_in.identity = place.account.as_ref().map_or_else(Identity::default, |id| named(number(id, state)));
    }
    unnamed.accounts.values_mut().for_each(|account| account.label = None);
    (Cow::Owned(hidden), Cow::Owned(unnamed))
}

/// What may be shown of one account's state.
pub fn shown_account<'a>(account: &'a AccountState, settings: &Settings) -> Cow<'a, AccountState> {
    if !settings.hide_names {
        return Cow::Borrowed(account);
    }
    let mut hidden = account.clone();
    hidden.sign_in.identity = Identity::default();
    Cow::Owned(hidden)
}

/// The number of an account among all known ones, from 1; `None` if there is only one. It stays the same while they do.
fn number(id: &AccountId, state: &State) -> Option<usize> {
    let ids = state.accounts.keys().chain(state.places.iter().filter_map(|place| place.account.as_ref()));
    let mut ids: Vec<&AccountId> = ids.collect();
    ids.sort();
    ids.dedup();
    let at = ids.iter().position(|known| *known == id)?;
    (ids.len() > 1).then_some(at + 1)
}

fn named(number: Option<usize>) -> Identity {
    let name = number.map_or_else(|| "Account".to_owned(), |number| format!("Account {number}"));
    Identity { email: Some(name), ..Identity::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::label;
    use crate::credential::location::CredentialLocation;
    use crate::providers::Provider;
    use crate::settings::AccountSettings;

    fn account(email: &str) -> AccountState {
        let mut account = AccountState::new(Provider::Anthropic);
        account.sign_in.identity.email = Some(email.into());
        account.sign_in.identity.organization = Some("Acme".into());
        account
    }

    fn id(name: &str) -> AccountId {
        AccountId(format!("anthropic:{name}"))
    }

    fn settings(hide_names: bool) -> Settings {
        let label = AccountSettings { label: Some("Ann's own".into()), ..AccountSettings::default() };
        Settings { hide_names, accounts: [(id("a"), label)].into(), ..Settings::default() }
    }

    fn state(accounts: &[(&str, &str)]) -> State {
        let mut state = State::new("boot".into());
        state.accounts = accounts.iter().map(|(name, email)| (id(name), account(email))).collect();
        state
    }

    #[test]
    fn names_are_shown_unless_they_are_hidden() {
        let (state, settings) = (state(&[("a", "ann@example.com")]), settings(false));
        let (shown, chosen) = shown(&state, &settings);
        assert_eq!(label::label(&id("a"), &shown, &chosen), "Ann's own");
        assert_eq!(shown_account(&state.accounts[&id("a")], &settings).as_ref(), &state.accounts[&id("a")]);
    }

    #[test]
    fn hidden_names_are_numbers_in_every_place() {
        let mut state = state(&[("a", "ann@example.com"), ("b", "bob@example.com")]);
        let mut place = CredentialLocation::new(Provider::Anthropic, "~/.claude/.credentials.json");
        place.account = Some(id("c"));
        place.sign_in.identity.email = Some("carol@example.com".into());
        state.places = vec![place, CredentialLocation::new(Provider::Anthropic, "~/new/.credentials.json")];
        let settings = settings(true);
        let (hidden, unnamed) = shown(&state, &settings);
        let names = ["a", "b"].map(|name| label::label(&id(name), &hidden, &unnamed));
        assert_eq!(names, ["Account 1", "Account 2"]);
        assert_eq!(label::label_of(&id("c"), &hidden.places[0].sign_in, &hidden, &unnamed), "Account 3");
        let told = serde_json::to_string(hidden.as_ref()).unwrap() + &format!("{:?}", unnamed.accounts);
        for name in ["example.com", "Acme", "Ann"] {
            assert!(!told.contains(name), "{name} in {told}");
        }
    }

    #[test]
    fn hidden_name_of_the_only_account_has_no_number() {
        let (state, settings) = (state(&[("a", "ann@example.com")]), settings(true));
        let (hidden, unnamed) = shown(&state, &settings);
        assert_eq!(label::label(&id("a"), &hidden, &unnamed), "Account");
        let alone = shown_account(&state.accounts[&id("a")], &settings);
        assert_eq!(alone.sign_in.identity, Identity::default());
    }
}
