//! Native notifications, and whether there is a service to show them.

use crate::menu::Click;
use holdoff_core::{AccountId, NoticeKind, words};
use holdoff_engine::environment::Environment;
use holdoff_engine::runner::Announcement;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Wry};
use tauri_plugin_notification::{Action, ActionType, NotificationExt};
use tokio::sync::mpsc;

/// The kind of notification that leads to the way back to a sign-in.
const SIGN_IN: &str = "sign-in";
/// Of so many of them it is known whose they are.
const REMEMBERED: usize = 256;

/// Whose sign-in each notification is about that leads to one: an action only brings its number back.
#[derive(Debug, Clone, Default)]
pub struct Leads(Arc<Mutex<Numbered>>);

#[derive(Debug, Default)]
struct Numbered {
    last: i32,
    leads: BTreeMap<i32, AccountId>,
}

impl Leads {
    /// A number that no other notification has.
    fn number(&self, lead: Option<AccountId>) -> i32 {
        let mut numbered = self.numbered();
        numbered.last = numbered.last.wrapping_add(1);
        let number = numbered.last;
        if let Some(account) = lead {
            numbered.leads.insert(number, account);
        }
        if numbered.leads.len() > REMEMBERED {
            numbered.leads.pop_first();
        }
        number
    }

    fn to(&self, number: i32) -> Option<AccountId> {
        self.numbered().leads.get(&number).cloned()
    }

    fn numbered(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets clicks on notifications arrive as clicks.
pub fn listen(app: &AppHandle<Wry>, leads: Leads, clicks: mpsc::UnboundedSender<Click>) {
    let open = Action::builder("open", "Sign in again…").build();
    let _ = app.notification().register_action_types(vec![ActionType::builder(SIGN_IN).actions(vec![open]).build()]);
    let _ = app.notification().on_action(move |performed| {
        let number = performed.notification().map(tauri_plugin_notification::ActiveNotification::id);
        let _ = clicks.send(match number.and_then(|number| leads.to(number)) {
            Some(account) => Click::OpenGuide(account),
            None if performed.action_id() == "open" => Click::OpenSettings,
            None => Click::OpenPanel,
        });
    });
}

/// Shows one notice about the account of this label. `false` if no service took it.
pub async fn show(
    app: &AppHandle<Wry>,
    environment: &Environment,
    leads: &Leads,
    announcement: &Announcement,
    label: &str,
) -> bool {
    if !service::is_up().await {
        return false;
    }
    let now = environment.clock.now();
    let kind = announcement.notice.kind;
    let (title, body) = words::notice(&announcement.notice, label, &announcement.state, now, &TimeZone::system());
    let builder = app.notification().builder().title(title).body(body).icon("dialog-information");
    let shown = match kind {
        NoticeKind::SignInStopped => {
            let number = leads.number(Some(announcement.account.clone()));
            builder.id(number).action_type_id(SIGN_IN).show()
        }
        NoticeKind::RateLimited
        | NoticeKind::RenewalLimited
        | NoticeKind::RenewalUnsaved
        | NoticeKind::Recovered
        | NoticeKind::Window => builder.id(leads.number(None)).show(),
    };
    if let Err(error) = shown {
        tracing::warn!(%error, "a notification could not be prepared");
        return false;
    }
    true
}

pub use service::{last_words, watch_service};

#[cfg(target_os = "linux")]
mod service {
    use tokio::sync::mpsc;
    use zbus::fdo::DBusProxy;
    use zbus::names::WellKnownName;

    const NAME: WellKnownName<'static> = WellKnownName::from_static_str_unchecked("org.freedesktop.Notifications");

    /// Whether the service runs, started if the bus can start it.
    pub async fn is_up() -> bool {
        let up = async {
            let bus = zbus::Connection::session().await?;
            let proxy = DBusProxy::new(&bus).await?;
            if !proxy.name_has_owner(NAME.into()).await? {
                proxy.start_service_by_name(NAME, 0).await?;
            }
            zbus::fdo::Result::Ok(())
        };
        up.await.is_ok()
    }

    /// Tells whether there is a service, or one that the bus can start, now and whenever that changes.
    pub async fn watch_service(tell: mpsc::Sender<bool>) {
        if let Err(error) = watch(&tell).await {
            tracing::warn!(%error, "the session bus is not there, and so are no notifications");
        }
    }

    async fn watch(tell: &mpsc::Sender<bool>) -> zbus::Result<()> {
        let bus = zbus::Connection::session().await?;
        let proxy = DBusProxy::new(&bus).await?;
        let mut changes = proxy.receive_name_owner_changed_with_args(&[(0, NAME.as_str())]).await?;
        loop {
            let owned = proxy.name_has_owner(NAME.into()).await?;
            let there =
                owned || proxy.list_activatable_names().await?.iter().any(|name| name.as_str() == NAME.as_str());
            if tell.send(there).await.is_err() || next(&mut changes).await.is_none() {
                return Ok(());
            }
        }
    }

    async fn next<S: futures_lite::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
        futures_lite::StreamExt::next(stream).await
    }

    /// For a program that cannot start: no app, no plugin, one call.
    pub fn last_words(title: &str, text: &str) {
        let Ok(bus) = zbus::blocking::Connection::session() else { return };
        let hints = std::collections::HashMap::<&str, zbus::zvariant::Value<'_>>::new();
        let body = ("Holdoff", 0_u32, "dialog-error", title, text, Vec::<&str>::new(), hints, -1_i32);
        let _ = bus.call_method(Some(NAME), "/org/freedesktop/Notifications", Some(NAME.as_str()), "Notify", &body);
    }
}

#[cfg(not(target_os = "linux"))]
mod service {
    use tokio::sync::mpsc;

    /// Part of the system, always there.
    pub async fn is_up() -> bool {
        true
    }

    pub async fn watch_service(tell: mpsc::Sender<bool>) {
        let _ = tell.send(true).await;
        tell.closed().await;
    }

    /// Without an app there is nothing to show it with; standard error has it.
    pub fn last_words(_: &str, _: &str) {}
}
