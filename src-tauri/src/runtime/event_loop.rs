//! Tauri on the window system, whose event loop runs on the main thread. The project's workflows compile it; it has not been
//! run yet.

use std::process::ExitCode;
use std::time::Duration;
use tauri::RunEvent;

/// Tauri with the window system.
pub type Runtime = tauri::Wry;

/// Runs `life` to its end beside the event loop.
pub fn run<L>(life: impl FnOnce(super::AppHandle) -> L + Send + 'static) -> ExitCode
where
    L: Future<Output = ExitCode> + Send + 'static,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("holdoff: cannot create threads or timers: {error}");
            return ExitCode::from(71);
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let app = super::with_plugins(tauri::Builder::default())
        .setup(move |app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            let handle = app.handle().clone();
            let life = life(handle.clone());
            tauri::async_runtime::spawn(async move {
                let code = life.await;
                handle.exit(if code == ExitCode::SUCCESS { 0 } else { 70 });
            });
            Ok(())
        })
        .build(holdoff_window::context());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            eprintln!("holdoff: cannot connect to the desktop: {error}");
            return ExitCode::from(69);
        }
    };
    app.run(|_, event| {
        // This process has no windows, so only an explicitly requested exit is one.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    ExitCode::SUCCESS
}
