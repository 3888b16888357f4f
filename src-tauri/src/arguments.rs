//! The program's arguments. Users run the command `holdoff`, which passes these on.

use holdoff_engine::ipc::Window;
use std::ffi::OsString;

#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// The tray app, with an optional window to open at once.
    Tray { open: Option<Window> },
    /// Probes the desktop, prints the result and exits; used by `holdoff doctor`.
    Probe,
    /// The window process, started by the tray app. On Linux it is a separate program.
    #[cfg(not(target_os = "linux"))]
    Windows { first: Window },
}

/// # Errors
/// Fails if an argument is unknown; the error is a sentence for the user.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Role, String> {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(Role::Tray { open: None }),
        ["--look"] => Ok(Role::Probe),
        [one] if Window::from_flag(one).is_some() => Ok(Role::Tray { open: Window::from_flag(one) }),
        #[cfg(not(target_os = "linux"))]
        ["--windows", one] if Window::from_flag(one).is_some() => {
            Ok(Role::Windows { first: Window::from_flag(one).unwrap_or(Window::Panel) })
        }
        _ => Err(format!("unknown arguments: {}. Use the command holdoff; see holdoff --help.", words.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_select_the_role_or_are_rejected() {
        let role = |args: &[&str]| parse(args.iter().map(OsString::from));
        assert_eq!(role(&[]), Ok(Role::Tray { open: None }));
        assert_eq!(role(&["--settings"]), Ok(Role::Tray { open: Some(Window::Settings) }));
        assert_eq!(role(&["--look"]), Ok(Role::Probe));
        assert!(role(&["--windows"]).is_err());
        assert!(role(&["--panel", "--panel"]).is_err());
    }
}
