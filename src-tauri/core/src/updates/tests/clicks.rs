//! Installing and skipping.

use super::*;

#[test]
fn update_install_needs_a_click_and_the_offered_version() {
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
fn update_install_with_failed_download_or_hash_installs_nothing() {
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
fn update_install_click_honors_retry_after() {
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
fn update_without_matching_package_is_announced_not_installed() {
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
