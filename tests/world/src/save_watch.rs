//! Detects each write to a folder as it happens, so that a test can act in the middle of a save.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

/// The writes to a folder from now on.
#[derive(Debug)]
pub struct Saves {
    folder: PathBuf,
}

impl Saves {
    /// Watches this folder, which is created if it does not exist.
    pub fn watch(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder to watch");
        Self { folder: folder.to_owned() }
    }

    /// Returns after `count` writes (truncating a file and filling it counts as two), or after `timeout`.
    pub async fn after(self, count: u32, timeout: Duration) {
        let waited = tokio::task::spawn_blocking(move || wait(&self.folder, count, timeout)).await;
        waited.expect("a folder can be watched");
    }
}

fn wait(folder: &Path, count: u32, timeout: Duration) {
    let deadline = Instant::now() + timeout;
    let fd = inotify::init(CreateFlags::CLOEXEC).expect("inotify");
    inotify::add_watch(&fd, folder, WatchFlags::MODIFY).expect("a watch on the folder");
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut seen = 0;
    while seen < count {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let ready = poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&left)).expect("poll");
        if ready == 0 {
            return;
        }
        let mut events = inotify::Reader::new(&fd, &mut buffer);
        seen += 1;
        events.next().expect("an event");
        while !events.is_buffer_empty() {
            events.next().expect("an event");
            seen += 1;
        }
    }
}
