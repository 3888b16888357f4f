//! A data folder that is reused: creating one for each input would take most of the time.

use std::cell::RefCell;
use std::path::Path;
use tempfile::TempDir;

pub struct Disk {
    dir: TempDir,
}

impl Disk {
    /// Provides this thread's folder, empty.
    pub fn with<T>(work: impl FnOnce(&Disk) -> T) -> T {
        thread_local! {
            static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
        }
        DISK.with(|disk| Self::lend(disk, work))
    }

    /// Provides a second one.
    pub fn with_another<T>(work: impl FnOnce(&Disk) -> T) -> T {
        thread_local! {
            static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
        }
        DISK.with(|disk| Self::lend(disk, work))
    }

    fn lend<T>(disk: &RefCell<Option<Disk>>, work: impl FnOnce(&Disk) -> T) -> T {
        let mut disk = disk.borrow_mut();
        let disk = disk.get_or_insert_with(Disk::new);
        disk.clear();
        work(disk)
    }

    /// On a memory file system if there is one, to avoid disk waits.
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Self { dir: dir.expect("a folder") }
    }

    fn clear(&self) {
        for entry in std::fs::read_dir(self.path()).expect("the folder can be read").flatten() {
            std::fs::remove_file(entry.path()).expect("the folder can be cleared");
        }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).expect("the folder can be written to");
    }

    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path().join(name)).ok()
    }

    pub fn remove(&self, name: &str) {
        let _missing_anyway = std::fs::remove_file(self.path().join(name));
    }
}
