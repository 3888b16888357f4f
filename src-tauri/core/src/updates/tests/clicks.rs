//! What a click does, and what it does not.

use super::*;

#[test]
fn only_a_click_installs_and_only_what_is_offered() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    world.said();
    for (version, failure) in [("0.3.0", InstallFailure::NotOffered), ("0.1.0", InstallFailure::NotOffered)] {
        world.updates.handle(Event::Install(version.into()), world.now);
        world.act();
        assert_eq!((world.said(), &world.updates.installing), (vec![], &Installing::Failed(failure)));
    }
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.act();
    assert_eq!(world.said(), [Did::Fetched("holdoff.tar.gz".into())], "once, however often it is clicked");
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.act();
    assert_eq!(world.said(), [], "while it comes, too");
    world.updates.handle(Event::Fetched(Ok(())), world.now);
    world.act();
    assert_eq!(world.said(), [Did::Installed(PackageKind::Archive)]);
    world.updates.handle(Event::Installed(Ok(Installed::InPlace)), world.now);
    world.act();
    assert_eq!(world.updates.status().installing, Installing::Done);
    let events: Vec<&LedgerEvent> = world.ledger.iter().rev().take(2).map(|entry| &entry.event).collect();
    assert!(matches!(
        events[..],
        [LedgerEvent::Completed { outcome: OutcomeKind::Package, .. }, LedgerEvent::Sent { why: Trigger::Person }]
    ));
}

#[test]
fn what_is_not_what_was_signed_is_never_installed() {
    for failure in
        [FetchFailure::NotAsSigned, FetchFailure::Torn("it broke".into()), FetchFailure::NoSpace { needed: 9 }]
    {
        let mut world = World::new(wanted(true));
        world.live(HOUR, release("0.2.0"));
        world.updates.handle(Event::Install("0.2.0".into()), world.now);
        world.act();
        world.said();
        world.updates.handle(Event::Fetched(Err(failure.clone())), world.now);
        world.act();
        assert_eq!(world.said(), []);
        assert_eq!(world.updates.installing, Installing::Failed(InstallFailure::Fetch(failure)));
        // It may be tried again.
        world.updates.handle(Event::Install("0.2.0".into()), world.now);
        world.act();
        assert_eq!(world.said(), [Did::Fetched("holdoff.tar.gz".into())]);
    }
}

#[test]
fn a_server_that_asks_to_wait_is_left_alone_by_clicks_too() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.act();
    let retry_after = Some(3 * HOUR);
    world.updates.handle(Event::Fetched(Err(FetchFailure::RateLimited { retry_after })), world.now);
    world.act();
    world.said();
    world.restart();
    world.live(2 * HOUR, release("0.2.0"));
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.act();
    assert_eq!(world.said(), []);
    assert!(matches!(world.updates.installing, Installing::Failed(InstallFailure::Held { .. })));
    world.live(2 * HOUR, release("0.2.0"));
    world.updates.handle(Event::Install("0.2.0".into()), world.now);
    world.act();
    assert_eq!(world.said(), [Did::Fetched("holdoff.tar.gz".into())]);
}

#[test]
fn another_kind_of_copy_is_only_told() {
    for package in [None, Some(PackageKind::Deb)] {
        let mut world = World::new(wanted(true));
        world.updates.build.package = package;
        world.live(HOUR, release("0.2.0"));
        assert_eq!(world.said(), [Did::Announced("0.2.0".into())]);
        assert!(!world.updates.status().offer.unwrap().can_install);
        world.updates.handle(Event::Install("0.2.0".into()), world.now);
        world.act();
        assert_eq!(world.said(), []);
        assert_eq!(world.updates.installing, Installing::Failed(InstallFailure::NoPackage));
    }
}
