//! A tray item as a panel sees it: org.kde.StatusNotifierItem and com.canonical.dbusmenu.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::{BusName, InterfaceName};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};
use zbus::{Connection, Proxy};

use crate::desktop::{Session, WATCHER, connect};
use crate::eventually::soon;

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The tray item of one process.
#[derive(Clone, Debug)]
pub struct Tray {
    bus: Connection,
    name: String,
    path: String,
}

/// The properties of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// An internal name of the program.
    pub id: String,
    /// The item's title.
    pub title: String,
    /// `Active`, `Passive` or `NeedsAttention`.
    pub status: String,
    /// The tooltip: its title, a line break if both are there, and its text.
    pub tooltip: String,
    /// The name of a themed icon; empty if pixels are given.
    pub icon_name: String,
    /// The icon in each size provided.
    pub icons: Vec<Icon>,
    /// The object path of the menu.
    pub menu: String,
}

/// An icon as pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Alpha, red, green, blue of each pixel, row by row.
    pub argb: Vec<u8>,
}

/// A menu entry.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuItem {
    /// Its number.
    pub id: i32,
    /// The visible text, without the underscore that marks an access key; empty for a separator.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// Whether it is a separator.
    pub separator: bool,
    /// Whether it is checked, if it can be.
    pub ticked: Option<bool>,
    /// The entries of its submenu.
    pub children: Vec<MenuItem>,
}

impl Tray {
    /// Waits until a process has an item that is registered with the watcher.
    ///
    /// # Panics
    /// If it has none within `timeout`: lists the existing items.
    pub async fn wait_for(session: &impl Session, pid: u32, timeout: Duration) -> Self {
        let bus = connect(session.bus_address()).await;
        let found = soon(timeout, async || match registered(&bus, pid).await {
            Some(tray) => Ok(tray),
            None => Err(registered_items(&bus).await),
        });
        found.await.unwrap_or_else(|items| {
            panic!("waited {timeout:?} in vain for a tray item of process {pid}; registered: {items:?}")
        })
    }

    /// The item of a process that is registered with the watcher, if there is one.
    pub async fn find(session: &impl Session, pid: u32) -> Option<Self> {
        registered(&connect(session.bus_address()).await, pid).await
    }

    /// Every item that is registered with the watcher; empty without a watcher.
    pub async fn registered(session: &impl Session) -> Vec<String> {
        registered_items(&connect(session.bus_address()).await).await
    }

    /// All properties of the item.
    pub async fn properties(&self) -> Properties {
        self.try_properties().await.unwrap_or_else(|e| panic!("the tray item {} does not answer: {e}", self.name))
    }

    /// The tooltip as one text.
    pub async fn tooltip(&self) -> String {
        self.properties().await.tooltip
    }

    /// Waits for a tooltip that `wanted` accepts, and returns it.
    ///
    /// # Panics
    /// If there is none within `timeout`: shows the last.
    pub async fn wait_for_tooltip(&self, timeout: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let found = soon(timeout, async || match self.try_properties().await {
            Ok(properties) if wanted(&properties.tooltip) => Ok(properties.tooltip),
            Ok(properties) => Err(properties.tooltip),
            Err(e) => Err(format!("no answer: {e}")),
        });
        found.await.unwrap_or_else(|last| panic!("waited {timeout:?} in vain for another tooltip than this: {last:?}"))
    }

    /// A left click at this position on the screen.
    pub async fn activate(&self, x: i32, y: i32) {
        self.item().await.call_method("Activate", &(x, y)).await.expect("the tray item takes a click");
    }

    /// The whole menu, as a panel reads it when the menu opens.
    pub async fn menu(&self) -> Vec<MenuItem> {
        self.try_menu().await.unwrap_or_else(|e| panic!("the menu of {} does not answer: {e}", self.name))
    }

    /// The labels of all visible entries, from top to bottom, including those of submenus.
    pub async fn labels(&self) -> Vec<String> {
        labels(&self.menu().await)
    }

