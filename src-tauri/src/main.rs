//! The tray app, and the process of its windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

/// What is freed is wiped: libraries hold tokens too, in buffers of which they know nothing better than to free them.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    holdoff_engine::platform::private_files::begin();
    holdoff_tray::main()
}
