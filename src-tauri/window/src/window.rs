//! Opens and raises windows. They are created when opened and destroyed when closed.

use crate::client::Link;
use crate::panel;
use holdoff_engine::ipc::Window;
use tauri::{AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder};

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

fn label(window: Window) -> &'static str {
    match window {
        Window::Panel => "panel",
        Window::Settings => "settings",
    }
}

/// A window whose page gets the last view before it requests one.
pub(crate) fn builder<'a, R: Runtime>(
    app: &'a AppHandle<R>,
    window: Window,
    page: &str,
) -> WebviewWindowBuilder<'a, R, AppHandle<R>> {
    let builder = WebviewWindowBuilder::new(app, label(window), WebviewUrl::App(page.into())).on_navigation(is_ours);
    match app.state::<Link>().last_view() {
        // JSON is valid JavaScript.
        Some(view) => builder.initialization_script(format!("window.__HOLDOFF_VIEW__ = {view};")),
        None => builder,
    }
}

/// A window shows only the app's own pages, no matter what a page requests.
fn is_ours(url: &Url) -> bool {
    let own = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    };
    // A build without embedded pages loads them from a development server.
    own || cfg!(all(debug_assertions, not(feature = "custom-protocol"))) && url.host_str() == Some("localhost")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn navigation_is_limited_to_the_app_pages() {
        let is_ours = |url: &str| is_ours(&url.parse().unwrap());
        for own in ["tauri://localhost/panel.html", "http://tauri.localhost/settings.html", "tauri://localhost"] {
            assert!(is_ours(own), "{own}");
        }
        for other in [
            "https://example.org/",
            "http://tauri.localhost.example.org/",
            "https://example.org/tauri.localhost",
            "file:///etc/passwd",
            "data:text/html,hello",
            "about:blank",
            "javascript:alert(1)",
            "tauri://elsewhere/panel.html",
            "ipc://localhost/view",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
