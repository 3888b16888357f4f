//! A stand-in for Claude Code that keeps a sign-in renewed: see `holdoff_world::claude_code`. It is told what to do by the
//! variables that `Owner::env` names, and says what it did, a line each.
#![allow(clippy::print_stdout, reason = "telling what it did is how it is followed")]

fn main() {
    #[cfg(target_os = "linux")]
    holdoff_world::claude_code::Owner::from_env().run(&mut |said| println!("{said}"));
}
