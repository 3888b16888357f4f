//! The last saved state of an account, whichever data folder wrote it. It is written before the copy's own state, so it is
//! never behind.

use super::{UserDir, file_name};
use crate::platform::clock::Clock;
use crate::platform::clock::stamp;
use crate::platform::fs;
use crate::platform::fs::ReadError;
use crate::storage::history;
use crate::storage::state_file;
use crate::storage::state_file::{NotRead, Slots, slot};
use holdoff_core::gate::recovery::{GateRecovery, SPAN};
use holdoff_core::gate::{Gates, StateLoss};
use holdoff_core::{AccountId, AccountState, Moment, State, Wall};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const SIZE_MAX: u64 = 16 * 1024 * 1024;
/// The data folder whose history belongs to the record.
const DATA_DIR: &str = "data_dir";

impl UserDir {
    fn record(&self, id: &AccountId) -> PathBuf {
        self.dir.join("accounts").join(format!("{}.json", file_name(id)))
    }

    /// Saves the account's record durably. Blocks; the caller must hold the account's lock.
    ///
    /// # Errors
    /// Fails if the record cannot be saved durably.
    pub fn write(&self, id: &AccountId, account: &AccountState, clock: &Clock) -> Result<(), String> {
        let mut state = State::new(clock.boot_id());
        state.saved = Some(clock.now());
        state.accounts.insert(id.clone(), account.clone());
        let state = serde_json::to_value(&state).map_err(|error| error.to_string())?;
        let mut record = slot(account.saves, state);
        record.insert(DATA_DIR.to_owned(), json!(self.data_dir.to_string_lossy()));
        let record = serde_json::to_vec(&Value::Object(record)).map_err(|error| error.to_string())?;
        let path = self.record(id);
        fs::replace(&path, path.with_extension("next"), &record).map_err(|error| error.to_string())
    }

    /// The account's state if another copy has a newer one than `own`, which is this copy's saved state. Blocks; the caller
    /// must hold the account's lock.
    ///
    /// # Errors
    /// Fails if that cannot be determined. No request may be sent then.
    pub fn newer(&self, id: &AccountId, own: &AccountState, clock: &Clock) -> Result<Option<AccountState>, String> {
        let (path, now) = (self.record(id), clock.now());
        // The seat uses the record of an earlier version until it is saved under its own name.
        let formerly = own.formerly.as_ref().filter(|_| !path.exists());
        let (path, id) = formerly.map_or((path, id), |formerly| (self.record(formerly), formerly));
        let Some(bytes) = read(&path)? else {
            return Ok(self.of_an_earlier_version(id, own, clock));
        };
        match parse(&bytes, id) {
            Ok((saves, _, _)) if saves <= own.saves => Ok(None),
            Ok((_, mut state, by)) => {
                state.rebase_to(&clock.boot_id(), now);
                let account = state.accounts.remove(id);
                Ok(account.map(|mut account| {
                    if let Some(by) = by.filter(|by| *by != self.data_dir) {
                        apply_ledger(&by, id, &mut account, now);
                    }
                    account.formerly.clone_from(&own.formerly);
                    account
                }))
            }
            Err(newer @ NotRead::Newer(_)) => Err(format!("{}: {newer}", path.display())),
            Err(why) => {
                let kept = fs::set_aside(&path, &stamp(now.wall));
                tracing::error!(%why, kept = ?kept, "the record of an account could not be read and is set aside");
                Ok(self.without_record(id, own, now))
            }
        }
    }

    /// The gates of the login's other seats, whichever copy of Holdoff wrote them. Blocks; the caller must hold the lock.
    ///
    /// # Errors
    /// Fails if that cannot be determined. No request may be sent then.
    pub fn beside(&self, id: &AccountId, clock: &Clock) -> Result<Vec<(AccountId, Gates)>, String> {
        let folder = self.dir.join("accounts");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("cannot read {}: {error}", folder.display())),
        };
        let login = file_name(&id.login());
        let mut beside = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_its = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&login));
            let is_record = path.extension().is_some_and(|end| end == "json");
            let Some(bytes) = (is_its && is_record).then(|| read(&path)).transpose()?.flatten() else {
                continue;
            };
            // An unreadable record is set aside when its own seat is loaded.
            let Ok((_, mut state)) = state_file::parse(&bytes) else {
                continue;
            };
            state.rebase_to(&clock.boot_id(), clock.now());
            beside.extend(state.gates_beside(id));
        }
        Ok(beside)
    }

    /// With one data folder, its own state is sufficient. With two, the other may have the longest possible cooldown.
    fn without_record(&self, id: &AccountId, own: &AccountState, now: Moment) -> Option<AccountState> {
        if self.other_data_dirs().is_empty() {
            return None;
        }
        let mut account = own.clone();
        GateRecovery::new(&[], Some(StateLoss::found(&[], now)), now).apply_to_new(id, &mut account, now);
        Some(account)
    }

    /// An earlier version kept no record, and most likely used the default data folder.
    fn of_an_earlier_version(&self, id: &AccountId, own: &AccountState, clock: &Clock) -> Option<AccountState> {
        if !self.is_another(&self.usual) {
            return None;
        }
        let (boot_id, now) = (clock.boot_id(), clock.now());
        let mut state = Slots::read_beside(&self.usual).state?;
        state.rebase_to(&boot_id, now);
        let mut earlier = state.accounts.remove(id).or_else(|| state.accounts.remove(&id.login()))?;
        apply_ledger(&self.usual, id, &mut earlier, now);
        let mut account = own.clone();
        account.adopt_gates(&earlier);
        Some(account)
    }
}

/// The ledger of the copy that wrote the record may be newer than the record.
fn apply_ledger(data_dir: &Path, id: &AccountId, account: &mut AccountState, now: Moment) {
    let since = Wall(now.wall.0.saturating_sub(holdoff_core::time::millis(SPAN)));
    match history::ledger(data_dir, since) {
        Ok(entries) => GateRecovery::new(&entries, None, now).apply_to_known(id, account, now),
        Err(error) => tracing::warn!(%error, "the ledger of another data folder cannot be read"),
    }
}

pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    match fs::read_own(path, SIZE_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        // Not a record; it is set aside.
        Err(ReadError::TooLarge(_)) => Ok(Some(Zeroizing::default())),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// Returns the save count, the state with only this account, and the data folder of the copy that wrote it.
fn parse(bytes: &[u8], id: &AccountId) -> Result<(u64, State, Option<PathBuf>), NotRead> {
    let (_, state) = state_file::parse(bytes)?;
    let saves = state.accounts.get(id).ok_or("it belongs to another account")?.saves;
    let by = serde_json::from_slice::<Value>(bytes).ok();
    let by = by.and_then(|record| record.get(DATA_DIR)?.as_str().map(PathBuf::from));
    Ok((saves, state, by))
}

pub(super) fn replace(path: &Path, record: &Value) -> std::io::Result<()> {
    fs::replace(path, path.with_extension("next"), &serde_json::to_vec(record)?)
}
