//! Fetches a release file: one request per permit, like all requests, but redirects to a few built-in hosts are allowed. No
//! token is sent, and the file is trusted only because of its signature.

use super::{SendCancelled, answer, built, client_to, have_tls, reason};
use crate::http::network::{Network, Route};
use crate::http::permit_deadline::{OnTime, Watch};
use crate::platform::environment::Releases;
use holdoff_core::gate::{policy, retry_after};
use holdoff_core::updates::{FetchFailure, ReleasePermit};
use holdoff_core::{Moment, SendResult};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, Url};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A release list is two kilobytes. A package may take longer as long as data arrives.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);
const PACKAGE_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const SILENCE: Duration = Duration::from_secs(30);
const REDIRECTS_MAX: usize = 3;

#[derive(Debug, Clone)]
pub struct ReleaseServer {
    releases: Releases,
    watch: Watch,
}

impl ReleaseServer {
    /// `since` returns the real time elapsed since a moment.
    pub fn new(releases: Releases, since: impl Fn(Moment) -> Duration + Send + Sync + 'static) -> Self {
        have_tls();
        Self { releases, watch: Watch::new(since) }
    }

    /// Fetches the release list, while `wanted` is set.
    pub async fn list(&self, permit: ReleasePermit, network: &Network, wanted: Arc<AtomicBool>) -> SendResult {
        let most = usize::try_from(permit.most()).unwrap_or(usize::MAX);
        match self.send(permit, network, wanted, LIST_TIMEOUT).await {
            Ok(response) => SendResult::Answered(answer(response, None, most).await),
            Err(delivery) => delivery,
        }
    }

    /// Fetches a package that a user is waiting for. The caller reads the body of the successful response.
    ///
    /// # Errors
    /// Fails if the request is not sent, the connection breaks, or the status is not 200.
    pub async fn package(
        &self,
        permit: ReleasePermit,
        network: &Network,
        now: Moment,
    ) -> Result<Response, FetchFailure> {
        let wanted = Arc::new(AtomicBool::new(true));
        let response = match self.send(permit, network, wanted, PACKAGE_TIMEOUT).await {
            Ok(response) => response,
            Err(SendResult::NotSent(why)) => return Err(FetchFailure::NotSent(why)),
            Err(SendResult::Lost(why)) => return Err(FetchFailure::Torn(why)),
            Err(SendResult::PermitExpired | SendResult::Answered(_)) => {
                return Err(FetchFailure::NotSent("the computer was asleep".to_owned()));
            }
        };
        match response.status().as_u16() {
            200 => Ok(response),
            429 => {
                let header = |name: &str| response.headers().get(name)?.to_str().ok();
                let (most, now) = (policy::UPDATE_RETRY_AFTER_MAX, now.wall);
                let retry_after = retry_after::parse_up_to(most, header("retry-after"), header("date"), now);
                Err(FetchFailure::RateLimited { retry_after })
            }
            status => Err(FetchFailure::Status(status)),
        }
    }

    async fn send(
        &self,
        permit: ReleasePermit,
        network: &Network,
        wanted: Arc<AtomicBool>,
        total: Duration,
    ) -> Result<Response, SendResult> {
        let base = &self.releases.base;
        let mut url = base.clone();
        url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), permit.file()));
        let on_time = OnTime::of_release(permit, self.watch.clone(), wanted);
        if !on_time.holds() {
            return Err(SendResult::PermitExpired);
        }
        let route = network.route(base).map_err(SendResult::NotSent)?;
        let via = route.via();
        let client = self.client(route, total).await.map_err(SendResult::NotSent)?;
        on_time.during(client.get(url).send()).await.map_err(|error| {
            let why = reason::of(&error) + &via;
            if reason::cancelled(&error) == Some(SendCancelled::PermitExpired) {
                SendResult::PermitExpired
            } else if error.is_connect() || error.is_builder() {
                SendResult::NotSent(why)
            } else {
                SendResult::Lost(why)
            }
        })
    }

    async fn client(&self, route: Route, total: Duration) -> Result<Client, String> {
        let releases = self.releases.clone();
        let made = tokio::task::spawn_blocking(move || {
            let client = client_to(&releases.base, &route)?.timeout(total).read_timeout(SILENCE);
            built(client.redirect(Policy::custom(move |attempt| follow(attempt, &releases))))
        });
        made.await.unwrap_or_else(|_| Err("could not set up TLS: internal error".to_owned()))
    }
}

fn follow(attempt: Attempt<'_>, releases: &Releases) -> reqwest::redirect::Action {
    let few = attempt.previous().len() <= REDIRECTS_MAX;
    if few && may_lead_to(releases, attempt.url()) { attempt.follow() } else { attempt.stop() }
}

fn may_lead_to(releases: &Releases, url: &Url) -> bool {
    let base = &releases.base;
    let host = |url: &Url| url.host_str().map(str::to_owned);
    let same = host(url) == host(base) && url.port_or_known_default() == base.port_or_known_default();
    let via = releases.via.iter().any(|via| url.host_str() == Some(via)) && url.port().is_none();
    url.scheme() == base.scheme() && (same || via)
}

/// Explains to the user why a response was cut off.
pub(crate) fn torn(error: &reqwest::Error) -> String {
    if error.is_timeout() { "it took too long".to_owned() } else { "the connection broke halfway".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::updates::PublicKey;

    #[test]
    fn release_redirect_to_an_unlisted_host_is_refused() {
        let key = PublicKey::from_base64("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
        let base = "https://forge.example/holdoff/releases/latest/download/".parse().unwrap();
        let releases = Releases { base, key, via: vec!["files.forge.example".to_owned()] };
        let may = |url: &str| may_lead_to(&releases, &url.parse().unwrap());
        assert!(
            may("https://forge.example/holdoff/releases/download/v0.2.0/x")
                && may("https://files.forge.example/x?sig=1")
        );
        for other in [
            "http://forge.example/x",
            "http://files.forge.example/x",
            "https://forge.example:8443/x",
            "https://files.forge.example:8443/x",
            "https://evil.example/x",
            "https://files.forge.example.evil.example/x",
            "https://forge.example@evil.example/x",
        ] {
            assert!(!may(other), "{other}");
        }
    }
}
