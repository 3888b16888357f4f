//! The parts used here of the Desktop Entry Specification 1.5 and the Desktop Application Autostart Specification.

use std::collections::BTreeMap;

const GROUP: &str = "[Desktop Entry]";
/// Characters that require an argument to be quoted.
const RESERVED: &str = " \t\n\r\"'\\><~|&;$*?#()`";

/// The keys of the main group. Each key has its first value, with escapes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DesktopEntry(BTreeMap<String, String>);

impl DesktopEntry {
    /// Parses leniently. An entry without the main group has no keys.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).skip_while(|line| *line != GROUP).skip(1);
        let mut keys = BTreeMap::new();
        for line in lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#')) {
            if let Some((key, value)) = line.split_once('=') {
                keys.entry(key.trim_end().to_owned()).or_insert_with(|| value.trim_start().to_owned());
            }
        }
        Self(keys)
    }

    /// Whether a session of these desktops starts the entry, provided its program exists.
    pub fn is_started_in(&self, desktops: &[String]) -> bool {
        let listed = |key: &str| {
            let names = self.0.get(key)?;
            Some(names.split(';').any(|name| desktops.iter().any(|desktop| desktop == name)))
        };
        self.0.get("Type").is_some_and(|kind| kind == "Application")
            && !self.is_true("Hidden")
            && !self.is_switched_off()
            && listed("OnlyShowIn").unwrap_or(true)
            && !listed("NotShowIn").unwrap_or(false)
    }

    /// Desktop settings disable an entry by a key of their own and keep the file: `X-GNOME-Autostart-enabled`,
    /// `X-MATE-Autostart-enabled` and similar.
    fn is_switched_off(&self) -> bool {
        let switch = |key: &str| key.starts_with("X-") && key.to_ascii_lowercase().ends_with("-autostart-enabled");
        self.0.iter().any(|(key, value)| switch(key) && !is_true(value))
    }

    fn is_true(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| is_true(value))
    }

    /// The programs that must exist for the entry to be started.
    pub fn programs(&self) -> Vec<String> {
        let tried = self.0.get("TryExec").and_then(|value| unescape(value));
        let exec = self.0.get("Exec").map(|value| unescape(value).and_then(|line| first_argument(&line)));
        // An unreadable value starts nothing: no program has an empty name.
        tried.into_iter().chain([exec.flatten().unwrap_or_default()]).collect()
    }
}

/// Also accepts `1`, which the oldest entries use.
fn is_true(value: &str) -> bool {
    value == "true" || value == "1"
}

