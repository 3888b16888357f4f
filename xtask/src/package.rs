//! `cargo xtask package`: builds the packages that users download and install.
//!
//! The same file tree is laid out three times and packed by each distribution's own tools: dpkg-deb and dpkg-shlibdeps,
//! rpmbuild, tar. All are Debian packages, need no network, and know best what their format requires.

mod archive;
mod deb;
mod rpm;
mod tree;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::build::{RESIDENT, WINDOW};
use crate::changelog::VERSION;
use crate::cmd::Cmd;
use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{UsageError, build, setup, ui, unknown_argument, value_missing};

use tree::{PROGRAMS, Sources};

pub const HELP: &str = "\
cargo xtask package [--programs DIR] [--out DIR] [--revision N]

Installs what is missing, builds Holdoff, and packages it: a .deb, a .rpm, a .tar.gz to unpack into ~/.local, an SBOM
(CycloneDX), third-party notices, and SHA256SUMS. Then checks them with lintian, appstreamcli and
desktop-file-validate, and prints the size of each.

--programs DIR  package the programs in DIR, built earlier by `cargo xtask build`, and build nothing
--out DIR       output folder; by default packages/ in cargo's target folder; emptied first
--revision N    package revision of this version (1)

The same commit gives the same packages: all times are that of the commit, or SOURCE_DATE_EPOCH. DEBFULLNAME and
DEBEMAIL set the maintainer of the .deb; without them it is the author in Cargo.toml, whom no mail reaches.";

/// One packaging run.
struct Job<'a> {
    sources: Sources<'a>,
    out: PathBuf,
    /// The folder in which trees are laid out.
    work: PathBuf,
    revision: String,
    /// The modification time of every file, in seconds.
    epoch: String,
}

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let options = parse(args)?;
    if !cfg!(target_os = "linux") {
        bail!("Linux packages can be built only on Linux; .github/workflows/release.yml builds the others.");
    }
    setup::prepare(Purpose::Package)?;
    let here = env::current_dir().context("the current folder is gone")?;
    let programs = match options.programs {
        Some(dir) => here.join(dir),
        None => {
            build::build(project)?;
            project.programs(Profile::Release)
        }
    };
    if let Some(name) = PROGRAMS.iter().find(|name| !programs.join(name).is_file()) {
        bail!("there is no {name} in {}; `cargo xtask build` makes it.", programs.display());
    }
    let out = options.out.map_or_else(|| project.target().join("packages"), |dir| here.join(dir));
    let work = project.target().join("packaging");
    let epoch = epoch(project)?;
    renew(&out)?;
    renew(&work)?;
    bill(project, &out, &epoch)?;
    let bom = format!("holdoff-{VERSION}-linux-{}.cdx.json", env::consts::ARCH);
    fs::rename(out.join("holdoff.cdx.json"), out.join(bom))?;
    let sources = Sources { project, programs, notices: out.join(NOTICES), date: day(&epoch, "+%Y-%m-%d")? };
    let job = Job { sources, out, work, revision: options.revision, epoch };

    let deb = deb::make(&job)?;
    let rpm = rpm::make(&job)?;
    let (archive, unpacked) = archive::make(&job)?;
    check(&job, &deb)?;
    sums(&job.out)?;
    let (deb_sizes, rpm_sizes) = (deb::sizes(&deb)?, rpm::sizes(&rpm)?);
    let archive_sizes = (fs::metadata(&archive)?.len(), unpacked);
    println!("\nIn {}:\n{:44} {:>10} {:>10}", job.out.display(), "", "download", "installed");
    for (path, (download, installed)) in [(deb, deb_sizes), (rpm, rpm_sizes), (archive, archive_sizes)] {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!("{name:44} {:>10} {:>10}", mib(download), mib(installed));
    }
    Ok(())
}

const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

