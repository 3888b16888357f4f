//! The accounts in the settings: what may be chosen for each, and where its sign-in is.

use crate::present::Known;
use crate::view::{AccountChoice, PlaceView};
use holdoff_core::{AccountId, Place, places, report, words};
use holdoff_engine::credentials::Source;

/// Every account that has a sign-in somewhere, in the order of its places, switched on or off.
pub fn accounts(known: &Known<'_>) -> Vec<AccountChoice> {
    let mut ids: Vec<&AccountId> = Vec::new();
    for id in known.snapshot.state.places.iter().filter_map(|place| place.account.as_ref()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.into_iter().filter_map(|id| account(id, known)).collect()
}

/// What an account is called that has a sign-in somewhere.
pub fn label(id: &AccountId, known: &Known<'_>) -> Option<String> {
    account(id, known).map(|account| account.label)
}

fn account(id: &AccountId, known: &Known<'_>) -> Option<AccountChoice> {
    let state = &known.snapshot.state;
    let theirs: Vec<&Place> = places::of(&state.places, id).collect();
    let used = state.accounts.get(id).map(|account| account.sign_in.place.as_str());
    let first = theirs.iter().find(|place| Some(place.name()) == used).or(theirs.first())?;
    let name = report::name(first.provider, &first.sign_in);
    Some(AccountChoice {
        id: id.0.clone(),
        label: known.settings.label(id).unwrap_or(&name).to_owned(),
        name,
        plan: first.sign_in.plan.clone(),
        places: theirs.iter().map(|place| place_view(place, Some(place.name()) == used, known)).collect(),
        enabled: known.settings.is_enabled(id),
        renewal: known.settings.may_renew(id),
    })
}

/// Folders that were added and hold no sign-in yet, and the place of a token that is of no use here.
pub fn folders(known: &Known<'_>) -> Vec<PlaceView> {
    let places = known.snapshot.state.places.iter().filter(|place| place.account.is_none());
    let mut views: Vec<PlaceView> = places.map(|place| place_view(place, false, known)).collect();
    views.retain(|view| view.listed.is_some());
    for (listed, place) in listed(known) {
        if known.snapshot.state.places.iter().all(|there| there.name() != place) {
            views.push(PlaceView {
                place,
                state: "the same folder as another one".to_owned(),
                listed: Some(listed.to_owned()),
            });
        }
    }
    views
}

fn place_view(place: &Place, used: bool, known: &Known<'_>) -> PlaceView {
    let account = place.account.as_ref().and_then(|id| known.snapshot.state.accounts.get(id));
    let rejected = account.map(|account| account.rejected.as_slice()).unwrap_or_default();
    let listed = listed(known).find(|(_, name)| name == place.name()).map(|(listed, _)| listed.to_owned());
    PlaceView { place: place.name().to_owned(), state: words::place(place, used, rejected, known.now.wall), listed }
}

/// Each folder of the settings, and what its place is called.
fn listed<'a>(known: &'a Known<'_>) -> impl Iterator<Item = (&'a str, String)> {
    let place = |dir: &String| Source::added(dir.into(), Some(known.home.to_owned())).place();
    known.settings.claude_config_dirs.iter().map(move |dir| (dir.as_str(), place(dir)))
}
