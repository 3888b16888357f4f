//! Tauri on its own runtime without windows, the one behind its `test` feature. Writing another would be the hundred
//! methods of a window system, each of them empty; this one is kept in step with Tauri by Tauri. Its event loop is never
//! run: it wakes every second, and there are no events.

use crate::memory;
use std::process::ExitCode;
use std::time::Duration;

/// How long a thread that waited for a disk is kept for the next time.
const HELPERS: Duration = Duration::from_secs(1);

/// Tauri without a window system.
pub type Runtime = tauri::test::MockRuntime;

/// Lives `life` to its end, on this thread alone.
pub fn run<L: Future<Output = ExitCode>>(life: impl FnOnce(super::AppHandle) -> L) -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // A disk is asked for something once in minutes: the threads for that are not kept. When one goes, it has been quiet.
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

/// No pages and no permissions: what is the app's name, and where its folders are.
fn context() -> tauri::Context<Runtime> {
    let mut context = tauri::test::mock_context(tauri::test::noop_assets());
    context.config_mut().identifier = holdoff_engine::platform::environment::IDENTIFIER.to_owned();
    context.config_mut().product_name = Some("Holdoff".to_owned());
    context.package_info_mut().name = "Holdoff".to_owned();
    context
}
