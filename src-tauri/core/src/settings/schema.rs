//! The schema of `settings.json`: each setting once, with its type, default and validation.
//!
//! It generates the settings type, the messages about invalid values, what a page shows and may change, and the page's types.
//! A new setting takes one line here.

use super::parser::Parser;
use super::rules::{choice, consent, flag, given, interval, readings, whole};
use super::values::{AccountSettings, MetricsSettings, PaceDays, Percent, Readings, Theme, TrayShows, TrayStyle};
use crate::gate::policy::DEFAULT_POLL_INTERVAL;
use crate::local_time::ClockChoice;
use crate::notification::thresholds::{QuietHours, Thresholds};
use crate::providers::Provider;
use crate::state::AccountId;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// The key in `settings.json`: the field's name, unless another is given.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// `field: Type = default, rule;` with `["key"]` after a field if its key differs from its name.
macro_rules! settings {
    (
        page { $( $(#[$page_meta:meta])* $page:ident $([$page_key:literal])? : $page_type:ty = $page_default:expr, $page_rule:expr; )* }
        file { $( $(#[$file_meta:meta])* $file:ident : $file_type:ty = $file_default:expr, $file_rule:expr; )* }
    ) => {
        /// What the person chose. Serialised, it is what a page shows: the settings that a page can change.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
        pub struct Settings {
            $( $(#[$page_meta])* $(#[serde(rename = $page_key)])? pub $page: $page_type, )*
            $( $(#[$file_meta])* #[serde(skip)] pub $file: $file_type, )*
            /// The config folders of each owner beside the default one: full paths, or below `~/`.
            #[serde(skip)]
            pub config_dirs: BTreeMap<Provider, Vec<String>>,
            /// What was chosen for single accounts.
            #[serde(skip)]
            pub accounts: BTreeMap<AccountId, AccountSettings>,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $( $page: $page_default, )*
                    $( $file: $file_default, )*
                    config_dirs: BTreeMap::new(),
                    accounts: BTreeMap::new(),
                }
            }
        }

        impl Settings {
            pub(super) fn from_file(file: &mut Parser<'_>) -> Self {
                let default = Self::default();
                Self {
                    $( $page: file.setting(key!($page $($page_key)?), default.$page, $page_rule), )*
                    $( $file: file.setting(key!($file), default.$file, $file_rule), )*
                    config_dirs: file.folders(),
                    accounts: file.accounts(),
                }
            }

            /// Checks the settings that a page sent and returns them in the form to write.
            pub(super) fn from_page(sent: &Map<String, Value>) -> Result<Map<String, Value>, String> {
                let mut settings = Settings::default();
                let mut changed = Vec::new();
                $(
                    let key = key!($page $($page_key)?);
                    if let Some(value) = given(sent, key) {
                        settings.$page = $page_rule.of_page(&value)?;
                        changed.push(key);
                    }
                )*
                let Ok(Value::Object(mut written)) = serde_json::to_value(settings) else {
                    return Ok(Map::new());
                };
                written.retain(|key, _| changed.contains(&key.as_str()));
                Ok(written)
            }
        }
    };
}

settings! {
    page {
        /// Time between two requests.
        #[serde(serialize_with = "seconds")]
        #[cfg_attr(feature = "bindings", ts(type = "number"))]
        polling_interval["polling_interval_s"]: Duration = DEFAULT_POLL_INTERVAL, interval();
        notify_rate_limit: bool = true, flag();
        notify_sign_in: bool = true, flag();
        notify_recovery: bool = true, flag();
        /// Usage levels to notify of, in percent, lowest first.
        notify_thresholds: Thresholds = Thresholds::DEFAULT, choice("a list of whole percents from 1 to 100")
            .refusing("Each threshold must be a whole percent from 1 to 100.");
        /// A window will run out before its reset.
        notify_forecast: bool = true, flag();
        /// A window that was nearly used up was reset.
        notify_reset: bool = true, flag();
        /// Such as "22:00-07:00".
        quiet_hours: Option<QuietHours> = None, choice(r#"a range such as "22:00-07:00", or null"#)
            .refusing("Quiet hours must be two different times of day, such as 22:00-07:00.");
        history_days: u32 = 365, whole(1..=3650, "The history must be kept for {} days.");
        history_mb: u32 = 64, whole(1..=4096, "The history size must be {} MB.");
        percent: Percent = Percent::Used, choice(r#""used" or "left""#);
        /// The days of a week that an even pace counts.
        pace_days: PaceDays = PaceDays::Seven, choice(r#""seven" or "five""#);
        /// Whether names, addresses and organizations are hidden from everything that is shown.
        hide_names: bool = false, flag();
        /// 12 or 24 hours.
        clock: ClockChoice = ClockChoice::Locale, choice(r#""locale", "12h" or "24h""#);
        theme: Theme = Theme::System, choice(r#""system", "light" or "dark""#);
        tray_style: TrayStyle = TrayStyle::Ring, choice(r#""ring", "bars", "number" or "number_reset""#);
        /// The limits that the tray icon shows.
        tray_shows: TrayShows = TrayShows::default(),
            choice(r#"a list of at most two limits, each {"account": …, "window": …}"#);
        start_at_login: bool = false, flag();
        /// Whether requests are sent at all (law 16). `None` keeps the last choice, so that a lost or unreadable file causes
        /// no request that the user did not want. The first default is to send requests.
        #[serde(serialize_with = "readings_of_all")]
        #[cfg_attr(feature = "bindings", ts(as = "Readings"))]
        readings: Option<Readings> = None, readings();
        /// Whether to check for updates of Holdoff (law 18). `None`: the user has not been asked yet, and nothing is checked.
        updates: Option<bool> = None, consent();
    }
    file {
        /// Renewal of sign-ins by Holdoff (law 7: off).
        renewal: bool = false, flag();
        /// Metrics for a collector on this computer; `None` means off.
        metrics: Option<MetricsSettings> = None, choice(r#"null or {"listen": …, "token_file": …}"#);
    }
}

fn seconds<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(span.as_secs())
}

fn readings_of_all<S: Serializer>(chosen: &Option<Readings>, to: S) -> Result<S::Ok, S::Error> {
    chosen.unwrap_or_default().serialize(to)
}
