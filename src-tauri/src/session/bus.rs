//! The session bus, as something that comes and goes: tray and notifications live on it, Holdoff does not die with it.

use std::time::Duration;
use tokio::sync::watch;
use zbus::Connection;

/// From the first look for a bus that is gone to the rarest, in real time: a look is one `connect`.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// The connection that all of the app shares, while there is one.
#[derive(Debug, Clone)]
pub struct Bus(watch::Receiver<Option<Connection>>);

impl Bus {
    /// Looks for the bus now, and whenever it is gone until it is back.
    pub async fn keep() -> Self {
        let first = connect().await.inspect_err(|error| tracing::warn!(%error, "there is no session bus")).ok();
        let (tell, bus) = watch::channel(first);
        tokio::spawn(keep(tell));
        Self(bus)
    }

    pub fn now(&self) -> Option<Connection> {
        self.0.borrow().clone()
    }

    /// Returns once there is none. `false` when the app ends.
    pub async fn gone(&mut self) -> bool {
        self.0.wait_for(Option::is_none).await.is_ok()
    }

    /// The connection once there is one. `None` when the app ends.
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
    Connection::session().await
}
