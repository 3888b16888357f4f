//! All tested responses: each status, with and without `Retry-After`, with each kind of body, at both endpoints.

use holdoff_core::Endpoint;
use holdoff_world::fixtures;
use serde_json::json;

/// The access token in the token endpoint's successful response.
pub const NEW_TOKEN: &str = "sk-ant-oat01-NEW";
/// Longer than every first and third wait without a `Retry-After`.
pub const RETRY_AFTER: &str = "5400";
const DATE: &str = "Mon, 14 Sep 2026 12:00:00 GMT";

/// One response.
pub struct Case {
    pub endpoint: Endpoint,
    /// The table that contains its row.
    pub section: String,
    pub row: Row,
    pub wire: Wire,
}

/// The name of the row.
#[derive(Clone, PartialEq)]
pub enum Row {
    /// Adjacent statuses with the same decision are merged into one row.
    Status {
        status: u16,
        retry_after: bool,
    },
    Named(String),
}

/// What is sent over the connection.
pub enum Wire {
    Whole(Reply),
    /// The connection ends before the body is complete.
    Cut(Reply),
    /// An informational response, then the end of the connection.
    ClosedAfter(u16),
    /// An informational response, then a successful one.
    GoodAfter(u16),
    /// An informational response, then nothing.
    Silence(u16),
    /// Endless informational responses.
    Endless(u16),
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

type MakeBody = fn(u16) -> String;

const COMMON: [(&str, MakeBody); 6] = [
    ("the provider's error for that status", |status| fixtures::error(usual_kind(status), "…").to_string()),
    ("`rate_limit_error`", |_| fixtures::rate_limited().to_string()),
    ("`overloaded_error`", |_| fixtures::overloaded().to_string()),
    ("empty JSON: `{}`", |_| "{}".to_owned()),
    ("a web page", |_| "<!doctype html><title>Sign in to the network</title>".to_owned()),
    ("no body", |_| String::new()),
];

const USAGE: [(&str, MakeBody); 4] = [
    ("`authentication_error`", |_| fixtures::unauthorized().to_string()),
    ("`permission_error` with a scope", |_| fixtures::missing_scope("user:profile").to_string()),
    ("`permission_error` without a scope", |_| fixtures::error("permission_error", "disabled").to_string()),
    ("a valid reading", |_| good(Endpoint::Usage)),
];

const TOKEN: [(&str, MakeBody); 4] = [
    ("`invalid_grant`", |_| fixtures::invalid_grant().to_string()),
    ("`invalid_client`", |_| json!({"error": "invalid_client"}).to_string()),
    ("`not_found_error`", |_| fixtures::error("not_found_error", "…").to_string()),
    ("valid tokens", |_| good(Endpoint::Token)),
];

/// The provider's error type for a status.
fn usual_kind(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

pub fn good(endpoint: Endpoint) -> String {
    match endpoint {
        Endpoint::Usage => json!({"five_hour": {"utilization": 42.0, "resets_at": null}}).to_string(),
        Endpoint::Token => {
            let pair = json!({"access_token": NEW_TOKEN, "refresh_token": "sk-ant-ort01-NEW", "expires_in": 28800});
            pair.to_string()
        }
    }
}

/// All cases, in the order of the table.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for (endpoint, own) in [(Endpoint::Usage, USAGE), (Endpoint::Token, TOKEN)] {
        for (name, body) in COMMON.into_iter().chain(own) {
            cases.extend(every_status(endpoint, name, body, Wire::Whole));
        }
        cases.extend(every_status(
            endpoint,
            "a valid body, truncated",
            |_| String::new(),
            move |reply| Wire::Cut(Reply { body: good(endpoint), ..reply }),
        ));
        cases.extend(retry_afters(endpoint));
        cases.extend(informational(endpoint));
    }
    cases
}

fn every_status(
    endpoint: Endpoint,
    section: &str,
    body: MakeBody,
    wire: impl Fn(Reply) -> Wire,
) -> impl Iterator<Item = Case> {
    let both = (200..=599).flat_map(|status| [(status, false), (status, true)]);
    let case = move |(status, retry_after): (u16, bool)| {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(retry_after.then(|| ("retry-after", RETRY_AFTER.to_owned())));
        Case {
            endpoint,
            section: section.to_owned(),
            row: Row::Status { status, retry_after },
            wire: wire(Reply { status, headers, body: body(status) }),
        }
    };
    both.map(case)
}

/// Every form of `Retry-After`, with a 429.
fn retry_afters(endpoint: Endpoint) -> Vec<Case> {
    let forms = [
        "",
        "0",
        "-5",
        "soon",
        "1.5",
        "60",
        "990",
        "86400",
        "604800",
        "99999999999999999999999",
        "Mon, 14 Sep 2026 13:30:00 GMT",
        "Monday, 14-Sep-26 13:30:00 GMT",
        "Mon, 14 Sep 2026 11:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ];
    let case = |form: &str| Case {
        endpoint,
        section: format!("429 with each form of `Retry-After`; its `Date` is {DATE}"),
        row: Row::Named(format!("`{form}`")),
        wire: Wire::Whole(Reply {
            status: 429,
            headers: vec![("retry-after", form.to_owned()), ("date", DATE.to_owned())],
            body: fixtures::rate_limited().to_string(),
        }),
    };
    forms.map(case).into()
}

/// An informational response is not final: the one after it counts.
fn informational(endpoint: Endpoint) -> Vec<Case> {
    type After = (&'static str, fn(u16) -> Wire);
    let afters: [After; 3] = [
        ("an informational response, then the connection closes", Wire::ClosedAfter),
        ("an informational response, then silence", Wire::Silence),
        ("an informational response, then a valid one", Wire::GoodAfter),
    ];
    let mut cases = Vec::new();
    for (section, wire) in afters {
        cases.extend((100..=199).map(|status| Case {
            endpoint,
            section: section.to_owned(),
            row: Row::Status { status, retry_after: false },
            wire: wire(status),
        }));
    }
    cases.push(Case {
        endpoint,
        section: "endless informational responses".to_owned(),
        row: Row::Status { status: 100, retry_after: false },
        wire: Wire::Endless(100),
    });
    cases
}
