//! The commands that a page may call. Each passes the call on and returns the answer.

use crate::client::{Gone, Link};
use crate::panel::{self, Panel};
use holdoff_engine::ipc::{Call, PastedKey, RefreshAnswer};
use holdoff_engine::storage::history::Format;
use serde_json::{Value, json};
use tauri::ipc::Invoke;
use tauri::{Runtime, State, WebviewWindow};

pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        view,
        refresh,
        change_settings,
        export_history,
        delete_history,
        status_lines,
        status_line,
        sign_in,
        paste_key,
        choose_updates,
        install_update,
        skip_update,
        open_settings,
        fit,
        pin,
        close_window
    ]
}

const GONE: &str = "Holdoff's tray app is no longer running. Start Holdoff again.";

impl From<Gone> for String {
    fn from(_: Gone) -> Self {
        GONE.to_owned()
    }
}

#[tauri::command]
async fn view(link: State<'_, Link>) -> Result<Value, String> {
    Ok(link.view().await?)
}

#[tauri::command]
async fn refresh(link: State<'_, Link>, account_id: String) -> Result<Value, String> {
    let answer = link.call(Call::Refresh { account: Some(account_id) }).await?;
    let answer: RefreshAnswer = serde_json::from_value(answer).map_err(|_| GONE.to_owned())?;
    Ok(json!({"done": answer.asked, "message": answer.message}))
}

#[tauri::command]
async fn change_settings(link: State<'_, Link>, change: Value) -> Result<Value, String> {
    Ok(link.call(Call::ChangeSettings { change }).await?)
}

#[tauri::command]
async fn export_history(link: State<'_, Link>, format: Format) -> Result<Value, String> {
    Ok(link.call(Call::ExportHistory { format }).await?)
}

#[tauri::command]
async fn delete_history(link: State<'_, Link>) -> Result<Value, String> {
    Ok(link.call(Call::DeleteHistory).await?)
}

#[tauri::command]
async fn status_lines(link: State<'_, Link>) -> Result<Value, String> {
    Ok(link.call(Call::StatusLines).await?)
}

#[tauri::command]
async fn status_line(
    link: State<'_, Link>,
    place: String,
    install: bool,
    agreed: Option<String>,
) -> Result<Value, String> {
    Ok(link.call(Call::StatusLine { place, install, agreed }).await?)
}

#[tauri::command]
async fn sign_in(link: State<'_, Link>, account_id: String) -> Result<Value, String> {
    Ok(link.call(Call::SignIn { account: account_id }).await?)
}

#[tauri::command]
async fn paste_key(link: State<'_, Link>, provider: String, key: Option<PastedKey>) -> Result<Value, String> {
    Ok(link.call(Call::PasteKey { provider, key }).await?)
}

#[tauri::command]
async fn choose_updates(link: State<'_, Link>, on: bool) -> Result<Value, String> {
    Ok(link.call(Call::ChooseUpdates { on }).await?)
}

#[tauri::command]
async fn install_update(link: State<'_, Link>, version: String) -> Result<Value, String> {
    Ok(link.call(Call::InstallUpdate { version }).await?)
}

#[tauri::command]
async fn skip_update(link: State<'_, Link>, version: String) -> Result<Value, String> {
    Ok(link.call(Call::SkipUpdate { version }).await?)
}

#[tauri::command]
async fn open_settings(link: State<'_, Link>, account_id: Option<String>) -> Result<(), String> {
    link.call(Call::OpenSettings { account: account_id }).await?;
    Ok(())
}

/// The height of the panel's content, in logical pixels.
#[tauri::command]
async fn fit<R: Runtime>(window: WebviewWindow<R>, height: f64) -> Result<(), String> {
    panel::fit(&window, height).map_err(|error| format!("The panel could not be resized: {error}"))
}

/// Whether the panel stays open without focus.
#[tauri::command]
async fn pin(panel: State<'_, Panel>, pinned: bool) -> Result<(), String> {
    panel.pin(pinned);
    Ok(())
}

#[tauri::command]
async fn close_window<R: Runtime>(window: WebviewWindow<R>) -> Result<(), String> {
    window.destroy().map_err(|error| format!("The window could not be closed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tauri::ipc::{CallbackFn, InvokeBody};
    use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
    use tauri::webview::InvokeRequest;
    use tauri::{WebviewUrl, WebviewWindowBuilder};
    use tokio::sync::mpsc;

    /// Checks a command against the real permissions of a window.
    fn ask(window: &WebviewWindow<MockRuntime>, command: &str) -> Result<(), String> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(
                json!({"accountId": "anthropic:ann", "change": {}, "format": "csv", "place": "", "install": true, "on": true, "provider": "a", "version": "0.2.0", "height": 400.0, "pinned": true}),
            ),
            headers: tauri::http::HeaderMap::new(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(window, request).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn command_permissions_are_limited_per_window() {
        // Nothing is at the other end: an allowed command fails because the app is gone.
        let link = Link::new(mpsc::channel(1).0);
        link.seen(json!({}));
        let app = mock_builder()
            .manage(link)
            .manage(Panel::default())
            .invoke_handler(handler())
            .build(crate::context())
            .unwrap();
        let window = |label: &str| WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
        let (panel, settings, other) = (window("panel"), window("settings"), window("other"));
        for (window, command, allowed) in [
            (&panel, "view", true),
            (&panel, "refresh", true),
            (&panel, "change_settings", false),
            (&panel, "export_history", false),
            (&panel, "delete_history", false),
            (&panel, "status_lines", false),
            (&panel, "status_line", false),
            (&settings, "status_lines", true),
            (&settings, "status_line", true),
            (&settings, "export_history", true),
            (&settings, "delete_history", true),
            (&settings, "view", true),
            (&settings, "change_settings", true),
            (&settings, "sign_in", true),
            (&panel, "sign_in", false),
            (&settings, "paste_key", true),
            (&panel, "paste_key", false),
            (&panel, "choose_updates", true),
            (&settings, "choose_updates", false),
            (&settings, "install_update", true),
            (&settings, "skip_update", true),
            (&panel, "install_update", false),
            (&panel, "skip_update", false),
            (&settings, "open_settings", false),
            // Its `fit` needs a real window: the desktop tests see the panel fit its content.
            (&panel, "pin", true),
            (&settings, "fit", false),
            (&settings, "pin", false),
            (&other, "view", false),
            (&other, "refresh", false),
            (&panel, "plugin:event|listen", true),
            (&settings, "plugin:event|listen", true),
            (&other, "plugin:event|listen", false),
        ] {
            let refused = ask(window, command).err().is_some_and(|error| error.contains("not allowed"));
            assert_eq!(!refused, allowed, "{command} from {}", window.label());
        }
        // Our pages may use none of the other commands of Tauri and its plugins.
        for command in [
            "plugin:event|emit",
            "plugin:event|emit_to",
            "plugin:window|get_all_windows",
            "plugin:window|destroy",
            "plugin:webview|create_webview_window",
            "plugin:webview|internal_toggle_devtools",
            "plugin:path|resolve_directory",
            "plugin:app|version",
            "plugin:image|from_path",
            "plugin:menu|new",
            "plugin:resources|close",
            "plugin:store|load",
            "plugin:notification|notify",
            "plugin:autostart|enable",
        ] {
            for window in [&panel, &settings, &other] {
                let refused = ask(window, command).err().is_some_and(|error| error.contains("not allowed"));
                assert!(refused, "{command} from {}", window.label());
            }
        }
    }
}
