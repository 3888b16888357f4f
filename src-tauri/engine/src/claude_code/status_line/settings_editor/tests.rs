use super::*;
use serde_json::json;

const OURS: &str = "/usr/bin/holdoff statusline";

/// What people have. The formatting of each is its own.
const CORPUS: [&str; 24] = [
    "{}",
    "{}\n",
    "{ }",
    "{\n}\n",
    "{\n  \"model\": \"opus\"\n}\n",
    "{\n  \"model\": \"opus\"\n}",
    "{\n\t\"model\": \"opus\",\n\t\"env\": {\n\t\t\"A\": \"1\"\n\t}\n}\n",
    "{\n    \"a\": [1, 2,   3],\n\n    \"b\": {\"c\": {}}\n}\n\n\n",
    "{\r\n  \"model\": \"opus\",\r\n  \"b\": 1\r\n}\r\n",
    "\u{feff}{\r\n  \"model\": \"opus\"\r\n}",
    "{\"model\":\"opus\",\"hooks\":{}}",
    "{ \"model\" : \"opus\" , \"x\" : null }   \n",
    "  \n{\n  \"model\": \"opus\"   \n}   \n",
    "{\"a\":1,\n\"b\":2}\n",
    "{\n  // mine\n  \"model\": \"opus\", // the best\n  /* and */ \"x\": 1,\n}\n",
    "// { not this one }\n{\"a\": 1}\n",
    "{\n  \"n\": 12345678901234567890123, \"f\": 1.10, \"e\": 1E5, \"u\": \"\\u00e9\\/é\", \"d\": 1, \"d\": 2\n}\n",
    "{\n  \"statusline\": {\"command\": \"not this\"}, \"x\": {\"statusLine\": {\"type\": \"command\", \"command\": \"nor this\"}}\n}",
    "{\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"~/.claude/line.sh\",\n    \"padding\": 2\n  },\n  \"z\": 1\n}\n",
    "{\n  \"z\": 1,\n  \"statusLine\": {\"padding\": 0, \"command\": \"jq -r '\\\"[\\\\(.model.display_name)]\\\"'\", \"type\": \"command\", \"refreshInterval\": 5}\n}\n",
    "{\"statusLine\":{\"type\":\"command\",\"command\":\"npx -y ccusage statusline\"}}",
    "{\n  \"statusLine\": {\n    \"command\": \"a\" // no type\n  }\n}\n",
    "{\"a\":\"\u{2028} \u{1f600} \\ud83d\\ude00\"}",
    "{\r\"a\":1\r}\r",
];

/// Of these, only the record of the change still knows where the white space was.
const ODD: [&str; 4] = ["{ }", "{\n}\n", "{\"a\":1,\n\"b\":2}\n", "{\r\"a\":1\r}\r"];

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

fn parse(text: &str) -> Text {
    Text::parse(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text:?}"))
}

fn string(text: &Text) -> String {
    String::from_utf8(text.bytes()).unwrap()
}

#[test]
fn settings_edit_round_trip_is_byte_identical() {
    for before in CORPUS {
        let mut text = parse(before);
        assert_eq!(string(&text), before, "an unedited text is what it was");
        let earlier = match text.current() {
            Current::Nothing => None,
            Current::Other(value) => Some(value),
            Current::Own(own) => panic!("{own}"),
        };
        text.call(OURS);
        let installed = string(&text);
        assert_eq!(parse(&installed).current(), Current::Own(OURS.to_owned()), "{installed:?}");

        let back = parse(&installed);
        back.put_back(earlier.as_ref());
        if ODD.contains(&before) {
            assert_eq!(bare(&string(&back)), bare(before), "by way of {installed:?}");
        } else {
            assert_eq!(string(&back), before, "by way of {installed:?}");
        }
    }
}

#[test]
fn settings_edit_changes_only_the_command() {
    for before in CORPUS {
        let mut text = parse(before);
        let (others, was) = (text.others(), text.current());
        text.call(OURS);
        let after = parse(&string(&text));
        assert_eq!(after.others(), others);
        let value = after.object.get(KEY).unwrap().to_serde_value().unwrap();
        let expect = match was {
            Current::Other(mut value) => {
                value["command"] = json!(OURS);
                value
            }
            _ => json!({"type": "command", "command": OURS}),
        };
        assert_eq!(value, expect, "{before:?}");
        let after = string(&text);
        let lost: Vec<&str> = before.lines().filter(|line| !line.contains("ommand") && !after.contains(line)).collect();
        assert!(lost.is_empty() || before.lines().count() <= 2, "{lost:?} of {before:?}");
    }
}

#[test]
fn settings_edit_matches_the_files_formatting() {
    let installed = |before: &str| {
        let mut text = parse(before);
        text.call(OURS);
        string(&text)
    };
    assert_eq!(
        installed("{\n\t\"model\": \"opus\"\n}\n"),
        "{\n\t\"statusLine\": {\n\t\t\"type\": \"command\",\n\t\t\"command\": \"/usr/bin/holdoff statusline\"\n\t},\n\t\"model\": \"opus\"\n}\n"
    );
    assert_eq!(
        installed("{\r\n  \"a\": 1\r\n}"),
        "{\r\n  \"statusLine\": {\r\n    \"type\": \"command\",\r\n    \"command\": \"/usr/bin/holdoff statusline\"\r\n  },\r\n  \"a\": 1\r\n}"
    );
    assert_eq!(
        installed("{\"a\":1}"),
        r#"{"statusLine":{"type":"command","command":"/usr/bin/holdoff statusline"},"a":1}"#
    );
}

#[test]
fn settings_edit_replaces_and_restores_a_non_command_value() {
    for odd in [
        json!(null),
        json!("~/line.sh"),
        json!({}),
        json!({"type": "static", "text": "x"}),
        json!({"type": "command"}),
        json!({"type": "command", "command": 7}),
        json!([{"type": "command", "command": "x"}]),
    ] {
        let before = serde_json::to_string_pretty(&json!({"a": 1, "statusLine": odd})).unwrap();
        let mut text = parse(&before);
        assert_eq!(text.current(), Current::Other(odd.clone()));
        text.call(OURS);
        assert_eq!(text.current(), Current::Own(OURS.to_owned()));
        text.put_back(Some(&odd));
        assert_eq!(text.current(), Current::Other(odd));
        assert_eq!(text.others(), json!({"a": 1}));
    }
}

#[test]
fn settings_edit_error_omits_the_files_content() {
    for (bad, why) in [
        ("", "empty"),
        (" \n", "empty"),
        ("\u{feff}", "empty"),
        ("{\"secret\": \"sk-", "not valid JSON (line 1"),
        ("{\"a\": 1}}", "not valid JSON"),
        ("{\n\"a\": secret\n}", "not valid JSON (line 2"),
        ("{'a': 1}", "not valid JSON"),
        ("{a: 1}", "not valid JSON"),
        ("{\"a\": 1 \"b\": 2}", "not valid JSON"),
        ("{} {}", "not valid JSON"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ("7", "not an object"),
        ("{\"statusLine\": 1, \"statusLine\": 2}", "more than once"),
        ("{\"status\\u004cine\": 1, \"statusLine\": 2}", "more than once"),
    ] {
        let said = Text::parse(bad.as_bytes()).err().unwrap_or_else(|| panic!("{bad:?} is taken"));
        assert!(said.contains(why) && !said.contains("secret"), "{said:?} of {bad:?}");
    }
    assert!(Text::parse(b"{\"a\": \"\xff\"}").is_err());
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Text::parse(deep.as_bytes()).is_err());
}
