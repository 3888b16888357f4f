use super::*;
use crate::credential::location::CredentialLocation;
use crate::credential::token::Token;
use crate::credential::{CredentialStatus, Identity};
use crate::gate::Pause;
use crate::providers::Provider;
use crate::quota::cycle::Cycles;
use crate::quota::{Amount, Provenance};
use crate::state::LastRequest;
use crate::time::Boot;
use expect_test::expect;
use serde_json::{Value, json, to_value};

/// 2026-09-14 15:00 UTC.
const NOW: Moment = Moment { wall: Wall(1_789_398_000_000), boot: Boot(1_000_000) };

fn min(minutes: i64) -> Moment {
    Moment { wall: Wall(NOW.wall.0 + minutes * 60_000), boot: Boot(NOW.boot.0 + minutes * 60_000) }
}

fn fingerprint() -> crate::credential::token::Fingerprint {
    Token::new("sk-1".to_owned()).unwrap().fingerprint()
}

fn window(id: &str, used: Option<f64>, resets_in_min: Option<i64>, origin: Option<Provenance>) -> QuotaWindow {
    QuotaWindow {
        id: id.into(),
        kind: crate::providers::anthropic::window_kind(id, None),
        label: id.into(),
        used_percent: used,
        resets_at: resets_in_min.map(|minutes| min(minutes).wall),
        duration_s: Some(18_000),
        binding: false,
        origin,
        locked: None,
    }
}

fn account() -> AccountState {
    let mut state = AccountState::new(Provider::Anthropic);
    state.sign_in = CredentialStatus {
        seen: Some(CredentialPresence::Present { fingerprint: fingerprint(), expires_at: Some(min(30).wall) }),
        place: "~/.claude/.credentials.json".into(),
        plan: Some("max".into()),
        identity: Identity {
            account: Some("ann".into()),
            email: Some("ann@example.com".into()),
            ..Identity::default()
        },
        renewable: true,
        refresh_blanked: false,
        last_token: None,
    };
    state.next = Some(min(5));
    state
}

fn id(name: &str) -> AccountId {
    AccountId(format!("anthropic:{name}"))
}

/// What `status --json` says of one account.
fn told(state: AccountState) -> Value {
    let mut all = State::new("boot".into());
    all.accounts.insert(id("ann"), state);
    all.active.push(id("ann"));
    let report = Report::of(&all, NOW, &Settings::default());
    to_value(report).unwrap()["accounts"][0].take()
}

