//! Keeps the states of all accounts: the only owner of the whole [`State`] and of the files it is in.

use crate::slots::{SlotWriter, TwoSlots};
use holdoff_core::{AccountId, AccountState, State};
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
    Take { id: AccountId, done: oneshot::Sender<Option<AccountState>> },
    Activate { was: Option<AccountId>, id: AccountId },
    LastIn { place: String, done: oneshot::Sender<Option<AccountId>> },
}

/// A hold of the keeper for one account's runner.
#[derive(Debug, Clone)]
pub struct Keeper {
    wishes: mpsc::Sender<Wish>,
}

impl Keeper {
    /// Starts the keeper with what was loaded.
    pub fn start<W: SlotWriter>(state: State, slots: TwoSlots<W>) -> (Self, watch::Receiver<Snapshot>) {
        let (wishes, inbox) = mpsc::channel(16);
        let (publish, snapshots) = watch::channel(Snapshot { state: state.clone(), trouble: None });
        tokio::spawn(keep(state, slots, inbox, publish));
        (Self { wishes }, snapshots)
    }

    /// Makes one account's state durable.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn save(&self, id: AccountId, account: Box<AccountState>) -> Result<(), String> {
        let (done, result) = oneshot::channel();
        let gone = || "the program is ending".to_owned();
        self.wishes.send(Wish::Save { id, account, done }).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// The kept state of an account, if there is one.
    pub async fn take(&self, id: AccountId) -> Option<AccountState> {
        let (done, result) = oneshot::channel();
        self.wishes.send(Wish::Take { id, done }).await.ok()?;
        result.await.ok()?
    }

    /// The account whose sign-in was last seen in this place.
    pub async fn last_in(&self, place: String) -> Option<AccountId> {
        let (done, result) = oneshot::channel();
        self.wishes.send(Wish::LastIn { place, done }).await.ok()?;
        result.await.ok()?
    }

    /// Marks `id` as polled, in the place of `was`.
    pub async fn activate(&self, was: Option<AccountId>, id: AccountId) {
        let _ = self.wishes.send(Wish::Activate { was, id }).await;
    }
}

async fn keep<W: SlotWriter>(
    mut state: State,
    mut slots: TwoSlots<W>,
    mut inbox: mpsc::Receiver<Wish>,
    publish: watch::Sender<Snapshot>,
) {
    while let Some(wish) = inbox.recv().await {
        match wish {
            Wish::Take { id, done } => {
                let _ = done.send(state.accounts.get(&id).cloned());
            }
            Wish::Activate { was, id } => {
                activate(&mut state.active, was, id);
                publish.send_modify(|snapshot| snapshot.state.active.clone_from(&state.active));
            }
            Wish::LastIn { place, done } => {
                let _ = done.send(last_in(&state, &place));
            }
            Wish::Save { id, account, done } => {
                state.accounts.insert(id, *account);
                let copy = state.clone();
                let saving = tokio::task::spawn_blocking(move || {
                    let result = slots.save(&copy);
                    (slots, result)
                });
                let Ok((back, result)) = saving.await else {
                    return;
                };
                slots = back;
                let trouble = result.as_ref().err().cloned();
                publish.send_if_modified(|snapshot| {
                    let new = Snapshot { state: state.clone(), trouble };
                    let changed = *snapshot != new;
                    *snapshot = new;
                    changed
                });
                let _ = done.send(result);
            }
        }
    }
}

/// Of several that were there, the one that was asked for last.
fn last_in(state: &State, place: &str) -> Option<AccountId> {
    let there = state.accounts.iter().filter(|(_, account)| account.sign_in.place == place);
    let last = there.max_by_key(|(_, account)| account.last.as_ref().map(|last| last.at));
    last.map(|(id, _)| id.clone())
}

fn activate(active: &mut Vec<AccountId>, was: Option<AccountId>, id: AccountId) {
    let place = was.and_then(|was| active.iter().position(|other| *other == was));
    active.retain(|other| *other != id);
    match place.filter(|place| *place < active.len()) {
        Some(place) => active[place] = id,
        None => active.push(id),
    }
}
