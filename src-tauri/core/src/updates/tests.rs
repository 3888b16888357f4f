//! A day in the life of looking for updates, by a hand-moved clock.

use super::release::tests::{Signer, list};
use super::*;
use crate::response::{Body, HttpResponse};
use crate::time::Boot;
use crate::time::Wall;
use std::time::Duration;

mod announcing;
mod checking;
mod clicks;
mod elsewhere;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const START: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };

/// What was done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Did {
    Asked(Moment),
    Announced(String),
    Fetched(String),
    Installed(PackageKind),
}

struct World {
    signer: Signer,
    updates: Updates,
    now: Moment,
    did: Vec<Did>,
    ledger: Vec<LedgerEntry>,
    /// As on disk.
    kept: UpdatesState,
    disk: Result<(), String>,
}

fn build(signer: &Signer) -> Build {
    Build {
        version: Version::parse("0.1.0").unwrap(),
        package: Some(PackageKind::Archive),
        system: "linux-x86_64".into(),
        key: Some(signer.key()),
    }
}

fn wanted(wanted: bool) -> Preferences {
    Preferences { wanted, quiet: None }
}

impl World {
    fn new(preferences: Preferences) -> Self {
        let signer = Signer::new();
        let updates = Updates::new(build(&signer), UpdatesState::default(), preferences, START, 7);
        let (did, ledger, kept) = (vec![], vec![], UpdatesState::default());
        let mut world = Self { signer, updates, now: START, did, ledger, kept, disk: Ok(()) };
        world.updates.handle(Event::NoticeService(true), START);
        world
    }

    /// Does what is said until it sleeps; answers until when.
    fn act(&mut self) -> Option<Moment> {
        for _ in 0..100 {
            match self.updates.poll(self.now) {
                Action::Record(entry) => self.ledger.push(entry),
                Action::Persist(state) => {
                    if self.disk.is_ok() {
                        self.kept = *state;
                    }
                    self.updates.handle(Event::Persisted(self.disk.clone()), self.now);
                }
                Action::Check(permit) => {
                    assert_eq!((permit.file(), permit.given()), (LIST, self.now));
                    assert!(self.kept.under_way, "the intent is on disk before anything leaves");
                    self.did.push(Did::Asked(self.now));
                }
                Action::Announce(version) => {
                    let phase = self.kept.announcement.as_ref().map(|announcement| announcement.phase);
                    assert_eq!(phase, Some(Phase::Showing), "noted before it is said");
                    self.did.push(Did::Announced(version));
                }
                Action::Fetch(permit, package) => {
                    assert_eq!((permit.file(), permit.most()), (package.file.as_str(), package.size));
                    self.did.push(Did::Fetched(package.file));
                }
                Action::Install(kind) => self.did.push(Did::Installed(kind)),
                Action::Sleep(until) => return until,
            }
        }
        panic!("it never sleeps: {:?}", self.did);
    }

    /// Lives through so much time, waking whenever it wants to; every look is answered by `answer`.
    fn live(&mut self, time: Duration, mut answer: impl FnMut(&Signer) -> SendResult) {
        let end = self.now.plus(time);
        loop {
            let until = self.act();
            if self.updates.step == Step::Checking {
                let delivery = answer(&self.signer);
                self.updates.handle(Event::Listed(delivery), self.now);
                continue;
            }
            match until {
                Some(until) if !until.is_after(end) => self.now = until,
                _ => break,
            }
        }
        self.now = end;
    }

    fn restart(&mut self) {
        let build = build(&self.signer);
        self.updates = Updates::new(build, self.kept.clone(), self.updates.preferences, self.now, 8);
        self.updates.handle(Event::NoticeService(true), self.now);
    }

    fn asked(&self) -> Vec<Moment> {
        self.did.iter().filter_map(|did| if let Did::Asked(at) = did { Some(*at) } else { None }).collect()
    }

    fn said(&mut self) -> Vec<Did> {
        std::mem::take(&mut self.did).into_iter().filter(|did| !matches!(did, Did::Asked(_))).collect()
    }
}

fn status(status: u16, retry_after: Option<&str>, body: impl Into<Vec<u8>>) -> SendResult {
    let retry_after = retry_after.map(str::to_owned);
    let body = Body::Whole(body.into().into());
    SendResult::Answered(HttpResponse { status, retry_after, date: None, request_id: false, body })
}

fn release(version: &str) -> impl Fn(&Signer) -> SendResult + use<> {
    let list = list(version).to_string();
    move |signer| status(200, None, signer.sign(&list))
}

