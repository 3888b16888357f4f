//! Refusals say what would help: law 6, and law 3 for what the provider's edge refuses.

use super::*;
use crate::credential::sign_in_flow::SignInFlow;
use crate::gate::policy;
use crate::messages;
use crate::response::Barred;

fn refused_at_edge() -> SendResult {
    let SendResult::Answered(answer) = limited(Some("0")) else { panic!() };
    SendResult::Answered(HttpResponse { request_id: false, ..answer })
}

fn not_allowed(status_code: u16) -> SendResult {
    let message = "OAuth authentication is currently not allowed for this organization.";
    let kind = if status_code == 401 { "authentication_error" } else { "permission_error" };
    let body = serde_json::json!({"type": "error", "error": {"type": kind, "message": message}});
    status(status_code, None, &body.to_string())
}

fn status_of(world: &World) -> String {
    messages::status(&world.account.state().status(world.now), &crate::LocalTime::UTC).join(" ")
}

#[test]
fn edge_refusals_six_in_a_row_limit_requests_to_one_in_six_hours() {
    let mut world = World::new(|n| if n < 10 { refused_at_edge() } else { good() });
    world.run(2 * HOUR);
    while world.asked.len() < 6 {
        assert!(!status_of(&world).contains("Your own limit is not the cause"), "{}", status_of(&world));
        world.run(10 * MINUTE);
    }
    let said = status_of(&world);
    assert!(said.contains("is refusing Holdoff itself") && said.contains("Your own limit is not the cause."), "{said}");
    assert!(said.contains("Free readings (in the settings) need no request."), "{said}");
    assert!(world.account.state().is_refused_as_a_program());
    world.crash();
    assert_eq!(status_of(&world), said, "a restart keeps it");
    assert!(matches!(world.account.refresh(world.now), Err(Refusal::NotBefore { .. })), "and nobody asks sooner");
    world.run(24 * HOUR);
    let gaps = &world.gaps()[5..];
    let six = policy::TURNED_AWAY.as_secs();
    assert!(gaps[..3].iter().all(|gap| (six..=six + six / 10).contains(gap)), "{gaps:?}");
    world.run(24 * HOUR);
    assert_eq!(
        (world.used(), world.account.state().gates[Endpoint::Usage].edge_refusals),
        (Some(42.0), 0),
        "it comes back by itself"
    );
    assert_eq!(world.shown, [NoticeKind::RateLimited, NoticeKind::Recovered], "said once");
}

/// Neither a limit of the person's nor an answer in between makes a row.
#[test]
fn edge_refusals_interrupted_by_another_response_are_not_counted() {
    for other in [|| limited(None), good, || status(401, None, ""), missing_scope] as [fn() -> SendResult; 4] {
        let mut world = World::new(move |n| if n % 6 == 0 { other() } else { refused_at_edge() });
        for n in 2..40 {
            world.credential = credential(&format!("sk-{n}"));
            world.account.handle(Event::CredentialMayHaveChanged, world.now);
            world.run(2 * HOUR);
        }
        assert!(world.asked.len() > 12, "{}", world.asked.len());
        assert!(world.gaps().iter().all(|gap| *gap <= 2 * HOUR), "{:?}", world.gaps());
    }
    let mut real = World::new(|_| limited(Some("0")));
    real.run(24 * HOUR);
    assert!(real.asked.len() > 20 && !status_of(&real).contains("Your own limit is not the cause"));
    let trouble = |n| if n % 2 == 0 { status(529, None, "") } else { refused_at_edge() };
    let mut between = World::new(trouble);
    between.run(12 * HOUR);
    assert!(
        status_of(&between).contains("Your own limit is not the cause"),
        "trouble in between says nothing: {}",
        status_of(&between)
    );
}

#[test]
fn blanked_credential_is_announced_once_and_recovers_on_next_reading() {
    for end in [CredentialMissing::Blanked, CredentialMissing::LoginEnded("time limit".into())] {
        let mut world = World::new(|_| good());
        world.settle();
        world.credential = CredentialRead::Absent(end);
        for _ in 0..3 {
            world.run(HOUR);
            world.crash();
        }
        assert_eq!(world.shown, [NoticeKind::SignInStopped]);
        let (title, body) = &world.words[0];
        assert!(title == "Sign-in needed" && body.contains("Claude Code's sign-in has ended"), "{title} {body}");
        let asked = world.asked.len();
        world.credential = credential("sk-2");
        world.run(HOUR);
        assert!(world.asked.len() > asked);
        assert_eq!(world.shown, [NoticeKind::SignInStopped, NoticeKind::Recovered]);
    }
}

