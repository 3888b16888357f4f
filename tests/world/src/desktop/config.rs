//! The configuration files of the desktop's own programs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Shade;

/// The service file in which Debian names the settings daemon of Xfce.
const XFCONF_SERVICE: &str = "/usr/share/dbus-1/services/org.xfce.Xfconf.service";

/// A session bus without activatable services: what was not started is not there.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=@RUN@/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// One panel along the top with a tray at its right end, and the version entry that suppresses the first-start dialog.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="@DARK@"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#;

/// Popups stay until they are closed, away from tooltips and menus; a left click runs the default action, as on other
/// desktops.
const DUNST: &str = r#"[global]
    width = 380
    height = 300
    origin = bottom-right
    offset = 12x12
    font = DejaVu Sans 10
    frame_width = 1
    separator_height = 2
    padding = 10
    horizontal_padding = 12
    corner_radius = 6
    markup = full
    show_indicators = no
    icon_position = left
    max_icon_size = 48
    mouse_left_click = do_action, close_current
    mouse_right_click = close_current
[urgency_low]
    timeout = 0
    @COLOURS@
[urgency_normal]
    timeout = 0
    @COLOURS@
[urgency_critical]
    timeout = 0
    @COLOURS@
"#;

/// Writes all files to the desktop's own home.
pub(super) fn write(dir: &Path, shade: Shade) {
    let channels = dir.join(".config/xfce4/xfconf/xfce-perchannel-xml");
    let dunst = dir.join(".config/dunst");
    for folder in [&channels, &dunst, &run(dir), &dir.join(".cache"), &dir.join(".local/share")] {
        fs::create_dir_all(folder).expect("a folder in the desktop's home");
    }
    fs::set_permissions(run(dir), fs::Permissions::from_mode(0o700)).expect("a private runtime folder");
    let colours = match shade {
        Shade::Light => "background = \"#fafafa\"\n    foreground = \"#202020\"\n    frame_color = \"#b0b0b0\"",
        Shade::Dark => "background = \"#2a2a2a\"\n    foreground = \"#f0f0f0\"\n    frame_color = \"#606060\"",
    };
    let dark = (shade == Shade::Dark).to_string();
    let files = [
        (bus_file(dir), BUS.replace("@RUN@", &run(dir).display().to_string())),
        (channels.join("xfce4-panel.xml"), PANEL.replace("@DARK@", &dark)),
        (dunst.join("dunstrc"), DUNST.replace("@COLOURS@", colours)),
    ];
    for (path, text) in files {
        fs::write(&path, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
    }
}

/// The environment of the desktop's own programs, without display and bus.
pub(super) fn env(dir: &Path) -> BTreeMap<String, String> {
    let under = |folder: &str| dir.join(folder).display().to_string();
    [
        ("HOME", dir.display().to_string()),
        ("XDG_CONFIG_HOME", under(".config")),
        ("XDG_CACHE_HOME", under(".cache")),
        ("XDG_DATA_HOME", under(".local/share")),
        ("XDG_RUNTIME_DIR", run(dir).display().to_string()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The configuration of the session bus.
pub(super) fn bus_file(dir: &Path) -> PathBuf {
    dir.join("bus.conf")
}

/// The settings daemon of Xfce; its path depends on the architecture.
pub(super) fn xfconfd() -> PathBuf {
    let service = fs::read_to_string(XFCONF_SERVICE)
        .unwrap_or_else(|e| panic!("{XFCONF_SERVICE}: {e}; on Debian: apt-get install --no-install-recommends xfconf"));
    let exec = service.lines().find_map(|line| line.strip_prefix("Exec="));
    PathBuf::from(exec.unwrap_or_else(|| panic!("{XFCONF_SERVICE} names no program")))
}

fn run(dir: &Path) -> PathBuf {
    dir.join("run")
}