#[test]
fn update_check_sends_nothing_until_enabled() {
    let mut world = World::new(wanted(false));
    world.live(30 * DAY, release("0.2.0"));
    assert_eq!((world.did.len(), world.ledger.len(), world.act()), (0, 0, None), "and nothing wakes");
    world.updates.handle(Event::Preferences(wanted(true)), world.now);
    world.live(HOUR, release("0.1.0"));
    assert_eq!(world.asked().len(), 1);
    world.updates.handle(Event::Preferences(wanted(false)), world.now);
    world.live(30 * DAY, release("0.1.0"));
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn update_check_in_a_build_without_key_sends_nothing() {
    let mut world = World::new(wanted(true));
    world.updates.build.key = None;
    world.live(30 * DAY, release("0.2.0"));
    assert!(world.did.is_empty() && !world.updates.status().can_check);
}

/// Whatever is answered, however often it is started and turned off and on: law 18.
#[test]
fn update_check_is_sent_at_most_once_a_day() {
    let answers: [fn(&Signer) -> SendResult; 7] = [
        |signer| release("0.1.0")(signer),
        |_| status(429, None, ""),
        |_| status(429, Some("1"), ""),
        |_| status(503, Some("0"), ""),
        |_| status(200, None, "<!doctype html>"),
        |_| SendResult::Lost("no answer in time".into()),
        |_| {
            SendResult::Answered(HttpResponse {
                status: 200,
                retry_after: None,
                date: None,
                request_id: false,
                body: Body::Truncated("the connection broke in the middle of it".into()),
            })
        },
    ];
    for (case, answer) in answers.into_iter().enumerate() {
        let mut world = World::new(wanted(true));
        for _ in 0..100 {
            world.live(5 * HOUR, answer);
            world.restart();
            world.updates.handle(Event::Preferences(wanted(false)), world.now);
            world.updates.handle(Event::Preferences(wanted(true)), world.now);
        }
        let asked = world.asked();
        let gaps: Vec<Duration> = asked.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        assert!(gaps.iter().all(|gap| (DAY..=DAY * 12 / 10).contains(gap)), "{case}: {gaps:?}");
        assert!((18..=21).contains(&asked.len()), "{case}: {}", asked.len());
        let sent = world.ledger.iter().filter(|entry| matches!(entry.event, LedgerEvent::Sent { .. })).count();
        assert_eq!((sent, world.ledger.len()), (asked.len(), 2 * asked.len()), "every request and its answer is noted");
    }
}

#[test]
fn update_check_is_sent_once_across_crashes() {
    let mut world = World::new(wanted(true));
    for _ in 0..20 {
        world.act();
        world.now = world.now.plus(2 * policy::UPDATE_PAUSE);
        world.act();
        world.restart();
        world.now = world.now.plus(HOUR);
    }
    assert_eq!(world.asked().len(), 1, "{:?}", world.did);
    let unanswered =
        |entry: &&LedgerEntry| matches!(entry.event, LedgerEvent::Completed { outcome: OutcomeKind::Unanswered, .. });
    assert_eq!(world.ledger.iter().filter(unanswered).count(), 1);
}

#[test]
fn update_check_that_was_not_sent_is_retried_the_same_day() {
    let mut world = World::new(wanted(true));
    world.live(3 * HOUR + HOUR / 2, |_| SendResult::NotSent("no connection".into()));
    assert!((3..=4).contains(&world.asked().len()));
    world.live(2 * HOUR, release("0.2.0"));
    assert!(world.updates.status().offer.is_some());
}

#[test]
fn update_check_with_unsaved_state_sends_nothing() {
    let mut world = World::new(wanted(true));
    world.disk = Err("No space left on device".into());
    world.live(3 * DAY, release("0.2.0"));
    assert!(world.did.is_empty());
    world.disk = Ok(());
    world.live(2 * HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 1);
    world.live(DAY - HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 1, "a day counts from what left, and not from what was meant to");
}

#[test]
fn update_check_honors_a_retry_after_of_a_week() {
    let mut world = World::new(wanted(true));
    let week = (7 * 24 * 3600).to_string();
    world.live(HOUR, |_| status(429, Some(&week), ""));
    world.restart();
    world.live(7 * DAY - 2 * HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 1);
    world.live(DAY, release("0.2.0"));
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn update_check_after_state_loss_waits_a_day() {
    let mut world = World::new(wanted(true));
    world.kept = UpdatesState::lost(world.now);
    world.restart();
    world.live(DAY - HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 0);
    world.live(2 * HOUR, release("0.2.0"));
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn update_check_time_after_reboot_ignores_clock_changes() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.1.0"));
    for jump in [-400, 400].map(|days: i64| days * 24 * 3600 * 1000) {
        let last = world.now;
        let now = Moment { wall: Wall(last.wall.0 + 1000), boot: Boot(5) };
        let mut state = UpdatesState { asked: Some(last), next: Some(last.plus(DAY)), ..UpdatesState::default() };
        state.next = state.next.map(|at| Moment { wall: Wall(at.wall.0 + jump), ..at });
        state.rebase_after_reboot(Some(last), now);
        let left = state.next.unwrap().since(now);
        assert_eq!(left, DAY - Duration::from_secs(1), "{jump}");
    }
}

#[test]
fn update_is_announced_once_per_version() {
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    assert_eq!(world.said(), [Did::Announced("0.2.0".into())]);
    world.updates.handle(Event::Announced { shown: true }, world.now);
    world.live(5 * DAY, release("0.2.0"));
    world.restart();
    world.live(5 * DAY, release("0.2.0"));
    assert_eq!(world.said(), []);
    assert_eq!(
        world.updates.status().offer.map(|offer| (offer.version, offer.can_install)),
        Some(("0.2.0".into(), true))
    );
    world.live(5 * DAY, release("0.3.0"));
    assert_eq!(world.said(), [Did::Announced("0.3.0".into())]);
    // Killed while it is being shown: it may have been seen.
    world.restart();
    world.live(5 * DAY, release("0.3.0"));
    assert_eq!(world.said(), []);
}

#[test]
fn update_announcement_waits_for_service_and_end_of_quiet_hours() {
    let mut world = World::new(wanted(true));
    world.updates.handle(Event::NoticeService(false), world.now);
    world.live(HOUR, release("0.2.0"));
    assert_eq!(world.said(), []);
    world.updates.handle(Event::NoticeService(true), world.now);
    world.act();
    assert_eq!(world.said(), [Did::Announced("0.2.0".into())]);
    world.updates.handle(Event::Announced { shown: false }, world.now);
    world.live(HOUR, release("0.2.0"));
    assert_eq!(world.said(), [Did::Announced("0.2.0".into())]);

    // It is 15:00 at the start.
    let quiet = Preferences { wanted: true, quiet: Some("14:00-20:00".parse().unwrap()) };
    let mut world = World::new(quiet);
    world.live(4 * HOUR, release("0.2.0"));
    assert_eq!(world.said(), []);
    world.live(HOUR + HOUR / 10, release("0.2.0"));
    assert_eq!(world.said(), [Did::Announced("0.2.0".into())]);
}

#[test]
fn update_skipped_is_not_announced_again_the_next_one_is() {
    let mut world = World::new(wanted(true));
    world.updates.handle(Event::NoticeService(false), world.now);
    world.live(HOUR, release("0.2.0"));
    world.updates.handle(Event::Skip("0.2.0".into()), world.now);
    world.updates.handle(Event::NoticeService(true), world.now);
    world.live(3 * DAY, release("0.2.0"));
    world.restart();
    world.live(3 * DAY, release("0.2.0"));
    assert_eq!((world.said(), world.updates.status().offer), (vec![], None));
    world.live(3 * DAY, release("0.2.1"));
    assert_eq!(world.said(), [Did::Announced("0.2.1".into())]);
}

#[test]
fn update_of_same_or_older_version_is_not_offered() {
    for (version, checked) in [
        ("0.1.0", Checked::Newest),
        ("0.1.0+build.7", Checked::Newest),
        ("0.0.9", Checked::Older { version: "0.0.9".into() }),
        ("0.1.0-rc.1", Checked::Older { version: "0.1.0-rc.1".into() }),
    ] {
        let mut world = World::new(wanted(true));
        world.live(HOUR, release(version));
        let status = world.updates.status();
        assert_eq!((status.offer, status.outcome), (None, Some(checked)), "{version}");
        world.updates.handle(Event::Install(version.into()), world.now);
        world.act();
        assert_eq!(world.said(), []);
    }
}

#[test]
fn update_offer_is_kept_when_a_later_list_is_invalid() {
    let other = Signer::new();
    let mut world = World::new(wanted(true));
    world.live(HOUR, release("0.2.0"));
    world.said();
    world.live(2 * DAY, |_| status(200, None, other.sign(&list("9.9.9").to_string())));
    let status = world.updates.status();
    assert_eq!(status.offer.map(|offer| offer.version).as_deref(), Some("0.2.0"));
    let Some(Checked::Failed { why }) = status.outcome else { panic!("{:?}", status.outcome) };
    assert_eq!(why, "the release list was rejected: its signature is not valid for Holdoff's releases");
    // A state that somebody wrote into is believed no more than the network.
    world.kept.signed = Some(other.sign(&list("9.9.9").to_string()));
    world.restart();
    assert_eq!(world.updates.status().offer, None);
    // One that was taken back is not offered any more.
    world.live(2 * DAY, release("0.2.0"));
    assert!(world.updates.status().offer.is_some());
    world.live(2 * DAY, release("0.1.0"));
    assert_eq!(world.updates.status().offer, None);
}
