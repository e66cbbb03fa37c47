//! What the pages show of the OpenAPI document.

use serde_json::Value;

/// A stretch of a text: words, or something to be typed as it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// Splits at the backticks that our texts set around names.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let parts = text.split('`').enumerate();
    let pieces =
        parts.map(|(place, part)| Piece { text: part.to_owned(), is_code: place % 2 == 1 });
    pieces.filter(|piece| !piece.text.is_empty()).collect()
}

/// Operations that belong together.
pub(super) struct TagView {
    pub(super) name: String,
    pub(super) description: Vec<Piece>,
    pub(super) operations: Vec<OperationView>,
}

pub(super) struct OperationView {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) description: Vec<Piece>,
    pub(super) parameters: Vec<FieldView>,
    /// What the body is, with its name among the shapes if it has one.
    pub(super) body: Option<KindView>,
    pub(super) answers: Vec<AnswerView>,
    pub(super) curl: String,
}

pub(super) struct AnswerView {
    pub(super) status: String,
    pub(super) description: Vec<Piece>,
    pub(super) kind: Option<KindView>,
}

/// What a value is: words, and the shape that they name.
pub(super) struct KindView {
    pub(super) words: String,
    pub(super) shape: Option<String>,
}

pub(super) struct FieldView {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) is_required: bool,
    pub(super) kind: KindView,
    pub(super) description: Vec<Piece>,
}

/// A named shape of JSON.
pub(super) struct SchemaView {
    pub(super) name: String,
    pub(super) kind: KindView,
    pub(super) description: Vec<Piece>,
    pub(super) fields: Vec<FieldView>,
    pub(super) example: Option<String>,
}

/// Its operations by tag, and its shapes by name.
pub(super) fn read(document: &Value) -> (Vec<TagView>, Vec<SchemaView>) {
    let mut tags: Vec<_> = list(&document["tags"])
        .map(|tag| TagView {
            name: text(&tag["name"]),
            description: pieces(&text(&tag["description"])),
            operations: Vec::new(),
        })
        .collect();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let view = read_operation(document, path, method, operation);
            let tag = text(&operation["tags"][0]);
            if let Some(known) = tags.iter_mut().find(|known| known.name == tag) {
                known.operations.push(view);
            }
        }
    }
    let schemas = members(&document["components"]["schemas"]);
    (tags, schemas.map(|(name, schema)| read_schema(name, schema)).collect())
}

fn read_operation(document: &Value, path: &str, method: &str, operation: &Value) -> OperationView {
    let parameters = list(&operation["parameters"]).map(|parameter| resolve(document, parameter));
    let body = &operation["requestBody"]["content"]["application/json"];
    OperationView {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: pieces(&text(&operation["description"])),
        parameters: parameters.map(read_parameter).collect(),
        body: body.is_object().then(|| kind_of(&body["schema"])),
        answers: members(&operation["responses"]).map(read_answer).collect(),
        curl: curl(path, method, operation, body),
    }
}

fn read_parameter(parameter: &Value) -> FieldView {
    FieldView {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        is_required: parameter["required"] == true,
        kind: kind_of(&parameter["schema"]),
        description: pieces(&text(&parameter["description"])),
    }
}

fn read_answer((status, answer): (&str, &Value)) -> AnswerView {
    let content = members(&answer["content"]).next();
    AnswerView {
        status: status.to_owned(),
        description: pieces(&text(&answer["description"])),
        kind: content.map(|(_, content)| kind_of(&content["schema"])),
    }
}

fn read_schema(name: &str, schema: &Value) -> SchemaView {
    let required: Vec<_> = list(&schema["required"]).filter_map(Value::as_str).collect();
    let field = |(name, schema): (&str, &Value)| FieldView {
        name: name.to_owned(),
        place: String::new(),
        is_required: required.contains(&name),
        kind: kind_of(schema),
        description: pieces(&text(&schema["description"])),
    };
    let example = schema.get("examples").and_then(|examples| examples.get(0));
    SchemaView {
        name: name.to_owned(),
        kind: kind_of(schema),
        description: pieces(&text(&schema["description"])),
        fields: members(&schema["properties"]).map(field).collect(),
        example: example.map(spell),
    }
}

