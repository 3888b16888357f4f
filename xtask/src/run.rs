//! `cargo xtask run`: from a clone to a tray icon.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{build, setup, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask run
cargo xtask run --virtual-desktop [--out DIR]

Installs what is missing (lists it, and uses sudo only if needed), builds the UI and the app, and starts it.

--virtual-desktop  for a machine without a display: starts a screen in memory, a session bus, a panel and a
                   notification daemon, runs the app there against a built-in demo server that goes from quota to
                   429 to recovery, and takes screenshots
--out DIR          where to put them; by default shots/ in the repository";

const NO_DISPLAY: &str = "\
there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set, so no tray icon can be shown.
On a desktop, run this in a terminal of that desktop. Without one,
  cargo xtask run --virtual-desktop
starts its own desktop in memory, runs Holdoff there against a demo server and puts screenshots in shots/.";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    match parse(args)? {
        Place::Here => run_here(project),
        Place::VirtualDesktop { out } => run_virtual_desktop(project, out),
    }
}

fn run_here(project: &Project) -> Result<()> {
    let (x11, wayland) = (env::var_os("DISPLAY"), env::var_os("WAYLAND_DISPLAY"));
    if cfg!(target_os = "linux") && !has_display(x11.as_deref(), wayland.as_deref()) {
        bail!(NO_DISPLAY);
    }
    setup::prepare(Purpose::Run)?;
    build::build(project)?;
    crate::cmd::Cmd::new(project.program(Profile::Release, "holdoff")).exec()
}

fn run_virtual_desktop(project: &Project, out: Option<PathBuf>) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("a virtual desktop works only on Linux; `cargo xtask run` starts the app on this desktop.");
    }
    let out = match out {
        Some(dir) => env::current_dir().context("the current folder is gone")?.join(dir),
        None => project.root().join("shots"),
    };
    setup::prepare(Purpose::VirtualDesktop)?;
    build::build(project)?;
    project
        .cargo("run")
        .args(["--locked", "-p", "holdoff-world", "--bin", "holdoff-demo", "--", "--out"])
        .arg(&out)
        .env("HOLDOFF_BIN_DIR", project.programs(Profile::Release))
        .no_input()
        .run()?;
    println!("\nThe screenshots are in {}.", out.display());
    Ok(())
}

fn has_display(x11: Option<&OsStr>, wayland: Option<&OsStr>) -> bool {
    [x11, wayland].into_iter().flatten().any(|value| !value.is_empty())
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Here,
    VirtualDesktop { out: Option<PathBuf> },
}

fn parse(args: &[String]) -> Result<Place> {
    let (mut virtual_desktop, mut out) = (false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--virtual-desktop" => virtual_desktop = true,
            "--out" => {
                let dir = args.next().ok_or_else(|| value_missing("--out", "a folder"))?;
                out = Some(PathBuf::from(dir));
            }
            other => return Err(unknown_argument("run", other)),
        }
    }
    match (virtual_desktop, out) {
        (true, out) => Ok(Place::VirtualDesktop { out }),
        (false, None) => Ok(Place::Here),
        (false, Some(_)) => Err(unknown_argument("run", "--out without --virtual-desktop")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Option<Place> {
        parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn display_variable_empty_counts_as_no_display() {
        let check = |x11: Option<&str>, wayland: Option<&str>, expected: bool| {
            assert_eq!(has_display(x11.map(OsStr::new), wayland.map(OsStr::new)), expected);
        };
        check(None, None, false);
        check(Some(""), Some(""), false);
        check(Some(":0"), None, true);
        check(None, Some("wayland-0"), true);
        check(Some(""), Some("wayland-0"), true);
    }

    #[test]
    fn run_arguments_are_parsed_or_rejected() {
        assert_eq!(parsed(&[]), Some(Place::Here));
        assert_eq!(parsed(&["--virtual-desktop"]), Some(Place::VirtualDesktop { out: None }));
        let with_out = Some(Place::VirtualDesktop { out: Some("pictures".into()) });
        assert_eq!(parsed(&["--virtual-desktop", "--out", "pictures"]), with_out);
        assert_eq!(parsed(&["--out", "pictures", "--virtual-desktop"]), with_out);
        for refused in [&["--out", "x"][..], &["--virtual-desktop", "--out"], &["--fast"], &["now"]] {
            assert_eq!(parsed(refused), None, "{refused:?}");
        }
    }
}
