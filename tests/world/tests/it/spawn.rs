use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use holdoff_world::process;
use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{eventually, soon};

const LONG: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Spawned {
    Spawned::start("sh", Command::new("/bin/sh").args(["-c", script]))
}

async fn gone(pid: u32) {
    eventually(LONG, format!("process {pid} is gone"), async || (!process::is_alive(pid)).then_some(())).await;
}

#[tokio::test]
async fn process_output_and_exit_status_are_captured() {
    let done = shell("echo out; echo err >&2; exit 7").finished(LONG).await;
    assert_eq!((done.status.code(), done.stdout.as_str(), done.stderr.as_str()), (Some(7), "out\n", "err\n"));
}

#[tokio::test]
async fn wait_for_line_returns_the_matching_line() {
    let running = shell("echo one; echo 'port 4711'; sleep 600");
    let port: u16 = running.wait_for_line(LONG, "a port", |line| line.strip_prefix("port ")?.parse().ok()).await;
    assert_eq!(port, 4711);
}

#[tokio::test]
#[should_panic(expected = "ended without saying a port")]
async fn wait_for_line_fails_at_once_when_the_process_exits() {
    shell("echo hello").wait_for_line(Duration::from_secs(600), "a port", |_| None::<()>).await;
}

#[tokio::test]
async fn drop_kills_the_process_and_its_children() {
    let running = shell("sleep 600 & echo child $!; wait");
    let child: u32 = running.wait_for_line(LONG, "its child", |line| line.strip_prefix("child ")?.parse().ok()).await;
    assert_eq!(process::descendants(running.pid()), [child]);
    assert_eq!(process::name(child).as_deref(), Some("sleep"));
    drop(running);
    gone(child).await;
}

#[tokio::test]
async fn kill9_leaves_children_running_until_drop() {
    let running = shell("sleep 600 & echo child $!; wait");
    let child: u32 = running.wait_for_line(LONG, "its child", |line| line.strip_prefix("child ")?.parse().ok()).await;
    running.kill9().await;
    assert_eq!(running.exit().and_then(|status| status.signal()), Some(9));
    assert!(process::is_alive(child));
    drop(running);
    gone(child).await;
}

#[tokio::test]
async fn child_processes_end_when_the_test_is_killed() {
    const VICTIM: &str = "HOLDOFF_WORLD_TEST_VICTIM";
    if std::env::var_os(VICTIM).is_some() {
        let child = shell("exec sleep 600");
        println!("\nchild {}", child.pid());
        return std::future::pending().await;
    }
    let name = "spawn::child_processes_end_when_the_test_is_killed";
    let mut again = Command::new(std::env::current_exe().unwrap());
    let victim = Spawned::start("this test", again.args(["--exact", name, "--nocapture"]).env(VICTIM, "1"));
    let child: u32 = victim.wait_for_line(LONG, "its child", |line| line.strip_prefix("child ")?.parse().ok()).await;
    assert!(process::is_alive(child));
    victim.kill9().await;
    gone(child).await;
}

#[test]
#[should_panic(expected = "apt-get install --no-install-recommends no-such-package")]
fn missing_tool_names_its_package() {
    tool("no-such-tool", "no-such-package");
}

#[tokio::test]
#[should_panic(expected = "in vain for this: pigs fly")]
async fn eventually_timeout_names_the_condition() {
    eventually(Duration::from_millis(30), "pigs fly", async || None::<()>).await;
}

#[tokio::test]
async fn soon_timeout_returns_the_last_error() {
    let mut looks = 0;
    let last = soon(Duration::from_millis(60), async || {
        looks += 1;
        Err::<(), _>(format!("look {looks}"))
    });
    assert!(last.await.unwrap_err().starts_with("look "));
    assert!(looks >= 2);
}

#[tokio::test]
async fn process_stats_report_memory_cpu_and_context_switches() {
    let running = shell("while read -r _ < /proc/self/stat; do :; done");
    let memory = process::memory(running.pid());
    assert!(
        memory.pss_kib > 0 && memory.rss_kib >= memory.pss_kib && memory.private_kib <= memory.rss_kib,
        "{memory:?}"
    );
    assert!(process::memory_of_tree(running.pid()).pss_kib >= 1);
    let _number = process::context_switches(running.pid());
    eventually(LONG, "a busy loop uses the processor", async || (process::cpu_ticks(running.pid()) > 5).then_some(()))
        .await;
    assert!(process::command_line(running.pid())[0].ends_with("sh"));
}
