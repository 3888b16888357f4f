//! A Unix socket that only its owner can open, in a folder that only they can enter. Both ends check the peer's user id.

use crate::platform::environment::IDENTIFIER;
use crate::platform::throttle::Seldom;
use crate::platform::{fs, random};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

pub type Stream = std::os::unix::net::UnixStream;

/// `sun_path` holds 108 bytes on Linux and 104 on macOS.
pub const PATH_MAX: usize = 100;

pub fn connect(address: &Path, timeout: Duration) -> io::Result<Stream> {
    let stream = Stream::connect(socket_at(address))?;
    check_peer(&stream)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    Ok(stream)
}

pub fn send_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let there = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&there, true)?;
    connect(&there, &SocketAddrUnix::new(socket_at(address))?)?;
    check_peer(&there)?;
    // The app ignores a partial line.
    Stream::from(there).write_all(line)
}

/// Resolves the link. An app of an earlier version has its socket at the address itself. (The link's own path may be too long
/// for a socket.)
fn socket_at(address: &Path) -> PathBuf {
    std::fs::read_link(address).unwrap_or_else(|_| address.to_owned())
}

/// Checks that the listener is this user, because messages must reach nobody else.
#[cfg(target_os = "linux")]
fn check_peer(stream: &impl AsFd) -> io::Result<()> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    if peer.uid == rustix::process::geteuid() { Ok(()) } else { Err(another_user()) }
}

/// Relies on the permissions of the socket's folder.
#[cfg(not(target_os = "linux"))]
fn check_peer(_: &impl AsFd) -> io::Result<()> {
    Ok(())
}

/// Connections of other users.
static TURNED_AWAY: Seldom = Seldom::every(Duration::from_secs(60));

fn another_user() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user of this computer")
}

#[derive(Debug)]
pub struct Listener(tokio::net::UnixListener);

impl Listener {
    pub fn bind(address: &Path, runtime_dir: Option<&Path>) -> io::Result<Self> {
        remove_socket(&socket_at(address));
        let socket = place_for_socket(address, runtime_dir)?;
        remove_socket(&socket);
        let listener = tokio::net::UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
        let next = address.with_extension("next");
        let _left_by_a_crash = std::fs::remove_file(&next);
        std::os::unix::fs::symlink(&socket, &next)?;
        std::fs::rename(&next, address)?;
        Ok(Self(listener))
    }

    /// Returns this user's next connection, and whether it is from a sandbox. Closes and logs those of other users.
    pub async fn accept(&mut self) -> io::Result<(tokio::net::UnixStream, bool)> {
        loop {
            let stream = self.0.accept().await?.0;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == rustix::process::geteuid().as_raw() => {
                    return Ok((stream, is_sandboxed(peer.pid())));
                }
                Ok(peer) => {
                    if let Some(connections) = TURNED_AWAY.came() {
                        tracing::warn!(
                            connections,
                            uid = peer.uid(),
                            "refused a connection of another user of this computer"
                        );
                    }
                }
                Err(error) => tracing::warn!(%error, "refused a connection of an unknown user"),
            }
        }
    }
}

/// Whether a process has different mount, user or network namespaces. A process that cannot be inspected counts as sandboxed.
#[cfg(target_os = "linux")]
fn is_sandboxed(pid: Option<i32>) -> bool {
    let namespace = |process: &str, of: &str| std::fs::read_link(format!("/proc/{process}/ns/{of}")).ok();
    let same =
        |process: &str, of: &str| namespace(process, of).is_some_and(|there| Some(there) == namespace("self", of));
    !pid.is_some_and(|pid| ["mnt", "user", "net"].into_iter().all(|of| same(&pid.to_string(), of)))
}

/// The display does not depend on the environment on these systems.
#[cfg(not(target_os = "linux"))]
fn is_sandboxed(_: Option<i32>) -> bool {
    false
}

/// Removes a socket that an earlier app left behind.
fn remove_socket(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _in_its_place_or_not = std::fs::remove_file(path);
    }
}

/// Prefers the session's runtime folder, then the data folder. If either path is too long for a socket, uses a new folder with
/// an unpredictable name.
fn place_for_socket(address: &Path, runtime_dir: Option<&Path>) -> io::Result<PathBuf> {
    let name = fs::short_name(address.as_os_str().as_encoded_bytes());
    let session = format!("/run/user/{}", rustix::process::geteuid().as_raw());
    let sessions = runtime_dir.into_iter().chain(cfg!(target_os = "linux").then_some(Path::new(&session)));
    let folders = sessions.filter(|folder| folder.is_dir()).map(|folder| folder.join(IDENTIFIER));
    for folder in folders.chain(address.parent().map(Path::to_owned)) {
        let socket = folder.join(format!("{name}.sock"));
        if socket.as_os_str().len() <= PATH_MAX && fs::make_folder(&folder).is_ok() && is_private(&folder) {
            return Ok(socket);
        }
    }
    let folder = std::env::temp_dir().join(format!("holdoff-{:016x}", random::number()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder.join(format!("{name}.sock")))
}

/// Whether it is a folder, not a link, that we own and nobody else can enter.
fn is_private(folder: &Path) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    std::fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == ours && found.mode() & 0o077 == 0)
}

/// The app's end of a private channel to its child process.
#[derive(Debug)]
pub struct ChildLine(tokio::net::UnixStream);

impl ChildLine {
    /// Also returns the child's standard input.
    pub fn new() -> io::Result<(Self, Stdio)> {
        let (ours, theirs) = Stream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((Self(tokio::net::UnixStream::from_std(ours)?), Stdio::from(OwnedFd::from(theirs))))
    }

    pub async fn open(self) -> io::Result<tokio::net::UnixStream> {
        Ok(self.0)
    }
}

/// The child's end, moved off standard input so that the child's own child processes do not inherit it.
pub async fn inherited() -> io::Result<tokio::net::UnixStream> {
    let stream = Stream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails if standard input is not a socket.
    stream.peer_addr()?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}
