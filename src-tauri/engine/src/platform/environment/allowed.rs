//! The environment variables that a process with windows gets: only those that it needs. Others may hold anything, such as an
//! API key or a proxy password, which a web engine must not see.

use holdoff_core::providers::Provider;
use std::ffi::{OsStr, OsString};

const NAMES: &[&str] = &[
    // User, folders and language.
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "LANG",
    "LANGUAGE",
    // The desktop.
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DESKTOP_SESSION",
    "DESKTOP_STARTUP_ID",
    "DBUS_SESSION_BUS_ADDRESS",
    "ICEAUTHORITY",
    "XMODIFIERS",
    "XCURSOR_THEME",
    "XCURSOR_SIZE",
    "NO_AT_BRIDGE",
    "AT_SPI_BUS_ADDRESS",
    // Packaging.
    "APPDIR",
    "APPIMAGE",
    "SNAP",
    "FLATPAK_ID",
    "LD_LIBRARY_PATH",
    "RUST_BACKTRACE",
    // Allows windows to be driven from outside.
    "TAURI_WEBVIEW_AUTOMATION",
    // Windows.
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "USERPROFILE",
    "USERNAME",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "TEMP",
    "TMP",
];

/// Toolkits, graphics, and Holdoff's own variables.
const BEGINNINGS: &[&str] = &[
    "LC_",
    "XDG_",
    "GTK_",
    "GDK_",
    "GSK_",
    "GIO_",
    "GSETTINGS_",
    "G_",
    "GST_",
    "WEBKIT_",
    "JSC_",
    "LIBGL_",
    "MESA_",
    "EGL_",
    "__EGL_",
    "__GL",
    "GBM_",
    "VK_",
    "DRI_",
    "LIBVA_",
    "QT_",
    "GNOME_",
    "KDE_",
    "IBUS_",
    "FONTCONFIG_",
    "PROGRAMFILES",
    "HOLDOFF_",
];

/// The variables for a process with windows.
pub fn for_windows(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    vars.into_iter().filter(|(name, _)| is_allowed(name)).collect()
}

fn is_allowed(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    // Names are case-insensitive on Windows.
    let name = if cfg!(windows) { name.to_ascii_uppercase() } else { name.to_owned() };
    let names_a_folder = |provider: Provider| provider.owner_info().is_some_and(|info| info.folders.variable == name);
    NAMES.contains(&name.as_str())
        || Provider::ALL.into_iter().any(names_a_folder)
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webview_environment_has_display_variables_and_no_secrets() {
        let passed = |name: &str| !for_windows([(name.into(), "value".into())]).is_empty();
        for needed in [
            "HOME",
            "PATH",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "XAUTHORITY",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_RUNTIME_DIR",
            "XDG_DATA_HOME",
            "XDG_CURRENT_DESKTOP",
            "LANG",
            "LC_ALL",
            "TZ",
            "GDK_BACKEND",
            "GTK_THEME",
            "WEBKIT_DISABLE_DMABUF_RENDERER",
            "LIBGL_ALWAYS_SOFTWARE",
            "HOLDOFF_CLOCK",
            "HOLDOFF_ANTHROPIC_API",
        ] {
            assert!(passed(needed), "{needed}");
        }
        let keys = Provider::ALL.into_iter().filter_map(|provider| provider.pasted_key()?.variable);
        keys.for_each(|variable| assert!(!passed(variable), "{variable}"));
        for secret in [
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "SSH_AUTH_SOCK",
            "PGPASSWORD",
            "LD_PRELOAD",
            "EDITOR",
            "MY_XDG_KEY",
        ] {
            assert!(!passed(secret), "{secret}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn webview_environment_omits_names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStringExt;
        assert!(for_windows([(OsString::from_vec(b"XDG_\xff".to_vec()), "value".into())]).is_empty());
    }
}
