//! What depends on the sign-in: laws 5 to 7.

use super::*;

/// Law 6.
#[test]
fn pause_follows_three_401s_on_three_polls() {
    let mut world = World::new(|_| unauthorized());
    world.run(HOUR);
    assert_eq!(world.gaps(), [300, 300]);
    assert!(matches!(
        world.account.state().gates[Endpoint::Usage].state,
        GateState::Paused { cause: Pause::Rejected, .. }
    ));
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
    world.crash();
    world.run(24 * HOUR);
    assert_eq!((world.asked.len(), world.shown.len()), (3, 1), "a pause outlives a restart");
    assert!(matches!(world.account.refresh(world.now), Err(Refusal::SignIn(SignInTrouble::Paused(_)))));
}

/// A crash right after the state was saved: whatever is on disk of a 401 has its strike.
#[test]
fn strikes_of_401_survive_a_crash() {
    let mut world = World::new(|_| unauthorized());
    for strikes in 1..=3 {
        while world.disk.last.as_ref().is_none_or(|last| last.outcome.is_none()) || world.asked.len() < strikes {
            world.settle_one();
        }
        world.advance(Duration::from_secs(300));
        world.crash();
        assert_eq!(world.disk.gates[Endpoint::Usage].unauthorized, u32::try_from(strikes).unwrap());
    }
    assert!(matches!(world.disk.gates[Endpoint::Usage].state, GateState::Paused { .. }));
}

#[test]
fn pause_ends_at_once_with_a_new_sign_in_and_recovery_is_announced() {
    let mut world = World::new(|n| if n <= 3 { unauthorized() } else { good() });
    world.run(10 * MINUTE + 1);
    assert_eq!(world.asked.len(), 3);
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert_eq!(world.asked.last().unwrap().1, "sk-2");
    assert_eq!(world.shown, [NoticeKind::SignInStopped, NoticeKind::Recovered]);
    assert!(world.account.state().sign_in_recovered);
}

#[test]
fn unauthorized_is_retried_once_with_a_changed_credential() {
    let mut world = World::new(|_| unauthorized());
    world.settle();
    assert_eq!(world.asked.len(), 1, "the same credential is not sent twice");
    for n in 2..5 {
        world.advance(Duration::from_secs(2));
        world.credential = credential(&format!("sk-{n}"));
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
    }
    assert_eq!(world.asked.len(), 2, "the changed one is asked with at once, and once");
}

/// Law 10, found by the simulation (seed 43): only a 401 earns a request without the distance, and only the next one.
#[test]
fn unauthorized_retry_is_forfeited_by_another_response() {
    let mut world = World::new(|n| if n == 1 { unauthorized() } else { status(503, None, "") });
    world.settle();
    world.advance(Duration::from_secs(600));
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(HOUR);
    assert!(world.gaps().iter().all(|gap| *gap >= 180), "{:?}", world.gaps());
}

#[test]
fn unauthorized_retry_happens_once_per_poll() {
    let mut world = World::new(|_| unauthorized());
    world.settle();
    world.advance(Duration::from_secs(300));
    // Read as sk-1 before asking, found as another one each time after: the owner rotates all the while.
    for n in 2..200 {
        let action = world.account.poll(world.now);
        let event = match action {
            Action::ReadCredential => Event::Credential(credential(&format!("sk-{n}"))),
            Action::Ask(..) => {
                world.asked.push((world.now.boot, n.to_string()));
                Event::Delivered(unauthorized())
            }
            Action::Persist(_) => Event::Persisted(Ok(())),
            Action::Notify(notice) => Event::NoticeShown(notice.id),
            Action::Record(_) | Action::RecordHistory(_) => continue,
            Action::Sleep(_) => break,
            other => unreachable!("{other:?}"),
        };
        world.account.handle(event, world.now);
    }
    assert_eq!(world.asked.len(), 3, "one poll, one re-ask");
}

