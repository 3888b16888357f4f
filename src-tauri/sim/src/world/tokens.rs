//! Tokens as the provider hands them out.

use crate::observation::{DAY, HOUR, Millis, TokenId};
use crate::schedule::Person;

/// How long an access token lives.
pub(super) const LIFE: Millis = 8 * HOUR;
/// How long one from `claude setup-token` does.
pub(super) const SETUP_TOKEN_LIFE: Millis = 365 * DAY;

/// New tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) access: TokenId,
    pub(super) refresh: Option<TokenId>,
    pub(super) person: Person,
}
