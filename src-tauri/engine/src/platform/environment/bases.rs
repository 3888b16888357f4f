//! The base URL of each provider endpoint: the provider's own, or a stand-in server on this computer.

use super::StartError;
use crate::http::network::is_loopback;
use holdoff_core::Endpoint;
use holdoff_core::providers::{EndpointSpec, Provider};
use reqwest::Url;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// The base URL of each endpoint of each provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bases(BTreeMap<(Provider, Endpoint), Url>);

impl Bases {
    /// The endpoints of one provider.
    pub fn new(provider: Provider, usage: Url, token: Url) -> Self {
        Self::from_iter([((provider, Endpoint::Usage), usage), ((provider, Endpoint::Token), token)])
    }

    pub fn of(&self, provider: Provider, endpoint: Endpoint) -> Option<&Url> {
        self.0.get(&(provider, endpoint))
    }

    pub(super) fn from_vars(var: &impl Fn(&str) -> Option<OsString>) -> Result<Self, StartError> {
        let specs =
            Provider::ALL.iter().flat_map(|provider| provider.spec().endpoints().iter().map(|spec| (*provider, spec)));
        specs.map(|(provider, spec)| Ok(((provider, spec.endpoint), base(var, provider, spec)?))).collect()
    }

    pub(super) fn are_loopback(&self) -> bool {
        self.0.values().all(is_loopback)
    }
}

impl FromIterator<((Provider, Endpoint), Url)> for Bases {
    fn from_iter<I: IntoIterator<Item = ((Provider, Endpoint), Url)>>(bases: I) -> Self {
        Self(bases.into_iter().collect())
    }
}

fn base(
    var: &impl Fn(&str) -> Option<OsString>,
    provider: Provider,
    spec: &'static EndpointSpec,
) -> Result<Url, StartError> {
    let given = var(spec.variable).map(|value| value.to_string_lossy().into_owned());
    let refuse = |why| StartError::Base { provider: provider.name(), variable: spec.variable, why };
    match given {
        Some(given) => stand_in(&given).map_err(refuse),
        None => Url::parse(spec.base).map_err(|_| refuse("it is not a URL")),
    }
}

/// Parses the loopback address of a stand-in server.
pub(super) fn stand_in(given: &str) -> Result<Url, &'static str> {
    let url = Url::parse(given).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it is neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name or password");
    }
    if !is_loopback(&url) {
        return Err("it is not an address of this computer");
    }
    Ok(url)
}
