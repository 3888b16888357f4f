//! Two data folders of one person.

use super::*;
use crate::platform::clock::Clock;
use crate::storage::state_file::{PlainFiles, TwoSlots};
use holdoff_core::gate::{Cooldown, GateState};
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Endpoint, State};
use std::time::Duration;
use tempfile::TempDir;

struct Person {
    home: TempDir,
    clock: Clock,
}

impl Person {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), clock: Clock::real() }
    }

    fn with(&self, data_dir: &str) -> UserDir {
        let at = |name: &str| self.home.path().join(name);
        let user = UserDir::new(at("user"), at(data_dir), at("usual"));
        fs::make_folder(&at(data_dir)).unwrap();
        user.prepare().unwrap();
        user
    }

    /// Told to wait for an hour.
    fn limited(&self, saves: u64) -> AccountState {
        let now = self.clock.now();
        let mut account = AccountState::new(Provider::Anthropic);
        let cause = Cooldown::RateLimited { retry_after_s: Some(3600) };
        account.gates[Endpoint::Usage].state =
            GateState::CoolingDown { cause, since: now, until: now.plus(Duration::from_secs(3600)) };
        account.gates[Endpoint::Usage].strikes = 2;
        account.saves = saves;
        account
    }

    fn save_state(&self, data_dir: &str, account: &AccountState) {
        let mut state = State::new(self.clock.boot_id());
        state.saved = Some(self.clock.now());
        state.accounts.insert(ann(), account.clone());
        TwoSlots::new(self.home.path().join(data_dir), PlainFiles, 0).save(&state).unwrap();
    }
}

fn ann() -> AccountId {
    AccountId("anthropic:ann".to_owned())
}

fn fresh() -> AccountState {
    AccountState::new(Provider::Anthropic)
}

fn wait(account: &AccountState, clock: &Clock) -> u64 {
    account.gates[Endpoint::Usage].opens(clock.now()).unwrap().since(clock.now()).as_secs()
}

#[test]
fn account_lock_is_shared_by_all_data_folders() {
    let person = Person::new();
    let (one, other) = (person.with("one"), person.with("other"));
    let held = one.lock(&ann()).unwrap().unwrap();
    assert!(other.lock(&ann()).unwrap().is_none());
    assert!(other.lock(&AccountId("anthropic:bob".to_owned())).unwrap().is_some());
    drop(held);
    assert!(other.lock(&ann()).unwrap().is_some());
}

/// It locks in its own data folder, and most likely that is the usual one.
#[test]
fn account_lock_of_an_earlier_version_is_respected() {
    let person = Person::new();
    let (usual, other) = (person.with("usual"), person.with("other"));
    let earlier = FileLock::take(&person.home.path().join("usual/locks/anthropic_ann.lock")).unwrap();
    assert!(usual.lock(&ann()).unwrap().is_none());
    assert!(other.lock(&ann()).unwrap().is_none());
    drop(earlier);
    let held = other.lock(&ann()).unwrap();
    let late = FileLock::take(&person.home.path().join("usual/locks/anthropic_ann.lock")).unwrap();
    assert!(held.is_some() && late.is_none(), "nor does it begin beside a new one");
}

#[test]
fn account_record_cooldown_is_taken_over_by_the_next_instance() {
    let person = Person::new();
    let (one, other) = (person.with("one"), person.with("other"));
    let limited = person.limited(7);
    one.write(&ann(), &limited, &person.clock).unwrap();
    assert_eq!(one.newer(&ann(), &limited, &person.clock), Ok(None), "it knows that");
    let taken = other.newer(&ann(), &fresh(), &person.clock).unwrap().unwrap();
    assert_eq!((taken.gates[Endpoint::Usage].strikes, taken.saves), (2, 7));
    assert!((3590..=3600).contains(&wait(&taken, &person.clock)));
    let bob = AccountId("anthropic:bob".to_owned());
    assert_eq!(other.newer(&bob, &fresh(), &person.clock), Ok(None), "of another account it says nothing");
}

#[test]
fn account_record_missing_falls_back_to_the_default_data_folders_state() {
    let person = Person::new();
    let other = person.with("other");
    assert_eq!(other.newer(&ann(), &fresh(), &person.clock), Ok(None));
    fs::make_folder(&person.home.path().join("usual")).unwrap();
    person.save_state("usual", &person.limited(0));
    let taken = other.newer(&ann(), &fresh(), &person.clock).unwrap().unwrap();
    assert!((3590..=3600).contains(&wait(&taken, &person.clock)));
    let usual = person.with("usual");
    assert_eq!(usual.newer(&ann(), &person.limited(0), &person.clock), Ok(None), "its own it has read");
}

/// Law 13.
#[test]
fn account_record_torn_opens_no_gate() {
    for torn in ["", "{", "[]", "{\"generation\":1,\"checksum\":\"sha256:0\",\"state\":{}}"] {
        let person = Person::new();
        let (one, other) = (person.with("one"), person.with("other"));
        person.save_state("one", &person.limited(7));
        one.write(&ann(), &person.limited(7), &person.clock).unwrap();
        let path = person.home.path().join("user/accounts/anthropic_ann.json");
        std::fs::write(&path, torn).unwrap();
        let taken = other.newer(&ann(), &fresh(), &person.clock).unwrap().unwrap();
        assert!(wait(&taken, &person.clock) > 23 * 3600, "{torn}: nobody knows what the other was told");
        let kept = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!((path.exists(), kept), (false, 1), "it is kept aside");
    }
}

#[test]
fn account_record_torn_is_harmless_with_one_data_folder() {
    let person = Person::new();
    let one = person.with("one");
    person.save_state("one", &person.limited(7));
    one.write(&ann(), &person.limited(7), &person.clock).unwrap();
    std::fs::write(person.home.path().join("user/accounts/anthropic_ann.json"), "{").unwrap();
    assert_eq!(one.newer(&ann(), &person.limited(7), &person.clock), Ok(None));
}

#[test]
fn other_data_folder_is_detected_and_reported() {
    let person = Person::new();
    let one = person.with("one");
    person.save_state("one", &fresh());
    let other = person.with("other");
    assert_eq!(one.other_data_dirs(), Vec::<PathBuf>::new(), "there is nothing in it yet");
    person.save_state("other", &fresh());
    let at = |name: &str| person.home.path().join(name);
    assert_eq!((one.other_data_dirs(), other.other_data_dirs()), (vec![at("other")], vec![at("one")]));
    let said = about_others(&at("one"), &one.other_data_dirs());
    assert!(said[0].contains(at("other").to_str().unwrap()) && said[0].contains("XDG_DATA_HOME"), "{said:?}");
    std::fs::remove_dir_all(at("other")).unwrap();
    assert_eq!(one.other_data_dirs(), Vec::<PathBuf>::new(), "it was removed");
    // The same one by another name is no other.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("one"), at("link")).unwrap();
        assert_eq!(person.with("link").other_data_dirs(), Vec::<PathBuf>::new());
    }
}

mod updates;
