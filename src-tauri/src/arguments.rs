//! The program's arguments. People use the command `holdoff`; these are what it passes on.

use holdoff_engine::ipc::Window;
use std::ffi::OsString;

#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// The tray app, with a window to open at once.
    Tray { open: Option<Window> },
    /// Look at the desktop, print what is found, and end: for `holdoff doctor`.
    Look,
    /// The process of the windows, started by the tray app.
    Windows { first: Window },
}

/// # Errors
/// A sentence about the argument that is not known.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Role, String> {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(Role::Tray { open: None }),
        [one] if window(one).is_some() => Ok(Role::Tray { open: window(one) }),
        ["--look"] => Ok(Role::Look),
        ["--windows", one] if window(one).is_some() => {
            Ok(Role::Windows { first: window(one).unwrap_or(Window::Panel) })
        }
        _ => Err(format!("unknown arguments: {}. Use the command holdoff; see holdoff --help.", words.join(" "))),
    }
}

/// `--panel` and `--settings`.
pub fn window(arg: &str) -> Option<Window> {
    match arg {
        "--panel" => Some(Window::Panel),
        "--settings" => Some(Window::Settings),
        _ => None,
    }
}

/// The argument that opens a window.
pub fn flag(window: Window) -> &'static str {
    match window {
        Window::Panel => "--panel",
        Window::Settings => "--settings",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        let role = |args: &[&str]| parse(args.iter().map(OsString::from));
        assert_eq!(role(&[]), Ok(Role::Tray { open: None }));
        assert_eq!(role(&["--settings"]), Ok(Role::Tray { open: Some(Window::Settings) }));
        assert_eq!(role(&["--windows", flag(Window::Panel)]), Ok(Role::Windows { first: Window::Panel }));
        assert_eq!(role(&["--look"]), Ok(Role::Look));
        assert!(role(&["--windows"]).is_err());
        assert!(role(&["--panel", "--panel"]).is_err());
    }
}
