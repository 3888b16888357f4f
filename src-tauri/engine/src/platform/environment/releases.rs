//! Where releases are published and which key signs them. Both are set at build time.

use super::StartError;
use super::bases::stand_in;
use crate::http::network::is_loopback;
use holdoff_core::updates::PublicKey;
use reqwest::Url;
use std::ffi::OsString;

/// Set by the release workflow. A build without both does not check for updates.
const BASE: Option<&str> = option_env!("HOLDOFF_RELEASES");
const KEY: Option<&str> = option_env!("HOLDOFF_RELEASES_KEY");
/// Comma-separated hosts that the server may redirect to: some forges serve large files from another host.
const VIA: Option<&str> = option_env!("HOLDOFF_RELEASES_VIA");

const BASE_VARIABLE: &str = "HOLDOFF_UPDATES_API";
const KEY_VARIABLE: &str = "HOLDOFF_UPDATES_KEY";

#[derive(Debug, Clone)]
pub struct Releases {
    /// The folder of the latest release.
    pub base: Url,
    pub key: PublicKey,
    pub via: Vec<String>,
}

/// `in_tests`: readings come only from this computer, so the built-in release server is not used either.
pub(super) fn find(var: &impl Fn(&str) -> Option<OsString>, in_tests: bool) -> Result<Option<Releases>, StartError> {
    let text = |variable| var(variable).map(|value| value.to_string_lossy().into_owned());
    let refuse = |variable| move |why| StartError::Releases { variable, why };
    let key = text(KEY_VARIABLE);
    let Some(base) = text(BASE_VARIABLE) else {
        return match key {
            Some(_) => Err(refuse(KEY_VARIABLE)("it is only allowed with a server on this computer")),
            None if in_tests => Ok(None),
            None => Ok(built_in(BASE, KEY, VIA)),
        };
    };
    let base = stand_in(&base).map_err(refuse(BASE_VARIABLE))?;
    let key = key.as_deref().or(KEY).ok_or(refuse(KEY_VARIABLE)("there is no key"))?;
    let key = PublicKey::from_base64(key).map_err(|_| refuse(KEY_VARIABLE)("it is not a minisign public key"))?;
    Ok(Some(Releases { base, key, via: Vec::new() }))
}

/// A workflow turns a missing variable into an empty string.
fn built_in(base: Option<&str>, key: Option<&str>, via: Option<&str>) -> Option<Releases> {
    let base = Url::parse(base?).ok().filter(|base| base.scheme() == "https" && !is_loopback(base))?;
    let key = PublicKey::from_base64(key?).ok()?;
    let via = via.unwrap_or_default().split(',').filter(|host| !host.is_empty()).map(str::to_owned);
    Some(Releases { base, key, via: via.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::environment::{Environment, HOME_VARIABLE};

    const HOME: &str = if cfg!(windows) { r"C:\Users\ann" } else { "/home/ann" };
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn update_check_needs_a_built_in_address_and_key() {
        const BASE: Option<&str> = Some("https://forge.example/holdoff/releases/latest/download/");
        let releases = built_in(BASE, Some(KEY), Some("a.example,b.example")).unwrap();
        assert_eq!(releases.via, ["a.example", "b.example"]);
        assert!(built_in(BASE, Some(KEY), Some("")).unwrap().via.is_empty());
        for (base, key) in [
            (None, Some(KEY)),
            (BASE, None),
            (BASE, Some("")),
            (Some(""), Some(KEY)),
            (Some("http://forge.example/"), Some(KEY)),
            (Some("https://127.0.0.1/"), Some(KEY)),
        ] {
            assert!(built_in(base, key, None).is_none(), "{base:?} {key:?}");
        }
    }

    /// Law 18: an environment variable cannot redirect update checks to another server.
    #[test]
    fn update_address_must_be_built_in_or_loopback() {
        const API: &str = "HOLDOFF_UPDATES_API";
        let with = |vars: &[(&str, &str)]| {
            Environment::from_vars(|name| {
                let given = vars.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
                given.or((name == HOME_VARIABLE).then_some(HOME)).map(OsString::from)
            })
        };
        let found = with(&[(API, "http://127.0.0.1:9"), ("HOLDOFF_UPDATES_KEY", KEY)]).unwrap().releases.unwrap();
        assert_eq!(found.base.as_str(), "http://127.0.0.1:9/");
        for (refused, names) in [
            (&[(API, "https://releases.example"), ("HOLDOFF_UPDATES_KEY", KEY)][..], API),
            (&[(API, "127.0.0.1:9"), ("HOLDOFF_UPDATES_KEY", KEY)], API),
            (&[("HOLDOFF_UPDATES_KEY", KEY)], "HOLDOFF_UPDATES_KEY"),
            (&[(API, "http://127.0.0.1:9"), ("HOLDOFF_UPDATES_KEY", "RWQ")], "HOLDOFF_UPDATES_KEY"),
        ] {
            let error = with(refused).unwrap_err();
            assert_eq!(error.exit_code(), 78, "{refused:?}");
            assert!(error.to_string().starts_with(names), "{error}");
        }
    }
}
