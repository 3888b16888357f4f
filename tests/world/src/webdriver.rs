//! The app's windows, read and worked through WebKit's own driver.
//!
//! A test starts the app itself, with an [`Inspector`]'s environment, and lets a [`Browser`] attach once a window is (or
//! is about to be) there. The environment is inherited, so it does not matter which of the app's processes opens the
//! window; only one of them at a time may.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::eventually::{eventually, soon};
use crate::spawn::{Spawned, tool};

pub use fantoccini;

/// The address at which the app's windows can be inspected: chosen by the test, told to the app.
#[derive(Clone, Debug)]
pub struct Inspector {
    port: u16,
}

impl Inspector {
    /// Chooses a free port.
    pub fn new() -> Self {
        Self { port: free_port() }
    }

    /// What the app's environment needs: WebKit listens at this address, and Tauri lets itself be driven.
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

/// A driver attached to the app's windows. Dereferences to [`fantoccini::Client`]. Dropping it lets go of the windows and
/// leaves them as they are.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Spawned,
}

impl Browser {
    /// Attaches to the window that the app has open, or waits for it to open one.
    ///
    /// When the process behind the windows has ended, this browser is dead; attach a new one to the next.
    ///
    /// # Panics
    /// When there is no window within `timeout`.
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

    /// The text that a person sees in the window.
    pub async fn text(&self) -> String {
        self.try_text().await.unwrap_or_else(|e| panic!("the window cannot be read: {e}"))
    }

    /// Waits for a text that `wanted` accepts, and gives it back.
    ///
    /// # Panics
    /// When there is none within `timeout`: shows the last.
    pub async fn wait_for_text(&self, timeout: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let found = soon(timeout, async || match self.try_text().await {
            Ok(text) if wanted(&text) => Ok(text),
            Ok(text) => Err(text),
            Err(e) => Err(format!("the window cannot be read: {e}")),
        });
        found.await.unwrap_or_else(|last| panic!("waited {timeout:?} in vain for another text than this: {last}"))
    }

    /// Clicks the button or link whose text or accessible name is this.
    ///
    /// # Panics
    /// When there is none.
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

    /// Clicks the element that this CSS selector finds, where the click closes its own window: the driver then sometimes
    /// answers that there is no such window any more.
    ///
    /// # Panics
    /// When there is no such element, or it cannot be clicked.
    pub async fn click_away(&self, selector: &str) {
        let element = self.client.find(Locator::Css(selector)).await;
        let element = element.unwrap_or_else(|e| panic!("the window has no {selector:?}: {e}"));
        match element.click().await {
            Err(error) if !error.is_no_such_window() => panic!("{selector:?} cannot be clicked: {error}"),
            Ok(()) | Err(_) => {}
        }
    }

    /// Moves the page so that the element this CSS selector finds begins near its top.
    ///
    /// # Panics
    /// When there is no such element.
    pub async fn scroll_to(&self, selector: &str) {
        let script =
            "const found = document.querySelector(arguments[0]); found?.scrollIntoView(); return found !== null";
        let found = self.client.execute(script, vec![selector.into()]).await;
        assert!(found.is_ok_and(|found| found == true), "the window has no {selector:?}");
    }

    /// Turns to the window with this title.
    ///
    /// # Panics
    /// When there is none within `timeout`: lists the titles there are.
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

/// A port that nobody listens on now. Somebody else may take it before it is used; what is started there then says so.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a listener has an address").port()
}
