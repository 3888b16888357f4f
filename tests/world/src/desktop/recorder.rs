//! A notification service that displays nothing and records everything.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use zbus::message::Header;
use zbus::object_server::{ResponseDispatchNotifier, SignalEmitter};
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

use super::{NOTIFICATIONS, bus};
use crate::locked;

const PATH: &str = "/org/freedesktop/Notifications";

/// One call of `Notify`.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The id that it was given: that of the replaced notification, if it replaces one.
    pub id: u32,
    /// When it arrived, in real time.
    pub at_real: SystemTime,
    /// The sender's unique name on the bus.
    pub sender: String,
    /// The sender's own name.
    pub app_name: String,
    /// The id of the notification that it replaces, or 0.
    pub replaces_id: u32,
    /// An icon name or URI.
    pub app_icon: String,
    /// The first line.
    pub summary: String,
    /// The text below it.
    pub body: String,
    /// Keys and labels of the actions.
    pub actions: Vec<(String, String)>,
    /// Urgency, category, desktop entry …
    pub hints: HashMap<String, OwnedValue>,
    /// Milliseconds until it expires; 0 for never, −1 for the service's default.
    pub expire_timeout: i32,
    /// How it was closed, if it was.
    pub closed: Option<Closed>,
}

/// Why a notification was closed, with the numbers of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It has expired.
    Expired = 1,
    /// The person closed it.
    Dismissed = 2,
    /// The program closed it.
    ByProgram = 3,
}

/// Our own notification service. It keeps its records over all its starts and stops.
pub struct Recorder {
    kept: Arc<watch::Sender<Vec<Notification>>>,
    /// The last id that was assigned.
    last: Arc<AtomicU32>,
    connection: Mutex<Option<Connection>>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { kept: Arc::new(watch::Sender::new(Vec::new())), last: Arc::default(), connection: Mutex::new(None) }
    }

    /// Acquires the name on the bus.
    pub(super) async fn start(&self, address: &str) {
        let connection = bus::connect(address).await;
        let service = Service { kept: Arc::clone(&self.kept), last: Arc::clone(&self.last) };
        connection.object_server().at(PATH, service).await.expect("a place for the notification service");
        connection.request_name(NOTIFICATIONS).await.expect("nobody else shows notifications");
        *locked(&self.connection) = Some(connection);
    }

    /// Releases the name.
    pub(super) async fn stop(&self) {
        let connection = locked(&self.connection).take();
        if let Some(connection) = connection {
            connection.release_name(NOTIFICATIONS).await.expect("the name was ours");
        }
    }

    /// Waits until the bus has forwarded every reply so far: it preserves their order.
    pub(super) async fn delivered(&self) {
        let connection = locked(&self.connection).clone();
        if let Some(connection) = connection {
            let bus = zbus::fdo::DBusProxy::new(&connection).await.expect("the bus itself");
            bus.get_id().await.expect("the bus answers");
        }
    }

    /// Resets the service after its bus is gone.
    pub(super) fn cut_off(&self) {
        drop(locked(&self.connection).take());
    }

    /// Every notification so far; a replacement counts as one of its own.
    pub fn all(&self) -> Vec<Notification> {
        self.kept.borrow().clone()
    }

    /// Waits until at least `count` have arrived in total, and returns them all.
    ///
    /// # Panics
    /// If they have not arrived within `timeout`: lists those that did.
    pub async fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Notification> {
        self.wait_until(timeout, &format!("{count} notifications"), |kept| kept.len() >= count).await
    }

    /// Waits for one that `wanted` accepts, and returns it.
    ///
    /// # Panics
    /// If none has arrived within `timeout`: lists those that did.
    pub async fn wait_for_one(
        &self,
        timeout: Duration,
        what: &str,
        wanted: impl Fn(&Notification) -> bool,
    ) -> Notification {
        let kept = self.wait_until(timeout, what, |kept| kept.iter().any(&wanted)).await;
        kept.into_iter().find(|one| wanted(one)).expect("it was just seen")
    }

    /// Simulates a click: signals on the bus that action `key` of notification `id` was chosen.
    pub async fn invoke(&self, id: u32, key: &str) {
        let emitter = self.emitter();
        Service::action_invoked(&emitter, id, key).await.expect("a signal on the bus");
    }

    /// Closes a notification, as a user or a timeout does.
    pub async fn close(&self, id: u32, why: Closed) {
        let emitter = self.emitter();
        mark_closed(&self.kept, id, why);
        Service::notification_closed(&emitter, id, why as u32).await.expect("a signal on the bus");
    }

    fn emitter(&self) -> SignalEmitter<'static> {
        let connection = locked(&self.connection).clone().expect("the recorder is the notification service now");
        SignalEmitter::new(&connection, PATH).expect("a path on the bus")
    }

    async fn wait_until(
        &self,
        timeout: Duration,
        what: &str,
        enough: impl Fn(&Vec<Notification>) -> bool,
    ) -> Vec<Notification> {
        let mut kept = self.kept.subscribe();
        if tokio::time::timeout(timeout, kept.wait_for(|kept| enough(kept))).await.is_err() {
            let came: Vec<String> = self.all().iter().map(|one| format!("{}: {}", one.summary, one.body)).collect();
            panic!("waited {timeout:?} in vain for {what}; these came: {came:#?}");
        }
        self.all()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} kept)", self.kept.borrow().len())
    }
}

fn mark_closed(kept: &watch::Sender<Vec<Notification>>, id: u32, why: Closed) {
    kept.send_modify(|kept| kept.iter_mut().filter(|one| one.id == id).for_each(|one| one.closed = Some(why)));
}

struct Service {
    kept: Arc<watch::Sender<Vec<Notification>>>,
    last: Arc<AtomicU32>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification's own signature")]
    fn notify(
        &self,
        #[zbus(header)] header: Header<'_>,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expire_timeout: i32,
    ) -> ResponseDispatchNotifier<u32> {
        let (keys, labels) = (actions.iter().step_by(2), actions.iter().skip(1).step_by(2));
        let actions = keys.zip(labels).map(|(key, label)| (key.clone(), label.clone())).collect();
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let id = if replaces_id == 0 { self.last.fetch_add(1, Ordering::Relaxed) + 1 } else { replaces_id };
        let notification = Notification {
            id,
            at_real: SystemTime::now(),
            sender,
            app_name,
            replaces_id,
            app_icon,
            summary,
            body,
            actions,
            hints,
            expire_timeout,
            closed: None,
        };
        // Recorded only after the reply was sent: otherwise a test could kill the sender before it has the reply.
        let (answer, answered) = ResponseDispatchNotifier::new(id);
        let kept = Arc::clone(&self.kept);
        tokio::spawn(async move {
            answered.await;
            kept.send_modify(|kept| kept.push(notification));
        });
        answer
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        mark_closed(&self.kept, id, Closed::ByProgram);
        Ok(Self::notification_closed(&emitter, id, Closed::ByProgram as u32).await?)
    }

    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body", "body-markup", "icon-static", "persistence"]
    }

    fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("recorder", "holdoff-world", env!("CARGO_PKG_VERSION"), "1.2")
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;
}
