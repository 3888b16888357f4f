//! The tray through Tauri, on macOS and Windows. The project's workflows compile it; it has not been run yet.

use super::TrayEvent;
use crate::icon::{Icon, PanelTheme};
use crate::tray::menu::{Entry, TrayAction, TrayModel};
use holdoff_core::{AccountId, text};
use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};
use tokio::sync::mpsc;

const PICTURE: u32 = 32;
/// The menu bar of macOS colours the icon itself.
const TEMPLATE: bool = cfg!(target_os = "macos");

pub struct Tray {
    app: AppHandle<Wry>,
    icon: Option<TrayIcon<Wry>>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray").finish_non_exhaustive()
    }
}

impl Tray {
    pub async fn start(app: AppHandle<Wry>, model: TrayModel, events: mpsc::UnboundedSender<TrayEvent>) -> Self {
        let icon = build(&app, &model, events.clone());
        if let Err(error) = &icon {
            tracing::error!(%error, "there is no tray icon");
            let _ = events.send(TrayEvent::NoPlace);
        }
        Self { app, icon: icon.ok() }
    }

    pub fn show(&self, model: TrayModel) {
        let Some(icon) = &self.icon else { return };
        let _ = icon.set_icon(Some(picture(&model)));
        let _ = icon.set_icon_as_template(TEMPLATE);
        let _ = icon.set_tooltip(Some(&model.tooltip));
        if let Ok(menu) = menu(&self.app, &model) {
            let _ = icon.set_menu(Some(menu));
        }
    }
}

fn build(
    app: &AppHandle<Wry>,
    model: &TrayModel,
    events: mpsc::UnboundedSender<TrayEvent>,
) -> tauri::Result<TrayIcon<Wry>> {
    let clicks = events.clone();
    TrayIconBuilder::new()
        .icon(picture(model))
        .icon_as_template(TEMPLATE)
        .tooltip(&model.tooltip)
        .menu(&menu(app, model)?)
        .show_menu_on_left_click(false)
        .on_menu_event(move |_, event| {
            if let Some(click) = click(event.id().as_ref()) {
                let _ = events.send(TrayEvent::Clicked(click));
            }
        })
        .on_tray_icon_event(move |_, event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                let _ = clicks.send(TrayEvent::Clicked(TrayAction::OpenPanel));
            }
        })
        .build(app)
}

fn picture(model: &TrayModel) -> Image<'static> {
    let ink = if TEMPLATE { PanelTheme::Template } else { model.icon.ink };
    let picture = Icon { ink, ..model.icon }.draw(PICTURE);
    Image::new_owned(picture.rgba, picture.size, picture.size)
}

fn menu(app: &AppHandle<Wry>, model: &TrayModel) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for (index, entry) in model.menu.iter().enumerate() {
        let item: Box<dyn IsMenuItem<Wry>> = match entry {
            Entry::Separator => Box::new(PredefinedMenuItem::separator(app)?),
            Entry::Item { label, click } => {
                let id = click.as_ref().map_or_else(|| format!("text-{index}"), |click| item_id(click, index));
                Box::new(MenuItem::with_id(app, id, text::menu_label(label, '&'), click.is_some(), None::<&str>)?)
            }
        };
        menu.append(item.as_ref())?;
    }
    Ok(menu)
}

/// Encodes the click in the item's id, so that no list of the menu's clicks is needed. An account's id comes last.
fn item_id(click: &TrayAction, index: usize) -> String {
    match click {
        TrayAction::OpenPanel => format!("panel-{index}"),
        TrayAction::OpenSettings => format!("settings-{index}"),
        TrayAction::OpenSignInSteps(account) => format!("guide-{index}-{account}"),
        TrayAction::Refresh => format!("refresh-{index}"),
        TrayAction::HideNames(true) => format!("hide-{index}"),
        TrayAction::HideNames(false) => format!("name-{index}"),
        TrayAction::Quit => format!("quit-{index}"),
    }
}

fn click(id: &str) -> Option<TrayAction> {
    let mut parts = id.splitn(3, '-');
    match (parts.next()?, parts.nth(1)) {
        ("panel", _) => Some(TrayAction::OpenPanel),
        ("settings", _) => Some(TrayAction::OpenSettings),
        ("guide", Some(account)) => Some(TrayAction::OpenSignInSteps(AccountId(account.to_owned()))),
        ("refresh", _) => Some(TrayAction::Refresh),
        ("hide", _) => Some(TrayAction::HideNames(true)),
        ("name", _) => Some(TrayAction::HideNames(false)),
        ("quit", _) => Some(TrayAction::Quit),
        _ => None,
    }
}
