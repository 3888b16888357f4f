//! The files of an installed Holdoff below a prefix such as /usr. Every package contains this tree.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::changelog::{self, VERSION};
use crate::cmd::Cmd;
use crate::project::Project;

/// The application's id: the name of its desktop file, metainfo and icon.
const ID: &str = "dev.holdoff.tray";
/// The programs find each other in the same folder.
pub const PROGRAMS: [&str; 3] = ["holdoff", "holdoff-tray", "holdoff-window"];

/// The folders of a package format.
#[derive(Debug)]
pub struct Layout {
    /// The package kind that the programs report: only a package of the same kind can replace them.
    pub package: &'static str,
    /// The folder of the installed programs, in the notation of a systemd unit.
    pub bin: &'static str,
    /// The folders of systemd's user units and of zsh's completions, below the prefix.
    pub units: &'static str,
    pub zsh: &'static str,
    /// The folder of the licences, unless the distribution has its own place for them.
    pub licences: Option<&'static str>,
}

/// The inputs of the tree.
#[derive(Debug)]
pub struct Sources<'a> {
    pub project: &'a Project,
    /// The folder with the three programs.
    pub programs: PathBuf,
    pub notices: PathBuf,
    /// The date of a version that is not released yet, such as 2026-01-31.
    pub date: String,
}

impl Sources<'_> {
    /// Creates the tree below `prefix`, which is a new folder.
    pub fn lay(&self, prefix: &Path, layout: &Layout) -> Result<()> {
        let root = self.project.root();
        for program in PROGRAMS {
            copy(&self.programs.join(program), &prefix.join("bin").join(program), 0o755)?;
        }
        let (share, linux) = (prefix.join("share"), self.packaging("linux"));
        put(&share.join(format!("applications/{ID}.desktop")), &read(&linux.join(format!("{ID}.desktop")))?)?;
        put(&share.join(format!("metainfo/{ID}.metainfo.xml")), &self.metainfo()?)?;
        put(&share.join("holdoff/package"), &format!("{}\n", layout.package))?;
        let unit = read(&linux.join("holdoff.service"))?.replace("@BIN@", layout.bin);
        put(&prefix.join(layout.units).join("holdoff.service"), &unit)?;
        self.icons(&share.join("icons/hicolor"))?;
        self.completions(prefix, layout)?;
        self.manual(&share.join("man/man1"))?;
        if let Some(folder) = layout.licences {
            for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
                copy(&root.join(licence), &prefix.join(folder).join(licence), 0o644)?;
            }
            copy(&self.notices, &prefix.join(folder).join("THIRD-PARTY-NOTICES.txt"), 0o644)?;
            copy(&root.join("CHANGELOG.md"), &share.join("doc/holdoff/CHANGELOG.md"), 0o644)?;
        }
        Ok(())
    }

    /// A folder of packaging sources.
    pub fn packaging(&self, name: &str) -> PathBuf {
        self.project.root().join("xtask/packaging").join(name)
    }

    /// The metainfo with all released versions, and with this one if it is not among them.
    fn metainfo(&self) -> Result<String> {
        let changes = changelog::read(self.project)?;
        let mut releases: Vec<(&str, &str)> =
            changelog::releases(&changes).iter().map(|release| (release.version, release.date)).collect();
        if releases.iter().all(|(version, _)| *version != VERSION) {
            releases.insert(0, (VERSION, &self.date));
        }
        let lines =
            releases.iter().map(|(version, date)| format!("    <release version=\"{version}\" date=\"{date}\"/>"));
        let text = read(&self.packaging("linux").join(format!("{ID}.metainfo.xml")))?;
        Ok(text.replace("@RELEASES@", &lines.collect::<Vec<_>>().join("\n")))
    }

    fn icons(&self, hicolor: &Path) -> Result<()> {
        let icons = self.project.root().join("icons");
        for size in list(&icons.join("hicolor"))? {
            let name = size.file_stem().unwrap_or_default();
            copy(&size, &hicolor.join(name).join("apps").join(format!("{ID}.png")), 0o644)?;
        }
        for (folder, name) in [("scalable", format!("{ID}.svg")), ("symbolic", format!("{ID}-symbolic.svg"))] {
            copy(&icons.join(&name), &hicolor.join(folder).join("apps").join(&name), 0o644)?;
        }
        Ok(())
    }

    fn completions(&self, prefix: &Path, layout: &Layout) -> Result<()> {
        let places = [
            ("bash", "share/bash-completion/completions/holdoff".to_owned()),
            ("zsh", format!("{}/_holdoff", layout.zsh)),
            ("fish", "share/fish/vendor_completions.d/holdoff.fish".to_owned()),
        ];
        for (shell, path) in places {
            put(&prefix.join(path), &self.holdoff().args(["completions", shell]).read()?)?;
        }
        Ok(())
    }

    /// A man page for each command; the two programs that `holdoff` starts share its page.
    fn manual(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        self.holdoff().args(["man", "--out"]).arg(folder).read()?;
        for program in &PROGRAMS[1..] {
            put(&folder.join(format!("{program}.1")), ".so man1/holdoff.1\n")?;
        }
        list(folder)?.iter().try_for_each(|page| compress(page))
    }

    /// The packaged command, which prints its own man pages.
    fn holdoff(&self) -> Cmd {
        Cmd::new(self.programs.join(PROGRAMS[0]))
    }
}

/// Sets the modes and times of everything below `root` to those of a package.
pub fn settle(root: &Path, epoch: &str) -> Result<()> {
    let find = |rest: &[&str]| Cmd::new("find").arg(root).args(rest).read();
    find(&["(", "-type", "d", "-o", "-perm", "/0111", ")", "-exec", "chmod", "0755", "{}", "+"])?;
    find(&["-type", "f", "-not", "-perm", "/0111", "-exec", "chmod", "0644", "{}", "+"])?;
    find(&["-exec", "touch", "--no-dereference", "--date", &format!("@{epoch}"), "{}", "+"])?;
    Ok(())
}

/// The files in a folder, sorted by name.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

pub fn put(path: &Path, text: &str) -> Result<()> {
    folder_of(path)?;
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    mode(path, 0o644)
}

pub fn copy(from: &Path, to: &Path, bits: u32) -> Result<()> {
    folder_of(to)?;
    fs::copy(from, to).with_context(|| format!("{} cannot be copied", from.display()))?;
    mode(to, bits)
}

/// Compresses to `NAME.gz`, without the time and the name in the header.
pub fn compress(path: &Path) -> Result<()> {
    Cmd::new("gzip").arg("-n9f").arg(path).read().map(drop)
}

fn folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

#[cfg(unix)]
fn mode(path: &Path, bits: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(bits))?)
}

#[cfg(not(unix))]
fn mode(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
