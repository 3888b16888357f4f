//! Which account is meant.

use crate::report;
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, State};

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotChosen {
    /// None is known at all.
    NoneKnown,
    /// None is called that; these are.
    NoSuch { wanted: String, known: Vec<String> },
    /// It may be any of these.
    Several { known: Vec<String> },
}

/// The account called `wanted`: its id, with or without the provider's name, its address or its label. Without a name
/// it is the one whose sign-in is in `place`, else the only one there is.
///
/// # Errors
/// Why it cannot be told.
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
    let known = || all.iter().map(|(id, account)| report::label(id, account, settings)).collect();
    let Some(wanted) = wanted else {
        let here = all.iter().find(|(_, account)| account.sign_in.place == place);
        return match (here, all.as_slice()) {
            (Some(here), _) => Ok(*here),
            (None, [only]) => Ok(*only),
            (None, _) => Err(NotChosen::Several { known: known() }),
        };
    };
    let called = all.iter().find(|(id, account)| is_called(id, account, settings, wanted));
    called.copied().ok_or_else(|| NotChosen::NoSuch { wanted: wanted.to_owned(), known: known() })
}

fn is_called(id: &AccountId, account: &AccountState, settings: &Settings, name: &str) -> bool {
    let bare = id.0.split_once(':').map(|(_, bare)| bare);
    let email = account.sign_in.identity.email.as_deref();
    [Some(id.0.as_str()), bare, email, Some(&report::label(id, account, settings))]
        .into_iter()
        .flatten()
        .any(|known| known.eq_ignore_ascii_case(name))
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
    fn by_name_by_place_or_as_the_only_one() {
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
