//! `cargo xtask clean-system`: tests a package on a system that has never had Holdoff.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::bare_system::{self, MIRROR, Unpacked};
use crate::cmd::Cmd;
use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{UsageError, setup, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask clean-system [--packages DIR] [--upgrade DEB] [--suite NAME]... [--mirror URL]

Creates a minimal Debian of each suite (bookworm and trixie, or the given ones) with debootstrap, adds a virtual desktop
and an ordinary user, and then
  unpacks the .tar.gz into ~/.local, starts Holdoff and waits for its icon and a quota from a demo server;
  installs the .deb with apt and does the same; upgrades it with DEB while it runs (by default the same .deb with the
  next revision) and checks that it keeps running; removes it, purges it, and lists what is left;
and prints how long each step took. The packages are those of `cargo xtask package` (packages/ in cargo's target folder).

Needs root, Linux and a Debian mirror (http://deb.debian.org/debian). The bare systems are cached in
$XDG_CACHE_HOME/holdoff-clean-system. Run by hand and in the release workflow; not part of the tests.";

const SUITES: [&str; 2] = ["bookworm", "trixie"];
/// A desktop to run the package on, without anything that Holdoff itself needs.
const DESKTOP: &str =
    "ca-certificates xvfb dbus xfce4-panel xfconf xdotool imagemagick fonts-dejavu-core libglib2.0-bin adduser";
/// The folder of the test's own files in the system.
const TEST: &str = "opt/test";
const USER: &str = "ann";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    if let [inside, root] = args
        && inside == INSIDE
    {
        return System { root: root.into() }.try_out();
    }
    let options = parse(args)?;
    bare_system::can_be_made()?;
    // Read before cargo may rebuild this program.
    let this = env::current_exe()?;
    setup::prepare(Purpose::CleanSystem)?;
    // Linked statically, as it also runs on systems whose libc is older than this one's.
    let tester =
        ["--locked", "-p", "holdoff-world", "--bin", "holdoff-installed", "--", "-C", "target-feature=+crt-static"];
    project.cargo("rustc").args(tester).no_input().run()?;
    let packages = match &options.packages {
        Some(dir) => env::current_dir().context("the current folder is gone")?.join(dir),
        None => project.target().join("packages"),
    };
    let [deb, archive] = [".deb", ".tar.gz"].map(|ending| one_of(&packages, ending));
    let (deb, archive) = (deb?, archive?);
    for suite in &options.suites {
        println!("\n== {suite}");
        let bare = bare(suite, &options.mirror)?;
        let work = Unpacked::new(project.target().join("clean-system").join(suite))?;
        let root = work.0.as_path();
        Cmd::new("tar").arg("-xf").arg(&bare).arg("-C").arg(root).run()?;
        let test = root.join(TEST);
        fs::create_dir_all(&test)?;
        fs::copy(project.program(Profile::Dev, "holdoff-installed"), test.join("holdoff-installed"))?;
        fs::copy(&deb, test.join("holdoff.deb"))?;
        fs::copy(&archive, test.join("holdoff.tar.gz"))?;
        match &options.upgrade {
            Some(next) => drop(fs::copy(next, test.join("next.deb"))?),
            None => next_revision(&deb, &test)?,
        }
        // Mounts and processes are in their own namespaces and end with them.
        Cmd::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--"])
            .arg(&this)
            .args(["clean-system", INSIDE])
            .arg(root)
            .run()?;
    }
    Ok(())
}

const INSIDE: &str = "--inside";

/// The only file in this folder with this ending.
fn one_of(folder: &Path, ending: &str) -> Result<PathBuf> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = names.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    match (found.pop(), found.as_slice()) {
        (Some(one), []) => Ok(one),
        (None, _) => bail!("there is no {ending} in {}; `cargo xtask package` makes it.", folder.display()),
        (Some(_), _) => bail!("there is more than one {ending} in {}.", folder.display()),
    }
}

/// An archive of a minimal system with a desktop and a user; created if it is not cached.
fn bare(suite: &str, mirror: &str) -> Result<PathBuf> {
    let folder = bare_system::cache()?;
    let kept = folder.join(format!("{suite}.tar"));
    if kept.is_file() {
        return Ok(kept);
    }
    let work = Unpacked::new(folder.join(format!("{suite}.new")))?;
    let prepare = format!(
        "apt-get install -qy --no-install-recommends {DESKTOP}; adduser --disabled-password --gecos Ann {USER}"
    );
    bare_system::make(&work.0, suite, mirror, &prepare)?;
    let next = folder.join(format!("{suite}.tar.new"));
    Cmd::new("tar").arg("-cf").arg(&next).arg("-C").arg(&work.0).arg(".").run()?;
    fs::rename(next, &kept)?;
    Ok(kept)
}

/// Builds the same package with the next revision.
fn next_revision(deb: &Path, test: &Path) -> Result<()> {
    let tree = test.join("next");
    Cmd::new("dpkg-deb").arg("--raw-extract").arg(deb).arg(&tree).run()?;
    let control = tree.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    let lines = text.lines().map(|line| match line.strip_prefix("Version: ") {
        Some(version) => format!("Version: {version}.1\n"),
        None => format!("{line}\n"),
    });
    fs::write(&control, lines.collect::<String>())?;
    Cmd::new("dpkg-deb").args(["--root-owner-group", "-Znone", "--build"]).arg(&tree).arg(test.join("next.deb")).run()
}

/// A command in the system, run as one of its users with only the environment of a fresh login.
fn inside(root: &Path, user: &str) -> Cmd {
    let home = if user == "root" { "/root".to_owned() } else { format!("/home/{user}") };
    let path = format!("PATH={home}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    let login =
        ["env", "-i", &format!("HOME={home}"), &format!("USER={user}"), "LANG=C.UTF-8", &path].map(str::to_owned);
    Cmd::new("chroot").arg(format!("--userspec={user}:{user}")).arg(root).args(login)
}

/// A system prepared for the test.
struct System {
    root: PathBuf,
}

impl System {
    /// Runs inside its own namespaces.
    fn try_out(&self) -> Result<()> {
        for (kind, place) in [("proc", "proc"), ("tmpfs", "tmp"), ("tmpfs", "dev/shm"), ("devpts", "dev/pts")] {
            if place == "dev/shm" {
                Cmd::new("mount").args(["--bind", "/dev"]).arg(self.root.join("dev")).read()?;
            }
            Cmd::new("mount").args(["-t", kind, kind]).arg(self.root.join(place)).read()?;
        }
        let shared = "install -d -m 1777 /tmp/.X11-unix && chmod 1777 /tmp /dev/shm && chmod 755 /opt/test";
        self.as_root(&["sh", "-c", shared]).read()?;

        let archive = "mkdir -p ~/.local && tar -xzf /opt/test/holdoff.tar.gz -C ~/.local --strip-components=1";
        self.timed(".tar.gz unpacked", || self.as_user(&["sh", "-c", archive]).read())?;
        self.watch(self.start(&format!("/home/{USER}/.local/bin"), None)?, || Ok(()))?;
        self.as_user(&["sh", "-c", "rm -rf ~/.local"]).read()?;

        let before = self.files()?;
        self.timed("apt-get update", || self.apt(&["update"]))?;
        self.timed(".deb installed, with what it depends on", || self.apt(&["install", "/opt/test/holdoff.deb"]))?;
        println!(
            "{:>9}  {}",
            "",
            self.as_root(&[
                "du",
                "-sh",
                "--apparent-size",
                "/usr/bin/holdoff",
                "/usr/bin/holdoff-tray",
                "/usr/bin/holdoff-window"
            ])
            .read()?
            .replace('\n', "; ")
        );
        self.tools()?;
        let upgraded = format!("/{TEST}/upgraded");
        let running = self.start("/usr/bin", Some(&upgraded))?;
        self.watch(running, || {
            self.timed("upgraded while it runs", || self.apt(&["install", "/opt/test/next.deb"]))?;
            Ok(fs::write(self.root.join(upgraded.trim_start_matches('/')), "")?)
        })?;
        self.timed("removed", || self.apt(&["remove", "holdoff"]))?;
        self.none_left("removed")?;
        // A removed package has no configuration by which apt would still know it, so it is purged while installed.
        self.timed("installed again", || self.apt(&["install", "/opt/test/next.deb"]))?;
        self.timed("purged", || self.apt(&["purge", "holdoff"]))?;
        self.none_left("purged")?;
        self.apt(&["autoremove", "--purge"])?;
        let (after, packaged) = (self.files()?, self.packaged()?);
        let left = after.lines().filter(|file| !before.lines().any(|was| was == *file));
        let left: Vec<&str> = left.filter(|file| !packaged.contains(*file)).collect();
        println!("{:>9}  files of no package that were not there before: {}", "", list(&left));
        Ok(())
    }

    fn as_root(&self, args: &[&str]) -> Cmd {
        inside(&self.root, "root").args(args).no_input()
    }

    fn as_user(&self, args: &[&str]) -> Cmd {
        inside(&self.root, USER).args(args).no_input()
    }

    fn apt(&self, args: &[&str]) -> Result<String> {
        self.as_root(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy"]).args(args).read()
    }

    /// Checks the files for shells and the desktop, and that the command runs.
    fn tools(&self) -> Result<()> {
        for place in [
            "usr/share/bash-completion/completions/holdoff",
            "usr/share/zsh/vendor-completions/_holdoff",
            "usr/share/fish/vendor_completions.d/holdoff.fish",
            "usr/share/applications/dev.holdoff.tray.desktop",
            "usr/share/icons/hicolor/48x48/apps/dev.holdoff.tray.png",
            "usr/lib/systemd/user/holdoff.service",
        ] {
            if !self.root.join(place).is_file() {
                bail!("/{place} is not there.");
            }
        }
        let said = self.as_user(&["holdoff", "--version"]).read()?;
        println!("{:>9}  {}", "", said.trim());
        Ok(())
    }

    /// Starts Holdoff from this folder on a desktop, as the user.
    fn start(&self, programs: &str, upgraded: Option<&str>) -> Result<Child> {
        let root = &self.root;
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={USER}:{USER}")).arg(root).args(["env", "-i", "LANG=C.UTF-8"]);
        command.arg(format!("HOME=/home/{USER}")).arg("PATH=/usr/local/bin:/usr/bin:/bin");
        command.arg(format!("HOLDOFF_BIN_DIR={programs}")).arg(format!("/{TEST}/holdoff-installed"));
        command.args(upgraded.map(|file| ["--upgraded", file]).into_iter().flatten());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().context("chroot cannot be started")
    }

    /// Prints the child's output, and runs `upgrade` when the child requests it.
    fn watch(&self, mut child: Child, upgrade: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut upgrade = Some(upgrade);
        for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
            match line?.as_str() {
                "upgrade" => upgrade.take().map_or(Ok(()), |upgrade| upgrade())?,
                said => println!("{:>9}  {said}", ""),
            }
        }
        let mut complaint = String::new();
        child.stderr.take().context("no output")?.read_to_string(&mut complaint)?;
        match child.wait()? {
            ended if ended.success() => Ok(()),
            ended => bail!("Holdoff was not as it should be ({ended}): {complaint}"),
        }
    }

    fn timed(&self, what: &str, step: impl FnOnce() -> Result<String>) -> Result<()> {
        let begin = Instant::now();
        step()?;
        println!("{:7.1} s  {what}", begin.elapsed().as_secs_f64());
        Ok(())
    }

    /// All files of the system except logs, caches, package lists and home folders.
    fn files(&self) -> Result<String> {
        let find = "find / -xdev -not -type d -not -path '/home/*' -not -path '/root/*' -not -path '/var/cache/*' \
                    -not -path '/var/log/*' -not -path '/var/lib/apt/*' -not -path '/var/lib/dpkg/*' -not -path '/opt/test/*'";
        self.as_root(&["sh", "-c", find]).read()
    }

    /// The files of packages that apt keeps because others recommend them.
    fn packaged(&self) -> Result<BTreeSet<String>> {
        let said = self.as_root(&["sh", "-c", "cat /var/lib/dpkg/info/*.list"]).read()?;
        // Some folders are links to those in /usr and give the files shorter paths.
        Ok(said.lines().flat_map(|file| [file.to_owned(), format!("/usr{file}")]).collect())
    }

    /// Checks that no file outside the home folders has Holdoff's name.
    fn none_left(&self, when: &str) -> Result<()> {
        let find = "find / -xdev -iname '*holdoff*' -not -path '/home/*' -not -path '/opt/test*'";
        let left = self.as_root(&["sh", "-c", find]).read()?;
        // dpkg remembers a removed package only if it had configuration files; this one has none.
        if !left.trim().is_empty() {
            bail!("once it was {when}, this is left: {}", left.trim().replace('\n', ", "));
        }
        println!("{:>9}  nothing of it is left outside the home", "");
        Ok(())
    }
}

fn list(lines: &[&str]) -> String {
    if lines.is_empty() { "nothing".to_owned() } else { lines.join(", ") }
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    packages: Option<PathBuf>,
    upgrade: Option<PathBuf>,
    suites: Vec<String>,
    mirror: String,
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options { packages: None, upgrade: None, suites: Vec::new(), mirror: MIRROR.to_owned() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = |what| args.next().cloned().ok_or_else(|| value_missing(arg, what));
        match arg.as_str() {
            "--packages" => options.packages = Some(value("a folder")?.into()),
            "--upgrade" => options.upgrade = Some(value("a .deb")?.into()),
            "--mirror" => options.mirror = value("a URL")?,
            "--suite" => {
                let suite = value("a suite")?;
                if suite.is_empty() || !suite.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    return Err(UsageError(format!("`--suite {suite}` is not a suite, such as trixie.")).into());
                }
                options.suites.push(suite);
            }
            other => return Err(unknown_argument("clean-system", other)),
        }
    }
    if options.suites.is_empty() {
        options.suites = SUITES.map(str::to_owned).into();
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_system_arguments_are_parsed_or_rejected() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            parse(&args).ok().map(|options| (options.suites.join(" "), options.packages, options.mirror))
        };
        assert_eq!(parse(&[]), Some(("bookworm trixie".to_owned(), None, MIRROR.to_owned())));
        let all = parse(&["--suite", "sid", "--packages", "out", "--mirror", "http://mirror"]);
        assert_eq!(all, Some(("sid".to_owned(), Some("out".into()), "http://mirror".to_owned())));
        for wrong in [&["--suite"][..], &["--suite", "../x"], &["--upgrade"], &["now"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
