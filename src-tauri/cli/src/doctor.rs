//! `holdoff doctor`: reports findings and what to do about them. The output can be pasted into an issue: it has kinds and
//! keys, but no values that the user chose (settings, variables, sign-ins), no tokens, addresses or account names, and the
//! home folder is shown as `~`. Folders are shown.

mod accounts;
mod desktop;
#[cfg(unix)]
mod display;
mod files;
mod network;
mod program;
mod status_line;
mod updates;

use crate::saved_state::SavedState;
use crate::{app_client, style};
use holdoff_core::text::{WITHHELD, is_like_a_token};
use holdoff_engine::ipc::Call;
use holdoff_engine::platform::core_dumps;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::condition::Condition;
use std::path::Path;
use std::process::ExitCode;

/// The result of one check.
struct Finding {
    kind: Kind,
    text: String,
    /// What to do about it.
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fine,
    /// Worth knowing, but not a fault.
    Note,
    Wrong,
}

struct Section {
    title: String,
    findings: Vec<Finding>,
}

pub fn run(environment: &Environment) -> ExitCode {
    // This command reads credentials.
    core_dumps::disable_core_dumps();
    let saved = SavedState::read(environment).shown();
    // The app's view counts, not this terminal's.
    let condition = app_client::connect(environment).and_then(|mut app| app.call(Call::Condition).ok());
    let condition: Option<Condition> = condition.and_then(|answer| serde_json::from_value(answer).ok());
    let mut sections = vec![
        Section { title: "Programs".to_owned(), findings: program::inspect(environment) },
        Section { title: "Folders and files".to_owned(), findings: files::inspect(environment) },
    ];
    sections.push(Section { title: "Network".to_owned(), findings: network::inspect(environment, &saved, &condition) });
    sections.extend(accounts::inspect(environment, &saved, &condition));
    sections.push(Section { title: "Status line".to_owned(), findings: status_line::inspect(environment, &saved) });
    sections.push(Section { title: "Updates".to_owned(), findings: updates::inspect(environment, &saved) });
    sections.push(Section { title: "Desktop".to_owned(), findings: desktop::inspect() });
    let shown: String = sections.iter().map(|section| section.shown(&environment.home)).collect();
    let wrong = sections.iter().flat_map(|section| &section.findings).filter(|f| f.kind == Kind::Wrong).count();
    let sum = match wrong {
        0 => style::green("No problems found."),
        1 => style::red("1 problem found."),
        _ => style::red(&format!("{wrong} problems found.")),
    };
    let printed = style::print(&format!("{shown}{sum}\n"));
    if wrong > 0 { ExitCode::FAILURE } else { printed }
}

impl Section {
    fn shown(&self, home: &Path) -> String {
        let findings: String = self.findings.iter().map(|finding| finding.shown(home)).collect();
        format!("{}\n{findings}\n", style::bold(&self.title))
    }
}

impl Finding {
    fn fine(text: impl Into<String>) -> Self {
        Self { kind: Kind::Fine, text: text.into(), advice: None }
    }

    fn note(text: impl Into<String>) -> Self {
        Self { kind: Kind::Note, text: text.into(), advice: None }
    }

    fn wrong(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { kind: Kind::Wrong, text: text.into(), advice: Some(advice.into()) }
    }

    fn advised(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    fn shown(&self, home: &Path) -> String {
        let mark = match self.kind {
            Kind::Fine => style::green("ok   "),
            Kind::Note => "note ".to_owned(),
            Kind::Wrong => style::red("WRONG"),
        };
        let advice = self.advice.as_ref().map(|advice| format!("        -> {}\n", plain(advice, home)));
        format!("  {mark} {}\n{}", plain(&self.text, home), advice.unwrap_or_default())
    }
}

/// Replaces the home folder by `~`, and removes anything that looks like a token or an address.
fn plain(text: &str, home: &Path) -> String {
    let shown = with_tilde(text, &home.to_string_lossy());
    let words = shown.split(' ').map(|word| if is_like_a_token(word) { WITHHELD } else { word });
    let shown = words.collect::<Vec<_>>().join(" ");
    let parts = shown.split_inclusive(|c: char| c.is_whitespace() || "/\\\"'(),;:=".contains(c));
    parts.map(without_address).collect()
}

fn with_tilde(text: &str, home: &str) -> String {
    if home.len() <= 1 {
        return text.to_owned();
    }
    let mut parts = text.split(home);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Not another user's home that starts with the same name.
        let ends = !part.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c));
        shown.push_str(if ends { "~" } else { home });
        shown.push_str(part);
    }
    shown
}

/// One word with its trailing characters.
fn without_address(part: &str) -> String {
    let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
    match word.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => part.replacen(word, "(address)", 1),
        Some(_) | None => part.to_owned(),
    }
}

/// A path, quoted as a word of a shell command.
#[cfg(unix)]
fn word(path: &Path, home: &Path) -> String {
    use holdoff_core::text::{quoted, quoted_below_home};
    match path.strip_prefix(home) {
        Ok(below) => quoted_below_home(&format!("~/{}", below.display())),
        Err(_) => quoted(&path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_output_redacts_home_tokens_and_addresses() {
        let home = Path::new("/home/ann");
        assert_eq!(plain("/home/ann/.claude is there", home), "~/.claude is there");
        assert_eq!(plain("a x=sk-ant-oat01-secret b", home), "a (withheld) b");
        assert_eq!(plain("/etc", Path::new("/")), "/etc");
        assert_eq!(plain("/home/anna/x and /home/ann.", home), "/home/anna/x and /home/ann.");
        assert_eq!(plain("/home/ann: (/home/ann/b)", home), "~: (~/b)");
        assert_eq!(plain("~/of-ann@example.com/x, bob@example.com.", home), "~/(address)/x, (address).");
        assert_eq!(plain("X=SK-ANT-1", home), "(withheld)");
    }

    #[cfg(unix)]
    #[test]
    fn doctor_paths_are_quoted_for_the_shell() {
        let home = Path::new("/home/ann");
        assert_eq!(word(Path::new("/home/ann/.claude"), home), "~/.claude");
        assert_eq!(word(Path::new("/home/ann/it's $(id)"), home), r"~/'it'\''s $(id)'");
        assert_eq!(word(Path::new("/srv/a b"), home), "'/srv/a b'");
    }
}
