//! Validation of settings, in the file and from a page, and the messages for invalid values.

use super::values::{LABEL_MAX, Readings};
use crate::gate::policy::POLL_INTERVAL;
use crate::providers::Provider;
use crate::text::{clean, excerpt};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

pub(super) const OTHER_KIND: &str = "That setting has the wrong type.";

/// Longer than any valid account id.
const ID_SHOWN: usize = 80;

type Read<T> = dyn Fn(&Value) -> Result<T, Wrong>;

/// What a problem quotes from the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Values,
    Kinds,
}

/// The validation of one setting.
pub(super) struct Rule<T> {
    read: Box<Read<T>>,
    /// The fallback for an invalid value, in words.
    uses: fn(&T) -> String,
    /// The fallback for an invalid value in the file, if it is not the default.
    instead: Option<T>,
}

/// The messages that say what is allowed.
struct Wrong {
    /// Continues the sentence after the value in the file.
    file: String,
    page: String,
}

impl<T: 'static> Rule<T> {
    fn new(read: impl Fn(&Value) -> Result<T, Wrong> + 'static) -> Self {
        Self { read: Box::new(read), uses: |_| "Holdoff uses its default.".to_owned(), instead: None }
    }

    /// Sets the message for an invalid value from a page.
    pub fn refusing(self, page: &'static str) -> Self {
        let read = self.read;
        Self {
            read: Box::new(move |value| read(value).map_err(|wrong| Wrong { page: page.to_owned(), ..wrong })),
            ..self
        }
    }

    /// # Errors
    /// Fails if the value is invalid. The message says what is allowed.
    pub fn of_page(&self, value: &Value) -> Result<T, String> {
        (self.read)(value).map_err(|wrong| wrong.page)
    }

    /// # Errors
    /// Fails if the value is invalid. Returns the problem, and the fallback if it is not the default.
    pub fn of_file(self, name: &str, value: &Value, default: &T, quotes: Quotes) -> Result<T, (String, Option<T>)> {
        (self.read)(value).map_err(|wrong| {
            let (shown, uses) = (quotes.shown(Some(value)), (self.uses)(default));
            (format!("settings.json: \"{name}\" is {shown}{} {uses}", wrong.file), self.instead)
        })
    }
}

/// Accepts every value of the type.
pub(super) fn choice<T: DeserializeOwned + 'static>(allowed: &'static str) -> Rule<T> {
    let read = |value: &Value| serde_json::from_value(value.clone()).ok();
    Rule::new(move |value| read(value).ok_or_else(|| Wrong::kind(format!("; it must be {allowed}."))))
}

pub(super) fn flag() -> Rule<bool> {
    choice("true or false")
}

/// Consent to update checks. An absent value means none yet, and an invalid one means no: a request cannot be taken back.
pub(super) fn consent() -> Rule<Option<bool>> {
    let yes_or_no = flag();
    Rule {
        uses: |_| "Until it is, Holdoff does not check for updates.".to_owned(),
        instead: Some(Some(false)),
        ..Rule::new(move |value| (yes_or_no.read)(value).map(Some))
    }
}

/// An invalid value sends no requests: the user may have meant that, and a request cannot be taken back.
pub(super) fn readings() -> Rule<Option<Readings>> {
    let one_of_two = choice(r#""ask" or "free_only""#);
    Rule {
        uses: |_| "Until it is, Holdoff sends no requests.".to_owned(),
        instead: Some(Some(Readings::FreeOnly)),
        ..Rule::new(move |value| (one_of_two.read)(value).map(Some))
    }
}

/// `page` contains `{}` in place of the bounds.
pub(super) fn whole<T>(allowed: RangeInclusive<T>, page: &'static str) -> Rule<T>
where
    T: TryFrom<u64> + PartialOrd + fmt::Display + 'static,
{
    let read = move |value: &Value| {
        let number = value.as_u64().and_then(|number| T::try_from(number).ok());
        number.filter(|number| allowed.contains(number)).ok_or_else(|| {
            let (least, most) = (allowed.start(), allowed.end());
            Wrong {
                file: format!("; it must be a whole number from {least} to {most}."),
                page: page.replace("{}", &format!("{least} to {most}")),
            }
        })
    };
    Rule { uses: |default| format!("Holdoff uses {default}."), ..Rule::new(read) }
}

/// Seconds between two requests.
pub(super) fn interval() -> Rule<Duration> {
    let read = |value: &Value| {
        let secs = value.as_u64().ok_or("The polling interval must be a whole number of seconds.".to_owned())?;
        if POLL_INTERVAL.contains(&secs) {
            return Ok(Duration::from_secs(secs));
        }
        let (least, most) = (POLL_INTERVAL.start(), POLL_INTERVAL.end());
        let (from, to) = (least / 60, most / 60);
        Err(format!("The polling interval must be between {from} and {to} minutes ({least}–{most} s)."))
    };
    Rule {
        uses: |default| format!("Holdoff uses {} minutes.", default.as_secs() / 60),
        ..Rule::new(move |value| read(value).map_err(|page: String| Wrong { file: format!(". {page}"), page }))
    }
}

impl Wrong {
    fn kind(file: String) -> Self {
        Self { file, page: OTHER_KIND.to_owned() }
    }
}

/// Checks a label that the user entered. An empty one restores the e-mail address.
///
/// # Errors
/// Fails if the label is too long or not a single line. The message says what is allowed.
pub fn check_label(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.chars().count() > LABEL_MAX {
        return Err(format!("A label may have up to {LABEL_MAX} characters."));
    }
    if text.chars().any(char::is_control) {
        return Err("A label must be a single line.".to_owned());
    }
    Ok(Some(clean(text, LABEL_MAX)).filter(|text| !text.is_empty()))
}

/// Checks a folder that the user entered, without accessing the disk.
///
/// # Errors
/// Fails if the path is neither absolute nor below `~`. The message says what is allowed.
pub fn check_folder(text: &str) -> Result<(), String> {
    let below_home = text == "~" || text.starts_with("~/") || text.starts_with("~\\");
    if below_home || Path::new(text).is_absolute() {
        return Ok(());
    }
    let owners = Provider::ALL.into_iter().filter_map(Provider::owner_info);
    let examples: Vec<&str> = owners.map(|owner| owner.folders.example).collect();
    Err(format!("Use the full path of the folder, such as {}.", examples.join(" or ")))
}

/// A setting in the change. Null means "unchanged", and an empty string means null.
pub(super) fn given(sent: &Map<String, Value>, key: &str) -> Option<Value> {
    let value = sent.get(key).filter(|value| !value.is_null())?;
    let is_empty = value.as_str().is_some_and(|text| text.trim().is_empty());
    Some(if is_empty { Value::Null } else { value.clone() })
}

impl Quotes {
    /// The invalid value, truncated, or only its kind.
    pub fn shown(self, value: Option<&Value>) -> String {
        match (self, value) {
            (_, None) => "missing".to_owned(),
            (Self::Kinds, Some(Value::String(_))) => "a string".to_owned(),
            (Self::Kinds, Some(Value::Array(_))) => "a list".to_owned(),
            (Self::Kinds, Some(Value::Object(_))) => "an object".to_owned(),
            (_, Some(value)) => excerpt(&value.to_string(), 40),
        }
    }

    /// An account id as it may appear in a sentence.
    pub fn account(self, id: &str) -> String {
        match self {
            Self::Values => excerpt(id, ID_SHOWN),
            Self::Kinds => "<account>".to_owned(),
        }
    }
}
