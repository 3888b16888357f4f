//! The accounts in the settings: the choices for each account and where its sign-in is stored.

use crate::view::{AccountChoice, PlaceView};
use crate::view_context::ViewContext;
use holdoff_core::account::label;
use holdoff_core::credential::location;
use holdoff_core::providers::Provider;
use holdoff_core::settings::Readings;
use holdoff_core::{AccountId, AccountState, CredentialLocation, messages};
use holdoff_engine::owners::locations;

/// Every account with a known sign-in, enabled or not, in the order of the locations.
pub fn accounts(context: &ViewContext<'_>) -> Vec<AccountChoice> {
    let mut ids: Vec<&AccountId> = Vec::new();
    for id in context.snapshot.state.places.iter().filter_map(|place| place.account.as_ref()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.into_iter().filter_map(|id| account(id, context)).collect()
}

/// The display name of an account that has a known sign-in.
pub fn label(id: &AccountId, context: &ViewContext<'_>) -> Option<String> {
    account(id, context).map(|account| account.label)
}

fn account(id: &AccountId, context: &ViewContext<'_>) -> Option<AccountChoice> {
    let state = &context.snapshot.state;
    let theirs: Vec<&CredentialLocation> = location::of(&state.places, id).collect();
    let used = state.accounts.get(id).map(|account| account.sign_in.place.as_str());
    let first = theirs.iter().find(|place| Some(place.name()) == used).or(theirs.first())?;
    let name = label::name_of(id, &first.sign_in, state);
    Some(AccountChoice {
        id: id.0.clone(),
        label: label::label_of(id, &first.sign_in, state, context.settings),
        name,
        plan: first.sign_in.plan.as_deref().map(messages::capitalised),
        places: theirs.iter().map(|place| place_view(place, Some(place.name()) == used, context)).collect(),
        provider: first.provider.into(),
        enabled: context.settings.is_enabled(id),
        renewal: context.settings.may_renew(id),
        readings: readings(id, context),
    })
}

/// The chosen reading source, or the stored one if none was chosen.
fn readings(id: &AccountId, context: &ViewContext<'_>) -> Readings {
    let kept = context.snapshot.state.accounts.get(id).is_some_and(AccountState::free_only);
    let free_only = context.settings.readings(id).map_or(kept, |readings| readings == Readings::FreeOnly);
    if free_only { Readings::FreeOnly } else { Readings::Ask }
}

/// Added folders that have no sign-in yet, and the location of a token that cannot be used here.
pub fn folders(context: &ViewContext<'_>) -> Vec<PlaceView> {
    let places = context.snapshot.state.places.iter().filter(|place| place.account.is_none());
    let mut views: Vec<PlaceView> = places.map(|place| place_view(place, false, context)).collect();
    views.retain(|view| view.listed.is_some());
    for (listed, place) in listed(context) {
        if context.snapshot.state.places.iter().all(|there| there.name() != place) {
            views.push(PlaceView {
                place,
                state: "the same folder as another one".to_owned(),
                listed: Some(listed.to_owned()),
            });
        }
    }
    views
}

fn place_view(place: &CredentialLocation, used: bool, context: &ViewContext<'_>) -> PlaceView {
    let account = place.account.as_ref().and_then(|id| context.snapshot.state.accounts.get(id));
    let rejected = account.map(|account| account.rejected_credentials.as_slice()).unwrap_or_default();
    let listed = listed(context).find(|(_, name)| name == place.name()).map(|(listed, _)| listed.to_owned());
    PlaceView {
        place: place.name().to_owned(),
        state: messages::place(place, used, rejected, context.now.wall),
        listed,
    }
}

/// Each folder in the settings, with the name of its location.
fn listed<'a>(context: &'a ViewContext<'_>) -> impl Iterator<Item = (&'a str, String)> {
    let dirs = Provider::ALL.into_iter().flat_map(|provider| context.settings.config_dirs(provider));
    dirs.map(|dir| (dir.as_str(), locations::added(context.home, dir).place()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in_session::SigningIn;
    use holdoff_core::LocalTime;
    use holdoff_core::credential::token::Token;
    use holdoff_core::credential::{CredentialMissing, CredentialPresence, Identity};
    use holdoff_core::settings::AccountSettings;
    use holdoff_core::{Boot, Moment, Settings, State, Wall};
    use holdoff_engine::storage::state_store::Snapshot;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Ann is signed in to two folders, the third has no sign-in, and a fourth name refers to the second.
    fn check(choose: impl FnOnce(&mut Settings), look: impl FnOnce(Vec<AccountChoice>, Vec<PlaceView>)) {
        let mut state = State::new("boot".into());
        for (folder, there) in [("~/.claude", true), ("~/work", true), ("~/new", false)] {
            let mut place =
                CredentialLocation::saved(&state, Provider::Anthropic, &format!("{folder}/.credentials.json"));
            let fingerprint = Token::new(folder.to_owned()).unwrap().fingerprint();
            place.account = there.then(|| AccountId("anthropic:ann".into()));
            place.sign_in.identity = Identity { email: Some("ann@example.com".into()), ..Identity::default() };
            place.sign_in.seen = Some(match there {
                true => CredentialPresence::Present { fingerprint, expires_at: None },
                false => CredentialPresence::Absent(CredentialMissing::NoFile),
            });
            state.places.push(place);
        }
        let dirs = ["/home/ann/work", "~/new", "~/link"].map(str::to_owned).to_vec();
        let mut settings = Settings { config_dirs: [(Provider::Anthropic, dirs)].into(), ..Settings::default() };
        choose(&mut settings);
        let context = ViewContext {
            snapshot: &Snapshot { state, trouble: None },
            settings: &settings,
            setting_problems: &[],
            starts_at_login: false,
            findings: &[],
            history: &holdoff_engine::storage::history::News::default(),
            elsewhere: &BTreeSet::new(),
            unwatched: &Default::default(),
            signing_in: &SigningIn::default(),
            updates: &Default::default(),
            home: Path::new("/home/ann"),
            now: Moment { wall: Wall(0), boot: Boot(0) },
            speed: 1.0,
            zone: &LocalTime::UTC,
        };
        look(accounts(&context), folders(&context));
    }

    #[test]
    fn account_with_several_credential_locations_is_listed_once() {
        check(
            |_| {},
            |accounts, _| {
                assert_eq!(accounts.len(), 1);
                let listed: Vec<_> = accounts[0].places.iter().map(|place| place.listed.as_deref()).collect();
                assert_eq!(listed, [None, Some("/home/ann/work")]);
                assert_eq!((accounts[0].label.as_str(), accounts[0].enabled), ("ann@example.com", true));
            },
        );
    }

    #[test]
    fn config_dirs_without_an_account_are_listed_for_removal() {
        check(
            |_| {},
            |_, folders| {
                let said: Vec<_> =
                    folders.iter().map(|folder| (folder.listed.as_deref(), folder.state.as_str())).collect();
                let expect = [(Some("~/new"), "no sign-in found"), (Some("~/link"), "the same folder as another one")];
                assert_eq!(said, expect);
            },
        );
    }

    #[test]
    fn disabled_account_stays_listed_with_its_label_and_settings() {
        let off = AccountSettings {
            label: Some("Work".into()),
            enabled: Some(false),
            renewal: Some(true),
            readings: Some(Readings::FreeOnly),
        };
        check(
            |settings| _ = settings.accounts.insert(AccountId("anthropic:ann".into()), off),
            |accounts, _| {
                let ann = &accounts[0];
                assert_eq!((ann.label.as_str(), ann.name.as_str()), ("Work", "ann@example.com"));
                assert_eq!((ann.enabled, ann.renewal, ann.readings), (false, true, Readings::FreeOnly));
            },
        );
    }
}
