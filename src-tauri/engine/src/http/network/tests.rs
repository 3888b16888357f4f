use super::*;
use crate::claude_code::managed_settings::within;
use serde_json::json;

const API: &str = "https://api.anthropic.com/";

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the `env` of a settings file.
    fn settings(&self, name: &str, env: &serde_json::Value) {
        let text = json!({"hooks": {"x": 1}, "env": env, "apiKeyHelper": "echo"}).to_string();
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn network(&self, environment: &[(&str, &str)]) -> Network {
        let environment = Variables::of(|name| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        });
        let mut files = within(&self.path("managed"));
        files.push(self.path("settings.json"));
        Network::of(&files, &environment)
    }

    fn via(&self, environment: &[(&str, &str)]) -> String {
        self.network(environment).route(&API.parse().unwrap()).unwrap().via()
    }
}

#[test]
fn proxy_precedence_is_managed_settings_then_user_then_environment() {
    let lab = Lab::new();
    assert_eq!(lab.via(&[]), "");
    let environment = [("HTTPS_PROXY", "http://environment:1")];
    assert_eq!(lab.via(&environment), " (with the proxy environment:1)");
    lab.settings(
        "settings.json",
        &json!({"HTTPS_PROXY": "http://owner:2", "ANTHROPIC_API_KEY": "sk-ant-api03-X", "N": 1}),
    );
    assert_eq!(lab.via(&environment), " (with the proxy owner:2)");
    lab.settings("managed/managed-settings.json", &json!({"HTTPS_PROXY": "http://company:3"}));
    assert_eq!(lab.via(&environment), " (with the proxy company:3)");
    lab.settings("managed/managed-settings.d/10-a.json", &json!({"HTTPS_PROXY": "http://first:4"}));
    lab.settings("managed/managed-settings.d/20-b.json", &json!({"HTTPS_PROXY": "http://last:5"}));
    lab.settings("managed/managed-settings.d/README.md", &json!({"HTTPS_PROXY": "http://none:6"}));
    assert_eq!(lab.via(&environment), " (with the proxy last:5)");
    let route = lab.network(&environment).route(&API.parse().unwrap()).unwrap();
    assert!(route.said()[0].1.starts_with("HTTPS_PROXY in ") && route.said()[0].1.ends_with("20-b.json"), "{route:?}");
}

#[test]
fn proxy_setting_empty_overrides_lower_precedence() {
    let lab = Lab::new();
    lab.settings("settings.json", &json!({"HTTPS_PROXY": ""}));
    assert_eq!(lab.via(&[("HTTPS_PROXY", "http://environment:1")]), "");
    assert_eq!(lab.via(&[("HTTPS_PROXY", "http://a:1"), ("http_proxy", "b:2")]), " (with the proxy b:2)");
}

#[test]
fn proxy_settings_unreadable_are_ignored() {
    let lab = Lab::new();
    for torn in ["", "{", "[]", r#"{"env": 7}"#, r#"{"env": {"HTTPS_PROXY": 7}}"#] {
        std::fs::write(lab.path("settings.json"), torn).unwrap();
        assert_eq!(lab.via(&[("https_proxy", "http://environment:1")]), " (with the proxy environment:1)", "{torn}");
    }
}

#[test]
fn proxy_of_every_kind_is_named_without_credentials() {
    let lab = Lab::new();
    for (address, named) in [
        ("http://ann:secret@proxy.example:3128", "proxy.example:3128"),
        ("proxy.example:8080", "proxy.example:8080"),
        ("https://proxy.example", "proxy.example:443"),
        ("socks5h://ann:secret@proxy.example", "proxy.example:1080"),
        ("http://[::1]:9", "[::1]:9"),
    ] {
        let network = lab.network(&[("HTTPS_PROXY", address)]);
        let route = network.route(&API.parse().unwrap()).unwrap();
        assert_eq!(route.via(), format!(" (with the proxy {named})"));
        assert!(!format!("{network:?} {route:?}").contains("secret"));
        assert!(route.proxy().unwrap().is_some(), "{address}");
    }
    for wrong in ["ftp://proxy.elsewhere", "http:///", "a b", "http://ann:secret@"] {
        let error = lab.network(&[("HTTPS_PROXY", wrong)]).route(&API.parse().unwrap()).unwrap_err();
        assert!(error.starts_with("HTTPS_PROXY in the environment is not the address"), "{wrong}: {error}");
        assert!(!error.contains("secret") && !error.contains(wrong), "{error}");
    }
}

#[test]
fn no_proxy_accepts_every_common_notation() {
    let lab = Lab::new();
    for (list, direct) in [
        ("*", true),
        ("localhost, anthropic.com", true),
        ("localhost .anthropic.com", true),
        ("*.anthropic.com,10.0.0.0/8", true),
        ("api.anthropic.com", true),
        ("anthropic.org other.com", false),
        ("ropic.com", false),
        ("", false),
    ] {
        let via = lab.via(&[("HTTPS_PROXY", "http://proxy:1"), ("NO_PROXY", list)]);
        assert_eq!(via.is_empty(), direct, "{list}: {via}");
    }
}

#[test]
fn loopback_address_is_never_proxied() {
    let network = Lab::new().network(&[("HTTPS_PROXY", "http://proxy:1"), ("HTTP_PROXY", "http://proxy:1")]);
    for base in ["http://127.0.0.1:9", "https://localhost:9", "http://[::1]:9"] {
        assert_eq!(network.route(&base.parse().unwrap()).unwrap().via(), "");
    }
}

#[test]
fn ca_certificates_unusable_are_reported_with_the_reason() {
    let lab = Lab::new();
    let path = lab.path("ca.pem");
    let wrong = |text: Option<&str>| {
        text.inspect(|text| std::fs::write(&path, text).unwrap());
        let network = lab.network(&[("NODE_EXTRA_CA_CERTS", path.to_str().unwrap())]);
        network.route(&API.parse().unwrap()).unwrap().certificates().map(drop).unwrap_err()
    };
    assert!(wrong(None).ends_with("there is no such file"), "{}", wrong(None));
    assert!(wrong(Some("")).contains("it contains none"));
    assert!(wrong(Some("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")).contains("not valid PEM"));
    let error = lab.network(&[("SSL_CERT_FILE", "ca.pem")]).route(&API.parse().unwrap()).unwrap_err();
    assert_eq!(error, "SSL_CERT_FILE in the environment is not a full path of a file, starting with /");
}
