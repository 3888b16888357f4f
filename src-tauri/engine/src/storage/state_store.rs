//! Holds the states of all accounts. It is the only owner of the whole [`State`] and its files.

use crate::platform::clock::Clock;
use crate::storage::state_file::{SlotWriter, TwoSlots};
use holdoff_core::gate::Gates;
use holdoff_core::updates::UpdatesState;
use holdoff_core::{AccountId, AccountState, CredentialLocation, State};
use tokio::sync::{mpsc, oneshot, watch};

/// The current state, for display.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub state: State,
    /// Why saving fails, while it does.
    pub trouble: Option<String>,
}

#[derive(Debug)]
enum Request {
    Save { id: AccountId, account: Box<AccountState>, done: oneshot::Sender<Result<(), String>> },
    SaveUpdates { updates: Box<UpdatesState>, done: oneshot::Sender<Result<(), String>> },
    Take { id: AccountId, organization: Option<String>, done: oneshot::Sender<Taken> },
    Arrange { active: Vec<AccountId>, places: Vec<CredentialLocation> },
    Complain { why: String },
}

/// The saved state of an account, and the gates of its login's other seats.
#[derive(Debug, Default)]
pub struct Taken {
    pub account: Option<AccountState>,
    pub beside: Vec<(AccountId, Gates)>,
}

/// A handle to the state store.
#[derive(Debug, Clone)]
pub struct StateStore {
    requests: mpsc::Sender<Request>,
}

impl StateStore {
    /// Starts the state store with the loaded state.
    pub fn start<W: SlotWriter>(state: State, slots: TwoSlots<W>, clock: Clock) -> (Self, watch::Receiver<Snapshot>) {
        let (requests, inbox) = mpsc::channel(16);
        let (publish, snapshots) = watch::channel(Snapshot { state: state.clone(), trouble: None });
        tokio::spawn(keep(state, slots, clock, inbox, publish));
        (Self { requests }, snapshots)
    }

    /// Saves one account's state durably.
    ///
    /// # Errors
    /// Fails if the state cannot be saved durably.
    pub async fn save(&self, id: AccountId, account: Box<AccountState>) -> Result<(), String> {
        let (done, result) = oneshot::channel();
        let gone = || "the program is shutting down".to_owned();
        self.requests.send(Request::Save { id, account, done }).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Saves the update state durably.
    ///
    /// # Errors
    /// Fails if the state cannot be saved durably.
    pub async fn save_updates(&self, updates: Box<UpdatesState>) -> Result<(), String> {
        let (done, result) = oneshot::channel();
        let gone = || "the program is shutting down".to_owned();
        self.requests.send(Request::SaveUpdates { updates, done }).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Reports a failure that occurred outside of a save, for example a lock that cannot be created. The next successful save
    /// clears it.
    pub async fn report_failure(&self, why: String) {
        let _ = self.requests.send(Request::Complain { why }).await;
    }

    /// The saved state of an account, if any. A seat of this organization takes over what an earlier version saved for its
    /// login.
    pub async fn take(&self, id: AccountId, organization: Option<String>) -> Taken {
        let (done, result) = oneshot::channel();
        if self.requests.send(Request::Take { id, organization, done }).await.is_err() {
            return Taken::default();
        }
        result.await.unwrap_or_default()
    }

    /// Records which accounts are polled, in which order, and the known credential locations.
    pub async fn reconcile(&self, active: Vec<AccountId>, places: Vec<CredentialLocation>) {
        let _ = self.requests.send(Request::Arrange { active, places }).await;
    }
}

async fn keep<W: SlotWriter>(
    mut state: State,
    mut slots: TwoSlots<W>,
    clock: Clock,
    mut inbox: mpsc::Receiver<Request>,
    publish: watch::Sender<Snapshot>,
) {
    while let Some(request) = inbox.recv().await {
        let done = match request {
            Request::Take { id, organization, done } => {
                let account = state.load_seat(&id, organization.as_deref()).cloned();
                let _ = done.send(Taken { account, beside: state.gates_beside(&id) });
                continue;
            }
            Request::Arrange { active, places } => {
                state.active = active;
                state.places = places;
                None
            }
            Request::Complain { why } => {
                publish.send_if_modified(|snapshot| snapshot.trouble.replace(why.clone()) != Some(why));
                continue;
            }
            Request::Save { id, account, done } => {
                state.accounts.insert(id, *account);
                Some(done)
            }
            Request::SaveUpdates { updates, done } => {
                state.updates = *updates;
                Some(done)
            }
        };
        state.saved = Some(clock.now());
        let copy = state.clone();
        let saving = tokio::task::spawn_blocking(move || {
            let result = slots.save(&copy);
            (slots, result)
        });
        let Ok((back, result)) = saving.await else {
            return;
        };
        slots = back;
        publish_changed(&publish, &state, done.is_some().then_some(&result));
        match (done, result) {
            (Some(done), result) => {
                let _ = done.send(result);
            }
            // A failure to save this list does not stop polling; a failure to save request state does.
            (None, Err(why)) => tracing::warn!(%why, "could not save the list of polled accounts"),
            (None, Ok(())) => {}
        }
    }
}

fn publish_changed(publish: &watch::Sender<Snapshot>, state: &State, saved: Option<&Result<(), String>>) {
    publish.send_if_modified(|snapshot| {
        let trouble = match saved {
            Some(result) => result.as_ref().err().cloned(),
            None => snapshot.trouble.clone(),
        };
        let new = Snapshot { state: state.clone(), trouble };
        let changed = *snapshot != new;
        *snapshot = new;
        changed
    });
}
