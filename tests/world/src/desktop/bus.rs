//! The desktop's session bus, as a client sees it.

use std::time::Duration;

use zbus::connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::{Connection, Proxy};

use super::{Desktop, NOTIFICATIONS, WATCHER};
use crate::eventually::eventually;

impl Desktop {
    /// A new connection to the session bus.
    pub async fn connect(&self) -> Connection {
        connect(&self.address).await
    }

    /// Whether anyone owns a name on the bus.
    pub async fn has_name(&self, name: &str) -> bool {
        has_name(&self.connect().await, name).await
    }

    /// Waits until someone owns a name on the bus.
    ///
    /// # Panics
    /// If that takes longer than `timeout`.
    pub async fn wait_for_name(&self, name: &str, timeout: Duration) {
        let bus = self.connect().await;
        eventually(timeout, format!("somebody owns {name} on the bus"), async || {
            has_name(&bus, name).await.then_some(())
        })
        .await;
    }

    /// Waits until nobody owns a name on the bus.
    ///
    /// # Panics
    /// If that takes longer than `timeout`.
    pub async fn wait_for_no_name(&self, name: &str, timeout: Duration) {
        let bus = self.connect().await;
        eventually(timeout, format!("nobody owns {name} on the bus"), async || {
            (!has_name(&bus, name).await).then_some(())
        })
        .await;
    }

    /// Waits until there is a tray that accepts items: a watcher and a host that displays them.
    ///
    /// # Panics
    /// If there is none within `timeout`.
    pub async fn wait_for_tray(&self, timeout: Duration) {
        wait_for_tray(&self.connect().await, timeout).await;
    }

    /// The number of popups that dunst shows.
    pub async fn popups(&self) -> u32 {
        let bus = self.connect().await;
        popups(&bus).await.expect("dunst tells how many popups it shows")
    }

    /// Waits until dunst shows at least `count` popups.
    ///
    /// # Panics
    /// If that takes longer than `timeout`.
    pub async fn wait_for_popups(&self, count: u32, timeout: Duration) {
        let bus = self.connect().await;
        eventually(timeout, format!("dunst shows {count} popups"), async || {
            popups(&bus).await.filter(|shown| *shown >= count)
        })
        .await;
    }

    /// Closes all popups of dunst.
    pub async fn close_popups(&self) {
        let bus = self.connect().await;
        let dunst = Proxy::new(&bus, NOTIFICATIONS, "/org/freedesktop/Notifications", "org.dunstproject.cmd0").await;
        dunst
            .expect("a proxy of dunst")
            .call_method("NotificationCloseAll", &())
            .await
            .expect("dunst closes its popups");
    }
}

pub(crate) async fn connect(address: &str) -> Connection {
    let builder = connection::Builder::address(address).expect("the address of a bus");
    builder.build().await.unwrap_or_else(|e| panic!("cannot connect to the session bus at {address}: {e}"))
}

pub(super) async fn wait_for_tray(bus: &Connection, timeout: Duration) {
    eventually(timeout, "a tray host is registered with a StatusNotifierWatcher", async || {
        has_name(bus, WATCHER).await.then_some(())?;
        let watcher = Proxy::new(bus, WATCHER, "/StatusNotifierWatcher", WATCHER).await.ok()?;
        watcher.get_property::<bool>("IsStatusNotifierHostRegistered").await.ok()?.then_some(())
    })
    .await;
}

async fn has_name(bus: &Connection, name: &str) -> bool {
    let name = BusName::try_from(name).expect("a name for the bus");
    let driver = DBusProxy::new(bus).await.expect("the bus itself");
    driver.name_has_owner(name).await.expect("the bus knows its names")
}

async fn popups(bus: &Connection) -> Option<u32> {
    let path = "/org/freedesktop/Notifications";
    let dunst = Proxy::new(bus, NOTIFICATIONS, path, "org.dunstproject.cmd0").await.ok()?;
    dunst.get_property("displayedLength").await.ok()
}
