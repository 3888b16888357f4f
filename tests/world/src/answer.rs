//! One response of the fake Anthropic: as seen in the wild, deliberately broken, or hostile.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fake::Request;
use crate::fixtures;
use crate::fixtures::Resets;
use crate::http::{Whole, Wire};

/// How the server handles one request. Created by the functions below; cheap to clone.
#[derive(Clone)]
pub struct Answer {
    kind: Kind,
    after: Duration,
}

#[derive(Clone)]
enum Kind {
    Wire(Wire),
    Usage { five_hour: f64, seven_day: f64, fable: i64 },
    OlderUsage,
    EchoToken(u16),
    Decide(Arc<dyn Fn(&Request) -> Answer + Send + Sync>),
}

/// A header of every response of the API itself.
const REQUEST_ID: (&str, &str) = ("request-id", "req_011CSHoldoffWorld");

impl Answer {
    /// 200 with the current body: 5-hour 42 %, weekly 26 %, Fable 82 %; resets lie in the future on the program's clock.
    pub fn ok() -> Self {
        Self::ok_at(42.0, 26.0, 82)
    }

    /// 200 with the current body and other percentages (5-hour, weekly, Fable).
    pub fn ok_at(five_hour: f64, seven_day: f64, fable: i64) -> Self {
        Self::of(Kind::Usage { five_hour, seven_day, fable })
    }

    /// 200 with the body as it was in April 2026: 5-hour 42 %, weekly 26 %, Opus 11 %.
    pub fn older_body() -> Self {
        Self::of(Kind::OlderUsage)
    }

    /// 200 with a custom usage body.
    pub fn usage(body: Value) -> Self {
        Self::json(200, &body)
    }

