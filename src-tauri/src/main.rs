//! The tray app and, except on Linux, the process of its windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

/// Wipes all freed memory: libraries hold tokens too, in buffers that they free without wiping.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    holdoff_engine::platform::private_files::begin();
    holdoff_tray::main()
}
