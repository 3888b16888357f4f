//! The child processes of these tests: this program again, as Holdoff without its shell, or as the owner of the sign-in.

use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::settings_file;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::tasks::start::{shut_down, start};
use holdoff_engine::tasks::supervisor::Command;
use holdoff_world::spawn::Spawned;
use holdoff_world::{Home, Owner};
use std::collections::BTreeMap;
use tokio::signal::unix::{SignalKind, signal};

const ROLE: &str = "RENEWAL_TEST_ROLE";

/// Holdoff in a process of its own. It prints `started`, `notice KIND` for each notification, and `ended` after SIGTERM.
pub fn holdoff(home: &Home, env: &BTreeMap<String, String>) -> Spawned {
    let mut command = again(home, "child::as_holdoff");
    Spawned::start("holdoff", command.envs(env))
}

/// The owner in a process of its own. It prints what it does.
pub fn owner(home: &Home, owner: &Owner) -> Spawned {
    let mut command = again(home, "child::as_owner");
    Spawned::start("owner", command.envs(owner.env()))
}

fn again(home: &Home, role: &str) -> std::process::Command {
    let mut command = home.command(std::env::current_exe().unwrap());
    command.args(["--exact", role, "--ignored", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command
}

fn is(role: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|asked| asked == role)
}

#[test]
#[ignore = "a process that the other tests start"]
fn as_owner() {
    if is("child::as_owner") {
        println!();
        Owner::from_env().run(&mut |said| println!("{said}"));
    }
}

#[test]
#[ignore = "a process that the other tests start"]
fn as_holdoff() {
    if is("child::as_holdoff") {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(live());
    }
}

async fn live() {
    let mut ends = signal(SignalKind::terminate()).unwrap();
    let environment = Environment::from_process().unwrap();
    environment.prepare_data_dir().unwrap();
    let settings = settings_file::read(&environment.data_dir).settings;
    let mut engine = start(&environment, PlainFiles, &settings).await;
    let commands = engine.commands();
    commands.send(Command::NoticeService(true)).await.unwrap();
    println!("\nstarted");
    loop {
        tokio::select! {
            Some(announced) = engine.announcements.recv() => {
                let (account, id) = (announced.account, announced.notice.id);
                println!("notice {:?}", announced.notice.kind);
                commands.send(Command::Notice { account, id, shown: true }).await.unwrap();
            }
            _ = ends.recv() => break,
        }
    }
    shut_down(&commands).await;
    println!("ended");
}
