//! What can happen.

use crate::provider::Reply;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Holdoff does what its core says next.
    Do,
    /// The same, and the save that it was fails.
    FailToSave,
    /// All that is left, up to the end: nothing can come between any more.
    Rest,
    /// Time goes by, up to when Holdoff wants to be woken.
    Wait,
    Answer(Reply),
    Crash,
    /// Holdoff is started again, or one that waited takes over.
    Start,
    Press,
    /// The person wants no request any more, until all is calm.
    Silence,
    OwnerLocks,
    OwnerRenews,
    OwnerWrites,
}
