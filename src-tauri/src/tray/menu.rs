//! The tray menu as plain comparable data.

use holdoff_core::AccountId;

/// What a click on an entry does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TrayAction {
    OpenPanel,
    OpenSettings,
    /// Opens the settings at this account's sign-in steps.
    OpenSignInSteps(AccountId),
    Refresh,
    /// Hides or shows names, addresses and organizations.
    HideNames(bool),
    Quit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An entry without an action cannot be clicked.
    Item {
        label: String,
        click: Option<TrayAction>,
    },
    Separator,
}

impl Entry {
    pub fn item(label: impl Into<String>, click: TrayAction) -> Self {
        Self::Item { label: label.into(), click: Some(click) }
    }

    pub fn text(label: impl Into<String>) -> Self {
        Self::Item { label: label.into(), click: None }
    }
}

/// Everything that the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayModel {
    pub icon: crate::icon::Icon,
    pub title: String,
    pub tooltip: String,
    pub menu: Vec<Entry>,
}
