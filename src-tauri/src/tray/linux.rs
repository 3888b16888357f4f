//! The tray through ksni itself: Tauri's tray passes on a single picture, and a panel then scales it; ksni takes
//! one drawn for each size, changes menu entries in place, and waits for a watcher that is not there yet.

use super::TrayEvent;
use crate::menu::{Click, Entry, TrayFace};
use crate::session::Bus;
use holdoff_core::text;
use ksni::TrayMethods;
use ksni::menu::StandardItem;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long everything else waits for the icon at the start, in real time.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Tray {
    faces: watch::Sender<TrayFace>,
}

impl Tray {
    /// Puts the icon up, now or when the desktop has a place for it, and again whenever the bus comes back. Returns when
    /// it is up, or cannot be yet.
    pub async fn start(bus: Bus, face: TrayFace, events: mpsc::UnboundedSender<TrayEvent>) -> Self {
        let there = bus.now().is_some();
        if !there {
            let _ = events.send(TrayEvent::NoPlace);
        }
        let (faces, seen) = watch::channel(face);
        let (tell_tried, tried) = oneshot::channel();
        tokio::spawn(keep(bus, seen, events, tell_tried));
        if there {
            // A desktop that does not answer holds nothing else up.
            let _ = tokio::time::timeout(PATIENCE, tried).await;
        }
        Self { faces }
    }

    pub fn show(&self, face: TrayFace) {
        self.faces.send_replace(face);
    }
}

/// Until the app ends.
async fn keep(
    mut bus: Bus,
    mut faces: watch::Receiver<TrayFace>,
    events: mpsc::UnboundedSender<TrayEvent>,
    tell_tried: oneshot::Sender<()>,
) {
    let mut tell_tried = Some(tell_tried);
    while let Some(connection) = bus.up().await {
        let face = faces.borrow_and_update().clone();
        let item = Item { pictures: pictures(&face), face, events: events.clone() };
        // On a connection of its own, which ends with the bus as ours does.
        let spawned = item.assume_sni_available(true).spawn().await;
        if let Some(tell) = tell_tried.take() {
            let _ = tell.send(());
        }
        match spawned {
            Ok(handle) => {
                let gone = tokio::select! {
                    () = bus.left(&connection) => true,
                    () = follow(&handle, &mut faces) => false,
                };
                handle.shutdown().await;
                if !gone {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "there is no tray icon: the session bus did not take it");
                let _ = events.send(TrayEvent::NoPlace);
                bus.left(&connection).await;
            }
        }
    }
}

/// Shows every change, until there will be none any more.
async fn follow(handle: &ksni::Handle<Item>, faces: &mut watch::Receiver<TrayFace>) {
    while faces.changed().await.is_ok() {
        let face = faces.borrow_and_update().clone();
        handle
            .update(move |item| {
                if item.face.icon != face.icon {
                    item.pictures = pictures(&face);
                }
                item.face = face;
            })
            .await;
    }
}

fn pictures(face: &TrayFace) -> Vec<ksni::Icon> {
    let draw = |picture: &crate::icon::Pixmap| {
        let side = i32::try_from(picture.size).unwrap_or(0);
        ksni::Icon { width: side, height: side, data: picture.to_argb32_be() }
    };
    face.icon.draw_all().iter().map(draw).collect()
}

#[derive(Debug)]
struct Item {
    face: TrayFace,
    pictures: Vec<ksni::Icon>,
    events: mpsc::UnboundedSender<TrayEvent>,
}

impl Item {
    fn clicked(&self, click: Click) {
        let _ = self.events.send(TrayEvent::Clicked(click));
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        holdoff_engine::environment::IDENTIFIER.to_owned()
    }

    fn title(&self) -> String {
        self.face.title.clone()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pictures.clone()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip {
            title: self.face.title.clone(),
            // Hosts read it as markup.
            description: text::markup(&self.face.tooltip),
            ..ksni::ToolTip::default()
        }
    }

    fn activate(&mut self, _: i32, _: i32) {
        self.clicked(Click::OpenPanel);
    }

    fn secondary_activate(&mut self, _: i32, _: i32) {
        self.clicked(Click::OpenPanel);
    }

    fn menu(&self) -> Vec<ksni::MenuItem<Self>> {
        self.face.menu.iter().map(entry).collect()
    }

    fn watcher_offline(&self, _: ksni::OfflineReason) -> bool {
        let _ = self.events.send(TrayEvent::NoPlace);
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
    use crate::icon::{Icon, Ink, Mark};
    use ksni::Tray as _;

    /// A host gives an empty box for a tooltip that is no markup, and takes a letter out of a menu for a key.
    #[test]
    fn a_label_is_text_in_the_tooltip_and_in_the_menu() {
        let face = TrayFace {
            icon: Icon::from_percent(None, Mark::Unknown, Ink::Either),
            title: "Holdoff".to_owned(),
            tooltip: "R&D <b>\nweekly 5 %".to_owned(),
            menu: vec![Entry::text("R&D_x")],
        };
        let item = Item { face, pictures: Vec::new(), events: mpsc::unbounded_channel().0 };
        assert_eq!(item.tool_tip().description, "R&amp;D &lt;b&gt;\nweekly 5 %");
        let menu = item.menu();
        let [ksni::MenuItem::Standard(entry)] = menu.as_slice() else { panic!("one entry") };
        assert_eq!(entry.label, "R&D__x");
    }
}
