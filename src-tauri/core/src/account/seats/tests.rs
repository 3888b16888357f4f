use super::*;
use crate::credential::token::Token;
use crate::gate::recovery::GateRecovery;
use crate::gate::{Cooldown, GateState, Pause, Spacing};
use crate::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind};
use crate::request::Endpoint;
use crate::state::Provider;
use crate::time::{Boot, Wall};

const NOW: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(500_000_000) };
const LIMITED: Cooldown = Cooldown::RateLimited { retry_after_s: None };

fn at(minutes: i64) -> Moment {
    Moment { wall: Wall(NOW.wall.0 + minutes * 60_000), boot: Boot(NOW.boot.0 + minutes * 60_000) }
}

fn id(name: &str) -> AccountId {
    AccountId(format!("anthropic:{name}"))
}

/// A seat that asked `ago` minutes ago, with so many strikes.
fn seat(ago: i64, strikes: u32) -> AccountState {
    let mut seat = AccountState::new(Provider::Anthropic);
    seat.gates[Endpoint::Usage].last_request = Some(at(-ago));
    seat.gates[Endpoint::Usage].strikes = strikes;
    seat
}

fn cooling(until: i64, cause: &Cooldown) -> GateState {
    GateState::CoolingDown { cause: cause.clone(), since: at(-1), until: at(until) }
}

#[test]
fn seat_id_consists_of_login_and_organization() {
    assert_eq!(id("ann/acme").login(), id("ann"));
    assert_eq!((id("ann/acme").organization(), id("ann").organization()), (Some("acme"), None));
    assert!(id("ann/acme").is_beside(&id("ann/home")) && id("ann/acme").is_beside(&id("ann")));
    assert!(!id("ann/acme").is_beside(&id("ann/acme")) && !id("ann/acme").is_beside(&id("bob/acme")));
}

/// Laws 2 and 10.
#[test]
fn rate_limit_and_spacing_are_shared_by_seats_of_a_login() {
    let mut home = seat(4, 0);
    let mut acme = seat(1, 2);
    acme.gates[Endpoint::Usage].state = cooling(20, &LIMITED);
    home.gates.share(&acme.gates, NOW);
    assert_eq!(
        (home.gates[Endpoint::Usage].strikes, &home.gates[Endpoint::Usage].state),
        (2, &acme.gates[Endpoint::Usage].state)
    );
    assert_eq!(home.gates[Endpoint::Usage].last_request, Some(at(-1)));
    assert!(
        home.gates[Endpoint::Usage].shut(at(19), Spacing::Kept).is_some()
            && home.gates[Endpoint::Usage].shut(at(20), Spacing::Kept).is_none()
    );
    assert_eq!(
        home.gates[Endpoint::Token],
        AccountState::new(Provider::Anthropic).gates[Endpoint::Token],
        "the endpoints are told apart"
    );

    // The other one's reading ends the strikes of both.
    let read = seat(0, 0);
    home.gates.share(&read.gates, at(21));
    assert_eq!(home.gates[Endpoint::Usage].strikes, 0);
    home.gates.share(&seat(9, 7).gates, at(21));
    assert_eq!(home.gates[Endpoint::Usage].strikes, 0, "what is older is known already");
    assert_eq!(home.gates[Endpoint::Usage].last_request, Some(at(0)));
}

#[test]
fn network_and_server_cooldowns_and_pauses_are_not_shared_between_seats() {
    let fingerprint = Token::new("sk-1".to_owned()).unwrap().fingerprint();
    let mut acme = seat(5, 0);
    for cause in [Cooldown::Network { why: "offline".into() }, Cooldown::Server { status: 500 }] {
        acme.gates[Endpoint::Usage].state = cooling(20, &cause);
        let mut home = seat(5, 0);
        home.gates.share(&acme.gates, NOW);
        assert_eq!(home.gates[Endpoint::Usage].state, GateState::Open, "{cause:?}");
    }
    acme.gates[Endpoint::Usage].rate_limited(NOW, None, crate::gate::Jitter(0));
    acme.gates[Endpoint::Usage].pause(NOW, Pause::Rejected, fingerprint.clone());
    let mut home = seat(5, 0);
    home.gates.share(&acme.gates, NOW);
    let GateState::CoolingDown { cause, .. } = &home.gates[Endpoint::Usage].state else {
        panic!("{:?}", home.gates[Endpoint::Usage].state)
    };
    assert_eq!(*cause, LIMITED, "the cooldown beneath is shared, the pause is not");

    home.gates[Endpoint::Usage].pause(NOW, Pause::Rejected, fingerprint);
    let mut longer = seat(0, 1);
    longer.gates[Endpoint::Usage].state = cooling(90, &LIMITED);
    home.gates.share(&longer.gates, NOW);
    let GateState::Paused { beneath: Some(beneath), .. } = &home.gates[Endpoint::Usage].state else {
        panic!("a pause stays")
    };
    assert_eq!(beneath.until, at(90));
}

