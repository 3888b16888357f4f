//! Pasted keys in a Secret Service on a real bus.
#![cfg(all(target_os = "linux", feature = "keyring"))]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use holdoff_core::credential::KeyringTrouble;
use holdoff_core::credential::token::Token;
use holdoff_engine::platform::keyring::Keyring;
use holdoff_world::desktop::{FakeKeyring, SessionBus};

fn keyring(bus: Option<&SessionBus>) -> Keyring {
    Keyring::of(|name| bus.filter(|_| name == "DBUS_SESSION_BUS_ADDRESS").map(|bus| bus.address().into()))
}

async fn read(keyring: &Keyring) -> Result<Option<String>, KeyringTrouble> {
    let found = keyring.read("example").await?;
    Ok(found.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
}

fn token(text: &str) -> Token {
    Token::new(text.to_owned()).unwrap()
}

#[tokio::test]
async fn pasted_key_is_stored_replaced_and_removed() {
    let bus = SessionBus::start().await;
    let service = FakeKeyring::start(&bus).await;
    let keyring = keyring(Some(&bus));
    assert_eq!(read(&keyring).await, Ok(None));
    keyring.remove("example").await.unwrap();
    for key in ["sk-1", "sk-2"] {
        keyring.store("example", "Example API key", &token(key)).await.unwrap();
        assert_eq!(read(&keyring).await, Ok(Some(key.to_owned())));
    }
    assert_eq!(keyring.read("other").await, Ok(None));
    assert_eq!(service.stored(), [("example".to_owned(), "sk-2".to_owned())]);
    keyring.remove("example").await.unwrap();
    assert_eq!((read(&keyring).await, service.stored().len()), (Ok(None), 0));
    assert_eq!(service.asked(), 0);
}

#[tokio::test]
async fn keyring_locked_is_an_error_to_read_and_a_question_to_change() {
    let bus = SessionBus::start().await;
    let service = FakeKeyring::start(&bus).await;
    let keyring = keyring(Some(&bus));
    keyring.store("example", "Example API key", &token("sk-1")).await.unwrap();
    service.lock(true);
    assert_eq!((read(&keyring).await, service.asked()), (Err(KeyringTrouble::Locked), 0), "a read asks nobody");
    let refused = keyring.store("example", "Example API key", &token("sk-2")).await;
    assert_eq!((refused, service.asked()), (Err(KeyringTrouble::Locked), 1));
    assert_eq!(keyring.remove("example").await, Err(KeyringTrouble::Locked));
    service.lock(false);
    keyring.store("example", "Example API key", &token("sk-2")).await.unwrap();
    assert_eq!(read(&keyring).await, Ok(Some("sk-2".to_owned())));
    service.lock(false);
    keyring.remove("example").await.unwrap();
    assert_eq!(read(&keyring).await, Ok(None));
}

#[tokio::test]
async fn keyring_missing_or_silent_is_reported_in_time() {
    let unavailable = |why: &str| Err(KeyringTrouble::Unavailable(why.to_owned()));
    assert_eq!(read(&keyring(None)).await, unavailable("there is no session bus"));
    let bus = SessionBus::start().await;
    assert_eq!(read(&keyring(Some(&bus))).await, unavailable("no keyring service is running"));
    let service = FakeKeyring::start(&bus).await;
    service.fall_silent();
    assert_eq!(read(&keyring(Some(&bus))).await, unavailable("no answer within 3 s"));
    let gone = Keyring::of(|name| (name == "XDG_RUNTIME_DIR").then(|| "/nowhere/of-holdoff".into()));
    assert_eq!(read(&gone).await, unavailable("the session bus cannot be reached"));
}
