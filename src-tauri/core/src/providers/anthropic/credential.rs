//! Parses Claude Code's stored sign-in.

use super::members::Members;
use crate::credential::token::RefreshToken;
use crate::credential::{Credential, CredentialMissing, CredentialRead, Identity, Naming, OAuthClient};
use crate::text::{LONG_NAME_MAX, NAME_MAX, clean, is_like_a_token, without_bom};
use crate::time::Wall;
use serde_json::Value;

/// Name of the credential file in Claude Code's config folder.
pub const FILE: &str = ".credentials.json";
/// A larger file is not a credential file: a few kilobytes are usual, plugin secrets included.
pub const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The scope that a request for usage needs.
const USAGE_SCOPE: &str = "user:profile";

/// The member that holds the sign-in. All others belong to other programs.
pub(super) const OAUTH: &str = "claudeAiOauth";

// Reasons why a file cannot be used, without its content.
pub(super) const EMPTY: &str = "it is empty";
pub(super) const TORN: &str = "it is incomplete or damaged JSON";
pub(super) const FOREIGN: &str = "it is JSON, but not a Claude Code credential file";
pub(super) const FOREIGN_FORM: &str = "its sign-in has an unknown format";

/// Reads the credential file or keychain value. `beside` is the identity from the file beside it. Errors never contain text
/// of the file.
pub fn read(bytes: &[u8], beside: Identity) -> CredentialRead {
    let unreadable = |why: &str| CredentialRead::Absent(CredentialMissing::Unreadable(why.to_owned()));
    if without_bom(bytes).trim_ascii().is_empty() {
        return unreadable(EMPTY);
    }
    let file = match Members::parse(bytes) {
        Ok(file) => file,
        Err(error) if error.is_data() => return unreadable(FOREIGN),
        Err(_) => return unreadable(TORN),
    };
    let Some(oauth) = file.said(OAUTH) else {
        return CredentialRead::Absent(CredentialMissing::NotSignedIn);
    };
    let Ok(oauth) = Members::parse(oauth.as_bytes()) else {
        return unreadable(FOREIGN_FORM);
    };
    let is_blank = |key: &str| oauth.value(key).as_ref().and_then(Value::as_str).is_some_and(str::is_empty);
    if let Some(why) = oauth.value("loginEnded").as_ref().and_then(login_ended) {
        return CredentialRead::Absent(CredentialMissing::LoginEnded(why));
    }
    let Some(access_token) = oauth.token("accessToken") else {
        let is_emptied = |key: &str| is_blank(key) || oauth.get(key) == Some("null");
        let blanked = is_emptied("accessToken") && is_emptied("refreshToken");
        return CredentialRead::Absent(if blanked {
            CredentialMissing::Blanked
        } else {
            CredentialMissing::EmptyToken
        });
    };
    let name = |key: &str| oauth.text(key).and_then(|text| name(&text));
    let itself =
        Identity { account: name("accountUuid"), organization_id: name("organizationUuid"), ..Identity::default() };
    let is_named = itself.account.is_some() && (itself.organization_id.is_some() || beside.organization_id.is_none());
    CredentialRead::Found(Credential {
        access_token,
        expires_at: oauth.value("expiresAt").as_ref().and_then(expiry),
        refresh_token: oauth.token("refreshToken").map(RefreshToken::from),
        refresh_blanked: is_blank("refreshToken"),
        refresh_expires_at: oauth.value("refreshTokenExpiresAt").as_ref().and_then(expiry),
        client: oauth.value("clientId").as_ref().map_or(OAuthClient::Default, client),
        scopes: oauth.value("scopes").as_ref().map(scopes).unwrap_or_default(),
        plan: oauth.text("subscriptionType").map(|plan| clean(&plan, NAME_MAX)).filter(|plan| !plan.is_empty()),
        identity: itself.or(beside),
        naming: if is_named { Naming::Itself } else { Naming::Beside { written: None } },
    })
}

