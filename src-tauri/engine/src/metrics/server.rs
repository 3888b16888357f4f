//! Serves the metrics: one path, one method, only to clients on this computer that present the token. Other clients get no
//! information, cause no log entries, and cannot block a collector by holding connections open.

use super::{Config, MetricsError, Requests, expected_token};
use crate::metrics::gauges;
use crate::platform::clock::Clock;
use crate::storage::state_store::Snapshot;
use holdoff_core::Settings;
use holdoff_core::account::privacy;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// The text format of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long a scraper may take to send its headers.
const HEADERS: Duration = Duration::from_secs(5);
/// The limit for a whole exchange; a scrape takes milliseconds.
const WHOLE: Duration = Duration::from_secs(10);
/// The connection limit; one collector needs one.
const AT_ONCE: usize = 32;

/// The data that is served.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub snapshots: watch::Receiver<Snapshot>,
    pub requests: Requests,
    pub clock: Clock,
    /// Read at each scrape, because labels and intervals may change.
    pub settings: watch::Receiver<Settings>,
}

/// Serves until the task is dropped or aborted. Returns the bound address, for port 0.
///
/// # Errors
/// Fails if the address cannot be bound.
pub async fn serve(
    config: Config,
    metrics: Metrics,
) -> Result<(SocketAddr, tokio::task::JoinHandle<()>), MetricsError> {
    let failed = |error| MetricsError::Bind(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let config = Config { listen: address, ..config };
    let scraped = Arc::new(Scraped { config, metrics, trouble: Mutex::default() });
    Ok((address, tokio::spawn(accept(listener, scraped))))
}

struct Scraped {
    config: Config,
    metrics: Metrics,
    /// The problem with the token file that was last logged.
    trouble: Mutex<Option<String>>,
}

/// A connection.
struct Seat {
    task: AbortHandle,
    /// The client has presented the token and is being answered.
    served: Arc<AtomicBool>,
}

async fn accept(listener: TcpListener, scraped: Arc<Scraped>) {
    // Dropping it closes every connection.
    let mut tasks = JoinSet::new();
    let mut seats: VecDeque<Seat> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                while tasks.try_join_next().is_some() {}
                seats.retain(|seat| !seat.task.is_finished());
                if seats.len() >= AT_ONCE {
                    leave_oldest_idle(&mut seats);
                }
                let served = Arc::new(AtomicBool::new(false));
                let answered =
                    tokio::time::timeout(WHOLE, answer_one(stream, Arc::clone(&scraped), Arc::clone(&served)));
                let task = tasks.spawn(async move { drop(answered.await) });
                seats.push_back(Seat { task, served });
            }
            // Usually too many open files: an immediate retry would fail too.
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Closes the oldest connection that has not presented the token, to make room for new ones.
fn leave_oldest_idle(seats: &mut VecDeque<Seat>) {
    let idle = seats.iter().position(|seat| !seat.served.load(Ordering::Relaxed)).unwrap_or_default();
    if let Some(seat) = seats.remove(idle) {
        seat.task.abort();
    }
}

async fn answer_one(stream: TcpStream, scraped: Arc<Scraped>, served: Arc<AtomicBool>) {
    let service = service_fn(move |request| {
        let (scraped, served) = (Arc::clone(&scraped), Arc::clone(&served));
        async move { Ok::<_, Infallible>(scraped.answer(&request, &served).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = served.await;
}

impl Scraped {
    async fn answer(&self, request: &Request<Incoming>, served: &AtomicBool) -> Response<Full<Bytes>> {
        if !self.is_this_computer(request) {
            return plain(StatusCode::MISDIRECTED_REQUEST, String::new());
        }
        match self.may_read(request).await {
            Some(true) => {}
            Some(false) => {
                let mut answer = plain(StatusCode::UNAUTHORIZED, String::new());
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                return answer;
            }
            None => return plain(StatusCode::SERVICE_UNAVAILABLE, String::new()),
        }
        served.store(true, Ordering::Relaxed);
        if request.uri().path() != "/metrics" {
            return plain(StatusCode::NOT_FOUND, "Only /metrics is available.\n".to_owned());
        }
        if request.method() != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET is allowed.\n".to_owned());
        }
        self.scrape()
    }

    /// Checks the Host header, since a web page can send requests here under its own host name (DNS rebinding).
    fn is_this_computer(&self, request: &Request<Incoming>) -> bool {
        let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let Some((host, port)) = named.and_then(|host| host.rsplit_once(':')) else {
            return false;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback && port.parse() == Ok(self.config.listen.port())
    }

    /// Returns `None` if the expected token cannot be read, so no client can be authenticated.
    async fn may_read(&self, request: &Request<Incoming>) -> Option<bool> {
        let path = self.config.token_file.clone();
        let expected = tokio::task::spawn_blocking(move || expected_token(&path)).await;
        let expected = expected.unwrap_or_else(|_| Err("cannot read the token file".to_owned()));
        self.note(expected.as_ref().err());
        let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().trim();
        Some(shown.as_bytes().ct_eq(expected.ok()?.expose().as_bytes()).into())
    }

    /// Logs each change once, regardless of how often clients ask.
    fn note(&self, trouble: Option<&String>) {
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() == trouble {
            return;
        }
        match trouble {
            Some(why) => tracing::warn!(%why, "metrics are not served"),
            None => tracing::info!("metrics are served again"),
        }
        *told = trouble.cloned();
    }

    fn scrape(&self) -> Response<Full<Bytes>> {
        let Metrics { snapshots, requests, clock, settings } = &self.metrics;
        let (snapshot, settings) = (snapshots.borrow(), settings.borrow());
        let (state, settings) = privacy::shown(&snapshot.state, &settings);
        let shown = Snapshot { state: state.into_owned(), trouble: snapshot.trouble.clone() };
        let rendered = gauges::render(&shown, requests, clock.now(), &settings);
        let Ok(text) = rendered else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "Could not write the metrics.\n".to_owned());
        };
        let mut answer = plain(StatusCode::OK, text);
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
        answer
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
