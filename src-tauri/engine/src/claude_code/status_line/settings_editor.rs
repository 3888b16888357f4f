//! Edits the text of Claude Code's `settings.json`: changes one key and preserves every other byte.

use super::command;
use holdoff_core::text::BOM;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};
use jsonc_parser::{ParseOptions, json};
use serde_json::Value;

const KEY: &str = "statusLine";

/// The current value of `statusLine`.
#[derive(Debug, Clone, PartialEq)]
pub enum Current {
    Nothing,
    /// Holdoff's command.
    Own(String),
    /// Any other value.
    Other(Value),
}

/// Parsed settings text.
pub struct Text {
    bom: bool,
    root: CstRootNode,
    object: CstObject,
}

impl Text {
    /// Accepts JSON with comments and trailing commas.
    ///
    /// # Errors
    /// Fails if the text cannot be edited. The message contains none of the content.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let bare = text.strip_prefix(BOM).unwrap_or(text);
        if bare.trim().is_empty() {
            return Err("it is empty".to_owned());
        }
        let root = CstRootNode::parse(bare, &options()).map_err(|error| {
            format!("it is not valid JSON (line {}, column {})", error.line_display(), error.column_display())
        })?;
        let object = root.object_value().ok_or("it is JSON, but not an object")?;
        let named = |prop: &CstObjectProp| prop.decoded_name().as_deref() == Some(KEY);
        if object.properties().iter().filter(|prop| named(prop)).count() > 1 {
            return Err(format!("it contains \"{KEY}\" more than once"));
        }
        Ok(Self { bom: bare.len() != text.len(), root, object })
    }

    /// The text for a new file.
    ///
    /// # Errors
    /// Never fails in practice, but the parser returns a `Result`.
    pub fn new() -> Result<Self, String> {
        Self::parse(b"{}\n")
    }

    pub fn current(&self) -> Current {
        let Some(value) = self.object.get(KEY).and_then(|prop| prop.to_serde_value()) else {
            return Current::Nothing;
        };
        match called(&value) {
            Some(text) if command::is_own(text) => Current::Own(text.to_owned()),
            Some(_) | None => Current::Other(value),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.object.properties().is_empty()
    }

    /// Sets the command. Preserves padding and all other status line options.
    pub fn call(&mut self, command: &str) {
        match self.object.get(KEY) {
            Some(prop) if prop.to_serde_value().as_ref().and_then(called).is_some() => self.set_command(&prop, command),
            Some(prop) => prop.set_value(json!({ "type": "command", "command": command })),
            None => self.insert(command),
        }
    }

    /// Inserts the key in first place, where no existing line needs a comma.
    fn insert(&mut self, command: &str) {
        let object = self.object.to_string();
        let on_one_line = !object.contains(['\n', '\r']);
        // The parser would reformat the comments in an object without members.
        let only_comments = self.is_empty() && object.contains('/');
        if !only_comments && (self.is_empty() || !on_one_line) {
            self.object.insert(0, KEY, json!({ "type": "command", "command": command }));
            return;
        }
        let comma = if only_comments { "" } else { "," };
        let line = format!(r#""{KEY}":{{"type":"command","command":{}}}{comma}"#, Value::from(command));
        let before = self.root.children().into_iter().take_while(|node| node.as_object().is_none());
        let before: String = before.map(|node| node.to_string()).collect();
        let text = self.root.to_string();
        let (head, rest) = text.split_at(before.len() + "{".len());
        if let Ok(edited) = Self::parse(format!("{head}{line}{rest}").as_bytes()) {
            *self = Self { bom: self.bom, ..edited };
        }
    }

    /// Restores the value from before Holdoff's command.
    pub fn put_back(&self, earlier: Option<&Value>) {
        let Some(prop) = self.object.get(KEY) else {
            return;
        };
        match earlier {
            None => prop.remove(),
            Some(value) => match called(value) {
                Some(command) if prop.object_value().is_some() => self.set_command(&prop, command),
                Some(_) | None => prop.set_value(input(value)),
            },
        }
    }

    fn set_command(&self, prop: &CstObjectProp, command: &str) {
        if let Some(prop) = prop.object_value().and_then(|line| line.get("command")) {
            prop.set_value(command.into());
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let bom = if self.bom { BOM } else { "" };
        format!("{bom}{}", self.root).into_bytes()
    }

    /// The key with its value and the white space before it on its line. Empty if the key is missing.
    pub fn shown(&self) -> String {
        let Some(prop) = self.object.get(KEY) else {
            return String::new();
        };
        let indent = prop.previous_sibling().filter(CstNode::is_whitespace);
        let indent = indent.filter(|space| space.previous_sibling().is_some_and(|before| before.is_newline()));
        format!("{}{prop}\n", indent.map(|space| space.to_string()).unwrap_or_default())
    }

    /// Everything except the status line, for comparison.
    pub fn others(&self) -> Value {
        let mut value = self.root.to_serde_value().unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.remove(KEY);
        }
        value
    }
}

/// The command of a valid status line.
pub fn called(line: &Value) -> Option<&str> {
    let line = line.as_object()?;
    let of_commands = line.get("type").is_none_or(|kind| kind == "command");
    line.get("command").and_then(Value::as_str).filter(|_| of_commands)
}

fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(values) => {
            CstInputValue::Object(values.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests;
