//! The tray app's process: one per person, and no web engine in it.

#[cfg(target_os = "linux")]
use crate::bus::{self, Bus};
use crate::controller::{self, Parts};
use crate::files::StoreFiles;
use crate::menu::Click;
use crate::notify::Notifier;
use crate::place::{self, Place};
use crate::tray::Tray;
use crate::{arguments, complain, context, logs};
use holdoff_engine::crash;
use holdoff_engine::environment::{Environment, StartError};
use holdoff_engine::ipc::{self, Call, Client, Window};
use holdoff_engine::lock::FileLock;
use holdoff_engine::settings_file;
use holdoff_engine::start::{self, stamp};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tauri::{AppHandle, RunEvent, Wry};
use tokio::sync::mpsc;

/// How long a second copy waits for a first one that is just starting.
const FIRST_COPY: Duration = Duration::from_secs(10);

pub fn run(environment: Environment, open: Option<Window>) -> ExitCode {
    crash::leave_no_core();
    if let Err(error) = environment.prepare_data_dir() {
        return complain(&error);
    }
    let lock = match FileLock::take(&place::lock_path(&environment.data_dir)) {
        Ok(Some(lock)) => lock,
        Ok(None) => return hand_over(&environment, open),
        Err(error) => {
            let dir = environment.data_dir.clone();
            return complain(&StartError::DataDir { dir, why: error.to_string() });
        }
    };
    if !has_display() {
        eprintln!(
            "holdoff: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), and Holdoff is a desktop app. holdoff status works without one."
        );
        return ExitCode::from(69);
    }
    logs::start(&environment, "holdoff");
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("holdoff: the system gives no threads or timers: {error}");
            return ExitCode::from(71);
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let code = run_tauri(environment, lock, open);
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn run_tauri(environment: Environment, lock: FileLock, open: Option<Window>) -> ExitCode {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_autostart::Builder::new().build())
        .setup(move |app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            tauri::async_runtime::spawn(bring_up(app.handle().clone(), environment, lock, open));
            Ok(())
        })
        .build(context());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            eprintln!("holdoff: the desktop could not be reached: {error}");
            return ExitCode::from(69);
        }
    };
    #[cfg(target_os = "linux")]
    bus::outlive();
    app.run(|_, event| {
        // There is no window in this process: only an exit that was asked for is one.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    ExitCode::SUCCESS
}

async fn bring_up(app: AppHandle<Wry>, environment: Environment, lock: FileLock, open: Option<Window>) {
    if let Err(error) = try_bring_up(app.clone(), environment, lock, open).await {
        tracing::error!(%error, "Holdoff could not start");
        eprintln!("holdoff: {error}");
        app.exit(70);
    }
}

async fn try_bring_up(
    app: AppHandle<Wry>,
    environment: Environment,
    lock: FileLock,
    open: Option<Window>,
) -> Result<(), String> {
    let stamp = stamp(environment.clock.now().wall);
    let settings = settings_file::load(&environment.data_dir, &stamp);
    for problem in &settings.problems {
        tracing::warn!(%problem, "settings");
    }
    let engine = start::start(&environment, StoreFiles::new(app.clone()), &settings.settings).await;
    let address = address(&environment);
    let (tell_calls, calls) = mpsc::channel(16);
    let place = Place::take(&environment, address.clone(), lock, tell_calls)
        .map_err(|error| format!("nothing can be listened to at {}: {error}", address.display()))?;
    let (tell_clicks, clicks) = mpsc::unbounded_channel();
    let (commands, end) = (engine.commands(), tell_clicks.clone());
    tokio::spawn(async move {
        place.keep(commands).await;
        let _ = end.send(Click::Quit);
    });
    // Where tray and notifications live: on Linux the session bus, elsewhere the app itself.
    #[cfg(target_os = "linux")]
    let host = Bus::keep().await;
    #[cfg(not(target_os = "linux"))]
    let host = app.clone();
    let notifier = Notifier::start(host.clone(), tell_clicks);
    let (tell_tray, tray_events) = mpsc::unbounded_channel();
    let face = controller::first_face(&environment, &engine, &settings);
    let tray = Tray::start(host, face, tell_tray).await;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    controller::run(Parts { app, environment, engine, settings, calls, tray, tray_events, notifier, clicks, open })
        .await;
    Ok(())
}

/// Where the running app listens.
pub fn address(environment: &Environment) -> PathBuf {
    let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    ipc::address(&environment.data_dir, runtime_dir.as_deref())
}

/// A second copy hands its wish to the first and ends well.
fn hand_over(environment: &Environment, open: Option<Window>) -> ExitCode {
    let args: Vec<String> = open.map(arguments::flag).into_iter().map(str::to_owned).collect();
    let address = address(environment);
    let deadline = Instant::now() + FIRST_COPY;
    loop {
        if let Some(mut first) = Client::connect(&address)
            && first.call(Call::Open { args: args.clone() }).is_ok()
        {
            return ExitCode::SUCCESS;
        }
        if Instant::now() >= deadline {
            eprintln!("holdoff: another copy is running and does not answer. End it and start Holdoff again.");
            return ExitCode::from(75);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
