//! The whole app among those who mean it no good, or do not know that it is there: another copy of it, other programs and
//! other users of the computer, a bus that says nothing, and names that are more than names.

mod outside;
mod page;
mod poller;
mod private;
mod socket;
mod strangers;
mod watching;