    /// Any status with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, &[("content-type", "application/json"), REQUEST_ID], body.to_string())
    }

    /// Any status, headers and body, sent unchanged (with a `Content-Length`).
    pub fn raw(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::whole(Whole { status, headers, body: Arc::new(body.into()), sized: true })
    }

    /// 429 with this `Retry-After`: seconds, an HTTP date (see [`http_date`]), or nonsense.
    pub fn rate_limited(retry_after: Option<&str>) -> Self {
        let mut headers = vec![("content-type", "application/json"), REQUEST_ID];
        headers.extend(retry_after.map(|value| ("retry-after", value)));
        Self::raw(429, &headers, fixtures::rate_limited().to_string())
    }

    /// 429 of Anthropic's edge, which refuses a program before its request reaches the API: without a `request-id`.
    pub fn refused_at_edge(retry_after: Option<&str>) -> Self {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(retry_after.map(|value| ("retry-after", value)));
        Self::raw(429, &headers, fixtures::rate_limited().to_string())
    }

    /// 401 or 403 for everybody of an organization.
    pub fn organization_not_allowed(status: u16) -> Self {
        Self::json(status, &fixtures::organization_not_allowed(status))
    }

    /// The body of a 429 under status 200.
    pub fn rate_limited_as_200() -> Self {
        Self::json(200, &fixtures::rate_limited())
    }

    /// 401, the token has expired.
    pub fn unauthorized() -> Self {
        Self::json(401, &fixtures::unauthorized())
    }

    /// 403, the token lacks a scope such as `user:profile`.
    pub fn missing_scope(scope: &str) -> Self {
        Self::json(403, &fixtures::missing_scope(scope))
    }

    /// 529, overloaded.
    pub fn overloaded() -> Self {
        Self::json(529, &fixtures::overloaded())
    }

    /// A status with a JSON error body that names it.
    pub fn status(status: u16) -> Self {
        Self::json(status, &fixtures::error("api_error", &format!("status {status}")))
    }

    /// A web page instead of JSON, as a captive portal or a proxy sends it.
    pub fn html(status: u16) -> Self {
        let page = "<!doctype html><html><head><title>Sign in to the network</title></head><body><h1>Welcome</h1>\
                    <script>alert('five_hour')</script></body></html>";
        Self::raw(status, &[("content-type", "text/html; charset=utf-8")], page)
    }

    /// 200 and no body at all.
    pub fn empty() -> Self {
        Self::raw(200, &[("content-type", "application/json")], "")
    }

    /// 200 with a valid JSON body of about `bytes` and no declared length: only a limit on the bytes read stops it.
    pub fn huge(bytes: usize) -> Self {
        Self::huge_body(bytes, false)
    }

    /// Like [`Answer::huge`], with a correct `Content-Length`.
    pub fn huge_declared(bytes: usize) -> Self {
        Self::huge_body(bytes, true)
    }

    /// 200 with JSON nested `levels` deep in place of a window.
    pub fn deep(levels: usize) -> Self {
        let body = format!("{{\"five_hour\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        Self::raw(200, &[("content-type", "application/json")], body)
    }

    /// 200 with `NaN` as a number, which is not JSON. Only that field is unreadable.
    pub fn nan() -> Self {
        let body =
            r#"{"five_hour":{"utilization":NaN,"resets_at":null},"seven_day":{"utilization":26.0,"resets_at":null}}"#;
        Self::raw(200, &[("content-type", "application/json")], body)
    }

    /// 200 with numbers that overflow: 1e400 as a percentage, as a limit and as a time.
    pub fn beyond_numbers() -> Self {
        let body =
            r#"{"five_hour":{"utilization":1e400,"resets_at":1e400},"limits":[{"kind":"session","percent":1e400}]}"#;
        Self::raw(200, &[("content-type", "application/json")], body)
    }

    /// 307 to another address. It keeps the method and tempts a client to send the token along.
    pub fn redirect(url: &str) -> Self {
        Self::redirect_with(307, url)
    }

    /// A redirect with another status.
    pub fn redirect_with(status: u16, url: &str) -> Self {
        Self::raw(status, &[("location", url)], "")
    }

    /// 200 and its headers, then one byte every `every` forever: a read timeout alone never ends it.
    pub fn trickle(every: Duration) -> Self {
        Self::of(Kind::Wire(Wire::TrickleBody { every }))
    }

    /// A status line, then one header byte every `every` forever.
    pub fn trickle_headers(every: Duration) -> Self {
        Self::of(Kind::Wire(Wire::TrickleHead { every }))
    }

    /// `100 Continue` forever, as fast as the client reads.
    pub fn interim() -> Self {
        Self::of(Kind::Wire(Wire::Interim))
    }

    /// Sends exactly these bytes, which need not be HTTP, and closes the connection.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Wire(Wire::Bytes(Arc::new(bytes.into()))))
    }

    /// Accepts the request and never responds.
    pub fn hang() -> Self {
        Self::of(Kind::Wire(Wire::Hang))
    }

    /// Accepts the request and closes the connection without a byte.
    pub fn hang_up() -> Self {
        Self::of(Kind::Wire(Wire::HangUp))
    }

    /// Sends the headers and half of the body, then resets the connection.
    pub fn reset() -> Self {
        Self::of(Kind::Wire(Wire::Reset))
    }

    /// Echoes the received `Authorization` header in the body and in a header, with `status`.
    pub fn echo_token(status: u16) -> Self {
        Self::of(Kind::EchoToken(status))
    }

    /// The token endpoint's 200: a new pair, or only a new access token.
    pub fn renewed(access_token: &str, refresh_token: Option<&str>) -> Self {
        Self::json(200, &fixtures::renewed(access_token, refresh_token))
    }

    /// The token endpoint's 400 for a refresh token that is spent or unknown.
    pub fn invalid_grant() -> Self {
        Self::json(400, &fixtures::invalid_grant())
    }

    /// Chooses the response by the request, for example by its token.
    pub fn decide(choose: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(Kind::Decide(Arc::new(choose)))
    }

    /// The same response, delayed by `delay` (real time).
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// The bytes sent for `request` at program time `now`, for an account first seen at `anchor`.
    pub(crate) fn resolve(&self, request: &Request, anchor: SystemTime, now: SystemTime) -> (Wire, Duration) {
        let resets = Resets::ahead(anchor, now);
        let wire = match &self.kind {
            Kind::Wire(wire) => wire.clone(),
            Kind::Usage { five_hour, seven_day, fable } => {
                return Self::usage(fixtures::usage_at(resets, *five_hour, *seven_day, *fable))
                    .after(self.after)
                    .resolve(request, anchor, now);
            }
            Kind::OlderUsage => {
                return Self::usage(fixtures::older_usage(resets)).after(self.after).resolve(request, anchor, now);
            }
            Kind::EchoToken(status) => echo(*status, request),
            Kind::Decide(choose) => {
                let (wire, after) = choose(request).resolve(request, anchor, now);
                return (wire, after + self.after);
            }
        };
        (wire, self.after)
    }

    fn huge_body(bytes: usize, sized: bool) -> Self {
        let body = json!({"five_hour": {"utilization": 1.0, "resets_at": null}, "padding": "x".repeat(bytes)});
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::whole(Whole { status: 200, headers, body: Arc::new(body.to_string().into()), sized })
    }

    fn whole(whole: Whole) -> Self {
        Self::of(Kind::Wire(Wire::Whole(whole)))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, after: Duration::ZERO }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Wire(wire) => write!(f, "Answer({wire:?})"),
            Kind::Usage { five_hour, seven_day, fable } => write!(f, "Answer(usage {five_hour}/{seven_day}/{fable})"),
            Kind::OlderUsage => write!(f, "Answer(older usage)"),
            Kind::EchoToken(status) => write!(f, "Answer({status}, echoing the token)"),
            Kind::Decide(_) => write!(f, "Answer(by request)"),
        }
    }
}

fn echo(status: u16, request: &Request) -> Wire {
    let said = request.authorization.clone().unwrap_or_default();
    let body = fixtures::error("api_error", &format!("cannot serve {said}; you sent {said:?}"));
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("www-authenticate".to_owned(), format!("Bearer realm=\"{said}\"")),
        ("request-id".to_owned(), said),
    ];
    Wire::Whole(Whole { status, headers, body: Arc::new(body.to_string().into()), sized: true })
}

/// The HTTP-date form of `Retry-After` for a time on the program's clock.
pub fn http_date(program: SystemTime) -> String {
    let time = Timestamp::try_from(program).expect("a time within jiff's range");
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
