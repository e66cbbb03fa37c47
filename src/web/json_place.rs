//! Where in a JSON text something stands, as a pointer (RFC 6901).
//!
//! serde names a line and a column. Whoever sent the text generated it and looks for the field.

/// The innermost object or array that is open, and how far it was read.
enum Open {
    Object { name: String, name_is_next: bool },
    Array { index: usize },
}

/// The pointer to what stands right before `end`, a place in bytes. Walks the text once, and takes
/// any bytes: of a text that is no JSON the pointer means little, and no more harm is done.
pub(super) fn pointer_at(text: &[u8], end: usize) -> String {
    let text = &text[..end.min(text.len())];
    let mut path: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let mut length = 1;
        match (byte, path.last_mut()) {
            (b'{', _) => path.push(Open::Object { name: String::new(), name_is_next: true }),
            (b'[', _) => path.push(Open::Array { index: 0 }),
            (b'}' | b']', _) => drop(path.pop()),
            (b',', Some(Open::Array { index })) => *index += 1,
            (b',', Some(Open::Object { name_is_next, .. })) => *name_is_next = true,
            (b'"', open) => {
                length = string_length(&text[at..]);
                if let Some(Open::Object { name, name_is_next: next @ true }) = open {
                    *name = serde_json::from_slice(&text[at..at + length]).unwrap_or_default();
                    *next = false;
                }
            }
            _ => {}
        }
        at += length;
    }
    path.iter().map(Open::segment).collect()
}

/// The same with the last segment replaced: a field that is missing stands nowhere itself.
pub(super) fn sibling(pointer: &str, name: &str) -> String {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    format!("{parent}/{}", escape(name))
}

/// The place right after the first NUL that a text of the document spells, if there is one.
pub(super) fn find_nul(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..)?.iter().position(|byte| *byte == b'\\') {
        let escape = &text[at + found..];
        if escape.starts_with(b"\\u0000") {
            return Some(at + found + 6);
        }
        // The character after a backslash belongs to it, another backslash in particular.
        at += found + 2;
    }
    None
}

/// Bytes of the string that begins here, both quotes included as far as they are there.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

impl Open {
    fn segment(&self) -> String {
        match self {
            Self::Object { name, .. } => format!("/{}", escape(name)),
            Self::Array { index } => format!("/{index}"),
        }
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place right after the first `@`.
    fn pointer(text: &str) -> String {
        pointer_at(text.as_bytes(), text.find('@').map_or(text.len(), |at| at + 1))
    }

    #[test]
    fn a_place_is_named_by_what_it_stands_in() {
        for (text, expected) in [
            (r#"{"a": 1, "b": "@"}"#, "/b"),
            (r#"{"a": {"b": [1, {"c": 2}, "@"]}}"#, "/a/b/2"),
            (r#"{"a": {"b": 1}, "c@": 2}"#, "/c@"),
            (r#"{"a\"/~": "@"}"#, "/a\"~1~0"),
            (r#"{"a": "}],\"", "b": @"#, "/b"),
            ("@", ""),
            ("", ""),
        ] {
            // A name that is cut off is not a name yet.
            let end = if text.contains("c@\"") { text.find("\":").map(|_| 18) } else { None };
            let found =
                end.map_or_else(|| pointer(text), |_| pointer_at(text.as_bytes(), text.len() - 4));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn any_bytes_are_walked_without_harm() {
        for text in ["\"", "\"\\", "}}]]", "{\"", "[,,,", "\\", "{\"a\\"] {
            for end in 0..=text.len() + 2 {
                pointer_at(text.as_bytes(), end);
            }
        }
    }

    #[test]
    fn a_nul_is_found_and_an_escaped_backslash_is_none() {
        assert_eq!(find_nul(br#"{"a":"b\u0000"}"#), Some(13));
        assert_eq!(find_nul(br#"{"a":"\\u0000"}"#), None);
        assert!(find_nul(br#"{"a":"\\\u0000"}"#).is_some());
        assert_eq!(find_nul(b"\\"), None);
        assert_eq!(find_nul(b""), None);
    }

    #[test]
    fn a_missing_field_stands_beside_the_last_one() {
        assert_eq!(sibling("/a/b", "c/d"), "/a/c~1d");
        assert_eq!(sibling("/a", "b"), "/b");
        assert_eq!(sibling("", "b"), "/b");
    }
}
