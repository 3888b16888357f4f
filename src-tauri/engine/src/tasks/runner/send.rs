//! Sends requests, and cancels them before they leave.

use super::Runner;
use crate::http::network::Network;
use crate::http::{SendCancelled, SendGuard};
use crate::tasks::runner::spawned::spawned;
use holdoff_core::PermittedRequest;
use holdoff_core::account::Event;
use holdoff_core::request::Endpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The endpoint of a request, and whether the user still wants it.
#[derive(Default)]
pub(super) struct Asked {
    endpoint: Option<Endpoint>,
    wanted: Arc<AtomicBool>,
}

impl Runner {
    pub(super) fn ask(&mut self, permitted: PermittedRequest) {
        tracing::info!(account = %permitted.permit().account(), endpoint = ?permitted.endpoint(), "sending a request");
        let http = Arc::clone(&self.tools.http);
        let wanted = Arc::new(AtomicBool::new(true));
        self.asked = Asked { endpoint: Some(permitted.endpoint()), wanted: Arc::clone(&wanted) };
        // The machine may have slept since the locks were taken, or may sleep before the request leaves.
        let still: Option<SendGuard> = match permitted.endpoint() {
            Endpoint::Token => {
                let store = self.store.clone();
                Some(Box::pin(async move {
                    let locked = match store {
                        Some(store) => store.is_locked().await,
                        None => false,
                    };
                    locked.then_some(()).ok_or(SendCancelled::LocksLost)
                }))
            }
            Endpoint::Usage => None,
        };
        let (source, environment) = (self.source.clone(), self.tools.network.clone());
        let sending = async move {
            let network =
                tokio::task::spawn_blocking(move || Network::of(&source.settings_files(), &environment)).await;
            http.send_while(permitted, &network.unwrap_or_default(), wanted, still).await
        };
        self.begin(async move { Event::Delivered(spawned(sending).await) });
    }

    /// Cancels a request that has not left yet if the user has turned it off (laws 7 and 16).
    pub(super) fn call_off_unwanted(&self) {
        if self.asked.endpoint.is_some_and(|endpoint| !self.account.still_allows(endpoint)) {
            self.asked.wanted.store(false, Ordering::SeqCst);
        }
    }
}
