//! Display names of accounts.

use crate::account::seats;
use crate::credential::CredentialStatus;
use crate::providers::Provider;
use crate::settings::{LabelOf, Settings};
use crate::state::{AccountId, State};

/// The display name: the user's label, else a name from the sign-in. Distinguishes seats of one login. Falls back to the
/// id.
pub fn label(id: &AccountId, state: &State, settings: &Settings) -> String {
    match state.accounts.get(id) {
        Some(account) => label_of(id, &account.sign_in, state, settings),
        None => settings.label(id).map_or_else(|| id.0.clone(), |(label, _)| label.to_owned()),
    }
}

/// The same, with the given sign-in.
pub fn label_of(id: &AccountId, sign_in: &CredentialStatus, state: &State, settings: &Settings) -> String {
    match settings.label(id) {
        Some((label, LabelOf::Seat)) => label.to_owned(),
        Some((label, LabelOf::Login)) => apart(label.to_owned(), id, sign_in, state),
        None => name_of(id, sign_in, state),
    }
}

/// The display name if the user set no label.
pub fn name_of(id: &AccountId, sign_in: &CredentialStatus, state: &State) -> String {
    let known = state.accounts.get(id).map(|account| account.provider);
    let Some(provider) = known.or_else(|| Provider::of_account(&id.0)) else {
        return id.0.clone();
    };
    if id.is_of_token() {
        return format!("{} session token", provider.owner());
    }
    apart(name(provider, sign_in), id, sign_in, state)
}

fn apart(name: String, id: &AccountId, sign_in: &CredentialStatus, state: &State) -> String {
    match seats::distinction(id, sign_in.identity.organization.as_deref(), state) {
        Some(organization) if organization != name => format!("{name} ({organization})"),
        Some(_) | None => name,
    }
}

/// The name of a sign-in: its email or organization, else its location.
fn name(provider: Provider, sign_in: &CredentialStatus) -> String {
    let identity = &sign_in.identity;
    if let Some(name) = identity.email.clone().or_else(|| identity.organization.clone()) {
        return name;
    }
    let Some(owner) = provider.owner_info() else { return provider.name().to_owned() };
    match sign_in.place.rsplit_once(['/', '\\']) {
        Some((folder, _)) if !folder.ends_with(owner.folders.default) => format!("{} sign-in in {folder}", owner.name),
        Some(_) | None => format!("{} sign-in", owner.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Identity;
    use crate::state::AccountState;
    use serde_json::json;

    fn id(name: &str) -> AccountId {
        AccountId(format!("anthropic:{name}"))
    }

    fn account() -> AccountState {
        let mut state = AccountState::new(Provider::Anthropic);
        state.sign_in.place = "~/.claude/.credentials.json".into();
        state.sign_in.identity.email = Some("ann@example.com".into());
        state
    }

    #[test]
    fn account_label_falls_back_from_setting_to_email_to_location() {
        let mut sign_in = account().sign_in;
        let name = |sign_in: &CredentialStatus| name(Provider::Anthropic, sign_in);
        assert_eq!(name(&sign_in), "ann@example.com");
        sign_in.identity.email = None;
        sign_in.identity.organization = Some("Office".into());
        assert_eq!(name(&sign_in), "Office");
        sign_in.identity = Identity::default();
        assert_eq!(name(&sign_in), "Claude Code sign-in", "the usual folder is not worth a word");
        sign_in.place = "~/.claude-work/.credentials.json".into();
        assert_eq!(name(&sign_in), "Claude Code sign-in in ~/.claude-work");
        sign_in.place = r"C:\Users\ann\.claude-work\.credentials.json".into();
        assert_eq!(name(&sign_in), r"Claude Code sign-in in C:\Users\ann\.claude-work");
        sign_in.place = "Keychain".into();
        assert_eq!(name(&sign_in), "Claude Code sign-in");

        let mut state = State::new("boot".into());
        state.accounts.insert(id("ann"), account());
        state.accounts.insert(id("bob"), AccountState::new(Provider::Anthropic));
        assert_eq!(label(&id("ann"), &state, &Settings::default()), "ann@example.com");
        let object = json!({"accounts": {"anthropic:ann": {"label": "The office"}}});
        let (settings, problems) = Settings::parse(object.as_object().unwrap());
        assert_eq!((label(&id("ann"), &state, &settings).as_str(), problems.len()), ("The office", 0));
        assert_eq!(label(&id("bob"), &state, &settings), "Claude Code sign-in");
        assert_eq!(label(&id("carol"), &state, &settings), "anthropic:carol");
    }

    #[test]
    fn seats_named_after_their_organization_are_not_named_twice() {
        let seat = |organization: &str| {
            let mut account = account();
            account.sign_in.identity = Identity {
                account: Some("ann".into()),
                organization: Some(organization.into()),
                organization_id: Some(format!("id-of-{organization}")),
                ..Identity::default()
            };
            (AccountId::of(Provider::Anthropic, &account.sign_in.identity, "~"), account)
        };
        let mut state = State::new("boot".into());
        let (acme, other) = (seat("Acme"), seat("Other"));
        let id = acme.0.clone();
        state.accounts = [acme, other].into();
        assert_eq!(label(&id, &state, &Settings::default()), "Acme");
    }
}
