//! The only owner of what is shown. Everything that may change it arrives here; tray and windows are told only
//! what differs from what they were told before.

mod asking;
mod updates;
mod wishes;

use crate::autostart::Autostart;
use crate::exporter::Exporter;
use crate::menu::{Click, TrayFace};
use crate::notify::Notifier;
use crate::present::{self, Known};
use crate::runtime::AppHandle;
use crate::signing_in::{self, Found, SigningIn};
use crate::tray::{Tray, TrayEvent};
use crate::view::{Answer, View};
use crate::window_process::WindowProcess;
use crate::{end_signal, face};
use holdoff_core::words::NoWindow;
use holdoff_core::{AccountId, LocalTime, words};
use holdoff_engine::environment::Environment;
use holdoff_engine::history::News;
use holdoff_engine::ipc::{Call, FromApp, Responder, Window};
use holdoff_engine::local_time::local_time;
use holdoff_engine::roster::Command;
use holdoff_engine::runner::Announcement;
use holdoff_engine::settings_file::Loaded;
use holdoff_engine::start::{Engine, shut_down};
use holdoff_engine::updates::Order;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitStatus;
use tokio::sync::{mpsc, watch};

/// What the controller is made of.
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
    pub clicks: mpsc::UnboundedReceiver<Click>,
}

/// What windows come from.
pub struct Windows {
    /// This program.
    pub own: PathBuf,
    /// Where the calls of their process go.
    pub tell_calls: mpsc::Sender<(Call, Responder)>,
    /// The one to begin with.
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
    tell_found: mpsc::UnboundedSender<(Found, Option<Responder>)>,
    /// A desktop without a tray gets the window instead, once.
    no_place_said: bool,
}

/// What was shown last.
#[derive(Default)]
struct Shown {
    face: Option<TrayFace>,
    view: Option<View>,
}

enum Next {
    Go,
    Quit,
    /// Start the program that is installed now, with this window.
    Restart(Option<Window>),
}

/// How the app came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Quit,
    /// To be followed by this program, with this window.
    Restart(PathBuf, Option<Window>),
}