/// As older versions of Claude Code leave it: only the refresh token is emptied.
#[test]
fn blanked_refresh_token_is_announced_when_the_access_token_expires() {
    let mut world = World::new(|_| good());
    let CredentialRead::Found(mut found) = credential("sk-1") else { panic!() };
    found.expires_at = Some(NOON.plus(Duration::from_secs(HOUR)));
    found.refresh_blanked = true;
    world.credential = CredentialRead::Found(found.clone());
    world.run(HOUR - MINUTE);
    assert!(world.shown.is_empty());
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::SignInStopped]);
    // One that its owner can renew is nobody's trouble (law 7).
    let mut waits = World::new(|_| good());
    waits.credential = CredentialRead::Found(Credential { refresh_blanked: false, ..found });
    waits.run(10 * HOUR);
    assert!(waits.shown.is_empty());
}

#[test]
fn credential_without_usage_scope_is_not_sent_and_the_scope_is_named() {
    let mut world = World::new(|_| good());
    let CredentialRead::Found(mut found) = credential("sk-1") else { panic!() };
    found.scopes = vec!["user:inference".into()];
    world.credential = CredentialRead::Found(found.clone());
    for _ in 0..3 {
        world.run(HOUR);
        world.crash();
    }
    assert_eq!((world.asked.len(), world.shown.as_slice()), (0, &[NoticeKind::SignInStopped][..]));
    assert!(world.words[0].1.contains("without the scope user:profile"), "{:?}", world.words);
    assert!(status_of(&world).contains("the scope user:profile"), "{}", status_of(&world));
    // The same token with the scope, and another one, are both asked with.
    found.scopes.push("user:profile".into());
    world.credential = CredentialRead::Found(found);
    world.run(HOUR);
    assert!(!world.asked.is_empty() && world.used() == Some(42.0));
}

/// Law 6, found by the simulation (seed 122).
#[test]
fn pending_request_is_cancelled_by_a_credential_without_usage_scope() {
    let mut world = World::new(|_| good());
    let _waits = world.run_to_request();
    assert!(world.account.still_allows(Endpoint::Usage));
    let CredentialRead::Found(mut found) = credential("sk-2") else { panic!() };
    found.scopes = vec!["user:inference".into()];
    world.credential = CredentialRead::Found(found);
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    assert!(!world.account.still_allows(Endpoint::Usage) && !world.account.still_allows(Endpoint::Token));
    world.account.handle(Event::Delivered(SendResult::PermitExpired), world.now);
    world.run(HOUR);
    assert_eq!((world.asked.len(), world.shown.as_slice()), (1, &[NoticeKind::SignInStopped][..]));
    world.credential = credential("sk-3");
    world.run(HOUR);
    assert_eq!(world.used(), Some(42.0));
}

/// Laws 6 and 9, found by the simulation (seeds 1031 and 1542): the answer concerns the sign-in before.
#[test]
fn response_to_a_replaced_credential_does_not_end_the_pause_of_the_stored_one() {
    let cooldown = |world: &World| match &world.disk.gates[Endpoint::Usage].state {
        GateState::Paused { cause: Pause::ScopeNotGranted { .. }, beneath, .. } => {
            beneath.as_ref().map(|beneath| beneath.until.since(world.now).as_secs())
        }
        state => panic!("{state:?}"),
    };
    let answers: [(fn() -> SendResult, bool); 6] = [
        (good, false),
        (|| limited(Some("3600")), true),
        (|| SendResult::Lost("the connection was lost".into()), true),
        (|| status(529, None, ""), true),
        (unauthorized, false),
        (missing_scope, false),
    ];
    for (answer, cools) in answers {
        let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
        world.settle();
        world.advance(Duration::from_secs(HOUR));
        let _permit = world.run_to_request();
        let CredentialRead::Found(mut found) = credential("sk-2") else { panic!() };
        found.scopes = vec!["user:inference".into()];
        world.credential = CredentialRead::Found(found);
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.settle();
        world.account.handle(Event::Delivered(answer()), world.now);
        world.settle();
        assert_eq!(cooldown(&world).is_some(), cools, "law 2: it lasts on beneath the pause");
        assert!(status_of(&world).contains("the scope user:profile"), "{}", status_of(&world));
        let told = [NoticeKind::RateLimited, NoticeKind::SignInStopped];
        assert_eq!(world.shown, told, "nothing is back, and nothing is told twice");
        world.credential = credential("sk-3");
        world.run(3 * HOUR);
        assert_eq!(world.used(), Some(42.0));
        assert_eq!(world.shown, [told.as_slice(), &[NoticeKind::Recovered]].concat());
    }
}