#[test]
fn unanswered_request_of_one_seat_cools_down_the_others() {
    let mut acme = seat(60, 0);
    acme.gates[Endpoint::Usage].intent = Some(at(-2));
    assert!(acme.gates.has_request_in_flight() && !seat(1, 0).gates.has_request_in_flight());
    let mut home = seat(60, 0);
    home.gates.share(&acme.gates, NOW);
    assert_eq!(home.gates[Endpoint::Usage].state, GateState::Open, "it is under way, and the other is told that it is");
    home.gates.share_left_behind(&acme.gates, NOW);
    let until = at(-2).plus(Provider::Anthropic.policy(Endpoint::Usage).unanswered());
    assert_eq!(
        home.gates[Endpoint::Usage].state,
        GateState::CoolingDown { cause: Cooldown::Unanswered, since: at(-2), until }
    );
    assert_eq!(home.gates[Endpoint::Usage].last_request, Some(at(-2)));
}

/// Law 10. A 401 allows one request sooner than 180 s after the last one of the login.
#[test]
fn retry_after_a_401_is_not_sent_after_another_seats_request() {
    let mut acme = seat(60, 0);
    acme.gates[Endpoint::Usage].unauthorized_token = Token::new("sk-1".into()).map(|token| token.fingerprint());
    acme.gates.share(&seat(61, 0).gates, NOW);
    assert!(acme.gates[Endpoint::Usage].unauthorized_token.is_some());
    acme.gates.share(&seat(1, 0).gates, NOW);
    assert_eq!(acme.gates[Endpoint::Usage].unauthorized_token, None);
}

/// Law 10, found by the simulation (seeds 2062 and 2549).
#[test]
fn own_unanswered_request_does_not_hide_a_later_one_of_another_seat() {
    let mut home = seat(60, 0);
    home.gates[Endpoint::Usage].intent = Some(at(-30));
    home.gates.share_left_behind(&seat(1, 0).gates, NOW);
    home.gates[Endpoint::Usage].settle(NOW, crate::gate::Jitter(0));
    assert_eq!(home.gates[Endpoint::Usage].last_request, Some(at(-1)));
}

#[test]
fn seats_share_gates_at_startup() {
    let mut state = State::new("boot".into());
    let mut limited = seat(1, 1);
    limited.gates[Endpoint::Usage].state = cooling(30, &LIMITED);
    for (name, account) in [("ann/acme", limited), ("ann/home", seat(5, 0)), ("ann", seat(9, 0)), ("bob", seat(5, 0))] {
        state.accounts.insert(id(name), account);
    }
    state.share_gates(NOW);
    let shut = |name: &str| state.accounts[&id(name)].gates[Endpoint::Usage].shut(at(29), Spacing::Kept).is_some();
    assert_eq!(["ann/acme", "ann/home", "ann", "bob"].map(shut), [true, true, true, false]);
    let beside: Vec<AccountId> = state.gates_beside(&id("ann/home")).into_iter().map(|(id, _)| id).collect();
    assert_eq!(beside, [id("ann"), id("ann/acme")]);
}

/// Found by the simulation (seed 1054): the other seat asked later, and then the clock was set back.
#[test]
fn ledger_entry_known_to_its_seat_stays_known_after_another_seats_request() {
    let read = LedgerEvent::Completed { outcome: OutcomeKind::Reading, detail: None };
    let entry = |seat: &str, ago: i64| LedgerEntry {
        at: at(-ago).wall,
        account: id(seat).0,
        endpoint: Endpoint::Usage.into(),
        event: read.clone(),
        next_at: Some(at(5 - ago).wall),
    };
    let entries = [entry("ann/acme", 90), entry("ann/home", 9)];
    let mut state = State::new("boot".into());
    for (name, told, last_request) in [("ann/home", 9, 9), ("ann/acme", 90, 4)] {
        let mut seat = seat(last_request, 0);
        seat.gates[Endpoint::Usage].ledger_watermark = Some(at(-told).wall);
        state.accounts.insert(id(name), seat);
    }
    for now in [NOW, Moment { wall: at(-9000).wall, ..at(1) }] {
        GateRecovery::new(&entries, None, now).apply_to_all(&mut state, now);
    }
    for (seat, account) in &state.accounts {
        assert_eq!(account.gates[Endpoint::Usage].state, GateState::Open, "{seat}");
    }
}

