//! Selects an account by name or location.

use crate::account::label;
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, State};

/// Why no account could be selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotChosen {
    /// No accounts are known.
    NoneKnown,
    /// No account has this name; `known` lists the ones that exist.
    NoSuch { wanted: String, known: Vec<String> },
    /// The selection is ambiguous.
    Several { known: Vec<String> },
}

/// Finds the account called `wanted`: its id with or without the provider, its email, or its label. Without a name, selects
/// the account whose sign-in is at `place`, else the only one.
///
/// # Errors
/// Fails if there are no accounts, none has this name, or more than one matches.
pub fn account<'a>(
    state: &'a State,
    settings: &Settings,
    wanted: Option<&str>,
    place: &str,
) -> Result<(&'a AccountId, &'a AccountState), NotChosen> {
    let all: Vec<(&AccountId, &AccountState)> =
        state.active.iter().filter_map(|id| state.accounts.get_key_value(id)).collect();
    if all.is_empty() {
        return Err(NotChosen::NoneKnown);
    }
    let known = || all.iter().map(|(id, _)| label::label(id, state, settings)).collect();
    let Some(wanted) = wanted else {
        let here = all.iter().find(|(_, account)| account.sign_in.place == place);
        return match (here, all.as_slice()) {
            (Some(here), _) => Ok(*here),
            (None, [only]) => Ok(*only),
            (None, _) => Err(NotChosen::Several { known: known() }),
        };
    };
    let none = || NotChosen::NoSuch { wanted: wanted.to_owned(), known: known() };
    // Match unique names first: an email, or an id from before seats existed, may belong to several accounts.
    let own = all.iter().find(|(id, _)| is_called(wanted, [&id.0, bare(id), &label::label(id, state, settings)]));
    if let Some(own) = own {
        return Ok(*own);
    }
    let shared = |(id, account): &&(&AccountId, &AccountState)| {
        let (login, email) = (id.login(), account.sign_in.identity.email.as_deref().unwrap_or_default());
        is_called(wanted, [&login.0, bare(&login), email])
    };
    let mut shared = all.iter().filter(shared);
    match (shared.next(), shared.next()) {
        (Some(only), None) => Ok(*only),
        (Some(_), Some(_)) => Err(NotChosen::Several { known: known() }),
        (None, _) => Err(none()),
    }
}

fn bare(id: &AccountId) -> &str {
    id.0.split_once(':').map_or("", |(_, bare)| bare)
}

fn is_called(wanted: &str, names: [&str; 3]) -> bool {
    names.iter().any(|name| !name.is_empty() && name.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Provider;

    fn state(accounts: &[(&str, &str, &str)]) -> State {
        let mut state = State::new("boot".into());
        for (id, email, place) in accounts {
            let mut account = AccountState::new(Provider::Anthropic);
            account.sign_in.identity.email = Some((*email).to_owned());
            account.sign_in.place = (*place).to_owned();
            let id = AccountId(format!("anthropic:{id}"));
            state.accounts.insert(id.clone(), account);
            state.active.push(id);
        }
        state
    }

    #[track_caller]
    fn check(state: &State, wanted: Option<&str>, place: &str, expect: Option<&str>) {
        let chosen = account(state, &Settings::default(), wanted, place)
            .ok()
            .map(|(id, _)| id.0.trim_start_matches("anthropic:").to_owned());
        assert_eq!(chosen.as_deref(), expect);
    }

    #[test]
    fn account_selector_rejects_a_name_shared_by_two_seats() {
        let mut two = state(&[("a/home", "ann@example.com", "~/.claude"), ("a/acme", "ann@example.com", "~/work")]);
        two.accounts.values_mut().zip(["Acme", "Home"]).for_each(|(account, organization)| {
            account.sign_in.identity.organization = Some(organization.to_owned());
        });
        for name in ["a/acme", "anthropic:a/acme", "ann@example.com (Acme)"] {
            check(&two, Some(name), "~/.claude", Some("a/acme"));
        }
        for name in ["a", "anthropic:a", "ann@example.com"] {
            let several = account(&two, &Settings::default(), Some(name), "~/.claude");
            assert!(matches!(several, Err(NotChosen::Several { known }) if known[0] == "ann@example.com (Home)"));
        }
        check(&two, None, "~/work", Some("a/acme"));
        let one = state(&[("a/home", "ann@example.com", "~/.claude")]);
        for name in ["a", "anthropic:a", "ann@example.com"] {
            check(&one, Some(name), "~/work", Some("a/home"));
        }
    }

    #[test]
    fn account_selector_matches_name_location_or_the_only_account() {
        let two = state(&[("a1", "ann@example.com", "~/.claude"), ("b2", "bob@example.com", "~/work")]);
        for name in ["a1", "anthropic:a1", "ann@example.com", "Ann@Example.com"] {
            check(&two, Some(name), "~/work", Some("a1"));
        }
        check(&two, Some("carol"), "~/work", None);
        check(&two, None, "~/work", Some("b2"));
        check(&two, None, "~/elsewhere", None);
        assert!(
            matches!(account(&two, &Settings::default(), None, "x"), Err(NotChosen::Several { known }) if known.len() == 2)
        );
        let one = state(&[("a1", "ann@example.com", "~/.claude")]);
        check(&one, None, "~/elsewhere", Some("a1"));
        assert_eq!(account(&state(&[]), &Settings::default(), Some("a1"), "x"), Err(NotChosen::NoneKnown));
    }
}
