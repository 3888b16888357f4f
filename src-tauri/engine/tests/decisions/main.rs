//! The decision for every HTTP status, from the real HTTP layer and the real decision core, compared with a reviewed
//! table: `decisions.md`, beside this file. `HOLDOFF_WRITE_DECISIONS=1` rewrites it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod cases;
mod servers;
mod subject;
mod table;

use cases::{Case, Wire};
use holdoff_core::providers::Provider;
use holdoff_core::{Body, HttpResponse, PermittedRequest, SendResult};
use holdoff_engine::http::Http;
use holdoff_engine::platform::environment::Bases;
use servers::{Raw, scripted};
use std::sync::Arc;
use std::time::Duration;
use subject::{Decision, Subject};
use tokio::task::JoinSet;

/// Enough time for a response on a busy machine; only the silent cases use the shorter limit.
const PATIENT: Duration = Duration::from_secs(60);
/// Enough time for all of those to send their requests: an earlier timeout would be a different case.
const SILENCE: Duration = Duration::from_secs(6);
/// How many cases run concurrently. Silent ones only wait, and all of them wait together.
const AT_ONCE: usize = 24;

#[tokio::test]
async fn decisions_for_every_status_match_the_reviewed_table() {
    let cases: Arc<Vec<Case>> = Arc::new(cases::all());
    let network = Arc::new(Network::start(&cases).await);
    let (silent, other): (Vec<usize>, Vec<usize>) =
        (0..cases.len()).partition(|n| matches!(cases[*n].wire, Wire::Silence(_) | Wire::Endless(_)));
    let mut decided: Vec<(usize, Decision)> = Vec::new();
    let mut running = JoinSet::new();
    for n in silent {
        running.spawn(decide(n, Arc::clone(&cases), Arc::clone(&network)));
    }
    let mut waiting = other.into_iter();
    for n in waiting.by_ref().take(AT_ONCE) {
        running.spawn(decide(n, Arc::clone(&cases), Arc::clone(&network)));
    }
    while let Some(done) = running.join_next().await {
        decided.push(done.unwrap());
        if let Some(n) = waiting.next() {
            running.spawn(decide(n, Arc::clone(&cases), Arc::clone(&network)));
        }
    }
    decided.sort_by_key(|(n, _)| *n);
    assert_eq!(decided.len(), cases.len());
    table::check(&table::write(&cases, &decided));
}

async fn decide(n: usize, cases: Arc<Vec<Case>>, network: Arc<Network>) -> (usize, Decision) {
    let case = &cases[n];
    let mut subject = Subject::new(case.endpoint, n);
    let permitted = subject.first_request();
    let delivery = network.send(case, permitted).await;
    // Simulates days of the account's life; the next request does not wait for that.
    (n, tokio::task::spawn_blocking(move || subject.decide(&delivery)).await.unwrap())
}

/// Both servers, and the HTTP clients for them.
struct Network {
    world: Http,
    raw: Http,
    hurried: Http,
    _servers: (holdoff_world::FakeAnthropic, Raw),
}

impl Network {
    async fn start(cases: &Arc<Vec<Case>>) -> Self {
        let fake = scripted(cases).await;
        let raw = Raw::start(cases).await;
        let bases =
            Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
        let at_raw = Bases::new(Provider::Anthropic, raw.base(), raw.base());
        Self {
            world: Http::with_timeout(&bases, PATIENT, |_| Duration::ZERO),
            raw: Http::with_timeout(&at_raw, PATIENT, |_| Duration::ZERO),
            hurried: Http::with_timeout(&at_raw, SILENCE, |_| Duration::ZERO),
            _servers: (fake, raw),
        }
    }

    async fn send(&self, case: &Case, permitted: PermittedRequest) -> SendResult {
        let http = match case.wire {
            Wire::Whole(_) => &self.world,
            Wire::Cut(_) | Wire::ClosedAfter(_) | Wire::GoodAfter(_) => &self.raw,
            Wire::Silence(_) | Wire::Endless(_) => &self.hurried,
        };
        http.send(permitted).await
    }
}

/// A copy of the result: the account gets it three times.
fn again(delivery: &SendResult) -> SendResult {
    match delivery {
        SendResult::NotSent(why) => SendResult::NotSent(why.clone()),
        SendResult::PermitExpired => SendResult::PermitExpired,
        SendResult::Lost(why) => SendResult::Lost(why.clone()),
        SendResult::Answered(answer) => SendResult::Answered(HttpResponse {
            status: answer.status,
            retry_after: answer.retry_after.clone(),
            date: answer.date.clone(),
            request_id: answer.request_id,
            body: match &answer.body {
                Body::Whole(bytes) => Body::Whole(bytes.clone()),
                Body::Truncated(why) => Body::Truncated(why.clone()),
            },
        }),
    }
}
