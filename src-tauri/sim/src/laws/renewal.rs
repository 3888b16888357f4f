//! A refresh token is spent at most once: law 8, and law 7 for what is written.

use super::{Broken, Expected, Laws, broken};
use crate::observation::{Meaning, Millis, TokenId, Wrote};
use holdoff_core::Endpoint;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Renewing {
    locked: bool,
    /// The sign-in was read again since the locks were taken.
    looked: bool,
    /// Another program wrote the sign-in after it was read; the request cannot know.
    pub(super) overwritten: bool,
    /// The old pair is spent, and the new one is only in Holdoff's memory.
    pub(super) in_hand: bool,
    other_account: Option<TokenId>,
    /// A refresh token that was refused, until the sign-in is read again.
    pub(super) refused: Option<TokenId>,
    /// The fate of each refresh token that Holdoff sent. It survives the death of a process.
    fates: BTreeMap<TokenId, Fate>,
    pub(super) renewed: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    /// Not known yet.
    Out,
    /// Not spent, or possibly not: it may be sent again once the gate is open.
    Again,
    /// Spent, refused, or its response was lost: it is never sent again.
    Gone,
}

impl Renewing {
    pub(super) fn learn(&mut self, token: TokenId, endpoint: Endpoint, meaning: &Meaning) {
        if endpoint != Endpoint::Token {
            return;
        }
        let fate = match meaning {
            Meaning::Renewed { access, rotated, other } => {
                self.in_hand = true;
                self.other_account = other.then_some(*access);
                if *rotated { Fate::Gone } else { Fate::Again }
            }
            Meaning::Refused => {
                self.refused = Some(token);
                Fate::Gone
            }
            Meaning::UnusableTokens => Fate::Gone,
            _ => Fate::Again,
        };
        self.fates.insert(token, fate);
    }

    pub(super) fn credential_read(&mut self) {
        self.looked = self.locked;
        self.overwritten = false;
    }

    /// The process died before the outcome for `token` was durable.
    pub(super) fn cut_off(&mut self, token: TokenId) {
        self.fates.insert(token, Fate::Gone);
    }

    /// All records of sent tokens are lost: the gate is closed for the longest wait, then the token may be sent again.
    pub(super) fn forget(&mut self) {
        self.fates.clear();
    }

    pub(super) fn died(&mut self) {
        *self = Self { fates: std::mem::take(&mut self.fates), renewed: self.renewed, ..Self::default() };
    }
}

impl Laws {
    /// A refresh token is sent.
    pub(super) fn spend(&mut self, token: TokenId) -> Result<(), Broken> {
        let spending = self.account().saved_intents.and_then(|kept| kept.token.intent_token);
        if !self.renewing.locked {
            return broken(8, || format!("refresh token {} left without the locks", token.0));
        }
        if !self.renewing.looked {
            return broken(8, || format!("refresh token {} left, and was not read inside the locks", token.0));
        }
        let stored = self.sign_in.and_then(|sign_in| sign_in.refresh);
        if stored != Some(token) && !self.renewing.overwritten {
            return broken(8, || format!("refresh token {} left, and another one is stored", token.0));
        }
        if spending != Some(token) {
            return broken(8, || format!("refresh token {} left, and that it would is not durable", token.0));
        }
        match self.renewing.fates.insert(token, Fate::Out) {
            None | Some(Fate::Again) => Ok(()),
            Some(fate @ (Fate::Out | Fate::Gone)) => {
                broken(8, || format!("refresh token {} left a second time ({fate:?})", token.0))
            }
        }
    }

    pub(super) fn locked(&mut self, held: bool) -> Result<(), Broken> {
        if !held && self.renewing.in_hand {
            return broken(8, || "the locks were given back before the new tokens were on disk".to_owned());
        }
        (self.renewing.locked, self.renewing.looked) = (held, false);
        Ok(())
    }

    pub(super) fn wrote(&mut self, wrote: Wrote) -> Result<(), Broken> {
        if !self.renewing.in_hand {
            return broken(7, || "the owner's sign-in was written to, and there was nothing to write".to_owned());
        }
        if !self.renewing.locked {
            return broken(8, || "new tokens were written without the locks".to_owned());
        }
        if wrote == Wrote::Failed {
            return Ok(());
        }
        self.renewing.in_hand = false;
        self.renewing.renewed = Some(self.now);
        let other = self.renewing.other_account.take().filter(|_| wrote == Wrote::Written);
        let (now, user_settings) = (self.now, self.user_settings);
        let account = self.account();
        account.unkept = true;
        account.expected.token.succeed();
        if let Some(access) = other {
            account.expected.usage.pause(now, access);
            account.expected.notify_paused(true, user_settings);
        }
        Ok(())
    }
}

impl Expected {
    /// The refresh token was refused and the sign-in read again: another program renewed first, or the token is useless.
    pub(super) fn refused(&mut self, now: Millis, refused: TokenId, stored: Option<TokenId>) {
        if stored.is_none_or(|stored| stored == refused) {
            self.token.pause(now, refused);
        } else {
            self.token.reopen(now);
        }
    }
}
