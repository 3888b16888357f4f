//! Two valid slots of any generation with any state: the newest wins and numbering continues from it. An account that
//! starts from it keeps its spacing and comes to rest, whatever the state is.

use crate::disk::Disk;
use crate::given::Given;
use crate::subject::{Died, START, Subject, World, credential};
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Moment, Request, SendResult, State};
use holdoff_engine::storage::state_file::{NAMES, PlainFiles, Slots, TwoSlots};
use holdoff_engine::tasks::start;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// A generation that no program counting from one ever reaches.
const UNREACHED: u64 = u64::MAX / 2 - 4;

pub fn slot_generations(bytes: &[u8]) {
    Disk::with(|disk| {
        let mut given = Given(bytes);
        let mut written: Vec<Slot> = Vec::new();
        for name in NAMES {
            let generation = given.long() % UNREACHED;
            let state = serde_json::from_slice::<State>(given.piece()).ok();
            if let Some(slot) = state.and_then(|state| Slot::write(disk, name, generation, state)) {
                written.push(slot);
            }
        }
        let read = Slots::read(disk.path());
        assert_eq!(read.damaged, [], "what was written whole is whole");
        let newest = written.iter().rev().max_by_key(|slot| slot.generation);
        assert_eq!(read.state, newest.map(|slot| slot.state.clone()));
        assert_eq!(read.generation, newest.map_or(0, |slot| slot.generation));
        count_on(disk, read.generation);
        if let Some(slot) = newest {
            go_on(slot.state.clone(), given.flag());
        }
    });
}

struct Slot {
    generation: u64,
    state: State,
}

impl Slot {
    /// The engine writes the slot, which is then moved to its place. `None` if its state is of another version.
    fn write(disk: &Disk, name: &str, generation: u64, state: State) -> Option<Self> {
        if state.version != holdoff_core::state::VERSION {
            return None;
        }
        let other = NAMES.map(|name| disk.read(name));
        TwoSlots::new(disk.path().to_owned(), PlainFiles, generation).save(&state).expect("there is room");
        let odd = usize::from((generation + 1).is_multiple_of(2));
        let bytes = disk.read(NAMES[odd]).expect("it was written");
        for (name, bytes) in NAMES.iter().zip(other) {
            disk.remove(name);
            if let Some(bytes) = bytes {
                disk.write(name, &bytes);
            }
        }
        disk.write(name, &bytes);
        Some(Self { generation: generation + 1, state })
    }
}

/// The next save is newer than every existing slot.
fn count_on(disk: &Disk, generation: u64) {
    let mark = State::new("the next".into());
    TwoSlots::new(disk.path().to_owned(), PlainFiles, generation).save(&mark).expect("there is room");
    let read = Slots::read(disk.path());
    assert_eq!((read.state, read.generation), (Some(mark), generation + 2));
}

/// Runs an account from this state, whatever it is.
fn go_on(state: State, reboot: bool) {
    let boot = if reboot { "another".to_owned() } else { state.boot_id.clone() };
    Disk::with_another(|disk| {
        TwoSlots::new(disk.path().to_owned(), PlainFiles, 0).save(&state).expect("there is room");
        let mut loaded = start::restore(disk.path(), &[], &boot, START).state;
        let Some((_, account)) = loaded.accounts.pop_first() else { return };
        let account = AccountState { provider: Provider::Anthropic, ..account };
        let mut subject = Subject::new(account, credential(10 * HOUR), true, START, 5);
        let ended = subject.run(&mut Refusing { last: None }, START.plus(6 * HOUR));
        assert!(ended.is_ok(), "nothing ends the process here");
        let _shown = serde_json::to_string(subject.0.account.state()).expect("a state can be kept");
    });
}

/// Refuses every request and checks the spacing.
struct Refusing {
    last: Option<(holdoff_core::Endpoint, Moment)>,
}

impl World for Refusing {
    fn persist(&mut self, state: &AccountState) -> Result<(), Died> {
        let kept = serde_json::to_string(state).expect("a state can be kept");
        let again: AccountState = serde_json::from_str(&kept).expect("what was kept can be read again");
        assert_eq!(again, *state);
        Ok(())
    }

    fn record(&mut self, _: &LedgerEntry) {}

    fn answer(&mut self, request: &Request, now: Moment) -> Result<SendResult, Died> {
        if let Some((endpoint, last)) = self.last
            && endpoint == request.endpoint
        {
            assert!(now.since(last) >= Duration::from_secs(180), "two requests are closer than 180 s");
        }
        self.last = Some((request.endpoint, now));
        Ok(SendResult::Lost("nothing came".to_owned()))
    }
}
