//! The user's session on Linux: its bus, which may be restarted, and its end.

mod end;
mod session_bus;

pub use end::over;
pub use session_bus::Bus;
