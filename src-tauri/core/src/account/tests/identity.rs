//! Whose sign-in was found, and what follows for the account.

use super::*;

#[test]
fn only_a_sign_in_without_the_scope_is_recorded_as_rejected_and_nothing_is_planned_for_it() {
    let mut world = World::new(|_| good());
    world.settle();
    assert!(world.account.state().rejected_credentials.is_empty());
    let CredentialRead::Found(mut found) = credential("sk-2") else { panic!() };
    found.scopes = vec!["user:inference".into()];
    let token = found.fingerprint();
    world.credential = CredentialRead::Found(found);
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(HOUR);
    assert_eq!(world.account.state().rejected_credentials, [token]);
    let (next, asked) = (world.account.state().next, world.asked.len());
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(HOUR);
    assert_eq!((world.account.state().next, world.asked.len()), (next, asked));
}

#[test]
fn sign_in_that_names_no_organization_any_more_stays_with_its_seat() {
    let seat = Identity { organization: Some("Acme".into()), organization_id: Some("0a1b".into()), ..ann() };
    let id = AccountId::of(Provider::Anthropic, &seat, "~/.claude");
    let now = Moment { wall: NOON, boot: Boot(1_000_000) };
    let read = |identity: Identity| {
        let CredentialRead::Found(found) = credential("sk-1") else { panic!() };
        CredentialRead::Found(Credential { identity, ..found })
    };
    let mut account =
        Account::new(id, "~/.claude".into(), AccountState::new(Provider::Anthropic), preferences(), now, 7);
    account.handle(Event::Credential(read(seat.clone())), now);
    assert!(account.becoming.is_none(), "it is its own");
    account.handle(Event::Credential(read(Identity { email: Some("new@example.com".into()), ..ann() })), now);
    assert!(account.becoming.is_none());
    assert_eq!(account.state().sign_in.identity, seat);
}

#[test]
fn login_becomes_its_seat_and_an_unnamed_account_the_named_one_under_a_new_name() {
    let seat = Identity { organization: Some("Acme".into()), organization_id: Some("0a1b".into()), ..ann() };
    let becoming = |id: AccountId, known: Identity, found: Identity| {
        let now = Moment { wall: NOON, boot: Boot(1_000_000) };
        let mut state = AccountState::new(Provider::Anthropic);
        state.sign_in.identity = known;
        let mut account = Account::new(id, "~/.claude".into(), state, preferences(), now, 7);
        let CredentialRead::Found(read) = credential("sk-1") else { panic!() };
        account.handle(Event::Credential(CredentialRead::Found(Credential { identity: found, ..read })), now);
        account.becoming.clone()
    };
    let of = |identity: &Identity| AccountId::of(Provider::Anthropic, identity, "~/.claude");
    assert_eq!(becoming(of(&ann()), ann(), seat.clone()), Some((of(&seat), true)));
    assert_eq!(becoming(of(&Identity::default()), Identity::default(), ann()), Some((of(&ann()), true)));
    let bob = Identity { account: Some("bob".into()), ..Identity::default() };
    assert_eq!(becoming(of(&seat), seat, bob.clone()), Some((of(&bob), false)), "somebody else");
}
