//! A private view of the file system, optionally without a network, for the programs that are started in it.
//!
//! It lives as long as the process that holds it. All its mounts go away with that process, however it ends. Root may
//! create one; other users need user namespaces.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::eventually::eventually;
use crate::process;
use crate::spawn::{Finished, Spawned, tool};

const PACKAGE: &str = "util-linux";
const START: Duration = Duration::from_secs(10);
/// How long a mount or similar command may take.
const COMMAND: Duration = Duration::from_secs(30);

/// The view. [`crate::Launch::within`] starts programs in it.
#[derive(Debug)]
pub struct Apart {
    holder: Spawned,
    network: bool,
}

impl Apart {
    /// Starts as a copy of the file system, which can then be changed for the programs inside.
    ///
    /// # Panics
    /// If the system does not permit this: says what is needed.
    pub async fn new() -> Self {
        Self::with(true).await
    }

    /// Like [`Apart::new`], but without a network: not even loopback is up, and no packet can leave.
    ///
    /// # Panics
    /// If the system does not permit this: says what is needed.
    pub async fn without_network() -> Self {
        Self::with(false).await
    }

    async fn with(network: bool) -> Self {
        let mut command = Command::new(tool("unshare", PACKAGE));
        command.args(["--mount", "--propagation", "private"]);
        if !network {
            command.arg("--net");
        }
        if !rustix::process::geteuid().is_root() {
            // The same user inside, so that a bus accepts it, but with the capability to mount.
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        let holder = Spawned::start("unshare", command.args(["sleep", "infinity"]));
        eventually(START, "a view of the file system of its own", async || {
            if holder.exit().is_some() {
                panic!(
                    "this test mounts file systems for the programs that it starts, and the system does not permit that: \
                     run it as root, or permit user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0).\n{}",
                    holder.output()
                );
            }
            (process::name(holder.pid())? == "sleep").then_some(())
        })
        .await;
        Self { holder, network }
    }

    /// Mounts an empty file system of this size at `place`, which is created if it does not exist.
    pub async fn mount_small(&self, place: &Path, kib: u32) {
        std::fs::create_dir_all(place).expect("a place to mount at");
        self.run("mount", &["-t", "tmpfs", "-o", &format!("size={kib}k,mode=0700"), "tmpfs", text(place)]).await;
    }

    /// Bind-mounts `source` at `place`. With two files, data that is written to `source` in place appears at `place`.
    pub async fn bind(&self, source: &Path, place: &Path) {
        self.run("mount", &["--bind", text(source), text(place)]).await;
    }

    /// Makes `place` read-only inside, even for root. Files that are open for writing stay writable, as when the
    /// kernel remounts a faulty disk. [`Apart::unmount`] reverts it.
    pub async fn make_read_only(&self, place: &Path) {
        self.bind(place, place).await;
        self.run("mount", &["-o", "remount,bind,ro", text(place)]).await;
    }

    /// Removes the last mount at `place`.
    pub async fn unmount(&self, place: &Path) {
        self.run("umount", &["--lazy", text(place)]).await;
    }

    /// The path outside for a path inside.
    pub fn seen(&self, within: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.pid()));
        root.join(within.strip_prefix("/").unwrap_or(within))
    }

    /// The prefix that makes a command run inside, in the same process.
    pub(crate) fn prefix(&self) -> Vec<String> {
        let mut prefix =
            vec![tool("nsenter", PACKAGE).display().to_string(), format!("--target={}", self.holder.pid())];
        if !rustix::process::geteuid().is_root() {
            prefix.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        prefix.push("--mount".to_owned());
        prefix.extend((!self.network).then(|| "--net".to_owned()));
        prefix.push("--".to_owned());
        prefix
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Finished {
        let prefix = self.prefix();
        let mut command = Command::new(&prefix[0]);
        command.args(&prefix[1..]).arg(tool(program, "mount")).args(arguments);
        let done = Spawned::start(program, &mut command).finished(COMMAND).await;
        assert!(done.status.success(), "{program} {arguments:?} failed: {}{}", done.stdout, done.stderr);
        done
    }
}

/// Fills a file system completely with a file in `folder`, and returns that file. Remove it to free the space.
pub fn fill(folder: &Path) -> PathBuf {
    use std::io::Write;
    let path = folder.join("somebody-elses-large-file");
    let mut file = std::fs::File::create(&path).unwrap_or_else(|e| panic!("cannot fill {}: {e}", folder.display()));
    let error = loop {
        if let Err(error) = file.write_all(&[b'x'; 4096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}
