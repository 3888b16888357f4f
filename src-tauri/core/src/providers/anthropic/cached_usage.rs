//! Claude Code's cached response of the usage endpoint, in `.claude.json`. It can be days old.

use super::{number, usage};
use crate::quota::attribution::Speaker;
use crate::quota::{Reading, Source};
use crate::text;
use serde::Deserialize;
use serde_json::Value;

/// A usage response that Claude Code cached.
#[derive(Debug, Clone, PartialEq)]
pub struct Cached {
    /// Whose quota it is. Older versions do not record it; then it is the account that is signed in.
    pub speaker: Speaker,
    pub reading: Reading,
}

/// `None` if there is no cached response, or no time for it.
pub fn read(bytes: &[u8]) -> Option<Cached> {
    /// Skips the rest of the file, which can be megabytes.
    #[derive(Deserialize)]
    struct File {
        #[serde(default, rename = "cachedUsageUtilization")]
        cached: Value,
        #[serde(default, rename = "oauthAccount")]
        account: Value,
    }
    let file: File = number::parse(bytes).ok()?;
    let at = usage::time(file.cached.get("fetchedAtMs")?)?;
    let read = usage::read(file.cached.get("utilization")?, at)?;
    Some(Cached {
        speaker: name(&file.cached)
            .or_else(|| name(&file.account))
            .map_or(Speaker::Unnamed, |account| Speaker::Named { account, organization: None }),
        reading: Reading::new(Source::OwnerCache, at, read.windows, read.money),
    })
}

fn name(from: &Value) -> Option<String> {
    let name = text::clean(from.get("accountUuid")?.as_str()?, text::LONG_NAME_MAX);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Wall;
    use serde_json::json;

    fn file(cached: &Value) -> Vec<u8> {
        let account = json!({"accountUuid": "ann", "emailAddress": "ann@example.com"});
        json!({"numStartups": 12, "oauthAccount": account, "cachedUsageUtilization": cached}).to_string().into_bytes()
    }

    fn named(account: &str) -> Speaker {
        Speaker::Named { account: account.to_owned(), organization: None }
    }

    fn body() -> Value {
        json!({"five_hour":{"utilization":42.0,"resets_at":"2026-09-14T15:30:00+00:00"},"seven_day":null,
            "limits":[{"kind":"weekly_scoped","group":"weekly","percent":82,"scope":{"model":{"display_name":"Fable"}}}]})
    }

    #[test]
    fn cached_usage_has_its_own_timestamp_and_account() {
        let cached = json!({"fetchedAtMs": 1_789_391_820_000_i64, "accountUuid": "bob", "utilization": body()});
        let cached = read(&file(&cached)).unwrap();
        assert_eq!(cached.speaker, named("bob"));
        assert_eq!((cached.reading.at, cached.reading.source), (Wall(1_789_391_820_000), Source::OwnerCache));
        let ids: Vec<&str> = cached.reading.windows.iter().map(|window| window.id.as_str()).collect();
        assert_eq!(ids, ["five_hour", "weekly_scoped:fable"]);
    }

    #[test]
    fn cached_usage_without_account_belongs_to_the_signed_in_one() {
        for unnamed in [json!({}), json!({"accountUuid": null}), json!({"accountUuid": ""})] {
            let mut cached = json!({"fetchedAtMs": 1_789_391_820_000_i64, "utilization": body()});
            cached.as_object_mut().unwrap().extend(unnamed.as_object().unwrap().clone());
            assert_eq!(read(&file(&cached)).unwrap().speaker, named("ann"), "{unnamed}");
        }
        let cached = json!({"fetchedAtMs": 1_789_391_820_000_i64, "utilization": body()});
        let alone = json!({"cachedUsageUtilization": cached}).to_string();
        assert_eq!(read(alone.as_bytes()).unwrap().speaker, Speaker::Unnamed);
    }

    #[test]
    fn cached_usage_without_timestamp_or_quota_is_ignored() {
        let at = 1_789_391_820_000_i64;
        for cached in [
            json!(null),
            json!([]),
            json!({"utilization": body()}),
            json!({"fetchedAtMs": null, "utilization": body()}),
            json!({"fetchedAtMs": -1, "utilization": body()}),
            json!({"fetchedAtMs": 1e300, "utilization": body()}),
            json!({"fetchedAtMs": at}),
            json!({"fetchedAtMs": at, "utilization": null}),
            json!({"fetchedAtMs": at, "utilization": {"error": {"type": "rate_limit_error"}}}),
        ] {
            assert_eq!(read(&file(&cached)), None, "{cached}");
        }
        for torn in ["", "{\"cachedUsageUti", "[1]", "null"] {
            assert_eq!(read(torn.as_bytes()), None, "{torn}");
        }
    }
}
