//! The lock for update checks: only one of the user's copies checks at a time, whatever their data folders.

use crate::platform::clock::Clock;
use crate::platform::file_lock::FileLock;
use crate::platform::user_dir::UserDir;
use holdoff_core::updates::{Event, UpdatesState};
use tokio::task::spawn_blocking;

#[derive(Debug)]
pub(super) struct Person {
    user: UserDir,
    clock: Clock,
    /// Held from before a check until its result is saved.
    turn: Option<FileLock>,
}

impl Person {
    pub(super) fn new(user: UserDir, clock: Clock) -> Self {
        Self { user, clock, turn: None }
    }

    /// Takes the lock before a check. Returns what other copies saved, or that it is not possible now.
    pub(super) async fn take_turn(&mut self) -> Option<Event> {
        if self.turn.as_ref().is_some_and(FileLock::is_current) {
            return None;
        }
        let (user, clock) = (self.user.clone(), self.clock.clone());
        let taken = spawn_blocking(move || {
            let Some(turn) = user.lock_updates().map_err(|error| error.to_string())? else { return Ok(None) };
            Ok(Some((turn, user.read_updates(&clock)?)))
        });
        match taken.await.unwrap_or_else(|_| Err(super::FAILED_ITSELF.to_owned())) {
            Ok(Some((turn, known))) => {
                self.turn = Some(turn);
                known.map(|known| Event::Elsewhere(Box::new(known)))
            }
            Ok(None) => Some(Event::NotNow),
            Err(error) => {
                tracing::warn!(error, "it is unknown whether another copy checks for updates");
                Some(Event::NotNow)
            }
        }
    }

    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    /// Reads the saved state at startup. No request is based on it.
    pub(super) async fn read(&self) -> Option<Box<UpdatesState>> {
        let (user, clock) = (self.user.clone(), self.clock.clone());
        spawn_blocking(move || user.read_updates(&clock)).await.ok()?.ok()?.map(Box::new)
    }

    /// Saves the state. If this copy is not checking and another one is, that one's state wins.
    pub(super) async fn write(&self, state: Box<UpdatesState>) -> Result<(), String> {
        let (user, clock, has_turn) = (self.user.clone(), self.clock.clone(), self.turn.is_some());
        let written = spawn_blocking(move || {
            let turn = if has_turn { None } else { user.lock_updates().map_err(|error| error.to_string())? };
            if has_turn || turn.is_some() { user.write_updates(&state, &clock) } else { Ok(()) }
        });
        written.await.unwrap_or_else(|_| Err(super::FAILED_ITSELF.to_owned()))
    }
}