/// Runs until the person quits, the system ends the program, or another version of it was installed.
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
    let end = loop {
        controller.refresh_shown().await;
        let next_change = controller.next_change();
        let next = tokio::select! {
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
    fn known<R>(&self, use_it: impl FnOnce(&Known<'_>) -> R) -> R {
        let snapshot = self.engine.snapshots.borrow();
        use_it(&Known {
            snapshot: &snapshot,
            settings: &self.settings.settings,
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
        self.known(present::next_change)
    }

    async fn refresh_shown(&mut self) {
        self.engine.snapshots.mark_unchanged();
        // A computer travels.
        self.local = local_time(&self.settings.settings);
        let needing = self.known(present::needing_sign_in);
        self.signing_in.keep(&needing);
        let face = self.known(face::face);
        if self.shown.face.as_ref() != Some(&face) {
            self.shown.face = Some(face.clone());
            self.tray.show(face);
        }
        if self.windows.is_attached() {
            self.feed_windows();
        }
    }

    fn feed_windows(&mut self) {
        let view = self.known(present::view);
        // The clock always differs; it is worth a message only with something else.
        let same = |old: &View| View { clock: view.clock.clone(), ..old.clone() } == view;
        if self.shown.view.as_ref().is_some_and(same) {
            return;
        }
        if let Ok(value) = serde_json::to_value(&view) {
            self.windows.tell(FromApp::View { view: value });
        }
        self.shown.view = Some(view);
    }

    fn open(&mut self, window: Window) {
        self.look_for_programs(None, None);
        if let Err(error) = self.windows.open(window) {
            self.no_window(&error);
        }
    }

    fn windows_ended(&mut self, status: ExitStatus) -> Next {
        match self.windows.ended(status) {
            Ok(Some(window)) => self.open(window),
            Ok(None) => {}
            Err(why) => self.no_window(&why),
        }
        Next::Go
    }

    /// Who clicked and sees nothing is told why.
    fn no_window(&self, why: &NoWindow) {
        tracing::error!(?why, "a window could not be opened");
        let notifier = self.notifier.clone();
        let (title, body) = words::no_window(why, &self.environment.log_dir.display().to_string());
        tokio::spawn(async move { notifier.say(title, &body).await });
    }

    /// At the way back to the sign-in of this account, where one is named.
    fn open_settings(&mut self, account: Option<AccountId>) {
        self.signing_in.turn_to(account);
        self.open(Window::Settings);
    }

    async fn tray_event(&mut self, event: TrayEvent) -> Next {
        match event {
            TrayEvent::Clicked(click) => return self.click(click).await,
            TrayEvent::NoPlace if !self.no_place_said => {
                self.no_place_said = true;
                self.open(Window::Panel);
            }
            TrayEvent::NoPlace => {}
        }
        Next::Go
    }

    async fn click(&mut self, click: Click) -> Next {
        match click {
            Click::OpenPanel => self.open(Window::Panel),
            Click::OpenSettings => self.open_settings(None),
            Click::OpenGuide(account) => self.open_settings(Some(account)),
            Click::Refresh => {
                self.refresh(None, |_| ());
            }
            Click::Quit => return Next::Quit,
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
            Call::InstallUpdate { version } => self.order_update(Order::Install(version), responder),
            Call::SkipUpdate { version } => self.order_update(Order::Skip(version), responder),
            Call::ExportHistory { format } => self.export_history(format, responder),
            Call::DeleteHistory => self.delete_history(responder),
            Call::StatusLines => self.look_at_status_lines(responder),
            Call::StatusLine { place, install, agreed } => self.status_line(place, install, agreed, responder),
            Call::Version => responder.answer(json!(env!("CARGO_PKG_VERSION"))),
            Call::Condition => self.say_condition(responder),
            Call::Reading { config_dir, reading, session } => {
                self.engine.push(config_dir, reading, session);
                responder.answer(Value::Null);
            }
        }
        Next::Go
    }

    /// The windows' program is of another version: so is the installed app, then, or the installation is broken.
    async fn other_version(&mut self, version: String, responder: &Responder) -> Next {
        match self.windows.refuse(&responder.caller, version.clone()) {
            Ok(window) => {
                tracing::info!(%version, "another version was installed; starting it");
                let (title, body) = words::updated(&version);
                self.notifier.say(title, &body).await;
                Next::Restart(window)
            }
            Err(why) => {
                self.no_window(&why);
                Next::Go
            }
        }
    }

    fn open_sign_in(&self, account: AccountId, responder: Responder) {
        match self.known(|known| present::place(known, &account)) {
            Some(place) => self.look_for_programs(Some((account, place)), Some(responder)),
            None => {
                let message = Some("There is no such account any more.".to_owned());
                responder.answer(json!(Answer { done: false, message }));
            }
        }
    }

    /// Looks for what there is for signing in, and opens a terminal for the account that wants one.
    fn look_for_programs(&self, wanted: Option<(AccountId, String)>, responder: Option<Responder>) {
        let (environment, settings) = (self.environment.clone(), self.settings.settings.clone());
        let tell = self.tell_found.clone();
        tokio::task::spawn_blocking(move || {
            let _ = tell.send((signing_in::look(&environment, &settings, wanted), responder));
        });
    }

    fn found(&mut self, found: Found, responder: Option<Responder>) -> Next {
        let answer = self.signing_in.found(found);
        if let Some(responder) = responder {
            responder.answer(json!(answer));
        }
        Next::Go
    }

    fn announce(&self, announcement: Announcement) -> Next {
        let (notifier, environment) = (self.notifier.clone(), self.environment.clone());
        let commands = self.engine.commands();
        let local = local_time(&self.settings.settings);
        let label = self.known(|known| known.label(&announcement.account));
        tokio::spawn(async move {
            let id = announcement.notice.id;
            let shown = notifier.show(&environment, &announcement, &label, &local).await;
            tracing::info!(kind = ?announcement.notice.kind, shown, "notice");
            let account = announcement.account;
            let _ = commands.send(Command::Notice { account, id, shown }).await;
        });
        Next::Go
    }

    async fn tell_engine(&self, command: Command) -> Next {
        match self.engine.commands().send(command).await {
            Ok(()) => Next::Go,
            Err(_) => Next::Quit,
        }
    }
}
