//! Owns everything that is shown. All events that may change it arrive here; the tray and the windows receive only
//! differences.

mod background_jobs;
mod refresh;
mod sign_in;
mod updates;
mod windows;

use crate::autostart::Autostart;
use crate::end_signal;
use crate::memory;
use crate::metrics_exporter::Exporter;
use crate::notify::Notifier;
use crate::runtime::AppHandle;
use crate::sign_in_session::{ProbeResult, SigningIn};
use crate::tray::menu::{TrayAction, TrayModel};
use crate::tray::model;
use crate::tray::{Tray, TrayEvent};
use crate::view::View;
use crate::view_context::ViewContext;
use crate::view_model;
use crate::window_process::WindowProcess;
use holdoff_core::account::privacy;
use holdoff_core::messages::NoWindow;
use holdoff_core::{AccountId, LocalTime, messages};
use holdoff_engine::ipc::{Call, FromApp, Responder, Window};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::local_time::local_time;
use holdoff_engine::storage::history::News;
use holdoff_engine::storage::settings_file::Loaded;
use holdoff_engine::storage::state_store::Snapshot;
use holdoff_engine::tasks::runner::Announcement;
use holdoff_engine::tasks::start::{Engine, shut_down};
use holdoff_engine::tasks::supervisor::Command;
use holdoff_engine::updates::UpdateCommand;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// After this time without an event, memory that the last events needed is returned.
const REST_AFTER: Duration = Duration::from_secs(2);

/// The parts the controller is built from.
pub struct Parts {
    pub app: AppHandle,
    pub windows: Windows,
    pub environment: Environment,
    pub engine: Engine,
    pub settings: Loaded,
    pub calls: mpsc::Receiver<(Call, Responder)>,
    pub tray: Tray,
    pub tray_events: mpsc::UnboundedReceiver<TrayEvent>,
    pub notifier: Notifier,
    pub clicks: mpsc::UnboundedReceiver<TrayAction>,
}

/// What is needed to open windows.
pub struct Windows {
    /// The path of this program.
    pub own: PathBuf,
    /// Receives the calls of the window process.
    pub tell_calls: mpsc::Sender<(Call, Responder)>,
    /// The window to open at the start.
    pub open: Option<Window>,
}

struct Controller {
    app: AppHandle,
    environment: Environment,
    engine: Engine,
    settings: Loaded,
    exporter: Exporter,
    history: watch::Receiver<News>,
    tray: Tray,
    windows: WindowProcess,
    local: LocalTime,
    autostart: Autostart,
    starts_at_login: bool,
    shown: Shown,
    signing_in: SigningIn,
    notifier: Notifier,
    tell_found: mpsc::UnboundedSender<(ProbeResult, Option<Responder>)>,
    /// Whether the missing tray was reported. The window is opened in its place, once.
    no_place_said: bool,
    /// The last reported reason why no window opened, and when it was reported.
    no_window: Option<(NoWindow, Instant)>,
}

/// The state shown last.
#[derive(Default)]
struct Shown {
    tray: Option<TrayModel>,
    view: Option<View>,
}

enum Next {
    Go,
    Quit,
    /// Start the installed program, with this window.
    Restart(Option<Window>),
}

/// How the app ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Quit,
    /// Start this program next, with this window.
    Restart(PathBuf, Option<Window>),
}

