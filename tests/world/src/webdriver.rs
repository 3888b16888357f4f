//! Reads and operates the app's windows through WebKit's own driver.
//!
//! A test starts the app itself, with an [`Inspector`]'s environment, and attaches a [`Browser`] once a window exists
//! or is about to. The environment is inherited, so any of the app's processes may open the window, but only one at a
//! time.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::eventually::{eventually, soon};
use crate::spawn::{Spawned, tool};

pub use fantoccini;

/// The address for inspecting the app's windows: chosen by the test and passed to the app.
#[derive(Clone, Debug)]
pub struct Inspector {
    port: u16,
}

impl Inspector {
    /// Chooses a free port.
    pub fn new() -> Self {
        Self { port: free_port() }
    }

    /// The variables for the app: WebKit listens at this address, and Tauri allows automation.
    pub fn env(&self) -> [(String, String); 2] {
        [
            ("WEBKIT_INSPECTOR_SERVER".to_owned(), self.target()),
            ("TAURI_WEBVIEW_AUTOMATION".to_owned(), "true".to_owned()),
        ]
    }

    fn target(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }
}

impl Default for Inspector {
    fn default() -> Self {
        Self::new()
    }
}

/// A driver attached to the app's windows. Dereferences to [`fantoccini::Client`]. Dropping it detaches and leaves the
/// windows as they are.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Spawned,
}

impl Browser {
    /// Attaches to the app's open window, or waits for the app to open one.
    ///
    /// When the process of the windows has ended, this browser is unusable; attach a new one to the next process.
    ///
    /// # Panics
    /// If there is no window within `timeout`.
    pub async fn attach(inspector: &Inspector, timeout: Duration) -> Self {
        let port = free_port();
        let mut command = Command::new(tool("WebKitWebDriver", "webkit2gtk-driver"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        command.args([format!("--port={port}"), format!("--target={}", inspector.target())]);
        let driver = Spawned::start("WebKitWebDriver", &mut command);
        eventually(timeout, "WebKitWebDriver listens", async || {
            assert!(driver.exit().is_none(), "WebKitWebDriver has ended\n{}", driver.output());
            tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()
        })
        .await;
        let address = format!("http://{}:{port}", Ipv4Addr::LOCALHOST);
        let builder = ClientBuilder::new(HttpConnector::new());
        let session = tokio::time::timeout(timeout, builder.connect(&address)).await;
        let session =
            session.unwrap_or_else(|_| panic!("no window to attach to at {} within {timeout:?}", inspector.target()));
        let client = session.unwrap_or_else(|e| panic!("cannot drive the window at {}: {e}", inspector.target()));
        Self { client, _driver: driver }
    }

    /// The visible text of the window.
    pub async fn text(&self) -> String {
        self.try_text().await.unwrap_or_else(|e| panic!("the window cannot be read: {e}"))
    }

    /// Waits for a text that `wanted` accepts, and returns it.
    ///
    /// # Panics
    /// If there is none within `timeout`: shows the last.
    pub async fn wait_for_text(&self, timeout: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let found = soon(timeout, async || match self.try_text().await {
            Ok(text) if wanted(&text) => Ok(text),
            Ok(text) => Err(text),
            Err(e) => Err(format!("the window cannot be read: {e}")),
        });
        found.await.unwrap_or_else(|last| panic!("waited {timeout:?} in vain for another text than this: {last}"))
    }

    /// Clicks the button or link with this text or accessible name.
    ///
    /// # Panics
    /// If there is none.
    pub async fn press(&self, name: &str) {
        let quoted = format!("\"{}\"", name.replace('"', ""));
        let path = format!(
            "//*[self::button or self::a or self::summary or @role='button' or @role='tab' or @role='switch']\
             [normalize-space()={quoted} or @aria-label={quoted}]"
        );
        let element = self.client.find(Locator::XPath(&path)).await;
        let element = element.unwrap_or_else(|e| panic!("the window has no button {name:?}: {e}"));
        element.click().await.unwrap_or_else(|e| panic!("the button {name:?} cannot be clicked: {e}"));
    }

    /// Clicks the element of this CSS selector when the click closes its own window: the driver then sometimes reports
    /// that the window does not exist.
    ///
    /// # Panics
    /// If there is no such element, or it cannot be clicked.
    pub async fn click_away(&self, selector: &str) {
        let element = self.client.find(Locator::Css(selector)).await;
        let element = element.unwrap_or_else(|e| panic!("the window has no {selector:?}: {e}"));
        match element.click().await {
            Err(error) if !error.is_no_such_window() => panic!("{selector:?} cannot be clicked: {error}"),
            Ok(()) | Err(_) => {}
        }
    }

    /// Scrolls so that the element of this CSS selector is near the top.
    ///
    /// # Panics
    /// If there is no such element.
    pub async fn scroll_to(&self, selector: &str) {
        let script =
            "const found = document.querySelector(arguments[0]); found?.scrollIntoView(); return found !== null";
        let found = self.client.execute(script, vec![selector.into()]).await;
        assert!(found.is_ok_and(|found| found == true), "the window has no {selector:?}");
    }

    /// Switches to the window with this title.
    ///
    /// # Panics
    /// If there is none within `timeout`: lists the existing titles.
    pub async fn switch_to(&self, title: &str, timeout: Duration) {
        let found = soon(timeout, async || {
            let mut seen = Vec::new();
            for window in self.client.windows().await.unwrap_or_default() {
                if self.client.switch_to_window(window).await.is_err() {
                    continue;
                }
                let found = self.client.title().await.unwrap_or_default();
                if found == title {
                    return Ok(());
                }
                seen.push(found);
            }
            Err(seen)
        });
        found
            .await
            .unwrap_or_else(|seen| panic!("waited {timeout:?} in vain for a window {title:?}; there are: {seen:?}"));
    }

    async fn try_text(&self) -> Result<String, fantoccini::error::CmdError> {
        self.client.find(Locator::Css("body")).await?.text().await
    }
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A port that is free now. Another program may take it before it is used; the program started there then reports that.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a listener has an address").port()
}