/// Issue 15: nothing is lost, and no gate opens.
#[test]
fn seat_adopts_login_state_of_an_earlier_version() {
    let kept = |organization: Option<&str>| {
        let mut state = State::new("boot".into());
        let mut ann = seat(1, 3);
        ann.gates[Endpoint::Usage].state = cooling(30, &LIMITED);
        ann.sign_in.identity.organization = organization.map(str::to_owned);
        ann.saves = 7;
        state.accounts.insert(id("ann"), ann);
        state.active = vec![id("bob"), id("ann")];
        state
    };
    for (then, now) in [(Some("Acme"), Some("Acme")), (None, Some("Acme")), (Some("Acme"), None), (None, None)] {
        let mut state = kept(then);
        let before = state.accounts[&id("ann")].clone();
        let adopted = state.load_seat(&id("ann/acme"), now).unwrap().clone();
        assert_eq!(adopted, AccountState { formerly: Some(id("ann")), ..before });
        assert_eq!(state.accounts.len(), 1);
        assert_eq!(state.active, [id("bob"), id("ann/acme")]);
        assert_eq!(state.load_seat(&id("ann/home"), Some("Home")), None, "it is one seat's only");
    }
    let mut state = kept(Some("Home"));
    assert_eq!(state.load_seat(&id("ann/acme"), Some("Acme")), None, "these figures were another organization's");
    assert_eq!(state.gates_beside(&id("ann/acme")).len(), 1, "its gates are the login's");
    assert!(state.load_seat(&id("ann/home"), Some("Home")).is_some());
    let mut state = kept(None);
    state.accounts.insert(id("ann/acme"), seat(2, 0));
    assert_eq!(
        state.load_seat(&id("ann/acme"), None).unwrap().gates[Endpoint::Usage].strikes,
        0,
        "it has a state of its own already"
    );
    assert_eq!(state.accounts.len(), 2);
}

#[test]
fn seat_labels_are_distinguished_by_organization() {
    let named = |organizations: &[(&str, Option<&str>)]| {
        let mut state = State::new("boot".into());
        for (name, organization) in organizations {
            let mut account = seat(1, 0);
            account.sign_in.identity.organization = organization.map(str::to_owned);
            state.accounts.insert(id(name), account);
        }
        let name = |(name, organization): &(&str, Option<&str>)| distinction(&id(name), *organization, &state);
        organizations.iter().map(name).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(named(&[("ann/acme", Some("Acme")), ("bob/acme", Some("Acme"))]), [None, None]);
    assert_eq!(named(&[("ann/1", Some("Acme")), ("ann/2", Some("Home"))]), [text("Acme"), text("Home")]);
    let same = named(&[("ann/123456789", Some("Acme")), ("ann/987654321", Some("acme"))]);
    assert_eq!(same, [text("Acme, 12345678"), text("acme, 98765432")]);
    assert_eq!(named(&[("ann/123456789", None), ("ann/2", None)]), [text("12345678"), text("2")]);
    assert_eq!(named(&[("ann", Some("Acme")), ("ann/2", Some("Home"))]), [text("Acme"), text("Home")]);
}

#[test]
fn account_state_from_before_seats_loads() {
    let mut old = serde_json::to_value(seat(1, 1)).unwrap();
    old.as_object_mut().unwrap().remove("formerly");
    old["sign_in"].as_object_mut().unwrap().remove("last_token");
    let kept: AccountState = serde_json::from_value(old).unwrap();
    assert_eq!(kept, seat(1, 1));
}

/// After a crash, a seat without saved state is closed by what its login was told last, at the same endpoint.
#[test]
fn new_seat_is_closed_by_the_ledger_of_its_login_alone() {
    let told = |account: &str, endpoint: Endpoint, ago: i64, minutes: i64| LedgerEntry {
        at: at(-ago).wall,
        account: id(account).0,
        endpoint: endpoint.into(),
        event: LedgerEvent::Completed { outcome: OutcomeKind::RateLimited, detail: None },
        next_at: Some(at(minutes).wall),
    };
    let closed_for = |entries: &[LedgerEntry]| {
        let mut seat = AccountState::new(Provider::Anthropic);
        GateRecovery::new(entries, None, NOW).apply_to_new(&id("ann/new"), &mut seat, NOW);
        seat.gates[Endpoint::Usage].opens(NOW).map(|opens| opens.since(NOW).as_secs() / 60)
    };
    assert_eq!(closed_for(&[]), Some(0));
    assert_eq!(closed_for(&[told("bob/acme", Endpoint::Usage, 5, 60)]), Some(0), "another login");
    assert_eq!(closed_for(&[told("ann/acme", Endpoint::Token, 5, 60)]), Some(0), "another endpoint");
    let both = [told("ann/acme", Endpoint::Usage, 9, 60), told("ann/home", Endpoint::Usage, 5, 30)];
    assert_eq!(closed_for(&both), Some(30), "the last one counts");
}
