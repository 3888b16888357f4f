//! Checks the folders of Holdoff's state.

use super::Finding;
use holdoff_core::providers::Provider;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::private_files;
use holdoff_engine::platform::user_dir;
use holdoff_engine::platform::user_dir::UserDir;
use holdoff_engine::storage::state_file;
use holdoff_engine::storage::state_file::Slots;
use holdoff_engine::storage::{newer_data, settings_file};
use std::fs;
use std::path::Path;

/// Many times the size of a state with its two copies, a ledger and a log.
#[cfg(unix)]
const ROOM: u64 = 16 * 1024 * 1024;

pub fn inspect(environment: &Environment) -> Vec<Finding> {
    let dir = &environment.data_dir;
    let lost = "Holdoff cannot save state, settings or history there, so it sends no requests.";
    let mut findings = vec![folder("data folder", dir, &environment.home, lost)];
    if dir.is_dir() {
        findings.extend(private_files::doubtful(dir).into_iter().map(|(path, doubt)| {
            Finding::wrong(format!("{} is not used: {doubt}", path.display()), doubt.advice(&path))
        }));
        findings.extend(newer_data::find(dir).map(|data| {
            let said = format!("the data was written by a newer version of Holdoff: {data}");
            Finding::wrong(said, "Install the newer version again. This version changes nothing and does not start.")
        }));
        findings.extend(room(dir));
        findings.extend(state(dir));
        findings.extend(settings(dir));
        findings.extend(set_aside(dir));
    }
    let lost = "Holdoff cannot write logs there.";
    findings.push(folder("log folder", &environment.log_dir, &environment.home, lost));
    let user = UserDir::of(environment);
    let lost = "Holdoff could not stop two copies from checking the same account, so it sends no requests.";
    findings.push(folder("folder shared by all copies", user.path(), &environment.home, lost));
    let others = user_dir::about_others(dir, &user.other_data_dirs());
    findings.extend(others.into_iter().map(Finding::note));
    findings.extend(variables());
    findings
}

/// `lost` describes the consequence if the folder cannot be written.
fn folder(name: &str, dir: &Path, home: &Path, lost: &str) -> Finding {
    let place = dir.display();
    let metadata = match fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let later = || Finding::note(format!("the app creates the {name} {place} when it starts"));
            return unwritable(name, dir, lost).unwrap_or_else(later);
        }
        Err(error) => {
            return Finding::wrong(
                format!("cannot access the {name} {place}: {error}"),
                "Make it accessible for your user.",
            );
        }
    };
    if !metadata.is_dir() {
        return Finding::wrong(
            format!("{place} is not a folder"),
            "Move it away so that Holdoff can create the folder.",
        );
    }
    owned(name, dir, home, &metadata, lost)
}

#[cfg(unix)]
fn owned(name: &str, dir: &Path, home: &Path, metadata: &fs::Metadata, lost: &str) -> Finding {
    use super::word;
    use std::os::unix::fs::MetadataExt;
    let (place, mode) = (dir.display(), metadata.mode() & 0o777);
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Finding::wrong(
            format!("the {name} {place} belongs to another user"),
            format!(
                "Holdoff was probably started once as that user (with sudo?). Take ownership again: sudo chown -R \"$(id -un)\" {}",
                word(dir, home)
            ),
        );
    }
    let advice = format!("chmod 700 {}", word(dir, home));
    if mode & 0o700 != 0o700 {
        return Finding::wrong(format!("the {name} {place} has mode {mode:o}"), format!("Run: {advice}"));
    }
    if let Some(unwritable) = unwritable(name, dir, lost) {
        return unwritable;
    }
    if mode & 0o077 != 0 {
        return Finding::wrong(
            format!("other users of this computer can access the {name} {place} (mode {mode:o})"),
            format!("Restart Holdoff, which fixes this, or run: {advice}"),
        );
    }
    Finding::fine(format!("the {name} {place} (mode {mode:o})"))
}

