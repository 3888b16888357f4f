//! The person's session on Linux: its bus, which comes and goes, and its end.

mod end;
mod session_bus;

pub use end::over;
pub use session_bus::Bus;
