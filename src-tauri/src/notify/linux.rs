//! Notifications sent directly over the bus. Tauri's plugin does not report delivery, and it keeps its first connection, so
//! that it would never reach a bus that was restarted.

use super::{Message, REMEMBERED, SIGN_IN, Target};
use crate::session::Bus;
use crate::tray::menu::TrayAction;
use futures_lite::{Stream, StreamExt};
use holdoff_core::{LocalTime, text};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::runner::Announcement;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use zbus::fdo::DBusProxy;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MessageStream};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// In real time. A service that is still starting needs a moment to answer; one that hangs never answers.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a program that cannot start waits for its last notification to be accepted.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Shows notifications and passes on clicks.
#[derive(Debug, Clone)]
pub struct Notifier {
    bus: Bus,
    shown: Arc<Mutex<Shown>>,
}

/// The shown notifications, by the number the service gave them. Any program on the bus can claim that a number was clicked.
type Shown = BTreeMap<u32, Notification>;

#[derive(Debug)]
struct Notification {
    target: Target,
    shown_by: Option<OwnedUniqueName>,
}

impl Notifier {
    pub fn start(bus: Bus, clicks: mpsc::UnboundedSender<TrayAction>) -> Self {
        let shown = Arc::default();
        tokio::spawn(listen(bus.clone(), Arc::clone(&shown), clicks));
        Self { bus, shown }
    }

    /// Shows a notification about the account with this label. `false` if no service accepted it.
    pub async fn show(
        &self,
        environment: &Environment,
        announcement: &Announcement,
        label: &str,
        local: &LocalTime,
    ) -> bool {
        self.send(Message::of(announcement, label, environment, local)).await
    }

    /// Shows a plain message, if there is a service.
    pub async fn show_text(&self, title: &str, body: &str) {
        self.send(Message::plain(title, body)).await;
    }

    /// Shows a message that leads to the settings. `false` if no service accepted it.
    pub async fn lead_to_settings(&self, title: &str, body: &str) -> bool {
        self.send(Message { target: Target::Settings, ..Message::plain(title, body) }).await
    }

    async fn send(&self, message: Message) -> bool {
        let Some(bus) = self.bus.now() else { return false };
        // The lock is held until the number is known: a click may arrive as soon as the service has answered.
        let mut shown = self.shown.lock().await;
        match tokio::time::timeout(ANSWER, send(&bus, &message)).await {
            Ok(Ok((number, shown_by))) => {
                shown.insert(number, Notification { target: message.target, shown_by });
                if shown.len() > REMEMBERED {
                    shown.pop_first();
                }
                true
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "no notification service accepted a notification");
                false
            }
            Err(_) => {
                tracing::warn!("the notification service does not answer");
                false
            }
        }
    }

    /// Reports whether a service runs or can be started by the bus, now and on every change.
    pub async fn watch_service(mut self, tell: mpsc::Sender<bool>) {
        while let Some(bus) = self.bus.up().await {
            let _ = watch(&bus, &tell, &self.shown).await;
            self.bus.left(&bus).await;
            if tell.send(false).await.is_err() {
                return;
            }
        }
    }
}

/// Returns the number given by the service, and the bus name of the service.
async fn send(bus: &Connection, message: &Message) -> zbus::Result<(u32, Option<OwnedUniqueName>)> {
    let can = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
    let body = text::notification_body(&message.body, &can.body().deserialize::<Vec<String>>()?);
    let sign_in = if message.target.has_button() { vec!["open", SIGN_IN] } else { Vec::new() };
    let actions = [sign_in, vec!["default", ""]].concat();
    let hints = HashMap::<&str, Value<'_>>::new();
    let call = ("Holdoff", 0_u32, "dialog-information", &message.title, body, actions, hints, -1_i32);
    let answer = bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &call).await?;
    let shown_by = answer.header().sender().map(|sender| sender.to_owned().into());
    Ok((answer.body().deserialize()?, shown_by))
}

async fn listen(mut buses: Bus, shown: Arc<Mutex<Shown>>, clicks: mpsc::UnboundedSender<TrayAction>) {
    while let Some(bus) = buses.up().await {
        match signals(&bus).await {
            Ok(mut signals) => {
                while let Some(signal) = next(&mut signals).await {
                    if let Ok(signal) = signal {
                        handle_signal(&signal, &shown, &clicks).await;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot receive clicks on notifications"),
        }
        buses.left(&bus).await;
        // The numbers belonged to a service that is gone with its bus.
        shown.lock().await.clear();
    }
}

async fn signals(bus: &Connection) -> zbus::Result<MessageStream> {
    let rule = zbus::MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(NAME)?.path(PATH)?.build();
    MessageStream::for_match_rule(rule, bus, None).await
}

async fn handle_signal(signal: &zbus::Message, shown: &Mutex<Shown>, clicks: &mpsc::UnboundedSender<TrayAction>) {
    let header = signal.header();
    let mut shown = shown.lock().await;
    let is_its = |known: &Notification| known.shown_by.as_ref().is_some_and(|by| header.sender() == Some(&**by));
    match header.member().map(|member| member.as_str()) {
        Some("ActionInvoked") => {
            let Ok((number, _)) = signal.body().deserialize::<(u32, String)>() else { return };
            if let Some(known) = shown.get(&number).filter(|known| is_its(known)) {
                let _ = clicks.send(known.target.clone().click());
            }
        }
        Some("NotificationClosed") => {
            let Ok((number, _)) = signal.body().deserialize::<(u32, u32)>() else { return };
            if shown.get(&number).is_some_and(is_its) {
                shown.remove(&number);
            }
        }
        _ => {}
    }
}

async fn watch(bus: &Connection, tell: &mpsc::Sender<bool>, shown: &Mutex<Shown>) -> zbus::Result<()> {
    let proxy = DBusProxy::new(bus).await?;
    let mut changes = proxy.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
    loop {
        let owned = proxy.name_has_owner(NAME.try_into()?).await?;
        let there = owned || proxy.list_activatable_names().await?.iter().any(|name| name.as_str() == NAME);
        if tell.send(there).await.is_err() || next(&mut changes).await.is_none() {
            return Ok(());
        }
        // A new service starts counting again.
        shown.lock().await.clear();
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    stream.next().await
}

/// Shows why a program cannot start: without an app, and without waiting for a bus that does not answer.
pub fn last_words(title: &str, text: &str) {
    let (title, text) = (title.to_owned(), text.to_owned());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(show_blocking(&title, &text));
    });
    let _ = told.recv_timeout(LAST_WORDS);
}

fn show_blocking(title: &str, body: &str) -> zbus::Result<()> {
    let bus = zbus::blocking::Connection::session()?;
    let can = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &());
    let can: Vec<String> = can.and_then(|answer| answer.body().deserialize()).unwrap_or_default();
    let text = text::notification_body(body, &can);
    let hints = HashMap::<&str, Value<'_>>::new();
    let call = ("Holdoff", 0_u32, "dialog-error", title, text, Vec::<&str>::new(), hints, -1_i32);
    bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &call).map(drop)
}
