use super::*;
use crate::credential::poll_targets::{PollTarget, polled};
use crate::credential::token::Token;
use crate::credential::{Credential, CredentialMissing, Naming, OAuthClient};
use crate::settings::AccountSettings;
use crate::settings::Settings;
use crate::state::{AccountState, State};
use crate::time::Boot;
use std::time::Duration;

const NOW: Wall = Wall(1_789_387_200_000);
const HOME: &str = "~/.claude/.credentials.json";
const WORK: &str = "~/work/.credentials.json";

fn token(text: &str) -> Token {
    Token::new(text.to_owned()).unwrap()
}

/// A sign-in that is good for so many hours; of nobody in particular where `whose` is empty.
fn sign_in(whose: &str, text: &str, hours: i64) -> CredentialRead {
    CredentialRead::Found(Credential {
        access_token: token(text),
        expires_at: Some(Wall(NOW.0 + hours * 3_600_000)),
        refresh_token: None,
        refresh_blanked: false,
        refresh_expires_at: None,
        client: OAuthClient::Default,
        scopes: vec![],
        plan: None,
        identity: Identity { account: (!whose.is_empty()).then(|| whose.to_owned()), ..Identity::default() },
        naming: Naming::Itself,
    })
}

fn gone() -> CredentialRead {
    CredentialRead::Absent(CredentialMissing::NoFile)
}

fn id(name: &str) -> AccountId {
    AccountId(format!("anthropic:{name}"))
}

struct Two {
    places: Vec<CredentialLocation>,
    state: State,
    settings: Settings,
    now: Wall,
}

impl Two {
    fn new(home: &CredentialRead, work: &CredentialRead) -> Self {
        let state = State::new("boot".into());
        let place = |name: &str| CredentialLocation::saved(&state, Provider::Anthropic, name);
        let mut two = Self { places: vec![place(HOME), place(WORK)], state, settings: Settings::default(), now: NOW };
        two.look(0, home);
        two.look(1, work);
        two
    }

    fn look(&mut self, place: usize, read: &CredentialRead) -> Option<PreviousAccount> {
        let renamed = self.places[place].apply_read(read, Moment { wall: self.now, boot: Boot(self.now.0) });
        self.polled();
        renamed
    }

    /// Who is polled, and with which place's sign-in; which is from then on the present one.
    fn polled(&mut self) -> Vec<(String, String)> {
        let polled = polled(&self.places, HOME, &self.settings, &self.state, self.now);
        for PollTarget { account, place } in &polled {
            let fresh = || AccountState::new(Provider::Anthropic);
            self.state.accounts.entry(account.clone()).or_insert_with(fresh).sign_in.place.clone_from(place);
        }
        polled.into_iter().map(|polled| (polled.account.0.replace("anthropic:", ""), polled.place)).collect()
    }

    #[track_caller]
    fn check(&mut self, expect: &[(&str, &str)]) {
        let polled = self.polled();
        let polled: Vec<(&str, &str)> = polled.iter().map(|(who, place)| (who.as_str(), place.as_str())).collect();
        assert_eq!(polled, expect);
    }
}

#[test]
fn locations_of_the_same_account_are_polled_once() {
    Two::new(&sign_in("ann", "a", 8), &sign_in("bob", "b", 8)).check(&[("ann", HOME), ("bob", WORK)]);
    Two::new(&sign_in("ann", "a", 8), &sign_in("ann", "b", 8)).check(&[("ann", HOME)]);
    Two::new(&sign_in("ann", "a", 8), &gone()).check(&[("ann", HOME)]);
    Two::new(&gone(), &sign_in("ann", "a", 8)).check(&[("ann", WORK)]);
}

#[test]
fn location_with_a_usable_credential_wins_and_stays_selected() {
    let mut two = Two::new(&sign_in("ann", "a", -1), &sign_in("ann", "b", 8));
    two.check(&[("ann", WORK)]);
    two.look(0, &sign_in("ann", "a2", 8));
    two.check(&[("ann", WORK)]);
    two.look(1, &gone());
    two.check(&[("ann", HOME)]);
    two.look(1, &sign_in("ann", "b2", 8));
    two.check(&[("ann", HOME)]);
}

#[test]
fn location_switches_to_the_other_at_expiry() {
    let mut two = Two::new(&sign_in("ann", "a", 1), &sign_in("ann", "b", 8));
    two.check(&[("ann", HOME)]);
    let change = next_change(two.places.iter(), two.now).unwrap();
    assert_eq!(change, NOW.plus(Duration::from_secs(3600)));
    two.now = Wall(change.0 - 1);
    two.check(&[("ann", HOME)]);
    two.now = change;
    two.check(&[("ann", WORK)]);
    assert_eq!(next_change(two.places.iter(), change), Some(NOW.plus(Duration::from_secs(8 * 3600))), "the other's");
}

