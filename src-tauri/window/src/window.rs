//! Opens and raises windows. They are created when opened and destroyed when closed.

use crate::page::{builder, label};
use crate::panel;
use holdoff_engine::ipc::Window;
use tauri::{AppHandle, Manager, Runtime};

/// The event that delivers a new view to a page.
pub const VIEW_EVENT: &str = "view";

/// Opens a window, or raises it if it is open. A panel opens beside `icon`, if that is known.
///
/// # Errors
/// Fails if the web engine cannot be loaded.
pub fn show<R: Runtime>(app: &AppHandle<R>, window: Window, icon: Option<(i32, i32)>) -> tauri::Result<()> {
    if let Some(open) = app.get_webview_window(label(window)) {
        open.unminimize()?;
        open.show()?;
        return open.set_focus();
    }
    match window {
        Window::Panel => panel::open(app, icon),
        Window::Settings => settings(app),
    }
}

fn settings<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    builder(app, Window::Settings, "settings.html")
        .title("Holdoff settings")
        .inner_size(840.0, 720.0)
        .min_inner_size(420.0, 360.0)
        .center()
        .build()?;
    Ok(())
}
