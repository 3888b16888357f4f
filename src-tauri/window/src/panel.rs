//! The panel: a small window without a frame, as high as its content. Like a menu, it closes when it loses focus.

use crate::page::builder;
use crate::placement::{Area, MARGIN, Screen, position, screen_of};
use holdoff_engine::ipc::Window;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tauri::{AppHandle, LogicalSize, Manager, PhysicalPosition, Runtime, WebviewWindow, WindowEvent};

const WIDTH: f64 = 360.0;
/// Until the page has measured its content.
const FIRST_HEIGHT: f64 = 560.0;
const LEAST_HEIGHT: f64 = 200.0;

/// The panel that is open, if any.
#[derive(Debug, Default)]
pub struct Panel {
    /// The icon that was clicked for it.
    icon: Mutex<Option<(i32, i32)>>,
    /// It closes when it loses focus, but only once it has had it.
    had_focus: AtomicBool,
    /// The user wants it to stay open.
    pinned: AtomicBool,
}

impl Panel {
    fn icon(&self) -> Option<(i32, i32)> {
        *self.icon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn pin(&self, pinned: bool) {
        self.pinned.store(pinned, Ordering::Relaxed);
    }
}

/// Opens it beside `icon`, if that is known.
pub fn open<R: Runtime>(app: &AppHandle<R>, icon: Option<(i32, i32)>) -> tauri::Result<()> {
    let panel = app.state::<Panel>();
    *panel.icon.lock().unwrap_or_else(PoisonError::into_inner) = icon;
    panel.had_focus.store(false, Ordering::Relaxed);
    panel.pin(false);
    let place = Place::of(app, icon);
    let height = place.as_ref().map_or(FIRST_HEIGHT, |place| place.height(FIRST_HEIGHT));
    // A compositor that tiles windows lets one of fixed size float.
    let window = builder(app, Window::Panel, "panel.html")
        .title("Holdoff")
        .inner_size(WIDTH, height)
        .min_inner_size(WIDTH, height)
        .max_inner_size(WIDTH, height)
        .decorations(false)
        .skip_taskbar(true)
        .always_on_top(true);
    let window = match place {
        Some(place) => {
            let at = place.position(height).to_logical(place.scale);
            window.position(at.x, at.y)
        }
        None => window.center(),
    };
    let window = window.build()?;
    let shown = window.clone();
    window.on_window_event(move |event| {
        let panel = shown.state::<Panel>();
        match event {
            WindowEvent::Focused(true) => panel.had_focus.store(true, Ordering::Relaxed),
            WindowEvent::Focused(false)
                if panel.had_focus.load(Ordering::Relaxed) && !panel.pinned.load(Ordering::Relaxed) =>
            {
                let _ = shown.destroy();
            }
            _ => {}
        }
    });
    Ok(())
}

/// Makes it as high as its content, up to the work area, and keeps it beside its icon.
pub fn fit<R: Runtime>(window: &WebviewWindow<R>, content: f64) -> tauri::Result<()> {
    let place = Place::of(window.app_handle(), window.state::<Panel>().icon());
    let height = place.as_ref().map_or(content.max(LEAST_HEIGHT), |place| place.height(content));
    let size = LogicalSize::new(WIDTH, height);
    window.set_min_size(Some(size))?;
    window.set_max_size(Some(size))?;
    window.set_size(size)?;
    match place {
        Some(place) => window.set_position(place.position(height)),
        None => Ok(()),
    }
}

/// The screen that it opens on.
struct Place {
    screen: Screen,
    scale: f64,
    icon: Option<(i32, i32)>,
}

impl Place {
    /// `None` if no monitor is known.
    fn of<R: Runtime>(app: &AppHandle<R>, icon: Option<(i32, i32)>) -> Option<Self> {
        let primary = app.primary_monitor().ok().flatten();
        let monitors: Vec<_> = primary.into_iter().chain(app.available_monitors().ok()?).collect();
        let area = |position: &PhysicalPosition<i32>, size: &tauri::PhysicalSize<u32>| Area {
            x: position.x,
            y: position.y,
            width: i32::try_from(size.width).unwrap_or(i32::MAX),
            height: i32::try_from(size.height).unwrap_or(i32::MAX),
        };
        let screen = |monitor: &tauri::Monitor| {
            let work = monitor.work_area();
            Screen { whole: area(monitor.position(), monitor.size()), work: area(&work.position, &work.size) }
        };
        let screens: Vec<Screen> = monitors.iter().map(screen).collect();
        let pointer = app.cursor_position().ok().map(|at| (at.x as i32, at.y as i32));
        let chosen = screen_of(&screens, icon, pointer)?;
        let monitor = monitors.iter().zip(&screens).find(|(_, screen)| **screen == chosen)?.0;
        Some(Self { screen: chosen, scale: monitor.scale_factor(), icon })
    }

    /// In logical pixels.
    fn height(&self, content: f64) -> f64 {
        let most = f64::from(self.screen.work.height - 2 * MARGIN) / self.scale;
        content.max(LEAST_HEIGHT).min(most.max(LEAST_HEIGHT))
    }

    fn position(&self, height: f64) -> PhysicalPosition<i32> {
        let pixels = |length: f64| (length * self.scale).round() as i32;
        let (x, y) = position(self.screen, self.icon, (pixels(WIDTH), pixels(height)));
        PhysicalPosition::new(x, y)
    }
}
