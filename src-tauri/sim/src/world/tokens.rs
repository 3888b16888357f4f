//! Tokens as the provider issues them.

use crate::observation::{DAY, HOUR, Millis, TokenId};
use crate::schedule::Person;

/// The life of an access token.
pub(super) const LIFE: Millis = 8 * HOUR;
/// The life of a token from `claude setup-token`.
pub(super) const SETUP_TOKEN_LIFE: Millis = 365 * DAY;

/// New tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) access: TokenId,
    pub(super) refresh: Option<TokenId>,
    pub(super) person: Person,
}
