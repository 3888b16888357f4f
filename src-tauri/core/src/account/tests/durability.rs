//! Crashes, full disks and clocks: laws 12, 13 and 15.

use super::*;
use crate::gate::StateLoss;
use crate::gate::recovery::GateRecovery;

/// Law 13: a crash while a request is under way may have lost a 429.
#[test]
fn unanswered_request_after_a_crash_cools_down_like_a_429() {
    let mut world = World::new(|_| good());
    loop {
        let event = match world.account.poll(world.now) {
            Action::Ask(..) => break,
            Action::Persist(state) => {
                world.disk = *state;
                Event::Persisted(Ok(()))
            }
            Action::ReadCredential => Event::Credential(world.credential.clone()),
            Action::Record(_) | Action::RecordHistory(_) => continue,
            other => panic!("{other:?}"),
        };
        world.account.handle(event, world.now);
    }
    world.crash();
    world.run(HOUR - 1);
    assert_eq!(world.asked, []);
    world.run(7 * MINUTE);
    assert_eq!(world.asked.len(), 1);
    let unanswered =
        |entry: &LedgerEntry| matches!(entry.event, LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, .. });
    assert_eq!(world.entries.iter().filter(|entry| unanswered(entry)).count(), 1);
}

/// Law 13: only what was handed over is saved.
#[test]
fn persist_confirmation_out_of_turn_is_ignored() {
    let mut world = World::new(|_| limited(Some("3600")));
    world.settle();
    world.account.handle(Event::NoticeMissed(99), world.now);
    world.account.handle(Event::Persisted(Ok(())), world.now);
    assert!(matches!(world.account.poll(world.now), Action::Persist(_)));
    assert!(matches!(world.account.poll(world.now), Action::Persist(_)), "until it is answered");
}

#[test]
fn persist_repeats_for_a_change_made_during_a_save() {
    let mut world = World::new(|_| good());
    loop {
        match world.account.poll(world.now) {
            Action::Persist(state) => {
                world.disk = *state;
                break;
            }
            action => world.act(action),
        }
    }
    world.account.handle(Event::Preferences(Preferences { renewal: true, ..preferences() }), world.now);
    world.account.handle(Event::Persisted(Ok(())), world.now);
    assert!(matches!(world.account.poll(world.now), Action::Persist(state) if state.renewal_enabled));
}

/// Law 13: no record, no request.
#[test]
fn persist_failure_blocks_requests() {
    let mut world = World::new(|_| good());
    world.disk_full = true;
    world.run(HOUR);
    assert_eq!(world.asked, []);
    assert_eq!(world.account.saving_trouble(), Some("no space left"));
    assert!(matches!(world.account.refresh(world.now), Err(Refusal::Unsaved { .. })));
    world.disk_full = false;
    world.run(6 * MINUTE);
    assert!(!world.asked.is_empty());
    assert_eq!(world.account.saving_trouble(), None);
}