    /// Waits for a menu that `wanted` accepts, and returns it.
    ///
    /// # Panics
    /// If there is none within `timeout`: shows the last.
    pub async fn wait_for_menu(&self, timeout: Duration, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let found = soon(timeout, async || match self.try_menu().await {
            Ok(menu) if wanted(&labels(&menu)) => Ok(labels(&menu)),
            Ok(menu) => Err(labels(&menu)),
            Err(e) => Err(vec![format!("no answer: {e}")]),
        });
        found.await.unwrap_or_else(|last| panic!("waited {timeout:?} in vain for another menu than this: {last:#?}"))
    }

    /// Clicks the entry whose label starts with `label`; an exact match takes precedence.
    ///
    /// # Panics
    /// If there is none, or it is disabled.
    pub async fn click(&self, label: &str) {
        let menu = self.menu().await;
        let entry =
            find(&menu, &|item| item.label == label).or_else(|| find(&menu, &|item| item.label.starts_with(label)));
        let entry = entry.unwrap_or_else(|| panic!("the menu has no entry {label:?}: {:#?}", labels(&menu)));
        assert!(entry.enabled && entry.visible, "a person cannot choose {entry:?}");
        let event = (entry.id, "clicked", Value::from(0), 0_u32);
        self.menu_proxy().await.expect("a menu").call_method("Event", &event).await.expect("the menu takes a click");
    }

    async fn item(&self) -> Proxy<'static> {
        Proxy::new(&self.bus, self.name.clone(), self.path.clone(), ITEM).await.expect("a proxy of the tray item")
    }

    async fn try_properties(&self) -> zbus::Result<Properties> {
        let proxy = PropertiesProxy::new(&self.bus, self.name.clone(), self.path.clone()).await?;
        let interface = InterfaceName::try_from(ITEM)?;
        let mut all = proxy.get_all(interface).await?;
        let mut text = |name: &str| all.remove(name).and_then(|value| String::try_from(value).ok()).unwrap_or_default();
        let (id, title, status, icon_name) = (text("Id"), text("Title"), text("Status"), text("IconName"));
        let menu = all.remove("Menu").and_then(|value| OwnedObjectPath::try_from(value).ok());
        let icons = all.remove("IconPixmap").and_then(|value| <Vec<(i32, i32, Vec<u8>)>>::try_from(value).ok());
        Ok(Properties {
            id,
            title,
            status,
            icon_name,
            tooltip: all.remove("ToolTip").and_then(tooltip).unwrap_or_default(),
            icons: icons
                .unwrap_or_default()
                .into_iter()
                .map(|(width, height, argb)| Icon { width, height, argb })
                .collect(),
            menu: menu.map(|path| path.to_string()).unwrap_or_default(),
        })
    }

    async fn try_menu(&self) -> zbus::Result<Vec<MenuItem>> {
        let proxy = self.menu_proxy().await?;
        // Menus may be filled only now. Programs need not support this call.
        let _not_taken = proxy.call_method("AboutToShow", &0_i32).await;
        let reply = proxy.call_method("GetLayout", &(0_i32, -1_i32, Vec::<String>::new())).await?;
        let (_revision, root): (u32, Layout) = reply.body().deserialize()?;
        Ok(menu_item(root).children)
    }

    async fn menu_proxy(&self) -> zbus::Result<Proxy<'static>> {
        let path = self.try_properties().await?.menu;
        Proxy::new(&self.bus, self.name.clone(), path, MENU).await
    }
}

/// Waits for the registration of a process's item, to measure how long it takes. Listening begins before the process
/// is started, so that it does not slow the start.
#[derive(Debug)]
pub struct Registrations {
    bus: Connection,
    messages: zbus::MessageStream,
}

impl Registrations {
    /// Starts listening.
    pub async fn listen(session: &impl Session) -> Self {
        let bus = connect(session.bus_address()).await;
        let rule = "type='signal',interface='org.kde.StatusNotifierWatcher',member='StatusNotifierItemRegistered'";
        let messages = zbus::MessageStream::for_match_rule(rule, &bus, None).await.expect("a stream of signals");
        Self { bus, messages }
    }