/// No such token is older than 2025, and none is valid for a lifetime: an expiry before 2025 or after 2100 is an error and is
/// ignored. An expiry in 1970 would cost a refresh token at every check.
const PLAUSIBLE: std::ops::Range<i64> = 1_735_689_600_000..4_102_444_800_000;

/// Epoch milliseconds.
fn expiry(value: &Value) -> Option<Wall> {
    let millis = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    let millis = millis.or_else(|| value.as_f64().map(|ms| ms as i64));
    millis.filter(|ms| PLAUSIBLE.contains(ms)).map(Wall)
}

/// A UUID, or the URL of a client metadata document. Null counts as absent, as it does for Claude Code.
fn client(value: &Value) -> OAuthClient {
    let is_one = |id: &str| {
        let plain = id.chars().all(|c| c.is_ascii_graphic() && !"\"\\".contains(c));
        plain && (1..=200).contains(&id.len()) && !is_like_a_token(id)
    };
    match value {
        Value::Null => OAuthClient::Default,
        Value::String(id) if is_one(id) => OAuthClient::Named(id.clone()),
        _ => OAuthClient::Unusable,
    }
}

/// Such as `"time_limit"`. Text in any other form is not repeated. An empty value counts as absent.
fn login_ended(value: &Value) -> Option<String> {
    let is_word = |text: &str| text.len() <= 40 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) if is_word(text) => Some(text.replace('_', " ")),
        _ => Some(String::new()),
    }
}

/// The scope that usage needs, if the stored scopes lack it, as for a token from `claude setup-token`. If no scopes are
/// stored, all may be present.
pub fn missing_scope(scopes: &[String]) -> Option<&'static str> {
    (!scopes.is_empty() && scopes.iter().all(|scope| scope != USAGE_SCOPE)).then_some(USAGE_SCOPE)
}

