//! Completions and man pages, made of the same as the help.

use crate::args::{Args, Shell};
use crate::{USAGE, print};
use clap::CommandFactory;
use std::process::ExitCode;

pub fn completions(shell: Shell) -> ExitCode {
    use clap_complete::shells;
    let mut out = Vec::new();
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, name, &mut out),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, name, &mut out),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, name, &mut out),
        Shell::Power => clap_complete::generate(shells::PowerShell, &mut command, name, &mut out),
    }
    print(&String::from_utf8_lossy(&out))
}

/// The page of the whole, or of one command.
pub fn man(command: Option<&str>) -> ExitCode {
    let mut all = Args::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => match all.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                eprintln!("holdoff: there is no command {name}. See holdoff --help.");
                return ExitCode::from(USAGE);
            }
        },
    };
    let mut out = Vec::new();
    match clap_mangen::Man::new(page)
        .manual("Holdoff")
        .source(concat!("Holdoff ", env!("CARGO_PKG_VERSION")))
        .render(&mut out)
    {
        Ok(()) => print(&String::from_utf8_lossy(&out)),
        Err(error) => {
            eprintln!("holdoff: the page could not be made: {error}");
            ExitCode::FAILURE
        }
    }
}
