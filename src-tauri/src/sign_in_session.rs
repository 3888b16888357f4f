//! The state of the sign-in steps: what this computer offers for a sign-in, and for which accounts a terminal was opened.

use crate::view::Answer;
use holdoff_core::credential::sign_in_flow::LaunchSupport;
use holdoff_core::{AccountId, Settings};
use holdoff_engine::owners::sign_in_launcher::OpenError;
use holdoff_engine::owners::{locations, sign_in_launcher};
use holdoff_engine::platform::environment::Environment;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default)]
pub struct SigningIn {
    pub means: LaunchSupport,
    /// The owner is too old for its sign-in command.
    pub older: bool,
    opened: BTreeSet<AccountId>,
    /// The account whose sign-in steps were opened last, and how often any were opened.
    turned: (u32, Option<AccountId>),
}

/// The programs found, and the result of opening a terminal if one was requested.
#[derive(Debug)]
pub struct ProbeResult {
    found: sign_in_launcher::SignInPrograms,
    opening: Option<(AccountId, Result<(), OpenError>)>,
}

impl SigningIn {
    #[cfg(test)]
    pub fn with_open(account: AccountId) -> Self {
        Self { opened: BTreeSet::from([account]), ..Self::default() }
    }

    pub fn is_opened(&self, account: &AccountId) -> bool {
        self.opened.contains(account)
    }

    /// Records that the settings are opened at this account's sign-in steps, or at none.
    pub fn turn_to(&mut self, account: Option<AccountId>) {
        self.turned = (self.turned.0.wrapping_add(1), account);
    }

    /// The account whose sign-in steps to show, and a number that changes each time.
    pub fn turned_to(&self) -> Option<(&AccountId, u32)> {
        Some((self.turned.1.as_ref()?, self.turned.0))
    }

    /// Stores what was found. Returns the answer for the user who requested a terminal.
    pub fn found(&mut self, found: ProbeResult) -> Answer {
        self.means = found.found.means();
        self.older = found.found.older();
        let Some((account, result)) = found.opening else {
            return Answer { done: true, message: None };
        };
        match result {
            Ok(()) => {
                self.opened.insert(account);
                Answer { done: true, message: None }
            }
            Err(error) => {
                tracing::warn!(%error, "no terminal was opened for a sign-in");
                if matches!(error, OpenError::NotOpened(_)) {
                    self.means = LaunchSupport::NoTerminal;
                }
                Answer { done: false, message: Some(error.to_string()) }
            }
        }
    }

    /// Forgets the opened terminals of accounts that no longer need a sign-in.
    pub fn keep(&mut self, needing: &BTreeSet<AccountId>) {
        self.opened.retain(|account| needing.contains(account));
    }
}

/// Searches this computer for the programs, and opens a terminal for the account whose sign-in is in the wanted location, if
/// any. Blocks for a moment.
pub fn probe(environment: &Environment, settings: &Settings, wanted: Option<(AccountId, String)>) -> ProbeResult {
    let mut found = sign_in_launcher::SignInPrograms::probe(&environment.home, |name| {
        std::env::var_os(name).filter(|value| !value.is_empty())
    });
    let opening = wanted.map(|(account, place)| {
        let source = locations::all(environment, settings).into_iter().find(|source| source.place() == place);
        (account, found.open(&environment.home, source.as_ref()))
    });
    ProbeResult { found, opening }
}
