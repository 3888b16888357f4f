//! A view of the file system, and if wished of the network, that only the programs started in it have.
//!
//! It lasts as long as the process that holds it, and all that is mounted in it goes with that process, however it ends:
//! nothing is left mounted. Root may make one; others need user namespaces.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::eventually::eventually;
use crate::process;
use crate::spawn::{Finished, Spawned, tool};

const PACKAGE: &str = "util-linux";
const START: Duration = Duration::from_secs(10);
/// How long a mount or the like may take.
const COMMAND: Duration = Duration::from_secs(30);

/// The view. Programs are started in it by [`crate::Launch::within`].
#[derive(Debug)]
pub struct Apart {
    holder: Spawned,
    network: bool,
}

impl Apart {
    /// The file system as it is, to be changed for those within.
    ///
    /// # Panics
    /// When the system does not let us: says what is needed.
    pub async fn new() -> Self {
        Self::with(true).await
    }

    /// As [`Apart::new`], and without a network: not even loopback is up, and no packet can leave.
    ///
    /// # Panics
    /// When the system does not let us: says what is needed.
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
            // The same user within, so that a bus recognises it, and yet free to mount.
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

    /// Mounts an empty file system of this size at `place`, which is made if it is not there.
    pub async fn mount_small(&self, place: &Path, kib: u32) {
        std::fs::create_dir_all(place).expect("a place to mount at");
        self.run("mount", &["-t", "tmpfs", "-o", &format!("size={kib}k,mode=0700"), "tmpfs", text(place)]).await;
    }

    /// Mounts what is at `source` at `place` too. Two files may be given: what is then written into `source`, in place, is
    /// seen at `place`.
    pub async fn bind(&self, source: &Path, place: &Path) {
        self.run("mount", &["--bind", text(source), text(place)]).await;
    }

    /// Lets nobody within, root included, write to what is at `place`; files that are open for writing stay so, as they do
    /// when the system finds a fault in a disk. [`Apart::unmount`] ends it.
    pub async fn make_read_only(&self, place: &Path) {
        self.bind(place, place).await;
        self.run("mount", &["-o", "remount,bind,ro", text(place)]).await;
    }

    /// Takes away what was mounted last at `place`.
    pub async fn unmount(&self, place: &Path) {
        self.run("umount", &["--lazy", text(place)]).await;
    }

    /// A path within, as seen from outside.
    pub fn seen(&self, within: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.pid()));
        root.join(within.strip_prefix("/").unwrap_or(within))
    }

    /// What to put before a command so that it runs within, in the same process.
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

/// Fills a file system to its last byte by a file beside what is kept there, and gives back that file: to be removed when
/// there is to be space again.
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
