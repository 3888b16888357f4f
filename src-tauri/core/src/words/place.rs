//! The places of sign-ins, in a few words each.

use super::guide::command_for;
use crate::places::Place;
use crate::secret::Fingerprint;
use crate::sign_in::{Absence, CredentialRead, Seen};
use crate::time::Wall;

/// How it stands in a place: after its name, and after a dash. `used` is whether its account is asked for from there.
pub fn place(place: &Place, used: bool, rejected: &[Fingerprint], now: Wall) -> String {
    let owner = place.provider.owner();
    match &place.sign_in.seen {
        None => "not looked at yet".to_owned(),
        Some(Seen::Present { fingerprint, .. }) if rejected.contains(fingerprint) => "not accepted".to_owned(),
        Some(Seen::Present { .. }) => match (place.sign_in.expired(now), used) {
            (true, _) => format!("expired until {owner} renews it"),
            (false, true) => "in use".to_owned(),
            (false, false) => "signed in, not needed while the other one works".to_owned(),
        },
        Some(Seen::Absent(absence)) => absent(absence),
    }
}

fn absent(absence: &Absence) -> String {
    match absence {
        Absence::NoFile => "no sign-in there".to_owned(),
        Absence::NotSignedIn => "signed out".to_owned(),
        Absence::InferenceOnly => "no stored sign-in; CLAUDE_CODE_OAUTH_TOKEN may not read usage".to_owned(),
        Absence::EmptyToken => "a sign-in without a token".to_owned(),
        Absence::Blanked | Absence::LoginEnded(_) => "its sign-in has ended".to_owned(),
        Absence::Unreadable(why) => format!("cannot be read: {why}"),
        Absence::Forbidden(why) => format!("cannot be opened: {why}"),
    }
}

/// What to say of a folder that was just added. `known` is what the account is called that is listed already.
pub fn folder_added(text: &str, read: &CredentialRead, known: Option<&str>) -> String {
    match (read, known) {
        (CredentialRead::Found(_), Some(known)) => {
            format!("{text} is added. It holds the sign-in of {known} too, so both are one account with one limit.")
        }
        (CredentialRead::Found(found), None) => match &found.identity.email {
            Some(email) => format!("{text} is added, with the sign-in of {email}."),
            None => format!("{text} is added, with the sign-in in it."),
        },
        (CredentialRead::Absent(absence), _) => format!(
            "{text} is added ({}). Holdoff watches it: sign in there with {}.",
            absent(absence),
            command_for(Some(text), false)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Token;
    use crate::sign_in::{Credential, Identity, Naming, OAuthClient};
    use crate::state::{Provider, State};
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
        let mut there = Place::known(&State::new("boot".into()), Provider::Anthropic, "~/work");
        there.looked(read, Moment { wall: NOW, boot: Boot(0) });
        assert_eq!(place(&there, used, rejected, NOW), expect);
    }

    #[test]
    fn how_it_stands_in_a_place() {
        let good = found(NOW.0 + 1, None);
        check(&good, true, &[], "in use");
        check(&good, false, &[], "signed in, not needed while the other one works");
        check(&good, true, &[Token::new("t".into()).unwrap().fingerprint()], "not accepted");
        check(&found(NOW.0, None), true, &[], "expired until Claude Code renews it");
        check(&CredentialRead::Absent(Absence::NoFile), true, &[], "no sign-in there");
        let torn = CredentialRead::Absent(Absence::Unreadable("it is a folder".into()));
        check(&torn, false, &[], "cannot be read: it is a folder");
    }

    #[test]
    fn what_is_said_of_an_added_folder() {
        let known = found(NOW.0, Some("ann@example.com"));
        let said = folder_added("~/work", &known, Some("Ann"));
        assert!(said.contains("the sign-in of Ann too") && said.contains("one account"), "{said}");
        assert!(folder_added("~/work", &known, None).contains("the sign-in of ann@example.com"));
        let absent = folder_added("~/work", &CredentialRead::Absent(Absence::NotSignedIn), None);
        let command = match cfg!(windows) {
            true => r#"set "CLAUDE_CONFIG_DIR=%USERPROFILE%\work" && claude auth login"#,
            false => "CLAUDE_CONFIG_DIR=~/work claude auth login",
        };
        assert!(absent.contains(command), "{absent}");
    }
}
