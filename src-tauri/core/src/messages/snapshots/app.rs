//! The app itself: starting at login, files that it cannot watch, an update of its program.

use super::*;

#[test]
fn app_environment_texts() {
    let titled = |(title, text): (&str, String)| format!("{title}: {text}");
    let all = [
        autostart_not_changed("permission denied"),
        autostart_not_as_written("~/.config/autostart/holdoff.desktop", true),
        autostart_not_as_written("~/.config/autostart/holdoff.desktop", false),
        titled(unwatched("~/.claude", "too many watches")),
        titled(updated("0.2.0")),
    ];
    expect![[r#"
        Could not change start at login: permission denied. The setting is unchanged.
        Start at login was changed, but according to ~/.config/autostart/holdoff.desktop the desktop still does not start Holdoff. Check that file.
        Start at login was changed, but according to ~/.config/autostart/holdoff.desktop the desktop still starts Holdoff. Check that file.
        Changes are noticed late: Holdoff cannot watch ~/.claude for changes: too many watches. It checks it every few seconds instead and keeps trying to watch it.
        Holdoff was updated: Holdoff restarts to use version 0.2.0.
    "#]].assert_eq(&lines(all, |one| one));
}
