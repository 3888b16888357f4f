//! How the owner of a sign-in reaches its provider: the proxy and the certificates with which companies set up Claude
//! Code, in the environment or in the `env` of its settings. Holdoff goes the same way.
//!
//! Of the settings, only the names below are read. What is said of them is an address without user and password, or a path.

use crate::claude_code::CredentialStore;
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

/// The first that is set counts, as for Claude Code, which knows all but the last two.
const PROXIES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// The certificates that are trusted, in place of the computer's.
const BUNDLE: &str = "SSL_CERT_FILE";
/// Certificates that are trusted besides.
const EXTRA: &str = "NODE_EXTRA_CA_CERTS";
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Settings with a lot of hooks are some tens of kilobytes; all certificates of the world are some hundred.
const FILE_MAX: u64 = 4 * 1024 * 1024;

#[cfg(target_os = "macos")]
const MANAGED: &str = "/Library/Application Support/ClaudeCode";
#[cfg(windows)]
const MANAGED: &str = r"C:\Program Files\ClaudeCode";
#[cfg(not(any(target_os = "macos", windows)))]
const MANAGED: &str = "/etc/claude-code";

/// What stands under those names in one place. A proxy's address may hold a password: its values are not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<&'static str, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Those of an environment.
    pub fn of(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, var(name)?.into_string().ok()?));
        Self(names().filter_map(set).collect())
    }

    /// Those in the `env` of a settings file of Claude Code. One that is not there, or cannot be read, has none: its owner
    /// leaves it out as well.
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

/// What counts for one owner.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Each with the place where it stands, for people; the first that has a name counts for it.
    layers: Vec<(String, Variables)>,
}

/// How one host is reached.
#[derive(Default)]
pub struct Route {
    proxy: Option<Url>,
    bundle: Option<PathBuf>,
    extra: Option<PathBuf>,
    /// Of each of these that is in force: what it is, and where that is said.
    said: Vec<(String, String)>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.said).finish()
    }
}

impl Network {
    /// What an administrator of the computer says comes first, then the settings in the owner's folder, then the environment.
    /// Blocks for a moment.
    pub fn of(source: &CredentialStore, environment: &Variables) -> Self {
        let mut files = managed_settings();
        files.push(source.config_dir().join("settings.json"));
        Self::layered(&files, environment)
    }

    fn layered(files: &[PathBuf], environment: &Variables) -> Self {
        let settings = files.iter().map(|path| (path.display().to_string(), Variables::in_settings(path)));
        let layers = settings.chain([("the environment".to_owned(), environment.clone())]);
        Self { layers: layers.filter(|(_, variables)| !variables.0.is_empty()).collect() }
    }

    /// What a name stands for. An empty text takes back what stands below it, and says nothing.
    fn get(&self, name: &'static str) -> Option<Setting<'_>> {
        let (place, variables) = self.layers.iter().find(|(_, variables)| variables.0.contains_key(name))?;
        let value = variables.0.get(name)?.trim();
        (!value.is_empty()).then_some(Setting { name, value, place })
    }

    /// The way to `base`.
    ///
    /// # Errors
    /// A sentence: what is not what it is meant to be. Nothing is to be sent then.
    pub fn route(&self, base: &Url) -> Result<Route, String> {
        let mut route = Route::default();
        // A stand-in on this computer is spoken to in the clear: a proxy would see the token.
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

    /// Commas and blanks are between the names, and a name may begin with a star.
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

/// What an administrator says of Claude Code on this computer, the file that counts first in front.
pub(crate) fn managed_settings() -> Vec<PathBuf> {
    managed(Path::new(MANAGED))
}

fn managed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("managed-settings.d")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.reverse();
    files.push(folder.join("managed-settings.json"));
    files
}

/// One that is in force.
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
    /// What is in force, and where that is said.
    pub fn said(&self) -> &[(String, String)] {
        &self.said
    }

    /// What is in force, to be put after what went wrong; empty where nothing is.
    pub fn via(&self) -> String {
        let said: Vec<&str> = self.said.iter().map(|(what, _)| what.as_str()).collect();
        if said.is_empty() { String::new() } else { format!(" (with {})", said.join(" and ")) }
    }

    pub(crate) fn proxy(&self) -> Result<Option<Proxy>, String> {
        let proxy = self.proxy.as_ref().map(|address| Proxy::all(address.clone())).transpose();
        proxy.map_err(|_| format!("{} cannot be used", self.via().trim()))
    }

    /// Whether what is trusted of itself counts besides [`Route::certificates`].
    pub(crate) fn trusts_the_computer(&self) -> bool {
        self.bundle.is_none()
    }

    /// Read anew each time: a company renews them.
    ///
    /// # Errors
    /// A sentence, if one of the files cannot be read or has none.
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
