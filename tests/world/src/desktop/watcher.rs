//! A watcher for tray items without a panel: it can start late, refuse, stay silent, and go away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zbus::message::Header;
use zbus::{Connection, fdo, interface};

use super::{WATCHER, bus};
use crate::eventually::eventually;
use crate::locked;

const PATH: &str = "/StatusNotifierWatcher";

/// How it responds to an item that registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registering {
    /// Accepts it.
    Takes,
    /// Returns an error.
    Refuses,
    /// Never replies.
    IsSilent,
}

/// Our own StatusNotifierWatcher, for a desktop without a panel. It goes away when this is dropped.
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

    /// Sets the response from now on.
    pub fn set(&self, registering: Registering) {
        locked(&self.kept).registering = registering;
    }

    /// Waits until at least `times` registrations were attempted.
    ///
    /// # Panics
    /// If that takes longer than `timeout`.
    pub async fn wait_until_asked(&self, times: usize, timeout: Duration) {
        let asked = async || (locked(&self.kept).asked >= times).then_some(());
        eventually(timeout, format!("an item asks to be kept {times} times"), asked).await;
    }

    /// Releases the name and waits until the bus has processed that.
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
