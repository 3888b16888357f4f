//! The tray menu as plain data that compares equal.

use holdoff_core::AccountId;

/// What a click on an entry does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TrayAction {
    OpenPanel,
    OpenSettings,
    /// The settings, where the way back to this account's sign-in is.
    OpenGuide(AccountId),
    Refresh,
    Quit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `None` cannot be clicked.
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

/// All that the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayModel {
    pub icon: crate::icon::Icon,
    pub title: String,
    pub tooltip: String,
    pub menu: Vec<Entry>,
}
