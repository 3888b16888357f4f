//! The windows' connection to the tray app: calls with answers, and the last view.

use holdoff_engine::ipc::{Call, ToApp};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

#[derive(Debug, Clone)]
pub struct Link {
    calls: mpsc::Sender<ToApp>,
    next_id: Arc<AtomicU64>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>,
    view: watch::Sender<Option<Value>>,
}

/// The app has ended.
#[derive(Debug)]
pub struct Gone;

impl Link {
    pub fn new(calls: mpsc::Sender<ToApp>) -> Self {
        Self { calls, next_id: Arc::new(AtomicU64::new(1)), waiting: Arc::default(), view: watch::Sender::new(None) }
    }

    /// Tells the app that the window process is here, and its version.
    pub async fn attach(&self) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let call = Call::Attach { version: env!("CARGO_PKG_VERSION").to_owned() };
        let _ = self.calls.send(ToApp { id, call }).await;
    }

    /// # Errors
    /// Fails if the app has ended.
    pub async fn call(&self, call: Call) -> Result<Value, Gone> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, answer);
        self.calls.send(ToApp { id, call }).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub fn answered(&self, id: u64, answer: Value) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }

    pub fn seen(&self, view: Value) {
        self.view.send_replace(Some(view));
    }

    /// The last view, if one has arrived.
    pub fn last_view(&self) -> Option<Value> {
        self.view.borrow().clone()
    }

    /// Waits for the first view and returns the last one.
    ///
    /// # Errors
    /// Fails if the app has ended.
    pub async fn view(&self) -> Result<Value, Gone> {
        let mut views = self.view.subscribe();
        let view = views.wait_for(Option::is_some).await.map_err(|_| Gone)?;
        view.clone().ok_or(Gone)
    }
}