/// The value of an `Exec` key that starts this program without arguments.
pub fn exec(program: &str) -> String {
    let program_alone = quoted(program);
    // The specification forbids `=` in a program name, and GLib looks up a name with `%` as one with `%%`.
    let by_shell = || format!("/bin/sh -c {} {program_alone}", quoted("exec \"$0\""));
    let line = if program.contains(['=', '%']) { by_shell() } else { program_alone.clone() };
    // The escaping of all string values in an entry applies on top of the quoting.
    line.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

/// Quotes one argument.
fn quoted(text: &str) -> String {
    let literal = text.replace('%', "%%");
    if !literal.contains(|c| RESERVED.contains(c)) {
        return literal;
    }
    let mut quoted = String::from("\"");
    for c in literal.chars() {
        if "\"`$\\".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted + "\""
}

/// Removes the escapes of a string value; `None` if an escape is invalid.
fn unescape(value: &str) -> Option<String> {
    let (mut text, mut chars) = (String::new(), value.chars());
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                's' => ' ',
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

/// The program in an `Exec` value.
fn first_argument(line: &str) -> Option<String> {
    let (mut word, mut chars) = (String::new(), line.trim_start().chars());
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => word.push(chars.next()?),
            ' ' | '\t' | '\n' if !quoted => break,
            '%' => match chars.next()? {
                '%' => word.push('%'),
                _ => return None,
            },
            c => word.push(c),
        }
    }
    (!quoted && !word.is_empty()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folder names that a user may have, and some unlikely ones.
    const NAMES: [&str; 13] = [
        "/usr/bin/holdoff-tray",
        "/home/ann/My Programs/holdoff-tray",
        "/home/ann/100% mine/holdoff-tray",
        "/home/ann/a=b/holdoff-tray",
        "/home/ann/it's/holdoff-tray",
        "/home/ann/a \"quoted\" one/holdoff-tray",
        "/home/ann/back\\slash/holdoff-tray",
        "/home/ann/$HOME `id`/holdoff-tray",
        "/home/ann/a;b&c|d<e>f(g)h#i*j?k~l/holdoff-tray",
        "/home/ann/tab\tand\nline/holdoff-tray",
        "/home/ann/Übung/ホールド/holdoff-tray",
        "/home/ann/%f %% %/holdoff-tray",
        "/home/ann/\\$\\\\/holdoff-tray",
    ];

    fn entry(keys: &str) -> DesktopEntry {
        DesktopEntry::parse(&format!("[Desktop Entry]\nType=Application\n{keys}\n"))
    }

    #[test]
    fn exec_key_is_quoted_per_the_desktop_entry_spec() {
        assert_eq!(exec("/usr/bin/holdoff-tray"), "/usr/bin/holdoff-tray");
        assert_eq!(exec("/a b/holdoff-tray"), "\"/a b/holdoff-tray\"");
        assert_eq!(exec("/100%/x"), r#"/bin/sh -c "exec \\"\\$0\\"" /100%%/x"#);
        assert_eq!(exec("/a=b/x"), r#"/bin/sh -c "exec \\"\\$0\\"" /a=b/x"#);
        assert_eq!(exec("/$x"), r#""/\\$x""#);
        assert_eq!(exec("/a\\b"), r#""/a\\\\b""#);
        assert_eq!(exec("/a\nb"), r#""/a\nb""#);
    }

    #[test]
    fn exec_key_round_trips_program_paths() {
        for name in NAMES {
            let entry = entry(&format!("Exec={}", exec(name)));
            let program = if name.contains(['=', '%']) { "/bin/sh" } else { name };
            assert_eq!(entry.programs(), [program], "{entry:?}");
        }
    }

    /// Has GLib, which starts the entries of most desktops, start a program with each of these names.
    #[test]
    fn exec_key_launches_the_intended_program_under_glib() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for (n, name) in NAMES.iter().enumerate() {
            let program = folder.path().join(n.to_string()).join(name.trim_start_matches('/'));
            let told = folder.path().join(format!("told-{n}"));
            std::fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::fs::write(&program, format!("#!/bin/sh\necho \"$#\" >'{}'\n", told.display())).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            let file = folder.path().join(format!("{n}.desktop"));
            let exec = exec(program.to_str().unwrap());
            std::fs::write(&file, format!("[Desktop Entry]\nType=Application\nName=Holdoff\nExec={exec}\n")).unwrap();
            let output = std::process::Command::new("gio").arg("launch").arg(&file).output();
            let output = output.expect("gio (Debian package libglib2.0-bin) starts a desktop entry");
            assert!(output.status.success(), "{exec}: {output:?}");
            let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while std::fs::read_to_string(&told).unwrap_or_default() != "0\n" {
                assert!(std::time::Instant::now() < until, "{exec} was not started");
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    }

    #[test]
    fn desktop_entry_disabled_by_a_key_is_not_started() {
        let xfce = ["XFCE".to_owned()];
        for keys in ["", "Hidden=false", "X-GNOME-Autostart-enabled=true", "OnlyShowIn=GNOME;XFCE;", "NotShowIn=KDE;"] {
            assert!(entry(keys).is_started_in(&xfce), "{keys}");
        }
        for keys in [
            "Hidden=true",
            "Hidden = true",
            "X-GNOME-Autostart-enabled=false",
            "X-MATE-Autostart-enabled=false",
            "OnlyShowIn=GNOME;",
            "NotShowIn=XFCE;",
            "# a comment\nHidden=1",
        ] {
            assert!(!entry(keys).is_started_in(&xfce), "{keys}");
        }
        assert!(!DesktopEntry::parse("Type=Application\nExec=holdoff\n").is_started_in(&xfce), "without its group");
        assert!(!DesktopEntry::parse("[Desktop Entry]\nType=Link\n").is_started_in(&xfce));
        let other_group = "[Desktop Entry]\nType=Application\n[Desktop Action x]\nHidden=true\n";
        assert!(DesktopEntry::parse(other_group).is_started_in(&xfce), "another group says nothing of it");
    }

    #[test]
    fn exec_key_malformed_or_missing_yields_no_program() {
        for line in ["Exec=\"/a b", "Exec=", "Exec=\\q", "Exec=%f", "Hidden=false"] {
            assert_eq!(entry(line).programs(), [""], "{line}");
        }
        assert_eq!(entry("TryExec=holdoff\nExec=env A=1 holdoff").programs(), ["holdoff", "env"]);
    }
}