fn scopes(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Reads the identity from Claude Code's `.claude.json`. Anything unreadable counts as absent, and costs only its own field.
pub fn identity(bytes: &[u8]) -> Identity {
    let file = Members::parse(bytes).ok();
    let account = file.as_ref().and_then(|file| Members::parse(file.said("oauthAccount")?.as_bytes()).ok());
    let text = |key: &str| name(&account.as_ref()?.text(key)?);
    Identity {
        account: text("accountUuid"),
        email: text("emailAddress"),
        organization: text("organizationName"),
        organization_id: text("organizationUuid"),
    }
}

fn name(text: &str) -> Option<String> {
    let text = Some(text).filter(|text| text.len() <= LONG_NAME_MAX)?;
    Some(clean(text, LONG_NAME_MAX)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WHOLE: &str = r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-A","refreshToken":"sk-ant-ort01-A",
        "expiresAt":1788781207410,"refreshTokenExpiresAt":1790029079410,
        "scopes":["user:inference","user:profile"],"subscriptionType":"max",
        "rateLimitTier":"default_claude_max_5x"},"mcpOAuth":{"srv|hash":{"accessToken":"other"}}}"#;

    fn found(text: &str) -> Credential {
        match read(text.as_bytes(), Identity::default()) {
            CredentialRead::Found(credential) => credential,
            CredentialRead::Absent(absence) => panic!("{absence:?}"),
        }
    }

    fn absent(text: &str) -> CredentialMissing {
        match read(text.as_bytes(), Identity::default()) {
            CredentialRead::Found(credential) => panic!("{credential:?}"),
            CredentialRead::Absent(absence) => absence,
        }
    }

    #[test]
    fn credential_file_with_all_fields_is_read() {
        let credential = found(WHOLE);
        assert_eq!(credential.access_token.expose(), "sk-ant-oat01-A");
        assert_eq!(credential.expires_at, Some(Wall(1_788_781_207_410)));
        assert_eq!(credential.refresh_token.as_ref().unwrap().secret().unwrap().expose(), "sk-ant-ort01-A");
        assert_eq!(credential.refresh_expires_at, Some(Wall(1_790_029_079_410)));
        assert_eq!(credential.scopes, ["user:inference", "user:profile"]);
        assert_eq!(credential.plan.as_deref(), Some("max"));
        assert!(!format!("{credential:?}").contains("sk-ant"), "{credential:?}");
    }

    #[test]
    fn credential_file_byte_order_mark_is_ignored() {
        assert_eq!(found(&format!("\u{feff}{WHOLE}")).access_token.expose(), "sk-ant-oat01-A");
        assert_eq!(absent("\u{feff}\n"), CredentialMissing::Unreadable(EMPTY.to_owned()));
    }

    #[test]
    fn refresh_token_dropped_from_memory_keeps_its_fingerprint() {
        let CredentialRead::Found(kept) = read(WHOLE.as_bytes(), Identity::default()) else { panic!() };
        let CredentialRead::Found(other) = CredentialRead::Found(kept.clone()).without_refresh_token() else {
            panic!()
        };
        let (kept, other) = (kept.refresh_token.unwrap(), other.refresh_token.unwrap());
        assert!(kept.secret().is_some() && other.secret().is_none());
        assert_eq!(kept.fingerprint(), other.fingerprint());
    }

    #[test]
    fn credential_needs_only_the_access_token() {
        let credential = found(r#"{"claudeAiOauth":{"accessToken":"t","expiresAt":null,"scopes":null}}"#);
        assert_eq!((credential.expires_at, credential.plan), (None, None));
        for missing in ["0", "-1", "\"\"", "\"soon\"", "{}", "1e300", "1000", "32503680000000"] {
            let text = format!(r#"{{"claudeAiOauth":{{"accessToken":"t","expiresAt":{missing}}}}}"#);
            assert_eq!(found(&text).expires_at, None, "{missing}");
        }
        let text = r#"{"claudeAiOauth":{"accessToken":"t","expiresAt":"1788781207410"}}"#;
        assert_eq!(found(text).expires_at, Some(Wall(1_788_781_207_410)));
    }

    /// Its refresh token is spent in that client's name or not at all.
    #[test]
    fn oauth_client_id_is_used_verbatim_or_marked_unusable() {
        let of = |json: &str| {
            found(&format!(r#"{{"claudeAiOauth":{{"accessToken":"t","refreshToken":"r","clientId":{json}}}}}"#))
        };
        for id in ["22422756-60c9-4084-8eb7-27705fd5cf9a", "https://example.com/client.json"] {
            assert_eq!(of(&format!("\"{id}\"")).client, OAuthClient::Named(id.to_owned()));
        }
        assert_eq!(of("null").client, OAuthClient::Default);
        for wrong in
            ["7", "{}", "\"\"", "\"a b\"", "\"a\\u0000\"", "\"sk-ant-ort01-A\"", &format!("\"{}\"", "a".repeat(201))]
        {
            let credential = of(wrong);
            assert_eq!(credential.client, OAuthClient::Unusable, "{wrong}");
            assert!(!format!("{credential:?}").contains("sk-ant"));
        }
    }

    /// The token endpoint writes them as one text, with blanks between.
    #[test]
    fn scopes_are_read_from_a_list_or_a_space_separated_string() {
        let scopes =
            |json: &str| found(&format!(r#"{{"claudeAiOauth":{{"accessToken":"t","scopes":{json}}}}}"#)).scopes;
        assert_eq!(scopes(r#""user:inference  user:profile""#), ["user:inference", "user:profile"]);
        assert_eq!(scopes(r#"["user:profile", 3]"#), ["user:profile"]);
        assert!(scopes("7").is_empty());
    }

    #[test]
    fn credential_missing_reasons_are_distinguished() {
        assert_eq!(absent("{}"), CredentialMissing::NotSignedIn);
        assert_eq!(absent(r#"{"claudeAiOauth":null,"mcpOAuth":{}}"#), CredentialMissing::NotSignedIn);
        assert_eq!(absent(r#"{"mcpOAuth":{"x":{"accessToken":"other"}}}"#), CredentialMissing::NotSignedIn);
        for token in ["\"\"", "null", "7", "\"a\\nb\"", "\" \""] {
            let text = format!(r#"{{"claudeAiOauth":{{"accessToken":{token}}}}}"#);
            assert_eq!(absent(&text), CredentialMissing::EmptyToken, "{token}");
        }
        for (text, why) in [
            ("", EMPTY),
            (" \n", EMPTY),
            ("{\"claudeAiOauth\":{\"accessTok", TORN),
            ("<html>", TORN),
            ("[1]", FOREIGN),
            ("\"x\"", FOREIGN),
            ("{\"claudeAiOauth\":[]}", FOREIGN_FORM),
        ] {
            assert_eq!(absent(text), CredentialMissing::Unreadable(why.to_owned()), "{text}");
        }
    }

    /// After `invalid_grant` Claude Code keeps the sign-in, and empties its tokens.
    #[test]
    fn sign_in_ended_is_distinguished_from_a_damaged_one() {
        let of = |members: &str| absent(&format!(r#"{{"claudeAiOauth":{{{members},"subscriptionType":"max"}}}}"#));
        assert_eq!(of(r#""accessToken":"","refreshToken":"","expiresAt":0"#), CredentialMissing::Blanked);
        assert_eq!(of(r#""accessToken":null,"refreshToken":null"#), CredentialMissing::Blanked);
        assert_eq!(of(r#""accessToken":"","refreshToken":null,"expiresAt":null"#), CredentialMissing::Blanked);
        for damaged in [r#""accessToken":"""#, r#""accessToken":"","refreshToken":"r""#, r#""refreshToken":"""#] {
            assert_eq!(of(damaged), CredentialMissing::EmptyToken, "{damaged}");
        }
        let tokens = r#""accessToken":"t","refreshToken":"r""#;
        for (word, why) in [("\"time_limit\"", "time limit"), ("\"sk-ant-oat01-A\"", ""), ("{}", ""), ("true", "")] {
            assert_eq!(
                of(&format!(r#"{tokens},"loginEnded":{word}"#)),
                CredentialMissing::LoginEnded(why.into()),
                "{word}"
            );
        }
        for nothing in ["null", "\"\"", "false"] {
            found(&format!(r#"{{"claudeAiOauth":{{{tokens},"loginEnded":{nothing}}}}}"#));
        }
    }

    #[test]
    fn refresh_token_blanked_is_distinguished_from_absent() {
        let blanked = |refresh: &str| {
            found(&format!(r#"{{"claudeAiOauth":{{"accessToken":"t","refreshToken":{refresh}}}}}"#)).refresh_blanked
        };
        assert_eq!(["\"\"", "\"r\"", "null", "7"].map(blanked), [true, false, false, false]);
    }

    #[test]
    fn missing_scope_is_reported_only_if_scopes_are_known() {
        let missing =
            |scopes: &[&str]| missing_scope(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        assert_eq!(missing(&["user:inference"]), Some("user:profile"));
        assert_eq!((missing(&[]), missing(&["user:inference", "user:profile"])), (None, None));
    }

    #[test]
    fn credential_file_truncated_anywhere_is_unreadable_and_leaks_no_token() {
        for cut in 0..WHOLE.len() {
            let absence = absent(&WHOLE[..cut]);
            assert!(matches!(absence, CredentialMissing::Unreadable(_)), "{cut}");
            assert!(!format!("{absence:?}").contains("sk-ant"));
        }
    }

    #[test]
    fn identity_is_read_from_the_oauth_account() {
        let text = br#"{"oauthAccount":{"accountUuid":"u-1","emailAddress":"ann@example.com","organizationName":""}}"#;
        let identity = identity(text);
        assert_eq!(identity.account.as_deref(), Some("u-1"));
        assert_eq!(identity.email.as_deref(), Some("ann@example.com"));
        assert_eq!(identity.organization, None);
        // Half of a character, as JavaScript leaves it when it cuts a text.
        let text = br#"{"oauthAccount":{"organizationName":"Acme \ud83d","accountUuid":"u-1","seats":1e400}}"#;
        assert_eq!(super::identity(text), Identity { account: Some("u-1".into()), ..Identity::default() });
        for text in ["", "{}", "[]", "{\"oauthAccount\":3}", "{\"oauthAccount\":{\"accountUuid\":5}}"] {
            assert_eq!(super::identity(text.as_bytes()), Identity::default(), "{text}");
        }
    }

    #[test]
    fn identity_in_the_credential_overrides_the_claude_json_file() {
        let beside = |account: &str, organization: &str| {
            identity(
                format!(
                    r#"{{"oauthAccount":{{"accountUuid":"{account}","organizationUuid":"{organization}",
                    "emailAddress":"ann@example.com","organizationName":"Acme"}}}}"#
                )
                .as_bytes(),
            )
        };
        let of = |itself: &str, beside: Identity| {
            let text = format!(r#"{{"claudeAiOauth":{{"accessToken":"t"{itself}}}}}"#);
            let CredentialRead::Found(found) = read(text.as_bytes(), beside) else { panic!() };
            let Identity { account, email, organization_id, .. } = found.identity;
            (account.unwrap(), organization_id, email.is_some(), found.naming == Naming::Itself)
        };
        let whole = r#","accountUuid":"ann","organizationUuid":"acme""#;
        let acme = Some("acme".to_owned());
        assert_eq!(of(whole, beside("ann", "acme")), ("ann".into(), acme.clone(), true, true));
        for other in [beside("bob", "acme"), beside("ann", "home"), Identity::default()] {
            assert_eq!(of(whole, other), ("ann".into(), acme.clone(), false, true));
        }
        assert_eq!(of(r#","accountUuid":"ann""#, beside("ann", "acme")), ("ann".into(), acme.clone(), true, false));
        assert_eq!(of(r#","accountUuid":"ann""#, beside("bob", "acme")), ("ann".into(), None, false, false));
        for none in ["", r#","accountUuid":null"#, r#","accountUuid":"","organizationUuid":7"#] {
            assert_eq!(of(none, beside("bob", "acme")), ("bob".into(), acme.clone(), true, false), "{none}");
        }
    }

    #[test]
    fn expiry_out_of_range_is_ignored() {
        let expiry = |json: Value| expiry(&json).map(|at| at.0);
        for first in [json!(1_735_689_600_000_i64), json!("1735689600000"), json!(1_735_689_600_000.0)] {
            assert_eq!(expiry(first), Some(1_735_689_600_000));
        }
        assert_eq!(expiry(json!(4_102_444_799_999.5)), Some(4_102_444_799_999));
        for wrong in [json!(1_735_689_599_999_i64), json!(4_102_444_800_000_i64), json!(1e300), json!("soon"), json!(0)]
        {
            assert_eq!(expiry(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn refresh_token_is_usable_until_its_expiry() {
        let credential = found(WHOLE);
        let ends = 1_790_029_079_410;
        assert!(credential.renewable(Wall(ends - 1)) && !credential.renewable(Wall(ends)));
        let for_ever = Credential { refresh_expires_at: None, ..credential.clone() };
        assert!(for_ever.renewable(Wall(i64::MAX)));
        let none = Credential { refresh_token: None, ..for_ever };
        assert!(!none.renewable(Wall(0)));
    }

    #[test]
    fn credential_file_size_limit_is_4_mib() {
        assert_eq!(FILE_MAX, 4_194_304);
    }
}
