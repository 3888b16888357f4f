use super::*;
use crate::credential::{CredentialRead, CredentialStatus, Identity};
use crate::providers::anthropic;
use crate::quota::Reading;
use crate::quota::attribution::Speaker;
use crate::response::{Body, GrantOutcome, HttpResponse, Outcome};
use crate::{AccountId, Settings, Wall};
use serde_json::json;

/// One of each kind that was seen to do harm, and what it is.
const HOSTILE: [(&str, &str); 14] = [
    ("\u{7}", "bell"),
    ("\u{1b}", "escape"),
    ("\u{9b}", "C1: CSI in one character"),
    ("\u{9d}", "C1: OSC, which sets a title"),
    ("\u{7f}", "delete"),
    ("\u{202e}", "right to left from here on"),
    ("\u{2066}", "isolate"),
    ("\u{200b}", "no width"),
    ("\u{feff}", "byte order mark"),
    ("\u{ad}", "soft hyphen"),
    ("\u{e0041}", "tag"),
    ("\u{3164}", "Hangul filler"),
    ("\u{fdd0}", "noncharacter"),
    ("\u{1fffe}", "noncharacter at the end of a plane"),
];

#[test]
fn clean_removes_control_bidi_and_invisible_characters() {
    for (bad, what) in HOSTILE {
        assert_eq!(clean(&format!("A{bad}nn"), 48), "Ann", "{what}");
        assert_eq!(clean(bad, 48), "", "{what}");
    }
    for c in ('\0'..='\u{10ffff}').filter(|c| c.is_control()) {
        let text = clean(&format!("A{c}n"), 48);
        assert!(!text.chars().any(char::is_control), "{c:?}");
    }
    assert_eq!(clean("\u{1b}]0;owned\u{7}Max", 48), "]0;ownedMax");
}

#[test]
fn clean_gives_one_line_of_limited_length() {
    assert_eq!(clean(" two\r\nlines\tand\u{2028}more\u{85} ", 48), "two  lines and more");
    assert_eq!(clean(&"é".repeat(5000), 48), "é".repeat(48));
    assert_eq!(clean("12345 7", 6), "12345", "and ends in a letter");
    let stacked = format!("e{}", "\u{301}".repeat(500));
    assert_eq!(clean(&stacked, 48).chars().count(), 5, "four marks are enough for every language");
    assert_eq!(excerpt("12345", 5), "12345");
    assert_eq!(excerpt("123456", 5), "12345…");
}

#[test]
fn clean_keeps_joiners_and_marks_that_scripts_need() {
    for text in ["R&D <b>_x_ 'q'", "Größe", "می\u{200c}خواهم", "👩\u{200d}💻", "❤\u{fe0f}", "日本語", "עברית"]
    {
        assert_eq!(clean(text, 48), text);
    }
    assert_eq!(clean("A\u{200d}n\u{200c}n\u{fe0f}", 48), "Ann", "among plain letters a joiner only makes a twin");
}

#[test]
fn clean_withholds_a_token_with_invisible_characters_in_it() {
    for token in ["sk-ant-oat01-x", "s\u{200b}k-a\u{ad}nt-oat01-x", "\u{1b}sk-ANT-x"] {
        assert_eq!(clean(token, 48), WITHHELD, "{token:?}");
        assert_eq!(excerpt(token, 48), WITHHELD);
    }
}

/// State, spool and socket were written by whatever program.
#[test]
fn deserialized_state_and_readings_are_cleaned_again() {
    let window = json!({"id": "x\u{1b}[2J", "label": "O\u{202e}pus", "used_percent": 1.0, "resets_at": null,
        "duration_s": null, "binding": false});
    let amount = json!({"minor": 1, "currency": "U\u{9b}SD", "exponent": 2});
    let money = json!({"id": "m", "label": "l".repeat(900), "used": amount, "limit": null, "used_percent": null,
        "note": "\u{7}"});
    let reading = json!({"at": 1, "source": "status_line", "windows": [window], "money": [money]});
    let reading: Reading = serde_json::from_value(reading).unwrap();
    assert_eq!((reading.windows[0].id.as_str(), reading.windows[0].label.as_str()), ("x[2J", "Opus"));
    let money = &reading.money[0];
    assert_eq!((money.label.len(), &money.note), (LONG_NAME_MAX, &None));
    assert_eq!(money.used.as_ref().unwrap().currency, "USD");
    let sign_in = json!({"seen": null, "place": "~/x", "plan": "m\u{7f}ax",
        "identity": {"account": "u\u{200b}1", "email": "ann@\u{202d}example.com", "organization": "\u{0}"}});
    let sign_in: CredentialStatus = serde_json::from_value(sign_in).unwrap();
    let identity = sign_in.identity;
    let texts = [sign_in.plan, identity.account, identity.email, identity.organization];
    assert_eq!(texts.each_ref().map(Option::as_deref), [Some("max"), Some("u1"), Some("ann@example.com"), None]);
}

