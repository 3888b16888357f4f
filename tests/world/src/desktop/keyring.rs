//! A session bus of its own with a fake Secret Service, as far as Holdoff uses it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, ObjectServer, interface};

use super::{bus, config, folder, start_bus};
use crate::locked;
use crate::spawn::Spawned;

const ROOT: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/1";
const NOTHING: &str = "/";

/// Session, parameters, value and content type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
type Attributes = BTreeMap<String, String>;

/// A session bus without any service but what a test starts.
#[derive(Debug)]
pub struct SessionBus {
    address: String,
    _bus: Spawned,
    _dir: TempDir,
}

impl SessionBus {
    /// # Panics
    /// If dbus-daemon is not installed or does not start.
    pub async fn start() -> Self {
        let dir = folder();
        config::write(dir.path(), super::Shade::Light);
        let (bus, address) = start_bus(dir.path()).await;
        Self { address, _bus: bus, _dir: dir }
    }

    /// The value of `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

#[derive(Debug, Default)]
struct State {
    items: Vec<(Attributes, String)>,
    locked: bool,
    /// The user closes every question.
    dismisses: bool,
    asked: usize,
    silent: bool,
}

/// The keyring. It is gone when dropped.
#[derive(Debug)]
pub struct FakeKeyring {
    _bus: Connection,
    state: Arc<Mutex<State>>,
}

impl FakeKeyring {
    /// # Panics
    /// If the bus cannot be reached.
    pub async fn start(on: &SessionBus) -> Self {
        let bus = bus::connect(on.address()).await;
        let state = Arc::<Mutex<State>>::default();
        let server = bus.object_server();
        server.at(ROOT, Service(Arc::clone(&state))).await.expect("a service");
        server.at(COLLECTION, Collection(Arc::clone(&state))).await.expect("a collection");
        server.at(PROMPT, Prompt(Arc::clone(&state))).await.expect("a prompt");
        bus.request_name("org.freedesktop.secrets").await.expect("the name of the keyring");
        Self { _bus: bus, state }
    }

    /// What is stored: the `account` of each item, and its secret.
    pub fn stored(&self) -> Vec<(String, String)> {
        let state = locked(&self.state);
        state.items.iter().map(|(attributes, secret)| (attributes["account"].clone(), secret.clone())).collect()
    }

    /// How often the user was asked.
    pub fn asked(&self) -> usize {
        locked(&self.state).asked
    }

    /// Locks it. It is unlocked when the user agrees, which a user who `dismisses` the question does not.
    pub fn lock(&self, dismisses: bool) {
        let mut state = locked(&self.state);
        (state.locked, state.dismisses) = (true, dismisses);
    }

    /// From now on it answers no search.
    pub fn fall_silent(&self) {
        locked(&self.state).silent = true;
    }
}

fn path(of: &str) -> OwnedObjectPath {
    ObjectPath::try_from(of).expect("a path").into()
}

fn item(number: usize) -> OwnedObjectPath {
    path(&format!("{COLLECTION}/{number}"))
}

struct Service(Arc<Mutex<State>>);

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    fn open_session(&self, algorithm: &str, _input: OwnedValue) -> zbus::fdo::Result<(OwnedValue, OwnedObjectPath)> {
        if algorithm != "plain" {
            return Err(zbus::fdo::Error::NotSupported(algorithm.to_owned()));
        }
        Ok((Value::from("").try_to_owned().expect("a text"), path("/org/freedesktop/secrets/session/1")))
    }

    async fn search_items(&self, attributes: Attributes) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        if locked(&self.0).silent {
            std::future::pending::<()>().await;
        }
        let state = locked(&self.0);
        let found = state.items.iter().enumerate().filter(|(_, (has, _))| *has == attributes);
        let found = found.map(|(number, _)| item(number)).collect();
        if state.locked { (Vec::new(), found) } else { (found, Vec::new()) }
    }

    fn unlock(&self, objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        if locked(&self.0).locked { (Vec::new(), path(PROMPT)) } else { (objects, path(NOTHING)) }
    }

    fn read_alias(&self, name: &str) -> OwnedObjectPath {
        path(if name == "default" { COLLECTION } else { NOTHING })
    }
}

struct Collection(Arc<Mutex<State>>);

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    async fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Secret,
        replace: bool,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let attributes = properties["org.freedesktop.Secret.Item.Attributes"].try_clone().expect("attributes");
        let attributes = HashMap::<String, String>::try_from(attributes).expect("texts").into_iter().collect();
        let secret = String::from_utf8(secret.2).expect("a text");
        let number = {
            let mut state = locked(&self.0);
            if state.locked {
                return Err(zbus::fdo::Error::AccessDenied("it is locked".to_owned()));
            }
            let same = state.items.iter().position(|(has, _)| *has == attributes && replace);
            match same {
                Some(number) => state.items[number].1 = secret,
                None => state.items.push((attributes, secret)),
            }
            same.unwrap_or(state.items.len() - 1)
        };
        server.at(item(number), Item(Arc::clone(&self.0), number)).await?;
        Ok((item(number), path(NOTHING)))
    }
}

/// Its place in the list. An item is removed only while no other comes after it.
struct Item(Arc<Mutex<State>>, usize);

#[interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(&self, session: OwnedObjectPath) -> (Secret,) {
        let state = locked(&self.0);
        ((session, Vec::new(), state.items[self.1].1.clone().into_bytes(), "text/plain".to_owned()),)
    }

    fn delete(&self) -> OwnedObjectPath {
        locked(&self.0).items.remove(self.1);
        path(NOTHING)
    }
}

struct Prompt(Arc<Mutex<State>>);

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(&self, _window: &str, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> zbus::fdo::Result<()> {
        let dismissed = {
            let mut state = locked(&self.0);
            state.asked += 1;
            state.locked = state.dismisses;
            state.dismisses
        };
        Ok(Self::completed(&emitter, dismissed, Value::from("")).await?)
    }

    #[zbus(signal)]
    async fn completed(emitter: &SignalEmitter<'_>, dismissed: bool, result: Value<'_>) -> zbus::Result<()>;
}