/// Law 9.
#[test]
fn reading_with_a_credential_removed_meanwhile_is_no_recovery() {
    let mut world = World::new(|n| if n == 1 { limited(None) } else { good() });
    world.settle();
    world.advance(Duration::from_secs(HOUR));
    let _permit = world.run_to_request();
    world.credential = CredentialRead::Absent(CredentialMissing::Blanked);
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.settle();
    world.account.handle(Event::Delivered(good()), world.now);
    world.run(HOUR);
    assert_eq!((world.used(), world.shown.len()), (Some(42.0), 2), "{:?}", world.shown);
    world.credential = credential("sk-2");
    world.run(HOUR);
    assert_eq!(world.shown, [NoticeKind::RateLimited, NoticeKind::SignInStopped, NoticeKind::Recovered]);
}

#[test]
fn organization_not_allowed_is_named_and_no_sign_in_is_offered() {
    for status_code in [403, 401] {
        let mut world = World::new(move |n| if n == 1 { not_allowed(status_code) } else { good() });
        let CredentialRead::Found(mut found) = credential("sk-1") else { panic!() };
        found.identity.organization = Some("Acme".into());
        world.credential = CredentialRead::Found(found.clone());
        world.run(24 * HOUR);
        assert_eq!(world.asked.len(), 1, "it pauses at once");
        let state = world.account.state();
        let cause = Pause::NotAllowed { to: Barred::Organization, status: status_code };
        assert_eq!(state.sign_in_trouble(world.now.wall), Some(SignInTrouble::Paused(cause)));
        assert_eq!(SignInFlow::of(state, world.now), SignInFlow::Barred);
        assert!(status_of(&world).contains("the organization Acme"), "{}", status_of(&world));
        let (title, body) = &world.words[0];
        assert!(!title.contains("Sign-in") && body.contains("Acme") && !body.contains("until you sign in"), "{body}");
        // Its owner's next token is tried: it may be allowed by then.
        found.access_token = Token::new("sk-2".into()).unwrap();
        world.credential = CredentialRead::Found(found);
        world.run(HOUR);
        assert_eq!(world.used(), Some(42.0));
    }
}

#[test]
fn cooldown_status_mentions_a_new_sign_in_and_its_next_try() {
    let mut world = World::new(|n| if n == 1 { limited(Some("3600")) } else { good() });
    world.settle();
    assert!(!status_of(&world).contains("new sign-in"), "{}", status_of(&world));
    world.credential = credential("sk-2");
    world.account.handle(Event::CredentialMayHaveChanged, world.now);
    world.run(MINUTE);
    let said = status_of(&world);
    assert!(said.contains("Anthropic is rate limiting usage checks (HTTP 429"), "{said}");
    let next = world.account.state().next_request(world.now).unwrap();
    let clock = messages::not_before(next.wall_as_of(world.now), world.now.wall, &crate::LocalTime::UTC);
    assert!(said.contains(&format!("Claude Code has a new sign-in. Holdoff tries it at {clock}.")), "{said}");
    world.crash();
    assert_eq!(status_of(&world), said);
    world.run(2 * HOUR);
    assert!(world.asked.len() > 1 && !status_of(&world).contains("new sign-in"));
}

#[test]
fn refusal_of_the_same_wish_is_recorded_once_in_its_time() {
    let mut world = World::new(|_| limited(Some("36000")));
    world.settle();
    let ask_after = |world: &mut World, more: Duration| {
        world.advance(more);
        assert!(world.account.refresh(world.now).is_err());
        world.settle();
        world.withheld()
    };
    assert_eq!(ask_after(&mut world, Duration::from_secs(1)), 1);
    assert_eq!(ask_after(&mut world, policy::SAME_WISH - Duration::from_millis(1)), 1);
    assert_eq!(ask_after(&mut world, Duration::from_millis(1)), 2);
}
