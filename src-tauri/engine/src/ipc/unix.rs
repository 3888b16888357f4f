//! A Unix socket that only its owner can open.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

pub type Stream = std::os::unix::net::UnixStream;

pub fn connect(address: &Path, timeout: Duration) -> io::Result<Stream> {
    let stream = Stream::connect(address)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    Ok(stream)
}

pub fn tell_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let there = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&there, true)?;
    connect(&there, &SocketAddrUnix::new(address)?)?;
    // Half a line is none: the app leaves it out.
    Stream::from(there).write_all(line)
}

pub async fn connect_async(address: &Path) -> io::Result<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(address).await
}

#[derive(Debug)]
pub struct Listener(tokio::net::UnixListener);

impl Listener {
    pub fn bind(address: &Path) -> io::Result<Self> {
        match std::fs::remove_file(address) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = tokio::net::UnixListener::bind(address)?;
        std::fs::set_permissions(address, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self(listener))
    }

    pub async fn accept(&mut self) -> io::Result<tokio::net::UnixStream> {
        Ok(self.0.accept().await?.0)
    }
}
