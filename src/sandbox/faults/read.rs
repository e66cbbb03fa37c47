//! Reads faults: one as JSON, a whole file, or the header of a call.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::Error;
use super::{Fault, FaultKind};

/// A file of faults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    fault: Vec<Value>,
}

/// How the one call is struck that carries the header.
pub(in super::super) struct OnThisCall {
    pub(in super::super) kind: FaultKind,
    pub(in super::super) seed: u64,
}

/// Reads a file of faults: a JSON list, or TOML with a `[[fault]]` for each. Says which entry is
/// wrong, counted from 1, and why.
pub fn parse_faults(text: &str) -> Result<Vec<Fault>, Error> {
    let listed = if is_json(text) {
        serde_json::from_str::<Vec<Value>>(text)
            .map_err(|error| Error::Faults(error.to_string()))?
    } else {
        let listed: Listed =
            toml::from_str(text).map_err(|error| Error::Faults(error.to_string()))?;
        listed.fault
    };
    let numbered = listed.into_iter().enumerate();
    let read = numbered.map(|(place, one)| {
        Fault::read(&one).map_err(|why| Error::Faults(format!("fault {}: {why}", place + 1)))
    });
    read.collect()
}

impl Fault {
    /// Refuses what it does not know, so that a slip of the pen is not a fault that never strikes.
    pub(in super::super) fn read(value: &Value) -> Result<Self, String> {
        let fault: Self = read_strictly(value)?;
        fault.check()?;
        Ok(fault)
    }
}

/// `[` begins a list, and a table of TOML as well: there a name follows.
fn is_json(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix('[').map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with(['{', ']']))
}

impl OnThisCall {
    /// JSON of a kind, `{"kind": "refuse", "status": 429}`, or the short form: the kind, its number
    /// where it has one, and the rest by name: `refuse 429 retry-after=7`,
    /// `refuse 503; message=Come back later`, `stall_before 3`.
    pub(in super::super) fn read(header: &str) -> Result<Self, String> {
        let mut said = if header.trim_start().starts_with('{') {
            serde_json::from_str(header).map_err(|error| error.to_string())?
        } else {
            from_short(header)?
        };
        let seed = match said.remove("seed") {
            None => 0,
            Some(seed) => seed.as_u64().ok_or("the seed is a whole number")?,
        };
        let kind: FaultKind = read_strictly(&Value::Object(said))?;
        kind.check()?;
        Ok(Self { kind, seed })
    }
}

fn from_short(text: &str) -> Result<Map<String, Value>, String> {
    let mut parts = text.split(';').map(str::trim);
    let mut first = parts.next().unwrap_or_default().split_whitespace();
    let kind = first.next().unwrap_or_default().replace('-', "_");
    let mut said = Map::new();
    let mut first = first.peekable();
    if let Some(number) = first.next_if(|word| !word.contains('=')) {
        let name = match kind.as_str() {
            "refuse" | "html" | "empty" => "status",
            "oversized" => "bytes",
            _ => "seconds",
        };
        said.insert(name.to_owned(), number_of(name, number)?);
    }
    // A value with blanks in it needs the semicolon; others do without.
    for part in first.chain(parts.filter(|part| !part.is_empty())) {
        let (name, value) = part.split_once('=').ok_or(format!("`{part}` is not name=value"))?;
        let name = name.trim().to_lowercase().replace('-', "_");
        let value = value.trim();
        let value = match name.as_str() {
            "message" | "retry_after" => json!(value),
            _ => number_of(&name, value)?,
        };
        said.insert(name, value);
    }
    said.insert("kind".to_owned(), json!(kind));
    Ok(said)
}

fn number_of(name: &str, text: &str) -> Result<Value, String> {
    let number = serde_json::from_str::<serde_json::Number>(text);
    number.map(Value::Number).map_err(|_| format!("`{text}` is no number for {name}"))
}

