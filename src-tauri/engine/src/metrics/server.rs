//! Serves the metrics: one path, one method, to whoever is on this computer and shows the token.

use super::{Config, MetricsError, Requests, expected_token, series};
use crate::clock::Clock;
use crate::keeper::Snapshot;
use holdoff_core::Settings;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// The text format of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// A scraper that says nothing for this long is cut off.
const HEADERS: Duration = Duration::from_secs(5);
/// A scrape takes milliseconds.
const WHOLE: Duration = Duration::from_secs(10);
/// Scrapes at one time; one collector needs one.
const AT_ONCE: usize = 8;

/// What is served.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub snapshots: watch::Receiver<Snapshot>,
    pub requests: Requests,
    pub clock: Clock,
    /// As they are at each scrape: labels and intervals may have been changed.
    pub settings: watch::Receiver<Settings>,
}

/// Serves until the task is dropped or aborted. Answers with the address, for port 0.
///
/// # Errors
/// When nothing can be listened to there.
pub async fn serve(
    config: Config,
    metrics: Metrics,
) -> Result<(SocketAddr, tokio::task::JoinHandle<()>), MetricsError> {
    let failed = |error| MetricsError::Bind(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let scraped = Arc::new(Scraped { config: Config { listen: address, ..config }, metrics });
    Ok((address, tokio::spawn(accept(listener, scraped))))
}

struct Scraped {
    config: Config,
    metrics: Metrics,
}

async fn accept(listener: TcpListener, scraped: Arc<Scraped>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let scraped = Arc::clone(&scraped);
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(WHOLE, answer_one(stream, scraped)).await;
                    drop(seat);
                });
            }
            // Too many open files, as a rule: nothing is gained by asking again at once.
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn answer_one(stream: TcpStream, scraped: Arc<Scraped>) {
    let service = service_fn(move |request| {
        let scraped = Arc::clone(&scraped);
        async move { Ok::<_, Infallible>(scraped.answer(&request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = served.await;
}

impl Scraped {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let refused = |status, why: &str| plain(status, format!("{why}\n"));
        if !self.is_this_computer(request) {
            return refused(StatusCode::MISDIRECTED_REQUEST, "The Host header names another computer.");
        }
        if request.uri().path() != "/metrics" {
            return refused(StatusCode::NOT_FOUND, "There is only /metrics.");
        }
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "Only GET.");
        }
        match self.may_read(request).await {
            Ok(true) => self.scrape(),
            Ok(false) => {
                let mut answer = refused(StatusCode::UNAUTHORIZED, "Show the bearer token of the token file.");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                answer
            }
            Err(why) => {
                tracing::warn!(%why, "metrics are not served");
                refused(StatusCode::SERVICE_UNAVAILABLE, &why)
            }
        }
    }

    /// A page in a browser can send requests here under a name of its own (DNS rebinding); its Host header tells.
    fn is_this_computer(&self, request: &Request<Incoming>) -> bool {
        let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let Some((host, port)) = named.and_then(|host| host.rsplit_once(':')) else {
            return false;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback && port.parse() == Ok(self.config.listen.port())
    }

    async fn may_read(&self, request: &Request<Incoming>) -> Result<bool, String> {
        let path = self.config.token_file.clone();
        let expected = tokio::task::spawn_blocking(move || expected_token(&path)).await;
        let expected = expected.map_err(|_| "the token file could not be read".to_owned())??;
        let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().trim();
        Ok(shown.as_bytes().ct_eq(expected.expose().as_bytes()).into())
    }

    fn scrape(&self) -> Response<Full<Bytes>> {
        let Metrics { snapshots, requests, clock, settings } = &self.metrics;
        let rendered = series::render(&snapshots.borrow(), requests, clock.now(), &settings.borrow());
        let Ok(text) = rendered else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "The metrics could not be written.\n".to_owned());
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
