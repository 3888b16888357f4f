//! The whole app in a hostile or careless environment: another copy of it, other programs and users of the computer, a
//! silent bus, and names that contain code.

mod outside;
mod page;
mod poller;
mod private;
mod socket;
mod strangers;
mod watching;
