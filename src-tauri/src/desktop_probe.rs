//! Reports what the desktop offers the app, as JSON on standard output. `holdoff doctor` runs it because the command itself
//! has no D-Bus code.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use serde_json::json;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

/// How long a bus may take to answer. `doctor` waits a little longer for this program.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn print() -> ExitCode {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(facts().unwrap_or_else(|| json!({"bus": false}))));
    println!("{}", told.recv_timeout(PATIENCE).unwrap_or_else(|_| json!({"bus": "silent"})));
    ExitCode::SUCCESS
}

/// `None` if there is no session bus; `null` means "unknown".
#[cfg(target_os = "linux")]
fn facts() -> Option<serde_json::Value> {
    use crate::tray::WATCHER;
    const NOTIFIER: &str = "org.freedesktop.Notifications";
    let bus = zbus::blocking::Connection::session().ok()?;
    let names = zbus::blocking::fdo::DBusProxy::new(&bus).ok()?;
    let owned = |name: &'static str| names.name_has_owner(name.try_into().ok()?).ok();
    let startable = names.list_activatable_names().unwrap_or_default();
    let notifications = owned(NOTIFIER)? || startable.iter().any(|name| name.as_str() == NOTIFIER);
    let path = "/org/freedesktop/Notifications";
    let notifier = bus.call_method(Some(NOTIFIER), path, Some(NOTIFIER), "GetServerInformation", &()).ok();
    let notifier = notifier.and_then(|reply| {
        let (name, _, version, _): (String, String, String, String) = reply.body().deserialize().ok()?;
        Some(format!("{name} {version}"))
    });
    Some(json!({"bus": true, "tray": owned(WATCHER)?, "notifications": notifications, "notifier": notifier}))
}

#[cfg(not(target_os = "linux"))]
fn facts() -> Option<serde_json::Value> {
    Some(json!({"bus": null, "tray": null, "notifications": null, "notifier": null}))
}
