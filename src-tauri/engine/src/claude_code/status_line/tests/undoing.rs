//! What is kept of other people's settings, which is nothing, and that they are whole again all the same.

use super::*;

/// Tokens of other people, in each place where some were seen.
const SECRETS: [&str; 24] = [
    "{\n  // was: \"SECRET\"\n  \"model\": \"opus\"\n}\n",
    "{\n  \"env\": {\"A\": \"SECRET\"},\n  \"statusLine\": {\"type\": \"command\", \"command\": \"~/line.sh\"}\n}\n",
    "{\n  \"hooks\": {\"Stop\": [{\"hooks\": [{\"command\": \"curl -H 'X: SECRET'\"}]}]},\n  \"a\": 1\n}\n",
    "{\"mcpServers\":{\"x\":{\"args\":[\"--token\",\"SECRET\"],\"env\":{\"B\":\"SECRET\"}}}}",
    "{\"permissions\":{\"allow\":[\"Bash(curl https://u:SECRET@example.com)\"]},\"statusLine\":{\"command\":\"a\"},\"b\":\"SECRET\"}",
    "{\n  \"url\": \"https://u:SECRET@example.com\", \"statusLine\": {\"command\": \"a\"}, \"z\": \"SECRET\"\n}",
    "{\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"a\"\n  },\n  \"apiKeyHelper\": \"SECRET\"\n}\n",
    "{\r\n\t\"x\" : \"SECRET\"\r\n}",
    "{\"x\":\"SECRET\",\n\"y\":2}",
    "\u{feff}{ \"x\": \"SECRET\" }",
    "{\"statusLine\":null,\"x\":\"SECRET\"}",
    "{\"x\":\"SECRET\",\"statusLine\":\"~/line.sh\"}",
    "{\"x\":\"SECRET\",\"statusLine\":{\"type\":\"static\",\"text\":\"t\"}}",
    "{\"x\":\"statusLine SECRET\",\"statusLine\":{\"command\":\"\\u00e9\\/a\"},\"y\":\"statusLine SECRET\"}",
    "{\n  \"x\": \"SECRET\",\n}\n",
    "{\n  \"x\": \"SECRET\", // SECRET\n  /* SECRET */ \"y\": 1,\n}\n",
    "/* SECRET */ {\"a\": 1} // SECRET",
    "{ /* SECRET */ }",
    "{\n  // SECRET\n}\n",
    "{\"SECRET\": {\"statusLine\": {\"command\": \"SECRET\"}}}",
    "{\"a\":[\"SECRET\"],\n \"statusLine\" : {\n\"command\":\"a\"} ,\n\"b\":\"SECRET\"}",
    "{\"model\": \"SECRET\",   \"statusLine\":   {\"command\":  \"a\"}}\n\n",
    "{\n    \"b\": \"SECRET\",\n\n    \"statusLine\": {\n        \"command\": \"a\",\n        \"padding\": 0\n    }\n}",
    "{\"statusLine\":{\"command\":\"a\"},\"x\":\"SECRET\"}",
];

fn in_data(scene: &Scene) -> String {
    let folder = scene.dir.path().join("data/status-line");
    let texts = names(&folder).into_iter().map(|name| fs::read_to_string(folder.join(name)).unwrap());
    texts.collect()
}

/// Whatever stands in the settings of Claude Code is somebody's own: none of it is shown or written down, and all of it is
/// there again to the byte.
#[test]
fn backup_and_diff_hold_only_the_status_line_key() {
    for before in SECRETS {
        let scene = Scene::with(before);
        let install = scene.install();
        let shown: String = install.diff().into_iter().map(|line| line.text + "\n").collect();
        install.apply().unwrap();
        assert!(!shown.contains("SECRET") && shown.contains(OURS), "{before}: {shown}");
        assert!(!in_data(&scene).contains("SECRET"), "{before}: {}", in_data(&scene));
        // Another program moves Holdoff, and its line is installed anew.
        change(scene.place().plan_install("/opt/holdoff statusline").unwrap()).apply().unwrap();
        assert!(!in_data(&scene).contains("SECRET"), "{before}: {}", in_data(&scene));
        let uninstall = scene.uninstall();
        let shown: String = uninstall.diff().into_iter().map(|line| line.text).collect();
        assert!(!shown.contains("SECRET"), "{before}: {shown}");
        uninstall.apply().unwrap();
        assert_eq!(scene.read(), before);
        assert_eq!(names(&scene.dir.path().join("data/status-line")), Vec::<String>::new(), "and nothing is left");
    }
}

