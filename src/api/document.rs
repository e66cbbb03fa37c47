//! The OpenAPI 3.1 document, made from the handlers. What all operations have in common is said here,
//! once: how they fail, how they are repeated, their version, and an example for each body.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    RefOr, Required, ResponseBuilder,
};

use super::described_routes;
use super::repeatable::HEADER;
use super::version;
use crate::web::{ProblemDocument, ProblemField, json_text};

const KEY: &str = "api_key";
/// Name the headers' descriptions among the components.
const REPETITION: &str = "IdempotencyKey";
const VERSION: &str = "Version";

static SPELLED: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&document()).unwrap_or_default());

/// A body for each operation that takes one, and what the most important shapes look like.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Show this document.
///
/// Made from the handlers of the very service that answers.
#[utoipa::path(get, path = "/openapi.json", operation_id = "show_document", tag = "health", security(()),
    responses((status = OK, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(super) async fn show() -> Response {
    json_text(StatusCode::OK, SPELLED.as_str())
}

/// What the API offers, for the command line and for `/openapi.json`.
pub fn document() -> OpenApi {
    let mut document = described_routes().into_openapi();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            (&mut item.get, false),
            (&mut item.post, true),
            (&mut item.put, true),
            (&mut item.delete, true),
        ];
        for (operation, changes) in operations {
            let Some(operation) = operation else { continue };
            describe_success(operation);
            describe_failures(path, changes, operation);
            if changes {
                describe_repetition(operation);
            }
            describe_version(path, operation);
            show_body(operation);
        }
    }
    show_shapes(&mut document);
    document
}

/// What the document says beside its operations.
pub(super) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Gangway")
        .version(version::VERSION)
        .description(Some(
            "Brings your customers aboard their integrations: start an onboarding for a tenant, hand \
             out its link, and be told when it is live or when somebody has to act. For people there is \
             `/docs`.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new()
        .schema_from::<ProblemDocument>()
        .schema_from::<ProblemField>()
        .parameter(REPETITION, repetition())
        .parameter(VERSION, dated_version())
        .security_scheme(KEY, key)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("This service")).build()]))
        .tags(Some(tags()))
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [String; 0], String>(KEY, [])]))
        .build()
}

fn tags() -> Vec<Tag> {
    let tag = |name: &str, description: &str| {
        TagBuilder::new().name(name).description(Some(description)).build()
    };
    vec![
        tag(
            "onboardings",
            "One tenant on its way through one blueprint: start, look, and give orders.",
        ),
        tag("bulk_orders", "One order to all onboardings that match a filter."),
        tag("blueprints", "What an onboarding is to set up. Published versions never change."),
        tag("webhooks", "Where you are told of changes, by Standard Webhooks."),
        tag("api_keys", "Who may ask this API for what."),
        tag("tenants", "All that is kept of a tenant: to be handed over, and to be erased."),
        tag("health", "Whether the service is there, and this description of it."),
    ]
}

/// Operations that are asked with POST, PUT or DELETE and change nothing: no key is needed for them.
const CHANGE_NOTHING: [&str; 2] = ["preflight_blueprint", "preflight_version"];

/// Whatever changes something can be asked again.
fn describe_repetition(operation: &mut Operation) {
    if operation.operation_id.as_deref().is_some_and(|id| CHANGE_NOTHING.contains(&id)) {
        return;
    }
    refer_to(operation, REPETITION);
}

fn describe_version(path: &str, operation: &mut Operation) {
    if path.starts_with("/v1/") {
        refer_to(operation, VERSION);
    }
}

fn refer_to(operation: &mut Operation, shared: &str) {
    let shared = Ref::new(format!("#/components/parameters/{shared}"));
    operation.parameters.get_or_insert_default().push(RefOr::Ref(shared));
}

fn show_body(operation: &mut Operation) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    if let Some(RefOr::T(content)) = body.content.get_mut("application/json") {
        content.example = EXAMPLES["bodies"].get(id).cloned();
    }
}

fn show_shapes(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        if let (Some(example), RefOr::T(Schema::Object(object))) =
            (EXAMPLES["shapes"].get(name), schema)
        {
            object.examples.push(example.clone());
        }
    }
}

/// Said in one place for all of them.
fn dated_version() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([version::VERSION]));
    ParameterBuilder::new()
        .name(version::HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The version that you were written for. Every answer tells the same header. A version that \
             this service does not speak is refused.",
        ))
        .schema(Some(text))
        .build()
}

/// Said in one place for all of them.
fn repetition() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Your own name for this request: 1 to 255 visible ASCII characters. The same key with the \
             same body gets the same answer, byte for byte, for at least 24 hours, and nothing is \
             done again; with another body it is refused with 422. While the first one is under \
             way, a repetition waits for it, and is told 409 `idempotency_in_flight` if that takes \
             long. Refusals are not kept.",
        ))
        .schema(Some(text))
        .build()
}

/// What the body does not say already.
fn describe_success(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            let words = match status.as_str() {
                "201" => "It was made.",
                "202" => "It is on its way.",
                _ => "As it stands now.",
            };
            response.description.push_str(words);
        }
    }
}

/// Every operation fails in the same form, so it is said in one place: which statuses are to be expected,
/// and that any other one has the same body.
fn describe_failures(path: &str, changes: bool, operation: &mut Operation) {
    let is_open = operation.security.is_some();
    let has_input = operation.request_body.is_some() || operation.parameters.is_some();
    let mut expected =
        vec![("400", "It cannot be read, or asks for a version that is not spoken.")];
    if !is_open {
        expected.push(("401", "The API key is missing or not good."));
        expected.push(("403", "The API key lacks a scope."));
        expected.push(("429", "This key has asked too much; see `Retry-After`."));
    }
    if path.contains('{') {
        expected.push(("404", "It does not exist, or this key does not see it."));
    }
    if !is_open && changes {
        expected.push(("409", "The present state does not allow it."));
    }
    if !is_open && has_input {
        expected.push(("422", "Fields are wrong; `errors` names each."));
    }
    expected.push(("default", "Any other failure, told as an RFC 9457 problem."));
    for (status, words) in expected {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new()
            .description(words)
            .content("application/problem+json", content)
            .build();
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| response.into());
    }
}
