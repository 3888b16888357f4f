//! Checks the desktop: tray and notifications. The tray program does the checks, because only it can.

use super::{Finding, program};
use crate::launch_tray;
use holdoff_core::text::{NAME_MAX, clean};
use serde_json::Value;
use std::process::Command;

const DESKTOPS: [&str; 22] = [
    "Budgie",
    "Cinnamon",
    "COSMIC",
    "Deepin",
    "Enlightenment",
    "GNOME",
    "GNOME-Classic",
    "Hyprland",
    "i3",
    "KDE",
    "LXDE",
    "LXQt",
    "MATE",
    "niri",
    "Pantheon",
    "sway",
    "ubuntu",
    "Unity",
    "wlroots",
    "X-Cinnamon",
    "XFCE",
    "river",
];

pub fn inspect() -> Vec<Finding> {
    let mut findings = session();
    findings.extend(facts());
    findings
}

fn session() -> Vec<Finding> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let desktop = said("XDG_CURRENT_DESKTOP").map_or_else(|| "unnamed desktop".to_owned(), |named| desktops(&named));
    let kind = match (said("WAYLAND_DISPLAY"), said("DISPLAY")) {
        (Some(_), _) => "Wayland",
        (None, Some(_)) => "X11",
        (None, None) => {
            return vec![Finding::note("no display here; the tray app needs one, this command does not")];
        }
    };
    #[cfg(unix)]
    let unreachable = super::display::unreachable();
    #[cfg(not(unix))]
    let unreachable = None;
    vec![unreachable.unwrap_or_else(|| Finding::fine(format!("{desktop} on {kind}")))]
}

/// Keeps only known desktops: the variable may contain anything.
fn desktops(named: &str) -> String {
    let known = |name: &str| DESKTOPS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    let known: Vec<&str> = named.split(':').filter_map(known).collect();
    if known.is_empty() { "unknown desktop".to_owned() } else { known.join(":") }
}

fn facts() -> Vec<Finding> {
    let program = launch_tray::beside();
    if !program.is_file() {
        return Vec::new();
    }
    let told = program::output(Command::new(&program).arg("--look"));
    let Some(facts) = told.and_then(|told| serde_json::from_str::<Value>(&told).ok()) else {
        return vec![Finding::wrong(
            format!("cannot run {}", program.display()),
            "Run it with --look to see why; a library may be missing.",
        )];
    };
    if facts["bus"] == false {
        return vec![
            Finding::note("no session bus here to check the tray and notifications")
                .advised("Run this in a terminal of your desktop."),
        ];
    }
    if facts["bus"] == "silent" {
        return vec![Finding::wrong(
            "the session bus accepts connections but does not answer, so there is no tray icon and no notification",
            "Log out and in again. Meanwhile Holdoff keeps checking, and holdoff status shows the same information.",
        )];
    }
    let tray = match facts["tray"].as_bool() {
        Some(true) => Some(Finding::fine("the desktop has a tray")),
        Some(false) => Some(Finding::wrong(
            "the desktop has no tray (no StatusNotifierWatcher)",
            "Holdoff opens its panel instead. On GNOME, install the AppIndicator extension.",
        )),
        None => None,
    };
    let notifications = match (facts["notifications"].as_bool(), facts["notifier"].as_str()) {
        (Some(true), name) => Some(Finding::fine(format!(
            "notifications are shown{}",
            name.map(|n| format!(" by {}", clean(n, NAME_MAX))).unwrap_or_default()
        ))),
        (Some(false), _) => Some(Finding::wrong(
            "there is no notification service",
            "Install one, such as dunst. Until then, check the tray icon.",
        )),
        (None, _) => None,
    };
    tray.into_iter().chain(notifications).collect()
}
