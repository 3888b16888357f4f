//! How a request goes on its way, and what may still call it back.

use super::Runner;
use super::apart::apart;
use crate::http::{NotAnyMore, Still};
use crate::network::Network;
use holdoff_core::account::Event;
use holdoff_core::request::Endpoint;
use holdoff_core::{Permit, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl Runner {
    pub(super) fn ask(&mut self, permit: Permit, request: Request) {
        tracing::info!(account = %self.account.id(), endpoint = ?permit.endpoint(), "asking");
        let http = Arc::clone(&self.tools.http);
        // The machine may have slept since the locks were taken, and may until the request leaves.
        let still: Option<Still> = match permit.endpoint() {
            Endpoint::Token => {
                let store = self.store.clone();
                self.wanted = Arc::new(AtomicBool::new(true));
                let wanted = Arc::clone(&self.wanted);
                Some(Box::pin(async move {
                    match store.is_locked().await {
                        false => Err(NotAnyMore::LocksLost),
                        true if !wanted.load(Ordering::SeqCst) => Err(NotAnyMore::Lapsed),
                        true => Ok(()),
                    }
                }))
            }
            Endpoint::Usage => None,
        };
        let (source, environment) = (self.source.clone(), self.tools.network.clone());
        let sending = async move {
            let network = tokio::task::spawn_blocking(move || Network::of(&source, &environment)).await;
            http.send_while(permit, request, &network.unwrap_or_default(), still).await
        };
        self.begin(async move { Event::Delivered(apart(sending).await) });
    }

    /// A renewal that has not left yet does not leave any more once its person has turned that off (law 7).
    pub(super) fn call_off_unwanted(&self) {
        if !self.account.still_wants(Endpoint::Token) {
            self.wanted.store(false, Ordering::SeqCst);
        }
    }
}
