//! The tray through ksni. Tauri's tray sends a single image, which panels scale. ksni takes one image per size, changes menu
//! entries in place, and waits for a watcher that has not started yet.

use super::absence::Absence;
use super::{TrayEvent, WATCHER};
use crate::session::Bus;
use crate::tray::menu::{Entry, TrayAction, TrayModel};
use holdoff_core::text;
use ksni::TrayMethods;
use ksni::menu::StandardItem;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use zbus::Connection;

/// How long the start of the app waits for the icon, in real time.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the desktop's tray may take to answer. A silent tray counts as missing.
const ANSWER: Duration = Duration::from_secs(5);

/// The first and the longest interval between attempts after a failure, in real time.
const RETRIES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

#[derive(Debug)]
pub struct Tray {
    models: watch::Sender<TrayModel>,
}

impl Tray {
    /// Shows the icon as soon as the desktop has a tray, and again whenever the tray comes back. Returns when the icon is
    /// shown or cannot be shown yet.
    pub async fn start(bus: Bus, model: TrayModel, events: mpsc::UnboundedSender<TrayEvent>) -> Self {
        let there = bus.now().is_some();
        let (models, seen) = watch::channel(model);
        let (tell_tried, tried) = oneshot::channel();
        let absence = Absence::new(events.clone());
        let desktop = std::env::var_os("XDG_CURRENT_DESKTOP").unwrap_or_default();
        let on_plasma = desktop.to_string_lossy().split(':').any(|name| name == "KDE");
        let state_store =
            TrayTask { bus, on_plasma, models: seen, events, absence, tell_tried: Some(tell_tried), was_up: false };
        tokio::spawn(state_store.keep());
        if there {
            // A desktop that does not answer must not delay the rest of the app.
            let _ = tokio::time::timeout(PATIENCE, tried).await;
        }
        Self { models }
    }

    pub fn show(&self, model: TrayModel) {
        self.models.send_replace(model);
    }
}

/// Keeps the icon registered with the desktop's tray.
struct TrayTask {
    bus: Bus,
    on_plasma: bool,
    models: watch::Receiver<TrayModel>,
    events: mpsc::UnboundedSender<TrayEvent>,
    absence: Absence,
    tell_tried: Option<oneshot::Sender<()>>,
    /// Whether the desktop has accepted the icon since it was last registered.
    was_up: bool,
}

/// The state of the desktop's tray (the StatusNotifierWatcher) towards the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    /// It has appeared and is being asked to accept the icon.
    Appeared,
    Gone,
    /// It is there and did not accept the icon.
    Refused,
}

/// Why the icon is no longer kept registered.
enum End {
    /// The bus it was on is gone.
    Bus,
    /// The icon has to be registered again.
    Failed(String),
    App,
}

impl TrayTask {
    /// Runs until the app ends.
    async fn keep(mut self) {
        let (mut wait, mut said) = (RETRIES.0, String::new());
        while let Some(connection) = self.absence.meanwhile(self.bus.up()).await {
            self.was_up = false;
            let end = self.icon(&connection).await;
            if self.was_up {
                (wait, said) = (RETRIES.0, String::new());
            }
            match end {
                End::App => return,
                // The bus is gone, and possibly the whole session: a missing tray is not worth reporting.
                End::Bus => self.absence.over(),
                End::Failed(why) => {
                    self.absence.begins();
                    // Each reason is logged once: attempts go on for as long as the app runs.
                    if said != why {
                        tracing::warn!(%why, "the desktop does not accept the tray icon; trying again");
                        said = why;
                    }
                    let left = self.bus.left(&connection);
                    let _whichever_is_first = self.absence.meanwhile(tokio::time::timeout(wait, left)).await;
                    wait = (wait * 2).min(RETRIES.1);
                }
            }
        }
    }

    fn is_up(&mut self) {
        self.was_up = true;
        self.absence.over();
    }

    /// Registers the icon once, on a connection of its own, which ends with the bus like ours.
    async fn icon(&mut self, connection: &Connection) -> End {
        let model = self.models.borrow_and_update().clone();
        let (tell, mut told) = mpsc::unbounded_channel();
        let (pictures, on_plasma) = (pictures(&model), self.on_plasma);
        let item = Item { on_plasma, pictures, model, events: self.events.clone(), host: tell };
        let spawning = tokio::time::timeout(ANSWER, item.assume_sni_available(true).spawn());
        let spawned = self.absence.meanwhile(spawning).await;
        if let Some(tell) = self.tell_tried.take() {
            let _ = tell.send(());
        }
        let handle = match spawned {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => return End::Failed(error.to_string()),
            Err(_) => return End::Failed(NO_ANSWER.to_owned()),
        };
        let end = match told.try_recv() {
            // The tray is there although it reported that it is not, or it appeared just before ksni listened for it.
            Ok(_) if has_tray(connection).await => End::Failed(REFUSES.to_owned()),
            Ok(_) => self.follow(&handle, connection, told).await,
            Err(_) => {
                self.is_up();
                self.follow(&handle, connection, told).await
            }
        };
        let _nobody_answers = tokio::time::timeout(ANSWER, handle.shutdown()).await;
        end
    }

