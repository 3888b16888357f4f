//! Parses the format of `holdoff status --format`: text with placeholders in braces, or the name of Waybar's JSON.

use std::str::FromStr;

/// The format that is Waybar's JSON instead of a template.
pub const WAYBAR: &str = "waybar";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Account,
    Plan,
    Condition,
    Window,
    Used,
    Left,
    Reset,
    ResetIn,
    Pace,
    Forecast,
    Age,
    Symbol,
}

const FIELDS: [(&str, Field); 12] = [
    ("account", Field::Account),
    ("plan", Field::Plan),
    ("condition", Field::Condition),
    ("window", Field::Window),
    ("used", Field::Used),
    ("left", Field::Left),
    ("reset", Field::Reset),
    ("reset_in", Field::ResetIn),
    ("pace", Field::Pace),
    ("forecast", Field::Forecast),
    ("age", Field::Age),
    ("symbol", Field::Symbol),
];

/// The names of all placeholders.
pub fn placeholders() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}

/// A format that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format(pub(super) Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Waybar,
    Template(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Value(Field),
}

/// Why a template is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// There is no placeholder with this name.
    NoSuchPlaceholder(String),
    /// A brace without its partner. A brace itself is written twice.
    SingleBrace(char),
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(format: &str) -> Result<Self, FormatError> {
        if format == WAYBAR {
            return Ok(Self(Kind::Waybar));
        }
        let mut parts = vec![Part::Text(String::new())];
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if matches!(c, '{' | '}') && chars.next_if_eq(&c).is_none() {
                if c == '}' {
                    return Err(FormatError::SingleBrace(c));
                }
                let mut name = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some(c) => name.push(c),
                        None => return Err(FormatError::SingleBrace('{')),
                    }
                }
                let field = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
                parts.push(Part::Value(field.ok_or(FormatError::NoSuchPlaceholder(name))?));
            } else if let Some(Part::Text(text)) = parts.last_mut() {
                text.push(c);
            } else {
                parts.push(Part::Text(c.into()));
            }
        }
        Ok(Self(Kind::Template(parts)))
    }
}
