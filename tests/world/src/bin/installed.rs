//! Checks an installed Holdoff as a user sees it, on its own desktop. `cargo xtask clean-system` runs it as an
//! ordinary user in an otherwise empty system.
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
    use holdoff_world::{Answer, App, ClockSpec, Desktop, FakeAnthropic, Home, Launch, Tray, eventually};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    /// Program seconds per real second: the five minutes between two polls take less than seven.
    const SPEED: f64 = 45.0;
    /// How long anything may take to appear.
    const PATIENCE: Duration = Duration::from_secs(60);
    /// How long a package manager may run.
    const UPGRADE: Duration = Duration::from_secs(600);

    const HELP: &str = "\
Starts the Holdoff that is in HOLDOFF_BIN_DIR on a desktop without a screen, and waits for its icon and a quota.

Usage: holdoff-installed [--upgraded FILE]

  --upgraded FILE   then say \"upgrade\", wait for this file, and see whether Holdoff goes on and opens a window
";

    pub fn main() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let upgraded = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => None,
            ["--upgraded", file] => Some(PathBuf::from(file)),
            _ => {
                print!("{HELP}");
                return;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(run(upgraded));
    }

    async fn run(upgraded: Option<PathBuf>) {
        let desktop = Desktop::builder().start().await;
        let clock = ClockSpec::from_now(SPEED);
        let fake = FakeAnthropic::start_with(clock).await;
        let home = Home::new();
        home.sign_in(clock.now() + Duration::from_secs(8 * 3600));
        let launch = Launch::new(&home, &desktop, &fake);
        let app = launch.start();
        let tray = Tray::wait_for(&desktop, app.pid(), PATIENCE).await;
        println!("icon in the tray {} ms after the start", app.started().elapsed().as_millis());
        let tooltip = tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42 %")).await;
        println!("first quota {} ms after the start: {}", app.started().elapsed().as_millis(), one_line(&tooltip));
        println!("version {}", version(&launch).await);
        if let Some(file) = &upgraded {
            println!("upgrade");
            eventually(UPGRADE, "the upgrade", async || file.exists().then_some(())).await;
            goes_on(&desktop, &fake, &launch, &app).await;
        }
        app.terminate();
        let status = app.wait_exit(PATIENCE).await;
        assert!(status.success(), "Holdoff ended with {status}");
        println!("left to the person: {}", left(home.path()).join(", "));
    }

    /// The app continues after its files were replaced.
    async fn goes_on(desktop: &Desktop, fake: &FakeAnthropic, launch: &Launch, app: &App) {
        fake.always(Answer::ok_at(47.0, 27.0, 83));
        let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
        tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("47 %")).await;
        println!("the app that was running goes on: it has read another quota");
        let asked = fake.usage_requests().len();
        let second = launch.clone().argument("--settings").start();
        assert!(second.wait_exit(PATIENCE).await.success(), "a second copy could not hand over");
        desktop.wait_for_window(app.pid(), PATIENCE, |_| true).await;
        println!("its windows open");
        // If the windows are of another version, the app has become that version.
        let installed = version(launch).await;
        eventually(PATIENCE, "the app is of the installed version", async || {
            let said = launch.cli(&["doctor"]).await.stdout;
            said.contains("the tray app is running\n").then_some(())
        })
        .await;
        println!("the running app is version {installed}, in the same process");
        let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
        tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("47 %")).await;
        println!("requests since the upgrade's first: {}", fake.usage_requests().len() - asked);
    }

    async fn version(launch: &Launch) -> String {
        one_line(&launch.cli(&["--version"]).await.stdout)
    }

    /// The files in this home that Holdoff created.
    fn left(home: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![home.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let ours = path.to_string_lossy().contains("holdoff");
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    _ if ours => found.push(path.strip_prefix(home).unwrap_or(&path).display().to_string()),
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    fn one_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