/// Whatever an editor of JSON does to other people's keys, it is not made, and what it did is not written down.
#[test]
fn install_refuses_an_edit_that_changes_another_key() {
    let before = "{\"env\":{\"K\":\"SECRET\"},\"statusLine\":{\"command\":\"a\"}}";
    let scene = Scene::with(before);
    let place = scene.place();
    let install = scene.install();
    let made = String::from_utf8(install.after.clone().unwrap()).unwrap();
    let wrong = made.replace("SECRET", "other");
    assert!(install.before(Some(before.as_bytes()), made.as_bytes()).is_some());
    assert_eq!(install.before(Some(before.as_bytes()), wrong.as_bytes()), None);
    let others = Text::parse(before.as_bytes()).unwrap().others();
    let plan = |made: &str| {
        let found = settings_file::find(place.settings()).unwrap();
        let records = place.records(&found.path);
        place.change(found, Some(made.as_bytes().to_vec()), &others, records, Keep::Earlier(None))
    };
    assert!(plan(&made).is_ok());
    assert!(matches!(plan(&wrong), Err(SettingsError::Text { .. })));
}

/// Others write to the settings all the time.
#[test]
fn uninstall_is_byte_identical_after_edits_by_others() {
    for before in SECRETS.into_iter().filter(|before| before.contains('}')) {
        let scene = Scene::with(before);
        scene.install().apply().unwrap();
        scene.write(&(scene.read().replace("SECRET", "another") + "\n"));
        scene.uninstall().apply().unwrap();
        assert_eq!(scene.read(), before.replace("SECRET", "another") + "\n");
    }
}

/// What earlier versions kept: a whole copy that a record names, or one without what looked like a secret.
#[test]
fn legacy_full_backups_are_removed_and_still_undoable() {
    for (before, since) in [(Some(THEIRS), ""), (Some(THEIRS), "\n"), (Some("{\n}\n"), ""), (None, "")] {
        let scene = before.map_or_else(Scene::new, Scene::with);
        scene.install().apply().unwrap();
        let real = scene.place().settings().canonicalize().unwrap();
        let data = scene.dir.path().join("data");
        let folder = data.join("status-line");
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        let copy = before.map(|_| "settings-20260914T120000Z.json");
        copy.inspect(|copy| fs::write(folder.join(copy), before.unwrap()).unwrap());
        fs::write(folder.join("settings-torn.json"), "{\"env\": {\"A\": \"SECRET").unwrap();
        fs::write(folder.join("copy-0123456789abcdef-t.json"), "{\"x\": \"SECRET\"}").unwrap();
        let line = serde_json::json!({"type": "command", "command": "~/line.sh", "padding": 2});
        let record = serde_json::json!({
            "version": 1, "settings": real, "earlier": before.filter(|text| text.contains("line.sh")).map(|_| line),
            "copy": copy, "after": record::digest(scene.read().as_bytes()),
        });
        let name = format!("{}.json", &record::digest(real.as_os_str().as_encoded_bytes())[..16]);
        fs::write(folder.join(&name), record.to_string()).unwrap();
        scene.write(&(scene.read() + since));

        assert_eq!(remove_copies(&data).unwrap(), 2 + usize::from(copy.is_some()));
        assert_eq!(names(&folder), [name], "the record alone is left");
        assert!(!in_data(&scene).contains("opus"), "{}", in_data(&scene));
        assert_eq!(remove_copies(&data).unwrap(), 0, "it is said once");
        scene.uninstall().apply().unwrap();
        let there = fs::read_to_string(scene.place().settings()).ok();
        assert_eq!(there, before.map(|before| before.to_owned() + since));
        assert_eq!(names(&folder), Vec::<String>::new());
    }
    assert_eq!(remove_copies(Path::new("/nowhere")).unwrap(), 0);
}

/// As the version before this one wrote it.
#[test]
fn backup_record_of_the_previous_version_is_read() {
    let scene = Scene::with("{\n}\n");
    scene.install().apply().unwrap();
    let folder = scene.dir.path().join("data/status-line");
    for name in names(&folder) {
        let mut record: Value = serde_json::from_str(&fs::read_to_string(folder.join(&name)).unwrap()).unwrap();
        record["before"]["other"].as_object_mut().unwrap().remove("made").unwrap();
        record["copy"] = Value::Null;
        fs::write(folder.join(&name), record.to_string()).unwrap();
    }
    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), "{\n}\n");
}
