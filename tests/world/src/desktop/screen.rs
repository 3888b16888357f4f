//! The screen's content, and a pointer and keys to act on it.

use std::path::Path;
use std::time::Duration;

use super::{Desktop, Shade, x11};
use crate::eventually::{eventually, soon};
use crate::process;
use crate::spawn::{Spawned, tool};

/// A window with fewer colours has no text yet: antialiased letters alone bring more.
const COLOURS_OF_TEXT: usize = 12;
/// How long the tray may take to show something.
const TRAY: Duration = Duration::from_secs(15);
/// Prefix of the window titles of the panel's plugins, and of their tooltips and menus.
const TRAY_WINDOWS: &str = "wrapper-";
/// How long a desktop tool may run.
const TOOL: Duration = Duration::from_secs(20);

/// A visible window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its X window id.
    pub id: u64,
    /// The process that it names as its own.
    pub pid: u32,
    /// Its title.
    pub title: String,
    /// Left edge, in pixels.
    pub x: i32,
    /// Upper edge, in pixels.
    pub y: i32,
    /// Width, in pixels.
    pub width: u32,
    /// Height, in pixels.
    pub height: u32,
}

impl Desktop {
    /// Takes a screenshot of the whole screen.
    pub async fn screenshot(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder for the picture");
        }
        let path = std::path::absolute(path).expect("a path for the picture");
        self.run("import", self.command(&tool("import", "imagemagick")).args(["-window", "root"]).arg(path)).await;
    }

    /// The colour of one pixel: red, green, blue.
    pub async fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let mut command = self.command(&tool("import", "imagemagick"));
        command.args(["-window", "root", "-crop", &format!("1x1+{x}+{y}"), "-depth", "8"]);
        command.args(["-format", "%[fx:int(255*r)] %[fx:int(255*g)] %[fx:int(255*b)]", "info:-"]);
        let said = self.run("import", &mut command).await;
        let parts: Vec<u8> = said.split_whitespace().filter_map(|part| part.parse().ok()).collect();
        parts.try_into().unwrap_or_else(|_| panic!("import names no colour: {said}"))
    }

    /// A hash of the screen: equal pictures have equal hashes.
    pub async fn fingerprint(&self) -> String {
        let mut command = self.command(&tool("import", "imagemagick"));
        self.run("import", command.args(["-window", "root", "-format", "%#", "info:-"])).await
    }

    /// Waits until the screen differs from `before`.
    ///
    /// # Panics
    /// If it still shows the same after `timeout`.
    pub async fn wait_for_change(&self, before: &str, timeout: Duration) {
        let changed = async || (self.fingerprint().await != before).then_some(());
        eventually(timeout, "something changes on the screen", changed).await;
    }

    /// Waits up to `timeout` until two consecutive screenshots are equal. Returns whether they were.
    pub async fn is_still(&self, timeout: Duration) -> bool {
        let mut last = self.fingerprint().await;
        let still = soon(timeout, async || {
            let now = self.fingerprint().await;
            if now == last {
                return Ok(());
            }
            last = now;
            Err(())
        });
        still.await.is_ok()
    }

    /// All windows on the screen that belong to a process and are large enough to be real windows.
    pub async fn windows(&self) -> Vec<Window> {
        let listed = self.xdotool(&["search", "--onlyvisible", "--name", ""]).await.unwrap_or_default();
        let mut windows = Vec::new();
        for id in listed.lines().filter_map(|line| line.trim().parse().ok()) {
            windows.extend(self.window(id).await);
        }
        windows
    }

    /// The windows of a process and its descendants.
    pub async fn windows_of(&self, pid: u32) -> Vec<Window> {
        let mut family = process::descendants(pid);
        family.push(pid);
        let mut windows = self.windows().await;
        windows.retain(|window| family.contains(&window.pid));
        windows
    }

    /// Waits for a window that `wanted` accepts, of a process or one of its descendants, with content drawn in it.
    ///
    /// # Panics
    /// If there is none within `timeout`: lists the existing windows.
    pub async fn wait_for_window(&self, pid: u32, timeout: Duration, wanted: impl Fn(&Window) -> bool) -> Window {
        let found = soon(timeout, async || {
            for window in self.windows_of(pid).await {
                if wanted(&window) && self.colours(window.id).await.is_some_and(|colours| colours >= COLOURS_OF_TEXT) {
                    return Ok(window);
                }
            }
            Err(self.windows().await)
        })
        .await;
        found.unwrap_or_else(|seen| panic!("waited {timeout:?} in vain for a window of process {pid}; seen: {seen:#?}"))
    }

    /// Waits until a process and its descendants have no window.
    ///
    /// # Panics
    /// If they still have one after `timeout`.
    pub async fn wait_for_no_window(&self, pid: u32, timeout: Duration) {
        let what = format!("process {pid} has no window");
        eventually(timeout, what, async || self.windows_of(pid).await.is_empty().then_some(())).await;
    }

    /// Closes a window as its close button does: sends WM_DELETE_WINDOW to the program.
    pub async fn close_window(&self, window: &Window) {
        let id = u32::try_from(window.id).expect("the X server numbers windows in 32 bits");
        x11::ask_to_close(&self.display, id).unwrap_or_else(|e| panic!("cannot close {window:?}: {e}"));
    }

    /// Moves the pointer.
    pub async fn point(&self, x: i32, y: i32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]).await.expect("a pointer that moves");
    }

    /// Moves the pointer and clicks: button 1 is left, 3 is right.
    pub async fn click(&self, x: i32, y: i32, button: u8) {
        let (x, y) = (x.to_string(), y.to_string());
        self.xdotool(&["mousemove", &x, &y, "click", &button.to_string()]).await.expect("a pointer that clicks");
    }

    /// Moves the pointer to an empty place, so that a tooltip disappears.
    pub async fn point_away(&self) {
        let (width, height) = self.size;
        self.point(width as i32 / 2, height as i32 - 1).await;
    }

    /// Presses a key by its X name: `Tab`, `Escape`, `ctrl+w`.
    pub async fn key(&self, key: &str) {
        self.xdotool(&["key", key]).await.expect("a key that can be pressed");
    }

    /// The centre of the tray in the panel: the centre of the icon if there is only one.
    ///
    /// # Panics
    /// If the panel shows no tray with an icon.
    pub async fn tray_position(&self) -> (i32, i32) {
        let plugin = eventually(TRAY, "the tray in the panel shows an icon", async || {
            self.windows().await.into_iter().find(|window| window.title.starts_with(TRAY_WINDOWS) && window.y == 0)
        });
        let plugin = plugin.await;
        (plugin.x + plugin.width as i32 / 2, plugin.y + plugin.height as i32 / 2)
    }

    /// Hovers over the tray icon until its tooltip shows. Returns the tooltip's window.
    ///
    /// # Panics
    /// If none shows.
    pub async fn hover_tray(&self) -> Window {
        let (x, y) = self.tray_position().await;
        self.point_away().await;
        eventually(TRAY, "no tooltip and no menu hang from the tray", async || {
            self.hanging_from_tray().await.is_none().then_some(())
        })
        .await;
        self.point(x, y).await;
        eventually(TRAY, "the tray icon's tooltip shows", async || self.hanging_from_tray().await).await
    }

    /// Opens the menu of the tray icon with a right click and leaves it open (`Escape` closes it). Returns the menu's
    /// window.
    ///
    /// # Panics
    /// If none opens.
    pub async fn open_tray_menu(&self) -> Window {
        let (x, y) = self.tray_position().await;
        eventually(TRAY, "the tray icon's menu opens", async || {
            // A tooltip would be mistaken for the menu: moving the pointer away closes it.
            self.point_away().await;
            eventually(TRAY, "nothing hangs from the tray", async || {
                self.hanging_from_tray().await.is_none().then_some(())
            })
            .await;
            self.click(x, y, 3).await;
            let menu = eventually(TRAY, "some menu opens", async || self.hanging_from_tray().await).await;
            if menu.y > y {
                return Some(menu);
            }
            // The panel's own menu opens at the pointer and is the only one until the panel has read the item's menu.
            self.key("Escape").await;
            None
        })
        .await
    }

    /// A tooltip or menu of a tray icon, if one is drawn.
    async fn hanging_from_tray(&self) -> Option<Window> {
        let hangs = |window: &Window| window.title.starts_with(TRAY_WINDOWS) && window.y > 0;
        let window = self.windows().await.into_iter().find(hangs)?;
        (self.colours(window.id).await? >= COLOURS_OF_TEXT).then_some(window)
    }

    pub(super) async fn paint_background(&self, shade: Shade) {
        let (colour, [red, green, blue]) = match shade {
            Shade::Light => ("xc:#dfe3e8", [0xdf, 0xe3, 0xe8]),
            Shade::Dark => ("xc:#1d2126", [0x1d, 0x21, 0x26]),
        };
        let (width, height) = self.size;
        let mut command = self.command(&tool("display", "imagemagick"));
        command.args(["-size", &format!("{width}x{height}"), "-window", "root", colour]);
        let painter = Spawned::start("display", &mut command).finished(TOOL).await;
        // The tool exits with 1 even on success, so the result itself is checked.
        let painted = self.pixel(width / 2, height - 1).await;
        assert_eq!(painted, [red, green, blue], "display has not painted the background: {}", painter.stderr);
    }

    async fn window(&self, id: u64) -> Option<Window> {
        let id_text = id.to_string();
        let pid = self.xdotool(&["getwindowpid", &id_text]).await?.trim().parse().ok()?;
        let title = self.xdotool(&["getwindowname", &id_text]).await?.trim_end().to_owned();
        let geometry = self.xdotool(&["getwindowgeometry", "--shell", &id_text]).await?;
        let field = |name: &str| geometry.lines().find_map(|line| line.strip_prefix(name)?.parse::<i32>().ok());
        let (width, height) = (field("WIDTH=")?.unsigned_abs(), field("HEIGHT=")?.unsigned_abs());
        let window = Window { id, pid, title, x: field("X=")?, y: field("Y=")?, width, height };
        (width > 8 && height > 8).then_some(window)
    }

    async fn colours(&self, window: u64) -> Option<usize> {
        let mut command = self.command(&tool("import", "imagemagick"));
        command.args(["-window", &window.to_string(), "-format", "%k", "info:-"]);
        Spawned::start("import", &mut command).finished(TOOL).await.stdout.trim().parse().ok()
    }

    /// Runs xdotool; `None` if its target does not exist.
    async fn xdotool(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.command(&tool("xdotool", "xdotool"));
        let done = Spawned::start("xdotool", command.args(arguments)).finished(TOOL).await;
        done.status.success().then_some(done.stdout)
    }
}
