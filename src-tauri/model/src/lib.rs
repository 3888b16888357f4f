//! The account state machine, model-checked: every order of the actions of two Holdoff processes, the owner, the user,
//! the provider and a crash within [`Bounds`]. The simulation draws long runs at random; this covers every short one.
//!
//! The core is the real one, and the laws are those of the simulation. Laws 1–10 and 12–15 are `always` properties, as
//! far as the model contains what they cover. Law 11 is an `eventually` property: whatever happened, a reading arrives
//! in the end.

mod actions;
mod bounds;
mod clock;
mod observe;
mod provider;
mod step;
mod world;

pub use step::Step;
pub use world::World;

use stateright::{Model, Property};

/// What may happen, and how often. Time advances in steps, from one wake-up that Holdoff asked for to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Process deaths, each before any action or during a request.
    pub crashes: u8,
    /// Error responses of any kind, at either endpoint.
    pub faults: u8,
    /// How often the user presses "Refresh".
    pub presses: u8,
    /// Renewals by the owner, each in three steps that Holdoff's steps may interleave with.
    pub owner_renewals: u8,
    /// Saves that fail.
    pub full: u8,
    /// How often new tokens cannot be written at first.
    pub unwritable: u8,
    /// Whether a second Holdoff process waits to take over.
    pub second: bool,
    /// How often the user turns requests off.
    pub silences: u8,
    /// From this time on there are no more failures, in milliseconds from the beginning.
    pub calm_ms: i64,
    /// The end of the world: after calm, the longest cooldown of either endpoint plus a poll interval.
    pub end_ms: i64,
}

#[derive(Debug, Clone, Copy)]
pub struct Checked {
    pub bounds: Bounds,
}

impl Model for Checked {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.bounds)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        world.possible(steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        Some(world.after(step))
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
