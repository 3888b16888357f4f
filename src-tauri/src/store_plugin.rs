//! Writes store files through the store plugin. Its `save` rewrites a file in place; the engine syncs the file afterwards
//! and keeps a second one in case a write is interrupted.

use crate::runtime::AppHandle;
use holdoff_engine::storage::state_file::SlotWriter;
use serde_json::{Map, Value};
use std::path::Path;
use tauri_plugin_store::StoreBuilder;

#[derive(Debug, Clone)]
pub struct StoreFiles {
    app: AppHandle,
}

impl StoreFiles {
    pub fn new(app: AppHandle) -> Self {
        Self { app }
    }
}

impl SlotWriter for StoreFiles {
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
        let store = StoreBuilder::new(&self.app, path)
            .disable_auto_save()
            .create_new()
            .build()
            .map_err(|error| error.to_string())?;
        for (key, value) in object {
            store.set(key, value);
        }
        let saved = store.save().map_err(|error| error.to_string());
        // The plugin saves every open store again at exit, without a sync, so none is left open.
        store.close_resource();
        saved
    }
}