#[test]
fn cooldown_unsaved_is_kept_and_saved_later() {
    let mut world = World::new(|_| limited(Some("3600")));
    loop {
        if let Action::Ask(..) = world.account.poll(world.now) {
            break;
        }
        world.settle_one();
    }
    world.disk_full = true;
    world.account.handle(Event::Delivered(limited(Some("3600"))), world.now);
    world.run(20 * MINUTE);
    assert_eq!(world.shown, [], "what is not on disk is not said either");
    world.disk_full = false;
    world.run(10 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
    world.crash();
    world.run(20 * MINUTE);
    assert_eq!(world.asked, []);
}

/// Law 12: the wall clock is set while Holdoff runs.
#[test]
fn cooldown_is_unaffected_by_wall_clock_changes() {
    for jump in [-400 * 86_400_000_i64, 400 * 86_400_000] {
        let mut world = World::new(|n| if n == 1 { limited(Some("3600")) } else { good() });
        let CredentialRead::Found(mut lasting) = credential("sk-1") else { unreachable!() };
        lasting.expires_at = None;
        world.credential = CredentialRead::Found(lasting);
        world.settle();
        world.now.wall = Wall(world.now.wall.0 + jump);
        world.run(59 * MINUTE);
        assert_eq!(world.asked.len(), 1);
        world.run(8 * MINUTE);
        assert_eq!(world.asked.len(), 2);
    }
}

/// Found by the simulation (seed 7516): the token ran out between the permit and the departure.
#[test]
fn permit_ends_when_the_token_expires() {
    let mut world = World::new(|_| good());
    let end = NOON.plus(Duration::from_secs(30));
    let CredentialRead::Found(credential) = &mut world.credential else { panic!() };
    credential.expires_at = Some(end);
    let permitted = world.run_to_request();
    let permit = permitted.permit();
    world.settle();
    let life = end.since(permit.given().wall);
    assert!(permit.holds(life - Duration::from_millis(1)));
    assert!(!permit.holds(life));
    world.advance(life);
    world.account.handle(Event::Delivered(SendResult::PermitExpired), world.now);
    let before = world.asked.len();
    world.run(600);
    assert_eq!(world.asked.len(), before, "it waits for its owner");
    let trouble = world.account.state().sign_in_trouble(world.now.wall);
    assert!(matches!(trouble, Some(SignInTrouble::Expired)), "{trouble:?}");
}

/// Found by the simulation (seed 675): it woke again and again until the answer came.
#[test]
fn account_change_during_a_request_waits_idle_for_the_response() {
    let mut world = World::new(|_| good());
    let _left = world.run_to_request();
    world.settle();
    world.advance(Duration::from_secs(8 * HOUR));
    let CredentialRead::Found(mut other) = credential("sk-bob") else { unreachable!() };
    other.identity.account = Some("bob".into());
    world.credential = CredentialRead::Found(other);
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(HOUR);
    assert!(world.became.is_empty());
    world.account.handle(Event::Delivered(good()), world.now);
    world.settle_one();
    world.run(MINUTE);
    assert!(!world.became.is_empty());
}

#[test]
fn spurious_events_have_no_effect() {
    let mut world = World::new(|_| limited(None));
    for _ in 0..50 {
        world.account.handle(Event::Delivered(good()), world.now);
        world.account.handle(Event::Persisted(Ok(())), world.now);
        world.account.handle(Event::NoticeShown(99), world.now);
        world.account.handle(Event::NoticeMissed(99), world.now);
        world.account.handle(Event::NoticeService(true), world.now);
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
        world.settle();
    }
    assert_eq!((world.asked.len(), world.shown.len()), (1, 1));
}

#[test]
fn unanswered_request_survives_an_account_rename() {
    let now = World::new(|_| good()).now;
    let mut unnamed = AccountState::new(Provider::Anthropic);
    unnamed.gates[Endpoint::Usage].begin(now);
    let mut named = AccountState::new(Provider::Anthropic);
    named.adopt_gates(&unnamed);
    let account = Account::new(AccountId("anthropic:ann".into()), "~".into(), named, preferences(), now, 7);
    assert!(matches!(
        account.state().gates[Endpoint::Usage].state,
        GateState::CoolingDown { cause: Cooldown::Unanswered, .. }
    ));
}

/// Law 2: the same sign-in was paused in a place where it had no name.
#[test]
fn cooldown_survives_an_account_rename_with_a_new_token() {
    let mut unnamed = World::new(|_| unauthorized());
    unnamed.run(HOUR);
    let mut world = World::new(|n| if n == 1 { limited(Some("7200")) } else { good() });
    world.settle();
    world.advance(Duration::from_secs(HOUR));
    world.disk.adopt_gates(&unnamed.disk);
    world.crash();
    world.settle();
    assert!(matches!(world.account.refresh(world.now), Err(Refusal::SignIn(SignInTrouble::Paused(_)))));
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    let limited = world.account.refresh(world.now);
    assert!(matches!(limited, Err(Refusal::NotBefore { cause: NotYet::Cooldown(_), .. })), "{limited:?}");
    world.run(HOUR - 1);
    assert_eq!(world.asked.len(), 1);
    world.run(12 * MINUTE + 1);
    assert_eq!(world.asked.get(1).map(|(_, token)| token.as_str()), Some("sk-2"));
}

/// Law 9, found by the simulation (seed 71).
#[test]
fn notification_state_survives_an_account_rename() {
    let mut world = World::new(|n| if n < 4 { limited(None) } else { good() });
    world.settle();
    assert_eq!(world.shown, [NoticeKind::RateLimited]);
    let mut named = AccountState::new(Provider::Anthropic);
    named.adopt_gates(&world.disk);
    world.disk = named;
    world.crash();
    world.run(2 * HOUR);
    assert_eq!(world.shown, [NoticeKind::RateLimited, NoticeKind::Recovered], "one beginning and one end");
}

/// Law 11, found by the simulation (seed 299).
#[test]
fn polling_interval_changed_while_stopped_applies_at_startup() {
    let mut world = World::new(|_| good());
    world.preferences.interval = Duration::from_secs(HOUR);
    world.account.handle(Event::Preferences(world.preferences), world.now);
    world.settle();
    world.preferences.interval = Duration::from_secs(5 * MINUTE);
    world.advance(Duration::from_secs(MINUTE));
    world.crash();
    world.run(4 * MINUTE);
    assert_eq!(world.gaps(), [5 * MINUTE]);
}

#[test]
fn state_loss_keeps_the_gate_closed_for_the_longest_cooldown() {
    let mut world = World::new(|_| good());
    let id = world.account.id().clone();
    let loss = StateLoss::found(&[], world.now);
    GateRecovery::new(&[], Some(loss), world.now).apply_to_new(&id, &mut world.disk, world.now);
    world.crash();
    let longest = crate::gate::policy::LONGEST_COOLDOWN.as_secs();
    world.run(longest - 1);
    assert_eq!(world.asked, []);
    assert!(matches!(
        world.account.state().gates[Endpoint::Usage].state,
        GateState::CoolingDown { cause: Cooldown::StateLost, .. }
    ));
    world.run(60);
    assert_eq!(world.asked.len(), 1);
}

/// Law 15.
#[test]
fn ledger_records_every_request_and_its_outcome() {
    let mut world = World::new(|n| if n % 3 == 0 { limited(None) } else { good() });
    world.run(6 * HOUR);
    let count = |wanted: fn(&LedgerEvent) -> bool| world.entries.iter().filter(|entry| wanted(&entry.event)).count();
    assert_eq!(count(|event| matches!(event, LedgerEvent::Sent { .. })), world.asked.len());
    assert_eq!(count(|event| matches!(event, LedgerEvent::Completed { .. })), world.asked.len());
    assert!(world.entries.iter().all(|entry| entry.next_at.is_some()));
}
