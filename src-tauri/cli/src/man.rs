//! Shell completions and man pages, generated from the help.

use crate::args::{Args, Shell};
use crate::{USAGE, print};
use clap::{Command, CommandFactory};
use std::io;
use std::path::Path;
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

/// Prints the man page of the program or of one command.
pub fn man(command: Option<&str>) -> ExitCode {
    let all = built();
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
    match render(page) {
        Ok(page) => print(&String::from_utf8_lossy(&page)),
        Err(error) => failed(&error),
    }
}

/// Writes each page to a file of its own.
pub fn pages(folder: &Path) -> ExitCode {
    match write(&built(), folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn write(command: &Command, folder: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(folder.join(format!("{name}.1")), render(command.clone())?)?;
    // The subcommands of `help` repeat the same commands.
    let below = command.get_subcommands().filter(|_| command.get_name() != "help");
    below.filter(|command| !command.is_hide_set()).try_for_each(|command| write(command, folder))
}

fn built() -> Command {
    let mut all = Args::command();
    all.build();
    all
}

fn render(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command).manual("Holdoff");
    man.source(concat!("Holdoff ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
    Ok(page)
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("holdoff: could not create the page: {error}");
    ExitCode::FAILURE
}
