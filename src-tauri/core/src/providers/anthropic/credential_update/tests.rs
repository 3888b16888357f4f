use super::*;
use crate::credential::Tokens;
use crate::credential::token::Fingerprint;

const STORED: &str = r#"{
  "zeta": {"b": 1.0, "a": [1e400, 0.10, 12345678901234567890123, "\ud83d\ude00\u00e9"]},
  "claudeAiOauth": {"accessToken":"sk-ant-oat01-A","refreshToken":"sk-ant-ort01-A","expiresAt":1788781207410,
    "refreshTokenExpiresAt":1790029079410,"scopes":["user:inference","user:profile"],"subscriptionType":"max",
    "rateLimitTier":"default_claude_max_5x", "unknown" : { "x": null , "x": 2 } },
  "mcpOAuth":{"srv|hash":{"accessToken":"other"}}, "": false, "trustedDeviceToken":  "t" }"#;

fn token(text: &str) -> Token {
    Token::new(text.to_owned()).unwrap()
}

fn of(text: &str) -> Fingerprint {
    token(text).fingerprint()
}

fn tokens() -> Tokens {
    Tokens {
        access_token: token("sk-ant-oat01-B"),
        expires_at: Some(Wall(1_788_900_000_000)),
        refresh_token: Some(token("sk-ant-ort01-B")),
        refresh_expires_at: Some(Wall(1_791_000_000_000)),
        scopes: Some(vec!["user:profile".into()]),
        account: None,
    }
}

fn to(tokens: Tokens) -> RenewedTokens {
    RenewedTokens { replaces: of("sk-ant-ort01-A"), tokens }
}

