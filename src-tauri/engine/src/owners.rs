//! The programs that own the sign-ins, as the other modules use them. What is one program's alone is in a folder of its own,
//! which nothing but this list and its own command names.

pub use crate::claude_code::sessions::Sessions;
pub use crate::claude_code::{CredentialStore, LockedStore, locations, sign_in_launcher, status_line};
