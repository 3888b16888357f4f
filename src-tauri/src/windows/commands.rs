//! What a page may ask for. Thin: pass it on, answer.

use super::link::{Gone, Link};
use super::page;
use crate::view::{Answer, SettingsChange};
use holdoff_engine::ipc::{Call, RefreshAnswer, Window};
use serde_json::{Value, json};
use tauri::ipc::Invoke;
use tauri::{AppHandle, State, WebviewWindow, Wry};

pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![view, refresh, change_settings, open_settings, close_window]
}

const GONE: &str = "Holdoff's tray app is not running any more. Start Holdoff again.";

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
async fn refresh(link: State<'_, Link>, account_id: String) -> Result<Answer, String> {
    let answer = link.call(Call::Refresh { account: Some(account_id) }).await?;
    let answer: RefreshAnswer = serde_json::from_value(answer).map_err(|_| GONE.to_owned())?;
    Ok(Answer { done: answer.asked, message: Some(answer.message) })
}

#[tauri::command]
async fn change_settings(link: State<'_, Link>, change: SettingsChange) -> Result<Value, String> {
    Ok(link.call(Call::ChangeSettings { change: json!(change) }).await?)
}

#[tauri::command]
async fn open_settings(app: AppHandle<Wry>) -> Result<(), String> {
    page::show(&app, Window::Settings).map_err(|error| format!("The settings could not be opened: {error}"))
}

#[tauri::command]
async fn close_window(window: WebviewWindow<Wry>) -> Result<(), String> {
    window.destroy().map_err(|error| format!("The window could not be closed: {error}"))
}
