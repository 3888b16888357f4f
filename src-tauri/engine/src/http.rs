//! Sends one request per permit: no redirects, no retries, bounded body size and time, and HTTPS only, except to a loopback
//! test server.

mod guarded_body;
pub mod network;
mod permit_deadline;
mod reason;
mod releases;

pub use guarded_body::SendGuard;
pub use permit_deadline::SendCancelled;
pub use releases::ReleaseServer;
pub(crate) use releases::torn;

use crate::http::network::is_loopback;
use crate::http::network::{Network, Route};
use crate::platform::environment::Bases;
use crate::platform::wiped;
use bytes::Bytes;
use guarded_body::{Departure, GuardedBody, Watched};
use holdoff_core::credential::token::Token;
use holdoff_core::request::{Auth, Method, Request};
use holdoff_core::{Body, HttpResponse, Moment, PermittedRequest, SendResult};
use permit_deadline::{OnTime, PermitLayer, Watch};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url, header};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use zeroize::Zeroizing;

/// A usage response is a few kilobytes.
pub const BODY_MAX: usize = 512 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last byte received.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Http {
    bases: Bases,
    total: Duration,
    watch: Watch,
}

#[derive(Debug, Clone)]
struct Host {
    base: Url,
    total: Duration,
}

impl Http {
    /// `since` returns the real time elapsed since a moment; all timeouts here use real time, because a permit is short-lived.
    pub fn new(bases: &Bases, since: impl Fn(Moment) -> Duration + Send + Sync + 'static) -> Self {
        Self::with_timeout(bases, TOTAL_TIMEOUT, since)
    }

    /// For tests that wait for a timeout.
    pub fn with_timeout(
        bases: &Bases,
        total: Duration,
        since: impl Fn(Moment) -> Duration + Send + Sync + 'static,
    ) -> Self {
        have_tls();
        Self { bases: bases.clone(), total, watch: Watch::new(since) }
    }

    /// Sends the permitted request over this computer's default route. Consumes the permit, whatever the result.
    pub async fn send(&self, permitted: PermittedRequest) -> SendResult {
        self.send_while(permitted, &Network::default(), Arc::new(AtomicBool::new(true)), None).await
    }

    /// Like [`Http::send`], but over the owner's network route and only while `wanted` is set (laws 7 and 16). A refresh token
    /// is sent only if `still` allows it once the connection is open.
    pub async fn send_while(
        &self,
        permitted: PermittedRequest,
        network: &Network,
        wanted: Arc<AtomicBool>,
        still: Option<SendGuard>,
    ) -> SendResult {
        let (permit, request) = permitted.into_parts();
        if (permit.provider(), permit.endpoint()) != (request.provider, request.endpoint) {
            return SendResult::NotSent("the permit was for another endpoint".to_owned());
        }
        let Some(base) = self.bases.of(request.provider, request.endpoint) else {
            return SendResult::NotSent("its provider has no such endpoint".to_owned());
        };
        let host = Host { base: base.clone(), total: self.total };
        let on_time = OnTime::new(permit, self.watch.clone(), wanted);
        if !on_time.holds() {
            return SendResult::PermitExpired;
        }
        let route = match network.route(&host.base) {
            Ok(route) => route,
            Err(why) => return SendResult::NotSent(why),
        };
        let via = route.via();
        let delivery = on_time.clone().during(host.send(request, route, still, on_time)).await;
        match delivery {
            SendResult::NotSent(why) => SendResult::NotSent(why + &via),
            SendResult::Lost(why) => SendResult::Lost(why + &via),
            SendResult::Answered(_) | SendResult::PermitExpired => delivery,
        }
    }
}

impl Host {
    /// Builds a client for one request, because certificates are renewed and proxy settings change. Building takes a few
    /// milliseconds; the client holds a few hundred kilobytes.
    async fn client(&self, route: Route) -> Result<Client, String> {
        let host = self.clone();
        let made = tokio::task::spawn_blocking(move || client(&host.base, host.total, &route)).await;
        made.unwrap_or_else(|_| Err("could not set up TLS: internal error".to_owned()))
    }

    async fn send(&self, request: Request, route: Route, still: Option<SendGuard>, on_time: OnTime) -> SendResult {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), request.path));
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        // A token response is not redacted: a token that it returns unchanged must stay intact.
        let secret = match &request.auth {
            Auth::Bearer(token) => Some(token.clone()),
            Auth::RefreshGrant { .. } => None,
        };
        let client = match self.client(route).await {
            Ok(client) => client,
            Err(why) => return SendResult::NotSent(why),
        };
        let (mut call, grant) = match authorize(client.request(method, url), &request.auth, still, on_time) {
            Ok(call) => call,
            Err(why) => return SendResult::NotSent(why.to_owned()),
        };
        for (name, value) in &request.headers {
            call = call.header(*name, *value);
        }
        let sent = call.send().await;
        match sent {
            Ok(response) => SendResult::Answered(answer(response, secret.as_ref().map(Token::expose), BODY_MAX).await),
            Err(error) if reason::cancelled(&error) == Some(SendCancelled::PermitExpired) => SendResult::PermitExpired,
            Err(error) if grant.is_some_and(|grant| grant.departure() != Departure::Left) => {
                SendResult::NotSent(reason::of(&error))
            }
            Err(error) if error.is_connect() || error.is_builder() => SendResult::NotSent(reason::of(&error)),
            Err(error) => SendResult::Lost(reason::of(&error)),
        }
    }
}

