//! Signing in and out, refusals, a custom client, the status line and the cache.

use super::client::is_holdoffs;
use super::{LONG, Real, Round};
use crate::child;
use holdoff_world::spawn::Spawned;
use holdoff_world::{Answer, eventually, soon};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// How long Holdoff waits for its new pair: longer than a sign-in takes.
const SLOW: Duration = Duration::from_secs(9);
const HOUR: Duration = Duration::from_secs(3600);
/// The folder of `holdoff`.
const PROGRAMS: &str = "HOLDOFF_BIN_DIR";

/// A Holdoff that is waiting for its new pair.
async fn in_a_renewal(real: &Real) -> Spawned {
    let grants = real.scene.grants.clone();
    real.scene.fake.token_always(Answer::decide(move |request| {
        let answer = grants.answer(request);
        if is_holdoffs(request) { answer.after(SLOW) } else { answer }
    }));
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    real.scene.fake.wait_for_token(1, LONG).await;
    holdoff
}

async fn end(holdoff: Spawned) {
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
}

/// A user who signed out stays signed out.
pub async fn sign_out(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    let holdoff = in_a_renewal(&real).await;
    let logout = real.run(&["auth", "logout"]);
    logout.wait_exit(LONG).await;
    if real.pair().is_some() {
        return Err(format!("it did not sign out\n{}", logout.output()));
    }
    tokio::time::sleep(SLOW + Duration::from_secs(2)).await;
    end(holdoff).await;
    if real.pair().is_some() {
        return Err("the person was signed in again".to_owned());
    }
    Ok(String::new())
}

/// The new sign-in stays, whatever the response for the old one is.
pub async fn sign_in(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    let old = real.pair().unwrap();
    let holdoff = in_a_renewal(&real).await;
    real.sign_in().await?;
    let new = real.pair().filter(|pair| *pair != old).ok_or("it did not sign in")?;
    real.renewed(&old).await;
    end(holdoff).await;
    real.check()?;
    if real.pair() != Some(new) { Err("the new sign-in was replaced".to_owned()) } else { Ok(String::new()) }
}

/// A sign-in that Anthropic no longer accepts.
pub async fn blanked(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    real.scene.fake.token_always(Answer::invalid_grant());
    let session = real.session();
    let blank = eventually(LONG, "a blanked pair", async || real.pair().filter(|pair| pair.refresh.is_empty()));
    let blank = blank.await;
    let asked = real.scene.fake.token_requests().len();
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    tokio::time::sleep(Duration::from_secs(3)).await;
    end(holdoff).await;
    session.claude.terminate();
    let untouched = real.pair() == Some(blank) && real.scene.fake.token_requests().len() == asked;
    let silent = real.scene.fake.usage_requests().iter().all(|request| !is_holdoffs(request));
    if untouched && silent { Ok(String::new()) } else { Err("Holdoff did something with it".to_owned()) }
}

/// The sign-in names a custom OAuth client: both programs renew in that client's name.
pub async fn own_client(seed: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    let mut stored = real.stored().unwrap();
    stored["claudeAiOauth"]["clientId"] = "22422756-60c9-4084-8eb7-27705fd5cf9a".into();
    real.scene.home.raw_credentials(stored.to_string().as_bytes());
    let old = real.pair().unwrap();
    let first = if seed.is_multiple_of(2) { "Holdoff" } else { "Claude Code" };
    let session = (first != "Holdoff").then(|| real.session());
    if session.is_some() {
        real.scene.fake.wait_for_token(1, LONG).await;
    }
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    real.replaced(&old).await;
    end(holdoff).await;
    real.check()?;
    let request = &real.scene.fake.token_requests()[0];
    let named = request.json()["client_id"] == stored["claudeAiOauth"]["clientId"];
    if !named || is_holdoffs(request) != (first == "Holdoff") {
        return Err(format!("client {} by {:?}", request.json()["client_id"], request.user_agent));
    }
    let kept = real.stored().is_some_and(|now| now["claudeAiOauth"]["clientId"] == stored["claudeAiOauth"]["clientId"]);
    if kept { Ok(format!("by {first}")) } else { Err("its client was lost".to_owned()) }
}

/// Claude Code calls Holdoff, which calls the user's own status line.
pub async fn status_line(_: u64) -> Round {
    let real = Real::new(8 * HOUR).await;
    let (home, settings) = (&real.scene.home, real.scene.home.claude_dir().join("settings.json"));
    let called = home.path().join("called.json");
    home.program(
        "line",
        "#!/bin/sh\ncat > \"$HOME/called.new\" && mv \"$HOME/called.new\" \"$HOME/called.json\"\necho mine\n",
    );
    let own =
        json!({"model": "opus", "statusLine": {"type": "command", "command": home.path().join(".local/bin/line")}});
    let before = serde_json::to_vec_pretty(&own).unwrap();
    fs::write(&settings, &before).unwrap();
    holdoff(&real, "install").await?;
    if fs::read_to_string(&settings).is_ok_and(|text| !text.contains("holdoff")) {
        return Err("it was not installed".to_owned());
    }
    let mut command = Command::new("script");
    command.args(["-qfc", real.command().get_program().to_str().unwrap(), "/dev/null"]);
    let envs: Vec<_> =
        real.command().get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command.env_clear().current_dir(home.path()).env("SHELL", "/bin/sh");
    for (name, value) in envs {
        command.env(name, value.unwrap_or_default());
    }
    let (output, _input) = std::io::pipe().unwrap();
    let terminal = Spawned::start_with("script", &mut command, output);
    eventually(LONG, "a call of the status line", async || called.exists().then_some(())).await;
    terminal.terminate();
    terminal.wait_exit(LONG).await;
    holdoff(&real, "uninstall").await?;
    let after: serde_json::Value = serde_json::from_slice(&fs::read(&settings).unwrap()).unwrap();
    if after["statusLine"] != own["statusLine"] {
        return Err(format!("what is there now: {after}"));
    }
    Ok(if fs::read(&settings).unwrap() == before { "byte for byte" } else { "with what Claude Code set" }.to_owned())
}

async fn holdoff(real: &Real, what: &str) -> Result<(), String> {
    let program = PathBuf::from(std::env::var(PROGRAMS).unwrap()).join("holdoff");
    let mut command = real.scene.home.command(program);
    let done = Spawned::start("holdoff", command.args(["statusline", what, "--yes"])).finished(LONG).await;
    if done.status.success() { Ok(()) } else { Err(format!("{}{}", done.stdout, done.stderr)) }
}

/// Holdoff may not send requests, but reads what Claude Code received.
pub async fn cache(_: u64) -> Round {
    let real = Real::new(8 * HOUR).await;
    let session = real.session();
    let identity = real.scene.home.path().join(".claude.json");
    let cached = soon(Duration::from_secs(20), async || {
        let text = fs::read_to_string(&identity).map_err(|error| error.to_string())?;
        if text.contains("cachedUsageUtilization") { Ok(()) } else { Err("Claude Code keeps none".to_owned()) }
    });
    cached.await?;
    session.claude.terminate();
    session.claude.wait_exit(LONG).await;
    real.scene.fake.always(Answer::rate_limited(Some("3600")));
    let mut holdoff = real.scene.holdoff().await;
    holdoff.until("a reading from the cache", |state| state.reading.is_some()).await;
    holdoff.end().await;
    Ok(String::new())
}