    /// Shows every change, as long as the icon is visible or may become visible again.
    async fn follow(
        &mut self,
        handle: &ksni::Handle<Item>,
        connection: &Connection,
        mut told: mpsc::UnboundedReceiver<Host>,
    ) -> End {
        loop {
            let (bus, models) = (&mut self.bus, &mut self.models);
            let next = async {
                tokio::select! {
                    () = bus.left(connection) => Err(End::Bus),
                    changed = models.changed() => changed.map(|()| None).map_err(|_| End::App),
                    host = told.recv() => host.map(Some).ok_or_else(|| End::Failed(NO_ANSWER.to_owned())),
                }
            };
            match self.absence.meanwhile(next).await {
                Err(end) => return end,
                Ok(Some(Host::Gone)) => self.absence.begins(),
                Ok(Some(Host::Refused)) => return End::Failed(REFUSES.to_owned()),
                Ok(Some(Host::Appeared)) => {
                    // The update returns once the tray was asked to accept the icon; a refusal was reported before that.
                    match self.update(handle, |_| ()).await {
                        true if told.is_empty() => self.is_up(),
                        true => {}
                        false => return End::Failed(NO_ANSWER.to_owned()),
                    }
                }
                Ok(None) => {
                    let model = self.models.borrow_and_update().clone();
                    let shown = self.update(handle, move |item| {
                        if item.model.icon != model.icon {
                            item.pictures = pictures(&model);
                        }
                        item.model = model;
                    });
                    if !shown.await {
                        return End::Failed(NO_ANSWER.to_owned());
                    }
                }
            }
        }
    }

    /// `false` if the icon's task is stuck or has ended.
    async fn update(&mut self, handle: &ksni::Handle<Item>, change: impl FnOnce(&mut Item)) -> bool {
        let updated = tokio::time::timeout(ANSWER, handle.update(change));
        matches!(self.absence.meanwhile(updated).await, Ok(Some(())))
    }
}

const NO_ANSWER: &str = "it does not answer";
const REFUSES: &str = "it answers with an error";

/// Whether a program on the bus owns the name of the tray watcher.
async fn has_tray(connection: &Connection) -> bool {
    let asked = async {
        let bus = zbus::fdo::DBusProxy::new(connection).await.ok()?;
        bus.name_has_owner(WATCHER.try_into().ok()?).await.ok()
    };
    matches!(tokio::time::timeout(ANSWER, asked).await, Ok(Some(true)))
}

fn pictures(model: &TrayModel) -> Vec<ksni::Icon> {
    let draw = |picture: &crate::icon::Pixmap| {
        let side = i32::try_from(picture.size).unwrap_or(0);
        ksni::Icon { width: side, height: side, data: picture.to_argb32_be() }
    };
    model.icon.draw_all().iter().map(draw).collect()
}

#[derive(Debug)]
struct Item {
    on_plasma: bool,
    model: TrayModel,
    pictures: Vec<ksni::Icon>,
    events: mpsc::UnboundedSender<TrayEvent>,
    host: mpsc::UnboundedSender<Host>,
}

impl Item {
    fn clicked(&self, click: TrayAction) {
        let _ = self.events.send(TrayEvent::Clicked(click));
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        holdoff_engine::platform::environment::IDENTIFIER.to_owned()
    }

    fn title(&self) -> String {
        self.model.title.clone()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pictures.clone()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip {
            title: self.model.title.clone(),
            description: text::tooltip(&self.model.tooltip, self.on_plasma),
            ..ksni::ToolTip::default()
        }
    }

    fn activate(&mut self, x: i32, y: i32) {
        // Hosts on Wayland do not know the position.
        let icon = Some((x, y)).filter(|icon| *icon != (0, 0));
        let _ = self.events.send(TrayEvent::IconClicked(icon));
    }

    fn secondary_activate(&mut self, x: i32, y: i32) {
        self.activate(x, y);
    }

    fn menu(&self) -> Vec<ksni::MenuItem<Self>> {
        self.model.menu.iter().map(entry).collect()
    }

    fn watcher_online(&self) {
        let _ = self.host.send(Host::Appeared);
    }

    fn watcher_offline(&self, reason: ksni::OfflineReason) -> bool {
        let gone = matches!(reason, ksni::OfflineReason::No);
        let _ = self.host.send(if gone { Host::Gone } else { Host::Refused });
        true
    }
}

fn entry(entry: &Entry) -> ksni::MenuItem<Item> {
    match entry {
        Entry::Separator => ksni::MenuItem::Separator,
        Entry::Item { label, click } => {
            let click = click.clone();
            StandardItem {
                label: text::menu_label(label, '_'),
                enabled: click.is_some(),
                activate: Box::new(move |item: &mut Item| {
                    if let Some(click) = &click {
                        item.clicked(click.clone());
                    }
                }),
                ..StandardItem::default()
            }
            .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icon::{Glyph, Icon, PanelTheme};
    use ksni::Tray as _;

    /// Hosts show an empty tooltip for invalid markup, and use `_` in a menu label as a mnemonic.
    #[test]
    fn label_markup_and_mnemonics_are_escaped_in_tooltip_and_menu() {
        let model = TrayModel {
            icon: Icon::from_percent(None, Glyph::Unknown, PanelTheme::Either),
            title: "Holdoff".to_owned(),
            tooltip: "R&D <b>\nweekly 5 %".to_owned(),
            menu: vec![Entry::text("R&D_x")],
        };
        let (events, host) = (mpsc::unbounded_channel().0, mpsc::unbounded_channel().0);
        let item = Item { on_plasma: false, model, pictures: Vec::new(), events, host };
        assert_eq!(item.tool_tip().description, "R&amp;D &lt;b&gt;\nweekly 5 %");
        let menu = item.menu();
        let [ksni::MenuItem::Standard(entry)] = menu.as_slice() else { panic!("one entry") };
        assert_eq!(entry.label, "R&D__x");
    }
}