/// Runs until the user quits, the system ends the program, or another version is installed.
pub async fn run(parts: Parts) -> End {
    let Parts { app, windows, environment, engine, settings, tray, notifier, .. } = parts;
    let (mut calls, mut tray_events, mut clicks) = (parts.calls, parts.tray_events, parts.clicks);
    let Windows { own, tell_calls, open } = windows;
    let autostart = Autostart::new(&app, &environment.home, &own);
    let (tell_found, mut found) = mpsc::unbounded_channel();
    let (tell_ended, mut windows_ended) = mpsc::unbounded_channel();
    let mut controller = Controller {
        exporter: Exporter::new(&environment, &engine),
        history: engine.history.news(),
        windows: WindowProcess::new(own, tell_ended, tell_calls),
        local: local_time(&settings.settings),
        starts_at_login: autostart.is_on(),
        autostart,
        shown: Shown::default(),
        signing_in: SigningIn::default(),
        notifier,
        tell_found,
        no_place_said: false,
        no_window: None,
        app,
        environment,
        engine,
        settings,
        tray,
    };
    let (tell, mut notice_service) = mpsc::channel(1);
    tokio::spawn(controller.notifier.clone().watch_service(tell));
    let mut ending = Box::pin(end_signal::received());
    controller.export().await;
    if let Some(window) = open {
        controller.open(window);
    }
    let mut resting = false;
    let end = loop {
        if !resting {
            controller.refresh_shown().await;
        }
        let next_change = controller.next_change();
        let next = tokio::select! {
            () = tokio::time::sleep(REST_AFTER), if !resting => {
                memory::give_back();
                resting = true;
                continue;
            }
            changed = controller.engine.snapshots.changed() => if changed.is_ok() { Next::Go } else { Next::Quit },
            changed = controller.history.changed() => if changed.is_ok() { Next::Go } else { Next::Quit },
            changed = controller.engine.unwatched.changed() => if changed.is_ok() { Next::Go } else { Next::Quit },
            changed = controller.engine.elsewhere.changed() => if changed.is_ok() { Next::Go } else { Next::Quit },
            Some(announcement) = controller.engine.announcements.recv() => controller.announce(announcement),
            changed = controller.engine.updates.status.changed() => controller.updates_changed(changed.is_ok()),
            Some(version) = controller.engine.updates.announcements.recv() => controller.announce_version(version),
            Some((call, responder)) = calls.recv() => controller.call(call, responder).await,
            Some(event) = tray_events.recv() => controller.tray_event(event).await,
            Some(click) = clicks.recv() => controller.click(click).await,
            Some(status) = windows_ended.recv() => controller.windows_ended(status),
            Some((found, responder)) = found.recv() => controller.found(found, responder),
            Some(there) = notice_service.recv() => controller.notice_service(there).await,
            () = controller.environment.clock.sleep_until(next_change) => Next::Go,
            () = &mut ending => Next::Quit,
        };
        resting = false;
        match next {
            Next::Go => {}
            Next::Quit => break End::Quit,
            Next::Restart(window) => break End::Restart(controller.windows.own_program().to_owned(), window),
        }
    };
    shut_down(&controller.engine.commands()).await;
    end
}

