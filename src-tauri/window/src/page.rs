//! A window with one of the app's own pages in it.

use crate::client::Link;
use holdoff_engine::ipc::Window;
use tauri::{AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder};

pub fn label(window: Window) -> &'static str {
    match window {
        Window::Panel => "panel",
        Window::Settings => "settings",
    }
}

/// A window whose page gets the last view before it requests one.
pub fn builder<'a, R: Runtime>(
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
