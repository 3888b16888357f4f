//! The values of settings: what each may be, without how it is read.

use serde::{Deserialize, Serialize};

/// Maximum length of a label in characters: it appears in menus and notifications.
pub const LABEL_MAX: usize = 80;

/// The address that serves metrics, and the file with the bearer token that a scraper must present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsSettings {
    pub listen: String,
    pub token_file: String,
}

/// Whether a bar grows with what is used or shrinks with what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Percent {
    Used,
    Left,
}

/// The days of a week that an even pace counts: every day, or Monday to Friday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum PaceDays {
    Seven,
    Five,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// How the tray icon shows a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum TrayStyle {
    #[default]
    Ring,
    /// Two bars, one above the other.
    Bars,
    Number,
    /// The number, and the time until the reset once nothing is left.
    NumberReset,
}

/// A limit that the tray icon can show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TrayLimit {
    /// The account's id.
    pub account: String,
    /// The window's id; `None` for the fullest of the account.
    pub window: Option<String>,
}

/// The limits that the tray icon shows, at most two. None means the worst of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TrayLimit>")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TrayShows(pub Vec<TrayLimit>);

impl TryFrom<Vec<TrayLimit>> for TrayShows {
    type Error = &'static str;

    fn try_from(limits: Vec<TrayLimit>) -> Result<Self, Self::Error> {
        if limits.len() > 2 { Err("at most two limits") } else { Ok(Self(limits)) }
    }
}

/// Where readings come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Readings {
    /// From requests to the provider too.
    #[default]
    Ask,
    /// From the owner's status line and its cache alone: no request is sent, and no token leaves this computer.
    FreeOnly,
}

impl Readings {
    /// The value in `settings.json` and `status --json`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::FreeOnly => "free_only",
        }
    }
}

/// Settings of one account. They outlast its sign-in, which may be gone for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountSettings {
    /// The user's name for the account. `None` or empty means its e-mail address.
    pub label: Option<String>,
    /// Whether Holdoff sends requests for it. `None` means yes.
    pub enabled: Option<bool>,
    /// `None` means the setting for all accounts.
    pub renewal: Option<bool>,
    /// `None` means the setting for all accounts.
    pub readings: Option<Readings>,
}
