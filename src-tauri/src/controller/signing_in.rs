//! The sign-in steps: which programs this computer has for them, and a terminal that runs the owner's own sign-in.

use super::{Controller, Next};
use crate::sign_in_session;
use crate::sign_in_session::Found;
use crate::view::Answer;
use crate::view_model;
use holdoff_core::AccountId;
use holdoff_engine::ipc::Responder;
use serde_json::json;

impl Controller {
    pub(super) fn open_sign_in(&self, account: AccountId, responder: Responder) {
        match self.with_context(|context| view_model::place(context, &account)) {
            Some(place) => self.look_for_programs(Some((account, place)), Some(responder)),
            None => {
                let message = Some("This account no longer exists.".to_owned());
                responder.answer(json!(Answer { done: false, message }));
            }
        }
    }

    /// Searches for the programs that a sign-in needs, and opens a terminal for the requested account.
    pub(super) fn look_for_programs(&self, wanted: Option<(AccountId, String)>, responder: Option<Responder>) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        let tell = self.tell_found.clone();
        tokio::task::spawn_blocking(move || {
            let _ = tell.send((sign_in_session::probe(&environment, &settings, wanted), responder));
        });
    }

    pub(super) fn found(&mut self, found: Found, responder: Option<Responder>) -> Next {
        let answer = self.signing_in.found(found);
        if let Some(responder) = responder {
            responder.answer(json!(answer));
        }
        Next::Go
    }
}
