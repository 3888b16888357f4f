//! The steps of the model.

use crate::provider::Reply;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Holdoff performs the next action of its core.
    Do,
    /// The same, but the action is a save and fails.
    FailToSave,
    /// Everything up to the end, once nothing can interfere any more.
    Rest,
    /// Time passes, up to Holdoff's next wake-up.
    Wait,
    Answer(Reply),
    Crash,
    /// Holdoff is started again, or a waiting second one takes over.
    Start,
    Press,
    /// The user turns requests off until all is calm.
    Silence,
    OwnerLocks,
    OwnerRenews,
    OwnerWrites,
}
