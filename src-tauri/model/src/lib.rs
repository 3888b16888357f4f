//! The account machine, model-checked: every order in which the actions of two Holdoffs, their owner, their person, the
//! provider and a crash can follow each other, within [`Bounds`]. The simulation draws long lives by chance; this leaves
//! out no short one.
//!
//! The core is the real one, and the laws are those of the simulation. Laws 1–10 and 12–15 are `always` properties, as
//! far as the model has what they speak of; law 11 is an `eventually`: whatever happened, a reading comes in the end.

mod act;
mod actions;
mod bounds;
mod clock;
mod observe;
mod provider;
mod world;

pub use act::Act;
pub use world::World;

use stateright::{Model, Property};

/// What may happen, and how often. Time goes in steps: from one moment for which Holdoff asked to be woken to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Deaths of the process, each before any of its actions or while a request is under way.
    pub crashes: u8,
    /// Answers that are not the good one, of any kind, at either endpoint.
    pub faults: u8,
    /// Times that the person presses "Refresh".
    pub presses: u8,
    /// Renewals by the owner, each in three steps that Holdoff's may come between.
    pub owner_renewals: u8,
    /// Saves that fail.
    pub full: u8,
    /// New tokens that cannot be written at first.
    pub unwritable: u8,
    /// Whether a second Holdoff waits to take over.
    pub second: bool,
    /// Times that the person wants no request any more.
    pub silences: u8,
    /// From this on nothing bad happens any more, in milliseconds from the beginning.
    pub calm_ms: i64,
    /// The end of the world: the longest cooldown of either endpoint and a poll interval after calm.
    pub end_ms: i64,
}

#[derive(Debug, Clone, Copy)]
pub struct Checked {
    pub bounds: Bounds,
}

impl Model for Checked {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.bounds)]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        world.possible(acts);
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        Some(world.after(act))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no law is broken", |_, world: &World| world.broken.is_none()),
            Property::always(
                "no spent refresh token is shown again, unless its answer was lost",
                |_, world: &World| !world.provider.reused(),
            ),
            Property::always("the account comes to rest", |_, world: &World| !world.restless()),
            Property::eventually("law 11: it comes back by itself", |_, world: &World| world.is_back()),
            Property::sometimes("a renewal by Holdoff", |_, world: &World| world.renewed_by_holdoff),
            Property::sometimes("a renewal by its owner", |_, world: &World| world.renewed_by_owner),
            Property::sometimes("a pause", |_, world: &World| world.is_paused()),
            Property::sometimes("a crash with a request under way", |_, world: &World| world.cut_off),
            Property::sometimes("a second Holdoff took over", |_, world: &World| world.taken_over),
        ]
    }
}
