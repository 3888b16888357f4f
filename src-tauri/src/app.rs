//! The resident process: one per user, without a web engine.

use crate::controller::{self, End, Parts, Windows};
use crate::notify::Notifier;
use crate::runtime::{self, AppHandle};
#[cfg(target_os = "linux")]
use crate::session::{self, Bus};
use crate::single_instance;
use crate::single_instance::InstanceLock;
use crate::store_plugin::StoreFiles;
use crate::tray::Tray;
use crate::tray::menu::TrayAction;
use crate::tray::model;
use crate::{report_failure, window_process};
use holdoff_engine::ipc::{self, Call, Client, Window};
use holdoff_engine::platform::clock::stamp;
use holdoff_engine::platform::environment::{Environment, StartError};
use holdoff_engine::platform::file_lock::FileLock;
use holdoff_engine::platform::{core_dumps, logging};
use holdoff_engine::storage::{newer_data, settings_file};
use holdoff_engine::tasks::start;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a second copy waits for a first copy that is still starting.
const FIRST_COPY: Duration = Duration::from_secs(10);

pub fn run(environment: Environment, open: Option<Window>) -> ExitCode {
    core_dumps::disable_core_dumps();
    // Read at the start: a later update may put another file at this path.
    let own = std::env::current_exe().unwrap_or_else(|_| "holdoff-tray".into());
    if let Err(error) = environment.prepare_data_dir() {
        return report_failure(&error);
    }
    let lock = match FileLock::take(&single_instance::lock_path(&environment.data_dir)) {
        Ok(Some(lock)) => lock,
        Ok(None) => return hand_over(&environment, open),
        Err(error) => {
            let dir = environment.data_dir.clone();
            return report_failure(&StartError::DataDir { dir, why: error.to_string() });
        }
    };
    if let Some(data) = newer_data::find(&environment.data_dir) {
        return report_failure(&StartError::NewerData { dir: environment.data_dir, data });
    }
    if !has_display() {
        eprintln!(
            "holdoff: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), and the tray app needs one. holdoff status works without a display."
        );
        return ExitCode::from(69);
    }
    logging::start(&environment.log_dir, "holdoff");
    runtime::run(move |app| live(app, Start { environment, own, lock, open }))
}

/// The state the app starts with.
struct Start {
    environment: Environment,
    own: PathBuf,
    lock: FileLock,
    open: Option<Window>,
}

async fn live(app: AppHandle, start: Start) -> ExitCode {
    match try_live(app, start).await {
        Ok(End::Quit) => ExitCode::SUCCESS,
        Ok(End::Restart(program, window)) => replace(&program, window),
        Err(error) => {
            tracing::error!(%error, "Holdoff could not start");
            eprintln!("holdoff: {error}");
            ExitCode::from(70)
        }
    }
}

async fn try_live(app: AppHandle, start: Start) -> Result<End, String> {
    let Start { environment, own, lock, open } = start;
    // The tray and notifications use the session bus on Linux, and the app handle elsewhere.
    #[cfg(target_os = "linux")]
    let host = Bus::keep().await;
    #[cfg(not(target_os = "linux"))]
    let host = app.clone();
    // The tray starts before anything is read from disk, so that the user sees that the app has started.
    let (tell_tray, tray_events) = mpsc::unbounded_channel();
    let tray = Tray::start(host.clone(), model::starting(), tell_tray).await;

    let stamp = stamp(environment.clock.now().wall);
    let settings = settings_file::load(&environment.data_dir, &stamp);
    for problem in &settings.problems {
        tracing::warn!(%problem, "settings");
    }
    let engine = start::start(&environment, StoreFiles::new(app.clone()), &settings.settings).await;
    let address = address(&environment);
    let (tell_calls, calls) = mpsc::channel(16);
    let instance = InstanceLock::take(&environment, address.clone(), lock, tell_calls.clone())
        .map_err(|error| format!("cannot listen at {}: {error}", address.display()))?;
    let (tell_clicks, clicks) = mpsc::unbounded_channel();
    let (commands, end) = (engine.commands(), tell_clicks.clone());
    tokio::spawn(async move {
        instance.serve(commands).await;
        let _ = end.send(TrayAction::Quit);
    });
    #[cfg(target_os = "linux")]
    end_with_session(host.clone(), tell_clicks.clone());
    let notifier = Notifier::start(host, tell_clicks);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    let windows = Windows { own, tell_calls, open };
    let parts = Parts { app, windows, environment, engine, settings, calls, tray, tray_events, notifier, clicks };
    Ok(controller::run(parts).await)
}

/// Replaces this program with the installed one, in the same process where the system supports that. The lock and the socket
/// of this program are released with it.
fn replace(program: &Path, window: Option<Window>) -> ExitCode {
    let mut command = Command::new(program);
    command.args(window.map(Window::flag));
    #[cfg(unix)]
    let error = Some(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    let error = command.spawn().err();
    let Some(error) = error else { return ExitCode::SUCCESS };
    tracing::error!(%error, "could not start the installed program");
    eprintln!("holdoff: could not start {}: {error}", program.display());
    ExitCode::from(71)
}

/// Shuts the app down cleanly when the session it was started in is over.
#[cfg(target_os = "linux")]
fn end_with_session(bus: Bus, clicks: mpsc::UnboundedSender<TrayAction>) {
    tokio::spawn(async move {
        session::over(bus).await;
        tracing::info!("the session is over");
        let _ = clicks.send(TrayAction::Quit);
    });
}

/// The address the running app listens on.
pub fn address(environment: &Environment) -> PathBuf {
    ipc::address(&environment.data_dir, environment.runtime_dir.as_deref())
}

/// A second copy passes its request to the first one and exits with success.
fn hand_over(environment: &Environment, open: Option<Window>) -> ExitCode {
    let args: Vec<String> = open.map(Window::flag).into_iter().map(str::to_owned).collect();
    let address = address(environment);
    let deadline = Instant::now() + FIRST_COPY;
    loop {
        if let Some(mut first) = Client::connect(&address)
            && first.call(Call::Open { args: args.clone(), display: window_process::display() }).is_ok()
        {
            return ExitCode::SUCCESS;
        }
        if Instant::now() >= deadline {
            eprintln!("holdoff: another copy is running but does not answer. Quit it and start Holdoff again.");
            return ExitCode::from(75);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
