//! A tray item of our own, in this process, as a stand-in for the app's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use holdoff_world::Desktop;
use holdoff_world::desktop::WATCHER;
use zbus::zvariant::{ObjectPath, OwnedValue, Value};
use zbus::{Connection, Proxy, interface};

/// What was done to the item.
#[derive(Clone, Default)]
pub struct Done(Arc<Mutex<Vec<String>>>);

impl Done {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

/// Puts an item on the bus, not yet registered with a watcher.
pub async fn put(desktop: &Desktop, tooltip: &str) -> (Connection, Done) {
    let bus = desktop.connect().await;
    let done = Done::default();
    let item = Item { tooltip: tooltip.to_owned(), done: done.clone() };
    let server = bus.object_server();
    server.at("/StatusNotifierItem", item).await.unwrap();
    server.at("/MenuBar", Menu { done: done.clone() }).await.unwrap();
    bus.request_name(name().as_str()).await.unwrap();
    (bus, done)
}

/// Registers the item with the watcher.
pub async fn register(bus: &Connection) {
    let watcher = Proxy::new(bus, WATCHER, "/StatusNotifierWatcher", WATCHER).await.unwrap();
    watcher.call_method("RegisterStatusNotifierItem", &name()).await.unwrap();
}

pub async fn set_tooltip(bus: &Connection, tooltip: &str) {
    let item = bus.object_server().interface::<_, Item>("/StatusNotifierItem").await.unwrap();
    item.get_mut().await.tooltip = tooltip.to_owned();
}

fn name() -> String {
    format!("org.kde.StatusNotifierItem-{}-1", std::process::id())
}

struct Item {
    tooltip: String,
    done: Done,
}

type Pixmaps = Vec<(i32, i32, Vec<u8>)>;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    fn activate(&self, x: i32, y: i32) {
        self.done.add(format!("activated at {x},{y}"));
    }

    #[zbus(property)]
    fn id(&self) -> &str {
        "stand-in"
    }

    #[zbus(property)]
    fn title(&self) -> &str {
        "Stand-in"
    }

    #[zbus(property)]
    fn status(&self) -> &str {
        "Active"
    }

    #[zbus(property)]
    fn category(&self) -> &str {
        "ApplicationStatus"
    }

    #[zbus(property)]
    fn item_is_menu(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn menu(&self) -> ObjectPath<'_> {
        ObjectPath::from_static_str_unchecked("/MenuBar")
    }

    #[zbus(property)]
    fn icon_pixmap(&self) -> Pixmaps {
        // A plain green square: opaque, so that it can be seen in the panel.
        [16, 22].map(|side: i32| (side, side, [255, 0, 200, 0].repeat((side * side) as usize))).to_vec()
    }

    #[zbus(property)]
    fn tool_tip(&self) -> (String, Pixmaps, String, String) {
        (String::new(), Vec::new(), "Stand-in".to_owned(), self.tooltip.clone())
    }
}

struct Menu {
    done: Done,
}

type Entry = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn entry(id: i32, properties: &[(&str, Value<'_>)], children: Vec<Entry>) -> Entry {
    let own = |value: &Value<'_>| value.try_to_owned().unwrap();
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), own(value))).collect();
    let children = children.into_iter().map(|child| Value::from(child).try_into().unwrap()).collect();
    (id, properties, children)
}

fn layout() -> Entry {
    let quota = entry(1, &[("label", "5-hour 42 %".into()), ("enabled", false.into())], vec![]);
    let line = entry(2, &[("type", "separator".into())], vec![]);
    let refresh = entry(3, &[("label", "_Refresh".into())], vec![]);
    let hidden = entry(4, &[("label", "Nobody sees this".into()), ("visible", false.into())], vec![]);
    let ticks = [("label", "Start at login".into()), ("toggle-type", "checkmark".into()), ("toggle-state", 1.into())];
    let login = entry(6, &ticks, vec![]);
    let more = entry(5, &[("label", "More__less".into()), ("children-display", "submenu".into())], vec![login]);
    entry(0, &[("children-display", "submenu".into())], vec![quota, line, refresh, hidden, more])
}

/// The entry `id` of a layout.
fn part(layout: Entry, id: i32) -> Option<Entry> {
    if layout.0 == id {
        return Some(layout);
    }
    layout.2.into_iter().find_map(|child| part(Entry::try_from(child).unwrap(), id))
}

#[interface(name = "com.canonical.dbusmenu")]
impl Menu {
    fn about_to_show(&self, _id: i32) -> bool {
        false
    }

    fn get_layout(&self, parent: i32, _depth: i32, _names: Vec<String>) -> (u32, Entry) {
        (1, part(layout(), parent).unwrap())
    }

    fn get_group_properties(&self, ids: Vec<i32>, _names: Vec<String>) -> Vec<(i32, HashMap<String, OwnedValue>)> {
        ids.into_iter().filter_map(|id| part(layout(), id)).map(|(id, properties, _)| (id, properties)).collect()
    }

    fn event(&self, id: i32, event: String, _data: Value<'_>, _timestamp: u32) {
        self.done.add(format!("{event} {id}"));
    }

    fn event_group(&self, events: Vec<(i32, String, OwnedValue, u32)>) -> Vec<i32> {
        for (id, event, _, _) in events {
            self.done.add(format!("{event} {id}"));
        }
        Vec::new()
    }

    #[zbus(property)]
    fn version(&self) -> u32 {
        3
    }

    #[zbus(property)]
    fn status(&self) -> &str {
        "normal"
    }

    #[zbus(property)]
    fn text_direction(&self) -> &str {
        "ltr"
    }

    #[zbus(property)]
    fn icon_theme_path(&self) -> Vec<String> {
        Vec::new()
    }
}
