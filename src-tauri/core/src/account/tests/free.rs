//! Law 16: an account that is set to free readings only sends nothing.

use super::*;
use crate::messages;
use crate::record::ledger::WithheldReason;
use crate::settings::Readings;

fn free() -> Preferences {
    Preferences { readings: Some(Readings::FreeOnly), renewal: true, ..preferences() }
}

impl World {
    fn prefer(&mut self, preferences: Preferences) {
        self.preferences = preferences;
        self.account.handle(Event::Preferences(preferences), self.now);
    }

    fn status(&self) -> String {
        messages::status(&self.account.state().status(self.now), &crate::LocalTime::UTC).join(" ")
    }
}

/// Its access token has ended, and could be renewed.
fn expired(token: &str) -> CredentialRead {
    let CredentialRead::Found(mut found) = credential(token) else { panic!() };
    found.expires_at = Some(NOON);
    found.refresh_token = Token::new("rt-1".into()).map(Into::into);
    CredentialRead::Found(found)
}

#[test]
fn free_only_sends_no_usage_or_renewal_request() {
    let mut world = World::new(|n| panic!("request {n}"));
    world.prefer(free());
    world.run(7 * 24 * HOUR);
    for sign_in in
        [credential("sk-2"), expired("sk-3"), CredentialRead::Absent(CredentialMissing::Blanked), credential("sk-4")]
    {
        world.credential = sign_in;
        world.account.handle(Event::CredentialMayHaveChanged, world.now);
        world.run(HOUR);
        assert_eq!(world.account.refresh(world.now), Err(Refusal::FreeOnly));
        world.settle();
        world.crash();
        world.run(24 * HOUR);
    }
    assert!(world.shown.is_empty(), "there is nothing to say of asking: {:?}", world.shown);
    let withheld = |entry: &&LedgerEntry| matches!(&entry.event, LedgerEvent::Withheld { because, .. } if *because == WithheldReason::FreeOnly);
    assert_eq!(world.entries.iter().filter(withheld).count(), 4);
    assert_eq!(world.account.state().next_request(world.now), None);
}

#[test]
fn free_only_shows_status_line_readings_and_explains_how_to_get_more() {
    let mut world = World::new(|n| panic!("request {n}"));
    world.prefer(free());
    world.settle();
    assert!(world.status().contains("let Claude Code's status line call Holdoff"), "{}", world.status());
    world.status_line(33.0);
    world.settle();
    assert_eq!(world.used(), Some(33.0));
    let said = "Free readings only: Holdoff sends no requests. For a fresh reading, run a prompt in Claude Code.";
    assert_eq!(world.status(), said);
    assert_eq!(messages::refusal(&Refusal::FreeOnly, world.account.state(), world.now, &crate::LocalTime::UTC), said);
}

/// What was chosen last holds where nothing is said of it, as in a file that is lost.
#[test]
fn readings_choice_missing_from_settings_keeps_the_last_one() {
    let mut world = World::new(|_| good());
    world.prefer(free());
    world.settle();
    world.preferences = preferences();
    world.crash();
    world.run(HOUR);
    assert_eq!((world.asked.len(), world.account.state().free_only()), (0, true));
    world.prefer(Preferences { readings: Some(Readings::Ask), ..preferences() });
    world.settle();
    assert_eq!((world.asked.len(), world.used()), (1, Some(42.0)), "and another is followed at once");
}

#[test]
fn free_only_cancels_a_request_about_to_be_sent() {
    let mut world = World::new(|n| panic!("request {n}"));
    while world.account.state().gates[Endpoint::Usage].intent.is_none() {
        world.settle_one();
    }
    world.prefer(free());
    world.run(HOUR);
    assert_eq!((world.asked.len(), &world.account.state().gates[Endpoint::Usage].intent), (0, &None));
    let mut left = World::new(|_| good());
    drop(left.run_to_request());
    assert!(left.account.still_allows(Endpoint::Usage));
    left.prefer(free());
    assert!(!left.account.still_allows(Endpoint::Usage) && !left.account.still_allows(Endpoint::Token));
}

/// A cooldown goes on beneath, and what there is to say of it is said if it still holds afterwards.
#[test]
fn free_only_turned_off_keeps_the_earlier_cooldown() {
    let mut world = World::new(|n| if n == 1 { limited(Some("7200")) } else { good() });
    world.service = false;
    world.settle();
    world.prefer(free());
    world.service = true;
    world.account.handle(Event::NoticeService(false), world.now);
    world.account.handle(Event::NoticeService(true), world.now);
    world.run(HOUR);
    assert!(world.shown.is_empty(), "{:?}", world.shown);
    world.prefer(Preferences { readings: Some(Readings::Ask), ..preferences() });
    world.settle();
    assert_eq!((world.asked.len(), world.shown.as_slice()), (1, &[NoticeKind::RateLimited][..]));
    world.run(3 * HOUR);
    assert!(world.gaps()[0] >= 7200 && world.asked.len() > 1, "{:?}", world.gaps());
}

#[test]
fn free_only_still_announces_a_nearly_used_up_window() {
    let mut world = World::new(|n| panic!("request {n}"));
    world.prefer(free());
    world.settle();
    world.status_line(50.0);
    world.run(10 * MINUTE);
    world.status_line(85.0);
    world.run(10 * MINUTE);
    world.status_line(86.0);
    world.run(10 * MINUTE);
    assert_eq!(world.shown, [NoticeKind::Window]);
}
