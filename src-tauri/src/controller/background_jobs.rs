//! Requests from the settings that take a moment and run in the background.

use super::Controller;
use crate::account_settings_view;
use crate::status_line::{self, StatusLineRequest};
use crate::store_plugin::StoreFiles;
use crate::view::Answer;
use holdoff_core::messages;
use holdoff_core::settings::SettingsChange;
use holdoff_engine::ipc::Responder;
use holdoff_engine::owners::locations;
use holdoff_engine::platform::clock::stamp;
use holdoff_engine::storage::history::{Format, to_folder};
use holdoff_engine::storage::settings_file;
use holdoff_engine::tasks::condition::Condition;
use holdoff_engine::tasks::supervisor::Command;
use holdoff_engine::updates::UpdateCommand;
use serde_json::{Value, json};
use tauri::Manager;

impl Controller {
    pub(super) async fn change_settings(&mut self, change: Value) -> Answer {
        match self.try_change(change).await {
            Ok(message) => Answer { done: true, message },
            Err(message) => Answer { done: false, message: Some(message) },
        }
    }

    async fn try_change(&mut self, change: Value) -> Result<Option<String>, String> {
        let (change, message) = self.considered(SettingsChange::read(&change)?).await?;
        let autostart = change.start_at_login();
        if let Some(on) = autostart {
            self.autostart.set(on)?;
        }
        let (dir, was) = (self.environment.data_dir.clone(), self.settings.clone());
        let mut files = StoreFiles::new(self.app.clone());
        let write = move || settings_file::edit(&dir, &was, |object| change.apply(object), &mut files);
        let saved = tokio::task::spawn_blocking(write).await;
        let saved = saved.unwrap_or_else(|_| Err("The settings could not be saved.".to_owned()));
        if let (Err(_), Some(on)) = (&saved, autostart) {
            let _ = self.autostart.set(!on);
        }
        self.starts_at_login = self.autostart.is_on();
        self.settings = saved?;
        self.export().await;
        let settings = Box::new(self.settings.settings.clone());
        self.send_to_updater(UpdateCommand::Settings(settings.clone()));
        self.send_to_engine(Command::Settings(settings)).await;
        Ok(message)
    }

    pub(super) async fn export(&mut self) {
        let problem = self.exporter.apply(&self.settings.settings).await;
        self.settings.problems.extend(problem);
    }

    /// Inspects a folder that is about to be added and reports what it found.
    async fn considered(&self, mut change: SettingsChange) -> Result<(SettingsChange, Option<String>), String> {
        let Some(text) = change.add_folder.clone() else {
            return Ok((change, None));
        };
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        let looked = tokio::task::spawn_blocking(move || locations::consider(&environment, &settings, &text)).await;
        let found = looked.map_err(|_| "Could not check the folder.".to_owned())??;
        let label =
            found.account().and_then(|id| self.with_context(|context| account_settings_view::label(&id, context)));
        let email = found.email().filter(|_| !self.settings.settings.hide_names);
        let message = messages::folder_added(found.provider, &found.text, &found.read, email, label.as_deref());
        change.add_folder = Some(found.text);
        Ok((change, Some(message)))
    }

    /// Exports to the download folder, or to the home folder if there is none.
    pub(super) fn export_history(&self, format: Format, responder: Responder) {
        let (history, dir) = (self.engine.history.clone(), self.environment.data_dir.clone());
        let folder = self.app.path().download_dir().ok().filter(|folder| folder.is_dir());
        let folder = folder.unwrap_or_else(|| self.environment.home.clone());
        let stamp = stamp(self.environment.clock.now().wall);
        tokio::spawn(async move {
            history.flush().await;
            let into = folder.clone();
            let written = tokio::task::spawn_blocking(move || to_folder(&dir, &into, &stamp, format)).await;
            let written = match written {
                Ok(written) => written.map_err(|error| error.to_string()),
                Err(_) => Err("internal error".to_owned()),
            };
            let message = messages::history_exported(&folder.display().to_string(), written.as_deref());
            responder.answer(json!(Answer { done: written.is_ok(), message: Some(message) }));
        });
    }

    pub(super) fn delete_history(&self, responder: Responder) {
        let history = self.engine.history.clone();
        tokio::spawn(async move {
            let deleted = history.delete_all().await;
            let message = deleted.as_ref().err().cloned().unwrap_or_else(|| messages::HISTORY_DELETED.to_owned());
            responder.answer(json!(Answer { done: deleted.is_ok(), message: Some(message) }));
        });
    }

    /// Reports the condition of the app for `doctor`.
    pub(super) fn report_condition(&self, responder: Responder) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        let unwatched = self.engine.unwatched.borrow().clone();
        tokio::task::spawn_blocking(move || {
            responder.answer(json!(Condition::of(&environment, &settings, unwatched)));
        });
    }

    pub(super) fn inspect_status_lines(&self, responder: Responder) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        tokio::task::spawn_blocking(move || responder.answer(json!(status_line::all(&environment, &settings))));
    }

    pub(super) fn status_line(&self, place: String, install: bool, agreed: Option<String>, responder: Responder) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        tokio::task::spawn_blocking(move || {
            let request = StatusLineRequest { place: &place, install, agreed: agreed.as_deref() };
            responder.answer(json!(status_line::change(&environment, &settings, request)));
        });
    }
}
