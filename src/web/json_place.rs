//! Where in a JSON text something stands, as a pointer (RFC 6901).
//!
//! serde names a line and a column. Whoever sent the text generated it and looks for the field.

/// The innermost object or array that is open, and how far it was read.
enum Open {
    Object { name: Option<String>, name_is_next: bool },
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
            (b'{', _) => path.push(Open::Object { name: None, name_is_next: true }),
            (b'[', _) => path.push(Open::Array { index: 0 }),
            (b'}' | b']', _) => drop(path.pop()),
            (b',', Some(Open::Array { index })) => *index += 1,
            (b',', Some(Open::Object { name_is_next, .. })) => *name_is_next = true,
            (b'"', open) => {
                length = string_length(&text[at..]);
                if let Some(Open::Object { name, name_is_next: next @ true }) = open {
                    *name = serde_json::from_slice(&text[at..at + length]).ok();
                    *next = false;
                }
            }
            _ => {}
        }
        at += length;
    }
    path.iter().map(Open::segment).collect()
}

/// The pointer to a field of what a pointer names.
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escape(name))
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
            Self::Object { name, .. } => {
                name.as_deref().map_or_else(String::new, |name| format!("/{}", escape(name)))
            }
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

    #[test]
    fn a_place_is_named_by_what_it_stands_in() {
        // The place is right before the `@`.
        for (text, expected) in [
            (r#"{"a": 1, "b": 2@}"#, "/b"),
            (r#"{"a": 1, "b"@: 2}"#, "/b"),
            (r#"{"a": 1, "b@": 2}"#, ""),
            (r#"{"a": {"b": [1, {"c": 2}, 3@]}}"#, "/a/b/2"),
            (r#"{"a": {"b": [1, {"c": 2}@]}}"#, "/a/b/1"),
            (r#"{"a": {"b": 1}@, "c": 2}"#, "/a"),
            (r#"{"a\"/~": "x"@}"#, "/a\"~1~0"),
            (r#"{"a": "}],\"", "b": @"#, "/b"),
            ("@", ""),
        ] {
            let end = text.find('@').unwrap();
            assert_eq!(pointer_at(text.as_bytes(), end), expected, "{text}");
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
}
