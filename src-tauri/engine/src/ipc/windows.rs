//! A named pipe. Tested only under Wine.

use crate::platform::random;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

pub type Stream = File;

/// The pipe's name is derived from a path of any length.
pub const PATH_MAX: usize = usize::MAX;

/// ERROR_PIPE_BUSY of winerror.h: another client connected, and the app has not created the next pipe instance yet.
const BUSY: i32 = 231;
/// ERROR_NO_DATA: the client has already disconnected.
const GONE: i32 = 232;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// SECURITY_IDENTIFICATION of winbase.h: the server may identify the client but not impersonate it.
const IDENTIFICATION: u32 = 0x0001_0000;

/// Named pipes have their own namespace with short names. The name is derived from the address, regardless of its spelling.
fn pipe(address: &Path) -> String {
    let address = address.components().collect::<PathBuf>().to_string_lossy().to_lowercase();
    let digest = Sha256::digest(address.as_bytes());
    format!(r"\\.\pipe\holdoff-{}", hex::encode(&digest[..16]))
}

fn open(address: &Path) -> io::Result<Stream> {
    OpenOptions::new().read(true).write(true).security_qos_flags(IDENTIFICATION).open(pipe(address))
}

pub fn connect(address: &Path, timeout: Duration) -> io::Result<Stream> {
    let until = Instant::now() + timeout;
    loop {
        match open(address) {
            Err(error) if error.raw_os_error() == Some(BUSY) && Instant::now() < until => {
                std::thread::sleep(LOOK_EVERY);
            }
            opened => return opened,
        }
    }
}

pub fn send_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
    open(address)?.write_all(line)
}

#[derive(Debug)]
pub struct Listener {
    address: PathBuf,
    next: NamedPipeServer,
}

impl Listener {
    pub fn bind(address: &Path, _: Option<&Path>) -> io::Result<Self> {
        let next = ServerOptions::new().first_pipe_instance(true).create(pipe(address))?;
        Ok(Self { address: address.to_owned(), next })
    }

    /// Returns the next connection. The display does not depend on the environment here, so there is no sandbox check.
    pub async fn accept(&mut self) -> io::Result<(NamedPipeServer, bool)> {
        match self.next.connect().await {
            // Data sent before the disconnect is still readable.
            Err(error) if error.raw_os_error() == Some(GONE) => {}
            connected => connected?,
        }
        let fresh = ServerOptions::new().create(pipe(&self.address))?;
        Ok((std::mem::replace(&mut self.next, fresh), false))
    }
}

/// The app's end of a private channel to its child: a single-client pipe whose name only the child receives.
#[derive(Debug)]
pub struct ChildLine(NamedPipeServer);

impl ChildLine {
    /// Also returns the child's standard input.
    pub fn new() -> io::Result<(Self, Stdio)> {
        let name = format!(r"\\.\pipe\holdoff-window-{:016x}{:016x}", random::number(), random::number());
        let server = ServerOptions::new().first_pipe_instance(true).max_instances(1).create(&name)?;
        let (theirs, mut ours) = io::pipe()?;
        // The name fits into the pipe's buffer, so this does not block.
        ours.write_all(name.as_bytes())?;
        Ok((Self(server), Stdio::from(theirs)))
    }

    pub async fn open(self) -> io::Result<NamedPipeServer> {
        self.0.connect().await?;
        Ok(self.0)
    }
}

/// The child's end, whose name it reads from standard input.
pub async fn inherited() -> io::Result<NamedPipeClient> {
    let mut name = String::new();
    io::stdin().take(256).read_to_string(&mut name)?;
    ClientOptions::new().open(name)
}
