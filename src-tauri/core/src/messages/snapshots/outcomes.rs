//! What came of requests.

use super::*;
use crate::credential::Tokens;
use crate::quota::{Reading, Source};
use crate::response::{GrantOutcome, Outcome, Rejection};

#[test]
fn what_came_of_a_request() {
    let wait = Some(Duration::from_secs(90));
    let outcomes = [
        Outcome::Reading(Reading::new(Source::UsageEndpoint, NOW.wall, vec![], vec![])),
        Outcome::RateLimited { retry_after: wait },
        Outcome::RateLimited { retry_after: None },
        Outcome::RefusedAtEdge,
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Organization, status: 403 }),
        Outcome::Rejected(Rejection::NotAllowed { to: Barred::Account, status: 401 }),
        Outcome::Rejected(Rejection::Unauthorized),
        Outcome::Rejected(Rejection::MissingScope("user:profile".into())),
        Outcome::Rejected(Rejection::Forbidden("permission_error".into())),
        Outcome::ServerTrouble { status: 503, retry_after: None },
        Outcome::Unreachable { why: "no route".into() },
        Outcome::Lapsed,
        Outcome::Ambiguous { why: "timed out".into() },
        Outcome::Unreadable { status: 200, why: "it is empty".into(), retry_after: None },
    ];
    let said = lines(&outcomes, |one| format!("{:?}: {}", outcome_kind(one), outcome(ANTHROPIC, one)));
    expect![[r#"
        Reading: reading
        RateLimited: rate limited, asked to wait 1 min
        RateLimited: rate limited
        RateLimited: refused at Anthropic's edge (429)
        Forbidden: not allowed for this organization (403)
        Forbidden: not allowed for this account (401)
        Unauthorized: sign-in not accepted (401)
        MissingScope: sign-in lacks the scope user:profile (403)
        Forbidden: refused (403 permission_error)
        ServerTrouble: Anthropic has trouble (503)
        Unreachable: not sent: no route
        Unreachable: not sent: the machine slept
        Ambiguous: no answer: timed out
        Unreadable: answer 200 could not be used: it is empty
    "#]]
    .assert_eq(&said);
}

#[test]
fn what_came_of_a_renewal() {
    let wait = Some(Duration::from_secs(90));
    let tokens = Tokens {
        access_token: token("sk-2"),
        expires_at: None,
        refresh_token: None,
        refresh_expires_at: None,
        scopes: None,
        account: None,
    };
    let grants = [
        GrantOutcome::Renewed(tokens),
        GrantOutcome::Refused,
        GrantOutcome::RateLimited { retry_after: wait },
        GrantOutcome::RateLimited { retry_after: None },
        GrantOutcome::Ambiguous { status: None, why: "timed out".into(), retry_after: None },
        GrantOutcome::Denied { status: 400, kind: "invalid_client".into(), retry_after: None },
        GrantOutcome::Denied { status: 418, kind: String::new(), retry_after: None },
        GrantOutcome::UnusableTokens { why: "its answer was cut off".into() },
        GrantOutcome::Unreachable { why: "no route".into() },
        GrantOutcome::Lapsed,
    ];
    let said = lines(&grants, |one| format!("{:?}: {}", grant_kind(one), grant(ANTHROPIC, one)));
    expect![[r#"
        Renewed: sign-in renewed
        GrantRefused: refresh token not accepted any more
        RateLimited: renewal rate limited, asked to wait 1 min
        RateLimited: renewal rate limited
        Ambiguous: renewal left open: timed out
        Denied: Anthropic does not renew (400 invalid_client)
        Denied: Anthropic does not renew (418)
        Wasted: renewal accepted, but its answer was cut off
        Unreachable: renewal not sent: no route
        Unreachable: renewal not sent: the machine slept, or renewal was turned off
    "#]]
    .assert_eq(&said);
}