impl Job<'_> {
    /// Creates an empty folder for a tree.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join(name);
        renew(&folder)?;
        Ok(folder)
    }

    fn debian_version(&self) -> String {
        format!("{VERSION}-{}", self.revision)
    }
}

/// Writes the SBOM and the notices for the cargo invocations that build the programs.
fn bill(project: &Project, out: &Path, epoch: &str) -> Result<()> {
    ui::install(project)?;
    project
        .cargo("run")
        .args(["--quiet", "--locked", "--package", "holdoff-sbom", "--", "--timestamp"])
        .arg(day(epoch, "+%Y-%m-%dT%H:%M:%SZ")?)
        .args(["--cargo", &RESIDENT.join(" "), "--cargo", &WINDOW.join(" "), "--root"])
        .arg(project.root())
        .arg("--out")
        .arg(out)
        .no_input()
        .run()
}

/// Runs the validators on the files and on the package.
fn check(job: &Job<'_>, deb: &Path) -> Result<()> {
    let share = job.work.join("deb/usr/share");
    Cmd::new("appstreamcli")
        .args(["validate", "--no-net", "--pedantic"])
        .args(tree::list(&share.join("metainfo"))?)
        .run()?;
    Cmd::new("desktop-file-validate").args(tree::list(&share.join("applications"))?).run()?;
    deb::check(deb)
}

fn sums(out: &Path) -> Result<()> {
    let names: Vec<PathBuf> = tree::list(out)?.iter().filter_map(|path| Some(path.file_name()?.into())).collect();
    tree::put(&out.join("SHA256SUMS"), &Cmd::new("sha256sum").args(names).dir(out).read()?)
}

/// The time of the commit, so that the same commit gives the same packages.
fn epoch(project: &Project) -> Result<String> {
    let said = match env::var("SOURCE_DATE_EPOCH") {
        Ok(set) => set,
        Err(_) => Cmd::new("git").args(["log", "-1", "--format=%ct"]).dir(project.root()).read().context(
            "the time of this commit is unknown because this is not a git clone. Set SOURCE_DATE_EPOCH to it, in seconds.",
        )?,
    };
    let seconds: u64 =
        said.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH is {said:?}, which is not a time"))?;
    Ok(seconds.to_string())
}

fn day(epoch: &str, form: &str) -> Result<String> {
    Ok(Cmd::new("date").args(["-u", "-d", &format!("@{epoch}"), form]).read()?.trim().to_owned())
}

fn renew(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    programs: Option<PathBuf>,
    out: Option<PathBuf>,
    revision: String,
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options { programs: None, out: None, revision: "1".to_owned() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut folder = || args.next().map(PathBuf::from).ok_or_else(|| value_missing(arg, "a folder"));
        match arg.as_str() {
            "--programs" => options.programs = Some(folder()?),
            "--out" => options.out = Some(folder()?),
            "--revision" => {
                let revision = args.next().ok_or_else(|| value_missing("--revision", "a number"))?;
                if revision.is_empty() || !revision.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(UsageError(format!("`--revision {revision}` is not a number.")).into());
                }
                options.revision.clone_from(revision);
            }
            other => return Err(unknown_argument("package", other)),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Option<Options> {
        parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn package_arguments_are_parsed_or_rejected() {
        let usual = Options { programs: None, out: None, revision: "1".into() };
        assert_eq!(parsed(&[]), Some(usual));
        let all = parsed(&["--programs", "a", "--out", "b", "--revision", "2"]);
        assert_eq!(all, Some(Options { programs: Some("a".into()), out: Some("b".into()), revision: "2".into() }));
        for refused in [&["--out"][..], &["--revision", "x"], &["--revision", ""], &["--revision"], &["now"]] {
            assert_eq!(parsed(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn sizes_are_formatted_in_mebibytes() {
        assert_eq!([0, 1024 * 1024, 12_345_678].map(mib), ["0.0 MiB", "1.0 MiB", "11.7 MiB"]);
    }
}
