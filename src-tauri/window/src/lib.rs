//! The windows, in a separate process: a web engine frees its memory only when its process ends. It is a client of the tray
//! app's socket ([`holdoff_engine::ipc`]), and no token crosses that.

mod client;
mod commands;
mod page;
mod panel;
mod placement;
mod window;

use client::Link;
use holdoff_engine::ipc::{self, FromApp, Window};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::{logging, private_files};
use std::ffi::OsString;
use std::process::ExitCode;
use tauri::{AppHandle, Emitter, Wry};
use tokio::sync::mpsc;

/// The exit code if no tray app was found, from sysexits(3).
const NO_APP: u8 = 69;

/// Runs the program: shows the window in its arguments, until the last window is closed or the app ends.
pub fn main() -> ExitCode {
    private_files::begin();
    let Some(first) = wanted(std::env::args_os().skip(1)) else {
        eprintln!(
            "holdoff-window: the tray app starts this program with --panel or --settings. Use the command holdoff."
        );
        return ExitCode::from(64);
    };
    match Environment::from_process() {
        Ok(environment) => run(&environment, first.0, first.1),
        Err(error) => {
            eprintln!("holdoff: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// A window, and the position of the icon that was clicked for it.
type Wanted = (Window, Option<(i32, i32)>);

fn wanted(mut args: impl Iterator<Item = OsString>) -> Option<Wanted> {
    let first = Window::from_flag(args.next()?.to_str()?)?;
    let icon = match args.next() {
        Some(icon) => Some(ipc::icon_of_argument(icon.to_str()?)?),
        None => None,
    };
    args.next().is_none().then_some((first, icon))
}

/// Shows `first`, beside `icon` if that is known, and every other requested window, until the last window is closed.
pub fn run(environment: &Environment, first: Window, icon: Option<(i32, i32)>) -> ExitCode {
    // Comes first: the view arrives while the web engine is loading.
    let attached = tauri::async_runtime::block_on(ipc::attach());
    let (calls, said) = match attached {
        Ok(attached) => attached,
        Err(error) => {
            eprintln!("holdoff: only the tray app can start this program: {error}");
            return ExitCode::from(NO_APP);
        }
    };
    if !display_is_there() {
        eprintln!("holdoff: cannot connect to the display, so no window can be shown.");
        return ExitCode::from(ipc::NO_DISPLAY);
    }
    let link = Link::new(calls);
    let (tell_app, app) = tokio::sync::oneshot::channel();
    tauri::async_runtime::spawn(listen(app, link.clone(), said));
    let built = tauri::Builder::default()
        .manage(link)
        .manage(panel::Panel::default())
        .invoke_handler(commands::handler())
        .setup(move |app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            window::show(app.handle(), first, icon)?;
            let _ = tell_app.send(app.handle().clone());
            Ok(())
        })
        .build(context());
    logging::start(&environment.log_dir, "windows");
    match built {
        Ok(app) => {
            #[cfg(target_os = "linux")]
            outlive_the_bus();
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "no window can be shown");
            eprintln!("holdoff: could not open the window: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The windows' configuration, pages and permissions.
pub fn context<R: tauri::Runtime>() -> tauri::Context<R> {
    tauri::generate_context!("../../tauri.conf.json")
}

/// Stores the last view and obeys the app until it ends.
async fn listen(app: tokio::sync::oneshot::Receiver<AppHandle<Wry>>, link: Link, mut said: mpsc::Receiver<FromApp>) {
    link.attach().await;
    let mut app = std::pin::pin!(app);
    let mut wanted = Vec::new();
    let app = loop {
        tokio::select! {
            app = &mut app => break app,
            message = said.recv() => match message {
                Some(FromApp::View { view }) => link.seen(view),
                Some(FromApp::Answer { id, answer }) => link.answered(id, answer),
                Some(FromApp::Show { window, icon }) => wanted.push((window, icon)),
                Some(FromApp::OtherVersion) | None => {
                    said.close();
                    break app.await;
                }
            }
        }
    };
    let Ok(app) = app else { return };
    wanted.into_iter().for_each(|wanted| show(&app, wanted));
    while let Some(message) = said.recv().await {
        match message {
            FromApp::Answer { id, answer } => link.answered(id, answer),
            FromApp::View { view } => {
                let _ = app.emit(window::VIEW_EVENT, &view);
                link.seen(view);
            }
            FromApp::Show { window, icon } => show(&app, (window, icon)),
            FromApp::OtherVersion => break,
        }
    }
    app.exit(0);
}

fn show(app: &AppHandle<Wry>, (window, icon): Wanted) {
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || {
        if let Err(error) = window::show(&handle, window, icon) {
            tracing::error!(%error, "a window could not be shown");
        }
    });
}

/// Tauri's event loop panics where GTK finds no display.
#[cfg(target_os = "linux")]
fn display_is_there() -> bool {
    gtk::init().is_ok()
}

#[cfg(not(target_os = "linux"))]
fn display_is_there() -> bool {
    true
}

/// GLib ends a program when the session bus goes away, unless told otherwise. Must be called once GTK is up: the setting
/// belongs to the connection on which GTK registered the app.
#[cfg(target_os = "linux")]
fn outlive_the_bus() {
    if let Ok(bus) = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE) {
        bus.set_exit_on_close(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_accept_exactly_one_window() {
        let wanted = |args: &[&str]| wanted(args.iter().map(OsString::from));
        assert_eq!(wanted(&["--settings"]), Some((Window::Settings, None)));
        assert_eq!(wanted(&["--panel"]), Some((Window::Panel, None)));
        assert_eq!(wanted(&["--panel", "--icon=1200,-10"]), Some((Window::Panel, Some((1200, -10)))));
        for refused in
            [&[][..], &["--look"], &["--panel", "--panel"], &["--panel", "--icon=12"], &["--panel", "--icon=1,2", "x"]]
        {
            assert_eq!(wanted(refused), None, "{refused:?}");
        }
    }
}