/// Whoever sends it: the provider's answers, the owner's files, a session of Claude Code, a person.
#[test]
fn external_text_is_cleaned_by_every_parser() {
    let bad = |name: &str| format!("{name}\u{1b}]0;x\u{7}\u{9b}\u{202e}\u{200b}\n");
    let mut names = Vec::new();
    let window = |used: f64| json!({"utilization": used, "resets_at": null});
    let limit = json!({"kind": bad("scoped"), "group": "weekly", "percent": 2,
        "scope": {"model": {"display_name": bad("Fable")}, "surface": bad("web")}});
    let body = json!({"five_hour": window(1.0), bad("tangelo"): window(2.0), bad("seven_day_opus"): window(3.0),
        "limits": [limit], "spend": {"enabled": true, "used": {"amount_minor": 1, "currency": bad("USD")}}});
    let answer = HttpResponse {
        status: 200,
        retry_after: None,
        date: None,
        request_id: true,
        body: Body::Whole(body.to_string().into_bytes().into()),
    };
    let Outcome::Reading(reading) = anthropic::parse_usage_response(&answer, Wall(1)) else { panic!("no reading") };
    names.extend(reading.windows.into_iter().flat_map(|window| [window.id, window.label]));
    assert!(names.contains(&"Fable]0;x (web]0;x)".to_owned()), "{names:?}");

    let line = json!({"rate_limits": {bad("nimbus"): {"used_percentage": 1}}}).to_string();
    let line = anthropic::status_line::read(line.as_bytes()).unwrap();
    names.extend(line.windows.into_iter().flat_map(|window| [window.id, window.label]));

    let account = json!({"accountUuid": bad("u"), "emailAddress": bad("ann@example.com"), "organizationName": bad("O"),
            "organizationUuid": bad("o")});
    let cache = json!({"fetchedAtMs": 1_789_391_820_000_i64, "accountUuid": bad("u"), "utilization": {"five_hour": window(1.0)}});
    let file = json!({"oauthAccount": account, "cachedUsageUtilization": cache}).to_string();
    let identity = anthropic::credential::identity(file.as_bytes());
    let cached = anthropic::cached_usage::read(file.as_bytes()).unwrap();
    let sign_in = json!({"claudeAiOauth": {"accessToken": "t", "subscriptionType": bad("max")}}).to_string();
    let CredentialRead::Found(found) = anthropic::credential::read(sign_in.as_bytes(), identity) else {
        panic!("none")
    };
    let grant = json!({"access_token": "t", "account": {"uuid": bad("u")}}).to_string().into_bytes();
    let grant =
        HttpResponse { status: 200, retry_after: None, date: None, request_id: true, body: Body::Whole(grant.into()) };
    let GrantOutcome::Renewed(tokens) = anthropic::parse_token_response(&grant, Wall(1)) else { panic!("not renewed") };
    let Speaker::Named { account: cached, .. } = cached.speaker else { panic!("nobody") };
    assert_eq!((&tokens.account, Some(&cached)), (&found.identity.account, found.identity.account.as_ref()));
    let Identity { account, email, organization, organization_id } = found.identity;
    let told = [account, email, organization, organization_id, found.plan, tokens.account, Some(cached)];
    names.extend(told.map(Option::unwrap));

    let typed = json!({"accounts": {"a": {"label": "R&D\u{202e}\u{200b}\u{2028}x"}, "b": {"label": "\u{feff}"}}});
    let (settings, _) = Settings::parse(typed.as_object().unwrap());
    names.push(settings.label(&AccountId("a".into())).unwrap().0.to_owned());
    assert_eq!(settings.label(&AccountId("b".into())), None, "nothing that can be seen is no label");
    for name in names {
        assert!(!name.is_empty() && !name.chars().any(is_hidden), "{name:?}");
    }
}

#[test]
fn markup_escapes_labels() {
    assert_eq!(markup("R&D <b>Ann</b>"), "R&amp;D &lt;b&gt;Ann&lt;/b&gt;");
    assert_eq!(markup("&amp;"), "&amp;amp;");
}

#[test]
fn tooltip_is_escaped_except_where_qt_detects_plain_text() {
    let shown = |text| (tooltip(text, false), tooltip(text, true));
    let both = |xml: &str, plasma: &str| (xml.to_owned(), plasma.to_owned());
    assert_eq!(shown("Ann\n5h 42 %"), both("Ann\n5h 42 %", "Ann\n5h 42 %"));
    assert_eq!(shown("R&D\n5h 42 %"), both("R&amp;D\n5h 42 %", "R&D\n5h 42 %"));
    // Behind the first line break nothing is looked for.
    assert_eq!(shown("Ann\n<b>&lt;"), both("Ann\n&lt;b&gt;&amp;lt;", "Ann\n<b>&lt;"));
    assert_eq!(shown("<b>R&D\n5h").1, "<b></b>&lt;b&gt;R&amp;D<br>5h");
    assert_eq!(shown("\n <img src='/x'>\n5h").1, "<b></b><br> &lt;img src='/x'&gt;<br>5h");
    assert_eq!(shown("a&lt;b\n5h").1, "<b></b>a&amp;lt;b<br>5h");
}

