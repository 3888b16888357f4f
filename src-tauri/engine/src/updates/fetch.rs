//! Downloads a package into a private folder, and checks its size and signed hash before anything else uses it. An incomplete
//! or wrong file is deleted.

use crate::http::network::Network;
use crate::http::{ReleaseServer, torn};
use crate::platform::fs;
use holdoff_core::Moment;
use holdoff_core::updates::{FetchFailure, Package, ReleasePermit};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// Disk space to leave free, because state is saved there, too.
const MARGIN: u64 = 4 * 1024 * 1024;

/// # Errors
/// Fails if the package cannot be downloaded or is not the signed one. No file is left then.
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
    // Written in this task: a chunk has only some kilobytes, and nothing else waits for this task.
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

/// Free space for this user; `None` if the system does not report it.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let said = rustix::fs::statvfs(folder).ok()?;
    said.f_bavail.checked_mul(said.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// The last complete download.
pub fn fetched(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find(|path| path.is_file())
}

/// Removes all files in the folder.
///
/// # Errors
/// Fails on an I/O error.
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
