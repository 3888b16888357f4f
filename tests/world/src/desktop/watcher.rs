//! Who keeps the tray icons, without a panel around it: it can come late, refuse, say nothing, and go.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zbus::message::Header;
use zbus::{Connection, fdo, interface};

use super::{WATCHER, bus};
use crate::eventually::eventually;
use crate::locked;

const PATH: &str = "/StatusNotifierWatcher";

/// What it does with an item that wants to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registering {
    /// Keeps it.
    Takes,
    /// Answers with an error.
    Refuses,
    /// Never answers.
    IsSilent,
}

/// A StatusNotifierWatcher of our own, for a desktop without a panel. It is gone when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    connection: Connection,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    registering: Registering,
    items: Vec<String>,
    asked: usize,
}

impl Watcher {
    pub(super) async fn start(address: &str, registering: Registering) -> Self {
        let kept = Arc::new(Mutex::new(Kept { registering, items: Vec::new(), asked: 0 }));
        let connection = bus::connect(address).await;
        let service = Service { kept: Arc::clone(&kept) };
        connection.object_server().at(PATH, service).await.expect("a place for the watcher");
        connection.request_name(WATCHER).await.expect("nobody else keeps tray icons");
        Self { connection, kept }
    }

    /// Does this from now on.
    pub fn set(&self, registering: Registering) {
        locked(&self.kept).registering = registering;
    }

    /// Waits until it has been asked to keep an item at least so often.
    ///
    /// # Panics
    /// When it is not within `timeout`.
    pub async fn wait_until_asked(&self, times: usize, timeout: Duration) {
        let asked = async || (locked(&self.kept).asked >= times).then_some(());
        eventually(timeout, format!("an item asks to be kept {times} times"), asked).await;
    }

    /// Gives the name back, and waits until the bus has taken it.
    pub async fn stop(self) {
        self.connection.release_name(WATCHER).await.expect("the name was ours");
    }
}

struct Service {
    kept: Arc<Mutex<Kept>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Service {
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<()> {
        let registering = {
            let mut kept = locked(&self.kept);
            kept.asked += 1;
            kept.registering
        };
        match registering {
            Registering::Takes => {}
            Registering::Refuses => return Err(fdo::Error::Failed("not ready".to_owned())),
            Registering::IsSilent => std::future::pending().await,
        }
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let name = if service.starts_with('/') { format!("{sender}{service}") } else { service };
        locked(&self.kept).items.push(name);
        Ok(())
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        locked(&self.kept).items.clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
