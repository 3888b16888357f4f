//! The OAuth client of a renewal (law 8).

use super::renewal::{eight_hours, grant, pair, renewing, spent};
use super::*;
use crate::credential::OAuthClient;
use crate::request::Auth;

/// A refresh token is good in the name of its own client only (RFC 6749 §6); what may be done with it is left as it is.
#[test]
fn renewal_request_uses_the_credentials_client_id_and_no_scope() {
    for (client, named) in
        [(OAuthClient::Default, "9d1c250a-e61b-44d9-88ed-5944d1962f5e"), (OAuthClient::Named("own".into()), "own")]
    {
        let CredentialRead::Found(mut credential) = eight_hours() else { unreachable!() };
        credential.client = client;
        let (request, spent) = Provider::Anthropic.renewal_request(&credential).unwrap();
        assert_eq!(Some(spent), credential.refresh_token.map(|token| token.fingerprint().clone()));
        assert!(matches!(request.auth, Auth::RefreshGrant { client_id, .. } if client_id == named));
    }
}

/// Law 8: in another client's name the token would be spent for nothing.
#[test]
fn renewal_with_invalid_client_id_is_left_to_owner_and_reported() {
    let mut world = renewing(|n| grant(n + 1));
    let CredentialRead::Found(mut credential) = eight_hours() else { unreachable!() };
    credential.client = OAuthClient::Unusable;
    world.credential = CredentialRead::Found(credential);
    world.run(7 * HOUR + 58 * MINUTE);
    assert_eq!(spent(&world), Vec::<&str>::new());
    let why = world.disk.renewal_blocked.clone().unwrap_or_default();
    assert!(why.contains("stored client ID is invalid"), "{why}");
    assert!(world.shown.is_empty(), "{:?}", world.shown);
    // Its owner has renewed it, and keeps the client as it should be.
    world.credential = pair("sk-2", "rt-2", NOON.plus(Duration::from_secs(16 * HOUR)));
    world.run(7 * HOUR + 58 * MINUTE);
    assert_eq!((spent(&world), world.disk.renewal_blocked.clone()), (vec!["rt-2"], None));
}