#[test]
fn notification_body_is_escaped_only_if_the_service_reads_markup() {
    let shown = |capabilities: &[&str]| {
        let capabilities: Vec<String> = capabilities.iter().map(|one| (*one).to_owned()).collect();
        notification_body("R&D <b>", &capabilities)
    };
    assert_eq!(shown(&["actions", "body", "body-markup"]), "R&amp;D &lt;b&gt;");
    assert_eq!(shown(&["actions", "body", "body-hyperlinks"]), "R&D <b>");
    assert_eq!(shown(&[]), "R&D <b>");
}

#[test]
fn menu_label_escapes_access_key_markers() {
    assert_eq!(menu_label("nimbus_quill_", '_'), "nimbus__quill__");
    assert_eq!(menu_label("R&D", '&'), "R&&D");
}

#[test]
fn csv_cell_never_starts_a_formula() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", " =1", "\t=1", "\"=1\"", "\u{feff}=1", "\r\n=1"] {
        assert!(csv_cell(formula).starts_with('\''), "{formula:?}: {:?}", csv_cell(formula));
    }
    assert_eq!(csv_cell("a;=cmd|' /C calc'!A0;b"), "a;'=cmd|' /C calc'!A0;b");
    for plain in ["5-hour", "weekly_scoped:fable", "a=b", "ann@example.com", ""] {
        assert_eq!(csv_cell(plain), plain);
    }
}

#[test]
fn json_output_escapes_hidden_characters_and_keeps_the_value() {
    let value = json!({"p": "/x/\u{9b}31m\u{7f}\u{202e}\u{e0041}é\u{1b}", "n": [1, null]});
    for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
        let safe = json(&text);
        assert!(!safe.chars().any(|c| is_hidden(c) && c != '\n'), "{safe:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        assert!(safe.contains('é'));
    }
}

#[test]
fn terminal_output_keeps_only_newlines_tabs_and_colors() {
    let ours = "\u{1b}[1;31mweek\u{1b}[0m\t96 %\n";
    assert_eq!(terminal(ours), ours);
    for (bad, what) in HOSTILE {
        assert_eq!(terminal(&format!("a{bad}b")), "a\u{fffd}b", "{what}");
    }
    assert_eq!(terminal("\u{1b}[2J\u{1b}[31\r\u{1b}]0;x\u{7}"), "\u{fffd}[2J\u{fffd}[31\u{fffd}\u{fffd}]0;x\u{fffd}");
    assert_eq!(terminal("\u{1b}"), "\u{fffd}");
    assert_eq!(terminal("\u{1b}[mweek"), "\u{1b}[mweek", "no number is the end of every colour");
    assert_eq!(terminal("\u{1b}[1;31m\u{202e}x"), "\u{1b}[1;31m\u{fffd}x");
}

/// Run by a real shell.
#[cfg(unix)]
#[test]
fn shell_quoting_round_trips_through_sh() {
    let run = |command: &str| {
        let made = std::process::Command::new("/bin/sh").args(["-c", command]).env("HOME", "/home/ann").output();
        String::from_utf8(made.unwrap().stdout).unwrap()
    };
    for word in [
        "/srv/plain-1.2",
        "/srv/a b",
        "it's \"q\"",
        "$(id)`id`$HOME",
        "a;b&c|d>e<f(g){h}[i]*?~#!",
        "a\\b",
        "",
        "-rf",
        "x\u{1b}[2J\u{202e}\n$(id)'%s\\n",
        "é日",
        "=x",
    ] {
        assert_eq!(run(&format!("printf '%s|' {}", quoted(word))), format!("{word}|"), "{}", quoted(word));
        assert!(!quoted(word).chars().any(is_hidden), "{word:?}");
        let below = format!("~/{word}");
        let expect = format!("/home/ann/{word}|");
        assert_eq!(run(&format!("printf '%s|' {}", quoted_below_home(&below))), expect, "{below}");
    }
    assert_eq!(quoted_below_home("~/a b"), "~/'a b'");
    assert_eq!(run(&format!("printf '%s|' {}", quoted_below_home("~"))), "/home/ann|");
    assert_eq!(run(&format!("printf '%s|' {}", quoted_below_home("~ann/x"))), "~ann/x|", "nobody else's home");
}

#[test]
fn cmd_path_below_home_uses_userprofile() {
    for (path, expected) in [
        ("~/.claude-work", r"%USERPROFILE%\.claude-work"),
        (r"~\a\b", r"%USERPROFILE%\a\b"),
        ("~", "%USERPROFILE%"),
        ("~ann/x", "~ann/x"),
        (r"D:\claude", r"D:\claude"),
    ] {
        assert_eq!(below_profile(path), expected);
    }
}
