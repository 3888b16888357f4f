//! The last update check and its result, whichever data folder it ran from: the limit of one request a day applies per user.

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

    /// Saves this durably, unless another copy checked later. Blocks; the caller must hold the lock.
    ///
    /// # Errors
    /// Fails if it cannot be saved durably.
    pub fn write_updates(&self, updates: &UpdatesState, clock: &Clock) -> Result<(), String> {
        let asked = |updates: &UpdatesState| updates.asked.map(|at| at.boot);
        if self.read_updates(clock)?.is_some_and(|known| asked(&known) > asked(updates)) {
            return Ok(());
        }
        let mut state = State::new(clock.boot_id());
        (state.saved, state.updates) = (Some(clock.now()), updates.clone());
        let state = serde_json::to_value(&state).map_err(|error| error.to_string())?;
        replace(&self.updates(), &Value::Object(slot(0, state))).map_err(|error| error.to_string())
    }

    /// The saved update state. An unreadable record is set aside and counts as a check made just now. Blocks.
    ///
    /// # Errors
    /// Fails if it cannot be read. No request may be sent then.
    pub fn read_updates(&self, clock: &Clock) -> Result<Option<UpdatesState>, String> {
        let (path, now) = (self.updates(), clock.now());
        let Some(bytes) = read(&path)? else { return Ok(None) };
        match parse(&bytes) {
            Ok((_, mut state)) => {
                state.rebase_to(&clock.boot_id(), now);
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
