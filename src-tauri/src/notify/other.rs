//! Notifications through Tauri's plugin, on macOS and Windows. The project's workflows compile it; it has not been run yet.

use super::{Message, REMEMBERED, SIGN_IN, Target};
use crate::tray::menu::TrayAction;
use holdoff_core::LocalTime;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::runner::Announcement;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Wry};
use tauri_plugin_notification::{Action, ActionType, ActiveNotification, NotificationExt};
use tokio::sync::mpsc;

const SIGN_IN_TYPE: &str = "sign-in";

/// Shows notifications and passes on clicks.
#[derive(Clone)]
pub struct Notifier {
    app: AppHandle<Wry>,
    targets: Targets,
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifier").field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl Notifier {
    pub fn start(app: AppHandle<Wry>, clicks: mpsc::UnboundedSender<TrayAction>) -> Self {
        let targets = Targets::default();
        let open = Action::builder("open", SIGN_IN).build();
        let types = vec![ActionType::builder(SIGN_IN_TYPE).actions(vec![open]).build()];
        let _ = app.notification().register_action_types(types);
        let known = targets.clone();
        let _ = app.notification().on_action(move |performed| {
            let number = performed.notification().map(ActiveNotification::id);
            let _ = clicks.send(number.map(|number| known.to(number)).unwrap_or_default().click());
        });
        Self { app, targets }
    }

    /// Shows a notification about the account with this label. `false` if the plugin did not accept it.
    pub async fn show(
        &self,
        environment: &Environment,
        announcement: &Announcement,
        label: &str,
        local: &LocalTime,
    ) -> bool {
        self.send(Message::of(announcement, label, environment, local))
    }

    /// Shows a plain message.
    pub async fn show_text(&self, title: &str, body: &str) {
        self.send(Message::plain(title, body));
    }

    /// Shows a message that leads to the settings. `false` if the plugin did not accept it.
    pub async fn lead_to_settings(&self, title: &str, body: &str) -> bool {
        self.send(Message { target: Target::Settings, ..Message::plain(title, body) })
    }

    fn send(&self, message: Message) -> bool {
        let Message { title, body, target } = message;
        let mut builder = self.app.notification().builder().title(title).body(body);
        if target.has_button() {
            builder = builder.action_type_id(SIGN_IN_TYPE);
        }
        let shown = builder.id(self.targets.number(target)).show();
        if let Err(error) = &shown {
            tracing::warn!(%error, "a notification could not be prepared");
        }
        shown.is_ok()
    }

    /// The service is part of the system and always available.
    pub async fn watch_service(self, tell: mpsc::Sender<bool>) {
        let _ = tell.send(true).await;
        tell.closed().await;
    }
}

/// The target of each notification that does not open the panel: an action only returns the notification's number.
#[derive(Debug, Clone, Default)]
struct Targets(Arc<Mutex<Numbered>>);

#[derive(Debug, Default)]
struct Numbered {
    last: i32,
    targets: BTreeMap<i32, Target>,
}

impl Targets {
    /// A number that no other notification uses.
    fn number(&self, target: Target) -> i32 {
        let mut numbered = self.numbered();
        numbered.last = numbered.last.wrapping_add(1);
        let number = numbered.last;
        if target != Target::Panel {
            numbered.targets.insert(number, target);
        }
        if numbered.targets.len() > REMEMBERED {
            numbered.targets.pop_first();
        }
        number
    }

    fn to(&self, number: i32) -> Target {
        self.numbered().targets.get(&number).cloned().unwrap_or_default()
    }

    fn numbered(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing can be shown without an app; the message is on standard error.
pub fn last_words(_: &str, _: &str) {}
