//! A named pipe. Compiled by the project's workflows; not yet seen to run.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

pub type Stream = File;

/// The name of a pipe is made from a path of any length.
pub const PATH_MAX: usize = usize::MAX;

/// Named pipes live in a name space of their own; the address makes the name.
fn pipe(address: &Path) -> String {
    let name: String = address.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    format!(r"\\.\pipe\holdoff-{name}")
}

pub fn connect(address: &Path, _: Duration) -> io::Result<Stream> {
    OpenOptions::new().read(true).write(true).open(pipe(address))
}

pub fn tell_at_once(address: &Path, line: &[u8]) -> io::Result<()> {
    connect(address, Duration::ZERO)?.write_all(line)
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

    /// The next connection. Displays are no matter of the environment here, so that nobody is looked at for a sandbox.
    pub async fn accept(&mut self) -> io::Result<(NamedPipeServer, bool)> {
        self.next.connect().await?;
        let fresh = ServerOptions::new().create(pipe(&self.address))?;
        Ok((std::mem::replace(&mut self.next, fresh), false))
    }
}

/// The app's end of a line for its child: a pipe for one client, whose name only the child is told.
#[derive(Debug)]
pub struct ChildLine(NamedPipeServer);

impl ChildLine {
    /// With what becomes the standard input of the child.
    pub fn new() -> io::Result<(Self, Stdio)> {
        let name = format!(r"\\.\pipe\holdoff-window-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let server = ServerOptions::new().first_pipe_instance(true).max_instances(1).create(&name)?;
        let (theirs, mut ours) = io::pipe()?;
        // It fits into the pipe, and nobody is waited for.
        ours.write_all(name.as_bytes())?;
        Ok((Self(server), Stdio::from(theirs)))
    }

    pub async fn open(self) -> io::Result<NamedPipeServer> {
        self.0.connect().await?;
        Ok(self.0)
    }
}

/// The child's end of it, whose name is on its standard input.
pub async fn inherited() -> io::Result<NamedPipeClient> {
    let mut name = String::new();
    io::stdin().take(256).read_to_string(&mut name)?;
    ClientOptions::new().open(name)
}
