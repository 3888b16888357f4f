//! The demo: Holdoff from quota to a rate limit to recovery, on its own desktop, in about a minute, with screenshots.
#![cfg_attr(
    target_os = "linux",
    allow(clippy::print_stdout, clippy::expect_used, reason = "it tells a person what happens, or why it cannot")
)]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use holdoff_world::{Answer, App, ClockSpec, Desktop, FakeAnthropic, Home, Launch, Notifications, Shade, Tray};

    /// Program seconds per real second: the five minutes between two polls take less than seven.
    const SPEED: f64 = 45.0;
    /// Twenty minutes without requests: less than half a minute of real time.
    const RETRY_AFTER_S: &str = "1200";
    /// How long anything may take to appear.
    const PATIENCE: Duration = Duration::from_secs(30);
    /// How long a cooldown of [`RETRY_AFTER_S`] with its jitter may take, with a margin for a slow machine.
    const COOLDOWN: Duration = Duration::from_secs(90);

    const HELP: &str = "\
Shows Holdoff from quota to a rate limit to recovery, on a desktop without a screen, and leaves pictures of it.

Usage: holdoff-demo [--out DIR] [--dark]

  --out DIR   where the pictures go (default: shots)
  --dark      a dark desktop instead of a light one

The programs are taken from HOLDOFF_BIN_DIR, or from the folder of this one.
";

    pub fn main() {
        let (out, shade) = match arguments() {
            Ok(arguments) => arguments,
            Err(sentence) => {
                print!("{sentence}");
                return;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async { Demo::set_up(out, shade).await.run().await });
    }

    fn arguments() -> Result<(PathBuf, Shade), &'static str> {
        let (mut out, mut shade) = (PathBuf::from("shots"), Shade::Light);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--out" => out = arguments.next().ok_or(HELP)?.into(),
                "--dark" => shade = Shade::Dark,
                _ => return Err(HELP),
            }
        }
        Ok((out, shade))
    }

    struct Demo {
        home: Home,
        desktop: Desktop,
        fake: FakeAnthropic,
        launch: Launch,
        out: PathBuf,
        began: Instant,
        pictures: usize,
    }

    impl Demo {
        async fn set_up(out: PathBuf, shade: Shade) -> Self {
            let began = Instant::now();
            let desktop = Desktop::builder().notifications(Notifications::Dunst).shade(shade).start().await;
            let clock = ClockSpec::from_now(SPEED);
            let fake = FakeAnthropic::start_with(clock).await;
            let home = Home::new();
            home.sign_in(clock.now() + Duration::from_secs(8 * 3600));
            let launch = Launch::new(&home, &desktop, &fake);
            let demo = Self { home, desktop, fake, launch, out, began, pictures: 0 };
            demo.say(&format!(
                "A desktop without a screen is up on {}, with a panel and a notification service.",
                demo.desktop.display()
            ));
            demo.say(&format!("Ann is signed in to Claude Code in {}.", demo.home.path().display()));
            demo.say(&format!(
                "A server of our own answers in Anthropic's place, and the clock runs {SPEED} times as fast."
            ));
            demo
        }

        async fn run(mut self) {
            let app = App::start(&self.launch);
            let tray = self.quota(&app).await;
            self.panel(&app).await;
            let limited = self.rate_limit(&tray).await;
            self.refresh(&app).await;
            let app = self.crash(app, limited).await;
            self.settings(&app).await;
            self.recovery(&app, limited).await;
            self.menu().await;
            app.terminate();
            let status = app.wait_exit(PATIENCE).await;
            self.say(&format!("Holdoff has ended ({status}). The pictures are in {}.", self.out.display()));
        }

        /// The first reading, and its tooltip.
        async fn quota(&mut self, app: &App) -> Tray {
            let tray = Tray::wait_for(&self.desktop, app.pid(), PATIENCE).await;
            self.say(&format!(
                "Holdoff has put its icon into the tray, {} ms after it was started.",
                app.started().elapsed().as_millis()
            ));
            self.fake.wait_for_usage(1, PATIENCE).await;
            let tooltip = tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42")).await;
            self.say(&format!("It has asked once. Its tooltip says: {}", one_line(&tooltip)));
            self.desktop.hover_tray().await;
            self.picture("quota").await;
            tray
        }

        /// A left click on the icon.
        async fn panel(&mut self, app: &App) {
            let (x, y) = self.desktop.tray_position().await;
            self.desktop.click(x, y, 1).await;
            self.desktop.point_away().await;
            let window = self.desktop.wait_for_window(app.pid(), PATIENCE, |_| true).await;
            self.say(&format!("A click on the icon opens the panel, {} by {} pixels.", window.width, window.height));
            self.picture("panel").await;
        }

        /// The next poll gets a 429. Returns the number of requests so far.
        async fn rate_limit(&mut self, tray: &Tray) -> usize {
            let before = tray.tooltip().await;
            self.fake.always(Answer::rate_limited(Some(RETRY_AFTER_S)));
            let asked = self.fake.usage_requests().len();
            self.say("From now on the server answers with 429, and asks for twenty minutes of quiet.");
            self.fake.wait_for_usage(asked + 1, PATIENCE).await;
            self.desktop.wait_for_popups(1, PATIENCE).await;
            let tooltip = tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip != before).await;
            self.say(&format!(
                "The next poll has met it. One notification says so, and the tooltip: {}",
                one_line(&tooltip)
            ));
            self.picture("rate-limited").await;
            self.fake.usage_requests().len()
        }

        /// The user refreshes manually.
        async fn refresh(&mut self, app: &App) {
            let answer = app.cli(&["refresh"]).await;
            let said = format!("{}{}", answer.stdout, answer.stderr);
            self.say(&format!("\"holdoff refresh\" ends with {} and says: {}", answer.code(), one_line(&said)));
        }

        /// Killed and restarted in the middle of the cooldown.
        async fn crash(&mut self, app: App, limited: usize) -> App {
            app.kill9().await;
            let again = app.start_again();
            drop(app);
            let tray = Tray::wait_for(&self.desktop, again.pid(), PATIENCE).await;
            let tooltip = tray.wait_for_tooltip(PATIENCE, |tooltip| !tooltip.is_empty()).await;
            let more = self.fake.usage_requests().len() - limited;
            self.say(&format!(
                "Killed and started again, Holdoff has asked {more} times more. Its tooltip: {}",
                one_line(&tooltip)
            ));
            self.desktop.hover_tray().await;
            self.picture("after-a-crash").await;
            again
        }

        /// The settings window, opened by a second copy that hands over to the first and ends.
        async fn settings(&mut self, app: &App) {
            self.desktop.point_away().await;
            let second = App::start(&self.launch.clone().argument("--settings"));
            let status = second.wait_exit(PATIENCE).await;
            self.desktop.wait_for_window(app.pid(), PATIENCE, |_| true).await;
            self.say(&format!(
                "A second \"holdoff --settings\" has handed over to the first ({status}): settings are open."
            ));
            self.picture("settings").await;
        }

        /// The server recovers without any action by the user.
        async fn recovery(&mut self, app: &App, limited: usize) {
            self.fake.always(Answer::ok_at(47.0, 27.0, 83));
            self.say("The server would answer again. Holdoff keeps the quiet it was asked for.");
            let all = self.fake.wait_for_usage(limited + 1, COOLDOWN).await;
            let (refused, next) = (&all[limited - 1], &all[limited]);
            let clock = self.fake.clock();
            let pause = next.at_program(clock).duration_since(refused.at_program(clock)).unwrap_or_default();
            self.say(&format!(
                "It has asked again {} min {} s after the 429.",
                pause.as_secs() / 60,
                pause.as_secs() % 60
            ));
            let tray = Tray::wait_for(&self.desktop, app.pid(), PATIENCE).await;
            let tooltip = tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("47")).await;
            self.say(&format!("It has come back by itself. Its tooltip says: {}", one_line(&tooltip)));
            self.desktop.hover_tray().await;
            self.picture("recovered").await;
        }

        /// The menu of the icon.
        async fn menu(&mut self) {
            self.desktop.open_tray_menu().await;
            self.say("A right click on the icon opens the menu.");
            self.picture("menu").await;
            self.desktop.key("Escape").await;
        }

        async fn picture(&mut self, name: &str) {
            // A countdown may keep the screen changing; the screenshot is taken anyway.
            let _still = self.desktop.is_still(Duration::from_secs(3)).await;
            self.pictures += 1;
            let path = self.out.join(format!("{:02}-{name}.png", self.pictures));
            self.desktop.screenshot(&path).await;
            self.say(&format!("Picture: {}", path.display()));
        }

        fn say(&self, sentence: &str) {
            println!("{:5.1} s  {sentence}", self.began.elapsed().as_secs_f64());
        }
    }

    fn one_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
