//! Other programs write the same file: neither they nor a renewal overwrite each other's changes.

use crate::child;
use crate::scene::{LONG, Scene};
use holdoff_world::{Answer, Owner, eventually, soon};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// A renewal every two seconds; a minute takes 30 ms.
const SPEED: f64 = 2000.0;
const LIFETIME: Duration = Duration::from_secs(4000);
const LASTING: Duration = Duration::from_secs(30 * 86_400);
const RENEWALS: usize = 5;
/// The delay between the read and the write of a secret.
const SLOW: Duration = Duration::from_millis(60);

fn stored(scene: &Scene) -> Value {
    serde_json::from_slice(&fs::read(scene.home.credentials_path()).unwrap()).unwrap()
}

/// Claude Code has read the file to store the secret of an MCP server, and is slow to write it.
#[tokio::test]
async fn write_back_waits_while_the_owner_stores_a_secret() {
    let scene = Scene::due().await;
    let lock = scene.home.claude_dir().join(".storage-write.lock");
    let (locked, book) = (lock.clone(), scene.grants.clone());
    scene.fake.token_always(Answer::decide(move |request| {
        fs::create_dir(&locked).unwrap();
        book.answer(request)
    }));
    let mut read = stored(&scene);
    let mut holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, LONG).await;
    holdoff.live(Duration::from_millis(1500)).await;
    assert_eq!(stored(&scene), read, "nothing is written under another's lock");

    read["mcpOAuthClientConfig"] = "a new secret".into();
    scene.home.raw_credentials(read.to_string().as_bytes());
    fs::remove_dir(&lock).unwrap();
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    let now = stored(&scene);
    assert_eq!(now["mcpOAuthClientConfig"], "a new secret");
    assert!(scene.grants.is_current(now["claudeAiOauth"]["refreshToken"].as_str().unwrap()), "{:?}", scene.grants);
    assert_eq!((scene.grants.violations(), holdoff.told.len()), (vec![], 0));
    holdoff.end().await;
    scene.assert_tidy();
}

/// The program ends while Claude Code's write never finishes; no other copy of the pair exists.
#[tokio::test]
async fn shutdown_writes_the_pair_despite_the_owners_write_lock() {
    let scene = Scene::due().await;
    let lock = scene.home.claude_dir().join(".storage-write.lock");
    let (locked, book) = (lock.clone(), scene.grants.clone());
    scene.fake.token_always(Answer::decide(move |request| {
        fs::create_dir(&locked).unwrap();
        book.answer(request)
    }));
    let before = scene.pair();
    let holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, LONG).await;
    holdoff.end().await;
    assert_ne!(scene.working_pair(), before);
    assert!(lock.exists(), "it is another's");
}

#[tokio::test]
async fn renewals_and_slow_secret_writes_do_not_overwrite_each_other() {
    let scene = Scene::new(SPEED, LIFETIME, LIFETIME).await;
    let holdoff = child::holdoff(&scene.home, &scene.env());
    let owner = Owner::at_home(&scene.home, scene.fake.token_base(), scene.fake.clock(), 1);
    let owner = child::owner(&scene.home, &Owner { secrets: Some(SLOW), ..owner });
    let deadline = Instant::now() + Duration::from_secs(120);
    while scene.grants.granted().len() < RENEWALS {
        assert_eq!(scene.grants.violations(), [], "{}\n{}", holdoff.output(), owner.output());
        assert!(Instant::now() < deadline, "{}\n{}", holdoff.output(), scene.ledger());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // The next tokens live long, so that at some point nobody is about to renew.
    scene.grants.live_for(LASTING);
    let asked = soon(Duration::from_secs(60), async || {
        let stored = stored(&scene);
        let token = |key: &str| stored["claudeAiOauth"][key].as_str().unwrap().to_owned();
        let lasts = scene.grants.granted().last().is_some_and(|grant| grant.lifetime == LASTING);
        let asked = scene.fake.usage_requests().iter().any(|r| r.bearer() == Some(&token("accessToken")));
        (lasts && asked && scene.grants.is_current(&token("refreshToken"))).then_some(()).ok_or(lasts)
    });
    let came = asked.await;
    assert!(came.is_ok(), "{came:?} {:?}\n{}\n{}", scene.grants, holdoff.output(), scene.ledger());
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    let said = async || owner.stdout().lines().filter(|line| line.starts_with("stored")).count();
    let so_far = said().await;
    eventually(LONG, "one more secret", async || (said().await > so_far).then_some(())).await;
    owner.kill9().await;
    assert_eq!(scene.grants.violations(), []);
    let counts: Vec<u64> =
        owner.stdout().lines().filter_map(|line| line.strip_prefix("stored ")?.parse().ok()).collect();
    let expected: Vec<u64> = (1..=u64::try_from(counts.len()).unwrap()).collect();
    assert_eq!(counts, expected, "a secret was lost");
    assert!(!owner.stdout().contains("failed"), "{}", owner.stdout());
}
