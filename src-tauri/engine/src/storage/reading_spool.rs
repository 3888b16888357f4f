//! Passes readings that needed no request from the status line to the app: over its socket while it runs, otherwise through a
//! small file. The sender never waits for a lock, a disk or the app.

use crate::ipc::{self, Call};
use crate::platform::fs;
use holdoff_core::{Reading, Session};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FOLDER: &str = "pushed";
const SIZE_MAX: u64 = 64 * 1024;
const VERSION: u32 = 1;

/// The content of the spool file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SpooledReading {
    version: u32,
    /// The location of the sign-in that these limits belong to.
    place: String,
    reading: Reading,
    #[serde(default)]
    session: Session,
}

/// Sender and receiver.
#[derive(Debug, Clone, Copy)]
pub struct Handover<'a> {
    pub data_dir: &'a Path,
    /// The app's socket address.
    pub address: &'a Path,
    /// The owner's config folder; `None` is the default one.
    pub config_dir: Option<&'a Path>,
    /// The location of the sign-in, as returned by [`crate::owners::CredentialStore::real_place`].
    pub place: &'a str,
}

/// The result of handing over a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    ToTheApp,
    /// Saved until an app reads it.
    Spooled,
    /// It could not be saved. The next one comes soon.
    Lost,
}

/// Hands over a reading. Returns within a few milliseconds, whatever the state of app and disk.
pub fn hand_over(handover: Handover<'_>, reading: &Reading, session: &Session) -> Handed {
    // The app has another working folder.
    let config_dir = handover.config_dir.map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()));
    let call = Call::Reading { config_dir, reading: reading.clone(), session: session.clone() };
    if ipc::send_at_once(handover.address, call).is_ok() {
        return Handed::ToTheApp;
    }
    match write(handover.data_dir, handover.place, reading, session) {
        Ok(()) => Handed::Spooled,
        Err(_) => Handed::Lost,
    }
}

/// The file for the last reading of a location. One file per location keeps their number small.
pub fn path(data_dir: &Path, place: &str) -> PathBuf {
    data_dir.join(FOLDER).join(format!("{}.json", fs::short_name(place.as_bytes())))
}

/// Reads the saved reading of a location, if there is a usable one. The file stays: handling a reading twice changes nothing.
pub fn read(data_dir: &Path, place: &str) -> Option<(Reading, Session)> {
    let bytes = fs::read_own(&path(data_dir, place), SIZE_MAX).ok()?;
    let spooled: SpooledReading = serde_json::from_slice(&bytes).ok()?;
    (spooled.version == VERSION && spooled.place == place).then_some((spooled.reading, spooled.session))
}

/// Removes unfinished temporary files.
pub fn clean(data_dir: &Path) {
    const AN_HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
    let Ok(folder) = std::fs::read_dir(data_dir.join(FOLDER)) else {
        return;
    };
    for entry in folder.flatten().filter(|entry| entry.path().extension().is_none_or(|end| end != "json")) {
        let age = entry.metadata().and_then(|file| file.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > AN_HOUR) {
            let _next_time = std::fs::remove_file(entry.path());
        }
    }
}

/// Not synced: after a crash of the machine the reading would be outdated anyway.
fn write(data_dir: &Path, place: &str, reading: &Reading, session: &Session) -> io::Result<()> {
    let path = path(data_dir, place);
    let spooled = SpooledReading {
        version: VERSION,
        place: place.to_owned(),
        reading: reading.clone(),
        session: session.clone(),
    };
    let bytes = serde_json::to_vec(&spooled)?;
    check_allowed(bytes.len())?;
    // Several sessions may write at once, each to its own temporary file.
    let next = path.with_extension(std::process::id().to_string());
    let mut next = match fs::Next::create(next.clone()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::make_folder(path.parent().unwrap_or(&path))?;
            fs::Next::create(next)?
        }
        made => made?,
    };
    next.write(&bytes)?;
    next.place_unsynced(&path)
}

/// Exceeding the file-size limit (RLIMIT_FSIZE) would kill the process.
#[cfg(unix)]
fn check_allowed(size: usize) -> io::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if limit.is_some_and(|limit| limit < size as u64) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_allowed(_: usize) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
