//! Fetches a package into a folder of its own, for this user only, and looks whether it is what was signed before anything
//! else touches it. What is not, or not whole, is gone afterwards.

use crate::http::network::Network;
use crate::http::{ReleaseServer, torn};
use crate::platform::fs;
use holdoff_core::Moment;
use holdoff_core::updates::{FetchFailure, Package, ReleasePermit};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// What is to be left of the disk: state is saved there, too.
const MARGIN: u64 = 4 * 1024 * 1024;

/// # Errors
/// Why there is none. Nothing of it is left then.
pub async fn fetch(
    server: &ReleaseServer,
    permit: ReleasePermit,
    package: &Package,
    network: &Network,
    folder: &Path,
    now: Moment,
) -> Result<(), FetchFailure> {
    let (place, size) = (folder.to_owned(), package.size);
    let prepared = spawn_blocking(move || prepare(&place, size));
    prepared.await.unwrap_or_else(|_| Err(FetchFailure::Disk(super::FAILED_ITSELF.to_owned())))?;
    let fetched = receive(server, permit, package, network, folder, now).await;
    if fetched.is_err()
        && let Err(error) = clear(folder)
    {
        tracing::warn!(%error, "could not remove an unusable package");
    }
    fetched
}

async fn receive(
    server: &ReleaseServer,
    permit: ReleasePermit,
    package: &Package,
    network: &Network,
    folder: &Path,
    now: Moment,
) -> Result<(), FetchFailure> {
    let mut response = server.package(permit, network, now).await?;
    let disk = |error: io::Error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FetchFailure::NoSpace { needed: package.size },
        _ => FetchFailure::Disk(error.to_string()),
    };
    // Written a piece at a time from here: a piece is some kilobytes, and nobody else waits for this task.
    let mut file = fs::create(&folder.join(&package.file)).map_err(disk)?;
    let (mut sum, mut taken) = (Sha256::new(), 0_u64);
    while let Some(piece) = response.chunk().await.map_err(|error| FetchFailure::Torn(torn(&error)))? {
        taken += piece.len() as u64;
        if taken > package.size {
            return Err(FetchFailure::NotAsSigned);
        }
        sum.update(&piece);
        file.write_all(&piece).map_err(disk)?;
    }
    if taken < package.size {
        return Err(FetchFailure::Torn(format!("received {taken} of {} bytes", package.size)));
    }
    if sum.finalize().as_slice() != package.sha256 {
        return Err(FetchFailure::NotAsSigned);
    }
    spawn_blocking(move || file.sync_all()).await.unwrap_or(Ok(())).map_err(disk)
}

fn prepare(folder: &Path, size: u64) -> Result<(), FetchFailure> {
    let disk = |error: io::Error| FetchFailure::Disk(error.to_string());
    fs::make_folder(folder).map_err(disk)?;
    clear(folder).map_err(disk)?;
    match free(folder) {
        Some(free) if free < size + MARGIN => Err(FetchFailure::NoSpace { needed: size + MARGIN }),
        Some(_) | None => Ok(()),
    }
}

/// What this user may still write there; `None` if the system does not say.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let said = rustix::fs::statvfs(folder).ok()?;
    said.f_bavail.checked_mul(said.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// What was fetched last, and is whole.
pub fn fetched(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find(|path| path.is_file())
}

/// Removes all that is there.
///
/// # Errors
/// What the system says.
pub fn clear(folder: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        std::fs::remove_file(entry?.path())?;
    }
    Ok(())
}
