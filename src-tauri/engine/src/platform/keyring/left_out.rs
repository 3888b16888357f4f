//! In the place of the keyring, in programs that do not use it.

use holdoff_core::credential::KeyringTrouble;
use holdoff_core::credential::token::Token;
use zeroize::Zeroizing;

pub(super) async fn read(_: Option<&str>, _: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
    Err(left_out())
}

pub(super) async fn store(_: Option<&str>, _: &str, _: &str, _: &Token) -> Result<(), KeyringTrouble> {
    Err(left_out())
}

pub(super) async fn remove(_: Option<&str>, _: &str) -> Result<(), KeyringTrouble> {
    Err(left_out())
}

fn left_out() -> KeyringTrouble {
    KeyringTrouble::Unavailable("this program does not use it".to_owned())
}
