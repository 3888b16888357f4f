//! Builds and checks the UI with npm.

use std::env;

use anyhow::Result;

use crate::cmd::{Cmd, find_program};
use crate::fingerprint::Stamp;
use crate::packages::BROWSERS;
use crate::project::Project;
use crate::toolchain::NPM;

/// The variable in which the UI's tests expect the path of a browser.
const BROWSER: &str = "HOLDOFF_CHROMIUM";

/// Installs the UI's build dependencies, unless they match package-lock.json already.
pub fn install(project: &Project) -> Result<()> {
    let ui = project.ui();
    // In the folder that it describes, so that both are deleted together.
    let file = ui.join("node_modules/.holdoff-installed");
    let stamp = Stamp::new(file, &[ui.join("package-lock.json"), ui.join("package.json")], |_| true)?;
    if stamp.is_current() {
        println!("The UI's packages are already installed.");
        return Ok(());
    }
    stamp.forget()?;
    npm(project).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).run()?;
    stamp.keep()
}

/// Builds `ui/dist`, unless it is current: a new build would make cargo link the app again.
pub fn build(project: &Project) -> Result<()> {
    let ui = project.ui();
    let stamp = Stamp::new(ui.join("node_modules/.holdoff-built"), std::slice::from_ref(&ui), is_source)?;
    if stamp.is_current() && ui.join("dist").is_dir() {
        println!("The UI is already built.");
        return Ok(());
    }
    stamp.forget()?;
    script(project, "build")?;
    stamp.keep()
}

/// Runs the UI's tests with the browser in `PATH`, unless `HOLDOFF_CHROMIUM` names another.
pub fn test(project: &Project) -> Result<()> {
    let cmd = npm(project).args(["run", "test"]);
    match BROWSERS.iter().find_map(|name| find_program(name)) {
        Some(path) if env::var_os(BROWSER).is_none() => cmd.env(BROWSER, path).run(),
        _ => cmd.run(),
    }
}

/// Runs a script of package.json.
pub fn script(project: &Project, name: &str) -> Result<()> {
    npm(project).args(["run", name]).run()
}

fn npm(project: &Project) -> Cmd {
    Cmd::new(NPM).dir(&project.ui()).hidden_env("npm_config_update_notifier", "false").no_input()
}

/// Whether a file or folder of this name in `ui/` is a source, as opposed to a tool's output.
fn is_source(name: &str) -> bool {
    name != "node_modules" && name != "dist" && !name.starts_with("dist-") && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_dirs_are_not_sources() {
        for made in ["node_modules", "dist", "dist-mock", ".svelte-kit"] {
            assert!(!is_source(made), "{made}");
        }
        for source in ["src", "panel.html", "package-lock.json", "distance.ts"] {
            assert!(is_source(source), "{source}");
        }
    }
}