#[test]
fn location_selected_stays_if_both_expired_and_yields_if_missing() {
    let mut two = Two::new(&sign_in("ann", "a", 1), &sign_in("ann", "b", -1));
    two.now = NOW.plus(Duration::from_secs(7200));
    two.check(&[("ann", HOME)]);
    two.look(0, &gone());
    two.check(&[("ann", WORK)]);
}

#[test]
fn location_with_a_rejected_credential_yields_until_it_changes() {
    let mut two = Two::new(&sign_in("ann", "a", 8), &sign_in("ann", "b", 8));
    let reject =
        |two: &mut Two, text: &str| two.state.accounts.get_mut(&id("ann")).unwrap().reject(token(text).fingerprint());
    reject(&mut two, "a");
    two.check(&[("ann", WORK)]);
    reject(&mut two, "b");
    two.check(&[("ann", WORK)]);
    two.look(0, &sign_in("ann", "a2", 8));
    two.check(&[("ann", HOME)]);
}

#[test]
fn location_remembers_its_account_after_sign_out() {
    let mut two = Two::new(&sign_in("ann", "a", 8), &sign_in("bob", "b", 8));
    two.look(1, &gone());
    two.check(&[("ann", HOME), ("bob", WORK)]);
    two.look(1, &sign_in("", "c", 8));
    two.check(&[("ann", HOME), ("bob", WORK)]);
    two.look(1, &sign_in("carl", "c", 8));
    two.check(&[("ann", HOME), ("carl", WORK)]);
}

#[test]
fn disabled_account_is_polled_from_no_location() {
    let mut two = Two::new(&sign_in("ann", "a", 8), &sign_in("ann", "b", 8));
    let off = AccountSettings { enabled: Some(false), ..AccountSettings::default() };
    two.settings.accounts.insert(id("ann"), off);
    two.check(&[]);
}

#[test]
fn first_location_is_awaited_if_no_credential_exists() {
    let mut two = Two::new(&gone(), &gone());
    let waited = two.polled();
    assert!(waited.len() == 1 && waited[0].0.starts_with("at-") && waited[0].1 == HOME, "{waited:?}");
    assert_eq!(two.places[0].account, None);
    two.look(1, &sign_in("ann", "a", 8));
    two.check(&[("ann", WORK)]);
}

#[test]
fn previous_account_of_a_location_is_reported_once() {
    let mut two = Two::new(&sign_in("", "a", 8), &gone());
    let unnamed = two.places[0].account.clone().unwrap();
    assert!(unnamed.0.starts_with("anthropic:at-"), "{unnamed}");
    assert_eq!(two.look(0, &sign_in("ann", "a", 8)), Some(PreviousAccount::Unnamed(unnamed)));
    assert_eq!(two.look(0, &sign_in("ann", "a2", 8)), None);
    assert_eq!(two.look(0, &sign_in("bob", "b", 8)), Some(PreviousAccount::Other(id("ann"))));
    two.check(&[("bob", HOME)]);
}

#[test]
fn location_waits_for_a_half_written_sign_in_until_its_account_has_waited() {
    let beside = |whose: &str, text: &str| match sign_in(whose, text, 8) {
        CredentialRead::Found(found) => {
            CredentialRead::Found(Credential { naming: Naming::Beside { written: None }, ..found })
        }
        absent => absent,
    };
    for settles in [true, false] {
        let mut two = Two::new(&beside("ann", "a"), &gone());
        assert_eq!(two.look(0, &beside("bob", "b")), None);
        two.now = NOW.plus(Duration::from_secs(19));
        if settles {
            two.places[0].settle(Moment { wall: two.now, boot: Boot(two.now.0) });
        }
        let became = Some(PreviousAccount::Other(id("ann")));
        assert_eq!(two.look(0, &beside("bob", "b")), became.clone().filter(|_| settles));
        two.now = NOW.plus(Duration::from_secs(20));
        assert_eq!(two.look(0, &beside("bob", "b")), became.filter(|_| !settles));
        assert!(!two.places[0].is_unsettled());
    }
}

#[test]
fn rejected_credentials_list_is_bounded() {
    let mut state = AccountState::new(Provider::Anthropic);
    for n in 0..100 {
        state.reject(token(&format!("t{n}")).fingerprint());
    }
    state.reject(token("t99").fingerprint());
    assert_eq!(state.rejected_credentials.len(), AccountState::REJECTED_MAX);
    assert_eq!(state.rejected_credentials.last(), Some(&token("t99").fingerprint()));
}

/// A state that was written before places were kept.
#[test]
fn location_not_in_state_belongs_to_its_last_polled_account() {
    let mut state = State::new("boot".into());
    for (name, at) in [("ann", 1), ("bob", 2), ("carl", 0)] {
        let mut account = AccountState::new(Provider::Anthropic);
        account.sign_in.place = if name == "carl" { WORK.into() } else { HOME.into() };
        account.last =
            Some(crate::state::LastRequest { at: Wall(at), endpoint: crate::Endpoint::Usage, outcome: None });
        state.accounts.insert(id(name), account);
    }
    let known = |name: &str| CredentialLocation::saved(&state, Provider::Anthropic, name).account;
    assert_eq!((known(HOME), known(WORK), known("~/new")), (Some(id("bob")), Some(id("carl")), None));
}

