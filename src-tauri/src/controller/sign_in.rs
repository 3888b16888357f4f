//! The sign-in steps: which programs this computer has for them, and a terminal that runs the owner's own sign-in.

use super::{Controller, Next};
use crate::sign_in_session;
use crate::sign_in_session::ProbeResult;
use crate::view::Answer;
use crate::view_model;
use holdoff_core::providers::Provider;
use holdoff_core::{AccountId, messages};
use holdoff_engine::credentials::KeyStore;
use holdoff_engine::ipc::{PastedKey, Responder};
use holdoff_engine::tasks::supervisor::Command;
use serde_json::json;

impl Controller {
    pub(super) fn open_sign_in(&self, account: AccountId, responder: Responder) {
        match self.with_context(|context| view_model::place(context, &account)) {
            Some(place) => self.probe_programs(Some((account, place)), Some(responder)),
            None => {
                let message = Some("This account no longer exists.".to_owned());
                responder.answer(json!(Answer { done: false, message }));
            }
        }
    }

    /// Stores the key that the user pasted for a provider, or removes it. The system may ask the user for a password.
    pub(super) fn paste_key(&self, provider: &str, key: Option<PastedKey>, responder: Responder) {
        let said = |message: &str| json!(Answer { done: false, message: Some(message.to_owned()) });
        let provider = Provider::of_account(provider);
        let found =
            provider.and_then(|found| Some((found, found.pasted_key()?, KeyStore::of(&self.environment, found)?)));
        let Some((provider, info, store)) = found else {
            return responder.answer(said("This provider takes no key."));
        };
        let token = key.as_ref().and_then(PastedKey::token);
        if key.is_some() && token.is_none() {
            return responder.answer(said("This cannot be a key. A key is one word."));
        }
        let commands = self.engine.commands();
        tokio::spawn(async move {
            let result = store.replace(token.as_ref()).await;
            let message = Some(messages::key_kept(info, token.is_some(), &result));
            if result.is_ok() {
                let _ = commands.send(Command::KeyReplaced { provider, removed: token.is_none() }).await;
            }
            responder.answer(json!(Answer { done: result.is_ok(), message }));
        });
    }

    /// Searches for the programs that a sign-in needs, and opens a terminal for the requested account.
    pub(super) fn probe_programs(&self, wanted: Option<(AccountId, String)>, responder: Option<Responder>) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        let tell = self.tell_found.clone();
        tokio::task::spawn_blocking(move || {
            let _ = tell.send((sign_in_session::probe(&environment, &settings, wanted), responder));
        });
    }

    pub(super) fn found(&mut self, found: ProbeResult, responder: Option<Responder>) -> Next {
        let answer = self.signing_in.found(found);
        if let Some(responder) = responder {
            responder.answer(json!(answer));
        }
        Next::Go
    }
}
