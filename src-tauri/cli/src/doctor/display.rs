//! Checks whether this session's display accepts connections.

use super::Finding;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// `None` if it does, or if only the display's own library could tell.
pub fn unreachable() -> Option<Finding> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let runtime_dir = said("XDG_RUNTIME_DIR").unwrap_or_default();
    let wayland = said("WAYLAND_DISPLAY").map(|name| UnixStream::connect(Path::new(&runtime_dir).join(name)).map(drop));
    let tried: Vec<io::Result<()>> = wayland.into_iter().chain(said("DISPLAY").map(|name| x11(&name))).collect();
    // One of the two is enough.
    if tried.iter().any(Result::is_ok) {
        return None;
    }
    let error = tried.into_iter().find_map(Result::err)?;
    Some(Finding::wrong(
        format!("cannot connect to the display, so Holdoff's windows do not open: {error}"),
        "Run this in a terminal of your desktop. If you logged in again since Holdoff started, run holdoff once there.",
    ))
}

/// A local display such as `:0` has a socket; others are assumed to be reachable.
fn x11(display: &str) -> io::Result<()> {
    let number = display.strip_prefix("unix").unwrap_or(display).strip_prefix(':');
    let Some(number) = number.and_then(|number| number.split('.').next()) else {
        return Ok(());
    };
    let path = format!("/tmp/.X11-unix/X{number}");
    UnixStream::connect(&path).map(drop).or_else(|error| in_the_abstract(&path).map_err(|_| error))
}

/// Some servers listen on an abstract socket.
#[cfg(target_os = "linux")]
fn in_the_abstract(path: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(path)?).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn in_the_abstract(_: &str) -> io::Result<()> {
    Err(io::ErrorKind::NotFound.into())
}