/// Flattened fields cannot be told from unknown ones while reading, so what was read is written
/// again and compared.
fn read_strictly<T: Serialize + for<'de> Deserialize<'de>>(value: &Value) -> Result<T, String> {
    let read = T::deserialize(value).map_err(|error| error.to_string())?;
    let known = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let given = value.as_object().into_iter().flatten();
    let mut unknown = given.map(|(name, _)| name).filter(|name| known.get(name).is_none());
    match unknown.next() {
        None => Ok(read),
        Some(name) => Err(format!("unknown field `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_flat_json() {
        let text = json!({ "path": "/a", "chance": 0.5, "kind": "refuse", "status": 429, "retry_after": 7 });
        let fault = Fault::read(&text).unwrap();
        let retry_after = Some("7".to_owned());
        let kind = FaultKind::Refuse { status: 429, message: String::new(), retry_after };
        assert_eq!((fault.kind, fault.times, fault.skip), (kind, 1, 0));
        assert_eq!((fault.chance, fault.seed), (Some(0.5), 0));
    }

    #[test]
    fn a_file_means_the_same_in_json_and_in_toml() {
        let json = r#"[ { "method": "POST", "path": "/v1.0/accounts", "kind": "html", "status": 502 },
                        { "path": "/v1.0/*", "times": 3, "chance": 0.25, "seed": 9, "kind": "slow", "seconds": 2 } ]"#;
        let toml = "[[fault]]\nmethod = 'POST'\npath = '/v1.0/accounts'\nkind = 'html'\nstatus = 502\n\
                    [[fault]]\npath = '/v1.0/*'\ntimes = 3\nchance = 0.25\nseed = 9\nkind = 'slow'\nseconds = 2.0\n";
        let read = parse_faults(json).unwrap();
        assert_eq!(read, parse_faults(toml).unwrap());
        assert_eq!(read[0].kind, FaultKind::Html { status: 502 });
        assert_eq!(parse_faults(" [ ] ").unwrap(), []);
    }

    #[test]
    fn a_wrong_entry_of_a_file_is_named_with_its_reason() {
        let told = |text: &str| parse_faults(text).unwrap_err().to_string();
        let good = r#"{"path":"/a","kind":"drip"}"#;
        for (second, why) in [
            (r#"{"path":"/a","kind":"drop"}"#, "unknown variant `drop`"),
            (r#"{"path":"/a","kind":"drip","tmes":3}"#, "unknown field `tmes`"),
            (r#"{"path":"/a","kind":"refuse"}"#, "missing field `status`"),
            (r#"{"path":"/a","kind":"refuse","status":99}"#, "between 200 and 599"),
            (r#"{"path":"a","kind":"drip"}"#, "slash"),
            (r#"{"path":"/a","kind":"drip","chance":2}"#, "between 0 and 1"),
        ] {
            let text = told(&format!("[{good},{second}]"));
            assert!(text.contains("fault 2: "), "{text}");
            assert!(text.contains(why), "{text}");
        }
        assert!(told("[[fault]]\npath = 7\nkind = 'drip'").contains("fault 1: "));
        assert!(told("[[faults]]\n").contains("unknown field `faults`"));
    }

    #[test]
    fn a_header_is_a_kind_in_json_or_in_short() {
        let read = |text: &str| OnThisCall::read(text).map(|one| (one.kind, one.seed));
        let refuse = |status, message: &str, retry_after: Option<&str>| FaultKind::Refuse {
            status,
            message: message.to_owned(),
            retry_after: retry_after.map(str::to_owned),
        };
        assert_eq!(read("lose_answer"), Ok((FaultKind::LoseAnswer, 0)));
        assert_eq!(read("lose-answer"), Ok((FaultKind::LoseAnswer, 0)));
        assert_eq!(read("refuse 429; retry-after=7"), Ok((refuse(429, "", Some("7")), 0)));
        assert_eq!(read("refuse 429 retry-after=7"), Ok((refuse(429, "", Some("7")), 0)));
        let date = "Fri, 06 Mar 2026 10:00:00 GMT";
        let both = format!("refuse 503; Retry-After={date}; message=Later");
        assert_eq!(read(&both), Ok((refuse(503, "Later", Some(date)), 0)));
        assert_eq!(read("stall_before 3"), Ok((FaultKind::StallBefore { seconds: 3.0 }, 0)));
        assert_eq!(read("html"), Ok((FaultKind::Html { status: 200 }, 0)));
        assert_eq!(read("oversized 1000"), Ok((FaultKind::Oversized { bytes: 1000 }, 0)));
        assert_eq!(read("wrong_types; seed=4"), Ok((FaultKind::WrongTypes, 4)));
        let json = r#"{"kind":"wrong_types","seed":5}"#;
        assert_eq!(read(json), Ok((FaultKind::WrongTypes, 5)));
        for wrong in [
            "",
            "boom",
            "refuse",
            "refuse x",
            "refuse 99",
            "drip 3",
            "html 200 300",
            "drip; x",
            "{",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
