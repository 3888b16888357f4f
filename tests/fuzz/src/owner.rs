//! Claude Code's files and output: its sign-in, the identity, its status line and its cache.

use crate::answers::NOON;
use crate::shown::{self, TOKEN};
use holdoff_core::Speaker;
use holdoff_core::credential::{Credential, CredentialMissing, CredentialRead, Identity};
use holdoff_core::providers::anthropic::{cached_usage, credential, status_line};
use holdoff_core::{QuotaWindow, Wall};

pub fn credential(bytes: &[u8]) {
    match credential::read(bytes, Identity::default()) {
        CredentialRead::Found(credential) => found(&credential),
        CredentialRead::Absent(absence) => match &absence {
            CredentialMissing::Unreadable(why)
            | CredentialMissing::Forbidden(why)
            | CredentialMissing::LoginEnded(why) => shown::text(why),
            CredentialMissing::NoFile
            | CredentialMissing::NotSignedIn
            | CredentialMissing::EmptyToken
            | CredentialMissing::Blanked
            | CredentialMissing::InferenceOnly
            | CredentialMissing::Keyring(_) => {}
        },
    }
    let identity = credential::identity(bytes);
    for text in [&identity.account, &identity.email, &identity.organization].into_iter().flatten() {
        assert!(!text.is_empty() && text.len() <= 200, "{} bytes of identity", text.len());
    }
}

fn found(credential: &Credential) {
    let printed = format!("{credential:?}");
    for token in [Some(&credential.access_token), credential.refresh_token.as_ref().and_then(|token| token.secret())]
        .into_iter()
        .flatten()
    {
        let text = token.expose();
        assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "it cannot stand in a header");
        assert!(!text.starts_with(TOKEN) || !printed.contains(text), "a token is printed");
        assert!(!format!("{:?}", token.fingerprint()).contains(TOKEN));
    }
    // From 2025 to 2100.
    let plausible = |at: Wall| (1_735_689_600_000..4_102_444_800_000).contains(&at.0);
    assert!(credential.expires_at.is_none_or(plausible) && credential.refresh_expires_at.is_none_or(plausible));
}

pub fn status_line(bytes: &[u8]) {
    if let Some(told) = status_line::read(bytes) {
        assert!(told.session.transcript.as_ref().is_none_or(|path| !path.is_empty()));
        let said = told.windows.clone();
        match told.reading(NOON) {
            Some(reading) => {
                assert_eq!(reading.at, NOON);
                shown::reading(&reading, NOON);
            }
            None => assert_eq!(said, Vec::<QuotaWindow>::new()),
        }
    }
    if let Some(cached) = cached_usage::read(bytes) {
        assert!(!matches!(cached.speaker, Speaker::Named { account, .. } if account.is_empty()));
        shown::reading(&cached.reading, NOON);
    }
}
