//! The least that a Tauri tray app can be: an icon, a menu of one item, three plugins, no window.
//!
//! `cargo xtask bench` measures it beside Holdoff. It says nothing unless it fails; a left click on the icon opens an
//! empty window with a plain page, so that "click to painted" has a floor as well.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{App, AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder};

const WINDOW: &str = "plain";
const QUIT: &str = "quit";

fn main() -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|_app, _args, _dir| {}))
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_store::Builder::default().build())
        .setup(|app| Ok(add_tray(app)?))
        .build(tauri::generate_context!())?;
    app.run(|_app, event| {
        // Closing the only window asks to exit as well, with no code; only the menu may end the program.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}

fn add_tray(app: &App) -> tauri::Result<()> {
    let quit = MenuItem::with_id(app, QUIT, "Quit", true, None::<&str>)?;
    TrayIconBuilder::with_id("floor")
        .icon(tauri::include_image!("icon.png"))
        .tooltip("Floor")
        .menu(&Menu::with_items(app, &[&quit])?)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| {
            if event.id() == QUIT {
                app.exit(0);
            }
        })
        .on_tray_icon_event(|tray, event| {
            if is_left_click(&event)
                && let Err(error) = open_window(tray.app_handle())
            {
                eprintln!("the floor's window could not be opened: {error}");
            }
        })
        .build(app)?;
    Ok(())
}

fn is_left_click(event: &TrayIconEvent) -> bool {
    matches!(event, TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. })
}

fn open_window(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(WINDOW) {
        return window.set_focus();
    }
    WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default()).title("Floor").inner_size(400.0, 560.0).build()?;
    Ok(())
}