    /// When the item of a process was registered.
    ///
    /// # Panics
    /// If it was not registered within `timeout`.
    pub async fn wait_for(&mut self, pid: u32, timeout: Duration) -> Instant {
        let registered = async {
            loop {
                let message = std::future::poll_fn(|context| {
                    zbus::export::futures_core::Stream::poll_next(std::pin::Pin::new(&mut self.messages), context)
                });
                let message = message.await.expect("the bus stays").expect("a signal that can be read");
                let at = Instant::now();
                let item: String = message.body().deserialize().expect("the address of an item");
                if process_of(&self.bus, &split(&item).0).await == Some(pid) {
                    return at;
                }
            }
        };
        tokio::time::timeout(timeout, registered)
            .await
            .unwrap_or_else(|_| panic!("process {pid} registered no tray item within {timeout:?}"))
    }
}

/// The item of a process among those registered.
async fn registered(bus: &Connection, pid: u32) -> Option<Tray> {
    for item in registered_items(bus).await {
        let (name, path) = split(&item);
        if process_of(bus, &name).await == Some(pid) {
            return Some(Tray { bus: bus.clone(), name, path });
        }
    }
    None
}

async fn registered_items(bus: &Connection) -> Vec<String> {
    let Ok(watcher) = Proxy::new(bus, WATCHER, "/StatusNotifierWatcher", WATCHER).await else { return Vec::new() };
    watcher.get_property("RegisteredStatusNotifierItems").await.unwrap_or_default()
}

/// Watchers report an item as bus name and path in one string.
fn split(item: &str) -> (String, String) {
    match item.split_once('/') {
        Some((name, path)) => (name.to_owned(), format!("/{path}")),
        None => (item.to_owned(), "/StatusNotifierItem".to_owned()),
    }
}

async fn process_of(bus: &Connection, name: &str) -> Option<u32> {
    let driver = DBusProxy::new(bus).await.ok()?;
    driver.get_connection_unix_process_id(BusName::try_from(name).ok()?).await.ok()
}

fn tooltip(value: OwnedValue) -> Option<String> {
    let parts = Structure::try_from(value).ok()?.into_fields();
    let text = |index: usize| parts.get(index).and_then(|part| part.downcast_ref::<String>().ok()).unwrap_or_default();
    let lines = [text(2), text(3)];
    Some(lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn menu_item((id, properties, children): Layout) -> MenuItem {
    let text =
        |name: &str| properties.get(name).and_then(|value| value.downcast_ref::<String>().ok()).unwrap_or_default();
    let flag = |name: &str| properties.get(name).and_then(|value| value.downcast_ref::<bool>().ok()).unwrap_or(true);
    let ticked = (!text("toggle-type").is_empty())
        .then(|| properties.get("toggle-state").and_then(|value| value.downcast_ref::<i32>().ok()) == Some(1));
    MenuItem {
        id,
        label: without_mnemonic(&text("label")),
        enabled: flag("enabled"),
        visible: flag("visible"),
        separator: text("type") == "separator",
        ticked,
        children: children.into_iter().filter_map(|child| Some(menu_item(Layout::try_from(child).ok()?))).collect(),
    }
}

/// An underscore marks the next letter as the access key; two underscores are a literal one.
fn without_mnemonic(label: &str) -> String {
    label.split("__").map(|part| part.replace('_', "")).collect::<Vec<_>>().join("_")
}

fn labels(menu: &[MenuItem]) -> Vec<String> {
    let shown = menu.iter().filter(|item| item.visible && !item.separator);
    shown.flat_map(|item| [vec![item.label.clone()], labels(&item.children)].concat()).collect()
}

fn find<'a>(menu: &'a [MenuItem], wanted: &dyn Fn(&MenuItem) -> bool) -> Option<&'a MenuItem> {
    menu.iter().find_map(|item| if wanted(item) { Some(item) } else { find(&item.children, wanted) })
}
