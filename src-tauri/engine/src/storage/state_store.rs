//! Keeps the states of all accounts: the only owner of the whole [`State`] and of the files it is in.

use crate::platform::clock::Clock;
use crate::storage::state_file::{SlotWriter, TwoSlots};
use holdoff_core::account::seats::SeatGates;
use holdoff_core::updates::UpdatesState;
use holdoff_core::{AccountId, AccountState, CredentialLocation, State};
use tokio::sync::{mpsc, oneshot, watch};

/// What is known now, for whoever shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub state: State,
    /// Why the state cannot be saved, while it cannot.
    pub trouble: Option<String>,
}

#[derive(Debug)]
enum Wish {
    Save { id: AccountId, account: Box<AccountState>, done: oneshot::Sender<Result<(), String>> },
    SaveUpdates { updates: Box<UpdatesState>, done: oneshot::Sender<Result<(), String>> },
    Take { id: AccountId, organization: Option<String>, done: oneshot::Sender<Taken> },
    Arrange { active: Vec<AccountId>, places: Vec<CredentialLocation> },
    Complain { why: String },
}

/// What is kept of an account, and what the other seats of its login know.
#[derive(Debug, Default)]
pub struct Taken {
    pub account: Option<AccountState>,
    pub beside: Vec<(AccountId, SeatGates)>,
}

/// A hold of the keeper for one account's runner.
#[derive(Debug, Clone)]
pub struct StateStore {
    wishes: mpsc::Sender<Wish>,
}

impl StateStore {
    /// Starts the keeper with what was loaded.
    pub fn start<W: SlotWriter>(state: State, slots: TwoSlots<W>, clock: Clock) -> (Self, watch::Receiver<Snapshot>) {
        let (wishes, inbox) = mpsc::channel(16);
        let (publish, snapshots) = watch::channel(Snapshot { state: state.clone(), trouble: None });
        tokio::spawn(keep(state, slots, clock, inbox, publish));
        (Self { wishes }, snapshots)
    }

    /// Makes one account's state durable.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn save(&self, id: AccountId, account: Box<AccountState>) -> Result<(), String> {
        let (done, result) = oneshot::channel();
        let gone = || "the program is shutting down".to_owned();
        self.wishes.send(Wish::Save { id, account, done }).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Makes durable how updates stand.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn save_updates(&self, updates: Box<UpdatesState>) -> Result<(), String> {
        let (done, result) = oneshot::channel();
        let gone = || "the program is shutting down".to_owned();
        self.wishes.send(Wish::SaveUpdates { updates, done }).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Says why nothing can be saved, though nothing was tried: a lock, say, that cannot be made. The next save that
    /// succeeds ends it.
    pub async fn report_failure(&self, why: String) {
        let _ = self.wishes.send(Wish::Complain { why }).await;
    }

    /// The kept state of an account, if there is one; a seat of this organization takes over what an earlier version kept of
    /// its login.
    pub async fn take(&self, id: AccountId, organization: Option<String>) -> Taken {
        let (done, result) = oneshot::channel();
        if self.wishes.send(Wish::Take { id, organization, done }).await.is_err() {
            return Taken::default();
        }
        result.await.unwrap_or_default()
    }

    /// Notes who is polled, in which order, and what is known of the places of their sign-ins.
    pub async fn reconcile(&self, active: Vec<AccountId>, places: Vec<CredentialLocation>) {
        let _ = self.wishes.send(Wish::Arrange { active, places }).await;
    }
}

async fn keep<W: SlotWriter>(
    mut state: State,
    mut slots: TwoSlots<W>,
    clock: Clock,
    mut inbox: mpsc::Receiver<Wish>,
    publish: watch::Sender<Snapshot>,
) {
    while let Some(wish) = inbox.recv().await {
        let done = match wish {
            Wish::Take { id, organization, done } => {
                let account = state.take_up(&id, organization.as_deref()).cloned();
                let _ = done.send(Taken { account, beside: state.gates_beside(&id) });
                continue;
            }
            Wish::Arrange { active, places } => {
                state.active = active;
                state.places = places;
                None
            }
            Wish::Complain { why } => {
                publish.send_if_modified(|snapshot| snapshot.trouble.replace(why.clone()) != Some(why));
                continue;
            }
            Wish::Save { id, account, done } => {
                state.accounts.insert(id, *account);
                Some(done)
            }
            Wish::SaveUpdates { updates, done } => {
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
            // Who is polled is not worth stopping for; what was asked is.
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