/// In words, like `list of Onboarding` or `text or null`.
fn kind_of(schema: &Value) -> KindView {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return KindView { words: name.to_owned(), shape: Some(name.to_owned()) };
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let kinds: Vec<_> = list(&schema[several]).map(kind_of).collect();
        if !kinds.is_empty() {
            let joint = if several == "allOf" { " with " } else { " or " };
            let words: Vec<_> = kinds.iter().map(|kind| kind.words.as_str()).collect();
            let words = words.join(joint);
            return KindView { words, shape: kinds.into_iter().find_map(|kind| kind.shape) };
        }
    }
    if let Some(constant) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        let values: Vec<_> = list(&schema["enum"]).map(ToString::to_string).collect();
        let words = if values.is_empty() { constant.to_string() } else { values.join(", ") };
        return KindView { words, shape: None };
    }
    let mut types: Vec<_> = list(&schema["type"]).filter_map(Value::as_str).collect();
    types.extend(schema["type"].as_str());
    if types.contains(&"array") {
        let items = kind_of(&schema["items"]);
        return KindView { words: format!("list of {}", items.words), shape: items.shape };
    }
    let mut words = types.join(" or ").replace("string", "text");
    if let Some(format) = schema["format"].as_str().filter(|format| !format.starts_with("int")) {
        words = format!("{words} ({format})");
    }
    KindView { words: if words.is_empty() { "any value".to_owned() } else { words }, shape: None }
}

/// A request to copy.
fn curl(path: &str, method: &str, operation: &Value, body: &Value) -> String {
    let is_open = operation["security"] == serde_json::json!([{}]);
    let mut lines = vec![format!("curl -X {} \"$GANGWAY_URL{path}\"", method.to_uppercase())];
    if !is_open {
        lines.push("-H \"Authorization: Bearer $GANGWAY_API_KEY\"".to_owned());
    }
    if let Some(example) = body.get("example") {
        lines.push("-H 'Content-Type: application/json'".to_owned());
        lines.push(format!("-d '{}'", spell(example).replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

fn spell(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let path = value["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| document.pointer(path)).unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_text_are_set_apart() {
        let shown: Vec<_> = pieces("Send `a` or `b`.")
            .into_iter()
            .map(|piece| (piece.text, piece.is_code))
            .collect();
        let plain = |text: &str, is_code| (text.to_owned(), is_code);
        assert_eq!(
            shown,
            [
                plain("Send ", false),
                plain("a", true),
                plain(" or ", false),
                plain("b", true),
                plain(".", false)
            ]
        );
    }

    #[test]
    fn what_a_value_is_can_be_said_in_words() {
        for (schema, words, shape) in [
            (r##"{"$ref": "#/components/schemas/Link"}"##, "Link", Some("Link")),
            (r#"{"type": ["string", "null"]}"#, "text or null", None),
            (r#"{"type": "string", "format": "uuid"}"#, "text (uuid)", None),
            (r#"{"type": "integer", "format": "int32"}"#, "integer", None),
            (
                r##"{"type": "array", "items": {"$ref": "#/components/schemas/Event"}}"##,
                "list of Event",
                Some("Event"),
            ),
            (
                r##"{"oneOf": [{"type": "null"}, {"$ref": "#/x/Brand"}]}"##,
                "null or Brand",
                Some("Brand"),
            ),
            (r#"{"type": "string", "enum": ["a", "b"]}"#, "\"a\", \"b\"", None),
            ("{}", "any value", None),
        ] {
            let kind = kind_of(&serde_json::from_str(schema).unwrap());
            assert_eq!((kind.words.as_str(), kind.shape.as_deref()), (words, shape), "{schema}");
        }
    }
}
