//! Extracts some members of a JSON object of any size; the rest is skipped and never held in memory.

use crate::platform::fs;
use holdoff_core::text::without_bom;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The size limit of an extracted member; a few kilobytes are usual.
const MEMBER_MAX: usize = 8 * 1024 * 1024;
const NAME_MAX: usize = 128;
const CHUNK: usize = 64 * 1024;

/// An object with only the `wanted` members, each with its original text. The last of duplicate members is used; a member that
/// is too long is left out.
///
/// Returns `None` if the file cannot be read, is longer than `max` bytes, or is not one complete object.
pub(super) fn read(path: &Path, wanted: &[&str], max: u64) -> Option<Vec<u8>> {
    pick(fs::open(path).ok()?.take(max + 1), wanted, max).ok()
}

fn pick(mut from: impl Read, wanted: &[&str], max: u64) -> io::Result<Vec<u8>> {
    let mut picker = Picker::new(wanted);
    // Wiped, because the skipped data may contain keys.
    let mut chunk = Zeroizing::new(vec![0; CHUNK]);
    let mut total = 0;
    loop {
        let read = match from.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let bytes = chunk.get(..read).unwrap_or_default();
        let bytes = if total == 0 { without_bom(bytes) } else { bytes };
        total += read as u64;
        if read == 0 {
            return picker.end().ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        if total > max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        picker.take(bytes).ok_or(io::ErrorKind::InvalidData)?;
    }
}

struct Picker<'a> {
    wanted: &'a [&'a str],
    depth: u32,
    part: Part,
    in_text: bool,
    escaped: bool,
    /// The current member's name with its quotes, or its value, if wanted.
    held: Vec<u8>,
    name: Option<&'a str>,
    picked: Vec<(&'a str, Vec<u8>)>,
}

/// The position in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Before,
    Name,
    Value,
    After,
}

impl<'a> Picker<'a> {
    fn new(wanted: &'a [&'a str]) -> Self {
        let (picked, held) = (Vec::new(), Vec::new());
        Self { wanted, depth: 0, part: Part::Before, in_text: false, escaped: false, held, name: None, picked }
    }

    /// Returns `None` if this is not an object.
    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        while let [first, after @ ..] = rest {
            if self.in_text && !self.escaped {
                let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len());
                let (text, after) = rest.split_at(plain);
                self.hold(text);
                rest = after;
                if let [first, after @ ..] = rest {
                    (self.in_text, self.escaped) = (*first != b'"', *first == b'\\');
                    self.hold(&[*first]);
                    rest = after;
                }
                continue;
            }
            if self.escaped {
                self.escaped = false;
                self.hold(&[*first]);
            } else {
                self.byte(*first)?;
            }
            rest = after;
        }
        Some(())
    }

    /// Handles a byte outside of a string.
    fn byte(&mut self, byte: u8) -> Option<()> {
        match (byte, self.part) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            (b'{', Part::Before) => (self.depth, self.part) = (1, Part::Name),
            (_, Part::Before | Part::After) => return None,
            (b':', Part::Name) if self.depth == 1 => self.named(),
            (b',', Part::Value) if self.depth == 1 => self.valued(),
            (b'}', _) if self.depth == 1 => {
                self.valued();
                (self.depth, self.part) = (0, Part::After);
            }
            (b'"', _) => {
                self.in_text = true;
                self.hold(b"\"");
            }
            _ => {
                match byte {
                    b'{' | b'[' => self.depth = self.depth.checked_add(1)?,
                    b'}' | b']' => self.depth = self.depth.checked_sub(1).filter(|depth| *depth > 0)?,
                    _ => {}
                }
                self.hold(&[byte]);
            }
        }
        Some(())
    }

    fn hold(&mut self, bytes: &[u8]) {
        let most = match self.part {
            Part::Name => NAME_MAX,
            Part::Value if self.name.is_some() => MEMBER_MAX,
            Part::Value | Part::Before | Part::After => return,
        };
        if self.held.len() + bytes.len() > most {
            self.name = None;
            self.held.clear();
        } else {
            self.held.extend_from_slice(bytes);
        }
    }

    fn named(&mut self) {
        let named =
            |name: &&&str| self.held.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")) == Some(name.as_bytes());
        self.name = self.wanted.iter().find(named).copied();
        self.held.clear();
        self.part = Part::Value;
    }

    fn valued(&mut self) {
        let value = std::mem::take(&mut self.held);
        if let Some(name) = self.name.take() {
            self.picked.retain(|(picked, _)| *picked != name);
            self.picked.push((name, value));
        }
        self.part = Part::Name;
    }

    /// Returns `None` if the object is incomplete.
    fn end(self) -> Option<Vec<u8>> {
        let members: Vec<Vec<u8>> =
            self.picked.iter().map(|(name, value)| [format!("\"{name}\":").as_bytes(), value].concat()).collect();
        (self.part == Part::After).then(|| [b"{".as_slice(), &members.join(&b","[..]), b"}"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const WANTED: [&str; 2] = ["account", "cached"];

    fn picked(text: &[u8]) -> Option<Value> {
        /// Returns a few bytes per read, as a disk may.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut into[..3])
            }
        }
        let all = pick(text, &WANTED, 1 << 30).ok();
        assert_eq!(pick(Slow(text), &WANTED, 1 << 30).ok(), all);
        all.map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn picked_members_keep_their_exact_value() {
        let account = json!({"id": "u-1", "cached": {"a": [1, {"b": "}],\\\"{"}]}, "é": null});
        let all = json!({"projects": {"account": 1, "x": ["{\"account\":2}", "\\"]}, "account": account, "n": -1.5e3, "cached": "\\"});
        for text in [all.to_string(), serde_json::to_string_pretty(&all).unwrap(), format!("\u{feff}\n{all}\n")] {
            assert_eq!(picked(text.as_bytes()), Some(json!({"account": account, "cached": "\\"})), "{text}");
        }
        assert_eq!(picked(b"{}"), Some(json!({})));
        assert_eq!(picked(br#"{"account":1,"account":2}"#), Some(json!({"account": 2})));
    }

    #[test]
    fn picked_from_incomplete_or_non_object_json_is_none() {
        let whole = r#"{"account":{"id":"u"},"cached":[1]}"#;
        for cut in 0..whole.len() {
            assert_eq!(picked(&whole.as_bytes()[..cut]), None, "{cut}");
        }
        for wrong in ["[{}]", "1", "null", "{}}", "{} {}", "\"{}\"", "{\"a\":1]}", "\u{feff}\u{feff}{}"] {
            assert_eq!(picked(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn picked_members_and_input_are_bounded_in_size() {
        let long = "x".repeat(MEMBER_MAX);
        let text = json!({"account": long, long.as_str(): 1, "cached": 7}).to_string();
        assert_eq!(picked(text.as_bytes()), Some(json!({"cached": 7})));
        let endless = io::Read::chain(&b"{\"a\":\""[..], io::repeat(b'x'));
        assert_eq!(pick(endless, &WANTED, 1 << 20).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
