//! The lock beside a file that Claude Code edits: `settings.json.lock`.

use crate::claude_code::locks::dir_lock;
use crate::claude_code::locks::dir_lock::{Attempt, FolderLock};
use std::path::Path;
use std::time::{Duration, Instant};

/// One that was not touched for so long is dead, as Claude Code has it for this file.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// Claude Code waits for half a second, and then writes without it; an edit that was interrupted is worth more.
const WAIT: Duration = Duration::from_secs(2);
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Another program is editing the file.
#[derive(Debug)]
pub(crate) struct Busy;

/// Takes it, and holds it until it is dropped. `None` where it cannot be made: then the file is edited without it, as Claude
/// Code does. Blocks, for as long as another program holds it, up to two seconds.
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
