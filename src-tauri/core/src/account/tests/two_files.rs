//! The two files of a sign-in change seconds apart, in either order. In between, no request uses the other's token.

use super::*;
use crate::gate::Gates;

/// As an older version of Claude Code stores it: whose it is stands in another file.
fn beside(token: &str, whose: Option<&str>) -> CredentialRead {
    let CredentialRead::Found(mut found) = credential(token) else { panic!() };
    found.naming = Naming::Beside { written: None };
    found.identity = Identity { account: whose.map(str::to_owned), ..Identity::default() };
    CredentialRead::Found(found)
}

fn ann() -> World {
    let mut world = World::new(|_| good());
    world.credential = beside("sk-1", Some("ann"));
    world.settle();
    assert_eq!(world.asked.len(), 1);
    world
}

fn look(world: &mut World, read: CredentialRead) {
    world.credential = read;
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
}

/// The same, where it is another account's by both files now. They did not change at once, so that is waited for, too: the
/// first may be of a third sign-in, or a renewal. Who goes on then is another one.
fn look_and_become(world: &mut World, read: CredentialRead, whom: &str) {
    look(world, read);
    world.run(19);
    assert!(world.became.is_empty() && world.account.is_unsettled());
    world.advance(Duration::from_secs(1));
    while world.became.is_empty() {
        world.settle_one();
    }
    assert_eq!(world.became, [AccountId(format!("anthropic:{whom}"))]);
}

fn tokens(world: &World) -> Vec<&str> {
    world.asked.iter().map(|(_, token)| token.as_str()).collect()
}

#[test]
fn token_changed_without_its_account_file_waits_for_it() {
    let mut world = ann();
    world.run(290);
    look(&mut world, beside("sk-2", Some("ann")));
    world.run(19);
    assert_eq!(tokens(&world), ["sk-1"], "it is due, and the token may be another's");
    assert!(world.account.is_unsettled());
    look_and_become(&mut world, beside("sk-2", Some("bob")), "bob");
    assert_eq!(tokens(&world), ["sk-1"]);
}

#[test]
fn account_file_changed_without_the_token_waits_for_it() {
    let mut world = ann();
    world.run(290);
    look(&mut world, beside("sk-1", Some("bob")));
    world.run(19);
    assert_eq!((tokens(&world), world.became.len()), (vec!["sk-1"], 0));
    look_and_become(&mut world, beside("sk-2", Some("bob")), "bob");
    assert_eq!(tokens(&world), ["sk-1"]);
}

#[test]
fn token_or_account_file_unchanged_for_20_seconds_is_accepted() {
    let mut world = ann();
    world.run(290);
    look(&mut world, beside("sk-2", Some("ann")));
    world.run(30);
    assert_eq!(tokens(&world), ["sk-1", "sk-2"]);
    assert_eq!(world.asked[1].0.0 - world.asked[0].0.0, 310_000, "20 s after it was seen first");
    look(&mut world, beside("sk-2", Some("bob")));
    assert!(world.became.is_empty());
    world.run(20);
    assert_eq!(world.became, [AccountId("anthropic:bob".into())]);
}

#[test]
fn token_written_long_ago_or_naming_its_account_is_used_at_once() {
    let mut world = ann();
    world.run(310);
    assert_eq!(world.asked.len(), 2);
    let CredentialRead::Found(mut found) = beside("sk-2", Some("ann")) else { panic!() };
    found.naming = Naming::Beside { written: Some(Wall(world.now.wall.0 - 20_000)) };
    look(&mut world, CredentialRead::Found(found));
    assert!(!world.account.is_unsettled());
    look(&mut world, credential("sk-3"));
    assert!(!world.account.is_unsettled());
}

/// Bob signed in and out while Holdoff was not running. His name stands beside the sign-in of Carl until Carl's is written.
#[test]
fn token_just_written_beside_the_name_of_an_unseen_sign_in_waits_for_its_own() {
    let written = |world: &World, whose: &str| {
        let CredentialRead::Found(mut found) = beside("sk-2", Some(whose)) else { panic!() };
        found.naming = Naming::Beside { written: Some(Wall(world.now.wall.0 - 1000)) };
        CredentialRead::Found(found)
    };
    for signed_out in [true, false] {
        let mut world = ann();
        world.run(290);
        if signed_out {
            look(&mut world, CredentialRead::Absent(CredentialMissing::NotSignedIn));
        }
        let read = written(&world, "bob");
        look(&mut world, read);
        world.run(10);
        assert!(world.became.is_empty() && world.account.is_unsettled());
        look_and_become(&mut world, beside("sk-2", Some("carl")), "carl");
        assert_eq!(tokens(&world), ["sk-1"]);
    }
}

#[test]
fn token_just_written_beside_its_own_name_is_accepted_after_20_seconds() {
    let mut world = ann();
    world.run(290);
    let CredentialRead::Found(mut found) = beside("sk-2", Some("bob")) else { panic!() };
    found.naming = Naming::Beside { written: Some(Wall(world.now.wall.0 - 5000)) };
    look_and_become(&mut world, CredentialRead::Found(found), "bob");
}

