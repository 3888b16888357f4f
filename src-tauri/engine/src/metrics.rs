//! Metrics for monitoring many machines: OpenMetrics on a loopback address, off unless enabled in the settings.
//!
//! [`gauges`] renders the known state as text, [`server`] serves it to clients with the bearer token. Nothing here sends a
//! request to a provider, and the output contains no provider token.

mod counters;
mod gauges;
mod server;

pub use counters::Requests;
pub use server::{Metrics, serve};

use crate::platform::fs::{self, ReadError};
use holdoff_core::credential::token::Token;
use holdoff_core::settings::MetricsSettings;
use holdoff_core::text::without_bom;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The listen address and the token file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    /// The file with the bearer token that a scraper must present. Read at every scrape, so the token can be changed.
    pub token_file: PathBuf,
}

/// Why metrics are not served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error(
        "\"metrics\" in settings.json: \"listen\" is \"{0}\", which is not an address with a port, such as 127.0.0.1:9184"
    )]
    Address(String),
    #[error(
        "\"metrics\" in settings.json: \"listen\" is \"{0}\", but metrics are served only to this computer. Use a loopback address, such as 127.0.0.1:9184, and run the collector here."
    )]
    NotLoopback(SocketAddr),
    #[error("\"metrics\" in settings.json: \"token_file\" is \"{0}\", which is not an absolute path")]
    TokenFile(String),
    #[error("cannot serve metrics at {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
}

impl Config {
    /// # Errors
    /// Fails if the listen address is not a loopback address with a port, or the token file's path is not absolute.
    pub fn parse(settings: &MetricsSettings, home: &Path) -> Result<Self, MetricsError> {
        let listen: SocketAddr = settings.listen.parse().map_err(|_| MetricsError::Address(settings.listen.clone()))?;
        if !listen.ip().is_loopback() {
            return Err(MetricsError::NotLoopback(listen));
        }
        let named = Path::new(&settings.token_file);
        let token_file = named.strip_prefix("~").map_or_else(|_| named.to_owned(), |below| home.join(below));
        if !token_file.is_absolute() {
            return Err(MetricsError::TokenFile(settings.token_file.clone()));
        }
        Ok(Self { listen, token_file })
    }
}

/// Larger than any token, and small enough to read at every scrape.
const TOKEN_FILE_MAX: u64 = 4096;

/// Reads the bearer token that a scraper must present.
fn expected_token(path: &Path) -> Result<Token, String> {
    let name = path.display();
    if open_to_all(path) {
        return Err(format!(
            "every user of this computer can read or write {name}; remove that permission (chmod o-rw)"
        ));
    }
    let bytes = fs::read(path, TOKEN_FILE_MAX).map_err(|error| match error {
        ReadError::Missing => format!("there is no {name}; create it with a random token"),
        _ => format!("cannot read {name}: {error}"),
    })?;
    let text = std::str::from_utf8(without_bom(&bytes)).unwrap_or_default();
    Token::new(text.trim().to_owned()).ok_or_else(|| format!("{name} contains no token: one line of plain characters"))
}

/// Checks for write access as well: anyone who can write the file can choose the token.
#[cfg(unix)]
fn open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o006 != 0)
}

#[cfg(not(unix))]
fn open_to_all(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_FILE: &str = if cfg!(windows) { r"C:\token" } else { "/etc/token" };
    const HOME: &str = if cfg!(windows) { r"C:\Users\ann" } else { "/home/ann" };

    fn parse(listen: &str, token_file: &str) -> Result<Config, String> {
        let settings = MetricsSettings { listen: listen.into(), token_file: token_file.into() };
        Config::parse(&settings, Path::new(HOME)).map_err(|error| error.to_string())
    }

    #[test]
    fn metrics_address_must_be_loopback() {
        for good in ["127.0.0.1:9184", "[::1]:9184", "127.9.9.9:1"] {
            assert!(parse(good, TOKEN_FILE).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:9184", "192.168.1.2:9184", "[::]:9184", "9184", "localhost:9184", ""] {
            assert!(parse(bad, TOKEN_FILE).unwrap_err().contains(bad), "{bad}");
        }
    }

    #[test]
    fn metrics_token_file_path_must_be_absolute_or_in_home() {
        assert_eq!(parse("127.0.0.1:1", "~/.config/t").unwrap().token_file, Path::new(HOME).join(".config/t"));
        assert!(parse("127.0.0.1:1", "t").unwrap_err().contains("\"t\""));
    }
}
