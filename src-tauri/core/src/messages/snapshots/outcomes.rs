//! Outcomes of requests and renewals.

use super::*;
use crate::credential::Tokens;
use crate::quota::{Reading, Source};
use crate::response::{GrantOutcome, Outcome, Rejection};
use crate::state::RefreshOutcome;

#[test]
fn request_outcome_texts() {
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
        Outcome::PermitExpired,
        Outcome::Ambiguous { why: "timed out".into() },
        Outcome::Unreadable { status: 200, why: "it is empty".into(), retry_after: None },
    ];
    let said = lines(&outcomes, |one| format!("{:?}: {}", outcome_kind(one), outcome(ANTHROPIC, one)));
    expect![[r#"
        Reading: reading received
        RateLimited: rate limited, Retry-After 1 min
        RateLimited: rate limited
        RateLimited: refused at Anthropic's edge (HTTP 429)
        Forbidden: not allowed for this organization (HTTP 403)
        Forbidden: not allowed for this account (HTTP 401)
        Unauthorized: sign-in not accepted (HTTP 401)
        MissingScope: sign-in lacks the scope user:profile (HTTP 403)
        Forbidden: refused (HTTP 403: permission_error)
        ServerTrouble: Anthropic returned a server error (HTTP 503)
        Unreachable: not sent: no route
        Unreachable: not sent: the computer was asleep
        Ambiguous: no response: timed out
        Unreadable: unusable response (HTTP 200): it is empty
    "#]]
    .assert_eq(&said);
}

#[test]
fn renewal_outcome_texts() {
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
        GrantOutcome::PermitExpired,
    ];
    let said = lines(&grants, |one| format!("{:?}: {}", grant_kind(one), grant(ANTHROPIC, one)));
    expect![[r#"
        Renewed: sign-in renewed
        GrantRefused: refresh token refused
        RateLimited: renewal rate limited, Retry-After 1 min
        RateLimited: renewal rate limited
        Ambiguous: renewal outcome unknown: timed out
        Denied: Anthropic denied renewal (HTTP 400: invalid_client)
        Denied: Anthropic denied renewal (HTTP 418)
        UnusableTokens: renewal accepted, but its answer was cut off
        Unreachable: renewal not sent: no route
        Unreachable: renewal not sent: the computer was asleep, or renewal was turned off
    "#]]
    .assert_eq(&said);
}

#[test]
fn manual_refresh_outcome_texts() {
    let refused = |refusal| RefreshOutcome::Refused { refusal, state: Box::new(account()), at: NOW };
    let outcomes = [
        RefreshOutcome::Requested,
        RefreshOutcome::Busy,
        refused(Refusal::NotBefore { until: in_min(3), cause: NotYet::Spacing }),
        refused(Refusal::SignIn(SignInTrouble::Expired)),
    ];
    expect![[r#"
        Refresh requested.
        Another operation is in progress; a refresh follows if it is allowed.
        Refresh available at 15:03: the last request was less than 3 minutes ago.
        The sign-in has expired. Claude Code renews it the next time you use it. Checks resume then.
    "#]]
    .assert_eq(&lines(&outcomes, |one| refresh(one, &UTC)));
}
