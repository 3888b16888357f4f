//! One of the two is killed in the middle of a renewal: how long the other waits for its locks.

use super::client::is_holdoffs;
use super::{LONG, Real, Round};
use crate::child;
use holdoff_world::{Answer, eventually};
use std::time::{Duration, Instant};

/// Both would wait for 60 s and more if nothing showed that the holder is gone.
const WAITS: Duration = Duration::from_secs(16);

/// The killed one gets no response, and its token is not spent.
fn answer_only(real: &Real, holdoff: bool) {
    let grants = real.scene.grants.clone();
    real.scene.fake.token_always(Answer::decide(move |request| {
        if is_holdoffs(request) == holdoff { grants.answer(request) } else { Answer::status(503).after(LONG) }
    }));
}

pub async fn holdoff(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    answer_only(&real, false);
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    real.scene.fake.wait_for_token(1, LONG).await;
    holdoff.kill9().await;
    let began = Instant::now();
    let session = real.session();
    let waited = waited(&real, began).await;
    drop(session);
    waited
}

pub async fn claude(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    answer_only(&real, true);
    let session = real.session();
    real.scene.fake.wait_for_token(1, LONG).await;
    session.claude.kill9().await;
    let began = Instant::now();
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    let waited = waited(&real, began).await;
    drop(holdoff);
    waited
}

async fn waited(real: &Real, began: Instant) -> Round {
    real.scene.fake.wait_for_token(2, LONG).await;
    let waited = began.elapsed();
    eventually(LONG, "the new pair", async || real.check().ok().filter(|()| !real.scene.grants.granted().is_empty()))
        .await;
    if waited > WAITS {
        return Err(format!("it waited for {waited:?}"));
    }
    Ok(format!("{:.1} s", waited.as_secs_f64()))
}
