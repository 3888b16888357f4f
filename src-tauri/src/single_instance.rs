//! Ensures that one tray app runs per user: holds a lock and a socket in the data folder, and creates them again if they are
//! deleted.

use holdoff_engine::ipc::{Call, Listener, Responder};
use holdoff_engine::platform::data_dir::DeletionWatch;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::file_lock::FileLock;
use holdoff_engine::platform::fs::make_folder_again;
use holdoff_engine::tasks::supervisor::Command;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Waits this long, so that whoever deletes the folder can finish.
const SETTLE: Duration = Duration::from_millis(250);
/// The first wait before another attempt to create the files, in real time. It doubles up to the longest.
const SOONEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The path of the lock.
pub fn lock_path(data_dir: &Path) -> PathBuf {
    data_dir.join("tray.lock")
}

/// The lock and the socket of the running instance.
#[derive(Debug)]
pub struct InstanceLock {
    data_dir: PathBuf,
    address: PathBuf,
    runtime_dir: Option<PathBuf>,
    lock: FileLock,
    calls: mpsc::Sender<(Call, Responder)>,
    serving: JoinHandle<()>,
}

impl InstanceLock {
    /// Listens at `address` for as long as `lock` is held.
    ///
    /// # Errors
    /// Fails if the socket cannot be created.
    pub fn take(
        environment: &Environment,
        address: PathBuf,
        lock: FileLock,
        calls: mpsc::Sender<(Call, Responder)>,
    ) -> io::Result<Self> {
        let (data_dir, runtime_dir) = (environment.data_dir.clone(), environment.runtime_dir.clone());
        let serving = tokio::spawn(Listener::bind(&address, runtime_dir.as_deref())?.serve(calls.clone()));
        Ok(Self { data_dir, address, runtime_dir, lock, calls, serving })
    }

    /// Holds the instance until another copy takes it over. Tells the engine when the folder was created again.
    pub async fn serve(mut self, engine: mpsc::Sender<Command>) {
        loop {
            self.lost().await;
            tracing::warn!("the data folder, or the lock or socket in it, was removed; creating it again");
            if !self.regain().await {
                tracing::error!("another copy has replaced this one; exiting");
                self.serving.abort();
                return;
            }
            if engine.send(Command::FolderMade).await.is_err() {
                return;
            }
        }
    }

    fn is_whole(&self) -> bool {
        // A pipe's name is not a file.
        self.lock.is_current() && (cfg!(windows) || self.address.exists())
    }

    async fn lost(&self) {
        // The watch starts before the check, so that no change in between is missed.
        let mut watch = DeletionWatch::watch(&self.data_dir);
        // The socket may be in another folder and is deleted with it.
        let socket = std::fs::read_link(&self.address).ok();
        let socket = socket.as_deref().and_then(Path::parent).filter(|folder| *folder != self.data_dir);
        let mut sockets = socket.map(DeletionWatch::watch);
        while self.is_whole() {
            match &mut sockets {
                Some(sockets) => tokio::select! { () = watch.next() => {}, () = sockets.next() => {} },
                None => watch.next().await,
            }
        }
    }

    /// `false` if another copy took the lock first.
    async fn regain(&mut self) -> bool {
        let mut wait = SOONEST;
        tokio::time::sleep(SETTLE).await;
        loop {
            match self.try_regain() {
                Ok(held) => return held,
                Err(error) => tracing::error!(%error, "cannot create the data folder again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST);
        }
    }

    fn try_regain(&mut self) -> io::Result<bool> {
        make_folder_again(&self.data_dir)?;
        if !self.lock.is_current() {
            let Some(lock) = FileLock::take(&lock_path(&self.data_dir))? else {
                return Ok(false);
            };
            self.lock = lock;
        }
        self.serving.abort();
        let listener = Listener::bind(&self.address, self.runtime_dir.as_deref())?;
        self.serving = tokio::spawn(listener.serve(self.calls.clone()));
        Ok(true)
    }
}
