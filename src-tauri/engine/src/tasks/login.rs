//! What the seats of one login share in this process: the account lock and the state of their gates. Only one request at a
//! time is in progress for all of them (laws 2 and 10).

use crate::platform::user_dir::{AccountLock, UserDir};
use holdoff_core::account::{Account, Action, Event};
use holdoff_core::gate::Gates;
use holdoff_core::{AccountId, Moment};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// All logins, by id.
#[derive(Debug, Clone, Default)]
pub struct Logins(Arc<Mutex<BTreeMap<AccountId, Arc<Login>>>>);

#[derive(Debug)]
struct Login {
    seats: watch::Sender<BTreeMap<AccountId, Gates>>,
    lock: Mutex<Weak<AccountLock>>,
}

/// One seat, for as long as it is polled.
#[derive(Debug)]
pub struct Seat {
    id: AccountId,
    login: Arc<Login>,
    seats: watch::Receiver<BTreeMap<AccountId, Gates>>,
}

impl Logins {
    pub fn seat(&self, id: &AccountId) -> Seat {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Login { seats: watch::channel(BTreeMap::new()).0, lock: Mutex::default() });
        let login = Arc::clone(logins.entry(id.login()).or_insert_with(new));
        Seat { id: id.clone(), seats: login.seats.subscribe(), login }
    }
}

impl Seat {
    /// Polls the account with the gates of the other seats. No other seat is polled meanwhile.
    pub fn poll(&self, account: &mut Account, now: Moment) -> Action {
        let mut action = Action::Sleep(None);
        self.login.seats.send_if_modified(|seats| {
            let others: Vec<Gates> =
                seats.iter().filter(|(id, _)| **id != self.id).map(|(_, gates)| gates.clone()).collect();
            if !others.is_empty() || account.waits_for_login() {
                account.handle(Event::OtherSeats(others), now);
            }
            action = account.poll(now);
            let gates = account.state().gates.clone();
            let changed = seats.get(&self.id) != Some(&gates);
            seats.insert(self.id.clone(), gates);
            changed && seats.len() > 1
        });
        action
    }

    /// Waits until the gates of any seat of the login change.
    pub async fn changed(&mut self) {
        if self.seats.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether this seat is polled in this process.
    pub fn is_polled(&self, id: &AccountId) -> bool {
        self.seats.borrow().contains_key(id)
    }

    /// The login's lock, shared by its seats; `None` if another process holds it.
    ///
    /// # Errors
    /// Fails if the lock file cannot be created.
    pub fn lock(&self, user: &UserDir) -> io::Result<Option<Arc<AccountLock>>> {
        let mut held = self.login.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = held.upgrade().filter(|lock| lock.is_current()) {
            return Ok(Some(lock));
        }
        let lock = user.lock(&self.id)?.map(Arc::new);
        if let Some(lock) = &lock {
            *held = Arc::downgrade(lock);
        }
        Ok(lock)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.login.seats.send_if_modified(|seats| seats.remove(&self.id).is_some());
    }
}
