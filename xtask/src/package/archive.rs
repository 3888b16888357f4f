//! The archive that users unpack into `~/.local` or `/usr/local`.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use super::Job;
use super::tree::{self, Layout};
use crate::changelog::VERSION;
use crate::cmd::Cmd;

const LAYOUT: Layout = Layout {
    package: "archive",
    // systemd replaces %h by the user's home folder.
    bin: "%h/.local/bin",
    units: "share/systemd/user",
    zsh: "share/zsh/site-functions",
    licences: Some("share/doc/holdoff"),
};

pub fn make(job: &Job<'_>) -> Result<(PathBuf, u64)> {
    let name = format!("holdoff-{VERSION}-linux-{}", env::consts::ARCH);
    let root = job.fresh("archive")?;
    job.sources.lay(&root.join(&name), &LAYOUT)?;
    // The next version uses this list to remove the files of this version that it no longer has.
    let list = "cd \"$1\" && mkdir -p share/holdoff && touch share/holdoff/files && find . -type f -printf '%P\\n' | LC_ALL=C sort";
    let list = Cmd::new("sh").args(["-c", list, "sh"]).arg(root.join(&name)).read()?;
    tree::put(&root.join(&name).join("share/holdoff/files"), &list)?;
    tree::settle(&root, &job.epoch)?;
    let archive = job.out.join(format!("{name}.tar.gz"));
    let pack = "tar --create --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --directory \"$1\" \"$2\" | gzip -n9 > \"$3\"";
    Cmd::new("sh").args(["-c", pack, "sh"]).arg(&root).arg(&name).arg(&archive).run()?;
    let size = Cmd::new("du").args(["-s", "--apparent-size", "--block-size=1"]).arg(&root).read()?;
    Ok((archive, size.split_whitespace().next().unwrap_or_default().parse()?))
}
