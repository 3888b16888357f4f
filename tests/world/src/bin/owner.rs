//! A stand-in for Claude Code that keeps a sign-in renewed: see `holdoff_world::claude_code`. It is configured by the
//! variables of `Owner::env` and prints each step as a line.
#![allow(clippy::print_stdout, reason = "telling what it did is how it is followed")]

fn main() {
    #[cfg(target_os = "linux")]
    holdoff_world::claude_code::Owner::from_env().run(&mut |said| println!("{said}"));
}