/// Law 6, found by the simulation (seed 28531): another sign-in comes while the request that an earlier one earned is
/// under way.
#[test]
fn unauthorized_retry_with_a_replaced_token_is_no_strike() {
    let mut world = World::new(|n| if n < 3 { unauthorized() } else { good() });
    world.run(5 * MINUTE + 1);
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    let _left = world.run_to_request();
    world.credential = credential("sk-3");
    world.account.handle(Event::Delivered(unauthorized()), world.now);
    world.settle();
    assert_eq!((world.account.state().gates[Endpoint::Usage].unauthorized, world.shown.len()), (2, 0));
    world.run(HOUR);
    assert_eq!((world.asked[3].1.as_str(), world.gaps()[2]), ("sk-3", 180), "it is asked with, at the usual distance");
    assert!(world.shown.is_empty());
}

#[test]
fn missing_scope_pauses_at_once_and_is_named() {
    let mut world = World::new(|_| missing_scope());
    world.run(24 * HOUR);
    assert_eq!(world.asked.len(), 1);
    let paused = &world.account.state().gates[Endpoint::Usage].state;
    assert!(
        matches!(paused, GateState::Paused { cause: Pause::MissingScope { scope }, .. } if scope == "user:profile")
    );
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
}

/// Law 10: the distance is kept even where the sign-in is new, unless a 401 went before.
#[test]
fn new_sign_in_after_403_keeps_request_spacing() {
    let mut world = World::new(|n| if n == 1 { missing_scope() } else { good() });
    world.settle();
    world.advance(Duration::from_secs(10));
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(HOUR);
    assert_eq!(world.gaps()[0], 180);
}

/// The sign-in of these tests, good until then.
fn ending(at: Wall) -> CredentialRead {
    let CredentialRead::Found(mut ending) = credential("sk-1") else { unreachable!() };
    ending.expires_at = Some(at);
    CredentialRead::Found(ending)
}

/// Law 5, 7.
#[test]
fn expired_token_is_not_sent_and_not_announced() {
    let mut world = World::new(|_| good());
    world.credential = ending(Wall(NOON.0 - 1));
    world.run(24 * HOUR);
    assert_eq!((world.asked.len(), world.shown.len()), (0, 0));
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert_eq!(world.asked.len(), 1);
}

/// It is looked at again and again until its owner renews it.
#[test]
fn expired_credential_read_again_changes_no_state() {
    let mut world = World::new(|_| good());
    world.credential = ending(Wall(NOON.0 - 1));
    world.settle();
    let kept = world.account.state().clone();
    for _ in 0..3 {
        world.advance(Duration::from_secs(60));
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
    }
    assert_eq!(world.account.state(), &kept);
}

