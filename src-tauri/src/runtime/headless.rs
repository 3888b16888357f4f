//! Tauri on the windowless runtime behind its `test` feature. A runtime of our own would have to implement the hundred
//! methods of a window system as no-ops; Tauri keeps this one up to date. Its event loop is never run: it would wake every
//! second without any events.

use crate::memory;
use std::process::ExitCode;
use std::time::Duration;

/// How long an idle blocking thread is kept.
const HELPERS: Duration = Duration::from_secs(1);

/// Tauri without a window system.
pub type Runtime = tauri::test::MockRuntime;

/// Runs `life` to its end, on this thread alone.
pub fn run<L: Future<Output = ExitCode>>(life: impl FnOnce(super::AppHandle) -> L) -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Disk access happens once in minutes, so idle threads end soon. Memory is returned then: the app is quiet.
    let runtime = runtime.enable_all().thread_keep_alive(HELPERS).on_thread_stop(memory::give_back);
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("holdoff: cannot create timers: {error}");
            return ExitCode::from(71);
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let app = match super::with_plugins(tauri::Builder::new()).build(context()) {
        Ok(app) => app,
        Err(error) => {
            eprintln!("holdoff: {error}");
            return ExitCode::from(70);
        }
    };
    let code = runtime.block_on(life(app.handle().clone()));
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// A context without pages and permissions. It sets the app's name and with it the app's folders.
fn context() -> tauri::Context<Runtime> {
    let mut context = tauri::test::mock_context(tauri::test::noop_assets());
    context.config_mut().identifier = holdoff_engine::platform::environment::IDENTIFIER.to_owned();
    context.config_mut().product_name = Some("Holdoff".to_owned());
    context.package_info_mut().name = "Holdoff".to_owned();
    context
}
