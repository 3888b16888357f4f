//! Installs missing packages on Linux, after printing what, why and how.

use std::collections::BTreeSet;
use std::io::IsTerminal;

use anyhow::{Context, Result, bail};

use crate::cmd::{Cmd, find_program};
use crate::packages::{self, Distribution, Need, Probe, Purpose};
use crate::project::Project;
use crate::{toolchain, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask setup [--for run|virtual-desktop|test|package]

Installs what is missing to build and run Holdoff (run, the default), to show it on a virtual desktop (virtual-desktop),
to test it (test), or to package it (package). Uses apt-get on Debian and Ubuntu, as root or with sudo. On other
distributions it lists what is missing. On other systems it checks only for Node.js.";

pub fn run(_project: &Project, args: &[String]) -> Result<()> {
    let purpose = match args {
        [] => Purpose::Run,
        [option, name] if option == "--for" => {
            Purpose::named(name).ok_or_else(|| value_missing("--for", Purpose::NAMES))?
        }
        [option] if option == "--for" => return Err(value_missing("--for", Purpose::NAMES)),
        [other, ..] => return Err(unknown_argument("setup", other)),
    };
    prepare(purpose)?;
    println!("Everything that is needed is installed.");
    Ok(())
}

/// Checks the toolchain, and installs the packages that are missing for `purpose`.
pub fn prepare(purpose: Purpose) -> Result<()> {
    toolchain::check_node()?;
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let os_release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let distribution = Distribution::parse(&os_release);
    let by_apt =
        distribution.is_debian() && ["apt-get", "dpkg-query"].into_iter().all(|name| find_program(name).is_some());
    match by_apt {
        true => prepare_debian(purpose, &distribution),
        false => check_by_probes(purpose),
    }
}

fn prepare_debian(purpose: Purpose, distribution: &Distribution) -> Result<()> {
    let missing = missing_packages(purpose, distribution)?;
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing:\n{}", list(&missing, |need| need.package_in(distribution)));
    let names: Vec<&str> = missing.iter().map(|need| need.package_in(distribution)).collect();
    install(&names)?;

    let still: Vec<&str> =
        missing_packages(purpose, distribution)?.iter().map(|need| need.package_in(distribution)).collect();
    if !still.is_empty() {
        bail!("apt-get reported success, but these are not installed: {}.", still.join(" "));
    }
    Ok(())
}

fn missing_packages(purpose: Purpose, distribution: &Distribution) -> Result<Vec<&'static Need>> {
    let needs = purpose.needs();
    // Fails if a package is unknown, but still reports the others.
    let said = Cmd::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Package}\\n"])
        .args(needs.iter().map(|need| need.package_in(distribution)))
        .read_anyway()?;
    let installed: BTreeSet<&str> = packages::installed_packages(&said);
    Ok(packages::missing(&needs, distribution, &installed, is_met))
}

fn install(names: &[&str]) -> Result<()> {
    let is_root = Cmd::new("id").arg("-u").read()?.trim() == "0";
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {}", names.join(" "));
    let rights = rights(is_root, find_program("sudo").is_some(), std::io::stdin().is_terminal());
    match rights {
        Rights::Root => println!("Installing them:"),
        Rights::Sudo { .. } => println!("Installing them needs sudo for these two commands only:"),
        Rights::None => bail!(
            "installing packages needs root, and there is no sudo here. Run this as root, then start again:\n  {by_hand}"
        ),
    }

    let update = apt_get(rights).arg("update").run();
    if let Err(error) = update {
        // It is common that one of several sources is unreachable, and often it is not the one needed.
        println!("{error:#} Trying with the package lists as they are.");
    }
    apt_get(rights)
        .args(["install", "-y", "--no-install-recommends"])
        .args(names)
        .run()
        .with_context(|| format!("could not install the packages. To do it by hand, as root:\n  {by_hand}"))
}

fn apt_get(rights: Rights) -> Cmd {
    let env = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"];
    match rights {
        Rights::Sudo { may_ask: true } => Cmd::new("sudo").args(env),
        Rights::Sudo { may_ask: false } => Cmd::new("sudo").arg("-n").args(env).no_input(),
        Rights::Root | Rights::None => Cmd::new(env[0]).args(&env[1..]).no_input(),
    }
}