#[test]
fn token_expiring_between_polls_is_not_sent() {
    let mut world = World::new(|_| good());
    world.credential = ending(NOON.plus(Duration::from_secs(299)));
    world.run(HOUR);
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn missing_credential_is_waited_for_and_found_without_a_watcher() {
    let mut world = World::new(|_| good());
    for absence in [
        CredentialMissing::NoFile,
        CredentialMissing::NotSignedIn,
        CredentialMissing::EmptyToken,
        CredentialMissing::Unreadable("torn".into()),
    ] {
        world.credential = CredentialRead::Absent(absence);
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.run(HOUR);
    }
    assert_eq!((world.asked.len(), world.shown.len()), (0, 0));
    world.credential = credential("sk-1");
    world.run(301);
    assert_eq!(world.asked.len(), 1, "it is found even when no watcher says so");
}

#[test]
fn credential_reappearing_is_used_as_soon_as_spacing_allows() {
    let mut world = World::new(|_| good());
    world.settle();
    world.advance(Duration::from_secs(200));
    for read in [CredentialRead::Absent(CredentialMissing::NotSignedIn), credential("sk-1")] {
        world.credential = read;
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
    }
    assert_eq!(world.gaps(), [200]);
}

#[test]
fn credential_of_another_user_becomes_another_account() {
    let mut world = World::new(|_| good());
    world.settle();
    let CredentialRead::Found(mut other) = credential("sk-bob") else { unreachable!() };
    other.identity.account = Some("bob".into());
    world.credential = CredentialRead::Found(other);
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    let action = loop {
        match world.account.poll(world.now) {
            action @ Action::Become { .. } => break action,
            _ => world.settle_one(),
        }
    };
    assert!(matches!(action, Action::Become { id, renamed: false } if id.0 == "anthropic:bob"));
}

/// The sign-in in one place changes hands: the account that has it now is asked at once, and its first reading is news.
#[test]
fn account_replacing_another_is_polled_at_once_and_reported_once() {
    let mut world = World::new(|_| good());
    world.run(HOUR);
    assert!(!world.account.state().sign_in_recovered, "a reading among others is no news");
    world.advance(Duration::from_secs(200));
    world.account.set_previous_account(AccountId("anthropic:bob".into()), world.now);
    world.crash();
    world.account.set_previous_account(AccountId("anthropic:bob".into()), world.now);
    let asked = world.asked.len();
    world.settle();
    assert_eq!(world.asked.len(), asked + 1);
    let state = world.account.state();
    assert!(state.sign_in_recovered && !state.sign_in_failed);
    assert_eq!(state.previous_account, Some(AccountId("anthropic:bob".into())));
    world.run(5 * MINUTE + 1);
    assert_eq!(
        (world.account.state().sign_in_recovered, world.account.state().previous_account.clone()),
        (false, None)
    );
}

/// A restart between a new sign-in and the reading that proves it.
#[test]
fn recovered_sign_in_is_reported_after_a_restart() {
    let mut world = World::new(|_| good());
    world.credential = CredentialRead::Absent(CredentialMissing::NotSignedIn);
    world.settle();
    world.crash();
    world.credential = credential("sk-1");
    world.settle();
    assert!(world.account.state().sign_in_recovered);
}

#[test]
fn missing_credential_reason_is_saved_on_change() {
    let mut world = World::new(|_| good());
    world.settle();
    for why in [CredentialMissing::NoFile, CredentialMissing::NotSignedIn, CredentialMissing::EmptyToken] {
        world.credential = CredentialRead::Absent(why.clone());
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
        assert_eq!(world.disk.sign_in.seen, Some(crate::credential::CredentialPresence::Absent(why)));
    }
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn credential_renewed_by_its_owner_is_saved_at_once() {
    let mut world = World::new(|_| good());
    world.settle();
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert_eq!(world.disk.sign_in, world.account.state().sign_in);
    assert_eq!(world.disk.sign_in.fingerprint(), Some(&Token::new("sk-2".to_owned()).unwrap().fingerprint()));
}

/// What is shown with no program running says whether Holdoff renews.
#[test]
fn renewal_setting_is_saved_at_once() {
    let mut world = World::new(|_| good());
    world.settle();
    for renewal in [true, false] {
        world.account.handle(Event::Preferences(Preferences { renewal, ..preferences() }), world.now);
        world.settle();
        assert_eq!(world.disk.renewal_enabled, renewal);
    }
}

/// Laws 6 and 10: only another token is asked with at once. That the one which was refused went away and came back is
/// no reason to show it again so soon.
#[test]
fn rejected_credential_reappearing_keeps_request_spacing() {
    let mut world = World::new(|_| unauthorized());
    world.settle();
    for read in [CredentialRead::Absent(CredentialMissing::NoFile), credential("sk-1")] {
        world.advance(Duration::from_secs(10));
        world.credential = read;
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
    }
    assert_eq!(world.asked.len(), 1);
    world.run(10 * MINUTE);
    assert_eq!(world.gaps()[0], 180);
}

/// What was sent is not held up by it, and what comes of it is known to be of the old sign-in.
#[test]
fn credential_change_during_a_request_is_read_unless_retiring() {
    for retiring in [false, true] {
        let mut world = World::new(|_| good());
        while !matches!(world.account.step, Step::Requesting { .. }) {
            match world.account.poll(world.now) {
                Action::Ask(..) => {}
                action => world.act(action),
            }
        }
        world.credential = credential("sk-2");
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        if retiring {
            world.account.handle(Event::Retire, world.now);
        }
        let looked = loop {
            match world.account.poll(world.now) {
                Action::ReadCredential => break true,
                Action::Sleep(_) => break false,
                action => world.act(action),
            }
        };
        assert_eq!(looked, !retiring);
    }
}