/// What is to be said of a sign-in that was missing is said of the account that came.
#[test]
fn unnamed_account_of_a_location_is_the_next_one_to_sign_in() {
    let mut two = Two::new(&gone(), &gone());
    let waited_for = two.polled()[0].0.clone();
    assert_eq!(two.look(0, &sign_in("ann", "sk-1", 8)), Some(PreviousAccount::Unnamed(id(&waited_for))));
    two.check(&[("ann", HOME)]);
    assert_eq!(two.look(0, &gone()), None);
    assert_eq!(two.look(0, &sign_in("ann", "sk-2", 8)), None, "she was known here");
    assert_eq!(two.look(0, &sign_in("bob", "sk-3", 8)), Some(PreviousAccount::Other(id("ann"))));
}

#[test]
fn location_is_restored_from_state_by_name() {
    let mut state = State::new("boot".into());
    let listed = |name: &str, plan: &str| CredentialLocation {
        account: Some(id("ann")),
        sign_in: CredentialStatus { place: name.into(), plan: Some(plan.into()), ..CredentialStatus::default() },
        ..CredentialLocation::new(Provider::Anthropic, name)
    };
    state.places = vec![listed(HOME, "pro"), listed(WORK, "max")];
    let known = |name: &str| CredentialLocation::saved(&state, Provider::Anthropic, name);
    assert_eq!(known(WORK), listed(WORK, "max"));
    let fresh = known("~/new/.credentials.json");
    assert_eq!(
        (fresh.account, fresh.sign_in.plan, fresh.sign_in.place.as_str()),
        (None, None, "~/new/.credentials.json")
    );
}

#[test]
fn identity_beside_the_credential_completes_it_for_the_same_seat_alone() {
    let named = |account: Option<&str>, organization_id: Option<&str>| Identity {
        account: account.map(str::to_owned),
        organization_id: organization_id.map(str::to_owned),
        ..Identity::default()
    };
    let mailed = |identity: Identity| Identity { email: Some("ann@example.com".to_owned()), ..identity };
    let beside = mailed(named(Some("ann"), None));
    let both = named(Some("ann"), Some("acme"));
    assert_eq!(both.clone().or(beside.clone()), mailed(both.clone()), "the credential names the organization alone");
    assert_eq!(named(Some("ann"), None).or(mailed(both.clone())), mailed(both.clone()));
    assert_eq!(named(None, None).or(beside.clone()), beside);
    for other in [named(Some("bob"), None), named(Some("ann"), Some("other")), named(None, None)] {
        assert_eq!(both.clone().or(mailed(other)), both);
    }
}

/// After a renewal that is not of this sign-in: its refresh token tells.
#[test]
fn unsettled_sign_in_is_known_with_the_refresh_token_read_last() {
    let at = Moment { wall: NOW, boot: Boot(NOW.0) };
    let mut place = CredentialLocation::new(Provider::Anthropic, HOME);
    place.apply_read(&sign_in("ann", "a", 8), at);
    for refresh in ["r-1", "r-2"] {
        let CredentialRead::Found(mut half) = sign_in("ann", "b", 8) else { panic!() };
        half.naming = Naming::Beside { written: Some(NOW) };
        half.refresh_token = Some(token(refresh).into());
        place.apply_read(&CredentialRead::Found(half), at);
        let known = place.unsettled.as_ref().unwrap().refresh.as_ref();
        assert_eq!(known, Some(&token(refresh).fingerprint()));
    }
}

#[test]
fn location_keeps_its_seat_if_the_sign_in_no_longer_names_the_organization() {
    let mut two = Two::new(&gone(), &gone());
    let named = |organization: Option<&str>, email: &str| {
        let CredentialRead::Found(mut found) = sign_in("ann", "a", 8) else { panic!() };
        found.identity.organization_id = organization.map(str::to_owned);
        found.identity.email = Some(email.to_owned());
        CredentialRead::Found(found)
    };
    let mail = |two: &Two| two.places[0].sign_in.identity.email.clone();
    two.look(0, &named(None, "ann@example.com"));
    assert_eq!(two.look(0, &named(None, "new@example.com")), None);
    assert_eq!(mail(&two).as_deref(), Some("new@example.com"), "the same account, with another address");
    assert_eq!(two.look(0, &named(Some("acme"), "ann@acme.com")), Some(PreviousAccount::Unnamed(id("ann"))));
    assert_eq!(two.look(0, &named(None, "ann@example.com")), None);
    assert_eq!(mail(&two).as_deref(), Some("ann@acme.com"));
    two.check(&[("ann/acme", HOME)]);
}
