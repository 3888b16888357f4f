//! Newer versions of Holdoff: their status and the user's choices.

use super::{Controller, Next};
use crate::view::Answer;
use holdoff_core::messages;
use holdoff_core::updates::Installing;
use holdoff_engine::ipc::{FromApp, Responder, Window};
use holdoff_engine::tasks::supervisor::Command;
use holdoff_engine::updates::UpdateCommand;
use serde_json::json;

impl Controller {
    /// Restarts the app as the new version once it is installed: that is what the click asked for.
    pub(super) fn updates_changed(&mut self, is_there: bool) -> Next {
        if !is_there || self.engine.updates.status.borrow().installing != Installing::Done {
            return Next::Go;
        }
        tracing::info!("another version was installed by a click; starting it");
        let window = self.windows.is_attached().then_some(Window::Settings);
        self.windows.send(FromApp::OtherVersion);
        Next::Restart(window)
    }

    pub(super) fn announce_version(&self, version: String) -> Next {
        let (notifier, orders) = (self.notifier.clone(), self.engine.updates.orders.clone());
        tokio::spawn(async move {
            let (title, body) = messages::update_found(&version, env!("CARGO_PKG_VERSION"));
            let shown = notifier.lead_to_settings(&title, &body).await;
            tracing::info!(%version, shown, "a newer version");
            let _ = orders.send(UpdateCommand::Announced { shown });
        });
        Next::Go
    }

    pub(super) async fn notice_service(&self, there: bool) -> Next {
        self.send_to_updater(UpdateCommand::NoticeService(there));
        self.send_to_engine(Command::NoticeService(there)).await
    }

    pub(super) fn send_update_command(&self, order: UpdateCommand, responder: Responder) {
        self.send_to_updater(order);
        responder.answer(json!(Answer { done: true, message: None }));
    }

    pub(super) fn send_to_updater(&self, order: UpdateCommand) {
        if self.engine.updates.orders.send(order).is_err() {
            tracing::error!("the update task has stopped");
        }
    }
}
