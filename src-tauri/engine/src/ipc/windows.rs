//! A named pipe. Compiled by the project's workflows; not yet seen to run.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

pub type Stream = File;

/// Named pipes live in a name space of their own; the socket's path makes the name.
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

pub async fn connect_async(address: &Path) -> io::Result<NamedPipeClient> {
    ClientOptions::new().open(pipe(address))
}

#[derive(Debug)]
pub struct Listener {
    address: PathBuf,
    next: NamedPipeServer,
}

impl Listener {
    pub fn bind(address: &Path) -> io::Result<Self> {
        let next = ServerOptions::new().first_pipe_instance(true).create(pipe(address))?;
        Ok(Self { address: address.to_owned(), next })
    }

    pub async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.next.connect().await?;
        let fresh = ServerOptions::new().create(pipe(&self.address))?;
        Ok(std::mem::replace(&mut self.next, fresh))
    }
}
