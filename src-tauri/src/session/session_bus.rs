//! The session bus, which may go and come back. The tray and the notifications need it; Holdoff outlives it.

use std::time::Duration;
use tokio::sync::watch;
use zbus::Connection;

/// The first and the longest interval between attempts to connect to a lost bus, in real time.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// How long a bus may take to answer. A bus that accepts a connection and stays silent counts as missing.
const PATIENCE: Duration = Duration::from_secs(3);

/// The connection that the whole app shares, while there is one.
#[derive(Debug, Clone)]
pub struct Bus(watch::Receiver<Option<Connection>>);

impl Bus {
    /// Connects now, and reconnects whenever the bus is lost.
    pub async fn keep() -> Self {
        let first = connect().await.inspect_err(|error| tracing::warn!(%error, "there is no session bus")).ok();
        let (tell, bus) = watch::channel(first);
        tokio::spawn(keep(tell));
        Self(bus)
    }

    pub fn now(&self) -> Option<Connection> {
        self.0.borrow().clone()
    }

    /// Returns once this connection is no longer the shared one. Waiting for its close alone would be too early:
    /// [`Self::now`] could still return this connection then.
    pub async fn left(&mut self, connection: &Connection) {
        let name = |of: &Connection| (of.server_guid().to_string(), of.unique_name().map(ToString::to_string));
        let this = name(connection);
        let _the_app_ends = self.0.wait_for(|now| now.as_ref().is_none_or(|now| name(now) != this)).await;
    }

    /// Returns once there is no connection. `false` when the app ends.
    pub async fn gone(&mut self) -> bool {
        self.0.wait_for(Option::is_none).await.is_ok()
    }

    /// Returns the connection once there is one; `None` when the app ends.
    pub async fn up(&mut self) -> Option<Connection> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

async fn keep(tell: watch::Sender<Option<Connection>>) {
    loop {
        let bus = tell.borrow().clone();
        if let Some(bus) = bus {
            bus.closed().await;
            tracing::warn!("the session bus went away");
            tell.send_replace(None);
        }
        let bus = find().await;
        tracing::info!("the session bus is back");
        tell.send_replace(Some(bus));
    }
}

async fn find() -> Connection {
    let mut wait = LOOKS.0;
    loop {
        tokio::time::sleep(wait).await;
        match connect().await {
            Ok(bus) => return bus,
            Err(_) => wait = (wait * 2).min(LOOKS.1),
        }
    }
}

async fn connect() -> zbus::Result<Connection> {
    in_time(Connection::session()).await
}

async fn in_time(connecting: impl Future<Output = zbus::Result<Connection>>) -> zbus::Result<Connection> {
    let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the program would wait for the bus forever, before its first log line.
    #[tokio::test]
    async fn session_bus_that_accepts_but_never_replies_times_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let address = format!("unix:path={}", path.display());
        let connecting = zbus::connection::Builder::address(address.as_str()).unwrap().build();
        let connected = tokio::time::timeout(4 * PATIENCE, in_time(connecting)).await;
        assert!(matches!(connected, Ok(Err(_))), "{connected:?}");
    }
}
