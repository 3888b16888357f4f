//! Runs the metrics server according to the settings.

use holdoff_core::Settings;
use holdoff_core::settings::MetricsSettings;
use holdoff_engine::metrics::{Config, Metrics, serve};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::start::Engine;
use std::path::PathBuf;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Exporter {
    home: PathBuf,
    metrics: Metrics,
    settings: watch::Sender<Settings>,
    serving: Option<(MetricsSettings, JoinHandle<()>)>,
}

impl Exporter {
    pub fn new(environment: &Environment, engine: &Engine) -> Self {
        let (tell, settings) = watch::channel(Settings::default());
        let metrics = Metrics {
            snapshots: engine.snapshots.clone(),
            requests: engine.requests.clone(),
            clock: environment.clock.clone(),
            settings,
        };
        Self { home: environment.home.clone(), metrics, settings: tell, serving: None }
    }

    /// Applies `settings` from now on. Returns a sentence if the metrics cannot be served.
    pub async fn apply(&mut self, settings: &Settings) -> Option<String> {
        self.settings.send_replace(settings.clone());
        if self.serving.as_ref().map(|(as_told, _)| as_told) == settings.metrics.as_ref() {
            return None;
        }
        if let Some((_, task)) = self.serving.take() {
            task.abort();
            // The address is free once the task has ended.
            let _ = task.await;
        }
        let told = settings.metrics.as_ref()?;
        let served = match Config::parse(told, &self.home) {
            Ok(config) => serve(config, self.metrics.clone()).await,
            Err(error) => Err(error),
        };
        match served {
            Ok((address, task)) => {
                tracing::info!(%address, "metrics are served");
                self.serving = Some((told.clone(), task));
                None
            }
            Err(error) => {
                tracing::warn!(%error, "metrics are not served");
                Some(format!("{error}. No metrics are served."))
            }
        }
    }
}
