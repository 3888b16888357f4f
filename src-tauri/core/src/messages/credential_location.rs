//! Short descriptions of credential locations.

use crate::credential::location::CredentialLocation;
use crate::credential::token::Fingerprint;
use crate::credential::{CredentialMissing, CredentialPresence, CredentialRead};
use crate::messages::sign_in_steps::command_for;
use crate::providers::Provider;
use crate::time::Wall;

/// The state of a location, shown after its name and a dash. `used`: whether requests for the account use this location.
pub fn place(place: &CredentialLocation, used: bool, rejected: &[Fingerprint], now: Wall) -> String {
    let owner = place.provider.owner();
    match &place.sign_in.seen {
        None => "not checked yet".to_owned(),
        Some(CredentialPresence::Present { fingerprint, .. }) if rejected.contains(fingerprint) => {
            "not accepted".to_owned()
        }
        Some(CredentialPresence::Present { .. }) => match (place.sign_in.expired(now), used) {
            (true, _) => format!("expired; waiting for {owner} to renew it"),
            (false, true) => "in use".to_owned(),
            (false, false) => "signed in; not used while the other sign-in works".to_owned(),
        },
        Some(CredentialPresence::Absent(absence)) => absent(place.provider, absence),
    }
}

fn absent(provider: Provider, absence: &CredentialMissing) -> String {
    match absence {
        CredentialMissing::NoFile | CredentialMissing::NotSignedIn if provider.pasted_key().is_some() => {
            "no key".to_owned()
        }
        CredentialMissing::NoFile => "no sign-in found".to_owned(),
        CredentialMissing::NotSignedIn => "signed out".to_owned(),
        CredentialMissing::InferenceOnly => {
            let variable = provider.owner_info().map_or("the token", |owner| owner.inference_token.variable);
            format!("no stored sign-in; {variable} cannot read usage")
        }
        CredentialMissing::EmptyToken => "sign-in has no token".to_owned(),
        CredentialMissing::Blanked | CredentialMissing::LoginEnded(_) => "sign-in has ended".to_owned(),
        CredentialMissing::Unreadable(why) => format!("cannot be read: {why}"),
        CredentialMissing::Forbidden(why) => format!("cannot be opened: {why}"),
        CredentialMissing::Keyring(trouble) => format!("the system's keyring cannot be used: {trouble}"),
    }
}

/// The result of adding a folder. `email` is that of its sign-in, if it may be shown; `known` is the label of the account, if it
/// is already listed.
pub fn folder_added(
    provider: Provider,
    text: &str,
    read: &CredentialRead,
    email: Option<&str>,
    known: Option<&str>,
) -> String {
    match (read, known) {
        (CredentialRead::Found(_), Some(known)) => {
            format!("Added {text}. It has the same sign-in as {known}, so both count as one account with one limit.")
        }
        (CredentialRead::Found(_), None) => match email {
            Some(email) => format!("Added {text} with the sign-in of {email}."),
            None => format!("Added {text} with its sign-in."),
        },
        (CredentialRead::Absent(absence), _) => {
            let command = provider.owner_info().map(|owner| command_for(owner, Some(text), false));
            let how = command.map(|command| format!(" To sign in there, run: {command}")).unwrap_or_default();
            format!("Added {text} ({}). Holdoff watches it.{how}", absent(provider, absence))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::token::Token;
    use crate::credential::{Credential, Identity, Naming, OAuthClient};
    use crate::state::State;
    use crate::time::{Boot, Moment};

    const NOW: Wall = Wall(1_789_387_200_000);

    fn found(expires: i64, email: Option<&str>) -> CredentialRead {
        CredentialRead::Found(Credential {
            access_token: Token::new("t".into()).unwrap(),
            expires_at: Some(Wall(expires)),
            refresh_token: None,
            refresh_blanked: false,
            refresh_expires_at: None,
            client: OAuthClient::Default,
            scopes: vec![],
            plan: None,
            identity: Identity { email: email.map(str::to_owned), ..Identity::default() },
            naming: Naming::Itself,
        })
    }

    #[track_caller]
    fn check(read: &CredentialRead, used: bool, rejected: &[Fingerprint], expect: &str) {
        let mut there = CredentialLocation::saved(&State::new("boot".into()), Provider::Anthropic, "~/work");
        there.apply_read(read, Moment { wall: NOW, boot: Boot(0) });
        assert_eq!(place(&there, used, rejected, NOW), expect);
    }

    #[test]
    fn credential_location_status_text() {
        let good = found(NOW.0 + 1, None);
        check(&good, true, &[], "in use");
        check(&good, false, &[], "signed in; not used while the other sign-in works");
        check(&good, true, &[Token::new("t".into()).unwrap().fingerprint()], "not accepted");
        check(&found(NOW.0, None), true, &[], "expired; waiting for Claude Code to renew it");
        check(&CredentialRead::Absent(CredentialMissing::NoFile), true, &[], "no sign-in found");
        let torn = CredentialRead::Absent(CredentialMissing::Unreadable("it is a folder".into()));
        check(&torn, false, &[], "cannot be read: it is a folder");
    }

    #[test]
    fn folder_added_message_names_the_account_or_sign_in_command() {
        let known = found(NOW.0, Some("ann@example.com"));
        let said = folder_added(Provider::Anthropic, "~/work", &known, Some("ann@example.com"), Some("Ann"));
        assert!(said.contains("the same sign-in as Ann") && said.contains("one account"), "{said}");
        let added = |email| folder_added(Provider::Anthropic, "~/work", &known, email, None);
        assert_eq!(added(Some("ann@example.com")), "Added ~/work with the sign-in of ann@example.com.");
        assert_eq!(added(None), "Added ~/work with its sign-in.");
        let absent = folder_added(
            Provider::Anthropic,
            "~/work",
            &CredentialRead::Absent(CredentialMissing::NotSignedIn),
            None,
            None,
        );
        let command = match cfg!(windows) {
            true => r#"set "CLAUDE_CONFIG_DIR=%USERPROFILE%\work" && claude auth login"#,
            false => "CLAUDE_CONFIG_DIR=~/work claude auth login",
        };
        assert!(absent.contains(command), "{absent}");
    }
}
