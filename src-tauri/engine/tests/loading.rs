//! State at a start: whatever is missing or damaged, a closed gate stays closed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::account::{Account, Action, Event, Preferences};
use holdoff_core::credential::CredentialRead;
use holdoff_core::harness::{self, Harness, ann};
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Boot, Endpoint, Moment, Settings, State, Wall};
use holdoff_engine::storage::history;
use holdoff_engine::storage::history::Row;
use holdoff_engine::storage::state_file::{NAMES, PlainFiles, TwoSlots};
use holdoff_engine::tasks::start;
use std::path::Path;
use std::time::Duration;

const NOON: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };
const DAY: Duration = Duration::from_secs(86_400);

/// A data folder after a first response that asked for a wait of a day, with everything saved.
fn limited_for_a_day() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut slots = TwoSlots::new(dir.path().to_owned(), PlainFiles, 0);
    let mut ledger = history::open(dir.path(), "t", DAY).store.unwrap();
    let preferences = Preferences::from(&Settings::default());
    let mut first = Harness::of(AccountState::new(Provider::Anthropic), sign_in(), preferences, NOON, 3);
    let mut state = State::new("boot".into());
    loop {
        match first.poll() {
            Action::Sleep(_) => break,
            Action::Ask(_) => first.handle(Event::Delivered(harness::answered(429, Some("86400"), ""))),
            action => {
                let saves = matches!(action, Action::Persist(_));
                first.perform(action);
                if saves {
                    state.accounts.insert(ann(), first.disk.clone());
                    slots.save(&state).unwrap();
                }
            }
        }
    }
    let rows: Vec<Row> = first.entries.into_iter().map(Row::Request).collect();
    ledger.write(&rows).unwrap();
    dir
}

fn account(state: AccountState, now: Moment) -> Account {
    Account::new(ann(), "here".into(), state, Preferences::from(&Settings::default()), now, 3)
}

fn sign_in() -> CredentialRead {
    CredentialRead::Found(harness::credential("token", None, None))
}

/// When usage may be requested again, according to a start one hour later.
fn held(dir: &Path) -> Duration {
    let later = NOON.plus(Duration::from_secs(3600));
    let loaded = start::load(dir, "boot", later).restored;
    let mut state = loaded.state.accounts.get(&ann()).cloned().unwrap_or_else(|| {
        let mut fresh = AccountState::new(Provider::Anthropic);
        loaded.recovery.apply_to_new(&ann(), &mut fresh, later);
        fresh
    });
    state = account(state, later).state().clone();
    state.gates[Endpoint::Usage].opens(later).unwrap().since(NOON)
}

#[track_caller]
fn check(what: &str, damage: impl FnOnce(&Path)) {
    let dir = limited_for_a_day();
    damage(dir.path());
    let held = held(dir.path());
    assert!(held >= DAY, "{what}: held for {held:?} only");
    assert!(held <= DAY + DAY / 5, "{what}: held for {held:?}");
}

fn overwrite(dir: &Path, names: &[&str], bytes: &[u8]) {
    for name in names {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}

#[test]
fn gate_shut_for_a_day_stays_shut_whatever_is_damaged() {
    check("nothing", |_| {});
    check("one slot", |dir| overwrite(dir, &NAMES[..1], b"{"));
    check("both slots", |dir| overwrite(dir, &NAMES, b""));
    check("both slots and the ledger", |dir| overwrite(dir, &[NAMES[0], NAMES[1], history::NAME], &[0xAA; 9000]));
    check("one slot, and the other is gone", |dir| {
        overwrite(dir, &NAMES[..1], b"[]");
        std::fs::remove_file(dir.join(NAMES[1])).unwrap();
    });
    check("both slots are gone", |dir| {
        for name in NAMES {
            std::fs::remove_file(dir.join(name)).unwrap();
        }
    });
}

/// An older copy of the folder, or a save that was interrupted before its first slot was complete.
#[test]
fn gate_stays_shut_with_a_state_older_than_the_response() {
    check("an older state", |dir| {
        let mut before = State::new("boot".into());
        before.accounts.insert(ann(), AccountState::new(Provider::Anthropic));
        for name in NAMES {
            std::fs::remove_file(dir.join(name)).unwrap();
        }
        TwoSlots::new(dir.to_owned(), PlainFiles, 0).save(&before).unwrap();
    });
}

#[test]
fn first_start_has_no_cooldown() {
    let dir = tempfile::tempdir().unwrap();
    let loaded = start::load(dir.path(), "boot", NOON).restored;
    let mut fresh = AccountState::new(Provider::Anthropic);
    loaded.recovery.apply_to_new(&ann(), &mut fresh, NOON);
    assert_eq!(fresh, AccountState::new(Provider::Anthropic));
    assert_eq!(loaded.findings, Vec::<String>::new());
}