impl Controller {
    fn with_context<R>(&self, use_it: impl FnOnce(&ViewContext<'_>) -> R) -> R {
        let snapshot = self.engine.snapshots.borrow();
        let (state, settings) = privacy::shown(&snapshot.state, &self.settings.settings);
        let hidden = match state {
            Cow::Borrowed(_) => None,
            Cow::Owned(state) => Some(Snapshot { state, trouble: snapshot.trouble.clone() }),
        };
        use_it(&ViewContext {
            snapshot: hidden.as_ref().unwrap_or(&snapshot),
            settings: &settings,
            setting_problems: &self.settings.problems,
            starts_at_login: self.starts_at_login,
            findings: &self.engine.findings,
            history: &self.history.borrow(),
            elsewhere: &self.engine.elsewhere.borrow(),
            unwatched: &self.engine.unwatched.borrow(),
            home: &self.environment.home,
            signing_in: &self.signing_in,
            updates: &self.engine.updates.status.borrow(),
            now: self.environment.clock.now(),
            speed: self.environment.clock.speed(),
            zone: &self.local,
        })
    }

    fn next_change(&self) -> holdoff_core::Moment {
        self.with_context(view_model::next_change)
    }

    async fn refresh_shown(&mut self) {
        self.engine.snapshots.mark_unchanged();
        // The time zone may have changed: a computer travels.
        self.local = local_time(&self.settings.settings);
        let needing = self.with_context(view_model::needing_sign_in);
        self.signing_in.keep(&needing);
        let model = self.with_context(model::tray_model);
        if self.shown.tray.as_ref() != Some(&model) {
            self.shown.tray = Some(model.clone());
            self.tray.show(model);
        }
        if self.windows.is_attached() {
            self.feed_windows();
        }
    }

    fn feed_windows(&mut self) {
        let view = self.with_context(view_model::view);
        // The clock always differs, so a new clock alone is not worth a message.
        let same = |old: &View| View { clock: view.clock.clone(), ..old.clone() } == view;
        if self.shown.view.as_ref().is_some_and(same) {
            return;
        }
        if let Ok(value) = serde_json::to_value(&view) {
            self.windows.send(FromApp::View { view: value });
        }
        self.shown.view = Some(view);
    }

    async fn tray_event(&mut self, event: TrayEvent) -> Next {
        match event {
            TrayEvent::Clicked(click) => return self.click(click).await,
            TrayEvent::IconClicked(icon) => self.open_beside(icon, Window::Panel),
            TrayEvent::NoPlace if !self.no_place_said => {
                self.no_place_said = true;
                self.open(Window::Panel);
            }
            TrayEvent::NoPlace => {}
        }
        Next::Go
    }

    async fn click(&mut self, click: TrayAction) -> Next {
        match click {
            TrayAction::OpenPanel => self.open(Window::Panel),
            TrayAction::OpenSettings => self.open_settings(None),
            TrayAction::OpenSignInSteps(account) => self.open_settings(Some(account)),
            TrayAction::Refresh => {
                self.refresh(None, |_| ());
            }
            TrayAction::HideNames(hide) => {
                let answer = self.change_settings(json!({"hide_names": hide})).await;
                if let Some(why) = answer.message.filter(|_| !answer.done) {
                    tracing::warn!(%why, "names could not be hidden or shown");
                }
            }
            TrayAction::Quit => return Next::Quit,
        }
        Next::Go
    }

    async fn call(&mut self, call: Call, responder: Responder) -> Next {
        match call {
            Call::Refresh { account } => {
                self.refresh(account.map(AccountId), |answer| responder.answer(json!(answer)));
            }
            Call::Open { args, display } => {
                self.windows.show_on(display);
                match args.iter().find_map(|arg| Window::from_flag(arg)).unwrap_or(Window::Panel) {
                    Window::Settings => self.open_settings(None),
                    Window::Panel => self.open(Window::Panel),
                }
                responder.answer(Value::Null);
            }
            Call::OpenSettings { account } => {
                self.open_settings(account.map(AccountId));
                responder.answer(Value::Null);
            }
            Call::SignIn { account } => self.open_sign_in(AccountId(account), responder),
            Call::PasteKey { provider, key } => self.paste_key(&provider, key, responder),
            Call::Attach { version } if version != env!("CARGO_PKG_VERSION") => {
                return self.other_version(version, &responder).await;
            }
            Call::Attach { .. } => {
                self.shown.view = None;
                self.starts_at_login = self.autostart.is_on();
                self.windows.attach(responder.caller.clone());
                responder.answer(Value::Null);
            }
            Call::ChangeSettings { change } => {
                let answer = self.change_settings(change).await;
                responder.answer(json!(answer));
            }
            Call::ChooseUpdates { on } => {
                let answer = self.change_settings(json!({"updates": on})).await;
                responder.answer(json!(answer));
            }
            Call::InstallUpdate { version } => self.send_update_command(UpdateCommand::Install(version), responder),
            Call::SkipUpdate { version } => self.send_update_command(UpdateCommand::Skip(version), responder),
            Call::ExportHistory { format } => self.export_history(format, responder),
            Call::DeleteHistory => self.delete_history(responder),
            Call::StatusLines => self.inspect_status_lines(responder),
            Call::StatusLine { place, install, agreed } => self.status_line(place, install, agreed, responder),
            Call::Version => responder.answer(json!(env!("CARGO_PKG_VERSION"))),
            Call::Condition => self.report_condition(responder),
            Call::Reading { config_dir, reading, session } => {
                self.engine.push(config_dir, reading, session);
                responder.answer(Value::Null);
            }
        }
        Next::Go
    }

    /// The window program has another version: either the installed app does too, or the installation is broken.
    async fn other_version(&mut self, version: String, responder: &Responder) -> Next {
        match self.windows.refuse(&responder.caller, version.clone()) {
            Ok(window) => {
                tracing::info!(%version, "another version was installed; starting it");
                let (title, body) = messages::updated(&version);
                self.notifier.show_text(title, &body).await;
                Next::Restart(window)
            }
            Err(why) => {
                self.no_window(&why);
                Next::Go
            }
        }
    }

    fn announce(&self, announcement: Announcement) -> Next {
        let (notifier, environment) = (self.notifier.clone(), self.environment.clone());
        let commands = self.engine.commands();
        let local = local_time(&self.settings.settings);
        let label = self.with_context(|context| context.label(&announcement.account));
        let state = privacy::shown_account(&announcement.state, &self.settings.settings).into_owned();
        let announcement = Announcement { state, ..announcement };
        tokio::spawn(async move {
            let id = announcement.notice.id;
            let shown = notifier.show(&environment, &announcement, &label, &local).await;
            tracing::info!(kind = ?announcement.notice.kind, shown, "notice");
            let account = announcement.account;
            let _ = commands.send(Command::Notice { account, id, shown }).await;
        });
        Next::Go
    }

    async fn send_to_engine(&self, command: Command) -> Next {
        match self.engine.commands().send(command).await {
            Ok(()) => Next::Go,
            Err(_) => Next::Quit,
        }
    }
}
