//! Minimal Debian systems in folders, created with debootstrap.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cmd::Cmd;

pub const MIRROR: &str = "http://deb.debian.org/debian";

/// Files copied from this computer: its names and, for downloads, the certificates it trusts.
const OURS: [(&str, &str); 3] = [
    ("/etc/resolv.conf", "etc/resolv.conf"),
    ("/etc/hosts", "etc/hosts"),
    ("/etc/ssl/certs/ca-certificates.crt", "opt/certificates.crt"),
];

/// # Errors
/// Fails if no system can be created here.
pub fn can_be_made() -> Result<()> {
    if !cfg!(target_os = "linux") || Cmd::new("id").arg("-u").read()?.trim() != "0" {
        bail!("a separate system can be created only on Linux and as root.");
    }
    Ok(())
}

/// The cache folder for systems.
pub fn cache() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).context("there is no home folder")?;
    let folder = cache.join("holdoff-clean-system");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Creates a system in an empty folder and runs the script `prepare` in it as root. The script stops at the first failure.
pub fn make(root: &Path, suite: &str, mirror: &str, prepare: &str) -> Result<()> {
    // On Ubuntu, the desktop packages are in universe.
    let parts = if mirror.contains("ubuntu") { "main,universe" } else { "main" };
    let minimal = ["--variant=minbase", "--components", parts, suite];
    Cmd::new("debootstrap").args(minimal).arg(root).arg(mirror).no_input().run()?;
    for (here, there) in OURS.iter().filter(|(here, _)| Path::new(here).is_file()) {
        fs::copy(here, root.join(there))?;
    }
    let prepare = format!(
        "set -e; export DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin; apt-get update -q; \
         {prepare}"
    );
    let mounted = "mount -t proc proc \"$1/proc\" && exec chroot \"$1\" sh -c \"$2\"";
    let apart = ["--mount", "--propagation", "private", "--", "sh", "-c", mounted, "sh"];
    Cmd::new("unshare").args(apart).arg(root).arg(prepare).no_input().run()
}

/// A folder with an unpacked system, deleted on drop.
pub struct Unpacked(pub PathBuf);

impl Unpacked {
    pub fn new(root: PathBuf) -> Result<Self> {
        let this = Self(root);
        this.remove();
        fs::create_dir_all(&this.0)?;
        Ok(this)
    }

    fn remove(&self) {
        let _there_may_be_none = Cmd::new("rm").args(["-rf", "--one-file-system"]).arg(&self.0).read();
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        self.remove();
    }
}
