//! The package for Fedora, openSUSE and similar distributions, built with rpm's own tools.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Job;
use super::tree::{self, Layout, list, put, read};
use crate::changelog::VERSION;
use crate::cmd::Cmd;

const LAYOUT: Layout = Layout {
    package: "rpm",
    bin: "/usr/bin",
    units: "lib/systemd/user",
    zsh: "share/zsh/site-functions",
    licences: Some("share/licenses/holdoff"),
};

/// rpm finds the needed libraries by itself and records their sonames, since each distribution names the packages that
/// provide them differently.
pub fn make(job: &Job<'_>) -> Result<PathBuf> {
    let (root, work) = (job.fresh("rpm")?, job.fresh("rpmbuild")?);
    job.sources.lay(&root.join("usr"), &LAYOUT)?;
    tree::settle(&root, &job.epoch)?;
    let spec = read(&job.sources.packaging("rpm").join("holdoff.spec"))?
        .replace("@VERSION@", VERSION)
        .replace("@REVISION@", &job.revision)
        .replace("@STAGE@", &root.display().to_string())
        .replace("@FILES@", &files(&root)?);
    let path = work.join("holdoff.spec");
    put(&path, &spec)?;
    Cmd::new("rpmbuild")
        .args(["-bb", "--quiet", "--define"])
        .arg(format!("_topdir {}", work.display()))
        .arg(&path)
        .hidden_env("SOURCE_DATE_EPOCH", &job.epoch)
        .no_input()
        .run()?;
    let made = list(&work.join("RPMS"))?.iter().map(|arch| list(arch)).collect::<Result<Vec<_>>>()?;
    let made = made.concat().into_iter().next().context("rpmbuild reported success, and made no package")?;
    let rpm = job.out.join(made.file_name().unwrap_or_default());
    std::fs::copy(&made, &rpm)?;
    Ok(rpm)
}

/// Lists all files and no folders, which other packages own.
fn files(root: &Path) -> Result<String> {
    let found = Cmd::new("find").arg(root).args(["-type", "f", "-printf", "/%P\\n"]).read()?;
    let mut lines: Vec<String> = found.lines().map(line).collect();
    lines.sort();
    Ok(lines.join("\n"))
}

fn line(path: &str) -> String {
    match path {
        _ if path.starts_with("/usr/share/licenses/") => format!("%license {path}"),
        _ if path.starts_with("/usr/share/doc/") => format!("%doc {path}"),
        _ => path.to_owned(),
    }
}

/// The sizes in bytes of the package and of its files, as rpm reports them.
pub fn sizes(rpm: &Path) -> Result<(u64, u64)> {
    let installed = Cmd::new("rpm").args(["-qp", "--queryformat", "%{SIZE}"]).arg(rpm).read()?;
    Ok((std::fs::metadata(rpm)?.len(), installed.trim().parse()?))
}
