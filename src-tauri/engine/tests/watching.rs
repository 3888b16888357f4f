//! The inotify limit is exhausted, at the start or later: changes are still detected, the problem is reported, and
//! watching resumes once there is room. The tests run this program again in a user namespace with a limit of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test ends where it fails")]

use holdoff_core::credential::{CredentialMissing, CredentialPresence};
use holdoff_engine::platform::data_dir::DeletionWatch;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::fs::make_folder;
use holdoff_engine::storage::settings_file;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::storage::state_file::Slots;
use holdoff_engine::tasks::start::{shut_down, start};
use holdoff_world::spawn::Spawned;
use holdoff_world::{ClockSpec, FakeAnthropic, Home, eventually};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

const ROLE: &str = "WATCHING_TEST_ROLE";
/// Much longer than the polling interval of the files, and much shorter than the minutes after which a sign-in is read
/// in any case.
const SOON: Duration = Duration::from_secs(30);
const DAYS: Duration = Duration::from_secs(30 * 24 * 3600);
const INSTANCES: &str = "max_inotify_instances";
const WATCHES: &str = "max_inotify_watches";

/// Sets a limit of the namespace.
fn limit(name: &str, most: u32) {
    std::fs::write(Path::new("/proc/sys/user").join(name), most.to_string()).unwrap();
}

/// Raises the limits if the test asked for it.
fn give_room(home: &Path) {
    if std::fs::remove_file(home.join("room")).is_ok() {
        limit(INSTANCES, 128);
        limit(WATCHES, 8192);
    }
}

/// This program again as `role`, in its own user namespace, with an exhausted limit if `full`.
fn again(home: &Home, role: &str, full: bool) -> Command {
    let mut command = home.command("/usr/bin/unshare");
    let fill = if full { format!("echo 0 > /proc/sys/user/{INSTANCES} && ") } else { String::new() };
    command.args(["--user", "--map-root-user", "sh", "-c", &format!("{fill}exec \"$0\" \"$@\"")]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", role, "--ignored", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command
}

struct Scene {
    home: Home,
    fake: FakeAnthropic,
    engine: Spawned,
}

impl Scene {
    /// An engine that has read the sign-in.
    async fn new(full: bool) -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::real()).await;
        let home = Home::new();
        home.sign_in(fake.clock().now() + DAYS);
        let mut command = again(&home, "as_engine", full);
        command.env("HOLDOFF_ANTHROPIC_API", fake.api_base()).env("HOLDOFF_ANTHROPIC_TOKEN", fake.token_base());
        let engine = Spawned::start("engine", &mut command);
        let scene = Self { home, fake, engine };
        scene.seen("a sign-in", |seen| matches!(seen, CredentialPresence::Present { .. })).await;
        scene
    }

    /// Waits until the saved state of the sign-in matches.
    async fn seen(&self, what: &str, is: impl Fn(&CredentialPresence) -> bool) {
        let saved = || {
            let state = Slots::read(&self.home.data_dir()).state?;
            state.accounts.values().next()?.sign_in.seen.clone().filter(|seen| is(seen))
        };
        let found = holdoff_world::soon(SOON, async || saved().ok_or(())).await;
        assert!(found.is_ok(), "in vain for {what}:\n{}", self.engine.output());
    }

    /// Makes the engine's process change its namespace.
    fn tell(&self, order: &str) {
        std::fs::write(self.home.path().join(order), "").unwrap();
    }

    async fn says(&self, line: &str) {
        let told = async || self.engine.stdout().lines().any(|said| said.starts_with(line)).then_some(());
        eventually(SOON, format!("the engine says {line:?}: {}", self.engine.output()), told).await;
    }

    async fn a_change_is_noticed(&self) {
        self.home.remove_credentials();
        self.seen("the end of the sign-in", |seen| *seen == CredentialPresence::Absent(CredentialMissing::NoFile))
            .await;
        self.home.sign_in(self.fake.clock().now() + DAYS);
        self.seen("the next sign-in", |seen| matches!(seen, CredentialPresence::Present { .. })).await;
    }
}

#[tokio::test]
async fn inotify_limit_at_startup_is_reported_and_changes_still_noticed() {
    let scene = Scene::new(true).await;
    scene.says("trouble max_user_instances").await;
    scene.a_change_is_noticed().await;
    scene.tell("room");
    scene.says("no trouble").await;
    scene.a_change_is_noticed().await;
}