fn written(stored: &str, tokens: Tokens) -> String {
    match apply_tokens(stored.as_bytes(), &to(tokens)) {
        Succession::Write(rewritten) => String::from_utf8(rewritten.expose().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn oauth(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["claudeAiOauth"].clone()
}

#[test]
fn credential_update_changes_only_the_tokens() {
    let expect = r#"{"zeta":{"b": 1.0, "a": [1e400, 0.10, 12345678901234567890123, "\ud83d\ude00\u00e9"]},"claudeAiOauth":{"accessToken":"sk-ant-oat01-B","refreshToken":"sk-ant-ort01-B","expiresAt":1788900000000,"refreshTokenExpiresAt":1791000000000,"scopes":["user:profile"],"subscriptionType":"max","rateLimitTier":"default_claude_max_5x","unknown":{ "x": null , "x": 2 }},"mcpOAuth":{"srv|hash":{"accessToken":"other"}},"":false,"trustedDeviceToken":"t"}"#;
    assert_eq!(written(STORED, tokens()), expect);
}

#[test]
fn credential_update_keeps_the_byte_order_mark() {
    assert_eq!(written(&format!("\u{feff}{STORED}"), tokens()), format!("\u{feff}{}", written(STORED, tokens())));
}

#[test]
fn credential_update_without_refresh_token_keeps_the_old_and_its_expiry() {
    let bare = Tokens { refresh_token: None, refresh_expires_at: None, scopes: None, ..tokens() };
    let oauth = oauth(&written(&STORED.replace("1e400", "0"), bare));
    assert_eq!(oauth["accessToken"], "sk-ant-oat01-B");
    assert_eq!(oauth["refreshToken"], "sk-ant-ort01-A");
    assert_eq!(oauth["refreshTokenExpiresAt"], 1_790_029_079_410_i64);
    assert_eq!(oauth["scopes"][0], "user:inference");
}

/// An end that belongs to the old token would have the new one thrown away too early, or renewed at once.
#[test]
fn credential_update_clears_expiries_missing_for_the_new_tokens() {
    let stored = STORED.replace("1e400", "0");
    let silent = Tokens { expires_at: None, refresh_expires_at: None, ..tokens() };
    let new = oauth(&written(&stored, silent.clone()));
    assert_eq!((&new["expiresAt"], &new["refreshTokenExpiresAt"]), (&Value::Null, &Value::Null));
    let same = Tokens { refresh_token: Some(token("sk-ant-ort01-A")), ..silent.clone() };
    assert_eq!(oauth(&written(&stored, same))["refreshTokenExpiresAt"], 1_790_029_079_410_i64, "still the same token");
    let older = stored.replace(r#""refreshTokenExpiresAt":1790029079410,"#, "");
    assert!(oauth(&written(&older, silent)).get("refreshTokenExpiresAt").is_none(), "no key that its owner has not");
    assert_eq!(oauth(&written(&older, tokens()))["refreshTokenExpiresAt"], 1_791_000_000_000_i64);
}

#[test]
fn credential_update_leaves_a_changed_sign_in_alone() {
    for other in [
        STORED.replace("sk-ant-ort01-A", "sk-ant-ort01-Z"),
        STORED.replace("sk-ant-ort01-A", ""),
        STORED.replace("\"sk-ant-ort01-A\"", "null"),
        STORED.replace("\"refreshToken\":\"sk-ant-ort01-A\",", ""),
        STORED.replace("claudeAiOauth", "claudeAiOauthOld"),
        r#"{"claudeAiOauth":null}"#.to_owned(),
        "{}".to_owned(),
    ] {
        assert!(matches!(apply_tokens(other.as_bytes(), &to(tokens())), Succession::Changed), "{other}");
    }
}

#[test]
fn credential_update_already_written_is_recognized() {
    let once = written(STORED, tokens());
    assert!(matches!(apply_tokens(once.as_bytes(), &to(tokens())), Succession::There));
    let elsewhere = once.replace("sk-ant-oat01-B", "sk-ant-oat01-C");
    assert!(matches!(apply_tokens(elsewhere.as_bytes(), &to(tokens())), Succession::Changed));
}

#[test]
fn credential_update_with_duplicate_keys_uses_the_last_value() {
    let stored = r#"{"claudeAiOauth":{"accessToken":"old"},"claudeAiOauth":{"refreshToken":"no","refreshToken":"sk-ant-ort01-A"}}"#;
    let expect = r#"{"claudeAiOauth":{"accessToken":"old"},"claudeAiOauth":{"refreshToken":"no","refreshToken":"sk-ant-ort01-B","accessToken":"sk-ant-oat01-B","expiresAt":1788900000000,"refreshTokenExpiresAt":1791000000000,"scopes":["user:profile"]}}"#;
    assert_eq!(written(stored, tokens()), expect);
}

#[test]
fn credential_update_of_an_invalid_file_is_unreadable() {
    for cut in 0..STORED.len() - 2 {
        let Some(torn) = STORED.get(..cut) else { continue };
        assert!(matches!(apply_tokens(torn.as_bytes(), &to(tokens())), Succession::Unreadable(_)), "{cut}");
    }
    for foreign in ["[1]", "\"x\"", "7", r#"{"claudeAiOauth":[]}"#, r#"{"claudeAiOauth":"sk"}"#, "{}{}"] {
        assert!(matches!(apply_tokens(foreign.as_bytes(), &to(tokens())), Succession::Unreadable(_)), "{foreign}");
    }
}

/// A text that grows leaves its tokens behind in memory that is not wiped.
#[test]
fn credential_update_is_written_into_one_allocation_of_its_size() {
    for stored in
        [STORED.to_owned(), format!("\u{feff}{STORED}"), STORED.replace("\"t\"", &format!("{:?}", "t".repeat(5000)))]
    {
        let Succession::Write(Rewritten(text)) = apply_tokens(stored.as_bytes(), &to(tokens())) else { panic!() };
        let spare = text.capacity() - text.len();
        assert!(spare <= 2, "{spare} of {}", text.capacity());
    }
}

#[test]
fn credential_update_debug_output_hides_tokens() {
    let printed = format!("{:?}", apply_tokens(STORED.as_bytes(), &to(tokens())));
    assert_eq!(printed, "Write(Rewritten(..))");
}

/// What a crash left beside the store is its successor, or of no use.
#[test]
fn pending_update_after_crash_is_recovered_only_if_complete_and_newer() {
    let stored = STORED.replace("1e400", "0");
    let left = written(&stored, tokens());
    let taken = |stored: &str, left: &str, spent: &str| recover_pending(stored.as_bytes(), left.as_bytes(), &of(spent));
    let successor = taken(&stored, &left, "sk-ant-ort01-A").unwrap();
    let Succession::Write(rewritten) = apply_tokens(stored.as_bytes(), &successor) else { panic!("nothing written") };
    assert_eq!(rewritten.expose(), left.as_bytes(), "what was to be written is written");
    let kept = stored.replace("\"trustedDeviceToken\":  \"t\"", "\"trustedDeviceToken\":\"new\"");
    let Succession::Write(rewritten) = apply_tokens(kept.as_bytes(), &successor) else { panic!("nothing written") };
    let text = String::from_utf8(rewritten.expose().to_vec()).unwrap();
    assert!(text.contains("\"new\"") && text.contains("ort01-B"), "what others wrote since stays: {text}");

    let old = Tokens { expires_at: Some(Wall(1_780_000_000_000)), ..tokens() };
    let bare = left.replace("\"refreshToken\":\"sk-ant-ort01-B\",", "");
    let renewed = stored.replace("ort01-A", "ort01-Z");
    for (what, stored, left, spent) in [
        ("another was spent", &stored, &left, "sk-ant-ort01-Z"),
        ("signed in again", &renewed, &left, "sk-ant-ort01-A"),
        ("signed out", &"{}".to_owned(), &left, "sk-ant-ort01-A"),
        ("already there", &left, &left, "sk-ant-ort01-A"),
        ("a copy", &stored, &stored, "sk-ant-ort01-A"),
        ("older", &stored, &written(&stored, old), "sk-ant-ort01-A"),
        ("torn", &stored, &left[..left.len() - 1].to_owned(), "sk-ant-ort01-A"),
        ("empty", &stored, &String::new(), "sk-ant-ort01-A"),
        ("without a refresh token", &stored, &bare, "sk-ant-ort01-A"),
    ] {
        assert!(taken(stored, left, spent).is_none(), "{what}");
    }
    let unsaid = written(&stored, Tokens { expires_at: None, ..tokens() });
    assert!(taken(&stored, &unsaid, "sk-ant-ort01-A").is_some(), "when it ends need not be known");
}
