//! When newer versions were looked for last, and what came of it, whichever data folder that copy had: one request in a day
//! is one of the person.

use super::UserDir;
use super::record::{read, replace};
use crate::platform::clock::Clock;
use crate::platform::clock::stamp;
use crate::platform::fs;
use crate::storage::state_file::{NotRead, parse, slot};
use holdoff_core::State;
use holdoff_core::updates::UpdatesState;
use serde_json::Value;
use std::path::PathBuf;

impl UserDir {
    fn updates(&self) -> PathBuf {
        self.dir.join("updates.json")
    }

    /// Makes this durable as the last word, unless another copy asked later. Blocks; only who has the lock may.
    ///
    /// # Errors
    /// Why it is not durable.
    pub fn write_updates(&self, updates: &UpdatesState, clock: &Clock) -> Result<(), String> {
        let asked = |updates: &UpdatesState| updates.asked.map(|at| at.boot);
        if self.read_updates(clock)?.is_some_and(|known| asked(&known) > asked(updates)) {
            return Ok(());
        }
        let mut state = State::new(clock.boot_id());
        (state.saved, state.updates) = (Some(clock.now()), updates.clone());
        let state = serde_json::to_value(&state).map_err(|error| error.to_string())?;
        replace(&self.updates(), &Value::Object(slot(0, &state))).map_err(|error| error.to_string())
    }

    /// What is known of it. One that cannot be read is kept aside, and counts as if it were asked for just now. Blocks.
    ///
    /// # Errors
    /// Why that cannot be known now. Nothing may be asked then.
    pub fn read_updates(&self, clock: &Clock) -> Result<Option<UpdatesState>, String> {
        let (path, now) = (self.updates(), clock.now());
        let Some(bytes) = read(&path)? else { return Ok(None) };
        match parse(&bytes) {
            Ok((_, mut state)) => {
                state.carry_to(&clock.boot_id(), now);
                Ok(Some(state.updates))
            }
            Err(newer @ NotRead::Newer(_)) => Err(format!("{}: {newer}", path.display())),
            Err(why) => {
                let kept = fs::set_aside(&path, &stamp(now.wall));
                tracing::error!(%why, kept = ?kept, "the record of updates could not be read and is set aside");
                Ok(Some(UpdatesState::lost(now)))
            }
        }
    }
}