/// Reports that the folder, or its nearest existing parent, cannot be written.
#[cfg(unix)]
fn unwritable(name: &str, dir: &Path, lost: &str) -> Option<Finding> {
    use rustix::fs::{Access, access};
    use rustix::io::Errno;
    let there = dir.ancestors().find(|above| above.exists())?;
    let why = match access(there, Access::WRITE_OK | Access::EXEC_OK).err()? {
        Errno::ROFS => "its file system is read-only".to_owned(),
        error => std::io::Error::from(error).to_string(),
    };
    Some(Finding::wrong(
        format!("cannot write to the {name} {}: {why}", dir.display()),
        format!("{lost} Make {} writable.", there.display()),
    ))
}

#[cfg(not(unix))]
fn unwritable(_: &str, _: &Path, _: &str) -> Option<Finding> {
    None
}

#[cfg(not(unix))]
fn owned(name: &str, dir: &Path, _: &Path, _: &fs::Metadata, _: &str) -> Finding {
    Finding::fine(format!("the {name} {}", dir.display()))
}

#[cfg(unix)]
fn room(dir: &Path) -> Option<Finding> {
    let room = rustix::fs::statvfs(dir).ok()?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    Some(if free < ROOM {
        let left = free / 1024;
        Finding::wrong(
            format!("the disk of the data folder is nearly full ({left} KiB left)"),
            "Free some space. Holdoff sends no requests while it cannot save its state.",
        )
    } else {
        Finding::fine("the disk of the data folder has enough space")
    })
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Finding> {
    None
}

fn state(dir: &Path) -> Vec<Finding> {
    let slots = Slots::read_beside(dir);
    let damaged = slots.damaged.iter().map(|(path, why)| {
        Finding::wrong(format!("{} cannot be used: {why}", path.display()), "The app sets it aside when it starts.")
    });
    let sizes: Vec<String> = state_file::NAMES
        .iter()
        .filter_map(|name| Some(format!("{name} {} KiB", fs::metadata(dir.join(name)).ok()?.len().div_ceil(1024))))
        .collect();
    let whole = slots.state.map(|_| Finding::fine(format!("the saved state is intact ({})", sizes.join(", "))));
    let none = (whole.is_none() && sizes.is_empty()).then(|| Finding::note("no saved state yet"));
    damaged.chain(whole).chain(none).collect()
}

fn settings(dir: &Path) -> Vec<Finding> {
    let settings = settings_file::read(dir);
    if settings.problems.is_empty() {
        let minutes = settings.settings.polling_interval.as_secs_f64() / 60.0;
        return vec![Finding::fine(format!("the settings are valid; one check every {minutes} minutes"))];
    }
    let advice = "Fix it in the settings window or in settings.json.";
    settings_file::problems_to_share(dir).into_iter().map(|problem| Finding::wrong(problem, advice)).collect()
}

fn set_aside(dir: &Path) -> Option<Finding> {
    let names = fs::read_dir(dir).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let aside: Vec<String> = names.filter(|name| name.contains(".unreadable-")).collect();
    (!aside.is_empty()).then(|| {
        Finding::note(format!("set aside because they could not be read: {}", aside.join(", ")))
            // Until then, the set-aside state file is the only sign that state was lost.
            .advised("Let Holdoff run and save its state first. Then you can delete them.")
    })
}

/// Lists the variables that affect Holdoff. Their values may be private and are not shown.
fn variables() -> Option<Finding> {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let owners = Provider::ALL.into_iter().filter_map(Provider::owner_info);
    let theirs = owners.clone().flat_map(|info| [info.folders.variable, info.folders.storage_variable]);
    let folders = ["HOLDOFF_DATA_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];
    let bases = Provider::ALL.iter().flat_map(|provider| provider.spec().endpoints()).map(|spec| spec.variable);
    let keys = Provider::ALL.into_iter().filter_map(Provider::pasted_key).filter_map(|key| key.variable);
    let tokens = owners.map(|info| info.inference_token.variable).chain(keys);
    let all = theirs.chain(folders).chain(bases).chain(["HOLDOFF_CLOCK"]).chain(tokens);
    let all = all.chain(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_COLOR"]);
    let all: Vec<String> = all.filter(set).map(|name| format!("{name} (value not shown)")).collect();
    (!all.is_empty()).then(|| Finding::note(format!("set in this terminal: {}", all.join(", "))))
}