/// The request body of RFC 6749 §6.
#[derive(serde::Serialize)]
struct Grant<'a> {
    grant_type: &'static str,
    refresh_token: &'a str,
    client_id: &'a str,
}

/// Adds the secret where the provider expects it. The returned [`Watched`] tells whether a refresh token was sent.
fn authorize(
    call: RequestBuilder,
    auth: &Auth,
    still: Option<SendGuard>,
    on_time: OnTime,
) -> Result<(RequestBuilder, Option<Watched>), &'static str> {
    match auth {
        Auth::Bearer(token) => {
            let mut text = Zeroizing::new(Vec::with_capacity(7 + token.expose().len()));
            text.extend_from_slice(b"Bearer ");
            text.extend_from_slice(token.expose().as_bytes());
            let mut bearer = header::HeaderValue::from_maybe_shared(Bytes::from_owner(text))
                .map_err(|_| "the token is not valid in an HTTP header")?;
            bearer.set_sensitive(true);
            Ok((call.header(header::AUTHORIZATION, bearer), None))
        }
        Auth::RefreshGrant { refresh_token, client_id } => {
            let grant = Grant { grant_type: "refresh_token", refresh_token: refresh_token.expose(), client_id };
            let mut text = Zeroizing::new(Vec::with_capacity(256 + 2 * refresh_token.expose().len()));
            serde_json::to_writer(&mut *text, &grant)
                .map_err(|_| "the refresh token is not valid in a renewal request")?;
            let (body, watched) = GuardedBody::new(Bytes::from_owner(text), still, on_time);
            let call = call.header(header::CONTENT_TYPE, "application/json").body(reqwest::Body::wrap(body));
            Ok((call, Some(watched)))
        }
    }
}

fn have_tls() {
    // Fails only if a provider is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn client(base: &Url, total: Duration, route: &Route) -> Result<Client, String> {
    built(client_to(base, route)?.redirect(reqwest::redirect::Policy::none()).timeout(total))
}

fn built(client: ClientBuilder) -> Result<Client, String> {
    client.build().map_err(|error| format!("could not set up TLS: {}", reason::of_setup(&error)))
}

/// The settings that all requests share. The caller adds the timeout and the redirect policy.
fn client_to(base: &Url, route: &Route) -> Result<ClientBuilder, String> {
    let loopback = is_loopback(base);
    let certificates = route.certificates()?;
    let mut client = Client::builder()
        .user_agent(concat!("holdoff/", env!("CARGO_PKG_VERSION")))
        .retry(reqwest::retry::never())
        .referer(false)
        .https_only(!loopback)
        .connect_timeout(CONNECT_TIMEOUT)
        // A pooled connection may be dead, and the client would then retry the request.
        .pool_max_idle_per_host(0)
        .connector_layer(PermitLayer)
        // The route already includes the proxy variables of the environment.
        .no_proxy();
    if let Some(proxy) = route.proxy()? {
        client = client.proxy(proxy);
    }
    // Skips loading the system's certificates for plain HTTP.
    Ok(if route.trusts_the_computer() && base.scheme() == "https" {
        client.tls_certs_merge(certificates)
    } else {
        client.tls_certs_only(certificates)
    })
}

async fn answer(response: Response, secret: Option<&str>, most: usize) -> HttpResponse {
    let header = |name: header::HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(secret.map_or_else(|| value.to_owned(), |secret| value.replace(secret, WITHHELD)))
    };
    let (retry_after, date) = (header(header::RETRY_AFTER), header(header::DATE));
    let request_id = response.headers().contains_key("request-id");
    let status = response.status().as_u16();
    HttpResponse { status, retry_after, date, request_id, body: body(response, secret, most).await }
}

async fn body(mut response: Response, secret: Option<&str>, most: usize) -> Body {
    let mut bytes = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => {
                return Body::Truncated(format!("it is larger than {} KiB", most / 1024));
            }
            Ok(Some(chunk)) => wiped::append(&mut bytes, &chunk),
            Ok(None) => return Body::Whole(without(bytes, secret)),
            Err(error) if error.is_timeout() => return Body::Truncated("it took too long".to_owned()),
            Err(_) => return Body::Truncated("the connection broke halfway".to_owned()),
        }
    }
}

const WITHHELD: &str = "(withheld)";

/// Redacts the token: a server can echo it, and parts of a response are stored and shown.
fn without(bytes: Zeroizing<Vec<u8>>, secret: Option<&str>) -> Zeroizing<Vec<u8>> {
    let Some(secret) = secret else {
        return bytes;
    };
    if !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
        return bytes;
    }
    String::from_utf8_lossy(&bytes).replace(secret, WITHHELD).into_bytes().into()
}
