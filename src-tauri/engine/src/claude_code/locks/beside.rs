//! The lock beside a file that Claude Code edits: `settings.json.lock`.

use crate::claude_code::locks::dir_lock;
use crate::claude_code::locks::dir_lock::{Attempt, FolderLock};
use std::path::Path;
use std::time::{Duration, Instant};

/// An untouched lock is stale after this time, as in Claude Code for this file.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// Claude Code waits half a second and then writes without the lock. Avoiding a collision is worth a longer wait.
const WAIT: Duration = Duration::from_secs(2);
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Another program is editing the file.
#[derive(Debug)]
pub(crate) struct Busy;

/// Takes the lock and holds it until dropped. Returns `None` if it cannot be created; the file is then edited without it, as in
/// Claude Code. Blocks while another program holds it, for up to two seconds.
pub(crate) fn take_beside(file: &Path) -> Result<Option<FolderLock>, Busy> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let (path, began) = (Path::new(&path), Instant::now());
    loop {
        match FolderLock::attempt(path, |_| ()) {
            Ok(Attempt::Taken(lock)) => return Ok(Some(lock)),
            Ok(Attempt::Held(sight)) if sight.age() >= DEAD_AFTER => match dir_lock::clear(path, sight) {
                Ok(_) => {}
                Err(_) => return Ok(None),
            },
            Ok(Attempt::Held(_)) => {}
            Err(_) => return Ok(None),
        }
        if began.elapsed() >= WAIT {
            return Err(Busy);
        }
        std::thread::sleep(TRY_AGAIN);
    }
}
