//! Granted tokens: law 8.

use super::renewal::{grant, noted, renewing, spent, token_gaps};
use super::*;

#[test]
fn token_response_without_refresh_token_keeps_the_old_one() {
    let mut world = renewing(|n| status(200, None, &format!(r#"{{"access_token":"sk-{}"}}"#, n + 1)));
    world.run(24 * HOUR);
    assert_eq!(spent(&world), ["rt-1"], "a sign-in that does not say when it ends is used until it is refused");
    assert_eq!(world.asked.last().unwrap().1, "sk-2");
}

#[test]
fn token_response_without_tokens_pauses_renewal() {
    let mut world = renewing(|_| status(200, None, "{}"));
    world.run(48 * HOUR);
    assert_eq!(world.spent.len(), 1);
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
    assert!(matches!(
        world.account.state().gates[Endpoint::Token].state,
        GateState::Paused { cause: Pause::RenewalWasted, .. }
    ));
}

#[test]
fn renewed_tokens_unsaved_are_kept_and_announced_once() {
    let mut world = renewing(|n| grant(n + 1));
    world.storing = WriteBack::Failed("no space left".into());
    world.run(9 * HOUR);
    assert_eq!(world.shown, [NoticeKind::RenewalUnsaved]);
    assert_eq!(world.spent.len(), 1);
    world.storing = WriteBack::Written;
    world.run(2 * MINUTE);
    assert_eq!(world.asked.last().unwrap().1, "sk-2");
    assert_eq!((world.spent.len(), world.shown.len()), (1, 1));
    assert!(!world.holds_locks);
}

/// A clock that runs years ahead makes every new token look as if it had ended.
#[test]
fn renewed_tokens_expiring_at_once_limit_renewal_to_one_an_hour() {
    let mut world = renewing(|n| {
        status(200, None, &format!(r#"{{"access_token":"sk-{n}","expires_in":1,"refresh_token":"rt-{}"}}"#, n + 1))
    });
    world.run(12 * HOUR);
    assert!(token_gaps(&world).iter().all(|gap| *gap >= HOUR), "{:?}", token_gaps(&world));
}

#[test]
fn renewed_tokens_of_another_account_are_saved_and_pause_usage() {
    let body = r#"{"access_token":"sk-bob","expires_in":28800,"refresh_token":"rt-bob","account":{"uuid":"bob"}}"#;
    let mut world = renewing(move |_| status(200, None, body));
    world.run(24 * HOUR);
    assert_eq!(spent(&world), ["rt-1"]);
    assert!(matches!(&world.credential, CredentialRead::Found(stored) if stored.access_token.expose() == "sk-bob"));
    assert_eq!(world.asked.last().unwrap().1, "sk-1");
    assert!(matches!(
        world.account.state().gates[Endpoint::Usage].state,
        GateState::Paused { cause: Pause::OtherAccount, .. }
    ));
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
}

/// Law 9: the desktop may have no notification service just then.
#[test]
fn renewed_tokens_unsaved_are_announced_when_a_service_appears() {
    let mut world = renewing(|n| grant(n + 1));
    world.storing = WriteBack::Failed("no space left".into());
    world.service = false;
    world.run(8 * HOUR);
    assert_eq!((world.spent.len(), world.shown.len()), (1, 0));
    world.service = true;
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::RenewalUnsaved]);
}

/// What exists nowhere else is not left lying until something else wakes the account.
#[test]
fn renewed_tokens_unsaved_are_written_again_after_a_second() {
    let mut world = renewing(|n| grant(n + 1));
    world.storing = WriteBack::Failed("no space left".into());
    let mut woken = world.settle();
    while world.spent.is_empty() {
        world.now = woken.expect("a renewal is ahead");
        woken = world.settle();
    }
    assert_eq!(woken, Some(world.now.plus(policy::STORE.after(1))));
    world.storing = WriteBack::Written;
    world.run(2);
    assert!(matches!(&world.credential, CredentialRead::Found(stored) if stored.access_token.expose() == "sk-2"));
    assert!(!world.holds_locks);
}

/// Law 4, found by the simulation (seed 3790): by the clock as it is then, the access token has time to live.
#[test]
fn clock_set_back_before_the_request_cancels_a_noted_intent() {
    let mut world = noted();
    world.now.wall = Wall(world.now.wall.0 - 3_600_000);
    world.run(HOUR - 1);
    assert!(world.spent.is_empty() && world.disk.gates[Endpoint::Token].intent.is_none() && !world.holds_locks);
    world.run(1);
    assert_eq!(spent(&world), ["rt-1"]);
}

/// It is in memory only while the locks are held: where it is about to be spent or written.
#[test]
fn refresh_token_is_forgotten_outside_the_locks() {
    let mut world = super::renewal::renewing(|n| super::renewal::grant(n + 1));
    let end = world.now.plus(Duration::from_secs(17 * HOUR));
    let mut held = 0;
    while end.is_after(world.now) {
        let action = world.account.poll(world.now);
        let token = world.account.credential.as_ref().and_then(|credential| credential.refresh_token.as_ref());
        let is_held = token.is_some_and(|token| token.secret().is_some());
        assert!(!is_held || world.holds_locks, "{:?}", world.account.step);
        held += usize::from(is_held);
        match action {
            Action::Sleep(until) => world.now = until.expect("a request comes"),
            action => world.act(action),
        }
    }
    assert!(held > 0 && world.spent.len() >= 2, "it was read and spent meanwhile");
}
