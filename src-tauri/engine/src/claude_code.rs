//! What is Claude Code's alone: its sign-in, its status line and its sessions.

pub mod sessions;
pub mod sign_in_launcher;
pub mod status_line;
