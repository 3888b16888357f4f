//! The person's session on Linux: its bus, which comes and goes, and its end.

mod bus;
mod end;

pub use bus::Bus;
pub use end::over;
