//! Detects the end of a session: the bus is gone and no display accepts connections. A bus alone may come back, and a
//! display may go while the user stays.

use super::Bus;
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// In real time: a restarted display server is back within this time.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_secs(2);

/// Returns once the session is over.
pub async fn over(mut bus: Bus) {
    let displays = displays(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    if displays.is_empty() {
        return std::future::pending().await;
    }
    while bus.gone().await {
        let mut since = None;
        while bus.now().is_none() {
            if displays.iter().any(|display| lets_in(display)) {
                since = None;
            } else if since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                return;
            }
            sleep(LOOK).await;
        }
    }
}

fn lets_in(display: &Path) -> bool {
    UnixStream::connect(display).is_ok()
}

/// The sockets of the displays that these variables name. A display on another computer is left out: its state is unknown.
fn displays(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let wayland = variable("WAYLAND_DISPLAY").and_then(|name| {
        let name = PathBuf::from(name);
        if name.is_absolute() { Some(name) } else { Some(PathBuf::from(variable("XDG_RUNTIME_DIR")?).join(name)) }
    });
    let x11 = variable("DISPLAY").and_then(|display| {
        let display = display.into_string().ok()?;
        let number = display.strip_prefix("unix").unwrap_or(&display).strip_prefix(':')?;
        let number = number.split('.').next()?;
        Some(PathBuf::from(format!("/tmp/.X11-unix/X{number}")))
    });
    wayland.into_iter().chain(x11).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        displays(|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn display_sockets_are_found_from_environment_variables() {
        assert_eq!(of(&[("DISPLAY", ":77.0")]), [PathBuf::from("/tmp/.X11-unix/X77")]);
        assert_eq!(of(&[("DISPLAY", "unix:1")]), [PathBuf::from("/tmp/.X11-unix/X1")]);
        assert_eq!(of(&[("WAYLAND_DISPLAY", "/run/way")]), [PathBuf::from("/run/way")]);
        let both = [("WAYLAND_DISPLAY", "wayland-1"), ("XDG_RUNTIME_DIR", "/run/user/1"), ("DISPLAY", ":0")];
        assert_eq!(of(&both), [PathBuf::from("/run/user/1/wayland-1"), PathBuf::from("/tmp/.X11-unix/X0")]);
    }

    #[test]
    fn display_on_another_computer_is_left_out() {
        assert!(of(&[("DISPLAY", "far.example.org:0")]).is_empty());
        assert!(of(&[("WAYLAND_DISPLAY", "wayland-1")]).is_empty());
    }
}