#[test]
fn status_report_of_one_account_with_all_fields() {
    let mut state = account();
    let windows = vec![
        window("five_hour", Some(42.5), Some(133), None),
        window("seven_day", Some(80.0), Some(-1), Some(Provenance { at: min(-40).wall, source: Source::StatusLine })),
        window("odd", None, None, None),
    ];
    let dollars = |minor| Some(Amount { minor, currency: "USD".into(), exponent: 2 });
    let money = Spend {
        id: "extra_usage".into(),
        label: "Extra usage".into(),
        used: dollars(1234),
        limit: dollars(10_000),
        used_percent: Some(12.34),
        note: None,
    };
    let reading = Reading::new(Source::UsageEndpoint, min(-2).wall, windows, vec![money]);
    let mut cycles = Cycles::default();
    for (minutes_ago, used) in [(92, 10.0), (62, 20.0), (32, 31.0), (2, 42.5)] {
        let seen = vec![window("five_hour", Some(used), Some(133), None)];
        cycles.follow(&Reading::new(Source::UsageEndpoint, min(-minutes_ago).wall, seen, vec![]), &[], NOW.wall);
    }
    state.cycles = cycles;
    state.reading = Some(reading);
    state.last = Some(LastRequest { at: min(-2).wall, endpoint: Endpoint::Usage, outcome: Some("reading".to_owned()) });
    let mut all = State::new("boot".into());
    all.places = vec![
        CredentialLocation { account: Some(id("ann")), ..place("~/.claude/.credentials.json") },
        CredentialLocation { account: Some(id("ann")), ..place("~/.claude-2/.credentials.json") },
        CredentialLocation { account: Some(id("bob")), ..place("~/.claude-bob/.credentials.json") },
    ];
    all.accounts.insert(id("ann"), state);
    all.accounts.insert(id("bob"), account());
    all.active.push(id("ann"));
    let report = serde_json::to_string_pretty(&Report::of(&all, NOW, &Settings::default())).unwrap();
    expect![[r#"
        {
          "version": 1,
          "at": "2026-09-14T15:00:00Z",
          "accounts": [
            {
              "provider": "anthropic",
              "id": "anthropic:ann",
              "label": "ann@example.com",
              "plan": "max",
              "sign_in": {
                "state": "ok",
                "reason": null,
                "expires_at": "2026-09-14T15:30:00Z",
                "renewed_by": "owner",
                "renewal_held_up": null
              },
              "places": [
                {
                  "place": "~/.claude/.credentials.json",
                  "used": true
                },
                {
                  "place": "~/.claude-2/.credentials.json",
                  "used": false
                }
              ],
              "gates": {
                "usage": {
                  "state": "open",
                  "cause": null,
                  "since": null,
                  "until": null,
                  "strikes": 0
                },
                "token": {
                  "state": "open",
                  "cause": null,
                  "since": null,
                  "until": null,
                  "strikes": 0
                }
              },
              "reading": {
                "at": "2026-09-14T14:58:00Z",
                "source": "usage_endpoint",
                "stale": false,
                "windows": [
                  {
                    "id": "five_hour",
                    "label": "five_hour",
                    "used_percent": 42.5,
                    "resets_at": "2026-09-14T17:13:00Z",
                    "duration_s": 18000,
                    "binding": false,
                    "was_reset": false,
                    "at": "2026-09-14T14:58:00Z",
                    "source": "usage_endpoint",
                    "stale": false,
                    "forecast": {
                      "state": "lasts_until_reset",
                      "at": null,
                      "earliest": null,
                      "latest": null
                    },
                    "locked_reason": null
                  },
                  {
                    "id": "seven_day",
                    "label": "seven_day",
                    "used_percent": null,
                    "resets_at": "2026-09-14T14:59:00Z",
                    "duration_s": 18000,
                    "binding": false,
                    "was_reset": true,
                    "at": "2026-09-14T14:20:00Z",
                    "source": "status_line",
                    "stale": true,
                    "forecast": null,
                    "locked_reason": null
                  },
                  {
                    "id": "odd",
                    "label": "odd",
                    "used_percent": null,
                    "resets_at": null,
                    "duration_s": 18000,
                    "binding": false,
                    "was_reset": false,
                    "at": "2026-09-14T14:58:00Z",
                    "source": "usage_endpoint",
                    "stale": false,
                    "forecast": null,
                    "locked_reason": null
                  }
                ],
                "money": [
                  {
                    "id": "extra_usage",
                    "label": "Extra usage",
                    "used": {
                      "minor": 1234,
                      "currency": "USD",
                      "exponent": 2
                    },
                    "limit": {
                      "minor": 10000,
                      "currency": "USD",
                      "exponent": 2
                    },
                    "used_percent": 12.34,
                    "note": null
                  }
                ],
                "money_at": "2026-09-14T14:58:00Z",
                "money_source": "usage_endpoint",
                "no_limits_at": null
              },
              "last_request": {
                "at": "2026-09-14T14:58:00Z",
                "endpoint": "usage",
                "outcome": "reading"
              },
              "next_request_at": "2026-09-14T15:05:00Z",
              "readings": "ask"
            }
          ]
        }"#]]
    .assert_eq(&report);
}

fn place(name: &str) -> CredentialLocation {
    CredentialLocation::new(Provider::Anthropic, name)
}

#[test]
fn status_report_keys_of_every_gate_state() {
    let mut text = String::new();
    let cooldowns = [
        Cooldown::RateLimited { retry_after_s: Some(60) },
        Cooldown::Network { why: "no route".into() },
        Cooldown::Server { status: 529 },
        Cooldown::Unreadable { status: 200, why: "it is empty".into() },
        Cooldown::Unanswered,
        Cooldown::StateLost,
    ];
    let pauses = [
        Pause::Rejected,
        Pause::MissingScope { scope: "user:profile".into() },
        Pause::Forbidden { message: "disabled".into() },
        Pause::RefreshRefused,
        Pause::RenewalCutOff,
        Pause::RenewalWasted,
        Pause::OtherAccount,
    ];
    let cooling = |cause, until| GateState::CoolingDown { cause, since: min(-1), until };
    let mut gates = vec![GateState::Open, cooling(Cooldown::Unanswered, NOW)];
    gates.extend(cooldowns.map(|cause| cooling(cause, min(10))));
    gates.extend(pauses.map(|cause| GateState::Paused {
        cause,
        since: min(-1),
        fingerprint: fingerprint(),
        beneath: None,
    }));
    for gate in gates {
        let mut state = account();
        state.gates[Endpoint::Usage].state = gate;
        state.gates[Endpoint::Usage].strikes = 3;
        let told = told(state);
        text += &format!("{}\n  {}\n", told["gates"]["usage"], told["sign_in"]);
    }
    expect![[r#"
        {"cause":null,"since":null,"state":"open","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":null,"since":null,"state":"open","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"rate_limited","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"network","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"server","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"unreadable_answer","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"unanswered_request","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"state_lost","since":"2026-09-14T14:59:00Z","state":"cooling_down","strikes":3,"until":"2026-09-14T15:10:00Z"}
          {"expires_at":"2026-09-14T15:30:00Z","reason":null,"renewal_held_up":null,"renewed_by":"owner","state":"ok"}
        {"cause":"rejected","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"rejected","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"missing_scope","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"missing_scope user:profile","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"forbidden","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"forbidden disabled","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"refresh_token_refused","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"refresh_token_refused","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"renewal_cut_off","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"renewal_cut_off","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"renewal_wasted","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"renewal_wasted","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
        {"cause":"other_account","since":"2026-09-14T14:59:00Z","state":"paused","strikes":3,"until":null}
          {"expires_at":"2026-09-14T15:30:00Z","reason":"other_account","renewal_held_up":null,"renewed_by":"owner","state":"paused"}
    "#]].assert_eq(&text);
}

#[test]
fn status_report_keys_of_missing_sign_ins() {
    let absences = [
        CredentialMissing::NoFile,
        CredentialMissing::NotSignedIn,
        CredentialMissing::InferenceOnly,
        CredentialMissing::EmptyToken,
        CredentialMissing::Blanked,
        CredentialMissing::LoginEnded(String::new()),
        CredentialMissing::LoginEnded("time limit".into()),
        CredentialMissing::Unreadable("it is empty".into()),
        CredentialMissing::Forbidden("permission denied".into()),
    ];
    let mut seen: Vec<Option<CredentialPresence>> = absences.map(|why| Some(CredentialPresence::Absent(why))).to_vec();
    seen.push(None);
    seen.push(Some(CredentialPresence::Present { fingerprint: fingerprint(), expires_at: Some(NOW.wall) }));
    seen.push(Some(CredentialPresence::Present { fingerprint: fingerprint(), expires_at: None }));
    let mut text = String::new();
    for seen in seen {
        let mut state = account();
        state.sign_in.seen = seen;
        state.renewal_enabled = true;
        text += &format!("{}\n", told(state)["sign_in"]);
    }
    expect![[r#"
        {"expires_at":null,"reason":"no_file","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"not_signed_in","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"inference_only_token","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"empty_token","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"ended","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"ended","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"ended: time limit","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"unreadable: it is empty","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"cannot be opened: permission denied","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":null,"reason":"not_looked_yet","renewal_held_up":null,"renewed_by":"holdoff","state":"absent"}
        {"expires_at":"2026-09-14T15:00:00Z","reason":"expired","renewal_held_up":null,"renewed_by":"holdoff","state":"expired"}
        {"expires_at":null,"reason":null,"renewal_held_up":null,"renewed_by":"holdoff","state":"ok"}
    "#]]
    .assert_eq(&text);
}

#[test]
fn status_report_lists_a_location_not_discovered_yet() {
    assert_eq!(told(account())["places"], json!([{"place": "~/.claude/.credentials.json", "used": true}]));
    let mut nowhere = account();
    nowhere.sign_in.place = String::new();
    assert_eq!(told(nowhere)["places"], json!([]));
}

#[test]
fn reading_is_stale_after_two_missed_polls() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let age = |age: u64, interval: u64| is_stale(NOW.wall, NOW.wall.plus(minutes(age)), minutes(interval));
    assert!(!age(15, 5) && !is_stale(NOW.wall, min(-5).wall, minutes(5)));
    assert!(is_stale(NOW.wall, Wall(min(15).wall.0 + 1), minutes(5)), "never before a quarter of an hour");
    assert!(age(16, 5) && !age(120, 60) && age(121, 60));
}
