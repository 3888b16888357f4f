use std::fs;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use holdoff_world::Home;
use holdoff_world::home::random_token;
use holdoff_world::secrets::Secrets;

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn each_byte(text: &str, format: fn(u8) -> String) -> Vec<u8> {
    text.bytes().map(format).collect::<String>().into_bytes()
}

#[test]
fn secret_scan_finds_every_encoding() {
    for _ in 0..10 {
        let token = random_token("sk-ant-oat01-");
        let from = fastrand::usize(13..token.len() - 12);
        let piece = &token[from..from + 12];
        let secrets = Secrets::new(&[&token]);
        let planted: Vec<(&str, Vec<u8>)> = vec![
            ("whole", token.clone().into_bytes()),
            ("in a sentence", format!("asked with {token}, and so on").into_bytes()),
            ("twelve characters", piece.as_bytes().to_vec()),
            ("cut off for display", format!("{}…", &token[..13 + 12]).into_bytes()),
            ("UTF-16", utf16(piece, u16::to_le_bytes)),
            ("UTF-16, the other way", utf16(piece, u16::to_be_bytes)),
            ("base64", STANDARD.encode(&token).into_bytes()),
            ("base64 in a header", STANDARD_NO_PAD.encode(format!("Bearer {token}")).into_bytes()),
            ("base64, one byte on", URL_SAFE_NO_PAD.encode(format!("x{token}")).into_bytes()),
            ("base64, two bytes on", URL_SAFE_NO_PAD.encode(format!("xy{token}z")).into_bytes()),
            ("base64 of a part", STANDARD.encode(&token[30..60]).into_bytes()),
            ("hexadecimal", each_byte(&token, |byte| format!("{byte:02x}"))),
            ("hexadecimal in capitals", each_byte(piece, |byte| format!("{byte:02X}"))),
            ("percent-encoded", each_byte(piece, |byte| format!("%{byte:02X}"))),
            ("JSON-escaped", each_byte(piece, |byte| format!("\\u{byte:04x}"))),
        ];
        for (what, bytes) in planted {
            assert!(secrets.form_in(&bytes).is_some(), "{what} of {token} is not found");
            let inside = [b"before ".to_vec(), bytes, b" after".to_vec()].concat();
            assert!(secrets.form_in(&inside).is_some(), "{what} of {token} is not found among other text");
        }
    }
}

#[test]
fn secret_scan_has_no_false_positives() {
    let secrets = Secrets::new(&[&random_token("sk-ant-oat01-"), &random_token("sk-ant-ort01-")]);
    for _ in 0..200 {
        assert_eq!(secrets.form_in(random_token("sk-ant-oat01-")), None);
    }
    assert_eq!(secrets.form_in("Authorization: Bearer sk-ant-oat01-"), None);
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(1 << 20).collect();
    assert_eq!(secrets.form_in(STANDARD.encode(noise)), None);
}

#[test]
#[should_panic(expected = "needs 12 random characters")]
fn secret_scan_rejects_a_secret_that_is_too_short() {
    Secrets::new(&["sk-ant-oat01-A"]);
}

#[test]
#[should_panic(expected = "prove nothing")]
fn secret_scan_rejects_an_empty_list() {
    Secrets::new(&[]);
}

#[test]
fn secret_scan_of_home_covers_contents_names_links_but_not_owner_files() {
    let home = Home::new();
    let credential = home.sign_in(SystemTime::now() + Duration::from_secs(3600));
    home.replace_config_folder();
    home.credentials(&credential);
    assert_eq!(home.find_secret(&credential.secrets()), Vec::<std::path::PathBuf>::new());

    let token = &credential.access_token;
    let deep = home.xdg_data_home().join("dev.holdoff.tray/logs");
    fs::create_dir_all(&deep).unwrap();
    let log = deep.join("holdoff.log");
    fs::write(&log, format!("GET /api/oauth/usage with Bearer {token}\n")).unwrap();
    let named = home.path().join("tmp").join(&token[20..40]);
    fs::write(&named, "").unwrap();
    let linked = home.runtime_dir().join("link");
    std::os::unix::fs::symlink(format!("/nowhere/{token}"), &linked).unwrap();
    let copied = home.claude_dir().join("copy.json");
    fs::copy(home.credentials_path(), &copied).unwrap();
    fs::create_dir(home.path().join("backup")).unwrap();
    let elsewhere = home.path().join("backup/.credentials.json");
    fs::copy(home.credentials_path(), &elsewhere).unwrap();

    let mut found = home.find_secret(&credential.secrets());
    let mut planted = vec![log, named, linked, copied, elsewhere];
    found.sort();
    planted.sort();
    assert_eq!(found, planted);
}