#[tokio::test]
async fn inotify_limit_while_running_is_reported_and_changes_still_noticed() {
    let scene = Scene::new(false).await;
    scene.tell("no room");
    scene.says("is full").await;
    // The path to watch is now another folder, for which there is no room.
    scene.home.replace_config_folder();
    scene.says("trouble max_user_watches").await;
    scene.a_change_is_noticed().await;
    scene.tell("room");
    scene.says("no trouble").await;
    scene.a_change_is_noticed().await;
}

#[tokio::test]
async fn data_folder_removal_is_noticed_with_or_without_a_watch() {
    let home = Home::new();
    let program = Spawned::start("folder", &mut again(&home, "as_folder", true));
    eventually(SOON, "a folder that is looked after", async || program.stdout().contains("looking").then_some(()))
        .await;
    std::fs::remove_dir_all(home.path().join("data")).unwrap();
    let missed = async || program.stdout().contains("missed").then_some(());
    eventually(SOON, "the folder is missed", missed).await;
}

/// Deleted files are reported by the watch again, and not only found by polling.
#[tokio::test]
async fn data_folder_watch_recovers_from_the_inotify_limit() {
    /// By polling alone, every 5 s, this many would take longer than the time limit.
    const FILES: usize = 20;
    let home = Home::new();
    let program = Spawned::start("folder", &mut again(&home, "as_folder", true));
    let data = home.path().join("data");
    let woken = || program.stdout().lines().filter(|line| *line == "woken").count();
    eventually(SOON, "looks while there is no room", async || (woken() >= 1).then_some(())).await;
    assert!(!has_inotify(program.pid()), "the table is full");
    std::fs::write(home.path().join("room"), "").unwrap();
    eventually(SOON, "it is watched", async || has_inotify(program.pid()).then_some(())).await;
    let began = Instant::now();
    for n in 0..FILES {
        let (file, before) = (data.join(n.to_string()), woken());
        std::fs::write(&file, "").unwrap();
        std::fs::remove_file(&file).unwrap();
        eventually(SOON, "a file is missed", async || (woken() > before).then_some(())).await;
    }
    assert!(began.elapsed() < SOON, "{FILES} files are missed in {:?}", began.elapsed());
    std::fs::remove_dir_all(&data).unwrap();
    let missed = async || program.stdout().contains("missed").then_some(());
    eventually(SOON, "the folder is missed", missed).await;
}

/// Whether the process has an inotify instance.
fn has_inotify(pid: u32) -> bool {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|to| to.to_string_lossy().contains("inotify"))
}

#[tokio::test]
#[ignore = "a process that the other tests start"]
async fn as_folder() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let data = PathBuf::from(std::env::var_os("HOME").unwrap()).join("data");
    make_folder(&data).unwrap();
    let mut vanishing = DeletionWatch::watch(&data);
    println!("\nlooking");
    while data.exists() {
        vanishing.next().await;
        println!("\nwoken");
        give_room(data.parent().unwrap());
    }
    println!("\nmissed");
}

#[test]
#[ignore = "a process that the other tests start"]
fn as_engine() {
    if std::env::var_os(ROLE).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(live());
    }
}

async fn live() {
    let mut ends = signal(SignalKind::terminate()).unwrap();
    let environment = Environment::from_process().unwrap();
    environment.prepare_data_dir().unwrap();
    let settings = settings_file::read(&environment.data_dir).settings;
    let mut engine = start(&environment, PlainFiles, &settings).await;
    let mut look = tokio::time::interval(Duration::from_millis(50));
    println!();
    loop {
        tokio::select! {
            _ = ends.recv() => break,
            Ok(()) = engine.unwatched.changed() => match engine.unwatched.borrow_and_update().values().next() {
                Some(why) if why.contains("max_user_instances") => println!("trouble max_user_instances: {why}"),
                Some(why) => println!("trouble max_user_watches: {why}"),
                None => println!("no trouble"),
            },
            _ = look.tick() => {
                if std::fs::remove_file(environment.home.join("no room")).is_ok() {
                    limit(WATCHES, 0);
                    println!("is full");
                }
                give_room(&environment.home);
            }
        }
    }
    shut_down(&engine.commands()).await;
}
