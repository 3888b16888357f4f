//! Looking for newer versions: one request in a day is one of the person.

use super::*;
use holdoff_core::updates::UpdatesState;

fn asked(person: &Person, ago: u64) -> UpdatesState {
    let now = person.clock.now();
    let asked = holdoff_core::Moment { boot: holdoff_core::time::Boot(now.boot.0 - 1000 * ago as i64), ..now };
    let next = Some(asked.plus(Duration::from_secs(24 * 3600)));
    UpdatesState { asked: Some(asked), next, ..UpdatesState::default() }
}

#[test]
fn update_check_is_exclusive_and_its_time_is_shared() {
    let person = Person::new();
    let (one, other) = (person.with("one"), person.with("other"));
    let turn = one.lock_updates().unwrap().unwrap();
    assert!(other.lock_updates().unwrap().is_none());
    let state = asked(&person, 60);
    one.write_updates(&state, &person.clock).unwrap();
    drop(turn);
    assert!(other.lock_updates().unwrap().is_some());
    assert_eq!(other.read_updates(&person.clock), Ok(Some(state.clone())));
    other.write_updates(&asked(&person, 120), &person.clock).unwrap();
    assert_eq!(one.read_updates(&person.clock), Ok(Some(state)), "what was asked earlier is no news");
    assert_eq!(person.with("third").read_updates(&person.clock).map(|known| known.is_some()), Ok(true));
}

/// Law 13: nothing is asked for on the strength of what cannot be read.
#[test]
fn update_record_torn_counts_as_just_checked_and_newer_is_kept() {
    let person = Person::new();
    let one = person.with("one");
    assert_eq!(one.read_updates(&person.clock), Ok(None));
    let path = person.home.path().join("user/updates.json");
    for torn in ["", "{", "{\"generation\":1,\"checksum\":\"sha256:0\",\"state\":{}}"] {
        std::fs::write(&path, torn).unwrap();
        let lost = one.read_updates(&person.clock).unwrap().unwrap();
        assert!(lost.next.unwrap().since(person.clock.now()) > Duration::from_secs(23 * 3600), "{torn}");
        assert!(!path.exists(), "it is kept aside");
    }
    one.write_updates(&asked(&person, 60), &person.clock).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["state"]["version"] = 1000.into();
    let newer = state_file::slot(0, record["state"].clone());
    std::fs::write(&path, serde_json::to_vec(&newer).unwrap()).unwrap();
    one.read_updates(&person.clock).unwrap_err();
    one.write_updates(&asked(&person, 0), &person.clock).unwrap_err();
    assert!(path.exists());
}
