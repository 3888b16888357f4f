//! How the owner of a sign-in reaches its provider: the proxy and certificates that companies configure for the owner, in the
//! environment or in the `env` of its settings. Holdoff uses the same route.
//!
//! Only the names below are read from the settings. Only a path, or a proxy's address without user and password, is ever shown.

use crate::platform::fs;
use holdoff_core::text::without_bom;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Certificate, Proxy, Url};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The first one set applies, as with the owner, which ignores the last two.
const PROXIES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// Certificates that replace the system's.
const BUNDLE: &str = "SSL_CERT_FILE";
/// Certificates trusted in addition.
const EXTRA: &str = "NODE_EXTRA_CA_CERTS";
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Settings with many hooks take tens of kilobytes; a complete set of root certificates takes a few hundred.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The values of these names from one place. `Debug` hides them, because a proxy's address may contain a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<&'static str, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Reads them from an environment.
    pub fn of(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, var(name)?.into_string().ok()?));
        Self(names().filter_map(set).collect())
    }

    /// Reads them from the `env` of an owner's settings file. A missing or unreadable file sets none, as with the owner.
    fn in_settings(path: &Path) -> Self {
        #[derive(Deserialize)]
        struct Settings {
            #[serde(default)]
            env: BTreeMap<String, serde_json::Value>,
        }
        let read = fs::read(path, FILE_MAX).ok();
        let settings = read.and_then(|bytes| serde_json::from_slice::<Settings>(without_bom(&bytes)).ok());
        let env = settings.map(|settings| settings.env).unwrap_or_default();
        Self(names().filter_map(|name| Some((name, env.get(name)?.as_str()?.to_owned()))).collect())
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PROXIES.into_iter().chain(EXCEPTIONS).chain([BUNDLE, EXTRA])
}

/// The network settings that apply to one owner.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Each with a description of where it is set. The first layer that contains a name applies.
    layers: Vec<(String, Variables)>,
}

/// The route to one host.
#[derive(Default)]
pub struct Route {
    proxy: Option<Url>,
    bundle: Option<PathBuf>,
    extra: Option<PathBuf>,
    /// For each setting in force: a description, and where it is set.
    said: Vec<(String, String)>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.said).finish()
    }
}

impl Network {
    /// The owner's settings files, highest precedence first, then the environment. Blocks briefly.
    pub fn of(files: &[PathBuf], environment: &Variables) -> Self {
        let settings = files.iter().map(|path| (path.display().to_string(), Variables::in_settings(path)));
        let layers = settings.chain([("the environment".to_owned(), environment.clone())]);
        Self { layers: layers.filter(|(_, variables)| !variables.0.is_empty()).collect() }
    }

    /// Looks a name up. An empty value overrides lower layers and counts as unset.
    fn get(&self, name: &'static str) -> Option<Setting<'_>> {
        let (place, variables) = self.layers.iter().find(|(_, variables)| variables.0.contains_key(name))?;
        let value = variables.0.get(name)?.trim();
        (!value.is_empty()).then_some(Setting { name, value, place })
    }

    /// The route to `base`.
    ///
    /// # Errors
    /// Fails with a sentence for the user if a setting is invalid. The request must not be sent then.
    pub fn route(&self, base: &Url) -> Result<Route, String> {
        let mut route = Route::default();
        // Requests to a loopback test server are not encrypted: a proxy would see the token.
        if !is_loopback(base)
            && let Some(setting) = PROXIES.into_iter().find_map(|name| self.get(name))
        {
            let address = setting.proxy()?;
            if !self.is_exception(base, &address) {
                let port = address.port_or_known_default().or(Some(1080)).unwrap_or_default();
                let host = address.host_str().unwrap_or_default();
                route.said.push((format!("the proxy {host}:{port}"), setting.said()));
                route.proxy = Some(address);
            }
        }
        for (name, place) in [(BUNDLE, &mut route.bundle), (EXTRA, &mut route.extra)] {
            if let Some(setting) = self.get(name) {
                let path = setting.path()?;
                route.said.push((format!("the certificates in {}", path.display()), setting.said()));
                *place = Some(path);
            }
        }
        Ok(route)
    }

    /// Names are separated by commas or whitespace, and may start with `*.`.
    fn is_exception(&self, base: &Url, proxy: &Url) -> bool {
        let Some(list) = EXCEPTIONS.into_iter().find_map(|name| self.get(name)) else {
            return false;
        };
        let entries = list.value.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        let entries: Vec<&str> = entries.map(|entry| entry.strip_prefix("*.").unwrap_or(entry)).collect();
        let matcher = Matcher::builder().all(proxy.as_str().to_owned()).no(entries.join(",")).build();
        base.as_str().parse().is_ok_and(|base| matcher.intercept(&base).is_none())
    }
}

/// A setting in force.
struct Setting<'a> {
    name: &'static str,
    value: &'a str,
    place: &'a str,
}

impl Setting<'_> {
    fn said(&self) -> String {
        format!("{} in {}", self.name, self.place)
    }

    fn proxy(&self) -> Result<Url, String> {
        let text = if self.value.contains("://") { self.value.to_owned() } else { format!("http://{}", self.value) };
        let address = Url::parse(&text).ok().filter(|url| url.has_host() && SCHEMES.contains(&url.scheme()));
        address.ok_or_else(|| {
            format!("{} is not the address of an HTTP or SOCKS proxy, such as http://proxy.example:3128", self.said())
        })
    }

    fn path(&self) -> Result<PathBuf, String> {
        let path = PathBuf::from(self.value);
        if path.is_absolute() {
            Ok(path)
        } else {
            Err(format!("{} is not a full path of a file, starting with /", self.said()))
        }
    }
}

impl Route {
    /// The settings in force, and where each is set.
    pub fn said(&self) -> &[(String, String)] {
        &self.said
    }

    /// The settings in force, as a suffix for error messages; empty if there are none.
    pub fn via(&self) -> String {
        let said: Vec<&str> = self.said.iter().map(|(what, _)| what.as_str()).collect();
        if said.is_empty() { String::new() } else { format!(" (with {})", said.join(" and ")) }
    }

    pub(crate) fn proxy(&self) -> Result<Option<Proxy>, String> {
        let proxy = self.proxy.as_ref().map(|address| Proxy::all(address.clone())).transpose();
        proxy.map_err(|_| format!("{} cannot be used", self.via().trim()))
    }

    /// Whether the system's certificates are trusted in addition to [`Route::certificates`].
    pub(crate) fn trusts_the_computer(&self) -> bool {
        self.bundle.is_none()
    }

    /// Reads the certificates from disk each time, because companies renew them.
    ///
    /// # Errors
    /// Fails with a sentence for the user if a file cannot be read or contains no certificate.
    pub fn certificates(&self) -> Result<Vec<Certificate>, String> {
        let mut all = Vec::new();
        for path in [&self.bundle, &self.extra].into_iter().flatten() {
            let wrong = |why: &str| format!("the certificates in {} cannot be used: {why}", path.display());
            let bytes = fs::read(path, FILE_MAX).map_err(|error| wrong(&error.to_string()))?;
            let found = Certificate::from_pem_bundle(&bytes).map_err(|_| wrong("it is not valid PEM"))?;
            if found.is_empty() {
                return Err(wrong("it contains none; it must be in PEM format"));
            }
            all.extend(found);
        }
        Ok(all)
    }
}

/// 127.0.0.0/8, `[::1]` and `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