/// Found by the simulation (seed 647): a refresh reads it again, and it is no older for that.
#[test]
fn token_just_written_waits_20_seconds_however_often_it_is_read() {
    let mut world = ann();
    world.run(290);
    let CredentialRead::Found(mut found) = beside("sk-2", Some("ann")) else { panic!() };
    found.naming = Naming::Beside { written: Some(world.now.wall) };
    for _ in 0..4 {
        look(&mut world, CredentialRead::Found(found.clone()));
        world.run(4);
    }
    assert!(world.account.is_unsettled());
    look_and_become(&mut world, beside("sk-2", Some("bob")), "bob");
    assert_eq!(tokens(&world), ["sk-1"]);
}

/// Found by the simulation (seed 1123): while Holdoff was not running, Ann's token was renewed and the next sign-in began.
#[test]
fn token_renewed_unseen_beside_the_name_of_the_next_sign_in_waits_for_its_token() {
    let mut world = ann();
    world.run(290);
    let written = |world: &World, token: &str, ago: i64| {
        let CredentialRead::Found(mut found) = beside(token, Some("bob")) else { panic!() };
        found.naming = Naming::Beside { written: Some(Wall(world.now.wall.0 - ago)) };
        CredentialRead::Found(found)
    };
    let read = written(&world, "sk-2", 3_600_000);
    look(&mut world, read);
    world.run(14);
    assert!(world.became.is_empty() && world.account.is_unsettled());
    let read = written(&world, "sk-3", 0);
    look_and_become(&mut world, read, "bob");
    assert_eq!(tokens(&world), ["sk-1"]);
}

/// Law 6.
#[test]
fn unauthorized_with_a_replaced_token_is_no_strike_and_is_retried() {
    let mut world = World::new(|n| if n == 1 { unauthorized() } else { good() });
    world.credential = beside("sk-1", Some("ann"));
    let _permit = world.run_to_request();
    world.credential = beside("sk-2", Some("ann"));
    world.account.handle(Event::Delivered(unauthorized()), world.now);
    world.run(19);
    assert_eq!((tokens(&world), world.account.state().gates[Endpoint::Usage].unauthorized), (vec!["sk-1"], 0));
    world.run(1);
    assert_eq!(tokens(&world), ["sk-1", "sk-2"], "the re-ask does not wait for the 180 s");
}

#[test]
fn credential_already_settled_is_not_unsettled_again() {
    let mut world = ann();
    let CredentialRead::Found(found) = beside("sk-2", Some("ann")) else { panic!() };
    let sign_in = CredentialStatus {
        seen: Some(crate::credential::CredentialPresence::Present {
            fingerprint: found.fingerprint(),
            expires_at: None,
        }),
        ..CredentialStatus::default()
    };
    world.account.settled_with(&sign_in);
    look(&mut world, CredentialRead::Found(found));
    assert!(!world.account.is_unsettled());

    let mut new = World::new(|_| good());
    let place = new.account.state().sign_in.place.clone();
    new.account.settled_with(&CredentialStatus { place: "elsewhere".to_owned(), ..sign_in.clone() });
    let known = &new.account.state().sign_in;
    assert_eq!((&known.seen, &known.place), (&sign_in.seen, &place), "what is known of the sign-in, at its own place");
}

/// Laws 2 and 10, for the seats of one login.
#[test]
fn seat_waits_for_another_seats_request_and_learns_its_outcome() {
    let mut world = World::new(|_| good());
    let mut other = AccountState::new(Provider::Anthropic);
    other.gates[Endpoint::Usage].intent = Some(world.now);
    let tell = |world: &mut World, gates: Gates| {
        world.account.handle(Event::OtherSeats(vec![gates]), world.now);
    };
    tell(&mut world, other.gates.clone());
    assert_eq!((world.settle().map(|until| until.since(world.now).as_secs()), world.asked.len()), (Some(300), 0));
    other.gates[Endpoint::Usage].success(world.now);
    tell(&mut world, other.gates.clone());
    world.run(179);
    assert_eq!(world.asked.len(), 0);
    world.run(1);
    assert_eq!(world.asked.len(), 1);
    other.gates[Endpoint::Usage].rate_limited(world.now, Some(Duration::from_secs(3600)), crate::gate::Jitter(0));
    world.advance(Duration::from_secs(1));
    other.gates[Endpoint::Usage].last_request = Some(world.now);
    tell(&mut world, other.gates.clone());
    world.run(3590);
    assert_eq!((world.asked.len(), world.shown.len()), (1, 0), "it is told by the seat that was refused");
    assert!(matches!(world.disk.gates[Endpoint::Usage].state, GateState::CoolingDown { .. }), "and it is kept");
    world.run(20);
    assert_eq!(world.asked.len(), 2);
}