/// The rights with which packages can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    Root,
    /// `may_ask`: a user is present to type a password.
    Sudo {
        may_ask: bool,
    },
    None,
}

fn rights(is_root: bool, has_sudo: bool, has_terminal: bool) -> Rights {
    match (is_root, has_sudo) {
        (true, _) => Rights::Root,
        (false, true) => Rights::Sudo { may_ask: has_terminal },
        (false, false) => Rights::None,
    }
}

/// For systems with other package names: reports what is missing by probes.
fn check_by_probes(purpose: Purpose) -> Result<()> {
    let unmet = |need: &&Need| need.probe != Probe::Unseen && !is_met(&need.probe);
    let missing: Vec<&Need> = purpose.needs().into_iter().filter(unmet).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "this is neither Debian nor Ubuntu, so nothing is installed automatically. Missing, with the Debian package in \
         brackets:\n{}\nInstall what provides them in this distribution, then start again.",
        list(&missing, probe_in_words)
    )
}

fn is_met(probe: &Probe) -> bool {
    match probe {
        Probe::Module(module) => Cmd::new("pkg-config").args(["--exists", module]).succeeds(),
        Probe::Programs(names) => names.iter().all(|name| find_program(name).is_some()),
        Probe::AnyOf(names) => names.iter().any(|name| find_program(name).is_some()),
        Probe::Unseen => false,
    }
}

/// The tests of broken disks and networks mount their own file systems, and the Wayland tests start a compositor. A system
/// that does not permit this is reported before an hour of building, not after it.
pub fn check_namespaces() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let is_root = Cmd::new("id").arg("-u").read()?.trim() == "0";
    let user: &[&str] = if is_root { &[] } else { &["--user", "--map-current-user", "--keep-caps"] };
    let unshare = Cmd::new("unshare").args(["--mount", "--propagation", "private"]).args(user).arg("true");
    if !unshare.succeeds() {
        bail!(
            "the desktop tests mount file systems for the programs that they start, but this system does not permit it. \
             Run them as root, or permit user namespaces; on Ubuntu 23.10 and later:\n  \
             sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        );
    }
    if is_root && !Cmd::new("unshare").args(["--user", "true"]).succeeds() {
        bail!(
            "the desktop tests start a Wayland compositor, which refuses to run as root, and this system does not permit \
             the user namespace in which it would. Permit user namespaces (sysctl user.max_user_namespaces), or run the \
             tests as another user."
        );
    }
    Ok(())
}

fn probe_in_words(need: &Need) -> String {
    let what = match need.probe {
        Probe::Module(module) => format!("pkg-config module {module}"),
        Probe::Programs([name]) => format!("program {name}"),
        Probe::Programs(names) => format!("programs {}", names.join(", ")),
        Probe::AnyOf(names) => format!("one of the programs {}", names.join(", ")),
        Probe::Unseen => return need.package.to_owned(),
    };
    format!("{what} [{}]", need.package)
}

fn list<T: AsRef<str>>(needs: &[&Need], name: impl Fn(&Need) -> T) -> String {
    let width = needs.iter().map(|need| name(need).as_ref().len()).max().unwrap_or(0);
    let line = |need: &&Need| format!("  {:width$}  {}", name(need).as_ref(), need.why);
    needs.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_is_used_only_when_needed() {
        assert_eq!(rights(true, true, true), Rights::Root);
        assert_eq!(rights(true, false, false), Rights::Root);
        assert_eq!(rights(false, true, true), Rights::Sudo { may_ask: true });
        assert_eq!(rights(false, false, true), Rights::None);
    }

    #[test]
    fn sudo_does_not_prompt_for_a_password_without_a_terminal() {
        assert_eq!(rights(false, true, false), Rights::Sudo { may_ask: false });
        let shown = apt_get(Rights::Sudo { may_ask: false }).arg("update").to_string();
        assert_eq!(shown, "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update");
    }

    #[test]
    fn missing_packages_are_listed_with_a_reason() {
        let needs = Purpose::Run.needs();
        let said = list(&needs[1..3], probe_in_words);
        assert_eq!(
            said,
            "  program pkg-config [pkg-config]                           finds the libraries to link with\n  \
             pkg-config module webkit2gtk-4.1 [libwebkit2gtk-4.1-dev]  \
             draws what is in the windows; brings GTK 3, libsoup 3 and JavaScriptCore"
        );
    }
}
