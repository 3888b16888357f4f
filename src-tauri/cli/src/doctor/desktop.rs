//! The desktop around the app: its tray, its notifications. The app's own program looks, since it can.

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

pub fn look() -> Vec<Finding> {
    let mut findings = session();
    findings.extend(facts());
    findings
}

fn session() -> Vec<Finding> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let desktop = said("XDG_CURRENT_DESKTOP").map_or_else(|| "no desktop named".to_owned(), |named| desktops(&named));
    let kind = match (said("WAYLAND_DISPLAY"), said("DISPLAY")) {
        (Some(_), _) => "Wayland",
        (None, Some(_)) => "X11",
        (None, None) => {
            return vec![Finding::note("there is no display here; the tray app needs one, the command does not")];
        }
    };
    #[cfg(unix)]
    let unreachable = super::display::unreachable();
    #[cfg(not(unix))]
    let unreachable = None;
    vec![unreachable.unwrap_or_else(|| Finding::fine(format!("{desktop} on {kind}")))]
}

/// Those that there are; anything may stand in a variable.
fn desktops(named: &str) -> String {
    let known = |name: &str| DESKTOPS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    let known: Vec<&str> = named.split(':').filter_map(known).collect();
    if known.is_empty() { "an unknown desktop".to_owned() } else { known.join(":") }
}

fn facts() -> Vec<Finding> {
    let program = launch_tray::beside();
    if !program.is_file() {
        return Vec::new();
    }
    let told = program::output(Command::new(&program).arg("--look"));
    let Some(facts) = told.and_then(|told| serde_json::from_str::<Value>(&told).ok()) else {
        return vec![Finding::wrong(
            format!("{} cannot be run", program.display()),
            "Run it with --look to see why; a library may be missing.",
        )];
    };
    if facts["bus"] == false {
        return vec![
            Finding::note("there is no session bus here, so neither tray nor notifications can be looked at")
                .advised("Run this in a terminal of your desktop."),
        ];
    }
    if facts["bus"] == "silent" {
        return vec![Finding::wrong(
            "the session bus takes a connection and does not answer, so there is neither a tray icon nor a notification",
            "Log out and in again. Holdoff polls meanwhile, and holdoff status shows the same.",
        )];
    }
    let tray = match facts["tray"].as_bool() {
        Some(true) => Some(Finding::fine("there is a place for tray icons")),
        Some(false) => Some(Finding::wrong(
            "there is no place for tray icons (no StatusNotifierWatcher)",
            "Holdoff opens its panel instead. On GNOME, install the extension AppIndicator.",
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
            "Install one, such as dunst; until then, look at the tray icon.",
        )),
        (None, _) => None,
    };
    tray.into_iter().chain(notifications).collect()
}
