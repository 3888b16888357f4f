//! What outlives a process: two slots that are written in turn, and the ledger.
//!
//! Lines that cannot be written wait in the process and are tried again, as in `holdoff_engine::storage::history`.

use crate::observation::Millis;
use crate::rng::Dice;
use crate::schedule::Tear;
use holdoff_core::gate::StateLoss;
use holdoff_core::gate::policy;
use holdoff_core::gate::recovery;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::time::millis;
use holdoff_core::{AccountId, AccountState, CredentialLocation, Moment};
use std::collections::VecDeque;
use std::rc::Rc;

/// The states of all accounts, as one save wrote them.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) boot_id: String,
    pub(super) accounts: Vec<(AccountId, Rc<AccountState>)>,
    /// Counts up with every save.
    pub(super) save: u64,
    pub(super) places: Vec<CredentialLocation>,
    pub(super) saved: Moment,
    pub(super) loss: Option<StateLoss>,
    /// On which run of the machine, and when and how far ahead its wall clock was: for those who check, not for Holdoff.
    pub(super) boot: u32,
    pub(super) at: Millis,
    pub(super) ahead: Millis,
}

#[derive(Debug, Clone)]
enum Slot {
    Absent,
    Unreadable,
    Whole(u64, Rc<Saved>),
}

#[derive(Debug)]
pub(super) struct Disk {
    slots: [Slot; 2],
    generation: u64,
    ledger: VecDeque<LedgerEntry>,
    /// Lines that could not be written, and how often in a row that was tried.
    waiting: VecDeque<LedgerEntry>,
    /// Unreadable slots are kept aside.
    aside: bool,
    failures: u32,
    pub(super) full: bool,
}

/// At most this many lines of the ledger are read at a start, and far fewer are of any use.
const LINES: usize = 4000;

/// How far a save came that a crash interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Nothing,
    FirstTorn,
    First,
    SecondTorn,
    Both,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self {
            slots: [Slot::Absent, Slot::Absent],
            generation: 0,
            ledger: VecDeque::new(),
            waiting: VecDeque::new(),
            aside: false,
            failures: 0,
            full: false,
        }
    }

    /// Writes both slots, or as far as it comes. Answers whether one of them is whole and new.
    pub(super) fn save(&mut self, saved: Saved, progress: Progress) -> bool {
        let saved = Rc::new(saved);
        let mut written = false;
        let steps: &[bool] = match progress {
            Progress::Nothing => &[],
            Progress::FirstTorn => &[false],
            Progress::First => &[true],
            Progress::SecondTorn => &[true, false],
            Progress::Both => &[true, true],
        };
        for whole in steps {
            let generation = self.generation + 1;
            let slot = &mut self.slots[usize::from(generation.is_multiple_of(2))];
            if *whole {
                *slot = Slot::Whole(generation, Rc::clone(&saved));
                (self.generation, written) = (generation, true);
            } else {
                *slot = Slot::Unreadable;
            }
        }
        written
    }

    pub(super) fn tear(&mut self, tear: Tear, dice: &mut Dice) {
        match tear {
            Tear::Cut => {}
            Tear::One => {
                // Whatever happens to one of them; but a save that was cut off has only one.
                if let [Slot::Whole(_, a), Slot::Whole(_, b)] = &self.slots
                    && a.save == b.save
                {
                    self.slots[usize::from(dice.percent(50))] = Slot::Unreadable;
                }
            }
            Tear::Both => {
                for slot in self.slots.iter_mut().filter(|slot| !matches!(slot, Slot::Absent)) {
                    *slot = Slot::Unreadable;
                }
            }
        }
    }

    /// The newest whole slot, and whether there was one and none can be read, now or since it was last saved. Unreadable
    /// ones are kept aside.
    pub(super) fn load(&mut self) -> (Option<Rc<Saved>>, bool) {
        let damaged = self.slots.iter().any(|slot| matches!(slot, Slot::Unreadable));
        let whole = self.slots.iter().filter_map(|slot| match slot {
            Slot::Whole(generation, saved) => Some((*generation, Rc::clone(saved))),
            Slot::Absent | Slot::Unreadable => None,
        });
        let newest = whole.max_by_key(|(generation, _)| *generation);
        for slot in self.slots.iter_mut().filter(|slot| matches!(slot, Slot::Unreadable)) {
            *slot = Slot::Absent;
            self.aside = true;
        }
        self.generation = newest.as_ref().map_or(0, |(generation, _)| *generation);
        let lost = (damaged || self.aside) && newest.is_none();
        (newest.map(|(_, saved)| saved), lost)
    }

    /// Adds a line. Answers after how long it is to be tried again, where it is the first that has to wait.
    pub(super) fn record(&mut self, entry: LedgerEntry) -> Option<Millis> {
        self.waiting.push_back(entry);
        let first = self.failures == 0;
        self.write_lines().filter(|_| first)
    }

    /// Writes what waits. Answers after how long it is to be tried again, where it cannot.
    pub(super) fn write_lines(&mut self) -> Option<Millis> {
        if self.full && !self.waiting.is_empty() {
            self.failures += 1;
            return Some(millis(policy::SAVE.after(self.failures)));
        }
        self.failures = 0;
        self.ledger.append(&mut self.waiting);
        let more = self.ledger.len().saturating_sub(LINES);
        self.ledger.drain(..more);
        None
    }

    pub(super) fn lines_wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What waits goes with its process.
    pub(super) fn process_died(&mut self) {
        self.waiting.clear();
        self.failures = 0;
    }

    /// The end of the ledger without a gap, from the last line that is too old to count.
    pub(super) fn recent(&mut self) -> &[LedgerEntry] {
        let lines = self.ledger.make_contiguous();
        let newest = lines.last().map(|entry| entry.at);
        let old = |entry: &LedgerEntry| newest.is_some_and(|newest| newest.since(entry.at) > recovery::SPAN);
        let first = lines.iter().rposition(old).map_or(0, |at| at + 1);
        &lines[first..]
    }
}
