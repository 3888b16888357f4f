//! What outlives a process: two slots that are written in turn, and the ledger.
//!
//! Entries that cannot be written wait in the process and are retried, as in `holdoff_engine::storage::history`.

use crate::observation::Millis;
use crate::rng::Rng;
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
    /// Increases with every save.
    pub(super) save: u64,
    pub(super) places: Vec<CredentialLocation>,
    pub(super) saved: Moment,
    pub(super) loss: Option<StateLoss>,
    /// The boot in which it was saved, the time, and how far ahead the wall clock was: for the checks, not for Holdoff.
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
    /// Entries that could not be written; `failures` counts the consecutive attempts.
    waiting: VecDeque<LedgerEntry>,
    /// Unreadable slots are kept aside.
    aside: bool,
    failures: u32,
    pub(super) full: bool,
}

/// The maximum number of ledger entries that are read at a start; far fewer are of use.
const LINES: usize = 4000;

/// How far a save got before a crash interrupted it.
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

    /// Writes both slots, or as far as `progress` says. Returns whether one of them is whole and new.
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

    pub(super) fn tear(&mut self, tear: Tear, rng: &mut Rng) {
        match tear {
            Tear::Cut => {}
            Tear::One => {
                // One of them may be damaged in any way; but an interrupted save leaves only one.
                if let [Slot::Whole(_, a), Slot::Whole(_, b)] = &self.slots
                    && a.save == b.save
                {
                    self.slots[usize::from(rng.percent(50))] = Slot::Unreadable;
                }
            }
            Tear::Both => {
                for slot in self.slots.iter_mut().filter(|slot| !matches!(slot, Slot::Absent)) {
                    *slot = Slot::Unreadable;
                }
            }
        }
    }

    /// Returns the newest whole slot, and whether the state is lost: a slot is unreadable, now or earlier since the
    /// last save, and none is whole. Unreadable slots are kept aside.
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

    /// Adds an entry. Returns the delay of the retry if this is the first entry that has to wait.
    pub(super) fn record(&mut self, entry: LedgerEntry) -> Option<Millis> {
        self.waiting.push_back(entry);
        let first = self.failures == 0;
        self.write_lines().filter(|_| first)
    }

    /// Writes the waiting entries. Returns the delay of the retry if that fails.
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

    /// Waiting entries are lost with their process.
    pub(super) fn process_died(&mut self) {
        self.waiting.clear();
        self.failures = 0;
    }

    /// The end of the ledger without a gap, starting at the last entry that is too old to matter.
    pub(super) fn recent(&mut self) -> &[LedgerEntry] {
        let lines = self.ledger.make_contiguous();
        let newest = lines.last().map(|entry| entry.at);
        let old = |entry: &LedgerEntry| newest.is_some_and(|newest| newest.since(entry.at) > recovery::SPAN);
        let first = lines.iter().rposition(old).map_or(0, |at| at + 1);
        &lines[first..]
    }
}
