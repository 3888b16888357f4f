//! The windows, in a process of their own: a web engine that was loaded once gives its memory back only with the
//! process it was loaded in.

mod commands;
mod host;
mod link;
mod page;

pub use host::Host;

#[cfg(target_os = "linux")]
use crate::bus;
use crate::{app, context, logs};
use holdoff_engine::environment::Environment;
use holdoff_engine::ipc::{self, FromApp, Window};
use link::Link;
use std::process::ExitCode;
use tauri::{AppHandle, Emitter, Manager, Wry};
use tokio::sync::mpsc;

/// The process of the windows: it ends with the last of them, or with the app.
pub fn run(environment: &Environment, first: Window) -> ExitCode {
    logs::start(environment, "windows");
    let address = app::address(environment);
    let attached = tauri::async_runtime::block_on(ipc::attach(&address));
    let (calls, said) = match attached {
        Ok(attached) => attached,
        Err(error) => {
            eprintln!("holdoff: the tray app is not running: {error}");
            return ExitCode::from(69);
        }
    };
    let link = Link::new(calls);
    let built = tauri::Builder::default()
        .manage(link.clone())
        .invoke_handler(commands::handler())
        .setup(move |app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            page::show(app.handle(), first)?;
            tauri::async_runtime::spawn(listen(app.handle().clone(), link, said));
            Ok(())
        })
        .build(context());
    match built {
        Ok(app) => {
            #[cfg(target_os = "linux")]
            bus::outlive();
            app.run(|_, _| {});
        }
        Err(error) => {
            eprintln!("holdoff: the window could not be opened: {error}");
            return ExitCode::from(69);
        }
    }
    ExitCode::SUCCESS
}

/// Does what the app says until the app is gone.
async fn listen(app: AppHandle<Wry>, link: Link, mut said: mpsc::Receiver<FromApp>) {
    link.attach().await;
    while let Some(message) = said.recv().await {
        match message {
            FromApp::Answer { id, answer } => link.answered(id, answer),
            FromApp::View { view } => {
                let _ = app.emit(page::VIEW_EVENT, &view);
                app.state::<Link>().seen(view);
            }
            FromApp::Show { window } => {
                let handle = app.clone();
                let _ = app.run_on_main_thread(move || {
                    if let Err(error) = page::show(&handle, window) {
                        tracing::error!(%error, "a window could not be shown");
                    }
                });
            }
        }
    }
    app.exit(0);
}
